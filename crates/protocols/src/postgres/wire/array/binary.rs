//! The binary form: dimensions, a flag for NULLs, the element type, for each dimension its length
//! and lower bound, then each element as a cell of a row is sent.

use bytes::{BufMut, BytesMut};

use super::super::error::WireError;
use super::super::read::Reader;
use super::super::row::Cell;
use super::super::write;
use super::MAX_DIMENSIONS;

const WHAT: &str = "binary array";

/// Where the flag for NULLs stands: after the number of dimensions.
const FLAGS_AT: usize = 4;
/// The flag: some element is NULL.
const HAS_NULLS: u32 = 1;

/// An array, its elements still where they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array<'a> {
    /// The type of the elements.
    pub element_type: u32,
    /// Length and lower bound of each dimension; none for an empty array.
    pub dimensions: Vec<(i32, i32)>,
    /// The elements in storage order; `None` is NULL.
    pub elements: Vec<Option<&'a [u8]>>,
}

/// Reads an array.
///
/// # Errors
///
/// Anything that is not exactly one array: more than six dimensions, a negative length, more
/// elements announced than sent, a flag that does not exist, bytes left over.
pub fn decode(value: &[u8]) -> Result<Array<'_>, WireError> {
    let mut reader = Reader::new(WHAT, value);
    let head = head(&mut reader)?;
    let elements = (0..head.count).map(|_| reader.value()).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(Array { element_type: head.element_type, dimensions: head.dimensions, elements })
}

/// Appends the array with each element kept or replaced as `change` says, given the element's
/// index from 0 in storage order. Values are in the binary form of the element type.
///
/// # Errors
///
/// As [`decode`]; a value over 2 GiB. Nothing is appended then.
pub fn rewrite(
    value: &[u8],
    change: impl FnMut(usize, Option<&[u8]>) -> Cell,
    out: &mut BytesMut,
) -> Result<(), WireError> {
    let start = out.len();
    rewritten(value, change, out).inspect_err(|_| out.truncate(start))
}

fn rewritten(
    value: &[u8],
    mut change: impl FnMut(usize, Option<&[u8]>) -> Cell,
    out: &mut BytesMut,
) -> Result<(), WireError> {
    let mut reader = Reader::new(WHAT, value);
    let head = head(&mut reader)?;
    let flags_at = out.len().saturating_add(FLAGS_AT);
    let head_length = value.len().saturating_sub(reader.remaining());
    out.put_slice(value.get(..head_length).unwrap_or_default());
    let mut has_nulls = head.has_nulls;
    for index in 0..head.count {
        let element = reader.value()?;
        match change(index, element) {
            Cell::Keep => write::value(out, element)?,
            Cell::Value(value) => write::value(out, Some(&value))?,
            Cell::Null => {
                has_nulls = true;
                write::value(out, None)?;
            }
        }
    }
    reader.finish()?;
    if has_nulls && let Some(flags) = out.get_mut(flags_at..).and_then(<[u8]>::first_chunk_mut) {
        *flags = HAS_NULLS.to_be_bytes();
    }
    Ok(())
}

/// All that comes before the elements.
struct Head {
    has_nulls: bool,
    element_type: u32,
    dimensions: Vec<(i32, i32)>,
    count: usize,
}

fn head(reader: &mut Reader<'_>) -> Result<Head, WireError> {
    let dimensions = usize::try_from(reader.u32()?)
        .ok()
        .filter(|dimensions| *dimensions <= MAX_DIMENSIONS)
        .ok_or_else(|| reader.malformed("number of dimensions"))?;
    let has_nulls = match reader.u32()? {
        0 => false,
        HAS_NULLS => true,
        _ => return Err(reader.malformed("flag")),
    };
    let element_type = reader.u32()?;
    let dimensions =
        (0..dimensions).map(|_| Ok((reader.i32()?, reader.i32()?))).collect::<Result<Vec<_>, WireError>>()?;
    let count = count(&dimensions)
        .filter(|count| count.saturating_mul(size_of::<i32>()) <= reader.remaining())
        .ok_or_else(|| reader.malformed("length of a dimension"))?;
    Ok(Head { has_nulls, element_type, dimensions, count })
}

/// How many elements there are: the product of the lengths, and none without dimensions.
fn count(dimensions: &[(i32, i32)]) -> Option<usize> {
    if dimensions.is_empty() {
        return Some(0);
    }
    dimensions.iter().try_fold(1_usize, |count, (length, _)| {
        usize::try_from(*length).ok().and_then(|length| count.checked_mul(length))
    })
}
