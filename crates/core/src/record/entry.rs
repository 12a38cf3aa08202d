//! What stands in a recording, and how it stands there.
//!
//! An entry is written in one or more parts, `kind (1) · microseconds (8) · length (4) · payload`, none longer than
//! [`LARGEST_PART`], so that chunks can be cut between any two. A reply's payload is the operation's name (16 bytes,
//! zeros for none) and bytes as the client saw them; each part of it stands for itself. A note is JSON; all its parts
//! but the last are marked. Nothing here is sealed: chunks are.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::excerpt::Excerpt;
use crate::id::{ApprovalId, OperationId, SessionId};
use crate::identity::PrincipalSummary;
use crate::journal::{Decided, Outcome};

/// The most that a part's payload holds, in bytes.
pub(super) const LARGEST_PART: usize = 32 << 10;
/// Kind, moment and length.
pub(super) const HEADER: usize = 13;

/// A part of a note that others follow.
const NOTE_PART: u8 = 0;
/// A note, or the last part of one.
const NOTE: u8 = 1;
/// Bytes that the client saw.
const SHOWN: u8 = 2;
/// Bytes that say how others are to be read, and that no client saw.
const ASIDE: u8 = 3;

/// An entry and when it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Micros,
    /// What.
    pub entry: Entry,
}

/// What can stand in a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Something that happened.
    Note(Box<Note>),
    /// Bytes as the client saw them, after masking.
    Shown {
        /// Which operation they answer, where they answer one.
        operation: Option<OperationId>,
        /// The protocol's own bytes; messages may go on in the next entry.
        bytes: Bytes,
    },
    /// Bytes that no client saw: how the protocol that wrote them is to read those that follow.
    Aside {
        /// Which operation they are about.
        operation: Option<OperationId>,
        /// The protocol's own bytes.
        bytes: Bytes,
    },
}

/// Something that happened in a session. Text and values are in clear: the chunk around them is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Note {
    /// The session began.
    Opened {
        /// Which session.
        session: SessionId,
        /// Who.
        principal: PrincipalSummary,
        /// From where.
        client: String,
        /// What the client called itself, which was not believed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        called: Option<String>,
        /// Which protocol: whoever plays the recording reads the replies by it.
        protocol: String,
        /// Which target.
        target: String,
        /// Which database of it, where there are several.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        space: Option<String>,
    },
    /// Policy decided about an operation.
    Operation {
        /// The operation.
        id: OperationId,
        /// The protocol's verbs.
        actions: Arc<[String]>,
        /// What it touches.
        touches: Arc<[String]>,
        /// Whether it was only to be prepared.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        prepare: bool,
        /// What was decided.
        decided: Decided,
        /// The masks that cover something in it.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        masks: Vec<String>,
        /// The statement, password literals removed.
        text: String,
        /// Its parameters.
        #[serde(flatten)]
        values: Excerpt,
    },
    /// A held operation was settled.
    Settled {
        /// The operation.
        id: OperationId,
        /// The approval.
        approval: ApprovalId,
        /// Granted, denied, expired or withdrawn.
        state: String,
        /// Who answered.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<PrincipalSummary>,
        /// The reason given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// How an operation that was forwarded ended.
    Finished {
        /// The operation.
        id: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something that somebody should look at.
    Alert {
        /// The code.
        code: String,
        /// What happened.
        message: String,
    },
    /// Somebody ended the session.
    Killed {
        /// Who.
        by: PrincipalSummary,
        /// Why.
        reason: String,
    },
    /// The session is over; nothing follows.
    Closed {
        /// Why.
        reason: String,
    },
}

/// What an entry's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bulk {
    Shown,
    Aside,
}

/// Writes a note at the end of `out`.
pub(super) fn write_note(at: Micros, note: &Note, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let json = serde_json::to_vec(note)?;
    let mut parts = json.chunks(LARGEST_PART).peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() { NOTE_PART } else { NOTE };
        header(kind, at, part.len(), out);
        out.extend_from_slice(part);
    }
    Ok(())
}

/// Writes a reply's bytes at the end of `out`.
pub(super) fn write_bulk(bulk: Bulk, at: Micros, operation: Option<OperationId>, bytes: &[u8], out: &mut Vec<u8>) {
    let kind = match bulk {
        Bulk::Shown => SHOWN,
        Bulk::Aside => ASIDE,
    };
    let name = operation.map_or([0; 16], |operation| operation.bytes());
    for part in bytes.chunks(LARGEST_PART.saturating_sub(name.len())) {
        header(kind, at, part.len().saturating_add(name.len()), out);
        out.extend_from_slice(&name);
        out.extend_from_slice(part);
    }
}

fn header(kind: u8, at: Micros, length: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&at.0.to_be_bytes());
    // INVARIANT: no part is longer than LARGEST_PART, which four bytes hold
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

/// How long the part is that `bytes` begins with; `None` where it is not whole.
pub(super) fn part_length(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = bytes.split_at_checked(9)?;
    let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
    length.checked_add(HEADER).filter(|length| *length <= bytes.len())
}

/// Puts entries together from parts.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The parts of a note so far.
    begun: Vec<u8>,
}

impl Parts {
    /// Takes the part that `bytes` begins with; the entry where one is whole now, and what is left of `bytes`.
    pub(super) fn take<'b>(&mut self, bytes: &'b [u8]) -> Option<(Option<Moment>, &'b [u8])> {
        let (part, rest) = bytes.split_at_checked(part_length(bytes)?)?;
        let (header, payload) = part.split_at_checked(HEADER)?;
        let (kind, times) = header.split_first()?;
        let at = Micros(u64::from_be_bytes(*times.first_chunk()?));
        let entry = match *kind {
            NOTE_PART => {
                self.begun.extend_from_slice(payload);
                return Some((None, rest));
            }
            NOTE => {
                self.begun.extend_from_slice(payload);
                let json = std::mem::take(&mut self.begun);
                Entry::Note(serde_json::from_slice(&json).ok()?)
            }
            SHOWN | ASIDE => {
                let (name, bytes) = payload.split_first_chunk::<16>()?;
                let operation = (*name != [0; 16]).then(|| OperationId::of_bytes(*name));
                let bytes = Bytes::copy_from_slice(bytes);
                if *kind == SHOWN { Entry::Shown { operation, bytes } } else { Entry::Aside { operation, bytes } }
            }
            _ => return None,
        };
        Some((Some(Moment { at, entry }), rest))
    }
}
