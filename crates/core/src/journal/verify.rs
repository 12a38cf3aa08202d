//! Reading a journal back, line by line, and saying exactly where it was touched.
//!
//! Offline and on bytes alone: it needs the lines and the public key. What a crash leaves behind (an unfinished last
//! line) is told apart from what a hand leaves behind.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;

use crate::id::SessionId;
use crate::journal::chain::{Torn, Unread, hash_of, parse, run, signed};
use crate::journal::event::{Event, Record};
use crate::journal::keys::VerifyKey;

/// Where and how a journal was touched, or cannot be what a gateway wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment {segment}, line {line}: {what}")]
pub struct Tamper {
    /// The number of the segment.
    pub segment: u64,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong there.
    pub what: String,
}

/// Where a verified journal ends.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct End {
    /// The number of the last line.
    pub seq: u64,
    /// The running hash after it.
    pub running: [u8; 32],
    /// How many lines the gateway's own chain holds.
    pub own_n: u64,
    /// The head of that chain, in hexadecimal.
    pub own_head: String,
    /// The number of the last line that a checkpoint covers, itself included.
    pub signed: u64,
    /// Lines that no checkpoint covered when a gateway went on after them, from and to: the one before was killed.
    pub late: Vec<(u64, u64)>,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// How many sessions.
    pub sessions: u64,
}

/// Checks a journal as its lines come by.
#[derive(Debug)]
pub struct Verifier {
    key: VerifyKey,
    end: End,
    heads: HashMap<SessionId, (u64, String)>,
    closed: HashSet<SessionId>,
    segment: u64,
    line: u64,
    /// How the segment before ended.
    before: Option<Torn>,
    /// Whether what came before the first line is taken from it rather than checked.
    trusting: bool,
}

impl Verifier {
    /// For a whole journal, from its first line on.
    #[must_use]
    pub fn new(key: VerifyKey) -> Self {
        Self {
            key,
            end: End::default(),
            heads: HashMap::new(),
            closed: HashSet::new(),
            segment: 0,
            line: 0,
            before: None,
            trusting: false,
        }
    }

    /// For the last segment alone: what its first line says of the lines before is believed. For a gateway that goes
    /// on with its own journal, never for an auditor.
    #[must_use]
    pub fn from_segment(key: VerifyKey, segment: u64) -> Self {
        Self { segment: segment.saturating_sub(1), trusting: true, ..Self::new(key) }
    }

    /// Begins a segment: `number` as its file is named.
    ///
    /// # Errors
    /// Where a segment before it is missing.
    pub fn open(&mut self, number: u64) -> Result<(), Tamper> {
        let expected = self.segment.saturating_add(1);
        self.segment = number;
        self.line = 0;
        if number == expected { Ok(()) } else { Err(self.tampered(format!("segment {expected} is missing"))) }
    }

    /// Checks one whole line, without its newline.
    ///
    /// # Errors
    /// Where it is not the line that was written there.
    pub fn line(&mut self, text: &[u8]) -> Result<Record, Tamper> {
        self.line = self.line.saturating_add(1);
        let (record, hash) = self.read(text)?;
        if self.line == 1 {
            self.opens(&record)?;
        }
        self.follows(&record)?;
        if let Event::Checkpoint { signature } = &record.event
            && !self.key.confirms(&signed(&record), signature)
        {
            return Err(self.tampered("the checkpoint's signature is not by this key".to_owned()));
        }
        self.enter(&record, hash);
        Ok(record)
    }

    /// Ends a segment of `whole` bytes of lines and `torn` bytes of an unfinished one after them.
    ///
    /// # Errors
    /// Where the segment does not even have the line that opens it.
    pub fn close(&mut self, whole: u64, torn: u64) -> Result<(), Tamper> {
        self.before = Some(Torn { whole, torn });
        if self.line == 0 && torn == 0 { Err(self.tampered("the segment is empty".to_owned())) } else { Ok(()) }
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }

    fn read(&self, text: &[u8]) -> Result<(Record, [u8; 32]), Tamper> {
        parse(text).map_err(|unread| match unread {
            Unread::Changed => self.tampered("the line was changed: its hash does not match".to_owned()),
            Unread::Unknown(error) => self.tampered(format!("the line is none that this version knows: {error}")),
        })
    }

    fn opens(&mut self, record: &Record) -> Result<(), Tamper> {
        let Event::SegmentOpened { segment, previous_bytes, torn_bytes, unsigned, .. } = &record.event else {
            return Err(self.tampered("the line that opens the segment is missing".to_owned()));
        };
        if std::mem::take(&mut self.trusting) {
            self.end.seq = record.seq.saturating_sub(1);
            self.end.own_n = record.n.saturating_sub(1);
            self.end.own_head.clone_from(&record.prev);
            self.end.signed = self.end.seq.saturating_sub(unsigned.unwrap_or(0));
            self.end.running = hash_of(&record.head).ok_or_else(|| self.tampered("the head is no hash".to_owned()))?;
            return Ok(());
        }
        if *segment != self.segment {
            return Err(self.tampered(format!("the file holds segment {segment}")));
        }
        let stated = previous_bytes.map(|whole| Torn { whole, torn: torn_bytes.unwrap_or(0) });
        if stated != self.before {
            return Err(self.tampered("the segment before it does not end as it did when this one began".to_owned()));
        }
        let late = self.end.seq.saturating_sub(self.end.signed);
        if unsigned.unwrap_or(0) != late {
            return Err(self.tampered(format!("it does not say that {late} lines before it are not signed")));
        }
        if late > 0 {
            self.end.late.push((self.end.signed.saturating_add(1), self.end.seq));
        }
        Ok(())
    }

    fn follows(&self, record: &Record) -> Result<(), Tamper> {
        let expected = self.end.seq.saturating_add(1);
        if record.seq != expected {
            return Err(self.tampered(format!(
                "record {} stands where record {expected} should: lines were removed, added or moved",
                record.seq
            )));
        }
        if record.head != HEXLOWER.encode(&self.end.running) {
            let before = self.end.seq;
            return Err(self.tampered(format!("record {before} before it is not the one that was there")));
        }
        let (n, head) = match &record.session {
            None => (self.end.own_n, self.end.own_head.as_str()),
            Some(session) if self.closed.contains(session) => {
                return Err(self.tampered(format!("session {session} goes on after it was closed")));
            }
            Some(session) => self.heads.get(session).map_or((0, ""), |(n, head)| (*n, head.as_str())),
        };
        // INVARIANT: after `from_segment` a session's earlier lines are unknown, and only then may it begin above 1.
        let unknown = record.session.is_some_and(|session| !self.heads.contains_key(&session)) && self.resumed();
        if unknown || (record.n == n.saturating_add(1) && record.prev == head) {
            return Ok(());
        }
        Err(self.tampered(format!("record {} does not follow the line before it in its chain", record.seq)))
    }

    fn resumed(&self) -> bool {
        self.before.is_none() && self.segment > 1
    }

    fn enter(&mut self, record: &Record, hash: [u8; 32]) {
        self.end.seq = record.seq;
        self.end.running = run(&self.end.running, &hash);
        let hash = HEXLOWER.encode(&hash);
        match record.session {
            None => {
                self.end.own_n = record.n;
                self.end.own_head = hash;
            }
            Some(session) if matches!(record.event, Event::SessionClosed { .. }) => {
                self.heads.remove(&session);
                self.closed.insert(session);
            }
            Some(session) => {
                if self.heads.insert(session, (record.n, hash)).is_none() {
                    self.end.sessions = self.end.sessions.saturating_add(1);
                }
            }
        }
        if matches!(record.event, Event::Checkpoint { .. }) {
            self.end.signed = record.seq;
            self.end.checkpoints = self.end.checkpoints.saturating_add(1);
        }
    }

    fn tampered(&self, what: String) -> Tamper {
        Tamper { segment: self.segment, line: self.line, what }
    }
}
