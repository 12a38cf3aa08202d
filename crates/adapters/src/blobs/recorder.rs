//! The recorder's thread: takes from every tape in turn, compresses, seals, writes.
//!
//! It sleeps until a tape has something, gathers for [`SOON`], and goes on so as long as there is anything to keep; a
//! tape with plenty calls it at once. It belongs to its [`Recorder`] and ends with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder, JoinHandle, Thread};
use std::time::{Duration, Instant};

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::record::{Keep, Press, Reel, Ring, Scribe, Taken, Tape, tape};

use super::files::Blob;
use super::{SOON, unkept};

/// How long the thread may take to end.
const GOODBYE: Duration = Duration::from_secs(5);

/// The most that buffers keep between two passes, in bytes.
const LARGE: usize = 1 << 20;

/// The thread, and how to reach it.
pub(super) struct Recorder {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
    /// Closes with the thread.
    lives: Mutex<Receiver<()>>,
}

/// What sessions and the thread share.
#[derive(Default)]
struct Desk {
    /// Recordings that have begun since the thread last looked.
    new: Mutex<Vec<Roll>>,
    /// The thread has nothing to do, and sleeps until it is called.
    asleep: AtomicBool,
    /// Somebody has plenty.
    urgent: AtomicBool,
    closing: AtomicBool,
}

/// One recording under way.
struct Roll {
    scribe: Scribe,
    reel: Reel,
    blob: Box<dyn Blob>,
    /// What is noted of how long it is kept.
    keep: Keep,
    /// Whether the session has been told how it came out.
    told: bool,
}

impl Recorder {
    pub(super) fn start() -> Result<Self, Fault> {
        let desk = Arc::new(Desk::default());
        let press = Press::new()?;
        let theirs = Arc::clone(&desk);
        let (ends, lives) = channel();
        let thread = Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                theirs.keep(press);
                drop(ends);
            })
            .map_err(|error| Fault::gateway(Code::RecordingFailed, "the recorder cannot start").cause(error))?;
        Ok(Self { desk, thread, lives: Mutex::new(lives) })
    }

    /// Takes a recording on.
    pub(super) fn take_on(&self, scribe: Scribe, blob: Box<dyn Blob>) -> Result<Tape, Fault> {
        if self.thread.is_finished() {
            return Err(unkept(&"its thread has ended"));
        }
        let thread = self.thread.thread().clone();
        let desk = Arc::clone(&self.desk);
        let (tape, reel) = tape(scribe.head(), move |ring| desk.call(ring, &thread));
        self.desk.new.lock().unwrap_or_else(PoisonError::into_inner).push(Roll {
            scribe,
            reel,
            blob,
            keep: Keep::default(),
            told: false,
        });
        Ok(tape)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.desk.closing.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // a disk that hangs does not keep the gateway from ending
        let lives = self.lives.get_mut().unwrap_or_else(PoisonError::into_inner);
        if lives.recv_timeout(GOODBYE) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the recorder does not end; the ends of recordings may be lost");
        }
    }
}

impl Desk {
    /// Calls the thread, where it would not come in time by itself.
    fn call(&self, ring: Ring, thread: &Thread) {
        if ring == Ring::Plenty {
            self.urgent.store(true, Ordering::Release);
        } else if !self.asleep.load(Ordering::Acquire) {
            return;
        }
        thread.unpark();
    }

    fn keep(&self, press: Press) {
        let mut shelf = Shelf { rolls: Vec::new(), press, sealed: Vec::new(), spare: Vec::new() };
        let mut last = Instant::now();
        while !self.closing.load(Ordering::Acquire) {
            self.urgent.store(false, Ordering::Release);
            let soon = SOON.saturating_sub(last.elapsed());
            if !soon.is_zero() {
                // who has plenty does not make crumbs of what others have
                shelf.pass(&self.new, Reel::is_due);
            } else if !shelf.pass(&self.new, |_| true) {
                // INVARIANT: whatever is put on a tape from here on is either seen by this look, or calls
                self.asleep.store(true, Ordering::Release);
                if !shelf.pass(&self.new, |_| true) && !self.closing.load(Ordering::Acquire) {
                    thread::park();
                }
                self.asleep.store(false, Ordering::Release);
                last = Instant::now();
            } else {
                last = Instant::now();
            }
            if !self.urgent.load(Ordering::Acquire) && !self.closing.load(Ordering::Acquire) {
                thread::park_timeout(SOON.saturating_sub(last.elapsed()));
            }
        }
        shelf.pass(&self.new, |_| true);
    }
}

/// Every recording under way, and what one after the other needs.
struct Shelf {
    rolls: Vec<Roll>,
    press: Press,
    sealed: Vec<u8>,
    spare: Vec<u8>,
}

impl Shelf {
    /// Keeps what waits on those of them that are due; tells whether anything did.
    fn pass(&mut self, new: &Mutex<Vec<Roll>>, is_due: impl Fn(&Reel) -> bool) -> bool {
        self.rolls.append(&mut new.lock().unwrap_or_else(PoisonError::into_inner));
        let Self { rolls, press, sealed, spare } = self;
        let mut worked = false;
        rolls.retain_mut(|roll| {
            if is_due(&roll.reel) {
                worked |= roll.pass(press, sealed, spare);
            }
            !roll.told
        });
        // one huge message is no reason to hold so much for good
        sealed.shrink_to(LARGE);
        spare.shrink_to(LARGE);
        worked
    }
}

impl Roll {
    /// Keeps what waits on it; tells whether anything did.
    fn pass(&mut self, press: &mut Press, sealed: &mut Vec<u8>, spare: &mut Vec<u8>) -> bool {
        let mut taken = self.reel.take(spare);
        let worked = !taken.entries.is_empty();
        if let Err(fault) = self.write(&taken, press, sealed) {
            tracing::error!(%fault, cause = fault.cause, "a session cannot be recorded");
            self.told = true;
            self.reel.failed(fault);
            return true;
        }
        if taken.ended {
            self.told = true;
            self.reel.ended();
        }
        if taken.entries.capacity() > spare.capacity() {
            taken.entries.clear();
            *spare = taken.entries;
        }
        worked
    }

    fn write(&mut self, taken: &Taken, press: &mut Press, sealed: &mut Vec<u8>) -> Result<(), Fault> {
        if taken.keep != self.keep && !taken.keep.is_usual() {
            self.blob.keep(taken.keep).map_err(|error| unkept(&error))?;
            self.keep = taken.keep;
        }
        if taken.entries.is_empty() {
            return Ok(());
        }
        sealed.clear();
        self.scribe.write(press, &taken.entries, sealed)?;
        self.blob.append(sealed).map_err(|error| unkept(&error))?;
        self.reel.kept(taken.entries.len(), self.scribe.head());
        Ok(())
    }
}

impl Drop for Roll {
    fn drop(&mut self) {
        if !self.told {
            self.reel.failed(unkept(&"the recorder has ended"));
        }
    }
}
