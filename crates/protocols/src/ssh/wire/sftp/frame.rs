//! Cuts a stream of bytes into packets, without looking inside them.
//!
//! Nothing is reserved for a packet that has only been announced: the buffer grows as bytes arrive, and a length over the
//! bound is an error as soon as its four bytes are there. Enter at [`next`].

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::error::SftpError;

/// Bytes before the kind: the length of all that follows it.
pub const HEADER: usize = 4;

/// The longest that a length may say: 256 KiB of data as OpenSSH has it (`SFTP_MAX_MSG_LENGTH`), and the fields around.
pub const MOST: usize = (256 << 10) + (1 << 10);

/// One whole packet as it came: a slice of the read buffer, not a copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What kind it is.
    pub kind: u8,
    /// Length, kind and fields.
    pub raw: Bytes,
}

impl Frame {
    /// What follows the kind.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.raw.slice(HEADER.saturating_add(size_of_val(&self.kind)).min(self.raw.len())..)
    }
}

/// Prints the kind and the size only: the rest may be a file.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}, {} bytes)", self.kind, self.raw.len())
    }
}

/// Takes the first packet off `buffer`, or `None` while it is not all there.
///
/// # Errors
///
/// [`SftpError::TooLong`] and [`SftpError::Empty`]; the stream has then no next packet.
pub fn next(buffer: &mut BytesMut) -> Result<Option<Frame>, SftpError> {
    let Some((header, rest)) = buffer.split_first_chunk::<HEADER>() else { return Ok(None) };
    let length = u32::from_be_bytes(*header);
    let bytes = usize::try_from(length).ok().filter(|bytes| *bytes <= MOST);
    let bytes = bytes.ok_or(SftpError::TooLong { length, most: MOST })?;
    if bytes == 0 {
        return Err(SftpError::Empty);
    }
    match rest.first() {
        Some(kind) if rest.len() >= bytes => {
            let kind = *kind;
            Ok(Some(Frame { kind, raw: buffer.split_to(HEADER.saturating_add(bytes)).freeze() }))
        }
        Some(_) | None => Ok(None),
    }
}
