//! What may leave of a stream of bytes: the output of a command, a shell, a copy.
//!
//! It knows no protocol, and does no IO: chunks come as they come, and what may leave of them comes back at once. Held back is
//! only what may still become something that must not leave, and whoever calls says how long he waits for that. However
//! the stream is cut into chunks, the same leaves.
//!
//! Two streams, such as the standard output of a command and its errors, are two filters: what one begins and the other ends
//! is not found. Where both go into one terminal the target has joined them before they come here, and one filter sees
//! what the terminal shows.
//!
//! Enter at [`Filter::new`], then [`Filter::pass`].

mod guard;

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::mask::echo::Echo;
use guard::Guard;

/// So many bytes of the beginning of a credential are none by chance.
pub const TELLING: usize = 6;

/// One direction of one stream.
#[derive(Debug)]
pub struct Filter {
    guard: Guard,
}

/// The stream carries a credential that the gateway has put into the session: nothing that has not left may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the target's output carries a credential of the gateway")]
pub struct Echoed;

impl Filter {
    /// Listens for the credentials that were put into the session.
    #[must_use]
    pub fn new(echo: Arc<Echo>) -> Self {
        Self { guard: Guard::new(echo) }
    }

    /// Takes the next bytes of the stream; what may leave now, of these and of those that were held.
    ///
    /// # Errors
    /// A credential ends in these bytes; or did before, because it is not forgotten.
    pub fn pass(&mut self, chunk: Bytes) -> Result<Bytes, Echoed> {
        self.guard.pass(chunk)
    }

    /// How many bytes are held. Whoever has a person at the other end waits for the next chunk a millisecond at most
    /// where there are any, and then calls [`Filter::release`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.guard.held()
    }

    /// Takes it that nothing comes for now: a prompt, the echo of a key. What may be a beginning by chance leaves. Something
    /// that has begun with it is found all the same, and what is still to come of it does not leave. A beginning of a
    /// credential that is none by chance ([`TELLING`]) is held on.
    ///
    /// # Errors
    /// A credential was in the stream.
    pub fn release(&mut self) -> Result<Bytes, Echoed> {
        self.guard.release()
    }

    /// Takes it that nothing comes any more: all that is held leaves, because nothing has come of it.
    ///
    /// # Errors
    /// A credential was in the stream.
    pub fn end(&mut self) -> Result<Bytes, Echoed> {
        self.guard.end()
    }
}
