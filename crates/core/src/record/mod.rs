//! Recordings: what happened in a session and what its client saw, so that it can be played again.
//!
//! This is the pure half; threads and files are an adapter's. A session puts entries on a [`Tape`]; a recorder takes
//! them from its [`Reel`] in bulk, and a [`Scribe`] makes sealed chunks of them, each bound to its session, its number
//! and the chunk before it. A [`Reader`] opens them again, and gives nothing that was not written so. What a client saw
//! is bytes here: only the protocol that showed them knows what they say.

mod chunk;
mod entry;
mod frames;
mod keep;
mod keys;
mod read;
mod shown;
mod stated;
mod tape;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize, Serializer};

pub use chunk::{Press, Scribe};
pub use entry::{Entry, Moment, Note};
pub use frames::Frames;
pub use keep::Keep;
pub use keys::RecordKeys;
pub use read::{Broken, Reader};
pub use shown::{Message, Replay, Shown, ShownColumn};
pub use stated::{Comparing, Statements, Touched};
pub use tape::{Reel, Ring, Taken, Tape, tape};

#[cfg(test)]
mod tests;

/// How far a recording has got: what the journal says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many chunks there are.
    pub chunks: u64,
    /// How many bytes they take up as they are kept, the opening of the file included.
    pub bytes: u64,
    /// The hash over the last of them, and through it over all.
    pub hash: Hash,
}

/// The hash of a chunk and all before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub(crate) [u8; 32]);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        let hash = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| serde::de::Error::custom("expected 64 hexadecimal digits"))
    }
}
