//! Echoes that sessions have together where the same credentials were put into them: one takes as much memory as the rest of
//! a session.
//!
//! Enter at [`Echoes::of`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use aws_lc_rs::digest::SHA256_OUTPUT_LEN;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;

use super::Echo;

#[cfg(test)]
mod tests;

/// What an echo was made of, hashed.
type Made = [u8; SHA256_OUTPUT_LEN];

/// The echoes that some session holds.
#[derive(Default)]
pub struct Echoes {
    held: Mutex<HashMap<Made, Weak<Echo>>>,
    /// What the hashes are made with; nothing where the machine has no random numbers, and every session its own echo.
    ///
    /// THREAT: the hash of a credential in a copy of this memory serves to try passwords against.
    key: OnceLock<Option<hmac::Key>>,
}

impl Echoes {
    /// The echo that is made of these parts: a session's that has it, or a new one.
    ///
    /// INVARIANT: the parts are all that it is made of, so that the same parts make the same echo.
    pub fn of(&self, parts: &[&[u8]], make: impl FnOnce() -> Echo) -> Arc<Echo> {
        let key = self.key.get_or_init(|| hmac::Key::generate(HMAC_SHA256, &SystemRandom::new()).ok());
        let Some(made) = key.as_ref().map(|key| made(key, parts)) else { return Arc::new(make()) };
        let held = |held: &HashMap<Made, Weak<Echo>>| held.get(&made).and_then(Weak::upgrade);
        if let Some(echo) = held(&self.held.lock().unwrap_or_else(PoisonError::into_inner)) {
            return echo;
        }
        let new = Arc::new(make());
        let mut echoes = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        echoes.retain(|_, echo| echo.strong_count() > 0);
        echoes.insert(made, Arc::downgrade(&new));
        new
    }
}

/// A hash in which each part has its length before it, so that no other parts have the same.
fn made(key: &hmac::Key, parts: &[&[u8]]) -> Made {
    let mut digest = hmac::Context::with_key(key);
    for part in parts {
        digest.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    let mut made = Made::default();
    made.iter_mut().zip(digest.sign().as_ref()).for_each(|(to, from)| *to = *from);
    made
}

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
