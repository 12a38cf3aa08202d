//! What the architecture promises and the compiler cannot see, one small check each.
//!
//! A check is a function from the tree to findings; it reads nothing else. To add one, write a
//! module with tests that show it catching a violation, and a line in [`CHECKS`].

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::tree::{File, Tree};

mod docs;
mod edges;
mod neutral;
mod protocols;
mod pure;
mod siblings;
mod sizes;
mod suppressions;
#[cfg(test)]
mod tests;
mod threats;
mod traces;
mod trust;

struct Check {
    name: &'static str,
    /// The rule, as one would say it to a contributor.
    rule: &'static str,
    find: fn(&Tree) -> Vec<Finding>,
}

const CHECKS: &[Check] = &[
    Check { name: "neutral", rule: "core names no protocol", find: neutral::find },
    Check { name: "pure", rule: "core does no IO, reads no clock, starts no task", find: pure::find },
    Check { name: "siblings", rule: "no protocol knows another", find: siblings::find },
    Check {
        name: "edges",
        rule: "crates depend on each other as the table in ARCHITECTURE.md says",
        find: edges::find,
    },
    Check {
        name: "sizes",
        rule: "a file fits a few screens, and tests live in a file of their own",
        find: sizes::find,
    },
    Check { name: "docs", rule: "a module opens with what it is for and what it must never know", find: docs::find },
    Check {
        name: "protocols",
        rule: "every protocol has the same files and runs the conformance suite",
        find: protocols::find,
    },
    Check {
        name: "threats",
        rule: "every threat names the test that would notice it, or says `not built`",
        find: threats::find,
    },
    Check { name: "trust", rule: "what makes trust out of bytes is called in its one place", find: trust::find },
    Check { name: "traces", rule: "no path of anybody's own machine", find: traces::find },
    Check {
        name: "suppressions",
        rule: "no test is skipped or empty, no lint silenced without a reason",
        find: suppressions::find,
    },
];

/// Something a check saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// From 1; 0 is the file as a whole.
    line: usize,
    says: String,
    weight: Weight,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Weight {
    Fails,
    /// Said, but not failed on.
    Notes,
}

impl Finding {
    fn at(file: &File, line: usize, says: impl Into<String>) -> Self {
        Self::of(&file.path, line, says)
    }

    fn of(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, says: says.into(), weight: Weight::Fails }
    }

    fn noted(self) -> Self {
        Self { weight: Weight::Notes, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, says, .. } = self;
        match line {
            0 => write!(f, "{path}: {says}"),
            _ => write!(f, "{path}:{line}: {says}"),
        }
    }
}

/// Runs every check over the project and prints what they find.
pub(crate) fn run(out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask stands in no project")?;
    let tree = Tree::read(root)?;
    let mut failures = 0_usize;
    for check in CHECKS {
        let found = (check.find)(&tree);
        failures = failures.saturating_add(failing(&found));
        report(check, &found, out)?;
    }
    let files = tree.files().count();
    writeln!(out, "tidy: {} checks over {files} files, {failures} failures", CHECKS.len())?;
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn failing(found: &[Finding]) -> usize {
    found.iter().filter(|finding| finding.weight == Weight::Fails).count()
}

fn report(check: &Check, found: &[Finding], out: &mut dyn Write) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}: {}", check.name, check.rule)?;
    for finding in found {
        let mark = match finding.weight {
            Weight::Fails => "",
            Weight::Notes => "(note) ",
        };
        writeln!(out, "  {mark}{finding}")?;
    }
    Ok(())
}

/// Prints the checks with their rules.
pub(crate) fn list(out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    for check in CHECKS {
        writeln!(out, "{:<13} {}", check.name, check.rule)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of every Markdown table in `text` that have `columns` cells, with their line numbers.
fn table_rows(text: &str, columns: usize) -> Vec<(usize, Vec<&str>)> {
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
            let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
            let rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-' || c == ':'));
            (cells.len() == columns && !rule).then(|| (at.saturating_add(1), cells))
        })
        .collect()
}

/// What stands between backticks in `text`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
