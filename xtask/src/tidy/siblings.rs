//! No protocol knows another, and what they share knows none of them.
//!
//! What two protocols need lives beside their folders, in a file that names neither. Only
//! `lib.rs` may list them.

use super::Finding;
use crate::rust;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const HOME: &str = "crates/protocols/src/";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let protocols = tree.protocols();
    tree.rust_under(HOME)
        .filter(|file| file.path != "crates/protocols/src/lib.rs")
        .flat_map(|file| in_file(file, &protocols))
        .collect()
}

fn in_file(file: &File, protocols: &[&str]) -> Vec<Finding> {
    let own = file.path.strip_prefix(HOME).and_then(|path| path.split(['/', '.']).next()).unwrap_or("");
    let mut found = Vec::new();
    for path in rust::paths(&file.code) {
        for other in protocols.iter().filter(|other| **other != own) {
            if path.names(&format!("crate::{other}")) || path.names(&format!("super::{other}")) {
                found.push(Finding::at(file, path.line, format!("`{}` reaches into `{other}`", path.text)));
            }
        }
    }
    found
}
