//! The neutral heart of Postern: who acts, what they ask, what is decided, what is kept.
//!
//! It turns an [`Operation`] into a [`Verdict`] and a [`Cell`] into a masked one. It names no protocol and
//! does no IO; whatever reaches outside comes in through the traits of [`ports`]. Enter at [`gate`].

pub mod approval;
pub mod clock;
pub mod code;
pub mod credential;
pub mod document;
pub mod examination;
pub mod excerpt;
pub mod fault;
pub mod gate;
pub mod id;
pub mod identity;
pub mod inventory;
pub mod journal;
pub mod mask;
pub mod operation;
pub mod policy;
pub mod ports;
pub mod record;
pub mod seal;
pub mod secret;
pub mod target;
pub mod verdict;
pub mod visible;
pub mod vocabulary;

#[cfg(test)]
mod tests;

pub use clock::{Clock, Micros};
pub use code::Code;
pub use fault::{Fault, Side};
pub use gate::{Accepted, Decision, Flow, Gate, Held, House, Known, Open, Permit};
pub use id::{ApprovalId, CredentialId, OperationId, SessionId};
pub use identity::{Claim, Principal, VerifiedClaims};
pub use mask::{Cell, Masked};
pub use operation::{Action, Column, Columns, Effect, Object, Operation, Touch};
pub use secret::Secret;
pub use target::{Target, TargetName};
pub use verdict::{Denial, Duties, Terms, Verdict};
pub use vocabulary::Vocabulary;
