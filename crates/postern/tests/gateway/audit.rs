//! What an auditor gets, with real sessions in the journal.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::served::Served;
use crate::site::{Site, stderr, stdout};

#[test]
fn a_receipt_proves_a_session_on_another_machine() {
    let served = Served::new(18, &[]);
    let mut gateway = served.site.start();
    for statements in
        [&["SELECT 'of the other session'"][..], &["SELECT 'hidden value'", "CREATE TABLE receipts (n int)"]]
    {
        let output = served.through().psql(statements);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());
    let exported = stdout(&served.site.run(&["audit", "export", "--config", "postern.toml"]));
    let records: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let opened = records.iter().rfind(|record| record["event"]["type"] == "session_opened").unwrap();
    let session = opened["session"].as_str().unwrap();
    let own = records.iter().filter(|record| record["session"] == session).count();

    let made = served.site.run(&["audit", "receipt", session, "--config", "postern.toml", "--out", "receipt"]);
    assert!(made.status.success() && made.stdout.is_empty(), "{}", stderr(&made));
    let receipt = fs::read_to_string(served.site.path("receipt")).unwrap();
    assert!(receipt.contains("public.receipts") && !receipt.contains("hidden value"), "statements stay sealed");

    let elsewhere = Site::new();
    elsewhere.write("receipt", &receipt);
    let key = fs::read_to_string(served.site.path("state/journal/journal.pub")).unwrap();
    let verify = |site: &Site| site.run(&["audit", "verify", "receipt", "--key", key.trim()]);
    let verified = verify(&elsewhere);
    let said = stdout(&verified);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(said.starts_with(&format!("ok: session {session}, {own} records, ")), "{said}");
    assert!(said.contains("whole: yes") && said.contains("key: SHA256:"), "{said}");

    elsewhere.write("receipt", &receipt.replacen("\\\"verdict\\\":\\\"allow\\\"", "\\\"verdict\\\":\\\"allov\\\"", 1));
    let changed = verify(&elsewhere);
    assert_eq!(changed.status.code(), Some(1));
    let said = stderr(&changed);
    assert!(said.starts_with("error: the receipt `receipt` proves nothing: record "), "{said}");
    assert!(said.contains(" was changed\nhint: "), "{said}");
    let keyless = elsewhere.run(&["audit", "verify", "receipt"]);
    assert!(stderr(&keyless).contains("hint: pass --key"), "{}", stderr(&keyless));
}

#[test]
fn an_auditor_finds_what_a_bot_did_and_a_bot_finds_nothing() {
    let served = Served::new(18, &[]);
    let policy = fs::read_to_string(served.site.path("policy.toml")).unwrap();
    let roles = "\n[roles]\nauditors = [\"principal:ann\"]\n";
    served.site.write("policy.toml", &format!("{policy}{roles}"));
    let _gateway = served.site.start();
    let output =
        served.through().psql(&["CREATE TABLE searched (mail text)", "SELECT mail AS looked_for FROM searched"]);
    assert!(output.status.success(), "{}", stderr(&output));

    let search = |who: &str, query: &[&str]| {
        let output = served.site.run_as(who, &[&["audit", "search"], query].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, said, why) = search("ann", &["object:public.searched", "effect:read", "verdict:allow"]);
    assert_eq!(code, Some(0), "{why}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("postgres.select") && said.contains("looked_for"), "{said}");
    let (_, said, _) = search("ann", &["LOOKED_for", "--json"]);
    let records: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        records.iter().all(|record| record["event"]["text"].as_str().unwrap().to_lowercase().contains("looked_for")),
        "{said}"
    );
    let types: Vec<&str> = records.iter().map(|record| record["event"]["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["operation"]);
    let (_, said, _) = search("ann", &["principal:ann", "--limit", "2"]);
    assert!(said.lines().all(|line| line.contains("journal_searched")), "that they searched is found: {said}");
    assert_eq!(search("ann", &["object:public.nowhere"]).1, "");

    let (code, said, why) = search("bob", &["object:public.searched"]);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(why.starts_with("error: PST-3025: only an auditor may see this\nhint: "), "{why}");
    let (code, _, why) = search("ann", &["object=public"]);
    assert_eq!(code, Some(0), "{why}");
    assert!(search("ann", &["objects:public"]).2.contains("did you mean `object`?"));
}
