//! A file fits a few screens; tests live in a file of their own.
//!
//! A file past the first bound is worth a thought and is noted; past the second it fails. The
//! answer is a better idea of what the file is about, not a cut at random.

use super::Finding;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

const COMFORTABLE: usize = 400;
const MOST: usize = 500;
const MOST_IN_TESTS: usize = 600;

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|file| file.is_rust())
        .flat_map(|file| length(file).into_iter().chain(inline_tests(file)))
        .collect()
}

fn length(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let most = if file.is_test() { MOST_IN_TESTS } else { MOST };
    if lines > most {
        return Some(Finding::at(file, 0, format!("{lines} lines, at most {most}")));
    }
    let long = !file.is_test() && lines > COMFORTABLE;
    long.then(|| Finding::at(file, 0, format!("{lines} lines, better under {COMFORTABLE}")).noted())
}

/// `#[cfg(test)] mod tests { … }` in the file it tests.
fn inline_tests(file: &File) -> Option<Finding> {
    let (before, after) = file.code.split_once("#[cfg(test)]")?;
    let opens = after.trim_start().strip_prefix("mod ")?.find(['{', ';'])?;
    let body = after.trim_start().strip_prefix("mod ")?.get(opens..)?;
    body.starts_with('{').then(|| {
        let line = before.lines().count();
        Finding::at(file, line, "tests go into a file of their own: `mod tests;`")
    })
}
