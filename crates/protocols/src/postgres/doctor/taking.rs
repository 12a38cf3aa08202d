//! A right that is taken away: from whom, and what of that a script may do by itself.
//!
//! INVARIANT: nothing is taken from everybody, or from another role, but by people: whoever else uses it is not seen from
//! here. Enter at [`Taking::of`].

use postern_core::examination::Finding;

use super::sql::name;

/// Whom a right has to be taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holders {
    pub(super) own: bool,
    pub(super) everybody: bool,
    pub(super) through: bool,
}

impl Holders {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            own: self.own || other.own,
            everybody: self.everybody || other.everybody,
            through: self.through || other.through,
        }
    }

    /// Whether nobody holds it.
    pub(super) fn is_nobody(self) -> bool {
        self == Self::default()
    }
}

/// The statements that take rights away.
#[derive(Debug, Default)]
pub(super) struct Taking {
    own: Vec<String>,
    everybody: Vec<String>,
    through: bool,
}

impl Taking {
    /// One right of these holders; `take` writes the statement that takes it from one.
    pub(super) fn of(role: &str, holders: Holders, take: impl Fn(&str) -> String) -> Self {
        let own = holders.own.then(|| take(&name(role)));
        let everybody = holders.everybody.then(|| take("PUBLIC"));
        Self { own: own.into_iter().collect(), everybody: everybody.into_iter().collect(), through: holders.through }
    }

    /// These as well.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.own.extend(other.own);
        self.everybody.extend(other.everybody);
        self.through |= other.through;
        self
    }

    /// What is done besides once the account has the right no more.
    pub(super) fn then(mut self, statement: String) -> Self {
        self.own.push(statement);
        self
    }

    /// The finding with the statements that mend it, and with what people have to do; with all of them, where something
    /// speaks against running any.
    pub(super) fn mend(self, finding: Finding, against: Option<String>) -> Finding {
        let mut advice: Vec<String> = finding.advice.iter().cloned().collect();
        let everybody = match &against {
            Some(against) if !self.everybody.is_empty() => format!("everybody has it, and {against}"),
            Some(_) | None => "everybody has it".to_owned(),
        };
        let finding = match against {
            Some(against) if !self.own.is_empty() => {
                advice.push(format!("not in the script, because {against}: {}", self.own.join(" ")));
                finding
            }
            Some(_) | None => finding.mend(self.own),
        };
        if !self.everybody.is_empty() {
            let statements = self.everybody.join(" ");
            advice.push(format!("{everybody}: give it to whoever else needs it, and then {statements}"));
        }
        if self.through {
            advice.push(THROUGH.to_owned());
        }
        if advice.is_empty() { finding } else { finding.advice(advice.join("\n")) }
    }
}

/// What to do about a right that comes with another role.
const THROUGH: &str = "it has it through a role that it is a member of: take it from that one, or it out of that one";
