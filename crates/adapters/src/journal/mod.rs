//! The journal's files: one folder, one writer, segments that are only ever added to.
//!
//! What a line is and how it proves itself is core's; here lines become durable before anybody is told that they are
//! written. Whatever goes wrong once is wrong for good: after a failed write nobody can say what stands in the file,
//! so nothing is appended any more. Enter at [`Journal::open`] and [`verify`].

mod files;
mod keeper;
mod range;
mod reading;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::journal::{Appended, Draft, Keys};
use postern_core::ports::{Append, Later};
use tokio::sync::watch;

use self::files::{Folder, Segments};
use self::reading::Left;
use self::writer::Writer;

pub use self::files::KEY;
pub(crate) use self::range::range;
pub use self::reading::{Proof, Untrue, examine, key_beside, receipt, verify, walk};

/// When a record counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once the kernel has it: it survives the death of the gateway.
    Os,
    /// Once the disk has it: it survives a power loss.
    Fsync,
}

/// How a journal is written.
#[derive(Clone, Copy, Debug)]
struct Mode<'a> {
    durability: Durability,
    /// The gateway's version, which each segment names.
    version: &'a str,
    /// Bytes after which a segment is ended.
    segment: u64,
    /// Records after which a checkpoint is due.
    records: u64,
    /// Time after which a checkpoint is due, if there is anything to sign.
    time: Duration,
}

impl<'a> Mode<'a> {
    fn new(durability: Durability, version: &'a str) -> Self {
        Self { durability, version, segment: 64 * 1024 * 1024, records: 1024, time: Duration::from_secs(1) }
    }
}

/// The gateway's journal, open for writing. Ends with a checkpoint when it is closed or dropped.
pub struct Journal {
    desk: Arc<Desk>,
    durability: Durability,
    keeper: Option<JoinHandle<()>>,
}

/// What appending sessions and the keeper share.
struct Desk {
    writer: Mutex<Writer>,
    /// Tells the keeper that there is something to bring to disk, or that it is time to end.
    wake: Condvar,
    standing: watch::Sender<Standing>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// The number of the last line that is on disk; kept for [`Durability::Fsync`] only.
    on_disk: u64,
    lost: bool,
}

impl Journal {
    /// Opens the journal in `folder`, which nobody else may have open, and begins a segment. What a killed gateway
    /// has left unfinished stays as it is, and the new segment says so. `version` is the gateway's.
    ///
    /// # Errors
    /// [`Code::JournalUnavailable`] where the folder cannot be written, is another gateway's, or holds a journal that
    /// was touched or is signed with another key.
    pub fn open(
        folder: &Path,
        keys: Keys,
        durability: Durability,
        version: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let segments = Folder::lock(folder)?;
        segments.show_key(&keys.verify_key())?;
        let left = reading::left(folder, &keys.verify_key())?;
        Self::begin(Box::new(segments), left, keys, Mode::new(durability, version), clock)
    }

    fn begin(
        segments: Box<dyn Segments>,
        left: Option<Left>,
        keys: Keys,
        mode: Mode<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let writer = Writer::begin(segments, left, keys, mode, clock.now())?;
        let standing = watch::Sender::new(Standing { on_disk: writer.last(), lost: false });
        let desk = Arc::new(Desk { writer: Mutex::new(writer), wake: Condvar::new(), standing, clock });
        let keeper = keeper::start(Arc::clone(&desk), mode.durability, mode.time)?;
        Ok(Self { desk, durability: mode.durability, keeper: Some(keeper) })
    }

    /// Resolves when the journal cannot be written any more, so that every session has to end.
    #[must_use]
    pub fn lost(&self) -> Later<'static, ()> {
        let mut standing = self.desk.standing.subscribe();
        Box::pin(async move {
            if standing.wait_for(|standing| standing.lost).await.is_err() {
                // Closed in order, which is no loss.
                std::future::pending::<()>().await;
            }
        })
    }

    /// Signs what is not signed yet and brings all to disk. Nothing can be appended afterwards.
    ///
    /// # Errors
    /// [`Code::JournalUnavailable`] where that fails, or the journal was lost before.
    pub fn close(&self) -> Result<(), Fault> {
        let closed = self.desk.with(|writer, now| writer.close(now).map(|()| writer.last()));
        if let Ok(last) = closed {
            self.desk.on_disk(last);
        }
        self.desk.wake.notify_all();
        closed.map(|_| ())
    }

    /// Writes drafts: they stand in the journal when this returns, but may not last yet.
    ///
    /// # Errors
    /// [`Code::JournalUnavailable`] where they cannot be written.
    pub fn enter(&self, drafts: &[Draft]) -> Result<Entered<'_>, Fault> {
        let sequence = self.desk.with(|writer, now| writer.enter(drafts, now))?;
        Ok(Entered { journal: self, sequence })
    }

    /// Takes drafts of what has happened already; they are written before whatever is entered next, and by the keeper
    /// where nothing is. Tells the number of the last line of them.
    ///
    /// # Errors
    /// [`Code::JournalUnavailable`] where nothing is written any more.
    pub fn soon(&self, drafts: &[Draft]) -> Result<u64, Fault> {
        let (sequence, unseen) = self.desk.with(|writer, now| writer.soon(drafts, now))?;
        if unseen {
            self.desk.wake.notify_all();
        }
        Ok(sequence)
    }
}

/// Drafts that stand in the journal.
#[must_use = "what is entered counts as written once it lasts"]
pub struct Entered<'a> {
    journal: &'a Journal,
    /// The number of the last line of them.
    pub sequence: u64,
}

impl Entered<'_> {
    /// Waits until they are as durable as configured.
    ///
    /// # Errors
    /// [`Code::JournalUnavailable`] where nobody can say that.
    pub async fn lasting(self) -> Result<Appended, Fault> {
        let Self { journal: Journal { desk, durability, .. }, sequence } = self;
        if *durability == Durability::Fsync {
            desk.wake.notify_all();
            let mut standing = desk.standing.subscribe();
            let now = standing.wait_for(|now| now.lost || now.on_disk >= sequence).await.map(|now| *now);
            if !now.is_ok_and(|now| now.on_disk >= sequence) {
                return Err(lost());
            }
        }
        Ok(Appended { sequence })
    }
}

impl Append for Journal {
    fn append(&self, drafts: Vec<Draft>) -> Later<'_, Result<Appended, Fault>> {
        Box::pin(async move { self.enter(&drafts)?.lasting().await })
    }

    fn soon(&self, drafts: Vec<Draft>) -> Result<(), Fault> {
        Self::soon(self, &drafts).map(drop)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(fault) = self.close() {
            tracing::error!(%fault, cause = fault.cause, "the journal could not be closed in order");
        }
        // The keeper ends with the close, and where it has panicked there is nobody left to be told.
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

impl Desk {
    /// Lets the writer work; if that loses the journal, everybody hears of it.
    fn with<T>(&self, work: impl FnOnce(&mut Writer, Micros) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut writer = self.lock()?;
        let outcome = work(&mut writer, self.clock.now());
        match outcome {
            Err(fault) if writer.is_lost() => Err(self.lose(fault)),
            outcome => outcome,
        }
    }

    fn on_disk(&self, last: u64) {
        self.standing.send_modify(|standing| standing.on_disk = standing.on_disk.max(last));
    }

    /// The writer, unless somebody panicked while writing: then nobody knows what stands in the file.
    fn lock(&self) -> Result<MutexGuard<'_, Writer>, Fault> {
        self.writer.lock().map_err(|_| self.lose(lost()))
    }

    /// Lets everybody know that the journal is lost.
    fn lose(&self, fault: Fault) -> Fault {
        let news = self.standing.send_if_modified(|standing| !std::mem::replace(&mut standing.lost, true));
        if news {
            tracing::error!(%fault, cause = fault.cause, "the journal is lost: nothing runs any more");
        }
        fault
    }
}

fn lost() -> Fault {
    Fault::gateway(Code::JournalUnavailable, "the journal cannot be written, so nothing runs")
        .hint("see the gateway's log; once the cause is gone, start the gateway again")
}
