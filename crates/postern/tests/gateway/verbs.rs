//! The verbs from outside: exit codes, what goes to which stream, what is said of failures.

use std::fs;

use crate::site::{Site, copy, postern, stderr, stdout};
use rustix::process::Signal;

#[test]
fn bad_usage_is_two() {
    for args in [&[][..], &["frobnicate"], &["check"], &["check", "a", "b"], &["audit", "verify", "--key"], &["serve"]]
    {
        let output = postern().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    for args in [&["check", "--schema", "postern.toml"], &["check", "--schema", "--online"][..]] {
        assert_eq!(postern().args(args).output().unwrap().status.code(), Some(2), "{args:?}");
    }
    let schema = postern().args(["check", "--schema"]).output().unwrap();
    assert!(schema.status.success() && stdout(&schema).contains("json-schema.org/draft/2020-12"), "{schema:?}");
    for args in [["--help"], ["--version"]] {
        let output = postern().args(args).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{args:?}");
    }
}

#[test]
fn check_says_ok_or_all_that_is_wrong() {
    let site = Site::new();
    let good = site.run(&["check", "postern.toml"]);
    assert!(good.status.success() && good.stderr.is_empty());
    let said = stdout(&good);
    assert!(said.starts_with("ok: 0 rules, 0 masks, 0 targets, 1 principal, 1 issuer; revision "), "{said}");

    site.write("policy.toml", "[[rules]]\n[[principal]]\nnmae = \"x\"\n");
    let bad = site.run(&["check", "postern.toml"]);
    assert_eq!((bad.status.code(), bad.stdout.len()), (Some(1), 0));
    let said = stderr(&bad);
    assert!(said.contains("policy.toml:1:3") && said.contains("policy.toml:3:1"), "{said}");
    assert!(said.contains("hint: did you mean `name`?"), "{said}");

    let missing = site.run(&["check", "elsewhere.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).starts_with("error: `elsewhere.toml` cannot be read"));
}

#[test]
fn a_touched_journal_does_not_verify() {
    let site = Site::new();
    let mut gateway = site.start();
    site.run_as("ann", &["approvals", "list"]);
    site.write("forged", "a.b.c");
    let forged = site.path("forged").display().to_string();
    let gateway_url = format!("https://localhost:{}", site.https);
    site.run(&["approvals", "list", "--gateway", &gateway_url, "--ca-file", "state/tls.crt", "--token-file", &forged]);
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());

    let segment = "00000001.journal";
    let whole = fs::read(site.path("state/journal").join(segment)).unwrap();
    let last = whole.split_inclusive(|byte| *byte == b'\n').next_back().unwrap().len();
    let mut start = 0_usize;
    for (number, line) in (1_usize..).zip(whole.split_inclusive(|byte| *byte == b'\n')) {
        // a byte in each line: in the hash, in the JSON, and the newline itself
        let end = start.saturating_add(line.len());
        for at in [start, start.saturating_add(70), end.saturating_sub(1)] {
            let copied = site.path(&format!("copy-{at}"));
            copy(&site.path("state/journal"), &copied);
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(copied.join(segment), &bytes).unwrap();
            let verified = site.run(&["audit", "verify", &copied.display().to_string()]);
            assert_eq!(verified.status.code(), Some(1), "byte {at} of line {number}");
            let said = stderr(&verified);
            let newline = at == end.saturating_sub(1);
            let touched = match () {
                () if newline && end == whole.len() => format!("segment 1, line {number}: the newline at its end"),
                // behind the last two lines nothing says that they were two
                () if newline && end + last == whole.len() => format!("record {number} was changed (segment 1"),
                () if newline => format!("records {number} to {} were changed or removed (segment 1", number + 1),
                () => format!("record {number} was changed (segment 1, line {number})\n"),
            };
            let said_first = format!("error: the journal was touched: {touched}");
            assert!(said.starts_with(&said_first), "byte {at}: {said}");
        }
        start = end;
    }
    assert_eq!(start, whole.len());

    let key = site.path("state/journal/journal.pub").display().to_string();
    assert!(site.run(&["audit", "verify", "state/journal", "--key", &key]).status.success());
    let other = format!("ed25519:{}", "ab".repeat(32));
    let by_other = site.run(&["audit", "verify", "state/journal", "--key", &other]);
    assert_eq!(by_other.status.code(), Some(1));
    assert!(stderr(&by_other).contains("not signed with this key"), "{}", stderr(&by_other));
}

#[test]
fn what_cannot_be_verified_says_why() {
    let site = Site::new();
    fs::create_dir(site.path("empty")).unwrap();
    let key = format!("ed25519:{}", "ab".repeat(32));
    let mut said = String::new();
    for args in [
        &["audit", "verify", "empty"][..],
        &["audit", "verify", "empty", "--key", &key],
        &["audit", "verify", "nowhere", "--key", &key],
        &["audit", "verify", "empty", "--key", "ed25519:1234"],
        &["audit", "verify", "empty", "--key", "policy.toml"],
        &["audit", "verify", "--config", "nowhere.toml"],
        &["audit", "export", "--config", "postern.toml"],
    ] {
        let output = site.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        said.push_str(&format!("$ postern {}\n{}\n", args.join(" "), stderr(&output)));
    }
    insta::assert_snapshot!(said.replace(&"ab".repeat(32), "AB…"));
}

#[test]
fn the_journal_is_exported_as_it_stands() {
    let site = Site::new();
    let mut gateway = site.start();
    gateway.signal(Signal::TERM);
    gateway.ended();
    let exported = site.run(&["audit", "export", "--config", "postern.toml", "--unseal"]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    let text = stdout(&exported);
    let types: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["event"]["type"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(types.first().map(String::as_str), Some("segment_opened"));
    assert_eq!(types.last().map(String::as_str), Some("checkpoint"));
}

#[test]
fn a_gateway_that_cannot_be_asked_is_one_sentence() {
    let site = Site::new();
    let nobody = format!("https://localhost:{}", crate::site::free_port());
    let token = site.token_file("ann").display().to_string();
    site.write("empty", "\n");
    let _gateway = site.start();
    let here = format!("https://localhost:{}", site.https);
    let mut said = String::new();
    for (case, args) in [
        ("nobody listens", vec!["--gateway", &nobody, "--token-file", &token]),
        ("not trusted", vec!["--gateway", &here, "--token-file", &token]),
        ("no https", vec!["--gateway", "http://localhost:1", "--token-file", &token]),
        ("no token", vec!["--gateway", &here, "--token-file", "nowhere"]),
        ("an empty token", vec!["--gateway", &here, "--token-file", "empty"]),
        ("no authority", vec!["--gateway", &here, "--token-file", &token, "--ca-file", "empty"]),
    ] {
        let output = site.run(&[&["approvals", "list"], &args[..]].concat());
        assert_eq!(output.status.code(), Some(1), "{case}");
        said.push_str(&format!("## {case}\n{}\n", stderr(&output)));
    }
    let said = site.relative(&said).replace(nobody.rsplit(':').next().unwrap(), "PORT");
    insta::assert_snapshot!(said);
    for id in ["apr_1", "../x", "apr_00000000000000000000000000000000"] {
        let output = site.run_as("ann", &["approvals", "approve", id]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("no"), "{}", stderr(&output));
    }
}
