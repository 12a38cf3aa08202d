//! The journal's own thread: signs a checkpoint when one is due, writes what nobody waits for, and brings to disk what
//! waits for it.
//!
//! All records that were written while one sync ran share the next one. The thread belongs to its journal and ends
//! with it.

use std::io;
use std::sync::{Arc, MutexGuard};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use postern_core::code::Code;
use postern_core::fault::Fault;

use super::writer::Writer;
use super::{Desk, Durability, lost};

/// How long what nobody waits for may wait to be written.
const SOON: Duration = Duration::from_millis(100);

pub(super) fn start(desk: Arc<Desk>, durability: Durability, every: Duration) -> Result<JoinHandle<()>, Fault> {
    let keeper = Keeper { desk, durability, every };
    Builder::new()
        .name("journal".to_owned())
        .spawn(move || keeper.run())
        .map_err(|error| Fault::gateway(Code::JournalUnavailable, "the journal's thread cannot start").cause(error))
}

struct Keeper {
    desk: Arc<Desk>,
    durability: Durability,
    every: Duration,
}

impl Keeper {
    fn run(self) {
        let mut signed = Instant::now();
        let Ok(mut writer) = self.desk.lock() else { return };
        while writer.is_open() {
            let left = self.every.saturating_sub(signed.elapsed());
            let waiting = writer.is_waiting();
            let Ok(woken) = self.wait(writer, if waiting { left.min(SOON) } else { left }) else { return };
            writer = woken;
            if !writer.is_open() {
                return;
            }
            if waiting && let Err(fault) = writer.write() {
                self.desk.lose(fault);
                return;
            }
            if signed.elapsed() >= self.every {
                signed = Instant::now();
                if let Err(fault) = writer.checkpoint(self.desk.clock.now()) {
                    self.desk.lose(fault);
                    return;
                }
            }
            if self.durability == Durability::Fsync {
                let Ok(back) = self.sync(writer) else { return };
                writer = back;
            }
        }
    }

    /// Waits until there is something to bring to disk, or to write by and by that was not there before, until the journal
    /// ends, or until `left` is over.
    fn wait<'a>(&self, writer: MutexGuard<'a, Writer>, left: Duration) -> Result<MutexGuard<'a, Writer>, ()> {
        let known = writer.is_waiting();
        let idle = |writer: &mut Writer| {
            let idle = writer.is_open() && !self.waits(writer) && (known || !writer.is_waiting());
            writer.asleep(idle && !known);
            idle
        };
        let (writer, _) = self.desk.wake.wait_timeout_while(writer, left, idle).map_err(|_| {
            self.desk.lose(lost());
        })?;
        Ok(writer)
    }

    fn waits(&self, writer: &Writer) -> bool {
        self.durability == Durability::Fsync && writer.last() > self.desk.standing.borrow().on_disk
    }

    /// Brings all that is written to disk. Others go on writing meanwhile.
    fn sync<'a>(&'a self, mut writer: MutexGuard<'a, Writer>) -> Result<MutexGuard<'a, Writer>, ()> {
        if !self.waits(&writer) {
            return Ok(writer);
        }
        let (last, sink) = match writer.write() {
            Ok(()) => writer.position(),
            Err(fault) => {
                self.desk.lose(fault);
                return Err(());
            }
        };
        drop(writer);
        let outcome = sink.sync();
        let mut writer = self.desk.lock().map_err(|_| ())?;
        if let Err(error) = outcome {
            // THREAT: after a failed sync the kernel may drop what it could not write and report success next time.
            self.desk.lose(writer.fail(&error));
            return Err(());
        }
        self.desk.on_disk(last);
        Ok(writer)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let fault = match self.desk.writer.lock() {
                Ok(mut writer) => writer.fail(&io::Error::other("the journal's thread panicked")),
                Err(_) => lost(),
            };
            self.desk.lose(fault);
        }
    }
}
