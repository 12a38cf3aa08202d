//! How a target stands by itself: what of it undermines what the policy promises, and what would mend it.
//!
//! A protocol asks a target and says in these words what it found; nothing is changed. INVARIANT: nothing here meets a
//! gate, and no text here holds a secret. Enter at [`Subject`].

use serde::Serialize;

use crate::inventory::Means;
use crate::policy::Needs;
use crate::target::Target;

/// How bad something is that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// Whoever gets through here is held by nothing else.
    Grave,
    /// A second line of defence that is not there.
    Warning,
    /// Good to know.
    Note,
}

impl Gravity {
    /// The word it is said with.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Grave => "grave",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub gravity: Gravity,
    /// What kind of thing it is, in a word that stays the same.
    pub name: &'static str,
    /// The account of the target that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What is the matter: lower case, no full stop.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to do that no statement does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Statements in the language of the script that mend it; they stand in the script as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mend: Vec<String>,
}

impl Finding {
    /// Something about the target as a whole.
    #[must_use]
    pub fn new(gravity: Gravity, name: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { gravity, name, account: None, what: what.into(), why: why.into(), advice: None, mend: Vec::new() }
    }

    /// The same, about an account.
    #[must_use]
    pub fn about(self, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..self }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// The same, with statements that mend it.
    #[must_use]
    pub fn mend(self, mend: impl IntoIterator<Item = String>) -> Self {
        Self { mend: mend.into_iter().collect(), ..self }
    }
}

/// What an examination came to.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
    /// All that mends it in the target's own language, in an order in which it can be run; empty where nothing does.
    pub script: String,
    /// What that is written in, in a word.
    pub language: &'static str,
}

/// What is to be examined.
pub struct Subject<'a> {
    /// The target.
    pub target: &'a Target,
    /// The space of it that is looked at.
    pub space: &'a str,
    /// What its accounts are for.
    pub needs: &'a [Needs],
    /// The means to reach it.
    pub means: &'a Means,
}
