//! What detectors find in a stream of text, line by line; a private key over its lines. What is no text passes.
//!
//! A line ends with a line feed or, because environments and lists of names are written so, with a zero byte. What is
//! found in it depends on nothing else, but where it is long on the end of what has been decided on already.
//!
//! INVARIANT: where a line is cut, and what it is taken for, its bytes decide and never the chunks that they come in.
//!
//! Enter at [`Lines::pass`].

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::edits::{Edits, Part, Width};
use super::{LONGEST, armour, text};
use crate::mask::Search;
use crate::mask::detect::{Detector, Found};

/// A line that is so long may be cut, and so may one that is longer by so much.
const PART: usize = LONGEST / 4;

/// How much of what is decided on is looked at with what is not, in a line that is cut.
const BEFORE: usize = 256;

/// The longest private key, in bytes.
const KEY: usize = 64 << 10;

/// Of a key in one line so much is held: its end may have begun in that.
const CLOSING: usize = 64;

/// So many bytes of text in a line are none by chance.
const TEXT: usize = 8;

pub(super) struct Lines {
    searches: Vec<Search>,
    width: Width,
    within: Within,
    /// Whether the last line was none.
    binary: bool,
    /// What came of the line, as far as it is still looked at.
    line: Bytes,
    /// In that.
    place: Place,
}

/// What it goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// A private key: how much of it is hidden, and whether the end of a line is.
    Key(usize, bool),
    /// A secret that was too long to be held whole.
    Secret,
    /// Something that is no text.
    Binary,
}

/// Where one is in some bytes.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Where the line begins that is looked at.
    start: usize,
    /// With so much of it was tried to cut it.
    tried: usize,
    /// As far as that is decided on, because it is too long to be looked at whole.
    decided: usize,
    /// As far as all may leave.
    left: usize,
}

impl Place {
    /// Nothing before this place is looked at any more.
    fn at(place: usize) -> Self {
        Self { start: place, tried: 0, decided: place, left: place }
    }
}

/// Whether more of the bytes can be looked at.
#[derive(PartialEq, Eq)]
enum Step {
    Next,
    Wait,
}

impl Lines {
    pub(super) fn new(searches: Vec<Search>, width: Width) -> Self {
        let (line, place) = (Bytes::new(), Place::default());
        Self { searches, width, within: Within::Text, binary: false, line, place }
    }

    pub(super) fn held(&self) -> usize {
        self.line.len().saturating_sub(self.place.left)
    }

    pub(super) fn pass(&mut self, chunk: Bytes) -> Bytes {
        if self.searches.is_empty() || chunk.is_empty() {
            return chunk;
        }
        let bytes = joined(std::mem::take(&mut self.line), chunk);
        let mut edits = Edits::of(bytes.clone(), self.place.left, self.width);
        while self.place.start < bytes.len() && self.step(&bytes, &mut edits) == Step::Next {}
        let Place { start, tried, decided, left } = self.place;
        self.line = bytes.slice(start..);
        self.place =
            Place { start: 0, tried, decided: decided.saturating_sub(start), left: left.saturating_sub(start) };
        edits.leave(left)
    }

    /// Takes what is there for all there is. What goes on with it is still looked at together with it.
    pub(super) fn release(&mut self) -> Bytes {
        let bytes = self.line.clone();
        let mut edits = Edits::of(bytes.clone(), self.place.left, self.width);
        if let Within::Key(_, broken) = self.within
            && !bytes.is_empty()
            && !armour::goes_on(&text::text(&bytes, true))
        {
            self.leave_key(&mut edits, broken);
        }
        if self.within == Within::Text {
            let text = text::text(&bytes, true);
            self.hide(&self.found(&text), &text, &mut edits);
            self.place.left = bytes.len();
        }
        edits.leave(self.place.left)
    }

    /// Takes what is there for all there is, and what would go on with a key for a part of it.
    pub(super) fn end(&mut self) -> Bytes {
        let leaves = self.release();
        (self.line, self.place) = (Bytes::new(), Place::default());
        leaves
    }

    fn step(&mut self, bytes: &Bytes, edits: &mut Edits) -> Step {
        let rest = bytes.get(self.place.start..).unwrap_or_default();
        let line = rest.iter().position(|byte| matches!(byte, b'\n' | 0));
        match self.within {
            Within::Binary => self.pass_binary(rest, line),
            Within::Secret => self.hide_secret(rest, edits),
            Within::Key(hidden, broken) => self.hide_key((hidden, broken), rest, line, edits),
            Within::Text => self.look(rest, line, edits),
        }
    }

    fn look(&mut self, rest: &[u8], line: Option<usize>, edits: &mut Edits) -> Step {
        let start = self.place.start;
        let length = line.unwrap_or(rest.len()).min(LONGEST);
        let stretch = rest.get(..length).unwrap_or_default();
        loop {
            let part = self.place.tried.saturating_add(PART);
            let stretch = stretch.get(..part).unwrap_or(stretch);
            if let Some(end) = text::binary(stretch, self.binary) {
                self.leave_text(stretch.get(..end).unwrap_or_default(), edits);
                return Step::Next;
            }
            if stretch.len() < part {
                break;
            }
            self.place.tried = part;
            if self.cut(stretch, edits) {
                return Step::Next;
            }
        }
        let Some(line) = line else {
            let text = text::text(stretch, false);
            let (found, open) = self.found_begun(&text);
            self.hide(&found, &text, edits);
            self.place.left = self.place.left.max(start.saturating_add(open));
            return Step::Wait;
        };
        let text = text::text(stretch.strip_suffix(b"\r").unwrap_or(stretch), true);
        let found = self.found(&text);
        self.hide(&found, &text, edits);
        let next = start.saturating_add(line).saturating_add(1);
        if let Some(key) = open_key(&found, &text) {
            // the line ends within the key
            edits.hide(start.saturating_add(key.end)..next, Part::Rest);
            self.within = Within::Key(key.len(), true);
        }
        self.binary = self.binary && length < TEXT;
        self.place = Place::at(next);
        Step::Next
    }

    /// Whether something is decided of a long line, so that the rest is looked at without the beginning; at [`LONGEST`] all is.
    fn cut(&mut self, stretch: &[u8], edits: &mut Edits) -> bool {
        let start = self.place.start;
        let text = text::text(stretch, false);
        let (mut found, mut open) = self.found_begun(&text);
        if start.saturating_add(open) <= self.place.decided {
            if stretch.len() < LONGEST {
                return false;
            }
            (found, open) = (self.found(&text), text.len());
            self.within = match (open_key(&found, &text), found.last()) {
                (Some(key), _) => Within::Key(key.len(), false),
                (None, Some(last)) if last.range.end == text.len() => Within::Secret,
                (None, Some(_) | None) => Within::Text,
            };
        }
        self.hide(&found, &text, edits);
        let decided = start.saturating_add(open);
        let before = if self.within == Within::Text { open.saturating_sub(BEFORE) } else { open };
        let before = (before..=open).find(|place| text.is_char_boundary(*place)).unwrap_or(open);
        let left = self.place.left.max(decided);
        self.place = Place { start: start.saturating_add(before), tried: 0, decided, left };
        true
    }

    /// Decides on what stands before something that is no text.
    fn leave_text(&mut self, stretch: &[u8], edits: &mut Edits) {
        let text = text::text(stretch, true);
        self.hide(&self.found(&text), &text, edits);
        (self.within, self.binary) = (Within::Binary, true);
        self.place = Place::at(self.place.start.saturating_add(stretch.len()).max(self.place.left));
    }

    fn pass_binary(&mut self, rest: &[u8], line: Option<usize>) -> Step {
        let next = line.map_or(rest.len(), |line| line.saturating_add(1));
        self.place = Place::at(self.place.start.saturating_add(next));
        self.within = if line.is_some() { Within::Text } else { Within::Binary };
        Step::Next
    }

    fn hide_secret(&mut self, rest: &[u8], edits: &mut Edits) -> Step {
        let ends = |byte: &u8| !byte.is_ascii_graphic() || b"\"'`,;&|<>()[]{}".contains(byte);
        let end = rest.iter().position(ends);
        let next = self.place.start.saturating_add(end.unwrap_or(rest.len()));
        edits.hide(self.place.start..next, Part::Rest);
        self.place = Place::at(next);
        self.within = if end.is_some() { Within::Text } else { Within::Secret };
        Step::Next
    }

    fn hide_key(
        &mut self,
        (hidden, broken): (usize, bool),
        rest: &[u8],
        line: Option<usize>,
        edits: &mut Edits,
    ) -> Step {
        let start = self.place.start;
        let length = line.unwrap_or(rest.len()).min(LONGEST);
        let text = text::text(rest.get(..length).unwrap_or_default(), true);
        let (hides, within) = match (armour::end(&text), line.filter(|line| *line < LONGEST)) {
            (Some(end), _) => (end, Within::Text),
            (None, None) if length < LONGEST => return Step::Wait,
            (None, _) if hidden > KEY || !armour::goes_on(&text) => {
                self.leave_key(edits, broken);
                return Step::Next;
            }
            (None, None) => {
                let hides = length.saturating_sub(CLOSING);
                (hides, Within::Key(hidden.saturating_add(hides), broken))
            }
            (None, Some(line)) => {
                let hides = line.saturating_add(1);
                (hides, Within::Key(hidden.saturating_add(hides), true))
            }
        };
        let next = start.saturating_add(hides);
        edits.hide(start..next, Part::Rest);
        (self.within, self.place) = (within, Place::at(next));
        Step::Next
    }

    /// What comes is none of the key any more, although that has not ended.
    fn leave_key(&mut self, edits: &mut Edits, broken: bool) {
        self.within = Within::Text;
        if broken && self.width == Width::Any {
            edits.insert(self.place.start, b"\n");
        }
    }

    fn found(&self, text: &str) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for search in &self.searches {
            found.extend(search.detectors().find(None, text));
        }
        found.sort_by_key(|one| one.range.start);
        found
    }

    fn found_begun(&self, text: &str) -> (Vec<Found>, usize) {
        let (mut found, mut open) = (Vec::new(), text.len());
        for search in &self.searches {
            let (some, up_to) = search.detectors().find_begun(text);
            found.extend(some);
            open = open.min(up_to);
        }
        found.sort_by_key(|one| one.range.start);
        // what overlaps something that is open is open with it
        while let Some(one) = found.iter().find(|one| one.range.start < open && one.range.end > open) {
            open = one.range.start;
        }
        found.retain(|one| one.range.end <= open);
        (found, open)
    }

    fn hide(&self, found: &[Found], text: &str, edits: &mut Edits) {
        let Place { start, left, .. } = self.place;
        for one in found {
            let range = start.saturating_add(one.range.start).max(left)..start.saturating_add(one.range.end);
            let part = if bare(text, &one.range) { Part::Bare } else { Part::Whole };
            edits.hide(range, part);
        }
    }
}

/// A private key that has begun in a text and not ended.
fn open_key(found: &[Found], text: &str) -> Option<Range<usize>> {
    let last = found.last().filter(|last| last.detector == Detector::PrivateKey && last.range.end == text.len())?;
    let key = text.get(last.range.clone())?;
    (key.contains("-----BEGIN ") && armour::end(key).is_none()).then(|| last.range.clone())
}

/// Whether it is a number of a JSON document that stands in no string.
fn bare(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    let value = text.get(range.clone()).unwrap_or_default();
    let named = before.strip_suffix(':').map(str::trim_end).and_then(|name| name.strip_suffix('"'));
    let listed = before.ends_with(['[', ',', ':']) && text.trim_start().starts_with(['{', '[']) && !quoted(before);
    value.bytes().all(|byte| byte.is_ascii_digit()) && (named.is_some_and(|name| !name.ends_with('\\')) || listed)
}

/// Whether a string is open at the end of it.
fn quoted(text: &str) -> bool {
    let (mut open, mut escaped) = (false, false);
    for byte in text.bytes() {
        open ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    open
}

fn joined(line: Bytes, chunk: Bytes) -> Bytes {
    if line.is_empty() {
        return chunk;
    }
    let mut bytes = BytesMut::with_capacity(line.len().saturating_add(chunk.len()));
    bytes.extend_from_slice(&line);
    bytes.extend_from_slice(&chunk);
    bytes.freeze()
}
