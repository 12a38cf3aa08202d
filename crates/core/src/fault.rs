//! What went wrong outside of any decision: whose side, what the client may hear, what to do next.
//!
//! It decides nothing and is not a verdict: a verdict is a [`crate::verdict::Denial`] or none. Enter at [`Fault`].

use std::fmt;

use crate::code::Code;

/// Whose fault it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client's.
    Client,
    /// The target's.
    Target,
    /// The gateway's own, or of what it depends on.
    Gateway,
}

/// A failure that ends what was attempted. `message` and `hint` may be shown to the client; `cause` goes to the
/// gateway's log only.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The stable code.
    pub code: Code,
    /// Whose fault it was.
    pub side: Side,
    /// What happened, one clause, lower case.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// What the log should say besides; never a secret.
    pub cause: Option<String>,
}

impl Fault {
    /// The client did what it must not.
    #[must_use]
    pub fn client(code: Code, message: impl Into<String>) -> Self {
        Self::on(Side::Client, code, message)
    }

    /// The target failed.
    #[must_use]
    pub fn target(code: Code, message: impl Into<String>) -> Self {
        Self::on(Side::Target, code, message)
    }

    /// The gateway failed.
    #[must_use]
    pub fn gateway(code: Code, message: impl Into<String>) -> Self {
        Self::on(Side::Gateway, code, message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what only the log should say.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    fn on(side: Side, code: Code, message: impl Into<String>) -> Self {
        Self { code, side, message: message.into(), hint: None, cause: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}
