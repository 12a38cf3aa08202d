//! Every protocol has the same files under the same names, and runs the conformance suite.
//!
//! Who has read one protocol then knows where to look in the next. A protocol is a folder of
//! `crates/protocols/src` that declares a vocabulary.

use super::Finding;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

/// Each is a file `NAME.rs` or a folder `NAME/`.
const FILES: &[&str] = &["wire", "session", "login", "analyze", "refuse", "vocabulary"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    tree.protocols().into_iter().flat_map(|protocol| in_protocol(tree, protocol)).collect()
}

fn in_protocol(tree: &Tree, protocol: &str) -> Vec<Finding> {
    let home = format!("crates/protocols/src/{protocol}");
    let mut found: Vec<Finding> = FILES
        .iter()
        .filter(|name| !has(tree, &format!("{home}/{name}")))
        .map(|name| Finding::of(&home, 0, format!("has no `{name}`")))
        .collect();
    let own_tests = format!("crates/protocols/tests/{protocol}");
    let conforms = tree
        .files()
        .filter(|file| file.is_test())
        .filter(|file| file.path.starts_with(&home) || file.path.starts_with(&own_tests))
        .any(|file| file.code.contains("conformance!"));
    if !conforms {
        found.push(Finding::of(&home, 0, "no test calls `conformance!`"));
    }
    found
}

fn has(tree: &Tree, stem: &str) -> bool {
    tree.file(&format!("{stem}.rs")).is_some() || tree.files().any(|file| file.is_rust() && file.is_under(stem))
}
