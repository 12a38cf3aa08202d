//! How refusals and faults sound in SSH: a line on the error stream of a channel, or the reason of a disconnection.
//!
//! It decides nothing: it gets a [`Denial`] or a [`Fault`] and finds the client's words for it.

use bytes::Bytes;
use postern_core::gate::Held;
use postern_core::{Denial, Fault};

/// What a program that was not run ends with, as a shell's does that may not run it (POSIX, 2.8.2).
pub(super) const NOT_RUN: u32 = 126;

/// What a client reads of a refusal.
pub(super) fn denial(denial: &Denial) -> String {
    let by = denial.rule.as_ref().map(|rule| format!(" (rule `{rule}`)")).unwrap_or_default();
    let hint = denial.hint.as_ref().map(|hint| format!("\npostern: {hint}")).unwrap_or_default();
    format!("postern: {}: {}{by}{hint}", denial.code, denial.message)
}

/// What a client reads of something that failed on the way to the target; the session goes on.
pub(super) fn failure(fault: &Fault) -> String {
    let hint = fault.hint.as_ref().map(|hint| format!("\npostern: {hint}")).unwrap_or_default();
    format!("postern: {fault}{hint}")
}

/// What a client reads that waits for a human.
pub(super) fn waiting(held: &Held) -> String {
    format!("postern: this waits for a human to approve it: {}, {}", held.approval(), held.url())
}

/// Why a connection ends.
pub(super) fn farewell(fault: &Fault) -> String {
    let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{fault}{hint}")
}

/// Lines for a channel: a terminal wants to be told to begin each at its left.
pub(super) fn lines(text: &str, terminal: bool) -> Bytes {
    let end = if terminal { "\r\n" } else { "\n" };
    let lines: String = text.lines().flat_map(|line| [line, end]).collect();
    lines.into()
}
