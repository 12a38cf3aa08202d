//! Memory for what is long, which all sessions share: together they have so much and no more, whoever was first.
//!
//! What is short needs none of it: there are few sessions beside what one long message may be. Enter at [`Portion::grow`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much there is for all sessions.
#[derive(Debug)]
pub struct Allotment {
    most: usize,
    taken: AtomicUsize,
}

/// What is taken of it for one thing, until that is gone.
#[derive(Debug)]
pub struct Portion {
    of: Arc<Allotment>,
    bytes: usize,
}

impl Allotment {
    /// As much where nothing else is said, in bytes: what the longest message of PostgreSQL needs.
    pub const USUAL: usize = 1 << 30;

    /// So many bytes, of which nothing is taken.
    #[must_use]
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0) })
    }

    /// How much there is, in bytes, taken or not.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Nothing of it yet.
    pub(super) fn portion(self: &Arc<Self>) -> Portion {
        Portion { of: Arc::clone(self), bytes: 0 }
    }
}

impl Portion {
    /// Takes more, up to so many bytes; tells whether there was as much.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let fits = |taken: usize| taken.checked_add(more).filter(|all| *all <= self.of.most);
        let grown = self.of.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if grown {
            self.bytes = self.bytes.max(bytes);
        }
        grown
    }

    /// How much there is for all, in bytes.
    #[must_use]
    pub fn most(&self) -> usize {
        self.of.most
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.of.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
