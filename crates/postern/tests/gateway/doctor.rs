//! `postern doctor` against real servers: what it finds, and that its script mends it and breaks nothing.

use postern_testkit::certificates::{Authority, LOOPBACK, Validity};
use postern_testkit::postgres::{Options, Tls};

use crate::served::{PASSWORD, SUBJECT, Served, Way};
use crate::site::{stderr, stdout};

/// An account with a name that has to be quoted, and more than it needs of everything.
const ODD: &str = r#"od"d Role"#;
const MORE: &str = r#"
ALTER ROLE "od""d Role" BYPASSRLS REPLICATION CREATEROLE CREATEDB;
CREATE ROLE "team ""A""";
GRANT pg_monitor TO "team ""A""";
GRANT "team ""A""", pg_read_all_data, pg_execute_server_program TO "od""d Role";
"#;
const MORE_IN_SHOP: &str = r#"
CREATE SCHEMA "odd; schema";
GRANT USAGE, CREATE ON SCHEMA "odd; schema" TO "od""d Role";
GRANT SELECT ON pg_authid TO "od""d Role";
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO "od""d Role";
GRANT CREATE ON SCHEMA public TO PUBLIC;
GRANT CREATE ON DATABASE shop TO "od""d Role";
CREATE TABLE things (id int, name text);
INSERT INTO things VALUES (1, 'one');
GRANT SELECT ON things TO "od""d Role";
"#;

const READS: &str = r#"
[[principal]]
name   = "bot"
kind   = "workload"
issuer = "corp"
claims = { sub = "SUBJECT" }

[[rule]]
name   = "reads"
effect = "allow"
who    = ["principal:bot"]
on     = ["*"]
do     = { effects = ["read"], objects = ["public.*"] }
"#;

struct Examined {
    code: Option<i32>,
    said: String,
}

impl Served {
    fn doctor(&self, more: &[&str]) -> Examined {
        let output = self.site.run(&[&["doctor", "shop", "--config", "postern.toml"], more].concat());
        let said = stdout(&output);
        assert!(!said.contains(PASSWORD) && !stderr(&output).contains(PASSWORD), "{said}");
        Examined { code: output.status.code(), said: said + &stderr(&output) }
    }

    /// What it found, by name, with the account's name where it is about one.
    fn found(&self) -> Vec<String> {
        let output = self.site.run(&["doctor", "shop", "--config", "postern.toml", "--json"]);
        let said: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{output:?}"));
        let findings = said["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs the script as it is printed.
    fn treat(&self) {
        let script = self.doctor(&["--script"]).said;
        let script = script.split("error: ").next().unwrap();
        self.server.run_sql("shop", script).unwrap_or_else(|error| panic!("{error:#}\n{script}"));
    }
}

fn reading() -> String {
    READS.replace("SUBJECT", SUBJECT)
}

/// A server, and a gateway that logs in to it with an account of an odd name.
fn odd(version: u32) -> Served {
    let served = Served::of(Options { version, ..Options::default() }.login(ODD, PASSWORD));
    served.site.write("policy.toml", &reading());
    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&target.replace("user = \"app\"", "user = 'od\"d Role'"));
    served
}

#[test]
fn an_account_that_may_too_much_is_found_and_tightened_in_postgresql_15() {
    tighten_role(15);
}

#[test]
fn an_account_that_may_too_much_is_found_and_tightened_in_postgresql_18() {
    tighten_role(18);
}

fn tighten_role(version: u32) {
    let served = odd(version);
    served.server.run_sql("postgres", MORE).unwrap();
    served.server.run_sql("shop", MORE_IN_SHOP).unwrap();
    let examined = served.doctor(&[]);
    assert_eq!(examined.code, Some(1), "{}", examined.said);
    insta::assert_snapshot!("an_account_that_may_too_much", examined.said);
    served.treat();
    // what no statement mends stays: the team that the account is in, and what only people can choose
    // besides, whatever everybody has
    let left = ["create-in-schema", "membership", "temporary", "connection-limit", "valid-until"];
    assert_eq!(served.found(), left);
    let _gateway = served.site.start();
    let rows = served.through().psql(&["SELECT name FROM things"]);
    assert_eq!(stdout(&rows), "one\n", "{}", stderr(&rows));
}

#[test]
fn the_way_to_a_server_is_looked_at() {
    let soon = days_from_now(10);
    let authority = Authority::new("short").unwrap();
    let leaf = authority.leaf_valid(LOOPBACK, Validity::Until(soon.0, soon.1, soon.2)).unwrap();
    let mut options = Options { tls: Tls::With(leaf), ..Options::default() };
    options.settings.push(("ssl_max_protocol_version".to_owned(), "TLSv1.2".to_owned()));
    options.settings.push(("ssl_min_protocol_version".to_owned(), "TLSv1".to_owned()));
    options.settings.push(("password_encryption".to_owned(), "md5".to_owned()));
    options.host_rules.push("hostssl all app all md5".to_owned());
    let served = Served::of(options);
    served.site.write("policy.toml", &reading());
    served.site.write("short.crt", &authority.pem());
    served.server.run_sql("postgres", "GRANT pg_read_all_settings TO app").unwrap();
    let target = served.target("shop", "localhost", served.server.port(), "short.crt");
    served.configure(&target.replace("verify-full", "verify-ca"));
    let found = served.found();
    for name in ["tls-name", "tls-certificate", "tls-version", "tls-oldest", "login-md5", "password-encryption"] {
        assert!(found.contains(&name.to_owned()), "{name}: {found:?}");
    }
    let said = served.doctor(&[]).said;
    assert!(said.contains("warning: the server's certificate ends on ") && said.contains(" in 9 days"), "{said}");
}

#[test]
fn what_a_server_asks_of_an_account_is_looked_at() {
    for (rule, expected, code) in [
        ("hostssl all app all trust", Some("login-trust"), Some(1)),
        ("hostssl all app all password", Some("login-clear-text"), Some(0)),
        ("hostssl all app all scram-sha-256", None, Some(0)),
    ] {
        let served = Served::of(Options { host_rules: vec![rule.to_owned()], ..Options::default() });
        served.site.write("policy.toml", &reading());
        let (found, examined) = (served.found(), served.doctor(&[]));
        let of_login: Vec<&String> = found.iter().filter(|name| name.starts_with("login-")).collect();
        assert_eq!(of_login, expected.iter().collect::<Vec<_>>(), "{rule}");
        assert!(!found.iter().any(|name| name.starts_with("tls-")), "{rule}: {found:?}");
        assert_eq!(examined.code, code, "{rule}: {}", examined.said);
    }
}

#[test]
fn what_comes_through_another_role_is_said_and_left() {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &(reading() + PEOPLE.split("except").next().unwrap()));
    let tables = "CREATE TABLE people (id int, mail text); CREATE SCHEMA other; CREATE TABLE other.things (id int);
        CREATE ROLE team; CREATE ROLE boss SUPERUSER; GRANT team TO app; GRANT SELECT ON people, other.things TO team;
        GRANT boss TO team";
    served.server.run_sql("shop", tables).unwrap();
    let examined = served.doctor(&[]);
    assert_eq!(examined.code, Some(1));
    for expected in [
        "grave: `app` is a member of `boss` through `team` [membership]\n  why: with SET ROLE it is what that role is, which is a \
         superuser",
        "do:  it has it through a role that it is a member of: take it from that one, or it out of that one",
        "not in the script, because it has the right through a role that it is a member of: GRANT SELECT (\"id\") ON",
    ] {
        assert!(examined.said.contains(expected), "{expected}\n{}", examined.said);
    }
    let script = served.doctor(&["--script"]).said;
    assert!(!script.contains("people") && !script.contains("things") && !script.contains("boss\" FROM"), "{script}");
}

#[test]
fn where_columns_are_masked_on_the_wire_the_right_is_kept() {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &(reading() + PEOPLE.split("except").next().unwrap()));
    let latin = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    served.server.run_sql("postgres", latin).unwrap();
    let tables = "CREATE TABLE people (id int, mail text); GRANT SELECT ON people TO app";
    served.server.run_sql("latin", tables).unwrap();
    served.server.run_sql("shop", "CREATE TABLE lists (id int, mail text[]); GRANT SELECT ON lists TO app").unwrap();
    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&format!("{target}databases = [\"shop\", \"latin\"]\n"));
    let latin = stdout(&served.site.run(&["doctor", "shop/latin", "--config", "postern.toml"]));
    assert!(
        latin.contains("needs to: the database is not in UTF-8, and its columns are masked on the wire [mask-"),
        "{latin}"
    );
    let lists = served.doctor(&[]).said;
    assert!(lists.contains("needs to: an array of text is masked on the wire [mask-needs-value]"), "{lists}");
    assert!(!latin.contains("REVOKE SELECT") && !lists.contains("REVOKE SELECT"));
}

#[test]
fn one_database_is_looked_at_and_others_are_named() {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &reading());
    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&format!("{target}databases = [\"shop\", \"postgres\"]\n"));
    assert!(served.doctor(&[]).said.contains("\nnot looked at: shop/postgres\n"));
    let other = served.site.run(&["doctor", "shop/postgres", "--config", "postern.toml", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&stdout(&other)).unwrap();
    assert_eq!((&said["target"], &said["database"]), (&"shop".into(), &"postgres".into()));
    let advice = "and then REVOKE TEMPORARY ON DATABASE \"postgres\" FROM PUBLIC;";
    assert!(said["findings"].to_string().replace("\\\"", "\"").contains(advice), "{said}");
    assert_eq!(said["script"], "", "{said}");
    let finding = &said["findings"][0];
    assert!(finding["gravity"].is_string() && finding["what"].is_string() && finding["why"].is_string(), "{finding}");
    for args in
        [&["doctor", "shops", "--config", "postern.toml"][..], &["doctor", "shop/nothing", "--config", "postern.toml"]]
    {
        let missing = served.site.run(args);
        assert_eq!((missing.status.code(), missing.stdout.len()), (Some(1), 0), "{args:?}");
    }
}

#[test]
fn a_superuser_is_grave() {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &reading());
    served.server.run_sql("postgres", "ALTER ROLE app SUPERUSER").unwrap();
    let examined = served.doctor(&[]);
    assert_eq!(examined.code, Some(1));
    assert!(examined.said.contains("grave: `app` is a superuser [superuser]"), "{}", examined.said);
    assert!(examined.said.contains("sql: ALTER ROLE \"app\" NOSUPERUSER;"), "{}", examined.said);
    assert!(examined.said.contains("error: target `shop` has 1 grave finding"), "{}", examined.said);
}

/// Masked columns in tables and views of odd names, and code that looks past them.
const MASKED: &str = r#"
CREATE TABLE "Odd; Customers" (id int PRIMARY KEY, "E-Mail" text, phone text, note text);
INSERT INTO "Odd; Customers" VALUES (1, 'ann@example.com', '5551234567', 'kind');
CREATE TABLE orders (id serial PRIMARY KEY, customer int, total int);
CREATE VIEW contacts AS SELECT id, upper("E-Mail") AS mail, note FROM "Odd; Customers";
CREATE SCHEMA hidden;
CREATE TABLE hidden.things (id int);
CREATE TABLE hidden.U&"broken\000A\202E""name" (id int);
CREATE FUNCTION hidden.peek() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max("E-Mail") FROM "Odd; Customers"';
CREATE FUNCTION hidden.lookup(which int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT "E-Mail" FROM "Odd; Customers" WHERE id = which';
CREATE VIEW unclear AS SELECT id, hidden.lookup(id) AS mail FROM orders;
GRANT USAGE ON SCHEMA hidden TO "od""d Role";
GRANT ALL ON ALL TABLES IN SCHEMA public, hidden TO "od""d Role";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "od""d Role";
REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC;
ALTER ROLE "od""d Role" CONNECTION LIMIT 20 VALID UNTIL '2099-01-01';
"#;

const WRITES_AND_MASKS: &str = r#"
[[rule]]
name   = "writes"
effect = "allow"
who    = ["principal:bot"]
on     = ["*"]
do     = { effects = ["write"], objects = ["public.orders"] }

[[mask]]
name    = "mail"
columns = ["public.Odd; Customers.E-Mail"]
kind    = "fixed"

[[mask]]
name      = "phone"
columns   = ["public.*.phone"]
kind      = "partial"
keep_last = 4
"#;

#[test]
fn masked_columns_and_what_looks_past_masks_are_closed_in_postgresql_15() {
    close_columns(15);
}

#[test]
fn masked_columns_and_what_looks_past_masks_are_closed_in_postgresql_18() {
    close_columns(18);
}

fn close_columns(version: u32) {
    let served = odd(version);
    served.site.write("policy.toml", &(reading() + WRITES_AND_MASKS));
    served.server.run_sql("shop", MASKED).unwrap();
    let direct = Way { user: ODD.to_owned(), ..served.direct() };
    let past = r#"SELECT "E-Mail" FROM "Odd; Customers""#;
    assert_eq!(stdout(&direct.psql(&[past])), "ann@example.com\n");
    let examined = served.doctor(&[]);
    assert_eq!(examined.code, Some(0), "{}", examined.said);
    // a right that is new in version 17
    let said = examined.said.replace(", MAINTAIN", "");
    insta::assert_snapshot!("masked_columns_and_what_looks_past_masks", said);
    served.treat();
    // what everybody has people take
    served.server.run_sql("shop", "REVOKE EXECUTE ON ROUTINE hidden.peek() FROM PUBLIC").unwrap();

    let refused = |text: &str| {
        let said = stderr(&direct.psql(&[text]));
        assert!(said.contains("permission denied"), "{text}: {said}");
    };
    for text in [past, "SELECT mail FROM contacts", "SELECT hidden.peek()", "DELETE FROM orders", "TABLE hidden.things"]
    {
        refused(text);
    }
    assert_eq!(served.found(), ["function-definer", "view-unclear", "mask-needs-value"]);
    let _gateway = served.site.start();
    let seen = |text: &str| {
        let rows = served.through().psql(&[text]);
        stdout(&rows) + &stderr(&rows)
    };
    for (text, rows) in [
        (r#"SELECT * FROM "Odd; Customers""#, "1|***|******4567|kind\n"),
        (r#"SELECT upper("E-Mail"), note FROM "Odd; Customers" WHERE id = 1"#, "***|kind\n"),
        (r#"SELECT count(*) FROM "Odd; Customers""#, "1\n"),
        ("SELECT * FROM contacts", "1|***|kind\n"),
        ("INSERT INTO orders (customer, total) VALUES (1, 10) RETURNING id", "1\n"),
        ("UPDATE orders SET total = 11 WHERE id = 1 RETURNING total", "11\n"),
    ] {
        assert_eq!(seen(text), rows, "{text}");
    }
}

const PEOPLE: &str = r#"
[[principal]]
name   = "dana"
kind   = "human"
issuer = "corp"
claims = { sub = "dana" }
groups = ["dba"]

[[rule]]
name   = "dana-reads"
effect = "allow"
who    = ["group:dba"]
on     = ["*"]
do     = { effects = ["read"], objects = ["public.*"] }

[[mask]]
name    = "mail"
columns = ["public.*.mail"]
kind    = "null"
except  = ["group:dba"]
"#;

#[test]
fn an_account_of_those_whom_no_mask_binds_keeps_its_right() {
    let served = Served::of(Options::default().login("app_clear", PASSWORD));
    served.site.write("policy.toml", &(reading() + PEOPLE));
    let tables = "CREATE TABLE people (id int, mail text); INSERT INTO people VALUES (1, 'ann@example.com');
        GRANT SELECT ON people TO app, app_clear";
    served.server.run_sql("shop", tables).unwrap();
    let examined = served.doctor(&[]);
    let expected = "note: `app` can read `public.people.mail` at the database, and needs to: it does not bind `group:dba` \
                    [mask-needs-value]";
    assert!(examined.said.contains(expected), "{}", examined.said);
    assert!(
        examined.said.contains("[[target.login]]\n       for  = [\"group:dba\"]\n       user = 'app_clear'"),
        "{}",
        examined.said
    );
    assert!(!examined.said.contains("REVOKE SELECT"), "{}", examined.said);

    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    let two = "[[target.login]]\nfor = [\"group:dba\"]\nuser = \"app_clear\"\npassword = \"file:password\"\n
[[target.login]]\nuser = \"app\"\npassword = \"file:password\"\n";
    let lines: Vec<&str> = target.lines().filter(|line| !line.starts_with("login ")).collect();
    served.configure(&format!("{}\n{two}", lines.join("\n")));
    let script = served.doctor(&["--script"]).said;
    assert!(script.contains(r#"REVOKE SELECT ON "public"."people" FROM "app";"#), "{script}");
    assert!(script.contains(r#"GRANT SELECT ("id") ON "public"."people" TO "app";"#), "{script}");
    // what everybody has, the other account may need
    assert!(!script.contains(r#"FROM "app_clear""#) && !script.contains("PUBLIC"), "{script}");
    let said = served.doctor(&[]).said;
    let against = "everybody has it: give it to whoever else needs it, and then REVOKE TEMP";
    assert!(said.contains(against), "{said}");
    served.treat();
    let _gateway = served.site.start();
    let rows = served.through().psql(&["SELECT * FROM people"]);
    assert_eq!(stdout(&rows), "1|\n", "{}", stderr(&rows));
    let mut way = served.through();
    way.password = served.site.issuer.token(&served.claims(&[("sub", "dana".into())])).unwrap();
    let rows = way.psql(&["SELECT * FROM people"]);
    assert_eq!(stdout(&rows), "1|ann@example.com\n", "{}", stderr(&rows));
}

#[test]
fn who_may_write_a_table_keeps_what_returning_reads() {
    let served = Served::new(18, &[]);
    let writes = WRITES_AND_MASKS.replace("[\"public.orders\"]", "[\"public.*\"]");
    served.site.write("policy.toml", &(reading() + &writes));
    let tables = MASKED.replace(r#""od""d Role""#, "app");
    served.server.run_sql("shop", &tables).unwrap();
    let said = served.doctor(&[]).said;
    let why = "`app` can read `public.Odd; Customers.E-Mail` at the database, and needs to: rules let it change the table, and \
               RETURNING reads what was there [mask-needs-value]";
    assert!(said.contains(why), "{said}");
    served.treat();
    let _gateway = served.site.start();
    let said = served.through().psql(&[r#"INSERT INTO "Odd; Customers" VALUES (2) RETURNING *"#]);
    assert_eq!(stdout(&said), "2|***||\n", "{}", stderr(&said));
}

/// THREAT: an all-clear for an account that can read every password hash, or run programs, by a way that nobody looked at.
#[test]
fn rights_that_come_by_other_ways_are_found() {
    for (version, given, expected) in [
        (
            15,
            "CREATE ROLE keeper; GRANT SELECT ON pg_authid TO keeper; GRANT keeper TO app",
            "read `pg_catalog.pg_authid`",
        ),
        (
            18,
            "CREATE ROLE keeper; GRANT EXECUTE ON FUNCTION pg_ls_tmpdir() TO keeper; GRANT keeper TO app",
            "run `pg_catalog.pg_ls_",
        ),
        (18, "GRANT SELECT (rolpassword) ON pg_authid TO app", "read `pg_catalog.pg_authid`"),
        (18, "GRANT SELECT (subconninfo) ON pg_subscription TO app", "read `pg_catalog.pg_subscription`"),
        (15, "GRANT ALTER SYSTEM ON PARAMETER archive_command TO app", "change settings of the server"),
        (
            18,
            "CREATE ROLE keeper; GRANT SET ON PARAMETER session_preload_libraries TO keeper; GRANT keeper TO app",
            "change settings",
        ),
    ] {
        let served = Served::new(version, &[]);
        served.site.write("policy.toml", &reading());
        assert_eq!(served.doctor(&[]).code, Some(0));
        served.server.run_sql("shop", given).unwrap();
        let examined = served.doctor(&[]);
        assert_eq!(examined.code, Some(1), "{given}: {}", examined.said);
        assert!(examined.said.contains(&format!("grave: `app` may {expected}")), "{given}: {}", examined.said);
        // what the account was given itself the script takes
        served.treat();
        let mends = !given.contains("keeper") && !given.contains("PARAMETER");
        assert_eq!(served.found().contains(&"system-right".to_owned()), !mends, "{given}");
    }
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &reading());
    let tables = "CREATE ROLE app_owner; CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO app_owner; GRANT app_owner TO app";
    served.server.run_sql("shop", tables).unwrap();
    let said = served.doctor(&[]).said;
    let expected = "warning: `app` is a member of `app_owner`, which owns `public.kept`, and no rule lets it change how they are made";
    assert!(said.contains(expected), "{said}");
}

const USES_MORE: &str = r#"
[[rule]]
name   = "more"
effect = "allow"
who    = ["principal:bot"]
on     = ["*"]
do     = { effects = ["read", "transfer", "execute"], objects = ["*", "pg_catalog.pg_stat_activity", "pg_catalog.pg_read_file"] }
"#;

/// What a rule lets sessions do they do with the attributes of the account.
#[test]
fn what_rules_need_is_not_taken_away() {
    let served = Served::new(18, &[]);
    let given =
        "ALTER ROLE app REPLICATION; GRANT pg_monitor TO app; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app";
    served.server.run_sql("shop", given).unwrap();
    served.site.write("policy.toml", &reading());
    let script = served.doctor(&["--script"]).said;
    for statement in ["NOREPLICATION", "REVOKE \"pg_monitor\"", "REVOKE ALL ON FUNCTION pg_catalog.pg_read_file(text)"]
    {
        assert!(script.contains(statement), "{script}");
    }
    served.site.write("policy.toml", &(reading() + USES_MORE));
    let examined = served.doctor(&[]);
    assert_eq!(examined.code, Some(0), "{}", examined.said);
    for what in
        ["may replicate (REPLICATION)", "is a member of `pg_monitor`", "may run `pg_catalog.pg_read_file(text)`"]
    {
        assert!(examined.said.contains(&format!("warning: `app` {what}")), "{}", examined.said);
    }
    let (said, script) = examined.said.split_once("\nBEGIN;\n").unwrap_or((&examined.said, ""));
    assert!(said.contains("a rule lets sessions use it: give those that need it an account of their own"), "{said}");
    assert!(
        !script.contains("NOREPLICATION") && !script.contains("pg_monitor") && !script.contains("pg_read_file"),
        "{script}"
    );
}

/// The server's first role cannot be less, and one that passes by row policies may need to.
#[test]
fn what_an_account_has_to_be_is_said_and_left() {
    let served = Served::of(Options { script: String::new(), ..Options::default() });
    served.site.write("policy.toml", &reading());
    let policed = "CREATE TABLE rows (id int); ALTER TABLE rows ENABLE ROW LEVEL SECURITY; GRANT SELECT ON rows TO app;
        ALTER ROLE app BYPASSRLS; CREATE FUNCTION own() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
        ALTER FUNCTION own() OWNER TO app";
    served.server.run_sql("shop", policed).unwrap();
    let examined = served.doctor(&[]);
    let against = "not in the script, because sessions then see only the rows of `public.rows` that row policies let it see: \
                   ALTER ROLE \"app\" NOBYPASSRLS;";
    assert!(examined.said.contains(against), "{}", examined.said);
    assert!(!examined.said.contains("[function-definer]"), "{}", examined.said);
    assert_eq!(examined.code, Some(1));

    let first = format!("ALTER ROLE postgres PASSWORD '{PASSWORD}'");
    served.server.run_sql("postgres", &first).unwrap();
    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&target.replace("user = \"app\"", "user = \"postgres\""));
    let examined = served.doctor(&[]);
    assert!(
        examined.said.contains("it has to stay so, as the server's first role or its only superuser"),
        "{}",
        examined.said
    );
    assert!(!examined.said.contains("ALTER ROLE \"postgres\" NO"), "{}", examined.said);
}

#[test]
fn what_was_a_superuser_gets_the_rights_that_rules_need() {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &(reading() + WRITES_AND_MASKS));
    let tables = MASKED.lines().filter(|line| !line.contains("od\"\"d Role")).collect::<Vec<_>>().join("\n");
    served.server.run_sql("shop", &format!("ALTER ROLE app SUPERUSER; {tables}")).unwrap();
    assert_eq!(served.doctor(&[]).code, Some(1));
    served.treat();
    let found = served.found();
    assert!(!found.contains(&"superuser".to_owned()) && !found.contains(&"missing-right".to_owned()), "{found:?}");
    assert!(!found.contains(&"mask-readable".to_owned()) && !found.contains(&"surplus-right".to_owned()), "{found:?}");
    let past = served.direct().psql(&[r#"SELECT "E-Mail" FROM "Odd; Customers""#]);
    assert!(stderr(&past).contains("permission denied"), "{past:?}");
    let _gateway = served.site.start();
    for (text, rows) in [
        (r#"SELECT * FROM "Odd; Customers""#, "1|***|******4567|kind\n"),
        ("INSERT INTO orders (customer, total) VALUES (1, 10) RETURNING id", "1\n"),
    ] {
        let said = served.through().psql(&[text]);
        assert_eq!(stdout(&said), rows, "{text}: {}", stderr(&said));
    }
}

#[test]
fn what_may_be_needed_is_held_back_and_what_is_owned_is_said() {
    let served = Served::of(Options::default().login("catalog", PASSWORD));
    served.site.write("policy.toml", &(reading() + PEOPLE.split("except").next().unwrap()));
    let tables = "CREATE TABLE people (id int, mail text); CREATE TABLE extra (id int); CREATE SCHEMA other;
        CREATE TABLE lone (mail text); GRANT SELECT ON lone TO app; CREATE TABLE other.seen (id int); CREATE TABLE other.built (id int);
        GRANT SELECT ON people, extra, other.seen, other.built TO app; GRANT SELECT ON extra TO catalog;
        CREATE FUNCTION other.watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM id FROM other.seen; RETURN NEW; END';
        ALTER TABLE extra OWNER TO app, ENABLE ROW LEVEL SECURITY;";
    served.server.run_sql("shop", tables).unwrap();
    let authority = served.server.ca_file().display().to_string();
    let target = served.target("shop", "localhost", served.server.port(), &authority);
    let catalog = "catalog_login = { user = \"catalog\", password = \"file:password\" }\n";
    served.configure(&format!("{target}{catalog}"));
    let said = served.doctor(&[]).said;
    for expected in [
        "warning: `app` has SELECT on `other.seen`, and no rule needs it [surplus-right]",
        "do:  not in the script, because function other.watch may need it: REVOKE SELECT ON \"other\".\"seen\" FROM \"app\";",
        "not in the script, because no column would be left to read its rows by: add one, or take the right from the rule: \
         REVOKE SELECT ON \"public\".\"lone\" FROM \"app\";",
        "warning: `app` owns `public.extra`, and no rule lets it change how they are made [owner]",
        "REASSIGN OWNED BY \"app\" TO \"app_owner\";",
        "warning: the row policies of `public.extra` do not bind `app`, which owns it [row-security]",
        "note: `catalog` only has to read the catalog, and has rights on `public.extra` [catalog-right]",
        "REVOKE ALL ON \"public\".\"extra\" FROM \"catalog\";",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let script = served.doctor(&["--script"]).said;
    assert!(script.contains(r#"REVOKE SELECT ON "other"."built" FROM "app";"#), "{script}");
    assert!(!script.contains(r#""seen""#), "{script}");
    // code that builds statements may need anything
    let builds = "CREATE FUNCTION other.build() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE $$SELECT 1$$; END'";
    served.server.run_sql("shop", builds).unwrap();
    let script = served.doctor(&["--script"]).said;
    assert!(!script.contains("REVOKE SELECT"), "{script}");
}

/// The day that many days from now.
fn days_from_now(days: u32) -> (i32, u8, u8) {
    use postern_core::Clock as _;
    let later = std::time::Duration::from_secs(24 * 60 * 60).saturating_mul(days);
    let day = postern_adapters::clock::SystemClock.now().after(later).to_string();
    (day[..4].parse().unwrap(), day[5..7].parse().unwrap(), day[8..10].parse().unwrap())
}
