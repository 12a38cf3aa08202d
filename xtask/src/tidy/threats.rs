//! Every threat in docs/threats.md names a test that exists, or says `not built`.
//!
//! Its tables have four columns: `| n | threat | what excludes it | test |`. The last holds test
//! functions in backticks (`policy::tests::nothing_matches_is_deny`), files whose compile-fail
//! examples are the test (`crates/core/src/gate.rs`), fuzz targets (`fuzz/fuzz_targets/wire.rs`),
//! or the words `not built`. No number of the list may be missing.

use std::collections::BTreeSet;

use super::{Finding, quoted, table_rows};
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const PAGE: &str = "docs/threats.md";
const NUMBERS: std::ops::RangeInclusive<usize> = 1..=40;
const NOT_BUILT: &str = "not built";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Finding::of(PAGE, 0, "is missing")];
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, cells) in table_rows(&page.text, 4) {
        let [number, _, _, test] = cells.as_slice() else {
            continue;
        };
        let Ok(number) = number.parse::<usize>() else {
            continue;
        };
        if !seen.insert(number) {
            found.push(Finding::at(page, line, format!("threat {number} stands here twice")));
        }
        for says in unproven(tree, test) {
            found.push(Finding::at(page, line, format!("threat {number}: {says}")));
        }
    }
    for missing in NUMBERS.filter(|number| !seen.contains(number)) {
        found.push(Finding::at(page, 0, format!("threat {missing} is missing")));
    }
    found
}

/// What is wrong with the last cell of a row.
fn unproven(tree: &Tree, cell: &str) -> Vec<String> {
    let named: Vec<&str> = quoted(cell).collect();
    if named.is_empty() {
        let honest = cell == NOT_BUILT;
        let says = format!("names no test, and does not say `{NOT_BUILT}`");
        return if honest { Vec::new() } else { vec![says] };
    }
    named.into_iter().filter(|name| !exists(tree, name)).map(|name| format!("there is no test `{name}`")).collect()
}

fn exists(tree: &Tree, name: &str) -> bool {
    if name.contains('/') {
        return tree.file(name).is_some_and(is_example_or_target);
    }
    let mut segments = name.rsplit("::");
    let function = segments.next().unwrap_or(name);
    let module = segments.find(|segment| *segment != "tests");
    tree.files()
        .filter(|file| module.is_none_or(|module| speaks_of(file, module)))
        .any(|file| defines_test(file, function))
}

fn is_example_or_target(file: &File) -> bool {
    file.path.starts_with("fuzz/fuzz_targets/") || file.text.contains("```compile_fail")
}

/// Whether `module` is a part of the file's path or a module inside it.
fn speaks_of(file: &File, module: &str) -> bool {
    file.path.split(['/', '.']).any(|part| part == module) || file.code.contains(&format!("mod {module} "))
}

/// Whether the file has a test function of this name, in Rust or in Python.
fn defines_test(file: &File, function: &str) -> bool {
    let (text, head) = match file.path.rsplit_once('.') {
        Some((_, "rs")) => (&file.code, format!("fn {function}(")),
        Some((_, "py")) => (&file.text, format!("def {function}(")),
        _ => return false,
    };
    let marked = |before: &str| {
        let attributes = before.rsplit(['}', ';', '{']).next().unwrap_or(before);
        attributes.contains("test")
    };
    match text.split_once(&head) {
        Some((before, _)) if file.is_rust() => marked(before),
        Some(_) => function.starts_with("test_"),
        None => false,
    }
}
