//! Reads fields off the front of a packet, checking each length before using it.
//!
//! It knows the shapes that fields have, and no packet. Enter at [`Reader::new`].

use bytes::{Buf as _, Bytes};

use super::error::SftpError;

/// What is still unread of one packet.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    what: &'static str,
    rest: Bytes,
}

impl Reader {
    /// Starts at the beginning of `body`; `what` names the packet in errors.
    pub(super) const fn new(what: &'static str, body: Bytes) -> Self {
        Self { what, rest: body }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SftpError> {
        let array = *self.rest.first_chunk::<N>().ok_or_else(|| self.truncated())?;
        self.rest.advance(N);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, SftpError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, SftpError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Bytes with their length before them.
    pub(super) fn string(&mut self) -> Result<Bytes, SftpError> {
        let length = usize::try_from(self.u32()?).map_err(|_| self.truncated())?;
        if length > self.rest.len() {
            return Err(self.truncated());
        }
        Ok(self.rest.split_to(length))
    }

    /// What a server calls an open file: at most 256 bytes of its own (section 3).
    pub(super) fn handle(&mut self) -> Result<Bytes, SftpError> {
        let handle = self.string()?;
        if handle.len() > LONGEST_HANDLE { Err(self.malformed("handle")) } else { Ok(handle) }
    }

    /// A count of items that take at least `least` bytes each. It never exceeds what the rest could hold, so a vector of
    /// that capacity may be made.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, SftpError> {
        let count = usize::try_from(self.u32()?).map_err(|_| self.malformed("count"))?;
        if count.saturating_mul(least) > self.rest.len() { Err(self.malformed("count")) } else { Ok(count) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(super) fn rest(self) -> Bytes {
        self.rest
    }

    /// The packet must end here.
    pub(super) fn finish(self) -> Result<(), SftpError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(SftpError::Trailing { what: self.what, count }),
        }
    }

    pub(super) const fn malformed(&self, field: &'static str) -> SftpError {
        SftpError::Malformed { what: self.what, field }
    }

    const fn truncated(&self) -> SftpError {
        SftpError::Truncated { what: self.what }
    }
}

/// The longest handle, in bytes.
pub(super) const LONGEST_HANDLE: usize = 256;
