//! How a verb fails: one sentence of what went wrong, and where there is one, a sentence of what to do.
//!
//! Everything that ends a verb is shown by [`shown`], in one form: `error: …`, `hint: …`.

use std::fmt;
use std::io;

use postern_core::Fault;
use postern_core::target::Nowhere;
use postern_core::visible::visible;

use crate::config::Mistakes;

/// A failure with a hint.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// What went wrong: lower case, no full stop, the user's words in backticks.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Nowhere> for Failure {
    fn from(nowhere: Nowhere) -> Self {
        Self { message: nowhere.message, hint: nowhere.hint }
    }
}

/// The failure as the operator sees it.
#[must_use]
pub fn shown(error: &anyhow::Error) -> String {
    if let Some(mistakes) = error.downcast_ref::<Mistakes>() {
        return mistakes.to_string();
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        let cause = fault.cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        return with_hint(&format!("{fault}{cause}"), fault.hint.as_deref());
    }
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return with_hint(&failure.message, failure.hint.as_deref());
    }
    with_hint(&format!("{error:#}"), None)
}

/// What an operating system's error says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text).to_lowercase()
}

/// Whether the reader of our output has gone, as `head` does.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    // THREAT: a target or an issuer that writes to the terminal of whoever reads why it failed
    let hint = hint.map(|hint| format!("\nhint: {}", visible(hint))).unwrap_or_default();
    format!("error: {}{hint}", visible(message))
}

#[cfg(test)]
mod tests;
