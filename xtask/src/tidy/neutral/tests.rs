use super::*;

fn says(text: &str) -> Vec<String> {
    let tree = Tree::of(&[("crates/core/src/gate.rs", text)]);
    judge(&tree, &[]).into_iter().map(|finding| finding.says).collect()
}

#[test]
fn a_protocol_is_seen_in_every_spelling() {
    assert_eq!(says("struct HttpPort;"), ["`http`"]);
    assert_eq!(says("let mysql_port = 1;"), ["`mysql`"]);
    assert_eq!(says("const LDAP_PORT: u16 = 389;"), ["`ldap`"]);
    assert_eq!(says("f(\"postgres.delete\")"), ["`postgres`"]);
    assert_eq!(says("/// As Kubernetes does."), ["`kubernetes`"]);
}

#[test]
fn a_word_that_only_holds_one_passes() {
    assert!(says("let sshd = hashttp; // pushed").is_empty());
}

#[test]
fn tests_and_other_crates_may_speak_of_protocols() {
    let tree = Tree::of(&[("crates/core/src/gate/tests.rs", "ssh"), ("crates/adapters/src/lib.rs", "http")]);
    assert!(judge(&tree, &[]).is_empty());
}

#[test]
fn an_exception_holds_for_its_file_and_word_until_it_is_stale() {
    let exceptions = [Exception { path: "crates/core/src/a.rs", word: "http", reason: "a scheme" }];
    let tree = Tree::of(&[("crates/core/src/a.rs", "http ssh"), ("crates/core/src/b.rs", "http")]);
    let found: Vec<_> = judge(&tree, &exceptions).into_iter().map(|f| (f.path, f.says)).collect();
    assert_eq!(
        found,
        [
            ("crates/core/src/a.rs".to_owned(), "`ssh`".to_owned()),
            ("crates/core/src/b.rs".to_owned(), "`http`".to_owned()),
        ]
    );
    let stale = judge(&Tree::of(&[("crates/core/src/a.rs", "")]), &exceptions);
    assert_eq!(stale.len(), 1);
    assert!(stale[0].says.contains("no longer needs `http` (a scheme)"));
}
