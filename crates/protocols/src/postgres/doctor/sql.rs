//! What mends, as SQL: names that mean what they say wherever they are read, and the script.
//!
//! It knows no finding by name. Enter at [`script`].

use std::fmt::Write as _;

use postern_core::examination::Finding;
use postern_core::visible::{deceives, line};

use crate::postgres::form::quoted;

#[cfg(test)]
mod tests;

/// A name in SQL. What would show as nothing, or as something else, stands there as a number.
///
/// THREAT: a table whose name writes to the terminal of whoever reads the script, or ends a comment in it.
pub(super) fn name(text: &str) -> String {
    let hidden = |c: char| c.is_control() || deceives(c);
    if !text.contains(hidden) {
        return quoted(text);
    }
    let written = text.chars().map(|c| match c {
        '\\' => "\\\\".to_owned(),
        '"' => "\"\"".to_owned(),
        c if hidden(c) => format!("\\+{:06X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("U&\"{}\"", written.collect::<String>())
}

/// Whether what a server has written can stand in a script as it is.
///
/// THREAT: a server whose answers are more than a name: a command of psql, which runs on the machine of whoever reads the
/// script, or a statement of its own.
pub(super) fn is_plain(text: &str) -> bool {
    let comments = ["--", "/*"].iter().any(|begin| text.contains(begin));
    let open = !text.matches('"').count().is_multiple_of(2) || text.contains('\'');
    !comments && !open && !text.contains(|c: char| c.is_control() || deceives(c) || matches!(c, '\\' | ';' | ':'))
}

/// Everything that mends some finding, in the order of the findings, each statement once.
pub(super) fn script(findings: &[Finding]) -> String {
    let mut script = String::new();
    let mut written: Vec<&str> = Vec::new();
    for finding in findings {
        let fresh: Vec<&String> = finding.mend.iter().filter(|one| !written.contains(&one.as_str())).collect();
        if fresh.is_empty() {
            continue;
        }
        // writing to a string cannot fail
        writeln!(script, "\n-- {}", line(&finding.what)).ok();
        for statement in fresh {
            writeln!(script, "{statement}").ok();
            written.push(statement);
        }
    }
    if script.is_empty() {
        return script;
    }
    format!(
        "-- Run it as a superuser, in the database that was examined. All of it happens, or nothing.\nBEGIN;\n{script}\nCOMMIT;\n"
    )
}
