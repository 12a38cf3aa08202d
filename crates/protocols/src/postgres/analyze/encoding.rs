//! Whether names are here what they are in the database, which reads a text in its own encoding.
//!
//! The server turns every text into that first. In any encoding that a database may have, ASCII is ASCII; what is beyond
//! it has other lengths than in UTF-8, so that names are cut elsewhere, and in encodings of one byte a letter it has lower
//! case (`downcase_identifier`, `truncate_identifier`).
//!
//! THREAT: a name that stands for one thing here and for another there. In a database that is not in UTF-8, names are
//! ASCII or nobody reads them; values may be anything. Enter at [`Encoding`].

use pg_query::protobuf::{ScanToken, Token};

use super::scan::{Tokens, Word};
use super::{LONGEST_NAME, Unread};

/// What a database keeps text in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// What is spoken here, too.
    Utf8,
    /// Anything else, or nobody knows.
    Other,
}

impl Encoding {
    /// The encoding of this name, as `server_encoding` has it.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        if name == b"UTF8" { Self::Utf8 } else { Self::Other }
    }

    /// Whether a name is the same in the database as here.
    #[must_use]
    pub fn keeps(self, name: &[u8]) -> bool {
        self == Self::Utf8 || name.is_ascii()
    }

    /// Refuses a text with names that may be others in the database.
    pub(super) fn check(self, text: &str) -> Result<(), Unread> {
        // in ASCII alone, only what is written as `U&"d\0061t"` has letters beyond it
        if self == Self::Utf8 || text.is_ascii() && !text.contains("&\"") {
            return Ok(());
        }
        let tokens = std::panic::catch_unwind(|| pg_query::scan_tokens(text));
        let known = tokens.ok().and_then(Result::ok).is_some_and(|tokens| {
            let in_values: usize = tokens.iter().filter_map(|token| value(text, token)).map(beyond_ascii).sum();
            in_values == beyond_ascii(text) && tokens.iter().all(|token| token.token() != Token::Uident)
        });
        let why = "a name has letters beyond ASCII, or is written with escapes, and the database is not in UTF-8";
        if known { Ok(()) } else { Err(Unread::Beyond(why.to_owned())) }
    }
}

/// Whether a text that the server has written names only what the grammar does not cut: names may be longer here than in
/// its database.
pub(super) fn is_uncut(text: &str) -> bool {
    let longest = LONGEST_NAME.saturating_add("\"\"".len());
    Tokens::new(text, 0).all(|token| match token.word {
        Word::Plain => token.text.len() <= LONGEST_NAME,
        Word::Quoted => token.text.len() <= longest,
        Word::Text
        | Word::Number
        | Word::Parameter
        | Word::Operator
        | Word::Open
        | Word::Close
        | Word::Comma
        | Word::Semicolon
        | Word::Other => true,
    })
}

fn beyond_ascii(text: &str) -> usize {
    text.bytes().filter(|byte| !byte.is_ascii()).count()
}

/// What stands in a token that names nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "any other word may be a name, or a part of one")]
fn value<'t>(text: &'t str, token: &ScanToken) -> Option<&'t str> {
    let (start, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
    let part = text.get(start..end)?;
    match token.token() {
        // two letters here may be one in the database, and end the text before its time
        Token::Sconst
            if part.strip_prefix('$').and_then(|rest| rest.split_once('$')).is_some_and(|(tag, _)| !tag.is_ascii()) =>
        {
            None
        }
        Token::Sconst | Token::Usconst | Token::SqlComment | Token::CComment => Some(part),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
