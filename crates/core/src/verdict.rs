//! What was decided about an operation, and what follows from it.
//!
//! A verdict is a sum without a default: whoever matches on it says what happens in each case.
//!
//! ```compile_fail,E0277
//! # use postern_core::Verdict;
//! fn undecided() -> Verdict { Default::default() }
//! ```
//! ```compile_fail,E0004
//! # use postern_core::Verdict;
//! fn lax(verdict: &Verdict) -> bool { match verdict { Verdict::Allow(_) => true, Verdict::Deny(_) => false } }
//! ```
//! ```compile_fail,E0308
//! # use postern_core::Verdict;
//! fn boolean(verdict: Verdict) { if verdict {} }
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::code::Code;
use crate::identity::{Kind, Principal, matches};
use crate::mask::MaskSet;
use crate::record::Keep;

mod limits;

#[cfg(test)]
mod tests;

pub use limits::{Bound, Limits};

/// The name of a rule, as written in the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleName(pub Arc<str>);

impl std::fmt::Display for RuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The outcome of policy for one operation.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It may run, under these duties.
    Allow(Duties),
    /// It waits for a human, on these terms.
    Hold(Terms),
    /// It may not run, for this reason.
    Deny(Denial),
}

/// What must be done with an operation that may run.
#[derive(Clone, Debug)]
pub struct Duties {
    /// The masks that bind this principal on this target, but for what a rule lifts for the operation.
    pub masks: Arc<MaskSet>,
    /// What it must not exceed.
    pub limits: Limits,
    /// How long its recording is kept.
    pub keep: Keep,
    /// Whether a rule offers it as a command, word by word: no words go to the target but those it is put together of.
    pub offered: bool,
    /// The rules that allowed it, in file order.
    pub rules: Vec<RuleName>,
    /// The policy that said so.
    pub revision: Revision,
}

/// Which policy decided: a digest over the policy's content, so that two gateways can compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision(pub [u8; 8]);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Revision {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a client waits for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldMode {
    /// On its open connection.
    Wait,
    /// Not at all: it is refused, and asks again once approved.
    Retry,
}

/// What happens to an operation that would wait while its transaction holds locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldInTransaction {
    /// It is refused at once.
    Refuse,
    /// It waits, at most [`HoldInTransaction::LONGEST`].
    Wait,
}

impl HoldInTransaction {
    /// The longest wait while locks are held.
    pub const LONGEST: Duration = Duration::from_secs(60);
}

/// On what terms an operation waits for a human.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The rules that asked for a human, in file order.
    pub rules: Vec<RuleName>,
    /// Who may answer; each entry names a group or a principal. Every list must be satisfied.
    pub approvers: Vec<Vec<Who>>,
    /// How many different humans must agree.
    pub count: usize,
    /// When the question lapses.
    pub expires: Duration,
    /// How the client waits.
    pub hold: HoldMode,
    /// What happens inside an open transaction.
    pub in_transaction: HoldInTransaction,
    /// For how long one approval serves the same digest again; zero is single use.
    pub reuse: Duration,
    /// What follows once it is approved.
    pub duties: Duties,
}

/// Whom a rule, a mask or an approval names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// The members of a group.
    Group(String),
    /// One principal by name; `*` stands for any run of characters.
    Principal(String),
    /// All principals of a kind.
    Kind(Kind),
}

impl Who {
    /// Reads `group:…`, `principal:…`, `kind:…` or `*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Anyone);
        }
        let (word, name) = text.split_once(':')?;
        match word {
            _ if name.is_empty() => None,
            "group" => Some(Self::Group(name.to_owned())),
            "principal" => Some(Self::Principal(name.to_owned())),
            "kind" => Kind::parse(name).map(Self::Kind),
            _ => None,
        }
    }

    /// Whether everybody whom another names is named by this one: said only where it is certain.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anyone, _) => true,
            // a `*` of the other stands in what a `*` of this one stands for
            (Self::Principal(pattern), Self::Principal(other)) => matches(pattern, other),
            (one, other) => one == other,
        }
    }

    /// Whether a principal is among those named.
    #[must_use]
    pub fn names(&self, principal: &Principal) -> bool {
        match self {
            Self::Anyone => true,
            Self::Group(group) => principal.groups().contains(group),
            Self::Principal(pattern) => matches(pattern, principal.name()),
            Self::Kind(kind) => principal.kind() == *kind,
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anyone => f.write_str("*"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Principal(name) => write!(f, "principal:{name}"),
            Self::Kind(kind) => write!(f, "kind:{}", kind.word()),
        }
    }
}

impl Serialize for Who {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Who {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected group:…, principal:…, kind:… or *"))
    }
}

/// Why an operation may not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The stable code.
    pub code: Code,
    /// The rule that forbade it, where one did.
    pub rule: Option<RuleName>,
    /// What happened, one clause, lower case.
    pub message: String,
    /// What would be allowed, or what to do next.
    pub hint: Option<String>,
    /// What is written down instead of `message`, where that quotes the client: its words may hold values, and those
    /// are written down sealed only.
    pub recorded: Option<String>,
}

impl Denial {
    /// A denial that no single rule pronounced.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, rule: None, message: message.into(), hint: None, recorded: None }
    }

    /// Names the rule.
    #[must_use]
    pub fn by(mut self, rule: RuleName) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Adds what is written down in place of a message that quotes the client.
    #[must_use]
    pub fn recorded(mut self, recorded: impl Into<String>) -> Self {
        self.recorded = Some(recorded.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
