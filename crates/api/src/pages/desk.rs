//! Where people sit while they decide: a token, kept here and nowhere else, behind a number that the browser keeps.
//!
//! A seat lasts minutes, and no longer than its token. There are only so many; the oldest goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use postern_core::{Claim, Code, Fault, Micros};

/// The name of the cookie; the prefix binds it to this host, over TLS.
pub(super) const COOKIE: &str = "__Host-postern";
/// How long a seat lasts.
pub(super) const SEAT: Duration = Duration::from_secs(15 * 60);
/// How many people can sit at once.
const SEATS: usize = 1_024;

/// Everybody who is logged in at a page.
#[derive(Default)]
pub(crate) struct Desk(Mutex<HashMap<String, Arc<Seat>>>);

/// One person's login.
pub(crate) struct Seat {
    /// What the browser's cookie holds.
    pub(super) number: String,
    /// What the forms of this seat hold, and no other site can know.
    pub(super) form: String,
    /// What was proved; looked at again with every request.
    pub(super) claim: Claim,
    until: Micros,
}

impl Desk {
    /// Takes a seat that lasts no longer than the token; answers its number.
    pub(super) fn take(&self, claim: Claim, now: Micros, expires: Micros) -> Result<String, Fault> {
        let seat = Seat { number: random()?, form: random()?, claim, until: now.after(SEAT).min(expires) };
        let number = seat.number.clone();
        let mut seats = self.lock();
        seats.retain(|_, seat| now < seat.until);
        if seats.len() >= SEATS {
            let oldest = seats.iter().min_by_key(|(_, seat)| seat.until).map(|(number, _)| number.clone());
            seats.retain(|number, _| Some(number) != oldest.as_ref());
        }
        seats.insert(number.clone(), Arc::new(seat));
        Ok(number)
    }

    /// The seat of this number, where it still lasts. Numbers are 256 random bits: finding one by trying, or by the
    /// time a look-up takes, is hopeless.
    pub(super) fn find(&self, number: &str, now: Micros) -> Option<Arc<Seat>> {
        self.lock().get(number).filter(|seat| now < seat.until).cloned()
    }

    /// Gives a seat up.
    pub(super) fn leave(&self, number: &str) {
        self.lock().remove(number);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whether a form of this page was made for this seat.
    pub(super) fn made(&self, form: &str) -> bool {
        verify_slices_are_equal(self.form.as_bytes(), form.as_bytes()).is_ok()
    }
}

fn random() -> Result<String, Fault> {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).map_err(|_| Fault::gateway(Code::Internal, "this machine has no randomness"))?;
    Ok(HEXLOWER.encode(&bytes))
}

#[cfg(test)]
mod tests;
