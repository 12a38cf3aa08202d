//! What may leave of a stream of bytes: the output of a command, a shell, a copy.
//!
//! It knows no protocol, and does no IO: chunks come as they come, and what may leave of them comes back at once. Held back is
//! only what may still become something that must not leave, and whoever calls says how long he waits for that. However
//! the stream is cut into chunks, the same leaves.
//!
//! Bytes pass two stations. The first listens for the credentials of the session in whatever comes. The second looks at lines:
//! there it hides what detectors find, and listens once more, to what a terminal shows of a line that has escapes in it, and
//! to what stands there if the cursor had never moved. On a terminal it holds besides what the next few characters may yet
//! write over. What is no text passes the second as it is.
//!
//! Two streams, such as the standard output of a command and its errors, are two filters: what one begins and the other ends
//! is not found. Where both go into one terminal the target has joined them before they come here, and one filter sees
//! what the terminal shows.
//!
//! Best effort: a value over two lines (but for private keys), text in other encodings than UTF-8 where a value has more than
//! ASCII, UTF-16, and what a program draws here and there on a screen are not found.
//!
//! Enter at [`Filter::new`], then [`Filter::pass`].

mod armour;
mod edits;
mod guard;
mod lines;
mod look;
mod many;
mod screen;
mod text;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::mask::MaskSet;
use crate::mask::echo::Echo;
use guard::Guard;
use lines::Lines;
use look::Look;

pub use edits::Width;

#[cfg(test)]
mod tests;

/// So many bytes of the beginning of a credential are none by chance.
pub const TELLING: usize = 6;

/// A line is looked at in parts of so many bytes; a value that is longer is hidden where its beginning tells it.
pub const LONGEST: usize = 8 << 10;

/// One direction of one stream.
pub struct Filter {
    guard: Guard,
    lines: Lines,
}

/// The stream carries a credential that the gateway has put into the session: nothing that has not left may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the target's output carries a credential of the gateway")]
pub struct Echoed;

impl Filter {
    /// Listens for the credentials that were put into the session, and hides what the detectors of these masks find.
    #[must_use]
    pub fn new(echo: Arc<Echo>, masks: &MaskSet, width: Width) -> Self {
        // it has no columns, and so is what any column may be in
        let searches = masks.searches().filter(|one| one.covers(None, None)).cloned().collect();
        let look = Look::new(Arc::clone(&echo), searches, width);
        Self { guard: Guard::new(echo), lines: Lines::new(look, width) }
    }

    /// Takes the next bytes of the stream; what may leave now, of these and of those that were held.
    ///
    /// # Errors
    /// A credential ends in these bytes; or did before, because it is not forgotten.
    pub fn pass(&mut self, chunk: Bytes) -> Result<Bytes, Echoed> {
        let passed = self.guard.pass(chunk)?;
        self.heard(|lines| lines.pass(passed))
    }

    /// How many bytes are held: less than [`LONGEST`] and the longest writing of a credential together. Whoever has a
    /// person at the other end waits for the next chunk a millisecond at most where there are any, and then calls
    /// [`Filter::release`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.guard.held().saturating_add(self.lines.held())
    }

    /// Takes it that nothing comes for now: a prompt, the echo of a key. What may be a beginning by chance leaves, and what is
    /// something by now is hidden. What has begun with it is found all the same, and what is still to come of it does not
    /// leave. A beginning of a credential that is none by chance ([`TELLING`]) and lines of a private key are held on.
    ///
    /// # Errors
    /// A credential was in the stream.
    pub fn release(&mut self) -> Result<Bytes, Echoed> {
        let released = self.guard.release()?;
        self.heard(|lines| Ok(both(lines.pass(released)?, lines.release()?)))
    }

    /// Takes it that nothing comes any more: all that is held leaves, but for what is something by now.
    ///
    /// # Errors
    /// A credential was in the stream.
    pub fn end(&mut self) -> Result<Bytes, Echoed> {
        let released = self.guard.end()?;
        self.heard(|lines| Ok(both(lines.pass(released)?, lines.end()?)))
    }

    fn heard(&mut self, pass: impl FnOnce(&mut Lines) -> Result<Bytes, Echoed>) -> Result<Bytes, Echoed> {
        pass(&mut self.lines).inspect_err(|_| self.guard.hear())
    }
}

fn both(first: Bytes, then: Bytes) -> Bytes {
    match (first.is_empty(), then.is_empty()) {
        (_, true) => first,
        (true, false) => then,
        (false, false) => [first, then].concat().into(),
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("held", &self.held()).finish_non_exhaustive()
    }
}
