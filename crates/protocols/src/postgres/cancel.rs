//! Cancel requests: a client opens a second connection, names its session by a key, and is never answered.
//!
//! The key is the gateway's own and random; the target's is never shown. Guessing is useless within the rate that is
//! let through, and a wrong key is not told from a right one. What a request means for what its session does is the
//! session's to say; see `session/cancelling.rs`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use postern_core::{Code, Fault};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// How many cancel requests from one address are looked at, at the same time; each takes at least [`PACE`].
const AT_ONCE: usize = 16;
/// The least time a request takes, so that keys cannot be tried quickly.
const PACE: Duration = Duration::from_millis(20);
/// How many requests may wait for one session.
const MOST_WANTED: usize = 16;
/// How long a client is kept waiting until its session has dealt with its request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sessions that can be cancelled, by the process number that the gateway gave them.
#[derive(Default)]
pub(super) struct Cancels {
    sessions: Mutex<HashMap<i32, Arc<Entry>>>,
    /// Whose turn it is, by address: who tries keys keeps nobody else waiting.
    turns: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// How one session is cancelled.
struct Entry {
    key: Bytes,
    heard: AtomicU64,
    wanted: mpsc::Sender<Wanted>,
}

/// A request with the right key.
pub(super) struct Wanted {
    /// How many bytes the session had heard of its client when the request came.
    pub(super) at: u64,
    /// Dropped once all is done that the request asks for.
    pub(super) done: oneshot::Sender<()>,
}

/// A session on the list; it is taken off when it ends.
pub(super) struct Registered<'a> {
    cancels: &'a Cancels,
    /// The number that the client was given.
    pub(super) process: i32,
    entry: Arc<Entry>,
    wanted: mpsc::Receiver<Wanted>,
}

impl Registered<'_> {
    /// The key that the client was given.
    pub(super) fn key(&self) -> Bytes {
        self.entry.key.clone()
    }

    /// Notes how many bytes the session has heard of its client.
    pub(super) fn heard(&self, bytes: u64) {
        self.entry.heard.store(bytes, Ordering::SeqCst);
    }

    /// Waits for a request.
    pub(super) async fn wanted(&mut self) -> Wanted {
        match self.wanted.recv().await {
            Some(wanted) => wanted,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cancels.sessions().remove(&self.process);
    }
}

impl Cancels {
    /// Lists a session, under a number and a key of its own.
    pub(super) fn register(&self) -> Result<Registered<'_>, Fault> {
        let random = SystemRandom::new();
        let fill = |bytes: &mut [u8; 4]| {
            random.fill(bytes).map_err(|_| Fault::gateway(Code::Internal, "the machine gives no random numbers"))
        };
        let mut sessions = self.sessions();
        loop {
            let (mut number, mut key) = ([0; 4], [0; 4]);
            fill(&mut number)?;
            fill(&mut key)?;
            // a process number is positive, as operating systems number them
            let process = i32::from_be_bytes(number) & i32::MAX;
            if process == 0 || sessions.contains_key(&process) {
                continue;
            }
            let (sender, wanted) = mpsc::channel(MOST_WANTED);
            let entry =
                Arc::new(Entry { key: Bytes::copy_from_slice(&key), heard: AtomicU64::default(), wanted: sender });
            sessions.insert(process, Arc::clone(&entry));
            return Ok(Registered { cancels: self, process, entry, wanted });
        }
    }

    /// Hands a request to its session, if its key is right, and waits until that has dealt with it.
    pub(super) async fn cancel(&self, from: IpAddr, process: i32, key: &[u8]) {
        let found = self.sessions().get(&process).cloned();
        let at = found.as_ref().map(|entry| entry.heard.load(Ordering::SeqCst)).unwrap_or_default();
        self.turn(from).await;
        let Some(entry) = found.filter(|found| verify_slices_are_equal(&found.key, key).is_ok()) else { return };
        let (done, dealt_with) = oneshot::channel();
        if entry.wanted.try_send(Wanted { at, done }).is_ok() {
            // an error is what dropping the sender looks like
            timeout(PATIENCE, dealt_with).await.map(Result::ok).ok();
        }
    }

    /// Waits until an address may have another key looked at.
    async fn turn(&self, from: IpAddr) {
        let turns = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // whoever waits here holds on to the turns of its address
            turns.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(turns.entry(from).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        let _turn = turns.acquire().await;
        sleep(PACE).await;
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<i32, Arc<Entry>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
