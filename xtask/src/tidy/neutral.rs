//! Core names no protocol: not in code, not in a literal, not in a comment.
//!
//! A protocol's name in core is the first step to a decision that depends on it. Tests of core
//! may speak of real targets; the vocabulary of a protocol is the protocol's own.

use super::Finding;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const WORDS: &[&str] =
    &["postgres", "postgresql", "pg", "mysql", "mariadb", "ssh", "kubernetes", "k8s", "kube", "ldap", "http", "https"];

struct Exception {
    path: &'static str,
    word: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    path: "crates/core/src/policy/source/targets.rs",
    word: "k8s",
    reason: "a kind of secret store in references, not a protocol",
}];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    judge(tree, EXCEPTIONS)
}

fn judge(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let (excepted, mut found): (Vec<_>, Vec<_>) = tree
        .rust_under("crates/core/src/")
        .filter(|file| !file.is_test())
        .flat_map(named)
        .partition(|(file, _, word)| exceptions.iter().any(|known| known.covers(file, word)));
    let stale = exceptions
        .iter()
        .filter(|known| !excepted.iter().any(|(file, _, word)| known.covers(file, word)))
        .map(|known| Finding::of(known.path, 0, format!("no longer needs `{}` ({})", known.word, known.reason)));
    found.drain(..).map(|(file, line, word)| Finding::at(file, line, format!("`{word}`"))).chain(stale).collect()
}

impl Exception {
    fn covers(&self, file: &File, word: &str) -> bool {
        file.is_under(self.path) && self.word == word
    }
}

/// Where a file names a protocol: the file, the line, the word.
fn named(file: &File) -> Vec<(&File, usize, String)> {
    (1_usize..)
        .zip(file.text.lines())
        .flat_map(|(at, line)| words(line).into_iter().map(move |word| (file, at, word)))
        .filter(|(_, _, word)| WORDS.contains(&word.as_str()))
        .collect()
}

/// The words of a line in lower case: `HttpPort`, `http_port` and `"http"` all hold `http`.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        let begins = c.is_uppercase() && !before.is_uppercase();
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}
