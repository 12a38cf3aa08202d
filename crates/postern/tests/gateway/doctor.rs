//! `postern doctor` against real servers: what it finds, and that its script mends it and breaks nothing.

use postern_testkit::certificates::{Authority, LOOPBACK, Validity};
use postern_testkit::postgres::{Options, Tls};

use crate::served::{PASSWORD, SUBJECT, Served};
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
        let script = script.split("\nerror: ").next().unwrap();
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
    assert_eq!(served.found(), ["membership", "connection-limit", "valid-until"]);
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

/// The day that many days from now.
fn days_from_now(days: u32) -> (i32, u8, u8) {
    use postern_core::Clock as _;
    let later = std::time::Duration::from_secs(24 * 60 * 60).saturating_mul(days);
    let day = postern_adapters::clock::SystemClock.now().after(later).to_string();
    (day[..4].parse().unwrap(), day[5..7].parse().unwrap(), day[8..10].parse().unwrap())
}
