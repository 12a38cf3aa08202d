//! What the names of one session may take up together.
//!
//! THREAT: a client that never forgets a name. Whatever is kept for one holds a share, and gives it back when the last
//! of it is gone, whoever still had use for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::refuse::sqlstate;
use super::super::wire::Report;

/// How many names a session may have: prepared statements, portals and cursors.
const MOST_NAMES: usize = 10_000;
/// How much text they may have been made of, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// What is taken so far.
#[derive(Default)]
pub(super) struct Room {
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    names: AtomicUsize,
    bytes: AtomicUsize,
}

/// What one name takes up.
pub(super) struct Share {
    bytes: usize,
    of: Arc<Taken>,
}

impl Room {
    /// Takes a share.
    pub(super) fn share(&self, bytes: usize) -> Share {
        self.taken.names.fetch_add(1, Ordering::Relaxed);
        self.taken.bytes.fetch_add(bytes, Ordering::Relaxed);
        Share { bytes, of: Arc::clone(&self.taken) }
    }

    /// Whether more names, made of so much text, are too many; in the server's manner.
    pub(super) fn lacks(&self, names: usize, bytes: usize) -> Option<Report> {
        let over = |taken: &AtomicUsize, more, most| taken.load(Ordering::Relaxed).saturating_add(more) > most;
        let full = over(&self.taken.names, names, MOST_NAMES) || over(&self.taken.bytes, bytes, MOST_BYTES);
        (names > 0 && full).then(|| {
            let detail = format!("A session may have {MOST_NAMES} of them, made of {MOST_BYTES} bytes of text.");
            Report::error(sqlstate::CONFIGURATION_LIMIT, "too many prepared statements, portals and cursors")
                .detail(&detail)
                .hint("DEALLOCATE or close those that are no longer needed.")
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.names.fetch_sub(1, Ordering::Relaxed);
        self.of.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
