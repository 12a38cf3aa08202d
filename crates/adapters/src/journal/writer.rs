//! Writes lines to the current segment, ends it when it is full, and signs checkpoints.
//!
//! It is used by one thread at a time. After any failure it refuses for good: the ledger and the file may differ.

use std::io;
use std::sync::Arc;

use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::journal::{Draft, Keys, Ledger, Torn};

use super::files::{Segments, Sink};
use super::reading::Left;
use super::{Mode, lost};

pub(super) struct Writer {
    ledger: Ledger,
    segments: Box<dyn Segments>,
    sink: Arc<dyn Sink>,
    version: String,
    /// Bytes after which a segment is ended.
    full: u64,
    /// Records after which a checkpoint is due.
    due: u64,
    /// The number of the current segment.
    segment: u64,
    /// The bytes in it.
    bytes: u64,
    /// Records that no checkpoint covers yet.
    unsigned: u64,
    /// Lines of what has happened already, which the kernel does not have yet.
    waiting: Vec<u8>,
    /// Whether the keeper sleeps although lines may come to wait.
    unseen: bool,
    state: State,
}

/// How many bytes of lines may wait.
const MOST_WAITING: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    Lost,
}

impl Writer {
    /// Begins a segment after what was left, or the first one.
    pub(super) fn begin(
        mut segments: Box<dyn Segments>,
        left: Option<Left>,
        keys: Keys,
        mode: Mode<'_>,
        now: Micros,
    ) -> Result<Self, Fault> {
        let (mut ledger, segment, before) = match left {
            Some(left) => (Ledger::resume(keys, &left.end), left.segment.saturating_add(1), Some(left.torn)),
            None => (Ledger::new(keys), 1, None),
        };
        let line = ledger.open_segment(segment, before, mode.version, now)?;
        let sink = segments.begin(segment, &line).map_err(|error| unwritten(&error))?;
        Ok(Self {
            ledger,
            segments,
            sink,
            version: mode.version.to_owned(),
            full: mode.segment,
            due: mode.records,
            segment,
            bytes: length(&line),
            unsigned: 1,
            waiting: Vec::new(),
            unseen: false,
            state: State::Open,
        })
    }

    /// Writes drafts, and what waits before them, in one piece. Tells the number of their last line.
    pub(super) fn enter(&mut self, drafts: &[Draft], now: Micros) -> Result<u64, Fault> {
        self.attempt(|writer| {
            let last = writer.chain(drafts, now)?;
            writer.put()?;
            Ok(last)
        })
    }

    /// Chains drafts that need not be written yet. Tells the number of their last line, and whether the keeper has to be
    /// told of them.
    pub(super) fn soon(&mut self, drafts: &[Draft], now: Micros) -> Result<(u64, bool), Fault> {
        self.attempt(|writer| {
            let last = writer.chain(drafts, now)?;
            if writer.waiting.len() >= MOST_WAITING {
                writer.put()?;
            }
            Ok((last, writer.is_waiting() && std::mem::take(&mut writer.unseen)))
        })
    }

    /// Writes what waits.
    pub(super) fn write(&mut self) -> Result<(), Fault> {
        self.attempt(Self::put)
    }

    /// Whether there are lines that the kernel does not have.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The keeper is about to sleep; it has to be told of what comes to wait, or comes by itself in time.
    pub(super) fn asleep(&mut self, unseen: bool) {
        self.unseen = unseen;
    }

    /// Signs what is not signed yet, if anything is.
    pub(super) fn checkpoint(&mut self, now: Micros) -> Result<(), Fault> {
        if self.unsigned == 0 {
            return Ok(());
        }
        self.attempt(|writer| {
            writer.sign(now)?;
            writer.put()
        })
    }

    /// Signs, brings all to disk, and ends.
    pub(super) fn close(&mut self, now: Micros) -> Result<(), Fault> {
        if self.state == State::Closed {
            return Ok(());
        }
        self.checkpoint(now)?;
        self.attempt(|writer| {
            writer.put()?;
            writer.sink.sync().map_err(|error| unwritten(&error))
        })?;
        self.state = State::Closed;
        Ok(())
    }

    /// The number of the last line, and the file it is in or before.
    pub(super) fn position(&self) -> (u64, Arc<dyn Sink>) {
        (self.last(), Arc::clone(&self.sink))
    }

    pub(super) fn last(&self) -> u64 {
        self.ledger.last()
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(super) fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    /// INVARIANT: nothing is written after a failure, whoever met it.
    pub(super) fn fail(&mut self, error: &io::Error) -> Fault {
        self.state = State::Lost;
        unwritten(error)
    }

    fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.state {
            State::Open => {}
            State::Lost => return Err(lost()),
            State::Closed => return Err(Fault::gateway(Code::Stopping, "the journal is closed")),
        }
        let outcome = work(self);
        if outcome.is_err() {
            self.state = State::Lost;
        }
        outcome
    }

    fn chain(&mut self, drafts: &[Draft], now: Micros) -> Result<u64, Fault> {
        if self.bytes >= self.full {
            self.rotate(now)?;
        }
        for draft in drafts {
            let mut line = self.ledger.enter(draft)?;
            self.waiting.append(&mut line);
            self.unsigned = self.unsigned.saturating_add(1);
        }
        let last = self.ledger.last();
        if self.unsigned >= self.due {
            self.sign(now)?;
        }
        Ok(last)
    }

    fn sign(&mut self, now: Micros) -> Result<(), Fault> {
        let mut line = self.ledger.checkpoint(now)?;
        self.waiting.append(&mut line);
        self.unsigned = 0;
        Ok(())
    }

    /// INVARIANT: whoever writes writes all that waits, so that lines stand in the order in which they were chained.
    fn put(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.sink.append(&self.waiting).map_err(|error| unwritten(&error))?;
        self.bytes = self.bytes.saturating_add(length(&self.waiting));
        self.waiting.clear();
        self.waiting.shrink_to(MOST_WAITING);
        Ok(())
    }

    /// Ends the segment with a checkpoint, on disk, and begins the next.
    fn rotate(&mut self, now: Micros) -> Result<(), Fault> {
        self.sign(now)?;
        self.put()?;
        self.sink.sync().map_err(|error| unwritten(&error))?;
        let before = Torn { whole: self.bytes, torn: 0 };
        self.segment = self.segment.saturating_add(1);
        let line = self.ledger.open_segment(self.segment, Some(before), &self.version, now)?;
        self.sink = self.segments.begin(self.segment, &line).map_err(|error| unwritten(&error))?;
        self.bytes = length(&line);
        self.unsigned = 1;
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn unwritten(error: &io::Error) -> Fault {
    lost().cause(error)
}
