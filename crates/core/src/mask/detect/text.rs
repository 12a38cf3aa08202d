//! A text as bytes that can be asked for anywhere, and its escapes. Every place named here is at an ASCII character, so
//! that a range between two of them is text again.

use std::ops::Range;

#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl<'a> Text<'a> {
    /// The byte at a place; 0 outside.
    pub(super) fn at(self, at: usize) -> u8 {
        self.0.as_bytes().get(at).copied().unwrap_or_default()
    }

    /// The byte before a place; 0 at the beginning and after an escape, which ends what stood there.
    pub(super) fn before(self, at: usize) -> u8 {
        let last = at.checked_sub(1).map_or(0, |last| self.at(last));
        if matches!(last, b'n' | b'r' | b't' | b'b' | b'f') && self.at(at.saturating_sub(2)) == b'\\' {
            0
        } else {
            last
        }
    }

    pub(super) fn part(self, range: Range<usize>) -> &'a str {
        self.0.get(range).unwrap_or_default()
    }

    /// The next place that is so.
    pub(super) fn next(self, from: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = self.0.as_bytes().get(from..)?;
        rest.iter().position(|byte| is(*byte)).map(|at| at.saturating_add(from))
    }

    /// Where a run of such bytes ends.
    pub(super) fn run(self, from: usize, is: impl Fn(u8) -> bool) -> usize {
        self.next(from, |byte| !is(byte)).unwrap_or(self.0.len())
    }

    /// Whether a place is between two double quotes.
    pub(super) fn quoted(self, at: usize) -> bool {
        let (mut open, mut escaped) = (false, false);
        for byte in self.0.as_bytes().get(..at).unwrap_or_default() {
            open ^= *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
        }
        open
    }

    /// Where a run of such bytes that ends here begins; what belongs to an escape is none of it.
    pub(super) fn run_back(self, end: usize, is: impl Fn(u8) -> bool) -> usize {
        let bytes = self.0.as_bytes().get(..end).unwrap_or_default();
        let start = bytes.iter().rposition(|byte| !is(*byte)).map_or(0, |at| at.saturating_add(1));
        let escape = match (self.at(start.saturating_sub(1)), self.at(start)) {
            _ if start == 0 => 0,
            (b'\\', b'u') => 5,
            (b'\\', byte) if byte.is_ascii() => 1,
            _ => 0,
        };
        start.saturating_add(escape).min(end)
    }
}

pub(super) fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Of what identifiers are made.
pub(super) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
