//! Logins that failed, by the user name they were tried with.
//!
//! A name that nobody has is counted like any other, so that being held off tells nothing. The passwords are beyond
//! guessing; this keeps a guesser from filling journal and log. Enter at [`Failures::admit`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;

/// How many may fail within [`WINDOW`].
pub(super) const MOST: u32 = 10;
/// For how long failures count.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// How many names are remembered; the oldest is forgotten for a new one.
pub(super) const NAMES: usize = 1_024;
/// The longest name that is remembered whole, in bytes.
const LONGEST: usize = 63;

/// The failures of the last minute.
pub(super) struct Failures {
    clock: Arc<dyn Clock>,
    names: Mutex<BTreeMap<String, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    since: Micros,
    failed: u32,
}

impl Failures {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, names: Mutex::default() }
    }

    /// Whether one more may be tried.
    pub(super) fn admit(&self, user: &str) -> Result<(), Fault> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let window = names.get(key(user)).filter(|window| window.lasts(self.clock.now()));
        if window.is_none_or(|window| window.failed < MOST) {
            return Ok(());
        }
        Err(Fault::client(Code::AttemptsTooMany, format!("{MOST} logins with this user name failed within a minute"))
            .hint("wait a minute, or get another credential"))
    }

    /// Notes one that failed.
    pub(super) fn note(&self, user: &str) {
        let now = self.clock.now();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, window| window.lasts(now));
        if names.len() >= NAMES && !names.contains_key(key(user)) {
            let oldest = names.iter().min_by_key(|(_, window)| window.since).map(|(name, _)| name.clone());
            oldest.map(|oldest| names.remove(&oldest));
        }
        let window = names.entry(key(user).to_owned()).or_insert(Window { since: now, failed: 0 });
        window.failed = window.failed.saturating_add(1);
    }
}

impl Window {
    fn lasts(self, now: Micros) -> bool {
        now < self.since.after(WINDOW)
    }
}

/// A name as it is remembered: no stranger makes the gateway keep a long one.
fn key(user: &str) -> &str {
    let end = (0..=LONGEST).rev().find(|end| user.is_char_boundary(*end)).unwrap_or(0);
    user.get(..end.min(user.len())).unwrap_or(user)
}
