mod crash;
mod loss;
mod opening;
mod proof;
mod range;
mod soon;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use postern_core::clock::Micros;
use postern_core::id::SessionId;
use postern_core::journal::{Event, Record, VerifyKey};
use postern_core::secret::Secret;
use postern_testkit::fakes::StillClock;

use super::files::Sink;
use super::*;

const NOW: Micros = Micros(1_800_000_000_000_000);

fn keys() -> Keys {
    Keys::derive(&Secret::new([7; 32])).unwrap()
}

fn key() -> VerifyKey {
    keys().verify_key()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &Path) -> Journal {
    Journal::open(folder, keys(), Durability::Os, "1.0", Arc::new(StillClock::at(NOW))).unwrap()
}

/// A journal in files, with small bounds, that signs on no clock.
fn open_as(folder: &Path, mode: Mode<'_>) -> Journal {
    let segments = Folder::lock(folder).unwrap();
    let left = reading::left(folder, &key()).unwrap();
    Journal::begin(Box::new(segments), left, keys(), mode, Arc::new(StillClock::at(NOW))).unwrap()
}

fn mode(durability: Durability) -> Mode<'static> {
    Mode { time: Duration::from_secs(3600), ..Mode::new(durability, "1.0") }
}

fn alert(message: impl Into<String>) -> Draft {
    Draft { session: None, at: NOW, event: Event::Alert { code: "PST-5003".to_owned(), message: message.into() } }
}

fn of_session(session: SessionId, message: &str) -> Draft {
    Draft { session: Some(session), ..alert(message) }
}

async fn append(journal: &Journal, messages: &[&str]) -> Result<u64, Fault> {
    let drafts = messages.iter().map(|message| alert(*message)).collect();
    journal.append(drafts).await.map(|appended| appended.sequence)
}

/// All alerts of a journal that holds, in order.
fn alerts(folder: &Path) -> Vec<String> {
    let mut alerts = Vec::new();
    walk(folder, &key(), |record| {
        if let Event::Alert { message, .. } = record.event {
            alerts.push(message);
        }
    })
    .unwrap();
    alerts
}

fn records(folder: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    walk(folder, &key(), |record| records.push(record)).unwrap();
    records
}

fn segment(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.journal"))
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap()
}

/// A file that a test can make fail, slow, or panic.
struct Flaky {
    file: File,
    fails: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    append: AtomicBool,
    sync: AtomicBool,
    begin: AtomicBool,
    panic: AtomicBool,
    syncs: AtomicUsize,
    appends: AtomicUsize,
    slow: Duration,
}

impl Sink for Flaky {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.fails.appends.fetch_add(1, Ordering::SeqCst);
        assert!(!self.fails.panic.load(Ordering::SeqCst), "as the test wants it");
        if self.fails.append.load(Ordering::SeqCst) {
            // Half of it gets out, and then the kernel's own error for a full disk.
            let (half, rest) = bytes.split_at(bytes.len() / 2);
            self.file.append(half)?;
            return io::Write::write_all(&mut fs::OpenOptions::new().write(true).open("/dev/full")?, rest);
        }
        self.file.append(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        std::thread::sleep(self.fails.slow);
        assert!(!self.fails.panic.load(Ordering::SeqCst), "as the test wants it");
        self.fails.syncs.fetch_add(1, Ordering::SeqCst);
        if self.fails.sync.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is gone"));
        }
        self.file.sync()
    }
}

/// Segments in a folder that can be made to fail.
struct Brittle {
    folder: PathBuf,
    fails: Arc<Faults>,
}

impl Segments for Brittle {
    fn begin(&mut self, number: u64, opening: &[u8]) -> io::Result<Arc<dyn Sink>> {
        if self.fails.begin.load(Ordering::SeqCst) {
            return Err(io::Error::other("no more files"));
        }
        let file = File::create_new(segment(&self.folder, number))?;
        file.append(opening)?;
        Ok(Arc::new(Flaky { file, fails: Arc::clone(&self.fails) }))
    }
}

fn brittle(folder: &Path, fails: Faults, mode: Mode<'_>) -> (Journal, Arc<Faults>) {
    let fails = Arc::new(fails);
    let segments = Brittle { folder: folder.to_owned(), fails: Arc::clone(&fails) };
    let journal = Journal::begin(Box::new(segments), None, keys(), mode, Arc::new(StillClock::at(NOW))).unwrap();
    (journal, fails)
}
