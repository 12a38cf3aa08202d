//! The words of a SQL text: where each token begins and ends, no more.
//!
//! The rules are those of the PostgreSQL documentation, section 4.1, with
//! `standard_conforming_strings` on. It serves two purposes that need no meaning: bounding how deep
//! a text nests before the recursive parser sees it, and cutting out a part of it for people to
//! read. Nothing is ever allowed because of what it says.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A key word or a plain name.
    Plain,
    /// A name in double quotes.
    Quoted,
    /// A string of any kind.
    Text,
    /// A number.
    Number,
    /// A parameter, `$1`.
    Parameter,
    /// An operator, `::` and `:=` included.
    Operator,
    /// `(` or `[`.
    Open,
    /// `)` or `]`.
    Close,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// Anything else, a byte at a time.
    Other,
}

/// One token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) word: Word,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Token<'_> {
    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.start.saturating_add(self.text.len())
    }
}

/// The tokens of a text; spaces and comments are passed over.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Starts at byte `at`, which must lie between two tokens.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let skipped = match rest {
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, ..] => 1,
                [b'-', b'-', ..] => line_comment(rest),
                [b'/', b'*', ..] => block_comment(rest),
                _ => return,
            };
            self.at = self.at.saturating_add(skipped);
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let rest = self.rest();
        let first = *rest.first()?;
        let (word, length) = match first {
            b'(' | b'[' => (Word::Open, 1),
            b')' | b']' => (Word::Close, 1),
            b',' => (Word::Comma, 1),
            b';' => (Word::Semicolon, 1),
            b'\'' => (Word::Text, quoted(rest, 0, b'\'', false)),
            b'"' => (Word::Quoted, quoted(rest, 0, b'"', false)),
            b'$' => dollar(rest),
            b'0'..=b'9' => (Word::Number, run(rest, is_number)),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => (Word::Number, run(rest, is_number)),
            b':' if matches!(rest.get(1), Some(b':' | b'=')) => (Word::Operator, 2),
            _ if is_operator(first) => (Word::Operator, operator(rest)),
            _ if is_name_start(first) => name(rest),
            _ => (Word::Other, 1),
        };
        let start = self.at;
        let mut end = start.saturating_add(length.max(1)).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end = end.saturating_add(1);
        }
        self.at = end;
        let text = self.text.get(start..end)?;
        Some(Token { word, text, start })
    }
}

fn run(bytes: &[u8], belongs: fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !belongs(*byte)).unwrap_or(bytes.len())
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_'
}

fn is_operator(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

fn line_comment(bytes: &[u8]) -> usize {
    run(bytes, |byte| byte != b'\n' && byte != b'\r')
}

/// Comments nest.
fn block_comment(bytes: &[u8]) -> usize {
    let mut depth: usize = 0;
    let mut at: usize = 0;
    loop {
        let step = match bytes.get(at..).unwrap_or_default() {
            [] => return bytes.len(),
            [b'/', b'*', ..] => {
                depth = depth.saturating_add(1);
                2
            }
            [b'*', b'/', ..] => {
                depth = depth.saturating_sub(1);
                2
            }
            _ => 1,
        };
        at = at.saturating_add(step);
        if depth == 0 {
            return at;
        }
    }
}

/// An operator ends where a comment starts.
fn operator(bytes: &[u8]) -> usize {
    let longest = run(bytes, is_operator);
    let body = bytes.get(..longest).unwrap_or_default();
    let comment = body.windows(2).position(|pair| pair == b"--" || pair == b"/*");
    comment.filter(|at| *at > 0).unwrap_or(longest)
}

/// The length of what stands between quotes, which begin at `start`; doubled quotes are part of it.
fn quoted(bytes: &[u8], start: usize, quote: u8, backslash: bool) -> usize {
    let mut at = start.saturating_add(1);
    loop {
        let step = match bytes.get(at..).unwrap_or_default() {
            [] => return bytes.len(),
            [b'\\', _, ..] if backslash => 2,
            [first, second, ..] if *first == quote && *second == quote => 2,
            [first, rest @ ..] if *first == quote => {
                let Some(gap) = continuation(rest).filter(|_| quote == b'\'') else {
                    return at.saturating_add(1);
                };
                gap.saturating_add(2)
            }
            _ => 1,
        };
        at = at.saturating_add(step);
    }
}

/// The blank between a closing quote and one that takes the string up again, which must hold a line
/// end (section 4.1.2.1). Where backslashes escape, they do so in what follows, too.
fn continuation(rest: &[u8]) -> Option<usize> {
    let mut at: usize = 0;
    let mut line_end = false;
    loop {
        let rest = rest.get(at..)?;
        let step = match rest {
            [b'\'', ..] => return line_end.then_some(at),
            [b'\n' | b'\r', ..] => {
                line_end = true;
                1
            }
            [b' ' | b'\t' | 0x0b | 0x0c, ..] => 1,
            [b'-', b'-', ..] => line_comment(rest),
            _ => return None,
        };
        at = at.saturating_add(step);
    }
}

/// `$1`, or a string between `$tag$` marks.
fn dollar(bytes: &[u8]) -> (Word, usize) {
    let rest = bytes.get(1..).unwrap_or_default();
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return (Word::Parameter, run(rest, |byte| byte.is_ascii_digit()).saturating_add(1));
    }
    let named = rest.first().is_none_or(|byte| is_name_start(*byte) || *byte == b'$');
    let tag = run(rest, |byte| is_name(byte) && byte != b'$');
    if !named || rest.get(tag) != Some(&b'$') {
        return (Word::Other, 1);
    }
    let mark = bytes.get(..tag.saturating_add(2)).unwrap_or_default();
    let body = bytes.get(mark.len()..).unwrap_or_default();
    let end = body.windows(mark.len()).position(|window| window == mark);
    let length = end.map(|end| mark.len().saturating_mul(2).saturating_add(end));
    (Word::Text, length.unwrap_or(bytes.len()))
}

/// A name, unless what follows its letters makes it the prefix of a string.
fn name(bytes: &[u8]) -> (Word, usize) {
    match bytes {
        [b'e' | b'E', b'\'', ..] => (Word::Text, quoted(bytes, 1, b'\'', true)),
        [b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', ..] => (Word::Text, quoted(bytes, 1, b'\'', false)),
        [b'u' | b'U', b'&', b'\'', ..] => (Word::Text, quoted(bytes, 2, b'\'', false)),
        [b'u' | b'U', b'&', b'"', ..] => (Word::Quoted, quoted(bytes, 2, b'"', false)),
        _ => (Word::Plain, run(bytes, is_name)),
    }
}

#[cfg(test)]
mod tests;
