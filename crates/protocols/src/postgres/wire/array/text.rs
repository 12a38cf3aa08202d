//! The text form: braces, delimiters, quotes, and before them the bounds where some lower bound
//! is not 1.
//!
//! Braces and quotes are told from text by their ASCII bytes, which is right in UTF-8 and in every
//! server encoding, and wrong in client encodings such as SJIS, GBK or BIG5: a session that lets a
//! client choose one of those must not read arrays here.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use super::super::error::WireError;
use super::super::row::Cell;
use super::MAX_DIMENSIONS;

/// What stands between elements, for every built-in type but one.
pub const DELIMITER: u8 = b',';
/// What stands between elements of `box[]` (`typdelim` in `pg_type`).
pub const BOX_DELIMITER: u8 = b';';

/// What an element is called that is NULL, in upper or lower case, without quotes.
const NULL: &[u8] = b"NULL";

/// Reads the elements in storage order, without quotes and escapes; `None` is NULL.
///
/// # Errors
///
/// Anything that a server would not write: braces that do not match, sub-arrays of different
/// lengths, bounds that do not fit, an element that should have quotes, bytes left over.
pub fn elements(literal: &[u8], delimiter: u8) -> Result<Vec<Option<Cow<'_, [u8]>>>, WireError> {
    let mut elements = Vec::new();
    scan(literal, delimiter, |part| {
        if let Part::Element { text, .. } = part {
            elements.push(text);
        }
    })?;
    Ok(elements)
}

/// Appends the literal with each element kept or replaced as `change` says, given the element's
/// index from 0 in storage order. Values are given plain; quotes are put where they must be.
///
/// # Errors
///
/// As [`elements`]. Nothing is appended then.
pub fn rewrite(
    literal: &[u8],
    delimiter: u8,
    mut change: impl FnMut(usize, Option<&[u8]>) -> Cell,
    out: &mut BytesMut,
) -> Result<(), WireError> {
    let start = out.len();
    let mut indices = 0..;
    let scanned = scan(literal, delimiter, |part| match part {
        Part::Frame(raw) => out.put_slice(raw),
        Part::Element { raw, text } => {
            let index = indices.next().unwrap_or(usize::MAX);
            match change(index, text.as_deref()) {
                Cell::Keep => out.put_slice(raw),
                Cell::Null => out.put_slice(NULL),
                Cell::Value(value) => put_element(out, &value, delimiter),
            }
        }
    });
    scanned.inspect_err(|_| out.truncate(start))
}

/// A stretch of a literal. All stretches together are the literal.
enum Part<'a> {
    /// Bounds, a brace or a delimiter.
    Frame(&'a [u8]),
    /// An element as it stands, and what it says.
    Element { raw: &'a [u8], text: Option<Cow<'a, [u8]>> },
}

fn scan<'a>(literal: &'a [u8], delimiter: u8, mut each: impl FnMut(Part<'a>)) -> Result<(), WireError> {
    if literal == b"{}" {
        each(Part::Frame(literal));
        return Ok(());
    }
    let mut cursor = Cursor { rest: literal };
    let bounds = cursor.bounds()?;
    each(Part::Frame(cursor.since(literal)));
    let mut shape = Shape::default();
    let mut item_due = true;
    loop {
        let before = cursor.rest;
        match cursor.rest.first() {
            Some(b'{') if item_due => {
                cursor.skip();
                shape.open()?;
                each(Part::Frame(cursor.since(before)));
            }
            Some(_) if item_due => {
                shape.element()?;
                let text = cursor.element(delimiter)?;
                each(Part::Element { raw: cursor.since(before), text });
                item_due = false;
            }
            Some(b'}') => {
                cursor.skip();
                each(Part::Frame(cursor.since(before)));
                if shape.close()? {
                    break;
                }
            }
            Some(byte) if *byte == delimiter => {
                cursor.skip();
                each(Part::Frame(cursor.since(before)));
                item_due = true;
            }
            Some(_) => return Err(malformed("delimiter")),
            None => return Err(WireError::Truncated { what: WHAT }),
        }
    }
    if !cursor.rest.is_empty() {
        return Err(WireError::Trailing { what: WHAT, count: cursor.rest.len() });
    }
    if bounds.is_empty() || shape.has(&bounds) { Ok(()) } else { Err(malformed("bound")) }
}

const WHAT: &str = "text array";

const fn malformed(field: &'static str) -> WireError {
    WireError::Malformed { what: WHAT, field }
}

/// What is still unread of a literal.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// What has been read since `before` was the rest.
    fn since(&self, before: &'a [u8]) -> &'a [u8] {
        before.get(..before.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }

    /// Goes past one byte, which the caller has seen.
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn expect(&mut self, byte: u8, field: &'static str) -> Result<(), WireError> {
        self.rest = self.rest.strip_prefix(&[byte]).ok_or_else(|| malformed(field))?;
        Ok(())
    }

    /// `[lower:upper]` for each dimension and `=`, or nothing: the lengths that follow from it.
    fn bounds(&mut self) -> Result<Vec<usize>, WireError> {
        let mut lengths = Vec::new();
        while self.rest.first() == Some(&b'[') {
            if lengths.len() == MAX_DIMENSIONS {
                return Err(malformed("number of dimensions"));
            }
            self.skip();
            let lower = self.number()?;
            self.expect(b':', "bound")?;
            let upper = self.number()?;
            self.expect(b']', "bound")?;
            let length = upper
                .checked_sub(lower)
                .and_then(|length| length.checked_add(1))
                .and_then(|length| usize::try_from(length).ok())
                .ok_or_else(|| malformed("bound"))?;
            lengths.push(length);
        }
        if !lengths.is_empty() {
            self.expect(b'=', "bound")?;
        }
        Ok(lengths)
    }

    fn number(&mut self) -> Result<i32, WireError> {
        let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        let length = self.rest.iter().take_while(|byte| digits(byte)).count();
        let (number, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).ok_or_else(|| malformed("bound"))
    }

    fn element(&mut self, delimiter: u8) -> Result<Option<Cow<'a, [u8]>>, WireError> {
        if self.rest.first() == Some(&b'"') {
            self.skip();
            return self.quoted().map(Some);
        }
        let ends = |byte: &u8| *byte == delimiter || *byte == b'}';
        let length = self.rest.iter().take_while(|byte| !ends(byte)).count();
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        if text.eq_ignore_ascii_case(NULL) {
            return Ok(None);
        }
        if needs_quotes(text, delimiter) {
            return Err(malformed("element"));
        }
        Ok(Some(Cow::Borrowed(text)))
    }

    /// Up to the closing quote; a backslash takes the next byte as it is.
    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, WireError> {
        let mut text = Cow::Borrowed(<&[u8]>::default());
        loop {
            let length = self.rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
            let (plain, rest) = self.rest.split_at_checked(length).unwrap_or_default();
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().extend_from_slice(plain);
            }
            match rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(text);
                }
                [b'\\', escaped, rest @ ..] => {
                    text.to_mut().push(*escaped);
                    self.rest = rest;
                }
                _ => return Err(WireError::Truncated { what: WHAT }),
            }
        }
    }
}

/// How deep the braces are, and how long the sub-arrays of each depth.
#[derive(Default)]
struct Shape {
    levels: Vec<Level>,
    depth: usize,
    /// An element has been seen, so there are no deeper levels than these.
    complete: bool,
}

#[derive(Default)]
struct Level {
    /// Items of the sub-array that is being read.
    items: usize,
    /// Items of the sub-arrays before it.
    length: Option<usize>,
}

impl Shape {
    fn open(&mut self) -> Result<(), WireError> {
        self.item();
        if self.depth == self.levels.len() {
            if self.complete || self.depth == MAX_DIMENSIONS {
                return Err(malformed("number of dimensions"));
            }
            self.levels.push(Level::default());
        }
        if let Some(level) = self.levels.get_mut(self.depth) {
            level.items = 0;
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn element(&mut self) -> Result<(), WireError> {
        if self.depth == 0 || self.depth != self.levels.len() {
            return Err(malformed("number of dimensions"));
        }
        self.complete = true;
        self.item();
        Ok(())
    }

    /// Whether that was the last brace.
    fn close(&mut self) -> Result<bool, WireError> {
        self.depth = self.depth.saturating_sub(1);
        let level = self.levels.get_mut(self.depth).ok_or_else(|| malformed("brace"))?;
        if *level.length.get_or_insert(level.items) != level.items {
            return Err(malformed("length of a sub-array"));
        }
        Ok(self.depth == 0)
    }

    /// Counts one item of the sub-array that is open.
    fn item(&mut self) {
        let level = self.depth.checked_sub(1).and_then(|level| self.levels.get_mut(level));
        if let Some(level) = level {
            level.items = level.items.saturating_add(1);
        }
    }

    fn has(&self, lengths: &[usize]) -> bool {
        self.levels.iter().map(|level| level.length).eq(lengths.iter().copied().map(Some))
    }
}

/// Whether the server would put quotes around this (`array_out`).
fn needs_quotes(text: &[u8], delimiter: u8) -> bool {
    let special = |byte: &u8| {
        matches!(byte, b'"' | b'\\' | b'{' | b'}' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) || *byte == delimiter
    };
    text.is_empty() || text.eq_ignore_ascii_case(NULL) || text.iter().any(special)
}

fn put_element(out: &mut BytesMut, text: &[u8], delimiter: u8) {
    if !needs_quotes(text, delimiter) {
        out.put_slice(text);
        return;
    }
    out.put_u8(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}
