//! Cancel requests: a client opens a second connection, names its session by a key, and is never answered.
//!
//! The key is the gateway's own and random; the target's is never shown. Guessing is useless within the rate that is
//! let through, and a wrong key is not told from a right one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use postern_core::gate::Redial;
use postern_core::{Code, Fault};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use super::login::target::{cancel_packet, encrypted};

/// How many cancel requests are looked at, at the same time; each takes at least [`PACE`].
const AT_ONCE: usize = 16;
/// The least time a request takes, so that keys cannot be tried quickly.
const PACE: Duration = Duration::from_millis(20);
/// How long the target may take to hear of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sessions that can be cancelled, by the process number that the gateway gave them.
pub(super) struct Cancels {
    sessions: Mutex<HashMap<i32, Arc<Cancel>>>,
    looking: Semaphore,
}

/// How one session is cancelled.
pub(super) struct Cancel {
    /// The number that the client was given.
    pub(super) process: i32,
    /// The key that the client was given.
    pub(super) key: Bytes,
    /// Wakes the session where an operation of it waits for a human.
    pub(super) wanted: Notify,
    redial: Redial,
    target: (i32, Bytes),
}

/// Takes the session off the list when it ends.
pub(super) struct Registered<'a> {
    cancels: &'a Cancels,
    /// The session's entry.
    pub(super) cancel: Arc<Cancel>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cancels.sessions().remove(&self.cancel.process);
    }
}

impl Cancels {
    pub(super) fn new() -> Self {
        Self { sessions: Mutex::default(), looking: Semaphore::new(AT_ONCE) }
    }

    /// Lists a session, under a number and a key of its own.
    pub(super) fn register(&self, redial: Redial, target: (i32, Bytes)) -> Result<Registered<'_>, Fault> {
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
            let key = Bytes::copy_from_slice(&key);
            let cancel = Arc::new(Cancel { process, key, wanted: Notify::new(), redial, target });
            sessions.insert(process, Arc::clone(&cancel));
            return Ok(Registered { cancels: self, cancel });
        }
    }

    /// Does what a cancel request asks for, if its key is right.
    pub(super) async fn cancel(&self, process: i32, key: &[u8]) {
        let Ok(_looking) = self.looking.acquire().await else { return };
        sleep(PACE).await;
        let found = self.sessions().get(&process).cloned();
        let Some(cancel) = found.filter(|found| verify_slices_are_equal(&found.key, key).is_ok()) else { return };
        cancel.wanted.notify_one();
        if timeout(PATIENCE, cancel.tell_target()).await.is_err() {
            tracing::warn!("the target did not take a cancel request in time");
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<i32, Arc<Cancel>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancel {
    /// A cancel of what the target does now; harmless where it does nothing, as when the operation is still held here.
    pub(super) async fn tell_target(&self) {
        let told = async {
            let link = self.redial.dial().await?;
            let (mut inlet, mut outlet) = encrypted(link).await?;
            outlet.push(&cancel_packet(&self.target));
            outlet.finish().await;
            // the server closes the connection once it has passed the signal on
            while inlet.fill().await.unwrap_or(0) > 0 {}
            Ok::<(), Fault>(())
        };
        if let Err(fault) = told.await {
            tracing::warn!(code = %fault.code, "a cancel request did not reach the target: {}", fault.message);
        }
    }
}
