use super::*;

fn findings(path: &str, text: &str) -> usize {
    find(&Tree::of(&[(path, text)])).len()
}

#[test]
fn a_bare_or_one_line_opening_is_seen() {
    assert_eq!(findings("a.rs", "fn f() {}\n"), 1);
    assert_eq!(findings("a.rs", "//! One line.\n\nfn f() {}\n"), 1);
    assert_eq!(findings("a.rs", "//! One line.\n//!\n//!\n"), 1);
    assert_eq!(findings("a.rs", "use x;\n//! Too\n//! late.\n"), 1);
    assert_eq!(findings("crates/testkit/src/a.rs", ""), 1);
}

#[test]
fn two_lines_pass_and_tests_need_none() {
    assert_eq!(findings("a.rs", "//! What it is for.\n//!\n//! Where to enter.\n"), 0);
    assert_eq!(findings("a/tests.rs", ""), 0);
    assert_eq!(findings("crates/testkit/src/a/tests.rs", ""), 0);
}
