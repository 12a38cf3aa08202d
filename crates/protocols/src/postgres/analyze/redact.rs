//! Takes password literals out of text that people and journals will see.
//!
//! It works on tokens, so that it serves text that cannot be parsed as well, and would rather take
//! out too much than too little.

use std::ops::Range;

use super::scan::{Token, Tokens, Word};

/// What stands where a literal stood.
pub(super) const REMOVED: &str = "'[removed]'";

/// How deep code in dollar signs may stand in code in dollar signs and still be shown; each level is read once more.
const DEEPEST: usize = 4;

/// The text with every literal replaced that is, or may hold, a password.
pub fn passwords(text: &str) -> String {
    let mut cut = Vec::new();
    find(text, 0, 0, &mut cut);
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for range in cut {
        shown.push_str(text.get(at..range.start).unwrap_or_default());
        shown.push_str(REMOVED);
        at = range.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// A text that the grammar refuses, up to the first literal that may be a password or stands behind a word that speaks
/// of one: where quotes or words are wrong (`PASWORD 'don't'`), nobody knows where it ends.
pub fn up_to_password(text: &str) -> String {
    let mut cut = Vec::new();
    find(text, 0, 0, &mut cut);
    let speaks = |token: &Token<'_>| {
        let word = token.text.trim_matches('"').to_ascii_lowercase();
        matches!(token.word, Word::Plain | Word::Quoted) && (is_secret(&word) || word == "role" || word == "user")
    };
    let behind = Tokens::new(text, 0).skip_while(|token| !speaks(token)).find(|token| token.word == Word::Text);
    let first = cut.first().map(|range| range.start);
    match first.into_iter().chain(behind.map(|token| token.start)).min().and_then(|start| text.get(..start)) {
        Some(before) => format!("{before}{REMOVED} […]"),
        None => text.to_owned(),
    }
}

fn find(text: &str, offset: usize, depth: usize, cut: &mut Vec<Range<usize>>) {
    let mut secretive = Secretive::default();
    for token in Tokens::new(text, 0) {
        let start = offset.saturating_add(token.start);
        let end = offset.saturating_add(token.end());
        if token.word != Word::Text {
            secretive.see(&token);
            continue;
        }
        if secretive.hides() || holds_password(token.text) {
            match body(token.text) {
                // code between dollar signs is shown but for the literals in it
                Some(inner) if depth < DEEPEST && !secretive.hides() => {
                    let inside = token.text.get(inner.clone()).unwrap_or_default();
                    find(inside, start.saturating_add(inner.start), depth.saturating_add(1), cut);
                }
                Some(_) | None => cut.push(start..end),
            }
        }
        secretive.next_text();
    }
}

/// What the words so far say about the next literal.
#[derive(Debug, Default)]
struct Secretive {
    /// The last words, the latest first, in lower case.
    words: [String; 3],
    /// The statement is of a kind whose literals are all credentials or may be.
    whole: bool,
    /// A setting whose name says that it is secret is being set.
    setting: bool,
}

impl Secretive {
    fn see(&mut self, token: &Token<'_>) {
        match token.word {
            Word::Semicolon => *self = Self::default(),
            Word::Plain | Word::Quoted => {
                let word = token.text.trim_matches('"').to_ascii_lowercase();
                self.setting |= is_secret(&word) && (self.is(0, "set") || self.setting_runs());
                self.words.rotate_right(1);
                if let Some(latest) = self.words.first_mut() {
                    *latest = word;
                }
                self.whole |= self.connects();
            }
            Word::Text
            | Word::Number
            | Word::Parameter
            | Word::Operator
            | Word::Open
            | Word::Close
            | Word::Comma
            | Word::Other => {}
        }
    }

    fn is(&self, back: usize, word: &str) -> bool {
        self.words.get(back).is_some_and(|other| other == word)
    }

    /// `SET LOCAL name`, `SET prefix.name`.
    fn setting_runs(&self) -> bool {
        (0..3).any(|back| self.is(back, "set"))
    }

    /// `USER MAPPING`, `CREATE SERVER`, `SUBSCRIPTION`, `FOREIGN DATA WRAPPER`.
    fn connects(&self) -> bool {
        let made = |back| self.is(back, "create") || self.is(back, "alter");
        (self.is(0, "mapping") && self.is(1, "user"))
            || (self.is(0, "server") && made(1))
            || (self.is(0, "subscription") && made(1))
            || (self.is(0, "wrapper") && self.is(1, "data"))
    }

    fn hides(&self) -> bool {
        self.is(0, "password") || self.whole || self.setting
    }

    fn next_text(&mut self) {
        if let Some(latest) = self.words.first_mut() {
            latest.clear();
        }
    }
}

fn is_secret(name: &str) -> bool {
    ["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "credential"]
        .iter()
        .any(|word| name.contains(word))
        && name != "password_encryption"
}

/// A connection string with a password in it, or code that sets one.
fn holds_password(literal: &str) -> bool {
    let lower = literal.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some((_, after)) = rest.split_once("password") {
        if after.trim_start().starts_with(['=', '\'', ':', '"', '$']) {
            return true;
        }
        rest = after;
    }
    lower.split_once("://").is_some_and(|(_, after)| {
        let authority = after.split(['/', '?']).next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

/// Where the body of a dollar-quoted literal lies, if it has an end.
fn body(literal: &str) -> Option<Range<usize>> {
    let rest = literal.strip_prefix('$')?;
    let mark = rest.find('$')?.saturating_add(2);
    let end = literal.len().checked_sub(mark)?;
    let closed = literal.get(end..) == literal.get(..mark);
    (end >= mark && closed).then_some(mark..end)
}

#[cfg(test)]
mod tests;
