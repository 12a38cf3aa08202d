//! The cells of a `DataRow`: 55.7, "`DataRow`".
//!
//! A row is read in place. To change cells of it, [`rewrite`] copies the stretches between them
//! whole, so that a row with one masked cell costs little more than a row with none.

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::read::Reader;
use super::{tag, write};

/// What becomes of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// It stays as it is.
    Keep,
    /// It becomes NULL.
    Null,
    /// It becomes this value.
    Value(Bytes),
}

/// The cells of a row from left to right; `None` is NULL.
///
/// The first error is the last item. A row whose cells are all given without an error has exactly
/// as many as it announced, and nothing after them.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    state: State<'a>,
}

#[derive(Debug, Clone)]
enum State<'a> {
    /// Before the count.
    Start(Reader<'a>),
    /// So many cells are left.
    Inside(Reader<'a>, usize),
    /// After the last cell or the first error.
    End,
}

/// Reads the body of a `DataRow`.
#[must_use]
pub const fn cells(body: &[u8]) -> Cells<'_> {
    Cells { state: State::Start(Reader::new("data row", body)) }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Option<&'a [u8]>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut reader, left) = match std::mem::replace(&mut self.state, State::End) {
            State::Start(mut reader) => match count(&mut reader) {
                Ok(left) => (reader, left),
                Err(wrong) => return Some(Err(wrong)),
            },
            State::Inside(reader, left) => (reader, left),
            State::End => return None,
        };
        let Some(left) = left.checked_sub(1) else {
            return reader.finish().err().map(Err);
        };
        let cell = reader.value();
        if cell.is_ok() {
            self.state = State::Inside(reader, left);
        }
        Some(cell)
    }
}

impl std::iter::FusedIterator for Cells<'_> {}

/// The number of cells; each has at least its length.
fn count(reader: &mut Reader<'_>) -> Result<usize, WireError> {
    reader.count(size_of::<i32>())
}

/// Appends the whole `DataRow` message with each cell kept or replaced as `change` says, given the
/// cell's index from 0.
///
/// # Errors
///
/// The row is not well-formed, or becomes longer than a message can be. Nothing is appended then,
/// though `change` may have seen the cells before the fault.
pub fn rewrite(
    body: &[u8],
    mut change: impl FnMut(usize, Option<&[u8]>) -> Cell,
    out: &mut BytesMut,
) -> Result<(), WireError> {
    write::message(out, tag::server::DATA_ROW, |out| {
        let mut reader = Reader::new("data row", body);
        // what has been read and neither copied nor replaced yet
        let mut kept = body;
        for index in 0..count(&mut reader)? {
            let before = reader.clone();
            let value = match change(index, reader.value()?) {
                Cell::Keep => continue,
                Cell::Null => None,
                Cell::Value(value) => Some(value),
            };
            out.put_slice(read_since(kept, &before));
            write::value(out, value.as_deref())?;
            kept = reader.rest();
        }
        out.put_slice(kept);
        reader.finish()
    })
}

/// The front of `from` up to where `reader` stands.
fn read_since<'a>(from: &'a [u8], reader: &Reader<'_>) -> &'a [u8] {
    let length = from.len().saturating_sub(reader.remaining());
    from.get(..length).unwrap_or_default()
}

/// Appends a whole `DataRow` message.
///
/// # Errors
///
/// More than 65535 cells, or a message over 2 GiB. Nothing is appended then.
pub fn encode<'a>(cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>, out: &mut BytesMut) -> Result<(), WireError> {
    write::message(out, tag::server::DATA_ROW, |out| encode_body(cells, out))
}

/// Appends the body of a `DataRow`.
pub(super) fn encode_body<'a>(
    mut cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    out: &mut BytesMut,
) -> Result<(), WireError> {
    write::count(out, "cells", cells.len())?;
    cells.try_for_each(|cell| write::value(out, cell))
}

#[cfg(test)]
mod tests;
