//! Strict reading of TOML: every key is asked for by name, and what nobody asked for is an error with its place.
//!
//! It knows no meaning. It gives each value with its span, collects what is wrong instead of stopping at the first,
//! and suggests the word that was probably meant. Enter at [`parse()`].

mod reader;
mod words;
mod write;

use std::ops::Range;

pub use reader::{Reader, Text, Value, parse};
pub use words::{duration, meant, nearest, unknown};
pub use write::string;

#[cfg(test)]
mod tests;

/// Something to say about a document, at a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the operator named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes concerned.
    pub span: Range<usize>,
    /// What is the matter: lower case, no full stop, the operator's words in backticks.
    pub message: String,
    /// What has to do with it, and where that stands.
    pub notes: Vec<String>,
    /// What to write instead.
    pub hint: Option<String>,
    /// Whether the line may be shown; false where it seems to hold a secret.
    pub quotable: bool,
}

/// How bad something is that is said of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// It can be used, and hardly means what it says.
    Warning,
    /// It can be used, and something in it has no effect yet.
    Note,
}

impl Severity {
    /// The word it is said with.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if self.severity != Severity::Error {
            write!(f, "{}: ", self.severity.word())?;
        }
        f.write_str(&self.message)?;
        for note in &self.notes {
            write!(f, "\nnote: {note}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// A place in a document: which file, which bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into the list of sources.
    file: usize,
    span: Range<usize>,
}

/// One file, and where its lines begin.
#[derive(Debug)]
struct Source {
    file: String,
    text: String,
    lines: Vec<usize>,
}

/// All that is to be said about a set of files, and the files to say it about.
#[derive(Debug, Default)]
pub struct Findings {
    sources: Vec<Source>,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a file; what is said later about its bytes is given by the index.
    fn add(&mut self, file: &str, text: &str) -> usize {
        let begins = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        let lines = std::iter::once(0).chain(begins).collect();
        self.sources.push(Source { file: file.to_owned(), text: text.to_owned(), lines });
        self.sources.len().saturating_sub(1)
    }

    /// What there is to say, in the order in which it was found.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.found
    }

    /// Whether nothing is wrong; there may be warnings and notes.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found.iter().all(|found| found.severity != Severity::Error)
    }

    /// The text of a file that was read, for showing the line concerned.
    #[must_use]
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.iter().find(|source| source.file == file).map(|source| source.text.as_str())
    }

    /// The file and line of a place, as `policy.toml:12`.
    #[must_use]
    pub fn line_of(&self, place: &Place) -> String {
        let (file, line, _) = self.position(place);
        format!("{file}:{line}")
    }

    /// The file, line and column of a place, as `policy.toml:12:1`.
    #[must_use]
    pub fn at(&self, place: &Place) -> String {
        let (file, line, column) = self.position(place);
        format!("{file}:{line}:{column}")
    }

    fn position(&self, place: &Place) -> (&str, usize, usize) {
        let Some(source) = self.sources.get(place.file) else { return ("", 1, 1) };
        let line = source.lines.partition_point(|begin| *begin <= place.span.start);
        let begin = source.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = source.text.get(begin..place.span.start).unwrap_or_default();
        (&source.file, line, before.chars().count().saturating_add(1))
    }

    /// Says that something is wrong at a place.
    pub fn wrong(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) -> &mut Diagnostic {
        self.say(Severity::Error, place, message.into(), hint)
    }

    /// Says that something hardly means what it says.
    pub fn warn(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) -> &mut Diagnostic {
        self.say(Severity::Warning, place, message.into(), hint)
    }

    /// Says that something has no effect yet.
    pub fn note(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) -> &mut Diagnostic {
        self.say(Severity::Note, place, message.into(), hint)
    }

    fn say(&mut self, severity: Severity, place: &Place, message: String, hint: Option<String>) -> &mut Diagnostic {
        let (file, line, column) = self.position(place);
        let (file, span) = (file.to_owned(), place.span.clone());
        let notes = Vec::new();
        let found = Diagnostic { severity, file, line, column, span, message, notes, hint, quotable: true };
        self.found.push_mut(found)
    }

    /// The place of some bytes of a string; the whole string, where escapes in the file move them.
    #[must_use]
    pub fn inside(&self, text: &Text, bytes: Range<usize>) -> Place {
        let Place { file, span } = &text.place;
        let raw = self.sources.get(*file).and_then(|source| source.text.get(span.clone()));
        let Some(from) = raw.and_then(|raw| raw.find(&text.text)) else { return text.place.clone() };
        let from = span.start.saturating_add(from);
        Place { file: *file, span: from.saturating_add(bytes.start)..from.saturating_add(bytes.end) }
    }

    /// Lets nobody show the lines of what was said inside of a place: it may hold a secret, well or badly spelled.
    pub fn veil(&mut self, place: &Place) {
        let file = self.sources.get(place.file).map_or("", |source| &source.file);
        for found in self.found.iter_mut().filter(|found| found.file == file) {
            let inside = place.span.start <= found.span.start && found.span.end <= place.span.end;
            found.quotable &= !inside;
        }
    }

    /// Lets nobody show the lines of what was said since there were so many diagnostics.
    pub fn veil_since(&mut self, before: usize) {
        self.found.iter_mut().skip(before).for_each(|found| found.quotable = false);
    }

    /// Says that something is wrong at a place that seems to hold a secret, so that nobody shows the line.
    pub fn exposed(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        self.wrong(place, message, hint).quotable = false;
    }
}
