//! Time that stands still until a test moves it.
//!
//! It never asks the machine what time it is. Enter at [`StillClock`].

use std::time::Duration;

use postern_core::ports::Later;
use postern_core::{Clock, Micros};
use tokio::sync::watch;

/// A clock that a test sets. It can go backwards, as real ones do.
#[derive(Debug)]
pub struct StillClock {
    now: watch::Sender<Micros>,
}

impl StillClock {
    /// 2026-01-01T00:00:00Z.
    pub const START: Micros = Micros(1_767_225_600_000_000);

    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Micros) -> Self {
        Self { now: watch::Sender::new(now) }
    }

    /// Sets the time.
    pub fn set(&self, now: Micros) {
        self.now.send_replace(now);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.after(by));
    }

    /// Tells when the time changes, for fakes that wait for a moment.
    pub(super) fn moves(&self) -> watch::Receiver<Micros> {
        self.now.subscribe()
    }
}

impl Default for StillClock {
    fn default() -> Self {
        Self::at(Self::START)
    }
}

impl Clock for StillClock {
    fn now(&self) -> Micros {
        *self.now.borrow()
    }

    fn until(&self, moment: Micros) -> Later<'_, ()> {
        let mut now = self.now.subscribe();
        // the sender lives in `self`, so the channel is open
        Box::pin(async move { drop(now.wait_for(|now| *now >= moment).await) })
    }
}
