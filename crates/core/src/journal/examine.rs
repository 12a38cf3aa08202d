//! What was done to a journal that does not verify: which records were changed, removed, moved or added.
//!
//! Each line says what the running hash over all lines before it was, so a line whose own hash was made to fit is
//! given away by the next one. It reads on where a verifier stops, and proves nothing: what it says nothing about counts
//! for no more than before. Enter at [`Examiner`].

use std::collections::{BTreeMap, HashMap};

use data_encoding::HEXLOWER;

use crate::id::SessionId;
use crate::journal::chain::{hash_of, parse, run, signed};
use crate::journal::event::{Event, Record};
use crate::journal::keys::VerifyKey;

/// How many things are told; whoever rewrites more than that is not helped by a list.
const MOST: usize = 100;

/// Something that was done to a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The first record concerned.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// The segment in which it shows.
    pub segment: u64,
    /// The line in it, from 1.
    pub line: u64,
    /// What was done.
    pub how: How,
}

/// What was done to records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They say something else now.
    Changed,
    /// They are not there.
    Removed,
    /// Some of them are not there, the others cannot be read.
    Mangled,
    /// They stand elsewhere.
    Moved,
    /// They stand there a second time, or were never written by the gateway.
    Added,
    /// They and all that names them were written anew; only the signature could not be.
    Rewritten,
}

impl std::fmt::Display for Touched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, segment, line, how } = self;
        let (records, were) =
            if from == to { (format!("record {from}"), "was") } else { (format!("records {from} to {to}"), "were") };
        let what = match how {
            How::Changed => format!("{records} {were} changed"),
            How::Removed => format!("{records} {were} removed"),
            How::Mangled => format!("{records} {were} changed or removed"),
            How::Moved => format!("{records} {were} moved"),
            How::Added => format!("a line was added, as record {from}"),
            How::Rewritten => {
                format!("{records} {were} not signed with this key: written anew, or by a gateway with another one")
            }
        };
        write!(f, "{what} (segment {segment}, line {line})")
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    segment: u64,
    line: u64,
}

/// A line that can be read, waiting for the one after it to say where it belongs.
#[derive(Debug)]
struct Held {
    record: Record,
    hash: [u8; 32],
    place: Place,
}

/// What there is to say about a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What was done, in order; nothing where nothing can be told.
    pub touched: Vec<Touched>,
    /// The last record of which it is certain that it, and all before it, are as they were signed.
    pub signed: u64,
}

/// The last record of a chain.
#[derive(Debug)]
struct Link {
    seq: u64,
    n: u64,
    hash: String,
    place: Place,
}

/// Reads the lines of a journal that was touched.
#[derive(Debug)]
pub struct Examiner {
    key: VerifyKey,
    place: Place,
    /// The number of the next record.
    next: u64,
    /// The running hash before it; nothing where a line before it could not be read.
    running: Option<[u8; 32]>,
    /// The last record in its place, whose hash nothing has confirmed yet.
    unconfirmed: Option<(u64, Place)>,
    /// Everything from here on is covered by no signature that holds.
    unsigned: u64,
    /// A checkpoint whose signature does not hold, unless the checkpoint itself was changed.
    rewritten: Option<Touched>,
    /// Lines that cannot be read, since the last one that could.
    unread: Vec<Place>,
    held: Option<Held>,
    /// Records that stood where another one belongs.
    strays: BTreeMap<u64, Place>,
    /// The last record of each chain that goes on: the next one names its hash as well.
    chains: HashMap<Option<SessionId>, Link>,
    found: Vec<Touched>,
    /// The last checkpoint before which nothing was found.
    signed: u64,
}

impl Examiner {
    /// Before the first line.
    #[must_use]
    pub fn new(key: VerifyKey) -> Self {
        Self {
            key,
            place: Place { segment: 0, line: 0 },
            next: 1,
            running: Some([0; 32]),
            unconfirmed: None,
            unsigned: 1,
            rewritten: None,
            unread: Vec::new(),
            held: None,
            strays: BTreeMap::new(),
            chains: HashMap::new(),
            found: Vec::new(),
            signed: 0,
        }
    }

    /// Begins a segment.
    pub fn open(&mut self, segment: u64) {
        self.place = Place { segment, line: 0 };
    }

    /// Takes one whole line, without its newline.
    pub fn line(&mut self, text: &[u8]) {
        self.place.line = self.place.line.saturating_add(1);
        let place = self.place;
        match parse(text) {
            Ok((record, hash)) => {
                self.settle(Some(record.seq));
                self.held = Some(Held { record, hash, place });
            }
            Err(_) => {
                self.settle(None);
                self.unread.push(place);
            }
        }
    }

    /// What was done, as far as can be told.
    #[must_use]
    pub fn found(mut self) -> Examined {
        self.settle(None);
        for place in std::mem::take(&mut self.unread) {
            let next = self.next;
            self.say(next, next, place, How::Changed);
            self.next = next.saturating_add(1);
        }
        self.found.extend(self.rewritten.take());
        for (seq, place) in std::mem::take(&mut self.strays) {
            // what belongs behind the last line has left no gap
            let how = if seq < self.next { How::Added } else { How::Moved };
            self.say(seq, seq, place, how);
        }
        self.found.sort_by_key(|touched| (touched.from, touched.to));
        self.found.dedup_by_key(|touched| (touched.from, touched.to));
        self.found.truncate(MOST);
        Examined { touched: self.found, signed: self.signed }
    }

    /// Puts the line that is held in its place, now that the number of the one after it is known.
    fn settle(&mut self, after: Option<u64>) {
        let Some(Held { record, hash, place }) = self.held.take() else { return };
        let missing = record.seq.checked_sub(self.next);
        let ahead = missing.is_some_and(|missing| missing > 0) && self.unread.is_empty() && after == Some(self.next);
        if missing.is_none() || ahead {
            self.stray(record.seq, place);
            return;
        }
        self.fill(record.seq, place);
        self.follow(&record, hash, place);
    }

    /// A record stands where another one belongs.
    fn stray(&mut self, seq: u64, place: Place) {
        let removed = self.found.iter().position(|one| one.how == How::Removed && (one.from..=one.to).contains(&seq));
        let Some(gap) = removed.map(|at| self.found.remove(at)) else {
            if self.strays.len() < MOST {
                self.strays.insert(seq, place);
            }
            return;
        };
        let (before, behind) = (seq.saturating_sub(1), seq.saturating_add(1));
        if gap.from < seq {
            self.found.push(Touched { to: before, ..gap.clone() });
        }
        if gap.to > seq {
            self.found.push(Touched { from: behind, ..gap });
        }
        self.say(seq, seq, place, How::Moved);
    }

    /// Accounts for the records between the last one and `seq`.
    fn fill(&mut self, seq: u64, place: Place) {
        let unread = std::mem::take(&mut self.unread);
        let missing = seq.saturating_sub(self.next);
        let count = u64::try_from(unread.len()).unwrap_or(u64::MAX);
        let (from, to) = (self.next, seq.saturating_sub(1));
        if missing == 0 {
            for place in unread {
                self.say(seq, seq, place, How::Added);
            }
            return;
        }
        self.running = None;
        self.unconfirmed = None;
        match unread.first() {
            Some(_) if missing == count => {
                for (seq, place) in (from..).zip(unread) {
                    self.say(seq, seq, place, How::Changed);
                }
            }
            Some(first) => self.say(from, to, *first, How::Mangled),
            None => self.removed(from, to, place),
        }
    }

    /// Records are not there; some of them may have been met elsewhere.
    fn removed(&mut self, from: u64, to: u64, place: Place) {
        let moved: Vec<u64> = self.strays.range(from..=to).map(|(seq, _)| *seq).collect();
        let mut begin = from;
        for seq in moved {
            if let Some(place) = self.strays.remove(&seq) {
                self.say(seq, seq, place, How::Moved);
            }
            if begin < seq {
                self.say(begin, seq.saturating_sub(1), place, How::Removed);
            }
            begin = seq.saturating_add(1);
        }
        if begin <= to {
            self.say(begin, to, place, How::Removed);
        }
    }

    /// Checks a record that stands in its place against the one before it, and its signature where it has one.
    fn follow(&mut self, record: &Record, hash: [u8; 32], place: Place) {
        let stated = hash_of(&record.head);
        let fits = self.running.is_none() || self.running == stated;
        // a signature that does not hold tells of the lines before it only where the line that bears it is as it was
        let rewritten = self.rewritten.take();
        match (fits, self.unconfirmed.take()) {
            (false, Some((seq, place))) => self.say(seq, seq, place, How::Changed),
            (true, _) => self.found.extend(rewritten),
            (false, None) => {}
        }
        self.link(record, &hash, place);
        if let Event::Checkpoint { signature } = &record.event {
            if !self.key.confirms(&signed(record), signature) {
                let (from, to, Place { segment, line }) = (self.unsigned, record.seq, place);
                self.rewritten = Some(Touched { from, to, segment, line, how: How::Rewritten });
            } else if self.found.is_empty() && self.strays.is_empty() {
                self.signed = record.seq;
            }
            self.unsigned = record.seq.saturating_add(1);
        }
        self.running = stated.map(|before| run(&before, &hash));
        self.unconfirmed = Some((record.seq, place));
        self.next = record.seq.saturating_add(1);
    }

    /// Checks the record against the one before it in its chain: whoever changes a record and what the next line says of
    /// it has the chain's next one to change as well.
    fn link(&mut self, record: &Record, hash: &[u8; 32], place: Place) {
        let last = self.chains.remove(&record.session);
        if let Some(last) = last.filter(|last| record.n == last.n.saturating_add(1) && record.prev != last.hash) {
            self.say(last.seq, last.seq, last.place, How::Changed);
        }
        if record.session.is_none() || !matches!(record.event, Event::SessionClosed { .. }) {
            let link = Link { seq: record.seq, n: record.n, hash: HEXLOWER.encode(hash), place };
            self.chains.insert(record.session, link);
        }
    }

    fn say(&mut self, from: u64, to: u64, Place { segment, line }: Place, how: How) {
        if self.found.len() < MOST.saturating_mul(2) {
            self.found.push(Touched { from, to, segment, line, how });
        }
    }
}
