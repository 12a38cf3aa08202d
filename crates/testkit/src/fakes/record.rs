//! Recordings in memory, in the form that real ones have, so that what was recorded can be opened and looked at.
//!
//! Enter at [`MemoryRecordings`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use postern_core::ports::{Later, Recorder};
use postern_core::record::{Entry, Keep, Moment, Press, Reader, RecordKeys, Reel, Scribe, Tape, tape};
use postern_core::{Code, Fault, Micros, SessionId};

use super::locked;

/// Keeps every recording as it is made; can be made to stall, or to fail.
pub struct MemoryRecordings {
    keys: RecordKeys,
    bench: Arc<Mutex<Bench>>,
}

#[derive(Default)]
struct Bench {
    rolls: BTreeMap<SessionId, Roll>,
    stalls: bool,
    fails: bool,
    /// How many bytes were asked for and came.
    fetched: usize,
}

struct Roll {
    scribe: Scribe,
    reel: Reel,
    file: Vec<u8>,
    keep: Keep,
}

/// How much of a recording comes at once, in bytes.
const PIECE: usize = 4096;
/// How long recordings are kept where no rule says it.
const USUALLY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl MemoryRecordings {
    /// None yet, under these keys.
    #[must_use]
    pub fn new(keys: RecordKeys) -> Self {
        Self { keys, bench: Arc::default() }
    }

    /// Takes nothing from the tapes until told otherwise. What is to begin meanwhile never does.
    pub fn stall(&self, stalls: bool) {
        let mut bench = locked(&self.bench);
        bench.stalls = stalls;
        bench.take_all();
    }

    /// Fails everything that is recorded from now on.
    pub fn fail(&self) {
        locked(&self.bench).fails = true;
    }

    /// Puts other bytes in a recording's place.
    pub fn replace(&self, session: SessionId, file: Vec<u8>) {
        if let Some(roll) = locked(&self.bench).rolls.get_mut(&session) {
            roll.file = file;
        }
    }

    /// How many bytes of recordings were fetched.
    #[must_use]
    pub fn fetched(&self) -> usize {
        locked(&self.bench).fetched
    }

    /// Whose recordings there are, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionId> {
        locked(&self.bench).rolls.keys().copied().collect()
    }

    /// What is kept of a recording, sealed as it is.
    #[must_use]
    pub fn file(&self, session: SessionId) -> Vec<u8> {
        locked(&self.bench).rolls.get(&session).map(|roll| roll.file.clone()).unwrap_or_default()
    }

    /// Everything in a recording.
    ///
    /// # Errors
    /// Where it was touched.
    pub fn read(&self, session: SessionId) -> anyhow::Result<Vec<Moment>> {
        let mut reader = Reader::new(&self.keys, session)?;
        reader.feed(&self.file(session));
        let mut moments = Vec::new();
        while let Some(moment) = reader.read()? {
            moments.push(moment);
        }
        Ok(moments)
    }

    /// All that clients were shown by these recordings, as text to look for words in.
    ///
    /// # Errors
    /// Where one was touched.
    pub fn shown(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for session in self.sessions() {
            for Moment { entry, .. } in self.read(session)? {
                if let Entry::Shown { bytes, .. } = entry {
                    text.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
        }
        Ok(text)
    }

    /// Everything in all recordings, as text to look for words in.
    ///
    /// # Errors
    /// Where one was touched.
    pub fn text(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for session in self.sessions() {
            for Moment { entry, .. } in self.read(session)? {
                match entry {
                    Entry::Note(note) => text.push_str(&serde_json::to_string(&note)?),
                    Entry::Shown { bytes, .. } | Entry::Aside { bytes, .. } => {
                        text.push_str(&String::from_utf8_lossy(&bytes));
                    }
                }
                text.push('\n');
            }
        }
        Ok(text)
    }
}

impl Bench {
    fn take_all(&mut self) {
        let sessions: Vec<SessionId> = self.rolls.keys().copied().collect();
        sessions.into_iter().for_each(|session| self.take(session));
    }

    fn take(&mut self, session: SessionId) {
        let Some(Roll { scribe, reel, file, keep }) = self.rolls.get_mut(&session).filter(|_| !self.stalls) else {
            return;
        };
        if self.fails {
            return reel.failed(failure());
        }
        let taken = reel.take(&mut Vec::new());
        *keep = taken.keep;
        let written = Press::new().and_then(|mut press| scribe.write(&mut press, &taken.entries, file));
        match written {
            Ok(()) => reel.kept(taken.entries.len(), scribe.head()),
            Err(fault) => return reel.failed(fault),
        }
        if taken.ended {
            reel.ended();
        }
    }
}

impl Recorder for MemoryRecordings {
    fn begin(&self, session: SessionId) -> Later<'_, Result<Tape, Fault>> {
        Box::pin(async move {
            let (fails, stalls) = {
                let bench = locked(&self.bench);
                (bench.fails, bench.stalls)
            };
            if stalls {
                std::future::pending().await
            }
            if fails {
                return Err(failure());
            }
            let (scribe, opening) = Scribe::begin(&self.keys, session)?;
            let bench = Arc::downgrade(&self.bench);
            let (tape, reel) = tape(scribe.head(), move |_| {
                if let Some(bench) = bench.upgrade() {
                    locked(&bench).take(session);
                }
            });
            locked(&self.bench)
                .rolls
                .insert(session, Roll { scribe, reel, file: opening.to_vec(), keep: Keep::default() });
            Ok(tape)
        })
    }

    fn fetch(&self, session: SessionId, from: u64) -> Later<'_, Result<Option<Bytes>, Fault>> {
        Box::pin(async move {
            let mut bench = locked(&self.bench);
            let file = bench.rolls.get(&session).map(|roll| &roll.file);
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let piece = file.map(|file| {
                let rest = file.get(from..).unwrap_or_default();
                Bytes::copy_from_slice(rest.get(..PIECE).unwrap_or(rest))
            });
            bench.fetched = bench.fetched.saturating_add(piece.as_ref().map_or(0, Bytes::len));
            Ok(piece)
        })
    }

    fn sync(&self, _session: SessionId) -> Later<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }

    fn over(&self, now: Micros) -> Later<'_, Result<Vec<SessionId>, Fault>> {
        Box::pin(async move {
            let bench = locked(&self.bench);
            let over = bench.rolls.iter().filter(|(session, roll)| roll.keep.until(session.born(), USUALLY) <= now);
            Ok(over.map(|(session, _)| *session).collect())
        })
    }

    fn remove(&self, session: SessionId) -> Later<'_, Result<(), Fault>> {
        Box::pin(async move {
            locked(&self.bench).rolls.remove(&session);
            Ok(())
        })
    }
}

fn failure() -> Fault {
    Fault::gateway(Code::RecordingFailed, "this session cannot be recorded").cause("a test said so")
}
