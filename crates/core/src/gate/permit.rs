//! What lets bytes through to a target, and why nothing else does.
//!
//! `Recorded` comes only from the journal's answer, a [`Permit`] only from a `Recorded`, a [`Flow`] only from a spent
//! permit. None of them can be made otherwise, copied, or used twice:
//! ```compile_fail,E0451
//! # use postern_core::gate::Permit;
//! fn forge(permit: Permit, payload: bytes::Bytes) -> Permit { Permit { payload, ..permit } }
//! ```
//! ```compile_fail,E0382
//! # use postern_core::gate::Permit;
//! fn twice(permit: Permit) { let _ = permit.spend(); let _ = permit.spend(); }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::gate::Permit;
//! fn copy(permit: &Permit) -> Permit { Clone::clone(permit) }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::gate::Permit;
//! fn conjure() -> Permit { Default::default() }
//! ```

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::code::Code;
use crate::gate::again::Subject;
use crate::id::OperationId;
use crate::journal::Appended;
use crate::mask::MaskSet;
use crate::operation::Operation;
use crate::verdict::{Denial, Duties, Limits, Revision};

/// What a message says to its target.
#[derive(Clone, Debug)]
pub enum Payload {
    /// The same, whatever is due.
    Plain(Bytes),
    /// Other words, as what is due asks for.
    Worded(Arc<dyn Wording>),
}

/// A message that can be sent in other words: with an image in the place of every column that masks veil, or put together
/// of the words that a rule offers.
///
/// INVARIANT: the same duties make the same bytes of it.
pub trait Wording: fmt::Debug + Send + Sync {
    /// What is sent under these duties.
    ///
    /// # Errors
    /// Where it cannot be sent under them.
    fn under(&self, due: &Duties) -> Result<Sent, Denial>;
}

impl Payload {
    /// What is sent of these operations under these duties.
    ///
    /// INVARIANT: what is let through because images stand in it is not sent without them, nor what a rule offers in words
    /// of a client's.
    pub(super) fn under(&self, due: &Duties, operations: &[Operation]) -> Result<Sent, Denial> {
        let veils = |operation: &Operation| !due.masks.veiled(&operation.uses).is_empty();
        match self {
            Self::Worded(wording) => wording.under(due),
            Self::Plain(_) if due.offered => {
                let message = "a rule offers this as a command, and it cannot be put together here";
                Err(Denial::new(Code::Internal, message))
            }
            Self::Plain(_) if operations.iter().any(veils) => {
                let message = "other columns are masked for you than when this was read";
                Err(Denial::new(Code::PolicyChanged, message).hint("send it again"))
            }
            Self::Plain(bytes) => Ok(Sent { bytes: bytes.clone(), text: None }),
        }
    }
}

impl<B: Into<Bytes>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        Self::Plain(bytes.into())
    }
}

/// The bytes of a message, as they are sent.
#[derive(Debug)]
pub struct Sent {
    /// All of them.
    pub bytes: Bytes,
    /// What they say, for people, where it is not what the client said.
    pub text: Option<Arc<str>>,
}

/// An operation whose record is as durable as configured.
#[derive(Debug)]
pub(super) struct Recorded {
    id: OperationId,
}

impl Recorded {
    /// The one constructor: it takes the journal's answer.
    pub(super) fn new(_appended: &Appended, id: OperationId) -> Self {
        Self { id }
    }
}

/// The right to send one recorded message to the target, and the very bytes of it: there is no way to send others.
#[derive(Debug)]
#[must_use = "an operation that was recorded as allowed is then forwarded"]
pub struct Permit {
    recorded: Recorded,
    payload: Bytes,
    subject: Subject,
    duties: Duties,
}

impl Permit {
    pub(super) fn new(recorded: Recorded, payload: Bytes, subject: Subject, duties: Duties) -> Self {
        Self { recorded, payload, subject, duties }
    }

    /// Which operation it permits.
    #[must_use]
    pub fn id(&self) -> OperationId {
        self.recorded.id
    }

    /// What the operation must not exceed.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.duties.limits
    }

    /// Uses the permit up: the bytes to send now, and the right to send what belongs to the same operation.
    #[must_use]
    pub fn spend(self) -> (Bytes, Flow) {
        (self.payload, Flow { id: self.recorded.id, subject: self.subject, duties: self.duties })
    }
}

/// The right to go on with an operation that was forwarded: its data, its execution in portions, its end.
#[derive(Debug)]
pub struct Flow {
    id: OperationId,
    subject: Subject,
    duties: Duties,
}

impl Flow {
    /// Which operation it belongs to.
    #[must_use]
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// What it must not exceed. Whoever forwarded it keeps this.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.duties.limits
    }

    /// The masks that bind what comes of it.
    #[must_use]
    pub fn masks(&self) -> &Arc<MaskSet> {
        &self.duties.masks
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(super) fn revision(&self) -> Revision {
        self.duties.revision
    }
}
