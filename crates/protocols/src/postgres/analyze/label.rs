//! A part of a statement as a person would recognise it.
//!
//! It is for refusals and records only; nothing is decided by it.

use super::scan::{Tokens, Word};

/// Longer expressions are cut.
const LONGEST: usize = 60;

/// The expression that begins at byte `at`: up to the comma, bracket or clause that ends it.
pub(super) fn expression(text: &str, at: usize) -> String {
    let mut depth: usize = 0;
    let mut end = at;
    for token in Tokens::new(text, at) {
        match token.word {
            Word::Open => depth = depth.saturating_add(1),
            Word::Close if depth == 0 => break,
            Word::Close => depth = depth.saturating_sub(1),
            Word::Comma | Word::Semicolon if depth == 0 => break,
            Word::Plain if depth == 0 && ends(token.text) => break,
            Word::Comma
            | Word::Semicolon
            | Word::Plain
            | Word::Quoted
            | Word::Text
            | Word::Number
            | Word::Parameter
            | Word::Operator
            | Word::Other => {}
        }
        end = token.end();
        if end.saturating_sub(at) > LONGEST {
            break;
        }
    }
    shorten(text.get(at..end).unwrap_or_default())
}

/// Whether a word ends the expression of a target list.
fn ends(word: &str) -> bool {
    const CLAUSES: &[&str] = &[
        "as",
        "from",
        "where",
        "group",
        "having",
        "window",
        "union",
        "intersect",
        "except",
        "order",
        "limit",
        "offset",
        "fetch",
        "for",
        "into",
        "on",
        "returning",
    ];
    CLAUSES.iter().any(|clause| word.eq_ignore_ascii_case(clause))
}

/// On one line, and no longer than [`LONGEST`] characters.
pub(super) fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let cut: String = line.chars().take(LONGEST.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}
