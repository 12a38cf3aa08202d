//! Cancel requests: a client opens a second connection, names its session by a key, and is never answered.
//!
//! The process is the target's, as SQL shows it; the key is the gateway's own and random, and the target's is never
//! shown. Guessing is useless within the rate that is let through. What a request means for what its session does is the
//! session's to say; see `session/cancelling.rs`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
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

/// The sessions that can be cancelled, by the process that serves them at their target: each has processes of its own,
/// so a number may be that of several.
#[derive(Default)]
pub(super) struct Cancels {
    sessions: Mutex<HashMap<i32, Vec<Arc<Listed>>>>,
    /// Whose turn it is, by network: who tries keys keeps nobody else waiting.
    turns: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// How one session is cancelled.
struct Listed {
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
    process: i32,
    session: Arc<Listed>,
    wanted: mpsc::Receiver<Wanted>,
}

impl Registered<'_> {
    /// The key that the client was given.
    pub(super) fn key(&self) -> Bytes {
        self.session.key.clone()
    }

    /// Notes how many bytes the session has heard of its client.
    pub(super) fn heard(&self, bytes: u64) {
        self.session.heard.store(bytes, Ordering::SeqCst);
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
        let mut sessions = self.cancels.sessions();
        if let Entry::Occupied(mut listed) = sessions.entry(self.process) {
            listed.get_mut().retain(|one| !Arc::ptr_eq(one, &self.session));
            if listed.get().is_empty() {
                listed.remove();
            }
        }
    }
}

impl Cancels {
    /// Lists a session, under the target's number and a key of its own of so many bytes.
    pub(super) fn register(&self, process: i32, length: usize) -> Result<Registered<'_>, Fault> {
        let mut key = vec![0; length];
        let silent = |_| Fault::gateway(Code::Internal, "the machine gives no random numbers");
        SystemRandom::new().fill(&mut key).map_err(silent)?;
        let (sender, wanted) = mpsc::channel(MOST_WANTED);
        let session = Arc::new(Listed { key: key.into(), heard: AtomicU64::default(), wanted: sender });
        self.sessions().entry(process).or_default().push(Arc::clone(&session));
        Ok(Registered { cancels: self, process, session, wanted })
    }

    /// Hands a request to its session, if its key is right, and waits until that has dealt with it.
    pub(super) async fn cancel(&self, from: IpAddr, process: i32, key: &[u8]) {
        let found = self.sessions().get(&process).cloned().unwrap_or_default();
        let found: Vec<_> = found.into_iter().map(|one| (one.heard.load(Ordering::SeqCst), one)).collect();
        self.turn(from).await;
        let meant = found.into_iter().find(|(_, one)| verify_slices_are_equal(&one.key, key).is_ok());
        let Some((at, session)) = meant else { return };
        let (done, dealt_with) = oneshot::channel();
        if session.wanted.try_send(Wanted { at, done }).is_ok() {
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
            Arc::clone(turns.entry(network(from)).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        let _turn = turns.acquire().await;
        sleep(PACE).await;
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<i32, Vec<Arc<Listed>>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those who are one where turns are taken.
///
/// THREAT: somebody who tries keys from each address that he has, of which one line has 2⁶⁴ in IPv6.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
