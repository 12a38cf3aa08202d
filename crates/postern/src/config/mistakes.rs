//! What is wrong in a configuration, shown so that it can be found and put right.
//!
//! Each mistake is a block of its own: what, where, the line, and what to write instead. The text of a file is data:
//! nothing in it reaches the terminal as a control character, and a line that seems to hold a secret is not shown.

use std::fmt;
use std::io;
use std::path::Path;

use postern_core::document::{Diagnostic, Findings};
use postern_core::visible::line;

use crate::failure::reason;

/// Everything that is wrong in a configuration.
#[derive(Debug)]
pub struct Mistakes(Vec<String>);

impl Mistakes {
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        let reason = reason(error);
        Self(vec![format!(
            "error: `{}` cannot be read: {reason}\nhint: name the configuration file, such as postern.toml",
            file.display()
        )])
    }

    /// In the order of the files, and in each from its top.
    pub(super) fn found(findings: &Findings) -> Self {
        Self(sorted(findings).into_iter().map(|found| block(found, findings)).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n\n"))
    }
}

impl std::error::Error for Mistakes {}

/// Something to know about a configuration that is without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// In one line, for a log.
    pub line: String,
    /// As a mistake is shown.
    pub block: String,
}

impl Remark {
    /// All there are, in the order of the files, and in each from its top.
    pub(super) fn all(findings: &Findings) -> Vec<Self> {
        let remark = |found: &Diagnostic| {
            let line = line(&found.to_string().replace('\n', "; "));
            Self { line, block: block(found, findings) }
        };
        sorted(findings).into_iter().map(remark).collect()
    }
}

fn sorted(findings: &Findings) -> Vec<&Diagnostic> {
    let mut files: Vec<&str> = Vec::new();
    for found in findings.diagnostics() {
        if !files.contains(&found.file.as_str()) {
            files.push(&found.file);
        }
    }
    let mut sorted: Vec<&Diagnostic> = findings.diagnostics().iter().collect();
    sorted.sort_by_key(|found| (files.iter().position(|file| *file == found.file), found.line, found.column));
    sorted
}

fn block(found: &Diagnostic, findings: &Findings) -> String {
    let Diagnostic { severity, file, line: number, column, message, notes, hint, .. } = found;
    let source = findings.source(file).unwrap_or_default();
    let margin = " ".repeat(number.to_string().len());
    let mut block = format!("{}: {}\n{margin}--> {file}:{number}:{column}", severity.word(), line(message));
    if found.quotable {
        block.push_str(&quoted(found, source, &margin));
    }
    for note in notes {
        block.push_str(&format!("\nnote: {}", line(note)));
    }
    if let Some(hint) = hint {
        block.push_str(&format!("\nhint: {}", line(hint)));
    }
    block
}

/// The line concerned, with carets under what is meant.
fn quoted(found: &Diagnostic, source: &str, margin: &str) -> String {
    let start =
        source.get(..found.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let text = source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let before: String = text.chars().take(found.column.saturating_sub(1)).collect();
    let meant = source.get(found.span.clone()).and_then(|meant| meant.lines().next()).unwrap_or_default();
    let indent = " ".repeat(line(&before).chars().count());
    let carets = "^".repeat(line(meant).chars().count().max(1));
    let number = format!("{} | {}", found.line, line(text));
    format!("\n{margin} |\n{}\n{margin} | {indent}{carets}", number.trim_end())
}
