//! `postern catalog export` against real servers: what a policy makes of statements offline, with the target's structure in
//! a file, is what the gateway makes of them.

use std::fs;

use crate::served::{SUBJECT, Served, Way};
use crate::site::{stderr, stdout};

/// A database with views, partitions, functions and computed columns, and names that are in no schema `public`.
const SETUP: &str = r#"
CREATE TABLE customers (id int PRIMARY KEY, name text, email text, phone text, tags text[]);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total numeric(10, 2), note text);
CREATE TABLE people (first text, last text, full_name text GENERATED ALWAYS AS (first || ' ' || last) STORED);
CREATE TABLE events (id int, actor text) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE archive (LIKE customers);
CREATE VIEW contacts AS SELECT id, name, email AS mail, split_part(email, '@', 2) AS domain FROM customers;
CREATE MATERIALIZED VIEW mails AS SELECT mail FROM contacts;
CREATE SCHEMA sales;
CREATE TABLE sales.leads (id int, email text, "Full.Name" text);
CREATE VIEW sales.open_leads AS SELECT * FROM sales.leads;
CREATE TABLE sales.events (id int, what text);
CREATE TYPE mood AS ENUM ('fine');
CREATE DOMAIN address AS varchar(40);
CREATE TABLE letters (id int, place address, moods mood[], row customers);
CREATE FUNCTION reveal(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION label(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE OPERATOR <=> (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text);
CREATE RULE gone AS ON DELETE TO archive DO INSTEAD NOTHING;
INSERT INTO customers VALUES (1, 'Ann', 'ann@example.com', '555', ARRAY['new']);
INSERT INTO orders VALUES (1, 1, 10, 'soon');
INSERT INTO people VALUES ('Ann', 'Lee');
INSERT INTO events VALUES (1, 'ann');
INSERT INTO archive VALUES (1, 'Ann', 'ann@example.com', '555', NULL);
INSERT INTO sales.leads VALUES (1, 'bob@example.com', 'Bob');
INSERT INTO sales.events VALUES (1, 'seen');
INSERT INTO letters VALUES (1, 'here', '{fine}', NULL);
REFRESH MATERIALIZED VIEW mails;
ALTER ROLE app IN DATABASE shop SET search_path = sales, "$user", nowhere, public;
"#;

/// Each is sent through the gateway, and tried offline.
const STATEMENTS: &[&str] = &[
    "SELECT * FROM customers",
    "SELECT * FROM public.customers AS c",
    "SELECT c.* FROM customers c JOIN orders o ON c.id = o.customer_id",
    "SELECT * FROM contacts",
    "SELECT mail, domain FROM contacts",
    "SELECT name FROM contacts",
    "SELECT * FROM mails",
    "SELECT * FROM leads",
    "SELECT * FROM open_leads",
    r#"SELECT "Full.Name" FROM leads"#,
    "SELECT * FROM events",
    "SELECT * FROM public.events",
    "SELECT * FROM events_1",
    "SELECT * FROM people",
    "SELECT full_name FROM people",
    "SELECT * FROM archive JOIN customers USING (id, email)",
    "SELECT * FROM customers NATURAL JOIN archive",
    "WITH c AS (SELECT * FROM customers) SELECT * FROM c",
    "WITH c AS (SELECT id, lower(email) AS e FROM customers) SELECT id FROM c",
    "SELECT e FROM (SELECT email AS e FROM customers) AS t",
    "SELECT email::text, tags::text FROM customers",
    "SELECT * FROM customers, unnest(tags) AS tag",
    "SELECT id, row FROM letters",
    "SELECT id, place, moods FROM letters",
    "SELECT c FROM customers c",
    "SELECT count(*) FROM customers",
    "SELECT id FROM customers WHERE email LIKE 'ann%'",
    "SELECT id FROM contacts ORDER BY mail",
    "SELECT upper(name), label(note) FROM customers JOIN orders ON customers.id = customer_id",
    "SELECT reveal(name) FROM customers",
    "SELECT public.label(name) FROM customers",
    "SELECT name <=> 'Ann' FROM customers",
    "SELECT name = 'Ann' FROM customers",
    "SELECT nosuch(name) FROM customers",
    "SELECT * FROM nosuch",
    "SELECT total FROM orders",
    "SELECT reveal(note) FROM orders",
    "SELECT pg_sleep(0)",
    "SELECT relname FROM pg_class LIMIT 1",
    "SELECT * FROM pg_class LIMIT 1",
    "SELECT * FROM pg_user",
    "SELECT rolname FROM pg_authid",
    "SELECT * FROM information_schema.tables LIMIT 1",
    "TABLE pg_settings",
    "INSERT INTO orders VALUES (2)",
    "INSERT INTO leads (id) VALUES (2)",
    "UPDATE customers SET name = 'Ann'",
    "UPDATE customers SET email = 'x'",
    "DELETE FROM orders",
    "DELETE FROM leads",
    "DELETE FROM people WHERE first = 'Bob'",
    "DELETE FROM archive",
    "CREATE TABLE fresh (id int)",
    "DROP VIEW contacts",
    "DROP FUNCTION reveal(text)",
    "COPY customers TO STDOUT",
    "COPY customers (id, name) TO STDOUT",
    "EXPLAIN SELECT * FROM customers",
    "SHOW search_path",
];

const POLICY: &str = r#"
[[principal]]
name   = "bot"
kind   = "workload"
issuer = "corp"
claims = { sub = "SUBJECT" }

[[principal]]
name   = "dana"
kind   = "human"
issuer = "corp"
claims = { sub = "dana" }
groups = ["dba"]

[[rule]]
name   = "reads"
effect = "allow"
who    = ["principal:bot"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*", "sales.*"] }

[[rule]]
name   = "writes"
effect = "allow"
who    = ["principal:bot"]
on     = ["target:shop"]
do     = { effects = ["write"], objects = ["public.orders", "public.customers"] }

[[rule]]
name   = "deletes"
effect = "approve"
who    = ["principal:bot"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["public.*"] }
with   = { approvers = ["group:dba"], hold = "retry" }

[[rule]]
name   = "runs"
effect = "allow"
who    = ["principal:bot"]
on     = ["target:shop"]
do     = { effects = ["execute"], objects = ["public.*"] }

[[mask]]
name    = "people"
columns = ["public.customers.{email,phone}", "public.people.last", "public.events.actor", "sales.leads.email"]
kind    = "fixed"
"#;

#[test]
fn a_policy_says_offline_what_the_gateway_says_of_postgresql_15() {
    says_the_same(15);
}

#[test]
fn a_policy_says_offline_what_the_gateway_says_of_postgresql_18() {
    says_the_same(18);
}

fn says_the_same(version: u32) {
    let served = set_up(version);
    let exported = served.site.run(&["catalog", "export", "shop", "--config", "postern.toml", "--out", "shop.toml"]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    let text = fs::read_to_string(served.site.path("shop.toml")).unwrap();
    assert!(text.contains(r#"{ name = "app", search_path = ["sales", "public"] }"#), "{text}");

    let gateway = served.site.start();
    let through = served.through();
    let tests: Vec<String> = STATEMENTS.iter().map(|statement| tried(&through, statement)).collect();
    drop(gateway);
    for verdict in ["allow", "hold", "deny"] {
        let count = tests.iter().filter(|test| test.contains(&format!("verdict = \"{verdict}\""))).count();
        assert!(count > 1, "{count} of {verdict}");
    }
    served.site.write("policy.toml", &format!("{}{}", policy(), tests.concat()));
    served.configure(&format!("{}schema = \"shop.toml\"\n", target(&served)));
    let tested = served.site.run(&["test", "postern.toml"]);
    assert!(tested.status.success(), "{}{}", stdout(&tested), stderr(&tested));
    assert!(stdout(&tested).ends_with(&format!("\n{} passed\n", STATEMENTS.len())), "{}", stdout(&tested));

    // without it, some of it cannot be known
    served.configure(&target(&served));
    let tested = stdout(&served.site.run(&["test", "postern.toml"]));
    let failed = tested.lines().filter(|line| line.starts_with("FAIL")).count();
    assert!((10..STATEMENTS.len()).contains(&failed), "{failed}: {tested}");
}

fn set_up(version: u32) -> Served {
    let served = Served::new(version, &[]);
    let made = served.direct().psql(&[SETUP]);
    assert!(made.status.success(), "{}", stderr(&made));
    served.site.write("policy.toml", &policy());
    served
}

fn policy() -> String {
    POLICY.replace("SUBJECT", SUBJECT)
}

fn target(served: &Served) -> String {
    served.target("shop", "localhost", served.server.port(), &served.server.ca_file().display().to_string())
}

/// What the gateway makes of a statement, as a test of the policy.
fn tried(way: &Way, statement: &str) -> String {
    let mut psql = way.command("psql");
    psql.args(["--no-psqlrc", "--quiet", "--no-align", "--field-separator=\t", "--command", statement]);
    let output = psql.output().unwrap();
    let (said, shown) = (stderr(&output), stdout(&output));
    let verdict = match said.as_str() {
        held if held.contains("PST-3009") => "hold",
        denied if denied.contains("PST-") => "deny",
        _ => "allow",
    };
    let mut expected = format!("verdict = \"{verdict}\"");
    let mut lines = shown.lines().map(|line| line.split('\t'));
    // a stream has no names
    if let (Some(names), Some(values), false) = (lines.next(), lines.next(), statement.starts_with("COPY")) {
        // eight are what the server itself shows for a password
        let is_masked = |value: &str| value.contains("***") && value != "********";
        let masked: Vec<&str> = names.zip(values).filter(|(_, value)| is_masked(value)).map(|(name, _)| name).collect();
        expected.push_str(&format!(", masked = {masked:?}"));
    }
    format!(
        "[[test]]\nname = '''{statement}'''\nas = \"bot\"\non = \"shop\"\nrun = '''{statement}'''\nexpect = {{ {expected} }}\n"
    )
}

#[test]
fn the_same_structure_is_the_same_file_and_a_change_is_a_line() {
    let served = set_up(18);
    served.server.run_sql("postgres", "CREATE ROLE reader LOGIN; GRANT app TO reader").unwrap();
    let target = target(&served).replace("database = \"shop\"", "databases = [\"shop\", \"postgres\"]");
    served.configure(&target);
    let export = || {
        let exported = served.site.run(&["catalog", "export", "shop", "--config", "postern.toml"]);
        assert!(exported.status.success(), "{}", stderr(&exported));
        stdout(&exported)
    };
    let first = export();
    assert_eq!(first.matches("\n[[database]]\n").count(), 2);
    let emptied = served.direct().psql(&["VACUUM FULL customers", "ALTER TABLE orders OWNER TO app"]);
    assert!(emptied.status.success(), "{}", stderr(&emptied));
    assert_eq!(export(), first);
    let changed = served.direct().psql(&["ALTER TABLE customers ADD COLUMN fax address"]);
    assert!(changed.status.success(), "{}", stderr(&changed));
    let second = export();
    let fresh: Vec<&str> = second.lines().filter(|line| !first.lines().any(|other| other == *line)).collect();
    assert_eq!(fresh, [r#"  { name = "fax", type = "public.address" },"#]);
    assert_eq!(second.lines().count(), first.lines().count().saturating_add(1));
    assert!(!second.contains("example.com") && !second.contains("injected-"), "names and no data");
}

#[test]
fn an_export_that_fails_says_whose_side_it_is() {
    let served = set_up(18);
    let authority = served.server.ca_file().display().to_string();
    let port = served.server.port();
    let good = target(&served);
    served.site.write("wrong", "not the password");
    let nobody = crate::site::free_port();
    let mut said = String::new();
    for (case, target, args) in [
        ("another target", good.clone(), &["ordes"][..]),
        ("a database of it", good.clone(), &["shop/shop"]),
        ("nobody listens", served.target("shop", "localhost", nobody, &authority), &["shop"]),
        ("a wrong password", good.replace("file:password", "file:wrong"), &["shop"]),
        ("no password", good.replace("file:password", "file:nowhere"), &["shop"]),
        ("no such database", good.replace("\"shop\"\ntls", "\"stats\"\ntls"), &["shop"]),
        ("nowhere to write", good.clone(), &["shop", "--out", "nowhere/shop.toml"]),
    ] {
        served.configure(&target);
        let exported = served.site.run(&[&["catalog", "export", "--config", "postern.toml"], args].concat());
        assert_eq!((exported.status.code(), exported.stdout.len()), (Some(1), 0), "{case}");
        said.push_str(&format!("## {case}\n{}\n", stderr(&exported)));
    }
    let said = served.site.relative(&said).replace(&nobody.to_string(), "NOBODY").replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said);
}

/// What is named and not there, each beside what is.
const TYPOS: &str = r#"
[[rule]]
name   = "typos"
effect = "allow"
who    = ["principal:bot"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.custmers", "public.leads", "sales.*", "public.orders.totl", "unheard.*"] }

[[rule]]
name   = "there"
effect = "allow"
who    = ["principal:bot"]
on     = ["*"]
do     = { objects = ["public.reveal", "pg_temp.*", "pg_catalog.pg_sleep", "*.customers", "public.contacts.mail", "shop/public.mood"] }

[[mask]]
name    = "typo"
columns = ["public.customers.{emial,phone}", "*.*.ssn"]
kind    = "null"
"#;

#[test]
fn what_a_policy_names_is_looked_for_in_postgresql_15() {
    names_are_looked_for(15);
}

#[test]
fn what_a_policy_names_is_looked_for_in_postgresql_18() {
    names_are_looked_for(18);
}

fn names_are_looked_for(version: u32) {
    let served = set_up(version);
    let plain = |said: &str| {
        let revision = said.split_once("revision ").map(|(_, after)| after.split([';', '\n']).next().unwrap());
        let said = revision.map_or_else(|| said.to_owned(), |revision| said.replace(revision, "R"));
        served.site.relative(&said)
    };
    let good = served.site.run(&["check", "postern.toml", "--online"]);
    assert!(good.status.success(), "{}{}", stdout(&good), stderr(&good));
    let said = plain(&stdout(&good));
    assert_eq!(said, "ok: 4 rules, 1 mask, 1 target, 2 principals, 1 issuer; revision R; 1 target answered\n");

    let exported = served.site.run(&["catalog", "export", "shop", "--config", "postern.toml", "--out", "shop.toml"]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    served.configure(&format!("{}schema = \"shop.toml\"\n", target(&served)));
    assert_eq!(plain(&stdout(&served.site.run(&["check", "postern.toml", "--online"]))), said);

    served.site.write("policy.toml", &format!("{}{TYPOS}", policy()));
    let changed = served.direct().psql(&["ALTER TABLE orders ADD COLUMN fax text, DROP COLUMN note"]);
    assert!(changed.status.success(), "{}", stderr(&changed));
    let typos = served.site.run(&["check", "postern.toml", "--online"]);
    assert_eq!(typos.status.code(), Some(1), "a mask that protects nothing");
    insta::assert_snapshot!("named_and_not_there", plain(&stderr(&typos)));
    // whoever does not ask hears nothing of it
    assert!(stdout(&served.site.run(&["check", "postern.toml"])).starts_with("ok: "));
}

#[test]
fn a_target_that_does_not_answer_is_an_error() {
    let served = set_up(18);
    let (nobody, authority) = (crate::site::free_port(), served.server.ca_file().display().to_string());
    served.site.write("wrong", "not the password");
    let shut = served.target("shut", "localhost", nobody, &authority);
    let locked = served.target("locked", "localhost", served.server.port(), &authority);
    let locked = locked.replace("file:password", "file:wrong");
    let keyless =
        served.target("keyless", "localhost", nobody, &authority).replace("file:password", "env:POSTERN_NOWHERE");
    served.configure(&[target(&served), shut, locked, keyless].concat());
    served.site.write("policy.toml", &format!("{}{TYPOS}", policy()));
    let checked = served.site.run(&["check", "postern.toml", "--online"]);
    assert_eq!((checked.status.code(), checked.stdout.len()), (Some(1), 0));
    let said = served.site.relative(&stderr(&checked)).replace(&nobody.to_string(), "NOBODY");
    insta::assert_snapshot!(said);
}
