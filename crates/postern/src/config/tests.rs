mod diagnostics;
mod editors;

use std::fs;
use std::path::Path;

use postern_adapters::journal::Durability;
use postern_core::Effect;
use postern_core::target::TargetTls;
use postern_core::vocabulary::{FactKind, FactWord, Harmless, Proof, Shape, Vocabulary};

use super::{Config, Mistakes, Tls, read};

static POSTGRES: Vocabulary = Vocabulary {
    protocol: "postgres",
    actions: &["postgres.select", "postgres.delete", "postgres.drop_table"],
    commands: &[],
    shape: Shape { space: Some("database"), levels: &["schema", "table"], columns: true },
    facts: &[FactWord { name: "no_where", kind: FactKind::Flag, about: "it has no condition" }],
    harmless: &[Harmless { effect: Effect::Read, object: "pg_catalog.pg_class" }],
    guarded: &[],
    credentials: &[],
    proof: Proof::Certificate,
    port: 15432,
};

const GATEWAY: &str = r#"
[gateway]
store = "sqlite:state/postern.db"
journal = "state/journal"
seal_key = "file:seal.key"
tls = { self-signed = true }
"#;

const ISSUER: &str = r#"
[[issuer]]
name = "ci"
kind = "oidc"
url = "https://issuer.example.com"
audience = "postern"
"#;

const POLICY: &str = r#"
[[principal]]
name = "bot"
kind = "workload"
issuer = "ci"
groups = ["ci"]

[[target]]
name = "orders"
protocol = "postgres"
address = "127.0.0.1:5432"
database = "shop"
ca = "target-ca.pem"
login = { user = "app", password = "file:secrets/app" }

[[rule]]
name = "reads"
effect = "allow"
who = ["group:ci"]
on = ["target:orders"]
do = { effects = ["read"], objects = ["public.*"] }
"#;

/// Reads files in a folder of their own; `postern.toml` is the one that is named.
fn read_in(folder: &Path, files: &[(&str, &str)], words: &[&'static Vocabulary]) -> Result<Config, Mistakes> {
    for (name, text) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    read(&folder.join("postern.toml"), words)
}

fn good(files: &[(&str, &str)]) -> (tempfile::TempDir, Config) {
    good_with(files, &[&POSTGRES])
}

fn good_with(files: &[(&str, &str)], words: &[&'static Vocabulary]) -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let config = read_in(folder.path(), files, words).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    (folder, config)
}

/// What is said about the files, with the folder's name taken out.
fn bad(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let said = read_in(folder.path(), files, &[&POSTGRES]).expect_err("there is a mistake in it").to_string();
    said.replace(&format!("{}/", folder.path().display()), "")
}

/// What is said about one file that consists of `parts`.
fn said(parts: &[&str]) -> String {
    bad(&[("postern.toml", &parts.concat())])
}

#[test]
fn a_whole_configuration_is_read_with_its_defaults() {
    let (folder, config) = good(&[("postern.toml", &[GATEWAY, ISSUER, POLICY].concat())]);
    let gateway = &config.gateway;
    assert_eq!(gateway.domain, "localhost");
    assert_eq!(gateway.listen.to_string(), "127.0.0.1");
    assert_eq!(gateway.durability, Durability::Os);
    assert_eq!(gateway.tls, Tls::SelfSigned);
    let listeners: Vec<_> =
        config.listeners.iter().map(|one| (one.protocol, one.address.to_string(), one.plaintext)).collect();
    assert_eq!(
        listeners,
        [("postgres", "127.0.0.1:15432".to_owned(), false), ("https", "127.0.0.1:18443".to_owned(), false)]
    );
    assert!(config.summary().starts_with("1 rule, 0 masks, 1 target, 1 principal, 1 issuer; revision "));
    assert_eq!(config.remarks(), []);

    let base = folder.path();
    assert_eq!(gateway.store, base.join("state/postern.db"));
    assert_eq!(gateway.journal, base.join("state/journal"));
    assert_eq!(gateway.blobs, base.join("state/recordings"));
    assert_eq!(gateway.seal_key, base.join("seal.key"));
    let target = config.rulebook.targets.values().next().unwrap();
    assert_eq!(target.tls, TargetTls::VerifyFull { ca: Some(base.join("target-ca.pem")) });
    assert_eq!(target.logins[0].1.password.as_ref().unwrap().name, base.join("secrets/app").display().to_string());
}

#[test]
fn everything_can_be_said() {
    let gateway = r#"
include = ["policy.d/*.toml", "more.toml"]

[gateway]
listen = "0.0.0.0"
domain = "gw.example.com"
ports = { postgres = 5433, mysql = 13306, ldap = 0, https = 0 }
store = "sqlite:/var/lib/postern/postern.db"
journal = "/var/lib/postern/journal"
durability = "fsync"
seal_key = "file:/etc/postern/seal.key"
blobs = "file:/var/lib/postern/blobs"
tls = { cert = "file:/etc/postern/tls.crt", key = "file:/etc/postern/tls.key" }

[listener.postgres]
connections = 20
"#;
    let (_folder, config) = good(&[
        ("postern.toml", gateway),
        ("policy.d/b.toml", POLICY),
        ("policy.d/a.toml", ISSUER),
        ("policy.d/a.toml~", "an editor's copy"),
        ("policy.d/.a.toml", "another"),
        ("more.toml", ""),
    ]);
    assert_eq!(config.gateway.durability, Durability::Fsync);
    assert_eq!(config.gateway.journal, Path::new("/var/lib/postern/journal"));
    assert_eq!(config.listeners.iter().count(), 1);
    let listener = config.listeners.of("postgres").unwrap();
    assert_eq!((listener.address.port(), listener.connections), (5433, 20));
    assert_eq!(config.gateway.blobs, Path::new("/var/lib/postern/blobs"));
    let remarks = config.remarks();
    let remarks: Vec<&str> = remarks.iter().map(|remark| remark.line.rsplit('/').next().unwrap()).collect();
    insta::assert_snapshot!(remarks.join("\n"), @"postern.toml:7:36: note: `mysql`: not in this version; nothing listens on its port");
}

#[test]
fn plain_text_is_for_loopback() {
    let plain = "[listener.postgres]\nplaintext = true\n";
    let (_folder, config) = good(&[("postern.toml", &[GATEWAY, plain, ISSUER, POLICY].concat())]);
    assert!(config.listeners.of("postgres").unwrap().plaintext);
    assert!(!config.listeners.of("https").unwrap().plaintext);

    let open = GATEWAY.replace("[gateway]", "[gateway]\nlisten = \"0.0.0.0\"");
    insta::assert_snapshot!(said(&[&open, plain, ISSUER, POLICY]));
}

#[test]
fn what_can_be_wrong_with_the_gateway() {
    let cases = [
        ("no TOML", "[gateway\n".to_owned()),
        ("nothing", String::new()),
        ("empty gateway", "[gateway]\n".to_owned()),
        ("unknown key", GATEWAY.replace("journal =", "jurnal =")),
        ("gateway is no table", "gateway = 3\n".to_owned()),
        ("no address", format!("{GATEWAY}listen = \"localhost:15432\"\n")),
        ("no domain", format!("{GATEWAY}domain = \"https://gw.example.com/\"\n")),
        ("ports", format!("{GATEWAY}ports = {{ postgres = 70000, https = \"on\", postgers = 1 }}\n")),
        ("the same port", format!("{GATEWAY}ports = {{ postgres = 15432, https = 15432 }}\n")),
        ("no listener", format!("{GATEWAY}ports = {{ postgres = 0, https = 0 }}\n")),
        ("unknown durability", format!("{GATEWAY}durability = \"fsnyc\"\n")),
        ("later stores", GATEWAY.replace("sqlite:state/postern.db", "postgres://db/postern")),
        ("unknown store", GATEWAY.replace("sqlite:state/postern.db", "state/postern.db")),
        ("seal key elsewhere", GATEWAY.replace("file:seal.key", "vault:kv/data/postern#seal")),
        ("recordings elsewhere", format!("{GATEWAY}blobs = \"s3://bucket/recordings\"\n")),
        ("certificate without key", GATEWAY.replace("self-signed = true", "cert = \"file:tls.crt\"")),
        (
            "certificate and self-signed",
            GATEWAY.replace("self-signed = true", "self-signed = true, cert = \"a\", key = \"b\""),
        ),
        ("no certificate", GATEWAY.replace("self-signed = true", "self-signed = false")),
        ("later key", GATEWAY.replace("self-signed = true", "acme = { domains = [\"gw\"] }")),
        ("a session's time", format!("{GATEWAY}session_max = \"8\"\nafter_expiry = \"ends\"\n")),
        ("no time at all", format!("{GATEWAY}session_max = \"0h\"\n")),
        ("no time for credentials", format!("{GATEWAY}token_max = \"0s\"\n")),
        ("days for credentials", format!("{GATEWAY}token_max = \"2d\"\n")),
        ("unknown listener", format!("{GATEWAY}[listener.postgre]\nplaintext = true\n")),
        ("plain https", format!("{GATEWAY}[listener.https]\nplaintext = true\nconnections = 0\n")),
        ("unknown table", format!("{GATEWAY}[[rules]]\nname = \"x\"\n")),
    ];
    let said = cases.map(|(case, text)| format!("## {case}\n\n{}\n", said(&[&text]))).join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn what_can_be_wrong_with_issuers() {
    let cases = [
        ("nothing in it", "[[issuer]]\n".to_owned()),
        ("later kind", ISSUER.replace("oidc", "saml")),
        ("unknown kind", ISSUER.replace("oidc", "odic")),
        ("plain http", ISSUER.replace("https:", "http:")),
        ("no url", ISSUER.replace("https://issuer.example.com", "issuer.example.com")),
        ("something behind", ISSUER.replace("example.com", "example.com?tenant=1")),
        ("a prefix of nothing", format!("{ISSUER}groups_prefix = \"gh:\"\n")),
        ("two of a name", [ISSUER, ISSUER].concat()),
        ("two of a url", [ISSUER, &ISSUER.replace("\"ci\"", "\"cd\"")].concat()),
        ("unknown key", format!("{ISSUER}audiences = []\n")),
    ];
    let gateway = format!("{GATEWAY}ports = {{ postgres = 0 }}\n");
    let said = cases.map(|(case, text)| format!("## {case}\n\n{}\n", said(&[&gateway, &text]))).join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn http_is_for_loopback_issuers() {
    for url in ["http://127.0.0.1:8080", "http://localhost/realm", "http://[::1]:1"] {
        let issuer = ISSUER.replace("https://issuer.example.com", url);
        let (_folder, config) = good(&[("postern.toml", &[GATEWAY, &issuer, POLICY].concat())]);
        assert_eq!(config.issuers[0].url, url);
    }
}

#[test]
fn what_can_be_wrong_with_includes() {
    let whole = [GATEWAY, ISSUER, POLICY].concat();
    let including = |what: &str| format!("include = [\"{what}\"]\n{whole}");
    let cases = [
        ("missing file", including("policy.toml"), vec![]),
        ("missing folder", including("policy.d/*.toml"), vec![]),
        ("star in the folder", including("*/policy.toml"), vec![]),
        ("itself", including("postern.toml"), vec![]),
        ("a mistake in it", including("p.toml"), vec![("p.toml", "[[rule]]\nname = \"x\"\nefect = \"allow\"\n")]),
        ("what only the main file says", including("p.toml"), vec![("p.toml", "include = [\"q.toml\"]\n[gateway]\n")]),
        ("a folder", including("p.toml"), vec![("p.toml/x", "")]),
    ];
    let said = cases.map(|(case, main, mut files)| {
        files.push(("postern.toml", &main));
        format!("## {case}\n\n{}\n", bad(&files))
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn all_mistakes_of_a_policy_are_said_at_once() {
    let policy = r#"
[[principal]]
name = "bot"
kind = "robot"
issuer = "cj"

[[target]]
name = "orders"
protocol = "postgres"
address = "127.0.0.1"
login = { user = "app", password = "hunter2hunter2" }

[[target]]
name = "stats"
protocol = "postgres"
address = "127.0.0.1:5432"
login = { user = "app", password = "vault:kv/data/stats#password" }

[[rule]]
name = "reads"
effect = "alow"
who = ["ci"]
on = ["target:order", "stats"]
do = { effects = ["raed"], objects = ["a.b.c.d.e"] }

[[rule]]
name = "asks"
effect = "approve"
who = []
on = ["*"]
do = { actions = ["postgres.selct"] }
when = "facts.nowhere"

[[mask]]
name = "pii"
kind = "hash"
columns = []
"#;
    let said = said(&[GATEWAY, ISSUER, policy]);
    assert!(!said.contains("hunter2"), "a secret written by mistake is not repeated");
    insta::assert_snapshot!(said);
}

#[test]
fn a_file_that_is_not_there_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let said = read(&folder.path().join("postern.toml"), &[]).expect_err("it is not there").to_string();
    insta::assert_snapshot!(said.replace(&format!("{}/", folder.path().display()), ""), @r"
    error: `postern.toml` cannot be read: no such file or directory
    hint: name the configuration file, such as postern.toml
    ");
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let said = said(&[GATEWAY, "\"ev\\u001b[31mil\" = 1\t# \u{85}\u{202e}\n"]);
    assert!(said.contains("unknown key"), "{said}");
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
}

#[test]
fn a_changed_file_is_noticed() {
    let main = format!("include = [\"policy.d/*.toml\"]\n{GATEWAY}{ISSUER}");
    let (folder, config) = good(&[("postern.toml", &main), ("policy.d/a.toml", POLICY)]);
    assert!(!config.stamp.has_changed());
    fs::write(folder.path().join("policy.d/a.toml"), format!("{POLICY}\n# more")).unwrap();
    assert!(config.stamp.has_changed());
}

/// The pieces of the manual as one configuration; it includes `policy.d/*.toml`.
pub(crate) fn manual() -> String {
    let document = include_str!("../../../../docs/configuration.md");
    document.split("```toml\n").skip(1).map(|part| part.split("```").next().unwrap()).collect()
}

#[test]
fn the_documented_configuration_is_one() {
    let files = [("postern.toml", manual()), ("policy.d/empty.toml", String::new())];
    let (_folder, config) =
        good_with(&files.each_ref().map(|(name, text)| (*name, text.as_str())), &crate::vocabularies());
    assert_eq!((config.rulebook.rule_count(), config.rulebook.mask_count(), config.issuers.len()), (7, 2, 1));
    assert_eq!(config.remarks(), []);
}

#[test]
fn every_error_code_is_documented() {
    let document = include_str!("../../../../docs/errors.md");
    let documented: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .filter(|word| word.starts_with("PST-"))
        .collect();
    let all: Vec<String> = postern_core::Code::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(documented, all);
}
