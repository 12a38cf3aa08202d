//! Writes packets with their lengths, refusing what the format cannot carry.
//!
//! A packet that cannot be written leaves the buffer as it was. Enter at [`packet`].

use bytes::{BufMut, BytesMut};

use super::error::SftpError;
use super::frame::{HEADER, MOST};
use super::read::LONGEST_HANDLE;

/// Appends one packet whose fields are what `fill` appends.
pub(super) fn packet(
    out: &mut BytesMut,
    what: &'static str,
    kind: u8,
    fill: impl FnOnce(&mut BytesMut) -> Result<(), SftpError>,
) -> Result<(), SftpError> {
    let start = out.len();
    out.put_u32(0);
    out.put_u8(kind);
    let filled = fill(out).and_then(|()| patch_length(out, what, start));
    filled.inspect_err(|_| out.truncate(start))
}

/// Writes the number of bytes behind the length at `start` there.
fn patch_length(out: &mut BytesMut, what: &'static str, start: usize) -> Result<(), SftpError> {
    let unwritable = || SftpError::Unwritable { what };
    let (_, packet) = out.split_at_mut_checked(start).ok_or_else(unwritable)?;
    let bytes = packet.len().checked_sub(HEADER).filter(|bytes| *bytes <= MOST).ok_or_else(unwritable)?;
    let length = u32::try_from(bytes).map_err(|_| unwritable())?;
    *packet.first_chunk_mut().ok_or_else(unwritable)? = length.to_be_bytes();
    Ok(())
}

/// Bytes with their length before them.
pub(super) fn string(out: &mut BytesMut, what: &'static str, bytes: &[u8]) -> Result<(), SftpError> {
    let length = u32::try_from(bytes.len()).map_err(|_| SftpError::Unwritable { what })?;
    out.put_u32(length);
    out.put_slice(bytes);
    Ok(())
}

pub(super) fn handle(out: &mut BytesMut, what: &'static str, handle: &[u8]) -> Result<(), SftpError> {
    if handle.len() > LONGEST_HANDLE {
        return Err(SftpError::Unwritable { what });
    }
    string(out, what, handle)
}

/// How many items follow.
pub(super) fn count(out: &mut BytesMut, what: &'static str, count: usize) -> Result<(), SftpError> {
    out.put_u32(u32::try_from(count).map_err(|_| SftpError::Unwritable { what })?);
    Ok(())
}
