use super::*;

#[test]
fn tests_are_known_by_their_path() {
    let test = |path: &str| File::new(path.to_owned(), String::new()).is_test();
    assert!(test("crates/core/src/gate/tests.rs"));
    assert!(test("crates/protocols/tests/wire.rs"));
    assert!(test("crates/testkit/src/lib.rs"));
    assert!(!test("crates/core/src/gate.rs"));
    assert!(!test("crates/core/src/attests.rs"));
}

#[test]
fn a_star_stands_for_one_part() {
    let file = File::new("crates/protocols/src/x/forward.rs".to_owned(), String::new());
    assert!(file.is_under("crates/protocols"));
    assert!(file.is_under("crates/protocols/src/*/forward.rs"));
    assert!(!file.is_under("crates/*/forward.rs"));
    assert!(!file.is_under("crates/proto"));
}

#[test]
fn a_protocol_is_a_folder_with_a_vocabulary() {
    let tree = Tree::of(&[
        ("crates/protocols/src/lib.rs", ""),
        ("crates/protocols/src/sql/names.rs", ""),
        ("crates/protocols/src/telnet/vocabulary.rs", ""),
        ("crates/protocols/src/telnet/wire.rs", ""),
    ]);
    assert_eq!(tree.protocols(), ["telnet"]);
}

#[test]
fn reading_takes_our_files_and_no_build_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tree = Tree::read(root).unwrap();
    assert!(tree.file("xtask/src/tree.rs").is_some());
    assert!(tree.file(".cargo/config.toml").is_some());
    // a module of that name is no build output
    assert!(tree.file("crates/protocols/src/postgres/login/target/tests.rs").is_some());
    assert!(!tree.files().any(|file| file.is_under("target") || file.is_under(".git")));
}
