//! How lines are chained: each to the one before it in its session, all of them to a running hash that is signed.
//!
//! A line is `<sha256 of the rest, in hexadecimal> <json>\n`, the JSON naming the hash of the line before it in its
//! chain, and the running hash over all lines before it, which is `sha256(running || line hash)`. Anyone with sha256 and
//! Ed25519 can repeat both.

use std::collections::HashMap;

use aws_lc_rs::digest::{self, Digest, SHA256};
use data_encoding::HEXLOWER;

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::id::SessionId;
use crate::journal::event::{Draft, Event, Record};
use crate::journal::keys::Keys;

/// How many digits a hash has.
const DIGITS: usize = 64;
/// What a line begins with: its hash, and a space.
const STATED: usize = DIGITS + 1;
/// How long most lines are at most, in bytes.
const USUAL: usize = 1 << 10;

/// A finished line, with its newline.
pub type Line = Vec<u8>;

/// How the segment before the one that is opened now ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Bytes of whole lines in it.
    pub whole: u64,
    /// Bytes of an unfinished line after them.
    pub torn: u64,
}

/// Turns drafts into lines. One a gateway, behind the lock of whoever writes.
#[derive(Debug)]
pub struct Ledger {
    keys: Keys,
    next: u64,
    /// The number of the last line that a checkpoint covers.
    signed: u64,
    running: [u8; 32],
    heads: HashMap<Option<SessionId>, Head>,
}

#[derive(Clone, Debug, Default)]
struct Head {
    n: u64,
    hash: String,
}

impl Ledger {
    /// A ledger that begins a new journal.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self { keys, next: 1, signed: 0, running: [0; 32], heads: HashMap::new() }
    }

    /// A ledger that goes on where a verified journal ends. Sessions of an earlier run do not go on.
    #[must_use]
    pub fn resume(keys: Keys, end: &super::verify::End) -> Self {
        let mut heads = HashMap::new();
        heads.insert(None, Head { n: end.own_n, hash: end.own_head.clone() });
        Self { keys, next: end.seq.saturating_add(1), signed: end.signed, running: end.running, heads }
    }

    /// The line that opens a segment; the first of its file.
    ///
    /// # Errors
    /// Where the line cannot be written as JSON.
    pub fn open_segment(
        &mut self,
        segment: u64,
        before: Option<Torn>,
        version: &str,
        at: Micros,
    ) -> Result<Line, Fault> {
        let unsigned = Some(self.last().saturating_sub(self.signed)).filter(|lines| *lines > 0);
        let event = Event::SegmentOpened {
            segment,
            version: version.to_owned(),
            previous_bytes: before.map(|torn| torn.whole),
            torn_bytes: before.map(|torn| torn.torn).filter(|bytes| *bytes > 0),
            unsigned,
        };
        self.enter(&Draft { session: None, at, event })
    }

    /// Chains a draft and gives its line.
    ///
    /// # Errors
    /// Where the line cannot be written as JSON.
    pub fn enter(&mut self, draft: &Draft) -> Result<Line, Fault> {
        let record = self.next(draft.session, draft.at, &draft.event);
        self.chain(&record)
    }

    /// A signed line over everything entered so far.
    ///
    /// # Errors
    /// Where the line cannot be written as JSON.
    pub fn checkpoint(&mut self, at: Micros) -> Result<Line, Fault> {
        let unsigned = Event::Checkpoint { signature: String::new() };
        let record = self.next(None, at, &unsigned);
        let event = Event::Checkpoint { signature: self.keys.sign(&signed(&record)) };
        self.signed = record.seq;
        self.chain(&Record { event: &event, ..record })
    }

    /// What an event becomes in its place.
    fn next<'e>(&self, session: Option<SessionId>, at: Micros, event: &'e Event) -> Record<&'e Event> {
        let head = self.heads.get(&session).cloned().unwrap_or_default();
        Record {
            seq: self.next,
            head: HEXLOWER.encode(&self.running),
            at,
            session,
            n: head.n.saturating_add(1),
            prev: head.hash,
            event,
        }
    }

    fn chain(&mut self, record: &Record<&Event>) -> Result<Line, Fault> {
        let (line, hash) = line(record)?;
        self.running = run(&self.running, hash.as_ref());
        self.next = self.next.saturating_add(1);
        if record.session.is_some() && matches!(record.event, Event::SessionClosed { .. }) {
            self.heads.remove(&record.session);
        } else {
            self.heads.insert(record.session, Head { n: record.n, hash: HEXLOWER.encode(hash.as_ref()) });
        }
        Ok(line)
    }

    /// The number of the last line entered.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }
}

/// The bytes that a checkpoint's signature is over: all that its record says, so that the line itself is covered too.
pub(super) fn signed<E>(Record { seq, head, at, n, prev, .. }: &Record<E>) -> Vec<u8> {
    format!("postern checkpoint v1\n{seq}\n{head}\n{at}\n{n}\n{prev}\n").into_bytes()
}

/// The next running hash.
pub(super) fn run(running: &[u8; 32], hash: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&SHA256);
    context.update(running);
    context.update(hash);
    let mut next = [0; 32];
    next.copy_from_slice(context.finish().as_ref());
    next
}

fn line(record: &Record<&Event>) -> Result<(Line, Digest), Fault> {
    let unwritten = |cause: &dyn std::fmt::Display| {
        Fault::gateway(Code::JournalUnavailable, "a journal line cannot be written").cause(cause)
    };
    let mut line = Vec::with_capacity(USUAL);
    line.extend_from_slice(&[b' '; STATED]);
    serde_json::to_writer(&mut line, record).map_err(|error| unwritten(&error))?;
    let (stated, json) = line.split_at_mut(STATED);
    let hash = digest::digest(&SHA256, json);
    let digits = stated.first_chunk_mut::<DIGITS>().ok_or_else(|| unwritten(&"there is no room for its hash"))?;
    HEXLOWER.encode_mut(hash.as_ref(), digits);
    line.push(b'\n');
    Ok((line, hash))
}

/// Why a line is no record.
#[derive(Debug)]
pub(super) enum Unread {
    /// Its hash is not that of the rest.
    Changed,
    /// It is of a version that this one does not know.
    Unknown(serde_json::Error),
}

/// The record in a line, without its newline, where the line's own hash says that it is whole. Nothing else is checked.
#[must_use]
pub fn read_line(line: &[u8]) -> Option<Record> {
    parse(line).ok().map(|(record, _)| record)
}

/// A line, without its newline, as its record and its hash.
pub(super) fn parse(line: &[u8]) -> Result<(Record, [u8; 32]), Unread> {
    let (stated, json) = line.split_at_checked(64).ok_or(Unread::Changed)?;
    let json = json.strip_prefix(b" ").ok_or(Unread::Changed)?;
    let hash = digest::digest(&SHA256, json);
    // what is compared is text, so that there is one way to write it
    if stated != HEXLOWER.encode(hash.as_ref()).as_bytes() {
        return Err(Unread::Changed);
    }
    let hash = hash.as_ref().try_into().map_err(|_| Unread::Changed)?;
    serde_json::from_slice(json).map(|record| (record, hash)).map_err(Unread::Unknown)
}

/// The hash that hexadecimal text says.
pub(super) fn hash_of(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
