use super::*;

fn page(first: &str) -> String {
    let mut page = format!("| n | threat | what excludes it | test |\n|---|---|---|---|\n| 1 | t | e | {first} |\n");
    for number in 2..=40 {
        page.push_str(&format!("| {number} | t | e | not built |\n"));
    }
    page
}

fn says(page: &str) -> Vec<String> {
    let tree = Tree::of(&[
        ("docs/threats.md", page),
        (
            "crates/core/src/gate/tests.rs",
            "#[test]\nfn denies() {}\nfn helper() {}\n#[tokio::test(start_paused = true)]\nasync fn waits() {}",
        ),
        ("crates/core/src/gate.rs", "//! ```compile_fail\n//! ```"),
        ("crates/core/src/plain.rs", ""),
        ("fuzz/fuzz_targets/wire.rs", ""),
        ("e2e/test_psql.py", "def test_masked():\n    pass\n\ndef masked():\n    pass\n"),
    ]);
    find(&tree).into_iter().map(|finding| finding.says).collect()
}

#[test]
fn tests_examples_and_fuzz_targets_that_exist_pass() {
    for cell in [
        "`gate::tests::denies`",
        "`denies`",
        "`postern_core::gate::tests::waits`",
        "`test_psql::test_masked`",
        "`crates/core/src/gate.rs`",
        "`fuzz/fuzz_targets/wire.rs`, `denies`",
        "not built",
    ] {
        assert_eq!(says(&page(cell)), Vec::<String>::new(), "{cell}");
    }
}

#[test]
fn a_test_that_does_not_exist_is_seen() {
    for name in [
        "gate::tests::allows",
        "other::tests::denies",
        "helper",
        "test_psql::masked",
        "crates/core/src/plain.rs",
        "crates/core/src/gone.rs",
        "fuzz/fuzz_targets/gone.rs",
    ] {
        let found = says(&page(&format!("`denies`, `{name}`")));
        assert_eq!(found, [format!("threat 1: there is no test `{name}`")]);
    }
}

#[test]
fn a_row_that_says_nothing_is_seen() {
    assert_eq!(says(&page("soon")), ["threat 1: names no test, and does not say `not built`"]);
    assert_eq!(says(&page("")), ["threat 1: names no test, and does not say `not built`"]);
}

#[test]
fn a_missing_and_a_doubled_number_are_seen() {
    let page = page("not built").replace("| 7 |", "| 8 |");
    assert_eq!(says(&page), ["threat 8 stands here twice", "threat 7 is missing"]);
}

#[test]
fn a_missing_page_is_said() {
    assert_eq!(find(&Tree::default()).len(), 1);
}
