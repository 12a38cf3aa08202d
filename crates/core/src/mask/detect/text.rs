//! A text as bytes that can be asked for anywhere, and its escapes. Every place named here is at an ASCII character, so
//! that a range between two of them is text again.

use std::cell::Cell;
use std::ops::Range;

#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    all: &'a str,
    more: Option<&'a More>,
}

/// More of a text may come: from where on that decides what is found. Whoever looks for something says where it would begin
/// ([`Text::starts`]) before he looks where nothing stands yet.
pub(super) struct More {
    starts: Cell<usize>,
    open: Cell<usize>,
}

impl More {
    pub(super) fn of(text: &str) -> Self {
        Self { starts: Cell::new(text.len()), open: Cell::new(text.len()) }
    }

    /// The first place of something that what comes next decides on; the end where there is nothing of that kind.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }
}

impl<'a> Text<'a> {
    /// All of a text.
    pub(super) fn whole(all: &'a str) -> Self {
        Self { all, more: None }
    }

    /// A text of which more may come.
    pub(super) fn begun(all: &'a str, more: &'a More) -> Self {
        Self { all, more: Some(more) }
    }

    pub(super) fn all(self) -> &'a str {
        self.all
    }

    pub(super) fn len(self) -> usize {
        self.all.len()
    }

    /// What is looked for begins here, if it is there; at the end where that is not known yet.
    pub(super) fn starts(self, at: usize) {
        if let Some(more) = self.more {
            more.starts.set(at);
        }
    }

    /// What comes next decides on what is looked for.
    pub(super) fn ends(self) {
        if let Some(more) = self.more {
            more.open.set(more.open.get().min(more.starts.get()));
        }
    }

    /// The byte at a place; 0 outside.
    pub(super) fn at(self, at: usize) -> u8 {
        match self.all.as_bytes().get(at) {
            Some(byte) => *byte,
            None => {
                self.ends();
                0
            }
        }
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
        self.all.get(range).unwrap_or_default()
    }

    /// The next place that is so.
    pub(super) fn next(self, from: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = self.all.as_bytes().get(from..)?;
        rest.iter().position(|byte| is(*byte)).map(|at| at.saturating_add(from))
    }

    /// Where a run of such bytes ends.
    pub(super) fn run(self, from: usize, is: impl Fn(u8) -> bool) -> usize {
        self.run_within(from, usize::MAX, is)
    }

    /// The same, but for a run of more bytes than this, which stands for all that are.
    pub(super) fn run_within(self, from: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let end = self.next(from, |byte| !is(byte)).unwrap_or(self.len());
        let longest = from.saturating_add(most).saturating_add(1);
        if end == self.len() && end < longest {
            self.ends();
        }
        end.min(longest)
    }

    /// Whether a place is between two double quotes.
    pub(super) fn quoted(self, at: usize) -> bool {
        let (mut open, mut escaped) = (false, false);
        for byte in self.all.as_bytes().get(..at).unwrap_or_default() {
            open ^= *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
        }
        open
    }

    /// Where a run of such bytes that ends here begins; what belongs to an escape is none of it.
    pub(super) fn run_back(self, end: usize, is: impl Fn(u8) -> bool) -> usize {
        let bytes = self.all.as_bytes().get(..end).unwrap_or_default();
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
