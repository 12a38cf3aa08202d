//! The way from a session to its recorder: entries in order, gathered in memory within a bound.
//!
//! Putting something on a [`Tape`] takes a lock that nobody holds for long, and wakes the recorder only where it sleeps
//! or much has gathered. What is full says so, and a session shows its client no more until there is room. Nothing is
//! ever dropped: what cannot be kept is a fault, and the session ends by it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::id::OperationId;
use crate::ports::Later;
use crate::record::entry::{Bulk, Note, write_bulk, write_note};
use crate::record::{Head, Keep};

/// How much is worth a chunk of its own at once, in bytes.
const PLENTY: usize = 64 << 10;
/// How much may wait to be kept before the session should show no more, in bytes: one chunk is made while another gathers.
const MOST: usize = 2 * PLENTY;

/// Why the recorder is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// There is something again: soon.
    Something,
    /// There is enough for a chunk, or it is the end: now.
    Plenty,
}

/// The session's end.
#[derive(Debug)]
pub struct Tape(Arc<Shared>);

/// The recorder's end.
#[derive(Clone, Debug)]
pub struct Reel(Arc<Shared>);

/// What a recorder takes at once.
#[derive(Debug, Default)]
pub struct Taken {
    /// Entries, in whole parts.
    pub entries: Vec<u8>,
    /// Whether nothing follows.
    pub ended: bool,
    /// How long all of it is to be kept.
    pub keep: Keep,
}

struct Shared {
    spool: Mutex<Spool>,
    /// What `standing` says of it, for whoever asks often.
    full: AtomicBool,
    standing: watch::Sender<Standing>,
    bell: Box<dyn Fn(Ring) + Send + Sync>,
}

#[derive(Debug)]
struct Spool {
    waiting: Vec<u8>,
    /// Bytes that are waiting, or taken and not kept yet.
    unkept: usize,
    /// When the oldest came of those that wait, and of those that were taken.
    waits: Option<Micros>,
    taken: Option<Micros>,
    head: Head,
    keep: Keep,
    ended: bool,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    full: bool,
    /// Nothing is kept any more: it failed, or all of it is.
    over: bool,
}

/// A tape and its reel. `bell` calls the recorder; it must return at once.
#[must_use]
pub fn tape(head: Head, bell: impl Fn(Ring) + Send + Sync + 'static) -> (Tape, Reel) {
    let (waiting, keep) = (Vec::new(), Keep::default());
    let spool = Spool { waiting, unkept: 0, waits: None, taken: None, head, keep, ended: false, fault: None };
    let standing = watch::Sender::new(Standing::default());
    let shared =
        Arc::new(Shared { spool: Mutex::new(spool), full: AtomicBool::new(false), standing, bell: Box::new(bell) });
    (Tape(Arc::clone(&shared)), Reel(shared))
}

impl Tape {
    /// Puts something that happened on the tape.
    ///
    /// # Errors
    /// Where nothing is kept any more.
    pub fn note(&self, at: Micros, note: &Note) -> Result<(), Fault> {
        self.put(at, false, |out| noted(at, note, out))
    }

    /// Puts on the tape what the client is about to see. It must not see it where this fails.
    ///
    /// # Errors
    /// Where nothing is kept any more.
    pub fn shown(&self, at: Micros, operation: Option<OperationId>, bytes: &[u8]) -> Result<(), Fault> {
        self.put(at, false, |out| {
            write_bulk(Bulk::Shown, at, operation, bytes, out);
            Ok(())
        })
    }

    /// Puts on the tape how the protocol is to read what follows.
    ///
    /// # Errors
    /// Where nothing is kept any more.
    pub fn aside(&self, at: Micros, operation: Option<OperationId>, bytes: &[u8]) -> Result<(), Fault> {
        self.put(at, false, |out| {
            write_bulk(Bulk::Aside, at, operation, bytes, out);
            Ok(())
        })
    }

    /// Says how long the rules that let an operation run want the recording kept.
    pub fn keep(&self, keep: Keep) {
        let mut spool = self.0.lock();
        spool.keep = spool.keep.and(keep);
    }

    /// Whether so much waits that no more should be shown.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.full.load(Ordering::Relaxed)
    }

    /// How much is kept.
    #[must_use]
    pub fn head(&self) -> Head {
        self.0.lock().head
    }

    /// Resolves once there is room, or never will be.
    pub fn room(&self) -> Later<'static, ()> {
        let mut standing = self.0.standing.subscribe();
        // without a tape there is nobody to wait for room
        Box::pin(async move { drop(standing.wait_for(|standing| !standing.full || standing.over).await) })
    }

    /// Since when the oldest waits of what is not kept yet.
    pub(crate) fn oldest(&self) -> Option<Micros> {
        let spool = self.0.lock();
        spool.taken.or(spool.waits)
    }

    /// Resolves to why nothing is kept any more; never, where all of it was.
    pub(crate) fn failed(&self) -> Later<'static, Fault> {
        let (shared, mut standing) = (Arc::downgrade(&self.0), self.0.standing.subscribe());
        Box::pin(async move {
            drop(standing.wait_for(|standing| standing.over).await);
            let fault = shared.upgrade().and_then(|shared| shared.lock().fault.clone());
            match fault {
                Some(fault) => fault,
                None => std::future::pending().await,
            }
        })
    }

    /// Ends the recording, with the session; what this answers with waits until all of it is kept.
    ///
    /// # Errors
    /// Where it is not.
    pub fn finish(&self, at: Micros, reason: &str) -> Result<Later<'static, Result<Head, Fault>>, Fault> {
        // INVARIANT: nothing comes behind the end, whoever else has something to note
        self.put(at, true, |out| noted(at, &Note::Closed { reason: reason.to_owned() }, out))?;
        let shared = Arc::clone(&self.0);
        let mut standing = self.0.standing.subscribe();
        Ok(Box::pin(async move {
            drop(standing.wait_for(|standing| standing.over).await);
            let spool = shared.lock();
            spool.fault.clone().map_or(Ok(spool.head), Err)
        }))
    }

    fn put(&self, at: Micros, last: bool, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>) -> Result<(), Fault> {
        let ring = {
            let mut spool = self.0.lock();
            spool.takes()?;
            let before = spool.waiting.len();
            write(&mut spool.waiting)?;
            spool.ended = last;
            spool.waits.get_or_insert(at);
            let after = spool.waiting.len();
            spool.unkept = spool.unkept.saturating_add(after.saturating_sub(before));
            if spool.unkept >= MOST {
                self.0.set(|standing| standing.full = true);
            }
            match (before, after) {
                _ if last => Some(Ring::Plenty),
                (before, after) if before < PLENTY && after >= PLENTY => Some(Ring::Plenty),
                (0, after) if after > 0 => Some(Ring::Something),
                _ => None,
            }
        };
        if let Some(ring) = ring {
            (self.0.bell)(ring);
        }
        Ok(())
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Reel {
    /// Whether there is enough for a chunk, or no more will come.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let spool = self.0.lock();
        spool.waiting.len() >= PLENTY || spool.ended
    }

    /// Takes what waits. Where that is much, more follows: `spare` is filled next.
    #[must_use]
    pub fn take(&self, spare: &mut Vec<u8>) -> Taken {
        let mut spool = self.0.lock();
        let next = if spool.waiting.len() >= PLENTY { std::mem::take(spare) } else { Vec::new() };
        spool.taken = spool.taken.or(spool.waits.take());
        Taken { entries: std::mem::replace(&mut spool.waiting, next), ended: spool.ended, keep: spool.keep }
    }

    /// So many bytes of entries are kept, and the recording has got this far.
    pub fn kept(&self, bytes: usize, head: Head) {
        let mut spool = self.0.lock();
        spool.unkept = spool.unkept.saturating_sub(bytes);
        (spool.head, spool.taken) = (head, None);
        if spool.unkept < MOST {
            self.0.set(|standing| standing.full = false);
        }
    }

    /// All of it is kept.
    pub fn ended(&self) {
        self.0.set(|standing| standing.over = true);
    }

    /// Nothing is kept any more. What waits is let go of.
    pub fn failed(&self, fault: Fault) {
        let mut spool = self.0.lock();
        (spool.waiting, spool.unkept, spool.waits, spool.taken) = (Vec::new(), 0, None, None);
        spool.fault = Some(fault);
        drop(spool);
        self.0.set(|standing| *standing = Standing { full: false, over: true });
    }

    /// How much waits to be kept, in bytes.
    #[must_use]
    pub fn unkept(&self) -> usize {
        self.0.lock().unkept
    }
}

impl Spool {
    /// Whether anything more can be put here.
    fn takes(&self) -> Result<(), Fault> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None if self.ended => Err(Fault::gateway(Code::RecordingFailed, "the recording of this session has ended")),
            None => Ok(()),
        }
    }
}

impl Shared {
    /// What a panicking session left is whole entries all the same: nothing in between can panic.
    fn lock(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let first = !std::mem::replace(&mut self.lock().ended, true);
        if first {
            (self.bell)(Ring::Plenty);
        }
    }

    fn set(&self, change: impl FnOnce(&mut Standing)) {
        self.standing.send_if_modified(|standing| {
            let before = *standing;
            change(standing);
            self.full.store(standing.full, Ordering::Relaxed);
            *standing != before
        });
    }
}

fn noted(at: Micros, note: &Note, out: &mut Vec<u8>) -> Result<(), Fault> {
    write_note(at, note, out)
        .map_err(|error| Fault::gateway(Code::RecordingFailed, "this cannot be recorded").cause(error))
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}
