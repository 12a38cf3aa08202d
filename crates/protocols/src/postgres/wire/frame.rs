//! Cuts a stream of bytes into tagged messages, without looking inside them.
//!
//! Nothing is reserved for a message that has only been announced: the buffer grows as bytes
//! arrive, and a length over the limit is an error as soon as its four bytes are there.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::error::WireError;
use super::tag::client;

/// Bytes before the body: the tag, and the length that counts itself but not the tag (55.7).
pub const HEADER: usize = 5;

/// The least that a length field may say: it counts itself.
const LENGTH_FIELD: u32 = 4;

/// What messages may say about their length.
///
/// As in the server, only those that carry statements, parameters or data may be long
/// (`SocketBackend` in `src/backend/tcop/postgres.c`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    long: usize,
    short: usize,
}

impl Limit {
    /// Before a client has proved who it is: room for a token and nothing else.
    pub const PASSWORD: Self = Self { long: 64 << 10, short: 64 << 10 };
    /// A client at work; for statements, parameters and COPY data the server's own limit (`PQ_LARGE_MESSAGE_LIMIT`).
    pub const CLIENT: Self = Self::client(0x3fff_fffe);
    /// A server at work: a field may have 1 GiB, so no value that it can store is refused.
    pub const SERVER: Self = Self::server(1 << 30);

    /// A client whose statements, parameters and COPY data may have `bytes` a message. Everything
    /// else, unknown messages too, keeps the server's own limit of 10 000 (`PQ_SMALL_MESSAGE_LIMIT`).
    #[must_use]
    pub const fn client(bytes: usize) -> Self {
        Self { long: bytes, short: 10_000 }
    }

    /// A server any of whose messages may have `bytes`.
    #[must_use]
    pub const fn server(bytes: usize) -> Self {
        Self { long: bytes, short: bytes }
    }

    const fn of(self, tag: u8) -> usize {
        match tag {
            client::QUERY | client::PARSE | client::BIND | client::COPY_DATA | client::FUNCTION_CALL => self.long,
            _ => self.short,
        }
    }
}

/// One whole message as it came: a slice of the read buffer, not a copy.
///
/// As long as any piece of it lives, so does the whole buffer it was read into: what outlives its
/// message (a prepared statement's text) is copied out.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What kind of message it is, see [`tag`](super::tag).
    pub tag: u8,
    /// Tag, length and body.
    pub raw: Bytes,
}

impl Frame {
    /// What follows the header.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.raw.slice(HEADER.min(self.raw.len())..)
    }
}

/// Prints the kind and the size only: a body may be a statement, a value or a password.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}, {} bytes)", char::from(self.tag).escape_default(), self.raw.len())
    }
}

/// Takes the first message off `buffer`, or `None` while it is not all there.
///
/// # Errors
///
/// [`WireError::TooShort`] and [`WireError::TooLong`]; the stream has then no next message.
pub fn next(buffer: &mut BytesMut, limit: Limit) -> Result<Option<Frame>, WireError> {
    match announced(buffer, limit)? {
        Some((tag, size)) if buffer.len() >= size => Ok(Some(Frame { tag, raw: buffer.split_to(size).freeze() })),
        Some(_) | None => Ok(None),
    }
}

/// The tag of the message that `buffer` begins with, and how many bytes it has in all, whether they are there or not;
/// `None` while that is not known.
///
/// # Errors
///
/// As [`next`].
pub fn announced(buffer: &[u8], limit: Limit) -> Result<Option<(u8, usize)>, WireError> {
    let Some((tag, length)) = header(buffer) else { return Ok(None) };
    size(tag, length, limit).map(|size| Some((tag, size)))
}

/// The tag and the length field of the message that `buffer` begins with, both unchecked. A
/// negative length reads as 2³¹ or more, which is over every limit.
#[must_use]
pub fn header(buffer: &[u8]) -> Option<(u8, u32)> {
    let (header, _) = buffer.split_first_chunk::<HEADER>()?;
    let [tag, length @ ..] = *header;
    Some((tag, u32::from_be_bytes(length)))
}

/// Whole messages at the front of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How many bytes they have together.
    pub bytes: usize,
    /// How many there are.
    pub messages: u64,
}

/// The whole messages at the front of `buffer` whose tag `pass` accepts, at most so many.
///
/// They may be forwarded in one piece. What follows them, [`next`] judges: a message of another
/// kind, an unfinished one, or one whose length is wrong.
#[must_use]
pub fn run(buffer: &[u8], most: u64, pass: impl Fn(u8) -> bool) -> Run {
    let mut rest = buffer;
    let mut messages = 0_u64;
    while messages < most
        && let Some((tag, length)) = header(rest)
        && pass(tag)
        && let Ok(size) = size(tag, length, Limit::SERVER)
        && let Some(after) = rest.get(size..)
    {
        rest = after;
        messages = messages.saturating_add(1);
    }
    Run { bytes: buffer.len().saturating_sub(rest.len()), messages }
}

/// How many bytes the message has in all.
fn size(tag: u8, length: u32, limit: Limit) -> Result<usize, WireError> {
    if length < LENGTH_FIELD {
        return Err(WireError::TooShort { tag: Some(tag), length });
    }
    let limit = limit.of(tag);
    usize::try_from(length)
        .ok()
        .filter(|bytes| *bytes <= limit)
        .and_then(|bytes| bytes.checked_add(size_of_val(&tag)))
        .ok_or(WireError::TooLong { tag: Some(tag), length, limit })
}

#[cfg(test)]
mod tests;
