//! Echoes that sessions have together where the same credentials were put into them: one takes as much memory as the rest of
//! a session.
//!
//! Enter at [`Echoes::of`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::Echo;

#[cfg(test)]
mod tests;

/// What an echo was made of, hashed.
type Made = [u8; SHA256_OUTPUT_LEN];

/// The echoes that some session holds.
#[derive(Default)]
pub struct Echoes(Mutex<HashMap<Made, Weak<Echo>>>);

impl Echoes {
    /// The echo that is made of these parts: a session's that has it, or a new one.
    ///
    /// INVARIANT: the parts are all that it is made of, so that the same parts make the same echo.
    pub fn of(&self, parts: &[&[u8]], make: impl FnOnce() -> Echo) -> Arc<Echo> {
        let made = made(parts);
        let held = |held: &HashMap<Made, Weak<Echo>>| held.get(&made).and_then(Weak::upgrade);
        if let Some(echo) = held(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return echo;
        }
        let new = Arc::new(make());
        let mut echoes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // THREAT: the hash of a credential that nobody uses any more serves to try passwords against
        echoes.retain(|_, echo| echo.strong_count() > 0);
        echoes.insert(made, Arc::downgrade(&new));
        new
    }
}

/// A hash in which each part has its length before it, so that no other parts have the same.
fn made(parts: &[&[u8]]) -> Made {
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    let mut made = Made::default();
    made.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
    made
}

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
