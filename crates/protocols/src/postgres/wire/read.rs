//! Reads fields off the front of a message body, checking each length before using it.
//!
//! It knows the shapes that fields have, and no message.

use std::ffi::CStr;

use super::error::WireError;
use super::{BINARY, TEXT};

/// The length that stands for NULL (55.7, "Bind" and "`DataRow`").
pub(super) const NULL: i32 = -1;

/// What is still unread of one message.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `body`; `what` names the message in errors.
    pub(super) const fn new(what: &'static str, body: &'a [u8]) -> Self {
        Self { what, rest: body }
    }

    pub(super) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, WireError> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, WireError> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(head)
    }

    /// Bytes up to a NUL, which is consumed and not returned.
    pub(super) fn string(&mut self) -> Result<&'a [u8], WireError> {
        let text = CStr::from_bytes_until_nul(self.rest).map_err(|_| self.truncated())?;
        self.bytes(text.count_bytes().saturating_add(1))?;
        Ok(text.to_bytes())
    }

    /// A count of items that take at least `least` bytes each. It never exceeds what the rest of
    /// the message could hold, so a vector of that capacity may be made.
    ///
    /// The server reads this field without a sign: up to 65535 parameters are in use.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, WireError> {
        let count = usize::from(self.u16()?);
        if count.saturating_mul(least) > self.remaining() {
            return Err(WireError::Count { what: self.what, count });
        }
        Ok(count)
    }

    /// A value with its length before it; `None` is NULL.
    pub(super) fn value(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        match self.i32()? {
            NULL => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| self.malformed("value length"))?;
                self.bytes(length).map(Some)
            }
        }
    }

    pub(super) fn format(&mut self) -> Result<i16, WireError> {
        match self.i16()? {
            format @ (TEXT | BINARY) => Ok(format),
            _ => Err(self.malformed("format code")),
        }
    }

    pub(super) fn formats(&mut self) -> Result<Vec<i16>, WireError> {
        let count = self.count(size_of::<i16>())?;
        (0..count).map(|_| self.format()).collect()
    }

    pub(super) fn oids(&mut self) -> Result<Vec<u32>, WireError> {
        let count = self.count(size_of::<u32>())?;
        (0..count).map(|_| self.u32()).collect()
    }

    /// All that is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The message must end here.
    pub(super) fn finish(self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(WireError::Trailing { what: self.what, count }),
        }
    }

    pub(super) const fn malformed(&self, field: &'static str) -> WireError {
        WireError::Malformed { what: self.what, field }
    }

    const fn truncated(&self) -> WireError {
        WireError::Truncated { what: self.what }
    }
}
