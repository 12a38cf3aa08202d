//! The credentials of the session in a stream of bytes, whatever these are: text, pictures, archives.
//!
//! Enter at [`Guard::pass`].

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use super::{Echoed, TELLING};
use crate::mask::echo::Echo;

pub(super) struct Guard {
    echo: Arc<Echo>,
    /// The end of what came, as far as it may be the beginning of a writing.
    begun: Zeroizing<Vec<u8>>,
    /// How much of the end of that has not left.
    held: usize,
    heard: bool,
}

impl Guard {
    pub(super) fn new(echo: Arc<Echo>) -> Self {
        Self { echo, begun: Zeroizing::default(), held: 0, heard: false }
    }

    pub(super) fn pass(&mut self, chunk: Bytes) -> Result<Bytes, Echoed> {
        if self.heard || self.echo.is_empty() {
            return self.unless_heard(chunk);
        }
        let near = chunk.get(..self.echo.reach()).unwrap_or(&chunk);
        // INVARIANT: what began before this chunk is in `begun`, and ends within `near` of it
        let seam = match self.begun.is_empty() {
            true => Zeroizing::default(),
            false => Zeroizing::new([self.begun.as_slice(), near].concat()),
        };
        self.heard = self.echo.within(&seam) || self.echo.within(&chunk);
        if self.heard {
            return Err(Echoed);
        }
        let end: &[u8] = if near.len() < chunk.len() || seam.is_empty() { &chunk } else { &seam };
        let begun = self.echo.begun(end);
        let begun = Zeroizing::new(end.get(end.len().saturating_sub(begun)..).unwrap_or_default().to_vec());
        let waiting = self.waiting();
        let held = begun.len().min(waiting.len().saturating_add(chunk.len()));
        let leaves = leaving(waiting, chunk, held);
        (self.begun, self.held) = (begun, held);
        Ok(leaves)
    }

    /// Takes it that a credential was heard in another way.
    pub(super) fn hear(&mut self) {
        self.heard = true;
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// THREAT: a command that writes a credential slowly, or a net that stops in the middle of one, shows what was let go
    /// of it: less than [`TELLING`].
    pub(super) fn release(&mut self) -> Result<Bytes, Echoed> {
        if self.begun.len() < TELLING { self.end() } else { self.unless_heard(Bytes::new()) }
    }

    /// Lets go of what is held. A secret that has begun with it is heard all the same.
    pub(super) fn end(&mut self) -> Result<Bytes, Echoed> {
        let waiting = Bytes::copy_from_slice(self.waiting());
        self.held = 0;
        self.unless_heard(waiting)
    }

    fn waiting(&self) -> &[u8] {
        self.begun.get(self.begun.len().saturating_sub(self.held)..).unwrap_or_default()
    }

    fn unless_heard(&self, bytes: Bytes) -> Result<Bytes, Echoed> {
        if self.heard { Err(Echoed) } else { Ok(bytes) }
    }
}

/// What was waiting and what has come, but for so much of the end.
fn leaving(waiting: &[u8], mut chunk: Bytes, held: usize) -> Bytes {
    if waiting.is_empty() {
        chunk.truncate(chunk.len().saturating_sub(held));
        return chunk;
    }
    let mut leaves = BytesMut::with_capacity(waiting.len().saturating_add(chunk.len()));
    leaves.extend_from_slice(waiting);
    leaves.extend_from_slice(&chunk);
    leaves.truncate(leaves.len().saturating_sub(held));
    leaves.freeze()
}
