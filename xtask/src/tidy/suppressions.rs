//! No test is skipped, no lint silenced, nothing left to do behind a macro.
//!
//! A lint that must be silenced is `#[expect(lint, reason = "…")]`, which goes when it is no
//! longer needed. A test that cannot run fails, so that somebody hears of it.

use super::Finding;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const EXPECT: &str = "use `#[expect(lint, reason = \"…\")]`";
const RUNS: &str = "a test runs or goes";
const DONE: &str = "what is not written yet is not called yet";

/// Words in Rust's code, outside comments and literals.
const IN_RUST: &[(&str, &str)] =
    &[("#[allow(", EXPECT), ("#![allow(", EXPECT), ("#[ignore", RUNS), ("todo!", DONE), ("unimplemented!", DONE)];
/// Words in the code of a conditional attribute.
const IN_CFG_ATTR: &[(&str, &str)] = &[(" allow(", EXPECT), (" ignore", RUNS)];
/// Words in the comments of Rust: an example that is not compiled is not an example.
const IN_COMMENTS: &[(&str, &str)] = &[("```ignore", RUNS), ("```rust,ignore", RUNS)];
const IN_PYTHON: &[(&str, &str)] = &[
    ("pytest.skip", RUNS),
    ("pytest.mark.skip", RUNS),
    ("pytest.mark.xfail", RUNS),
    ("pytest.importorskip", RUNS),
    ("unittest.skip", RUNS),
    (".skipTest(", RUNS),
];
const IN_JAVASCRIPT: &[(&str, &str)] = &[
    ("it.only(", RUNS),
    ("test.only(", RUNS),
    ("describe.only(", RUNS),
    ("it.skip(", RUNS),
    ("test.skip(", RUNS),
    ("describe.skip(", RUNS),
    ("xit(", RUNS),
];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    tree.files().flat_map(in_file).collect()
}

fn in_file(file: &File) -> Vec<Finding> {
    match file.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "rs" => {
            let mut found = in_text(file, &file.code, IN_RUST);
            found.extend(without_tests(file));
            let conditional = only_lines(&file.code, |line| line.contains("cfg_attr("));
            found.extend(in_text(file, &conditional, IN_CFG_ATTR));
            let comments = only_lines(&file.text, |line| line.trim_start().starts_with("//"));
            found.extend(in_text(file, &comments, IN_COMMENTS));
            found
        }
        "py" => in_text(file, &file.text, IN_PYTHON),
        "js" | "mjs" | "ts" => in_text(file, &file.text, IN_JAVASCRIPT),
        _ => Vec::new(),
    }
}

/// A test file that tests nothing.
fn without_tests(file: &File) -> Option<Finding> {
    let named = file.path.ends_with("/tests.rs") || file.path.ends_with("/tests/mod.rs");
    let empty = !["test]", "test(", "test!", "mod ", "conformance!"].iter().any(|word| file.code.contains(word));
    (named && empty).then(|| Finding::at(file, 0, "holds no test"))
}

/// The text with every line emptied that is not `wanted`.
fn only_lines(text: &str, wanted: fn(&str) -> bool) -> String {
    text.lines().map(|line| format!("{}\n", if wanted(line) { line } else { "" })).collect()
}

fn in_text(file: &File, text: &str, words: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in (1_usize..).zip(text.lines()) {
        for (word, instead) in words.iter().filter(|(word, _)| stands_in(line, word)) {
            found.push(Finding::at(file, at, format!("`{word}`: {instead}")));
        }
    }
    found
}

/// Whether the word stands in the line, not as the end of a longer one.
fn stands_in(line: &str, word: &str) -> bool {
    let starts_inside = word.starts_with(|c: char| c.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !(starts_inside && before.is_some_and(|c| c.is_alphanumeric() || c == '_'))
    })
}
