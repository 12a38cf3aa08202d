//! Opening a recording again: every chunk is verified before anything of it is given.
//!
//! It takes bytes as they come, from a file that may still grow. What is unfinished at the end is told apart from what
//! was touched: the first may be a recording under way, or a crash. Enter at [`Reader::feed`] and [`Reader::read`].

use aws_lc_rs::aead::{Aad, LessSafeKey};

use crate::fault::Fault;
use crate::id::SessionId;
use crate::record::chunk::{LARGEST_CHUNK, nonce, place};
use crate::record::entry::{Entry, Moment, Note, Parts};
use crate::record::frames::{Framed, Frames};
use crate::record::{Head, RecordKeys};

/// Where and how a recording was touched, or cannot be what the gateway wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recording {session}, chunk {chunk}: {what}")]
pub struct Broken {
    /// The session.
    pub session: SessionId,
    /// Which chunk, from 1; 0 is what comes before them.
    pub chunk: u64,
    /// What is wrong there.
    pub what: &'static str,
}

/// Reads one recording.
pub struct Reader {
    key: LessSafeKey,
    session: SessionId,
    frames: Frames,
    /// How far it was verified.
    head: Head,
    /// The chunk at hand, in clear, and how far it is read.
    plain: Vec<u8>,
    at: usize,
    parts: Parts,
    closed: bool,
    broken: Option<Broken>,
}

impl Reader {
    /// For the recording of a session, from its first byte on.
    ///
    /// # Errors
    /// Where no key can be made.
    pub fn new(keys: &RecordKeys, session: SessionId) -> Result<Self, Fault> {
        Ok(Self {
            key: keys.of(session)?,
            session,
            frames: Frames::new(session),
            head: Head::before_all(session),
            plain: Vec::new(),
            at: 0,
            parts: Parts::default(),
            closed: false,
            broken: None,
        })
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    /// The next entry, if it is there wholly.
    ///
    /// # Errors
    /// Where the recording was touched. Nothing can be read behind that.
    pub fn read(&mut self) -> Result<Option<Moment>, Broken> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let read = self.entry();
        self.broken = read.as_ref().err().cloned();
        read
    }

    /// How much is verified.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether the end of the session was read: all of it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.closed && self.broken.is_none() && self.rest() == 0 && self.at >= self.plain.len()
    }

    /// How many bytes there are that make no whole chunk.
    #[must_use]
    pub fn rest(&self) -> usize {
        self.frames.rest()
    }

    fn entry(&mut self) -> Result<Option<Moment>, Broken> {
        loop {
            let plain = self.plain.get(self.at..).unwrap_or_default();
            if plain.is_empty() {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            }
            let left = plain.len();
            let Some((entry, rest)) = self.parts.take(plain) else {
                return Err(self.broken_in(self.head.chunks, "it holds nothing that this version knows"));
            };
            self.at = self.at.saturating_add(left.saturating_sub(rest.len()));
            let Some(moment) = entry else { continue };
            if self.closed {
                return Err(self.broken_in(self.head.chunks, "it goes on after its end"));
            }
            self.closed = matches!(&moment.entry, Entry::Note(note) if matches!(**note, Note::Closed { .. }));
            return Ok(Some(moment));
        }
    }

    /// Opens the next chunk, if it is there.
    fn open_next(&mut self) -> Result<bool, Broken> {
        let Some(Framed { before, after, text }) = self.frames.next()? else { return Ok(false) };
        let (nonce, aad) = (nonce(before.chunks), Aad::from(place(self.session, &before)));
        let mut opened = text.to_vec();
        let Ok(plain) = self.key.open_in_place(nonce, aad, &mut opened) else {
            return Err(self.broken_in(after.chunks, "it was changed, moved, or sealed with another key"));
        };
        // THREAT: a small chunk that unpacks to fill the memory
        let Ok(plain) = zstd::bulk::decompress(plain, LARGEST_CHUNK) else {
            return Err(self.broken_in(after.chunks, "it does not unpack"));
        };
        (self.plain, self.at, self.head) = (plain, 0, after);
        Ok(true)
    }

    fn broken_in(&self, chunk: u64, what: &'static str) -> Broken {
        Broken { session: self.session, chunk, what }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({}, {} chunks)", self.session, self.head.chunks)
    }
}
