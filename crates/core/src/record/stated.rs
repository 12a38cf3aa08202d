//! What a journal says of recordings, and whether the files are that.
//!
//! The journal is signed, and its heads are hashes over all that was written up to there: so whoever has both, and no key,
//! finds every recording that was changed, cut, exchanged, added or removed. Enter at [`Statements::take`], then
//! [`Statements::about`] for each file, then [`Statements::missing`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::id::SessionId;
use crate::journal::{Event, Record};
use crate::record::{Broken, Frames, Head};

/// What a journal says of every recording.
#[derive(Debug, Default)]
pub struct Statements(BTreeMap<SessionId, Said>);

/// What it says of one.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// How far it had got when it was last stated.
    head: Option<Head>,
    /// Whether nothing was said of the session since.
    latest: bool,
    /// Whether that was all of it.
    whole: bool,
    /// Whether the gateway removed it.
    removed: bool,
}

/// What was done to a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Touched {
    /// It is of no session in the journal.
    #[error("recording {0} is of no session that the journal knows")]
    Added(SessionId),
    /// It is not there, and the gateway did not remove it.
    #[error("recording {0} was removed, and not by the gateway")]
    Removed(SessionId),
    /// It ends too early.
    #[error("recording {session} was cut: the journal says {stated} chunks, and {there} are there")]
    Cut {
        /// Whose it is.
        session: SessionId,
        /// How many chunks are there.
        there: u64,
        /// How many the journal says.
        stated: u64,
    },
    /// It is not what was written.
    #[error("recording {session} was changed in its first {stated} chunks")]
    Changed {
        /// Whose it is.
        session: SessionId,
        /// How many chunks the hash is over that it does not fit.
        stated: u64,
    },
    /// It goes on behind its end.
    #[error("recording {0} goes on after its session has ended")]
    Longer(SessionId),
    /// It is no recording at all.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Compares one file with what the journal says of it.
#[derive(Debug)]
pub struct Comparing {
    session: SessionId,
    frames: Frames,
    said: Said,
}

impl Statements {
    /// Takes note of a record. They come in the journal's order.
    pub fn take(&mut self, record: &Record) {
        match (&record.event, record.session) {
            (Event::SessionOpened { .. }, Some(session)) => {
                self.0.entry(session).or_default();
            }
            (Event::Recorded { chunks, bytes, head }, Some(session)) => {
                let head = Head { chunks: *chunks, bytes: *bytes, hash: *head };
                *self.0.entry(session).or_default() = Said { head: Some(head), latest: true, ..Said::default() };
            }
            (Event::RecordingRemoved { session, .. }, _) => self.0.entry(*session).or_default().removed = true,
            (event, Some(session)) => {
                if let Entry::Occupied(mut said) = self.0.entry(session) {
                    let said = said.get_mut();
                    said.whole = said.latest && matches!(event, Event::SessionClosed { .. });
                    said.latest = false;
                }
            }
            (_, None) => {}
        }
    }

    /// For comparing the file of a session, from its first byte on.
    ///
    /// # Errors
    /// Where the journal knows no such session.
    pub fn about(&self, session: SessionId) -> Result<Comparing, Touched> {
        let said = *self.0.get(&session).ok_or(Touched::Added(session))?;
        Ok(Comparing { session, frames: Frames::new(session), said })
    }

    /// The recordings that should be there, and are not among these.
    pub fn missing(&self, mut is_there: impl FnMut(SessionId) -> bool) -> Vec<Touched> {
        let stated = self.0.iter().filter(|(_, said)| said.head.is_some() && !said.removed);
        stated.filter(|(session, _)| !is_there(**session)).map(|(session, _)| Touched::Removed(*session)).collect()
    }
}

impl Comparing {
    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// Where it is not what was written.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Touched> {
        self.frames.feed(bytes);
        while let Some(head) = self.frames.pass()? {
            if let Some(stated) = self.said.head.filter(|stated| stated.chunks == head.chunks && *stated != head) {
                return Err(Touched::Changed { session: self.session, stated: stated.chunks });
            }
        }
        Ok(())
    }

    /// What the end of the file says.
    ///
    /// # Errors
    /// Where it is not the end of what was written.
    pub fn end(self) -> Result<(), Touched> {
        let Self { session, frames, said } = self;
        let Some(stated) = said.head else { return Ok(()) };
        let there = frames.head().chunks;
        if there < stated.chunks {
            return Err(Touched::Cut { session, there, stated: stated.chunks });
        }
        if said.whole && (there > stated.chunks || frames.rest() > 0) {
            return Err(Touched::Longer(session));
        }
        Ok(())
    }
}
