//! The machine's clock, behind the port that everything else asks.
//! The one place that knows how a machine tells the time. Enter at [`SystemClock`].

use std::time::{SystemTime, UNIX_EPOCH};

use postern_core::clock::{Clock, Micros};

/// The time of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation, which everything else asks")]
    fn now(&self) -> Micros {
        // A machine whose clock stands before 1970 is at the epoch: tokens are then refused as not yet valid.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }
}

/// A clock whose hands a test moves.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Hands(std::sync::atomic::AtomicU64);

#[cfg(test)]
impl Hands {
    pub(crate) fn at(now: Micros) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self(now.0.into()))
    }

    pub(crate) fn forward(&self, by: std::time::Duration) {
        let by = u64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Clock for Hands {
    fn now(&self) -> Micros {
        Micros(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
