//! Writes messages with their lengths, refusing what the format cannot carry.
//!
//! A NUL inside a string would end it early and let what follows be read as the next field, so it
//! is an error here and never the caller's business. A message that cannot be written leaves the
//! buffer as it was.

use bytes::{BufMut, BytesMut};

use super::error::WireError;
use super::read::NULL;

/// Appends one tagged message whose body is what `fill` appends.
pub(super) fn message(
    out: &mut BytesMut,
    tag: u8,
    fill: impl FnOnce(&mut BytesMut) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let start = out.len();
    out.put_u8(tag);
    packet(out, fill).inspect_err(|_| out.truncate(start))
}

/// Appends one untagged packet whose body is what `fill` appends.
pub(super) fn packet(
    out: &mut BytesMut,
    fill: impl FnOnce(&mut BytesMut) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let start = out.len();
    out.put_i32(0);
    let filled = fill(out).and_then(|()| patch_length(out, start));
    filled.inspect_err(|_| out.truncate(start))
}

/// Writes the number of bytes from `start` to the end at `start`.
fn patch_length(out: &mut BytesMut, start: usize) -> Result<(), WireError> {
    let unwritable = || WireError::Unwritable { what: "message", why: "it is longer than 2 GiB" };
    let (_, packet) = out.split_at_mut_checked(start).ok_or_else(unwritable)?;
    let length = i32::try_from(packet.len()).map_err(|_| unwritable())?;
    let field = packet.first_chunk_mut().ok_or_else(unwritable)?;
    *field = length.to_be_bytes();
    Ok(())
}

/// A string and its NUL.
pub(super) fn string(out: &mut BytesMut, what: &'static str, text: &[u8]) -> Result<(), WireError> {
    if text.contains(&0) {
        return Err(WireError::Unwritable { what, why: "it contains a zero byte" });
    }
    out.put_slice(text);
    out.put_u8(0);
    Ok(())
}

/// How many items follow, as 16 bits.
pub(super) fn count(out: &mut BytesMut, what: &'static str, count: usize) -> Result<(), WireError> {
    let why = "there are more than 65535";
    let count = u16::try_from(count).map_err(|_| WireError::Unwritable { what, why })?;
    out.put_u16(count);
    Ok(())
}

/// A value with its length before it; `None` is NULL.
pub(super) fn value(out: &mut BytesMut, value: Option<&[u8]>) -> Result<(), WireError> {
    let Some(value) = value else {
        out.put_i32(NULL);
        return Ok(());
    };
    let why = "it is longer than 2 GiB";
    let length = i32::try_from(value.len()).map_err(|_| WireError::Unwritable { what: "value", why })?;
    out.put_i32(length);
    out.put_slice(value);
    Ok(())
}

pub(super) fn formats(out: &mut BytesMut, formats: &[i16]) -> Result<(), WireError> {
    count(out, "format codes", formats.len())?;
    formats.iter().for_each(|format| out.put_i16(*format));
    Ok(())
}

pub(super) fn oids(out: &mut BytesMut, oids: &[u32]) -> Result<(), WireError> {
    count(out, "type OIDs", oids.len())?;
    oids.iter().for_each(|oid| out.put_u32(*oid));
    Ok(())
}
