//! No path of anybody's own machine: it works nowhere else, and tells about its owner.
//!
//! Every text file is read, whatever its language. This folder is exempt, since it must name
//! what it looks for.

use super::Finding;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

const PERSONAL: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "C:\\Users\\"];
const EXEMPT: &str = "xtask/src/tidy";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().filter(|file| !file.is_under(EXEMPT)) {
        for (line, text) in (1_usize..).zip(file.text.lines()) {
            for path in PERSONAL.iter().filter(|path| begins_a_path(text, path)) {
                found.push(Finding::at(file, line, format!("`{path}`")));
            }
        }
    }
    found
}

/// Whether `path` stands in `text` as the beginning of a path, not in the middle of one.
fn begins_a_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-*}/".contains(c))
    })
}
