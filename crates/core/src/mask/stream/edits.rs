//! What leaves of a stretch of bytes: most of it as it came, some of it as something else.
//!
//! Enter at [`Edits::of`].

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::mask::FIXED;

/// What stands for something that is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `***`, however long it was.
    Any,
    /// As many stars as it took columns of a terminal, so that whatever comes after it stands where it would have stood.
    Same,
    /// As many stars as it had bytes: a piece of a file, in which everything has its place.
    Bytes,
}

/// How something is hidden that ends nowhere before it is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A value.
    Whole,
    /// A number of a JSON document, which stands outside of any string.
    Bare,
    /// What goes on with something whose beginning is hidden already.
    Rest,
}

pub(super) struct Edits {
    width: Width,
    bytes: Bytes,
    /// What has left before.
    left: usize,
    /// In order and apart.
    hidden: Vec<(Range<usize>, Vec<u8>)>,
}

impl Edits {
    /// Of these bytes so many have left.
    pub(super) fn of(bytes: Bytes, left: usize, width: Width) -> Self {
        Self { width, bytes, left, hidden: Vec::new() }
    }

    /// Hides a range, as far as nothing of it has left or is hidden.
    pub(super) fn hide(&mut self, range: Range<usize>, part: Part) {
        let from = self.hidden.last().map_or(self.left, |(last, _)| last.end).max(range.start);
        let Some(hidden) = self.bytes.get(from..range.end).filter(|hidden| !hidden.is_empty()) else { return };
        let image = match (self.width, part) {
            (Width::Same, _) => stars(hidden),
            (Width::Bytes, _) => vec![b'*'; hidden.len()],
            (Width::Any, Part::Whole) => FIXED.into(),
            (Width::Any, Part::Bare) => format!("\"{FIXED}\"").into(),
            (Width::Any, Part::Rest) => Vec::new(),
        };
        self.hidden.push((from..range.end, image));
    }

    /// Puts something before a place that has not left.
    pub(super) fn insert(&mut self, at: usize, bytes: &[u8]) {
        self.hidden.push((at..at, bytes.to_vec()));
    }

    /// What leaves if all before this place may.
    pub(super) fn leave(self, end: usize) -> Bytes {
        let end = end.max(self.left);
        if self.hidden.is_empty() {
            return self.bytes.slice(self.left.min(self.bytes.len())..end.min(self.bytes.len()));
        }
        let mut leaves = BytesMut::with_capacity(end.saturating_sub(self.left));
        let mut from = self.left;
        for (range, image) in &self.hidden {
            leaves.extend_from_slice(self.bytes.get(from..range.start).unwrap_or_default());
            leaves.extend_from_slice(image);
            from = range.end;
        }
        leaves.extend_from_slice(self.bytes.get(from..end).unwrap_or_default());
        leaves.freeze()
    }
}

/// A star for each column of what is shown; what moves or colours stays.
fn stars(hidden: &[u8]) -> Vec<u8> {
    let mut stars = Vec::with_capacity(hidden.len());
    for chunk in hidden.utf8_chunks() {
        for shown in chunk.valid().chars() {
            match columns(shown) {
                None => stars.extend(shown.encode_utf8(&mut [0; 4]).as_bytes()),
                Some(many) => stars.extend(std::iter::repeat_n(b'*', many)),
            }
        }
        stars.extend(chunk.invalid().iter().map(|_| b'*'));
    }
    stars
}

/// How many columns a character takes; none where it is a control. Unicode's annex 11, in coarse ranges.
fn columns(shown: char) -> Option<usize> {
    match shown {
        _ if shown.is_control() => None,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => Some(0),
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => Some(2),
        _ => Some(1),
    }
}
