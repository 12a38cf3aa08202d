//! The frame of a recording: its opening, then chunk after chunk, each behind its length, and the hash over all of it.
//!
//! Whoever has the file and no key can follow it so far. It takes bytes as they come, from a file that may still grow.
//! Enter at [`Frames::feed`] and [`Frames::pass`].

use crate::id::SessionId;
use crate::record::chunk::{LARGEST_SEALED, OPENING, opening};
use crate::record::{Broken, Head};

/// Follows one recording, from its first byte on.
#[derive(Debug)]
pub struct Frames {
    session: SessionId,
    head: Head,
    /// What came, and how much of it is done with.
    came: Vec<u8>,
    done: usize,
    opened: bool,
}

/// A chunk as it lies in the file.
pub(super) struct Framed<'a> {
    /// How far the recording had got before it, and with it.
    pub(super) before: Head,
    pub(super) after: Head,
    /// What is sealed in it.
    pub(super) text: &'a [u8],
}

impl Frames {
    /// For the recording of a session.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { session, head: Head::before_all(session), came: Vec::new(), done: 0, opened: false }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.came.drain(..self.done.min(self.came.len()));
        self.done = 0;
        self.came.extend_from_slice(bytes);
    }

    /// Passes over the next chunk, and says how far the recording has got with it; nothing where it is not there wholly.
    ///
    /// # Errors
    /// Where this is no recording of the session.
    pub fn pass(&mut self) -> Result<Option<Head>, Broken> {
        Ok(self.next()?.map(|framed| framed.after))
    }

    /// How far it was followed.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// How many bytes there are that make no whole chunk.
    #[must_use]
    pub fn rest(&self) -> usize {
        self.came.len().saturating_sub(self.done)
    }

    /// The next chunk, if it is there wholly.
    pub(super) fn next(&mut self) -> Result<Option<Framed<'_>>, Broken> {
        if !self.opened && !self.begin()? {
            return Ok(None);
        }
        let came = self.came.get(self.done..).unwrap_or_default();
        let Some((length, rest)) = came.split_first_chunk::<4>() else { return Ok(None) };
        let size = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if size > LARGEST_SEALED {
            let chunk = self.head.chunks.saturating_add(1);
            return Err(Broken { session: self.session, chunk, what: "its length is none that was written" });
        }
        let Some(text) = rest.get(..size) else { return Ok(None) };
        let before = self.head;
        let after = before.after(*length, text);
        self.done = self.done.saturating_add(length.len()).saturating_add(size);
        self.head = after;
        Ok(Some(Framed { before, after, text }))
    }

    fn begin(&mut self) -> Result<bool, Broken> {
        let Some((begins, _)) = self.came.split_first_chunk::<OPENING>() else { return Ok(false) };
        if *begins != opening(self.session) {
            return Err(Broken { session: self.session, chunk: 0, what: "it is no recording of this session" });
        }
        (self.opened, self.done) = (true, OPENING);
        Ok(true)
    }
}
