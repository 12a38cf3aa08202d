use super::*;
use crate::tidy::Weight;

fn weights(path: &str, lines: usize) -> Vec<Weight> {
    let text = "x\n".repeat(lines);
    find(&Tree::of(&[(path, &text)])).into_iter().map(|finding| finding.weight).collect()
}

#[test]
fn a_long_file_is_noted_and_a_longer_one_fails() {
    assert_eq!(weights("a.rs", 400), []);
    assert_eq!(weights("a.rs", 401), [Weight::Notes]);
    assert_eq!(weights("a.rs", 500), [Weight::Notes]);
    assert_eq!(weights("a.rs", 501), [Weight::Fails]);
}

#[test]
fn tests_have_more_room_and_other_files_no_bound() {
    assert_eq!(weights("a/tests.rs", 600), []);
    assert_eq!(weights("a/tests.rs", 601), [Weight::Fails]);
    assert_eq!(weights("a.md", 9000), []);
}

#[test]
fn a_test_module_in_the_file_it_tests_is_seen() {
    let found = |text: &str| find(&Tree::of(&[("a.rs", text)])).len();
    assert_eq!(found("fn f() {}\n#[cfg(test)]\nmod tests {\n}\n"), 1);
    assert_eq!(found("fn f() {}\n#[cfg(test)]\nmod tests;\n"), 0);
    assert_eq!(found("#[cfg(test)]\nfn only_in_tests() {}\n"), 0);
}
