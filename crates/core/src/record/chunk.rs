//! Sealing: entries become chunks, each compressed, then encrypted, then chained to the one before it.
//!
//! A recording is `magic (8) · session (16)`, then chunks, each `length (4) · AES-256-GCM-SIV text`. The nonce is the
//! chunk's number; session, number and the hash of all before it are its associated data, so that no chunk opens in
//! another place. The hash after a chunk is `sha256(hash before · length · text)`: whoever has the file and no key can
//! repeat it.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::digest::{Context, SHA256};

use crate::code::Code;
use crate::fault::Fault;
use crate::id::SessionId;
use crate::record::entry::part_length;
use crate::record::{Hash, Head, RecordKeys};

/// What a recording begins with.
pub(super) const MAGIC: &[u8; 8] = b"PSTREC1\n";
/// The whole beginning, with the session's name.
pub(super) const OPENING: usize = 24;
/// How much a chunk should hold before it is compressed, in bytes.
const CHUNK: usize = 64 << 10;
/// The most that it can: it is not cut inside a part.
pub(super) const LARGEST_CHUNK: usize = CHUNK + super::entry::LARGEST_PART + super::entry::HEADER;
/// The most that it can take up in the file: nothing grows by more than this under compression and seal.
pub(super) const LARGEST_SEALED: usize = LARGEST_CHUNK + (4 << 10);
/// Of zstd's levels the one that costs least: replies of databases compress well under any.
const LEVEL: i32 = 1;

/// Compresses; one serves many recordings, one after the other.
pub struct Press(zstd::bulk::Compressor<'static>);

impl Press {
    /// Makes one.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn new() -> Result<Self, Fault> {
        zstd::bulk::Compressor::new(LEVEL).map(Self).map_err(unsealed)
    }
}

/// Writes one recording. Nothing is in it but what this makes.
pub struct Scribe {
    key: LessSafeKey,
    session: SessionId,
    head: Head,
}

impl Scribe {
    /// Begins the recording of a session; answers with what it begins with.
    ///
    /// # Errors
    /// Where no key can be made.
    pub fn begin(keys: &RecordKeys, session: SessionId) -> Result<(Self, [u8; OPENING]), Fault> {
        let opening = opening(session);
        Ok((Self { key: keys.of(session)?, session, head: Head::before_all(session) }, opening))
    }

    /// Makes chunks of `entries`, which are whole parts, at the end of `out`.
    ///
    /// # Errors
    /// Where they cannot be compressed or sealed. Nothing more can be written then.
    pub fn write(&mut self, press: &mut Press, mut entries: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        while !entries.is_empty() {
            let (chunk, rest) = entries.split_at_checked(cut(entries)).ok_or_else(|| unsealed("a part is torn"))?;
            self.chunk(press, chunk, out)?;
            entries = rest;
        }
        Ok(())
    }

    /// How far it has got.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    fn chunk(&mut self, press: &mut Press, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut text = press.0.compress(plain).map_err(unsealed)?;
        let (nonce, aad) = (nonce(self.head.chunks), Aad::from(place(self.session, &self.head)));
        self.key.seal_in_place_append_tag(nonce, aad, &mut text).map_err(unsealed)?;
        let length = u32::try_from(text.len()).map_err(unsealed)?.to_be_bytes();
        self.head = self.head.after(length, &text);
        out.extend_from_slice(&length);
        out.extend_from_slice(&text);
        Ok(())
    }
}

impl std::fmt::Debug for Scribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scribe({}, {} chunks)", self.session, self.head.chunks)
    }
}

impl Head {
    /// Before the first chunk.
    #[must_use]
    pub fn before_all(session: SessionId) -> Self {
        let opening = opening(session);
        let mut context = Context::new(&SHA256);
        context.update(&opening);
        Self { chunks: 0, bytes: count(opening.len()), hash: Hash(finish(context)) }
    }

    /// With one chunk more.
    pub(super) fn after(&self, length: [u8; 4], text: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.hash.0);
        context.update(&length);
        context.update(text);
        Self {
            chunks: self.chunks.saturating_add(1),
            bytes: self.bytes.saturating_add(count(length.len())).saturating_add(count(text.len())),
            hash: Hash(finish(context)),
        }
    }
}

/// What a recording begins with.
pub(super) fn opening(session: SessionId) -> [u8; OPENING] {
    let mut opening = [0; OPENING];
    for (to, from) in opening.iter_mut().zip(MAGIC.iter().chain(&session.bytes())) {
        *to = *from;
    }
    opening
}

/// The nonce of the chunk behind so many.
pub(super) fn nonce(chunks: u64) -> Nonce {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().skip(4).zip(chunks.to_be_bytes()) {
        *to = from;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// What a chunk is bound to: its session, how many are before it, and their hash.
pub(super) fn place(session: SessionId, before: &Head) -> [u8; 56] {
    let mut place = [0; 56];
    let parts = session.bytes().into_iter().chain(before.chunks.to_be_bytes()).chain(before.hash.0);
    for (to, from) in place.iter_mut().zip(parts) {
        *to = from;
    }
    place
}

/// Where the first chunk of `entries` ends: behind as many whole parts as it should hold.
fn cut(entries: &[u8]) -> usize {
    let mut end = 0_usize;
    while end < CHUNK
        && let Some(length) = entries.get(end..).and_then(part_length)
    {
        end = end.saturating_add(length);
    }
    // a part that is not whole is nobody's: the caller hears of it
    if end == 0 { usize::MAX } else { end }
}

fn finish(context: Context) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn unsealed(cause: impl std::fmt::Display) -> Fault {
    Fault::gateway(Code::RecordingFailed, "what happens in this session cannot be recorded").cause(cause)
}
