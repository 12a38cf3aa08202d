//! Names of things in a database as one text: `schema.table`, `schema.table.column`.
//!
//! A part that holds anything but letters, digits, `_` and `$` stands in double quotes, a quote in it doubled. Nothing is
//! folded: a name is spelled as the server spells it. Enter at [`Name`] and [`parts`].

use std::fmt;

use crate::postgres::catalog::SYSTEM;

/// A schema and something in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) schema: String,
    pub(super) name: String,
}

impl Name {
    pub(super) fn new(schema: &str, name: &str) -> Self {
        Self { schema: schema.to_owned(), name: name.to_owned() }
    }

    /// The name that a text is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match parts(text)?.as_slice() {
            [schema, name] => Some(Self::new(schema, name)),
            _ => None,
        }
    }

    /// Whether it is of the server's own schemas, which change with its version only.
    pub(super) fn is_system(&self) -> bool {
        self.schema == SYSTEM || self.schema == "information_schema"
    }

    /// The text for something inside of it.
    pub(super) fn with(&self, inside: &str) -> String {
        written(&[&self.schema, &self.name, inside])
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(&[&self.schema, &self.name]))
    }
}

/// The text that these parts are.
fn written(parts: &[&str]) -> String {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    let part =
        |part: &&str| if plain(part) { (*part).to_owned() } else { format!("\"{}\"", part.replace('"', "\"\"")) };
    parts.iter().map(part).collect::<Vec<_>>().join(".")
}

/// The parts that a text is; nothing where it is not written so.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let (part, after) = rest.split_at_checked(end)?;
                (part.to_owned(), after)
            }
        };
        // what would be written otherwise would have two spellings
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    let spelled: Vec<&str> = parts.iter().map(String::as_str).collect();
    (written(&spelled) == text).then_some(parts)
}

/// What stands before the closing quote, and what behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}
