//! A module opens with what it is for, what it must never know, and where to enter.
//!
//! Two lines of `//!` are the least that can say so. Test files are exempt: their names say
//! what they are for.

use super::Finding;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const LEAST: usize = 2;

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|file| file.is_rust() && !is_test_file(file))
        .filter(|file| opening(&file.text) < LEAST)
        .map(|file| Finding::at(file, 1, format!("opens with less than {LEAST} lines of `//!`")))
        .collect()
}

/// The testkit is a crate like others here: it is read more often than written.
fn is_test_file(file: &File) -> bool {
    file.is_test() && (!file.path.starts_with("crates/testkit/src/") || file.path.ends_with("/tests.rs"))
}

/// How many lines of `//!` with words in them the file begins with.
fn opening(text: &str) -> usize {
    text.lines().map_while(|line| line.strip_prefix("//!")).filter(|words| !words.trim().is_empty()).count()
}
