//! Opening a recording again: every chunk is verified before anything of it is given.
//!
//! It takes bytes as they come, from a file that may still grow. What is unfinished at the end is told apart from what
//! was touched: the first may be a recording under way, or a crash. Enter at [`Reader::feed`] and [`Reader::read`].

use aws_lc_rs::aead::{Aad, LessSafeKey};

use crate::fault::Fault;
use crate::id::SessionId;
use crate::record::chunk::{LARGEST_CHUNK, LARGEST_SEALED, OPENING, nonce, opening, place};
use crate::record::entry::{Entry, Moment, Note, Parts};
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
    head: Head,
    /// What came and is not opened.
    came: Vec<u8>,
    /// How much of it is done with.
    done: usize,
    opened: bool,
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
            head: Head::before_all(session),
            came: Vec::new(),
            done: 0,
            opened: false,
            plain: Vec::new(),
            at: 0,
            parts: Parts::default(),
            closed: false,
            broken: None,
        })
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.came.drain(..self.done.min(self.came.len()));
        self.done = 0;
        self.came.extend_from_slice(bytes);
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
        self.came.len().saturating_sub(self.done)
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
        if !self.opened && !self.begin()? {
            return Ok(false);
        }
        let number = self.head.chunks.saturating_add(1);
        let came = self.came.get(self.done..).unwrap_or_default();
        let Some((length, rest)) = came.split_first_chunk::<4>() else { return Ok(false) };
        let size = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if size > LARGEST_SEALED {
            return Err(self.broken_in(number, "its length is none that was written"));
        }
        let Some(text) = rest.get(..size) else { return Ok(false) };
        let after = self.head.after(*length, text);
        let aad = Aad::from(place(self.session, &self.head));
        let mut opened = text.to_vec();
        let Ok(plain) = self.key.open_in_place(nonce(self.head.chunks), aad, &mut opened) else {
            return Err(self.broken_in(number, "it was changed, moved, or sealed with another key"));
        };
        // THREAT: a small chunk that unpacks to fill the memory
        let Ok(plain) = zstd::bulk::decompress(plain, LARGEST_CHUNK) else {
            return Err(self.broken_in(number, "it does not unpack"));
        };
        self.done = self.done.saturating_add(length.len()).saturating_add(size);
        (self.plain, self.at, self.head) = (plain, 0, after);
        Ok(true)
    }

    fn begin(&mut self) -> Result<bool, Broken> {
        let Some((begins, _)) = self.came.split_first_chunk::<OPENING>() else { return Ok(false) };
        if *begins != opening(self.session) {
            return Err(self.broken_in(0, "it is no recording of this session"));
        }
        (self.opened, self.done) = (true, OPENING);
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
