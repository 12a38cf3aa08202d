//! What the verbs say that work on a configuration alone.

mod decisions;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use tempfile::TempDir;

use crate::cli::Cli;
use crate::config::tests::manual;

/// The configuration of the manual, with something at its end.
fn documented(more: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policy.d")).unwrap();
    fs::write(folder.path().join("policy.d/empty.toml"), "").unwrap();
    let file = folder.path().join("postern.toml");
    fs::write(&file, manual() + more).unwrap();
    (folder, file)
}

/// What a verb prints and how it fails.
fn run(arguments: &[&str]) -> (String, Option<String>) {
    let cli = Cli::try_parse_from(std::iter::once(&"postern").chain(arguments)).unwrap();
    let mut out = Vec::new();
    let failed = crate::run(cli, &mut out).err().map(|error| crate::failure::shown(&error));
    (String::from_utf8(out).unwrap(), failed)
}

fn explain(file: &Path, arguments: &[&str]) -> String {
    let file = file.to_str().unwrap();
    let fixed = ["explain", "--config", file, "--at", "2026-01-31T08:00:00Z"];
    let (said, failed) = run(&fixed.iter().chain(arguments).copied().collect::<Vec<_>>());
    format!("$ postern explain {}\n{said}{}\n", arguments.join(" "), failed.unwrap_or_default())
}

#[test]
fn detectors_are_listed() {
    let (said, failed) = run(&["check", "--list-detectors"]);
    assert_eq!(failed, None);
    insta::assert_snapshot!(said);
    let (json, failed) = run(&["check", "--list-detectors", "--json"]);
    assert_eq!(failed, None);
    let all: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let lines: Vec<String> = all.iter().map(|one| format!("{} {}", one["name"], one["finds"])).collect();
    let words = |text: &str| text.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(lines.iter().map(|line| words(line)).collect::<Vec<_>>(), said.lines().map(words).collect::<Vec<_>>());
}

#[test]
fn an_operation_is_explained() {
    let (_folder, file) = documented("");
    let bot = |text| explain(&file, &["--as", "deploy-bot", "--on", "orders", text]);
    let person = |from, text| {
        explain(&file, &["--as", "dana", "--group", "staff", "--on", "orders/stats", "--from", from, text])
    };
    let said = [
        bot("SELECT id, total FROM orders WHERE id = 7"),
        bot("SELECT id, email AS mail FROM customers"),
        bot("SELECT left(email, 5) FROM customers"),
        bot("DELETE FROM orders"),
        bot("UPDATE orders SET total = 0 WHERE id = 7; DROP TABLE orders"),
        bot("COPY orders TO PROGRAM 'sh'"),
        bot("BEGIN"),
        bot("SELEC 1"),
        bot("DO $$ BEGIN DELETE FROM orders; END $$"),
        person("10.1.2.3", "SELECT email FROM customers"),
        person("192.0.2.1", "SELECT email FROM customers"),
        explain(&file, &["--as", "assistant", "--on", "orders", "TABLE customers"]),
        explain(&file, &["--as", "nobody", "--on", "nowhere", "SELECT 1"]),
        explain(&file, &["--as", "", "--on", "orders", "SELECT 1"]),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_tests_of_the_manual_pass() {
    let (_folder, file) = documented("");
    let (said, failed) = run(&["test", file.to_str().unwrap()]);
    assert_eq!(failed, None, "{said}");
    assert!(said.ends_with("\n4 passed\n"), "{said}");
}

#[test]
fn a_test_that_fails_says_what_each_rule_says() {
    let (folder, file) = documented(
        r#"
[[test]]
name = "the bot may drop"
as = "deploy-bot"
on = "orders"
run = "DROP TABLE orders"
expect = { verdict = "allow" }

[[test]]
name = "the bot sees all"
as = "deploy-bot"
on = "orders"
run = "SELECT email, phone, id FROM customers"
expect = { verdict = "allow", masked = ["email"] }
"#,
    );
    let (said, failed) = run(&["test", file.to_str().unwrap()]);
    let said = said.replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(format!("{said}\n{}", failed.unwrap()));
}

#[test]
fn a_configuration_without_tests_does_not_pass_for_tested() {
    let (_folder, file) = documented("");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.split("[[test]]").next().unwrap()).unwrap();
    let (said, failed) = run(&["test", file.to_str().unwrap()]);
    assert_eq!((said.as_str(), failed.is_some()), ("", true));
}

#[test]
fn a_command_is_explained() {
    let host = r#"
        [[target]]
        name     = "web-9"
        protocol = "ssh"
        address  = "web-9.internal:22"
        host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
        login    = { user = "deploy", certificate = "issued" }

        [[rule]]
        name   = "restarts"
        effect = "allow"
        who    = ["principal:deploy-bot"]
        on     = ["target:web-9"]
        do     = { run = "systemctl restart {service:[a-z-]+}" }
    "#;
    let (_folder, file) = documented(host);
    let said = ["systemctl restart shop", "sudo systemctl restart shop"]
        .map(|text| explain(&file, &["--as", "deploy-bot", "--on", "web-9", text]));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_schema_that_cannot_be_used_is_a_mistake_at_its_place() {
    let (folder, file) = documented("");
    let text = fs::read_to_string(&file).unwrap();
    let named = "name      = \"orders\"";
    assert!(text.contains(named));
    fs::write(&file, text.replace(named, &format!("{named}\nschema    = \"orders.toml\""))).unwrap();
    let whole = "format = 1\nprotocol = \"postgres\"\n";
    let shop = "[[database]]\nname = \"shop\"\naccounts = [{ name = \"app\", search_path = [] }]\n";
    let mut said = String::new();
    for (case, content) in [
        ("no file", None),
        ("no TOML", Some("format = ")),
        ("a later format", Some("format = 7\nprotocol = \"postgres\"\n[tables]\n")),
        ("a database is missing", Some(&*format!("{whole}{shop}"))),
        (
            "an account is missing",
            Some(&*format!("{whole}[[database]]\nname = \"shop\"\n{}", shop.replace("shop", "stats"))),
        ),
        ("a mistake in it", Some(&*format!("{whole}{shop}indxes = []\n"))),
    ] {
        if let Some(content) = content {
            fs::write(folder.path().join("orders.toml"), content).unwrap();
        }
        let path = file.to_str().unwrap();
        let explain = ["explain", "--config", path, "--as", "deploy-bot", "--on", "orders", "SELECT 1"];
        let failed = run(&["test", path]).1.unwrap();
        assert_eq!(
            [run(&["check", path]), run(&explain)].map(|(said, failed)| (said.len(), failed)),
            [(0, Some(failed.clone())), (0, Some(failed.clone()))]
        );
        said.push_str(&format!("## {case}\n{}\n\n", failed.replace(&format!("{}/", folder.path().display()), "")));
    }
    insta::assert_snapshot!(said);
    let all = shop.to_owned() + &shop.replace("shop", "stats");
    fs::write(folder.path().join("orders.toml"), format!("{whole}{all}")).unwrap();
    let said = explain(&file, &["--as", "deploy-bot", "--on", "orders", "SELECT 1"]);
    assert!(said.contains("\non       orders (postgres), names as in orders.toml\n"), "{said}");
}
