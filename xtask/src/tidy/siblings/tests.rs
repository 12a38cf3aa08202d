use super::*;

fn findings(path: &str, text: &str) -> usize {
    let tree = Tree::of(&[
        ("crates/protocols/src/telnet/vocabulary.rs", ""),
        ("crates/protocols/src/gopher/vocabulary.rs", ""),
        (path, text),
    ]);
    find(&tree).len()
}

#[test]
fn reaching_into_another_protocol_is_seen() {
    let here = "crates/protocols/src/telnet/login.rs";
    assert_eq!(findings(here, "use crate::gopher::wire;"), 1);
    assert_eq!(findings(here, "use crate::{wire, gopher};"), 1);
    assert_eq!(findings(here, "fn f() { super::super::gopher::wire() }"), 1);
}

#[test]
fn what_is_shared_knows_no_protocol() {
    assert_eq!(findings("crates/protocols/src/wire.rs", "use crate::telnet::wire;"), 1);
    assert_eq!(findings("crates/protocols/src/sql/names.rs", "use crate::telnet;"), 1);
}

#[test]
fn ones_own_folder_and_the_list_may_name_it() {
    assert_eq!(findings("crates/protocols/src/telnet/login.rs", "use crate::telnet::wire; use gopher::Client;"), 0);
    assert_eq!(findings("crates/protocols/src/lib.rs", "use crate::telnet; use crate::gopher;"), 0);
}
