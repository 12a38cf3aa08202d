//! Stand-ins for every door of core, and a whole [`House`](postern_core::House) made of them.
//!
//! They keep to the contracts of [`postern_core::ports`], without files, network or real time, and can be told to
//! fail or to wait. They decide nothing: rules, approvals and permits stay core's. Enter at [`HouseBuilder`].

mod append;
mod approvals;
mod certify;
mod clock;
mod credentials;
mod dial;
mod house;
mod identify;
mod policy;
mod record;
mod toy;
mod vault;

pub use append::MemoryJournal;
pub use approvals::MemoryApprovals;
pub use certify::NoAuthority;
pub use clock::StillClock;
pub use credentials::MemoryCredentials;
pub use dial::{Arrivals, Reach};
pub use house::{Dwelling, HouseBuilder};
pub use identify::KnownTokens;
pub use policy::{PolicyError, SwapPolicy, rulebook};
pub use record::MemoryRecordings;
pub use toy::{TOY, operation};
pub use vault::MemoryVault;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a panicking test left behind is still what the next assertion wants to see.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
