mod disk;
mod keeping;

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use postern_core::ports::Recorder as _;
use postern_core::record::{Entry, Keep, Reader, RecordKeys, Tape};
use postern_core::{Fault, Micros, Secret, SessionId};

use super::Recordings;
use super::files::{Blob, Blobs, Folder};
use crate::journal::Durability;

/// 2026-01-31T12:00:00Z.
const NOW: Micros = Micros(1_769_860_800_000_000);

fn keys() -> RecordKeys {
    RecordKeys::derive(&Secret::new(vec![1; 32])).unwrap()
}

fn show(tape: &Tape, bytes: &[u8]) -> Result<(), Fault> {
    tape.shown(NOW, None, bytes)
}

/// Everything in a recording as it is now: what was shown, whether it is whole, and how many chunks.
async fn read(recordings: &Recordings, session: SessionId) -> (Vec<u8>, bool, u64) {
    let mut reader = Reader::new(&keys(), session).unwrap();
    let (mut shown, mut from) = (Vec::new(), 0);
    loop {
        let piece = recordings.fetch(session, from).await.unwrap().unwrap();
        if piece.is_empty() {
            return (shown, reader.is_whole(), reader.head().chunks);
        }
        from = from.checked_add(u64::try_from(piece.len()).unwrap()).unwrap();
        reader.feed(&piece);
        while let Some(moment) = reader.read().unwrap() {
            if let Entry::Shown { bytes, .. } = moment.entry {
                shown.extend_from_slice(&bytes);
            }
        }
    }
}

/// Waits until something holds, but not for ever.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let held = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), held).await.unwrap();
}

/// A disk that can be slow, or full.
#[derive(Clone, Default)]
struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    stuck: bool,
    full: Option<SessionId>,
    written: usize,
    synced: usize,
}

struct Sheet(Disk, SessionId);

impl Disk {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    fn synced(&self) -> usize {
        self.0.0.lock().unwrap().synced
    }

    fn written(&self) -> usize {
        self.0.0.lock().unwrap().written
    }
}

impl Blobs for Disk {
    fn create(&self, session: SessionId, _: &[u8]) -> io::Result<Box<dyn Blob>> {
        Ok(Box::new(Sheet(self.clone(), session)))
    }

    fn all(&self) -> io::Result<Vec<(SessionId, Option<Keep>)>> {
        Ok(Vec::new())
    }

    fn remove(&self, _: SessionId) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: SessionId) -> io::Result<()> {
        self.set(|state| state.synced = state.written);
        Ok(())
    }

    fn read(&self, _: SessionId, _: u64, _: usize) -> io::Result<Bytes> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Blob for Sheet {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (state, changed) = &*self.0.0;
        let mut state = changed.wait_while(state.lock().unwrap(), |state| state.stuck).unwrap();
        if state.full == Some(self.1) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.written = state.written.saturating_add(bytes.len());
        Ok(())
    }

    fn keep(&mut self, _: Keep) -> io::Result<()> {
        Ok(())
    }
}

/// How long recordings are kept where no rule says it.
const USUALLY: Duration = Duration::from_secs(90 * 86_400);

fn on(folder: &Path) -> Recordings {
    Recordings::open(folder, keys(), Durability::Os, USUALLY).unwrap()
}

fn folder(path: &Path) -> Folder {
    Folder::open(path).unwrap()
}
