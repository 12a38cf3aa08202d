//! How much of a channel's data waits here, and what its sender is told of that.
//!
//! The library tells a sender of new room as data arrives, not as it is passed on; so a channel that is full has to slow its
//! sender down in another way. A client is given next to no room, and goes on byte by byte until there is some again. A
//! target is not read at all meanwhile ([`Valve`]): the library knows no other way there, and so one channel of a
//! connection whose client does not read holds up the others (docs/adr/0015-ssh.md).
//!
//! THREAT: a peer that sends more than it may fills the memory; at [`CEILING`] its connection ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Number, WINDOW};

#[cfg(test)]
mod tests;

/// So much may wait before a sender is slowed down, in bytes; and at so much it goes on.
const FULL: usize = 1 << 20;
const ENOUGH: usize = 512 << 10;
/// More than anybody has waiting here who keeps to what it was told: what it may send by then, twice over.
const CEILING: usize = 6 << 20;
/// What a full channel is given: the least that the library takes for a window that can be used up.
const TRICKLE: u32 = 2;
/// How long the connection waits at most after each of those, for room.
const PAUSE: Duration = Duration::from_millis(20);

/// The levels of all channels of a connection, for whoever hears it and whoever passes on what came.
#[derive(Clone, Default)]
pub(in crate::ssh) struct Levels {
    levels: Arc<Mutex<HashMap<Number, Level>>>,
    /// What keeps the connection from being read while a channel is full; `None` where its windows do.
    valve: Option<Arc<Valve>>,
}

/// The bytes of one direction of one channel that have come and are not passed on.
#[derive(Clone, Default)]
pub(in crate::ssh) struct Level {
    state: Arc<Mutex<State>>,
    room: Arc<Notify>,
    valve: Option<Arc<Valve>>,
}

#[derive(Default)]
struct State {
    bytes: usize,
    full: bool,
    /// Nobody passes on anything any more.
    left: bool,
    /// Something was begun on the channel.
    begun: bool,
}

/// Lets bytes of a connection through, or not.
#[derive(Default)]
pub(super) struct Valve {
    /// How many channels are full.
    full: AtomicUsize,
    waiting: AtomicWaker,
}

/// A sender sent more than it was allowed.
#[derive(Debug)]
pub(super) struct Overflow;

impl Levels {
    /// Those of a connection that is not read while one of them is full.
    pub(super) fn behind(valve: Arc<Valve>) -> Self {
        Self { levels: Arc::default(), valve: Some(valve) }
    }

    /// A new channel's, or where it is known, its own; nothing where there are so many already.
    pub(super) fn enter(&self, number: Number, most: usize) -> Option<Level> {
        let mut levels = lock(&self.levels);
        if levels.len() >= most && !levels.contains_key(&number) {
            return None;
        }
        let new = || Level { valve: self.valve.clone(), ..Level::default() };
        Some(levels.entry(number).or_insert_with(new).clone())
    }

    pub(super) fn of(&self, number: Number) -> Option<Level> {
        lock(&self.levels).get(&number).cloned()
    }

    /// The channel is no more.
    pub(in crate::ssh) fn leave(&self, number: Number) {
        if let Some(level) = lock(&self.levels).remove(&number) {
            level.change(|state| state.left = true);
        }
    }
}

impl Level {
    /// Begins something on the channel, where nothing was before (RFC 4254 §6.5).
    pub(super) fn begin(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).begun, true)
    }

    /// Counts what has come.
    pub(super) async fn rise(&self, bytes: usize) -> Result<(), Overflow> {
        let mut before = 0;
        self.change(|state| {
            before = state.bytes;
            state.bytes = state.bytes.saturating_add(bytes);
        });
        if before >= CEILING {
            return Err(Overflow);
        }
        // whoever is at a trickle sends a byte as often as he is answered
        if before >= FULL && bytes <= 2 {
            timeout(PAUSE, self.room.notified()).await.ok();
        }
        Ok(())
    }

    /// Counts what is kept here for now.
    pub(in crate::ssh) fn hold(&self, bytes: usize) {
        self.change(|state| state.bytes = state.bytes.saturating_add(bytes));
    }

    /// Counts what was passed on.
    pub(in crate::ssh) fn fall(&self, bytes: usize) {
        self.change(|state| state.bytes = state.bytes.saturating_sub(bytes));
    }

    /// How much room its sender is told of next.
    pub(super) fn window(&self) -> u32 {
        if lock(&self.state).full { TRICKLE } else { WINDOW }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        change(&mut state);
        let was = state.full;
        state.full = !state.left && (state.bytes >= FULL || (was && state.bytes > ENOUGH));
        match (was, state.full) {
            (false, true) => self.valve.iter().for_each(|valve| valve.shut()),
            (true, false) => {
                self.valve.iter().for_each(|valve| valve.open());
                self.room.notify_one();
            }
            (true, true) | (false, false) => {}
        }
    }
}

impl Valve {
    /// Ready where bytes may come.
    pub(super) fn poll(&self, task: &mut Context<'_>) -> Poll<()> {
        if self.is_open() {
            return Poll::Ready(());
        }
        self.waiting.register(task.waker());
        // it may have been opened before anybody could be woken
        if self.is_open() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_open(&self) -> bool {
        self.full.load(Ordering::Acquire) == 0
    }

    fn shut(&self) {
        self.full.fetch_add(1, Ordering::AcqRel);
    }

    fn open(&self) {
        if self.full.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waiting.wake();
        }
    }
}

/// What a panicking task left is numbers all the same.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
