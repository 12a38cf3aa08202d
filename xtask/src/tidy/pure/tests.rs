use super::*;

fn findings(text: &str) -> usize {
    find(&Tree::of(&[("crates/core/src/gate.rs", text)])).len()
}

#[test]
fn each_ban_is_seen() {
    for ban in BANS {
        assert_eq!(findings(&format!("fn f() {{ {}(); }}", ban.path)), 1, "{}", ban.path);
        assert_eq!(findings(&format!("use {}::x;", ban.path)), 1, "{}", ban.path);
    }
}

#[test]
fn a_grouped_import_is_seen() {
    assert_eq!(findings("use std::{collections::BTreeMap, fs::File};"), 1);
    assert_eq!(findings("use tokio::{sync::mpsc, time};"), 1);
    assert_eq!(findings("use std::net::{SocketAddr, TcpStream};"), 1);
}

#[test]
fn waiting_without_touching_the_world_is_allowed() {
    assert_eq!(findings("use tokio::io::{AsyncRead, AsyncWrite};\nuse tokio::sync::mpsc;"), 0);
    assert_eq!(findings("use std::time::{Duration, SystemTime};"), 0);
    assert_eq!(findings("// std::fs is the rim's\nlet a = \"std::env\";"), 0);
}

#[test]
fn tests_and_other_crates_are_free() {
    let tree = Tree::of(&[
        ("crates/core/src/gate/tests.rs", "use std::fs;"),
        ("crates/adapters/src/journal.rs", "use std::fs;"),
    ]);
    assert!(find(&tree).is_empty());
}
