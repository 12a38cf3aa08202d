//! How lines are chained: each to the one before it in its session, all of them to a running hash that is signed.
//!
//! A line is `<sha256 of the rest, in hexadecimal> <json>\n`, the JSON naming the hash of the line before it in its
//! chain. The running hash is `sha256(running || line hash)`. Anyone with sha256 and Ed25519 can repeat both.

use std::collections::HashMap;

use aws_lc_rs::digest::{self, Digest, SHA256};
use data_encoding::HEXLOWER;

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::id::SessionId;
use crate::journal::event::{Draft, Event, Record};
use crate::journal::keys::Keys;

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
        Self { keys, next: 1, running: [0; 32], heads: HashMap::new() }
    }

    /// A ledger that goes on where a verified journal ends. Sessions of an earlier run do not go on.
    #[must_use]
    pub fn resume(keys: Keys, end: &super::verify::End) -> Self {
        let mut heads = HashMap::new();
        heads.insert(None, Head { n: end.own_n, hash: end.own_head.clone() });
        Self { keys, next: end.seq.saturating_add(1), running: end.running, heads }
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
        let event = Event::SegmentOpened {
            segment,
            version: version.to_owned(),
            previous_bytes: before.map(|torn| torn.whole),
            torn_bytes: before.map(|torn| torn.torn).filter(|bytes| *bytes > 0),
            head: HEXLOWER.encode(&self.running),
        };
        self.enter(&Draft { session: None, at, event })
    }

    /// Chains a draft and gives its line.
    ///
    /// # Errors
    /// Where the line cannot be written as JSON.
    pub fn enter(&mut self, draft: &Draft) -> Result<Line, Fault> {
        let head = self.heads.get(&draft.session).cloned().unwrap_or_default();
        let n = head.n.saturating_add(1);
        let record = Record {
            seq: self.next,
            at: draft.at,
            session: draft.session,
            n,
            prev: head.hash,
            event: draft.event.clone(),
        };
        let (line, hash) = line(&record)?;
        self.running = run(&self.running, hash.as_ref());
        self.next = self.next.saturating_add(1);
        if draft.session.is_some() && matches!(draft.event, Event::SessionClosed { .. }) {
            self.heads.remove(&draft.session);
        } else {
            self.heads.insert(draft.session, Head { n, hash: HEXLOWER.encode(hash.as_ref()) });
        }
        Ok(line)
    }

    /// A signed line over everything entered so far.
    ///
    /// # Errors
    /// Where the line cannot be written as JSON.
    pub fn checkpoint(&mut self, at: Micros) -> Result<Line, Fault> {
        let upto = self.last();
        let head = HEXLOWER.encode(&self.running);
        let signature = self.keys.sign(&signed(upto, &head));
        self.enter(&Draft { session: None, at, event: Event::Checkpoint { upto, head, signature } })
    }

    /// The number of the last line entered.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }
}

/// The bytes that a checkpoint's signature is over.
pub(super) fn signed(upto: u64, head: &str) -> Vec<u8> {
    format!("postern checkpoint v1\n{upto}\n{head}\n").into_bytes()
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

fn line(record: &Record) -> Result<(Line, Digest), Fault> {
    let json = serde_json::to_vec(record)
        .map_err(|error| Fault::gateway(Code::JournalUnavailable, "a journal line cannot be written").cause(error))?;
    let hash = digest::digest(&SHA256, &json);
    let mut line = HEXLOWER.encode(hash.as_ref()).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok((line, hash))
}
