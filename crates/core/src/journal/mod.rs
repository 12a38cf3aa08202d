//! The record of everything: what is written, how it is chained, how it proves itself.
//!
//! This is the pure half; files are an adapter's. A gateway's [`Ledger`] turns [`Draft`]s into finished lines and
//! signs checkpoints over them, [`verify::Verifier`] reads the lines back and says whether they were touched, [`examine::Examiner`] which of them. Statements and
//! parameters are sealed before they get here ([`Sealer`]). A [`receipt`] proves one session away from its journal, a
//! [`query`] finds records again.

mod chain;
mod event;
pub mod examine;
mod keys;
pub mod query;
pub mod receipt;
pub mod verify;

pub use chain::{Ledger, Line, Torn, read_line};
pub use event::{Decided, Draft, Event, Outcome, Record};
pub use keys::{Keys, Sealed, Sealer, Unsealed, VerifyKey};

#[cfg(test)]
mod tests;

/// The journal's answer: the drafts are written, as durably as configured. It is what a [`crate::Permit`] is made from.
#[derive(Debug)]
pub struct Appended {
    /// The gateway-wide number of the last line written.
    pub sequence: u64,
}
