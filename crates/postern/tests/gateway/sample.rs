//! A policy as one finds it in the manual, under the tools that people use to look over a database: what they ask of the
//! catalog is answered as the server answers it, and the data behind it stays masked, held or refused.

use std::process::Stdio;

use crate::clients::{alike, fed, python, run};
use crate::served::{SUBJECT, Served, Way};
use crate::site::{stderr, stdout};

/// What psql asks of a database's structure.
const METADATA: &str = include_str!("../../../../e2e/metadata.sql");
/// A database with one of everything.
const SETUP: &str = include_str!("../../../../e2e/metadata.setup.sql");
/// A Java program that asks the same through JDBC, and the driver.
const JDBC: [&str; 2] =
    ["/usr/share/java/postgresql.jar", concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/JdbcMetadata.java")];

#[test]
fn the_sample_policy_serves_tools_on_postgresql_15() {
    serve_tools(15);
}

#[test]
fn the_sample_policy_serves_tools_on_postgresql_18() {
    serve_tools(18);
}

fn serve_tools(version: u32) {
    let served = Served::new(version, &[]);
    served.site.write("policy.toml", &policy());
    let target =
        served.target("orders", "localhost", served.server.port(), &served.server.ca_file().display().to_string());
    served.configure(&format!("{target}labels = {{ env = \"prod\" }}\n"));
    let made = psql(&served.direct(), SETUP);
    assert!(!made.contains("ERROR"), "{made}");
    let _gateway = served.site.start();
    let [direct, through] = [served.direct(), Way { database: "orders".to_owned(), ..served.through() }];

    let expected = psql(&direct, METADATA);
    assert!(expected.contains("\nthe end\n") && expected.matches("ERROR").count() < 3, "{expected}");
    alike("psql", &expected, &psql(&through, METADATA));
    for script in ["asyncpg_types.py", "sqlalchemy_metadata.py"] {
        let expected = python(&direct, script);
        assert!(expected.ends_with("the end\n"), "{expected}");
        alike(script, &expected, &python(&through, script));
    }
    let expected = java(&direct);
    assert!(expected.ends_with("the end\n"), "{expected}");
    alike("JDBC", &expected, &java(&through));

    let mail = through.psql(&["SELECT email FROM customers WHERE id = 1"]);
    assert_eq!(stdout(&mail).trim(), "*************.com", "{}", stderr(&mail));
    let guessed = stderr(&through.psql(&["SELECT id FROM customers WHERE email LIKE 'grace%'"]));
    assert!(guessed.contains("PST-3004"), "{guessed}");
    let many = stderr(&through.psql(&["BEGIN", "DELETE FROM orders"]));
    assert!(many.contains("PST-3008"), "a human is asked, and not inside of a transaction: {many}");
    let shell = stderr(&through.psql(&["COPY orders TO PROGRAM 'true'"]));
    assert!(shell.contains("not through the gateway; ask #dba"), "{shell}");
}

/// The rules and masks of the manual's sample; the principal is whoever the tests' issuer vouches for.
fn policy() -> String {
    format!(
        r##"
[[principal]]
name   = "deploy-bot"
kind   = "workload"
issuer = "corp"
claims = {{ sub = "{SUBJECT}" }}
groups = ["ci", "deployers"]

[[principal]]
name   = "dana"
kind   = "human"
issuer = "corp"
claims = {{ sub = "dana" }}
groups = ["dba"]

[[mask]]
name      = "pii"
on        = ["target:orders"]
columns   = ["public.customers.{{email,phone}}", "*.*.{{ssn,token,password}}"]
kind      = "partial"
keep_last = 4
for       = ["*"]
except    = ["group:dba"]
predicates = "deny"
writes    = "deny"

[[rule]]
name   = "ci-reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:orders"]
do     = {{ effects = ["read"], objects = ["public.*"] }}
with   = {{ max_rows = 10000, timeout = "30s" }}

[[rule]]
name   = "bulk-writes-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["label:env=prod"]
do     = {{ effects = ["write", "delete"] }}
when   = "facts.no_where || !('id' in facts.where_columns)"
with   = {{ approvers = ["group:dba"], count = 1, expires = "15m", hold = "wait" }}

[[rule]]
name   = "never"
effect = "forbid"
who    = ["*"]
on     = ["*"]
do     = {{ actions = ["postgres.copy_program", "postgres.set_role", "mysql.load_file", "ssh.forward"] }}
message = "not through the gateway; ask #dba"
"##
    )
}

/// Both streams of psql; the server's version of it may be another one, so some questions fail, there as here.
fn psql(way: &Way, script: &str) -> String {
    let mut command = way.command("psql");
    command.args(["--no-psqlrc", "--echo-all", "--variable=HIDE_TOAST_COMPRESSION=on"]);
    let output = fed_all(command, script);
    // whoever is bound by masks hears errors without what they might quote
    let heard: Vec<&str> = output.lines().filter(|line| !line.starts_with("HINT:")).collect();
    heard.join("\n")
}

fn fed_all(mut command: std::process::Command, script: &str) -> String {
    // one stream, so that what fails stands where it failed
    command.args(["--output=/dev/stdout"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = fed(command, script);
    stdout(&output) + &stderr(&output)
}

fn java(way: &Way) -> String {
    let [driver, program] = JDBC;
    let output = run(way.command("java").args(["-cp", driver, program]));
    assert!(output.status.success(), "run `scripts/setup test`: {}{}", stdout(&output), stderr(&output));
    stdout(&output)
}
