//! A receipt: one session's lines with all that proves them, for a machine that has nothing but the public key.
//!
//! It needs no secret to make and none to check. Around the session's own lines stand the hashes of all others, up to the
//! next checkpoint: with those the running hash can be repeated, and the checkpoint's signature is over that. The session's
//! own chain shows that none of its lines was left out. Enter at [`Gathering`] and [`Reading`].

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::id::SessionId;
use crate::journal::chain::{hash_of, parse, run, signed};
use crate::journal::event::{Event, Record};
use crate::journal::keys::VerifyKey;

/// How the first line of a receipt begins.
const FORM: &str = "postern receipt v1";

/// The length of a hash in hexadecimal: a line in a receipt that is no longer is only its hash.
const HASH: usize = 64;

/// The first line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    receipt: String,
    /// The session it is about.
    pub session: SessionId,
    /// The key that its gateway signs with, as the journal's owner says. Whoever checks it knows the key already.
    pub key: String,
}

impl Title {
    /// The first line of a session's receipt.
    #[must_use]
    pub fn of(session: SessionId, key: &VerifyKey) -> Self {
        Self { receipt: FORM.to_owned(), session, key: key.to_string() }
    }

    /// Whether a line begins a receipt of this version.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let title: Self = serde_json::from_str(line).ok()?;
        (title.receipt == FORM).then_some(title)
    }
}

/// Every other line of a receipt: what stands from where the session said something to the next checkpoint, and that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The number of the line before the first.
    after: u64,
    /// The running hash up to that one.
    head: String,
    /// The lines, whole or as their hashes; the last is the checkpoint.
    lines: Vec<String>,
}

/// Gathers a receipt while a journal is read from its beginning.
#[derive(Debug)]
pub struct Gathering {
    session: SessionId,
    span: Option<Span>,
    speaks: bool,
}

impl Gathering {
    /// For one session.
    #[must_use]
    pub fn of(session: SessionId) -> Self {
        Self { session, span: None, speaks: false }
    }

    /// Takes a line that was verified, with its record; gives the span that it ends, where the session speaks in it.
    pub fn line(&mut self, text: &str, record: &Record) -> Option<Span> {
        let checkpoint = matches!(record.event, Event::Checkpoint { .. });
        let own = record.session == Some(self.session);
        self.speaks |= own;
        // each line says what the running hash before it was, so a span begins where the session speaks
        if !self.speaks {
            return None;
        }
        let empty = || Span { after: record.seq.saturating_sub(1), head: record.head.clone(), lines: Vec::new() };
        let span = self.span.get_or_insert_with(empty);
        let whole = own || checkpoint;
        span.lines.push(if whole { text } else { text.get(..HASH).unwrap_or(text) }.to_owned());
        if !checkpoint {
            return None;
        }
        self.speaks = false;
        self.span.take()
    }

    /// Whether the session has said something that no checkpoint covers yet.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.speaks
    }
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It is none.
    #[error("line {line} is no part of a receipt: {what}")]
    Unreadable {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A record in it is not the one that was signed.
    #[error("record {record} {what}")]
    Record {
        /// Its number in the journal.
        record: u64,
        /// What is wrong with it.
        what: String,
    },
    /// It says nothing.
    #[error("it holds no record of session {0}")]
    Empty(SessionId),
}

/// Checks a receipt line by line.
#[derive(Debug)]
pub struct Reading {
    key: VerifyKey,
    session: SessionId,
    line: u64,
    /// The last line of the session's chain, and its hash.
    n: u64,
    prev: String,
    upto: u64,
    closed: bool,
}

impl Reading {
    /// After the first line.
    #[must_use]
    pub fn of(title: &Title, key: VerifyKey) -> Self {
        Self { key, session: title.session, line: 1, n: 0, prev: String::new(), upto: 0, closed: false }
    }

    /// Checks a further line; gives the session's records in it, proved.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn line(&mut self, text: &str) -> Result<Vec<Record>, Doubt> {
        self.line = self.line.saturating_add(1);
        let Span { after, head, lines } =
            serde_json::from_str(text).map_err(|error| self.unreadable(error.to_string()))?;
        if after < self.upto {
            return Err(self.unreadable("it goes back behind the line before".to_owned()));
        }
        let mut running = hash_of(&head).ok_or_else(|| self.unreadable("its head is no hash".to_owned()))?;
        let mut records = Vec::new();
        let mut confirmed = false;
        let mut seq = after;
        for line in &lines {
            seq = seq.saturating_add(1);
            confirmed = false;
            let hash = if line.len() == HASH {
                hash_of(line).ok_or_else(|| doubt(seq, "is no hash"))?
            } else {
                let (record, hash) = parse(line.as_bytes()).map_err(|_| doubt(seq, "was changed"))?;
                if record.seq != seq || record.head != HEXLOWER.encode(&running) {
                    return Err(doubt(seq, "does not stand where it stood"));
                }
                confirmed = self.take(record, &hash, &mut records)?;
                hash
            };
            running = run(&running, &hash);
            self.upto = seq;
        }
        // INVARIANT: a record counts where a signature follows it, and no earlier
        if confirmed { Ok(records) } else { Err(self.unreadable("no checkpoint ends it".to_owned())) }
    }

    /// Whether the session was over, once all lines were checked.
    ///
    /// # Errors
    /// Where there was no record of it.
    pub fn end(self) -> Result<bool, Doubt> {
        if self.n == 0 { Err(Doubt::Empty(self.session)) } else { Ok(self.closed) }
    }

    /// Takes a whole line; tells whether it is a checkpoint that holds.
    fn take(&mut self, record: Record, hash: &[u8; 32], records: &mut Vec<Record>) -> Result<bool, Doubt> {
        if let Event::Checkpoint { signature } = &record.event {
            if !self.key.confirms(&signed(&record), signature) {
                return Err(doubt(record.seq, "is no checkpoint signed by this key"));
            }
            return Ok(true);
        }
        if record.session != Some(self.session) {
            return Err(doubt(record.seq, "is of another session"));
        }
        if self.closed || record.n != self.n.saturating_add(1) || record.prev != self.prev {
            return Err(doubt(record.seq, "does not follow the one before it in the session"));
        }
        self.n = record.n;
        self.prev = HEXLOWER.encode(hash);
        self.closed = matches!(record.event, Event::SessionClosed { .. });
        records.push(record);
        Ok(false)
    }

    fn unreadable(&self, what: String) -> Doubt {
        Doubt::Unreadable { line: self.line, what }
    }
}

fn doubt(record: u64, what: &str) -> Doubt {
    Doubt::Record { record, what: what.to_owned() }
}
