use super::*;

const CALL: &str = "testkit::conformance!(Telnet);";
const COMPLETE: &[(&str, &str)] = &[
    ("crates/protocols/src/telnet/wire/frame.rs", ""),
    ("crates/protocols/src/telnet/session.rs", ""),
    ("crates/protocols/src/telnet/login.rs", ""),
    ("crates/protocols/src/telnet/analyze.rs", ""),
    ("crates/protocols/src/telnet/refuse.rs", ""),
    ("crates/protocols/src/telnet/vocabulary.rs", ""),
    ("crates/protocols/src/telnet/tests/conformance.rs", CALL),
];

fn without(path: &str) -> Vec<String> {
    let files: Vec<_> = COMPLETE.iter().copied().filter(|(own, _)| !own.ends_with(path)).collect();
    find(&Tree::of(&files)).into_iter().map(|finding| finding.says).collect()
}

#[test]
fn a_complete_protocol_passes() {
    assert!(without("none of them").is_empty());
}

#[test]
fn each_missing_file_is_seen() {
    assert_eq!(without("/wire/frame.rs"), ["has no `wire`"]);
    for name in ["session", "login", "analyze", "refuse"] {
        assert_eq!(without(&format!("/{name}.rs")), [format!("has no `{name}`")]);
    }
}

#[test]
fn a_protocol_without_the_suite_is_seen() {
    assert_eq!(without("/conformance.rs"), ["no test calls `conformance!`"]);
}

#[test]
fn a_call_counts_only_in_code_of_tests() {
    let mut files: Vec<_> = COMPLETE.to_vec();
    files.pop();
    files.push(("crates/protocols/src/telnet/tests/conformance.rs", "// conformance!(Telnet)"));
    files.push(("crates/protocols/src/telnet/extra.rs", CALL));
    assert_eq!(find(&Tree::of(&files)).len(), 1);
    files.pop();
    files.push(("crates/protocols/tests/telnet.rs", CALL));
    assert!(find(&Tree::of(&files)).is_empty());
}
