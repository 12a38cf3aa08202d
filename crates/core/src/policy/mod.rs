//! What may be done: rules, masks, trust and targets as an operator wrote them, compiled, and the decision over them.
//!
//! Deciding is pure: a principal, a target, an operation in, a [`Verdict`] out. Enter at [`Rulebook::scope`] for a
//! session and [`Scope::decide`] for an operation; [`source::Source`] makes a rulebook of files.

mod concern;
mod condition;
mod decide;
mod explain;
mod index;
mod needs;
mod offer;
pub mod pattern;
pub mod references;
mod roles;
pub mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::identity::{Principal, TrustRule};
use crate::mask::detect::Detectors;
use crate::mask::{Lineage, Mask, MaskSet, Pseudonyms, Search};
use crate::operation::Effect;
use crate::record::Keep;
use crate::target::{Login, Target, TargetName};
use crate::verdict::{Bound, Duties, HoldInTransaction, HoldMode, Limits, Revision, RuleName, Verdict, Who};
use crate::vocabulary::{Proof, Vocabulary};

pub use condition::{Answer, Condition, Situation};
pub use explain::{Account, Says, Silence};
pub use needs::{Binding, Needs};
pub use offer::Offer;
pub use roles::Roles;
pub use source::expectations::{Expectation, Expected, Supposed};

use concern::{Concern, Concerns};
use condition::Case;
use index::Naming;
use pattern::{ColumnPattern, ObjectPattern};
use references::Written;

#[cfg(test)]
mod tests;

/// A whole policy: everything that [`crate::gate`] decides by.
#[derive(Debug)]
pub struct Rulebook {
    /// What identifies this policy.
    pub revision: Revision,
    /// Who is who, in file order.
    pub trust: Vec<TrustRule>,
    /// Where each issuer is, by its name.
    pub issuers: BTreeMap<String, String>,
    /// The registered targets.
    pub targets: BTreeMap<TargetName, Arc<Target>>,
    rules: Vec<Arc<Rule>>,
    naming: Naming,
    concerns: Concerns,
    masks: Vec<MaskRule>,
    vocabularies: BTreeMap<&'static str, &'static Vocabulary>,
    /// Who may look at what others did, and who may end it.
    pub roles: Roles,
    /// What the operator expects of it.
    pub expectations: Vec<Expectation>,
    /// Where something stands that only the targets can tell of.
    pub written: Written,
}

/// What a rule does where it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleEffect {
    /// It lets through.
    Allow,
    /// It asks a human.
    Approve,
    /// It refuses, whatever else would allow.
    Forbid,
}

/// Which targets a rule or mask names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// All of them.
    Anything,
    /// One by name.
    Target(TargetName),
    /// Those with a label.
    Label(String, String),
    /// Those of a protocol.
    Protocol(String),
}

/// A compiled rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: RuleName,
    /// What it does.
    pub effect: RuleEffect,
    /// Whom it concerns.
    pub who: Vec<Who>,
    /// On which targets.
    pub on: Vec<On>,
    /// Which effects; all where empty.
    pub effects: Vec<Effect>,
    /// Which actions; all where empty. `*` stands for any run of characters.
    pub actions: Vec<String>,
    /// The commands that it offers, word by word: it speaks of nothing else. No commands in particular where empty.
    pub run: Vec<Offer>,
    /// Which objects, for each protocol's shape; all where empty.
    pub objects: Vec<(&'static str, ObjectPattern)>,
    /// Whether objects were named at all: a rule whose patterns fit no protocol matches nothing there.
    pub any_object: bool,
    /// What must hold for it to speak.
    pub when: Option<Arc<Condition>>,
    /// Whether it implies connecting and what is harmless.
    pub implied: bool,
    /// What a refusal says.
    pub message: Option<String>,
    /// What it lets through must not exceed these.
    pub limits: Limits,
    /// The masks that it lifts from what it covers, by name.
    pub unmask: BTreeSet<Arc<str>>,
    /// How many sessions a principal may have on a target at the same time.
    pub sessions: Option<u64>,
    /// How long recordings of what it lets through are kept, where it says.
    pub keep: Option<Duration>,
    /// For `approve`: the terms.
    pub approval: Option<ApprovalTerms>,
}

/// The terms of an `approve` rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// Who may answer.
    pub approvers: Vec<Who>,
    /// How many must.
    pub count: usize,
    /// When the question lapses.
    pub expires: Duration,
    /// How the client waits.
    pub hold: HoldMode,
    /// What happens inside an open transaction.
    pub in_transaction: HoldInTransaction,
    /// For how long one approval serves again.
    pub reuse: Duration,
}

/// A mask with whom and what it binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskRule {
    /// The mask.
    pub mask: Arc<Mask>,
    /// On which targets.
    pub on: Vec<On>,
    /// Which columns, for each protocol's shape.
    pub columns: Vec<(&'static str, ColumnPattern)>,
    /// What it looks for in them, or in every cell where no column is named; otherwise it hides them whole.
    pub detectors: Option<Arc<Detectors>>,
    /// Whom it binds.
    pub bound: Vec<Who>,
    /// Whom it does not.
    pub except: Vec<Who>,
}

/// What one principal may do on one target: the rules and masks that concern both.
#[derive(Debug)]
pub struct Scope {
    revision: Revision,
    concern: Arc<Concern>,
    masks: Arc<MaskSet>,
}

impl Rulebook {
    /// The same policy, whose masks can make stand-ins. Until then no value that needs one leaves.
    #[must_use]
    pub fn keyed(mut self, pseudonyms: &Pseudonyms) -> Self {
        self.masks.iter_mut().for_each(|rule| rule.mask = rule.mask.keyed(pseudonyms).into());
        self
    }

    /// How many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// How many masks there are.
    #[must_use]
    pub fn mask_count(&self) -> usize {
        self.masks.len()
    }

    /// The sealed secrets that targets name.
    pub fn sealed_secrets(&self) -> impl Iterator<Item = &str> {
        let logins = self.targets.values().flat_map(|target| target.logins().chain(&target.catalog_login));
        let references = logins.flat_map(Login::references);
        references.filter(|reference| reference.scheme == "sealed").map(|reference| reference.name.as_str())
    }

    /// The rules and masks that concern this principal on this target.
    #[must_use]
    pub fn scope(&self, principal: &Principal, target: &Target) -> Option<Scope> {
        let vocabulary = self.vocabularies.get(target.protocol)?;
        let concerns =
            |who: &[Who], on: &[On]| who.iter().any(|who| who.names(principal)) && on.iter().any(|on| on.names(target));
        let mut rules = self.naming.candidates(principal);
        rules.retain(|at| self.rules.get(*at).is_some_and(|rule| concerns(&rule.who, &rule.on)));
        let binding = self
            .masks
            .iter()
            .filter(|mask| concerns(&mask.bound, &mask.on) && !mask.except.iter().any(|who| who.names(principal)));
        let (mut entries, mut searches) = (Vec::new(), Vec::new());
        for rule in binding {
            let fitting = rule.columns.iter().filter(|(protocol, _)| *protocol == target.protocol);
            let columns: Vec<ColumnPattern> = fitting.map(|(_, pattern)| pattern.clone()).collect();
            match &rule.detectors {
                None => entries.extend(columns.into_iter().map(|pattern| (pattern, Arc::clone(&rule.mask)))),
                // INVARIANT: a search of columns that this protocol has none of is no search of everything
                Some(_) if columns.is_empty() && !rule.columns.is_empty() => {}
                Some(detectors) => searches.push(Search::new(Arc::clone(&rule.mask), columns, Arc::clone(detectors))),
            }
        }
        let masks = Arc::new(MaskSet::new(entries).searching(searches));
        Some(Scope { revision: self.revision, concern: self.concerns.find(&self.rules, rules, vocabulary), masks })
    }
}

impl Scope {
    /// Whether the principal may connect at all: something implies it, or a rule speaks of sessions outright, and what
    /// can be said before there is an operation does not speak against it.
    #[must_use]
    pub fn admits(&self, situation: &Situation<'_>) -> bool {
        let case = Case::new(situation, None);
        let speaks = |rule: &Rule| {
            rule.implied || rule.effects.contains(&Effect::Session) || (rule.effects.is_empty() && rule.any_object)
        };
        self.concern.rules.iter().any(|rule| rule.effect != RuleEffect::Forbid && speaks(rule) && rule.may_hold(&case))
    }

    /// How many sessions the principal may have here at the same time: the lowest number among the rules that may let in.
    #[must_use]
    pub fn sessions(&self, situation: &Situation<'_>) -> Option<Bound<u64>> {
        let case = Case::new(situation, None);
        let bound = |rule: &&Arc<Rule>| rule.sessions.map(|most| Bound { most, by: rule.name.clone() });
        self.concern.rules.iter().filter(|rule| rule.may_hold(&case)).filter_map(|rule| bound(&rule)).min()
    }

    /// The masks that bind the principal here.
    #[must_use]
    pub fn masks(&self) -> &Arc<MaskSet> {
        &self.masks
    }

    /// Binds the masks to every column that shows the data of a masked one under another name.
    pub fn relate(&mut self, lineage: &dyn Lineage) {
        self.masks = Arc::new(self.masks.closed(lineage));
    }

    /// Whether what is decided here depends on the time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.concern.timed
    }

    /// What is due whatever rule speaks.
    #[must_use]
    pub fn duties(&self) -> Duties {
        let masks = Arc::clone(&self.masks);
        let (limits, keep) = (Limits::default(), Keep::default());
        Duties { masks, limits, keep, offered: false, rules: Vec::new(), revision: self.revision }
    }

    /// How the target proves that it is the target.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.concern.vocabulary.proof
    }

    /// Which policy this is of.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }
}

impl Rule {
    /// What its condition says of a case; one without a condition always holds.
    fn holds(&self, case: &Case<'_>) -> Answer {
        self.when.as_ref().map_or(Answer::Yes, |condition| condition.of(case))
    }

    fn may_hold(&self, case: &Case<'_>) -> bool {
        self.holds(case).is_possible()
    }
}

impl On {
    /// Whether a target is among those named.
    #[must_use]
    pub fn names(&self, target: &Target) -> bool {
        match self {
            Self::Anything => true,
            Self::Target(name) => *name == target.name,
            Self::Label(key, value) => target.labels.get(key) == Some(value),
            Self::Protocol(protocol) => protocol == target.protocol,
        }
    }
}

/// The strictest of several verdicts: one denial denies all, one hold holds all.
#[must_use]
pub fn strictest(first: Verdict, second: Verdict) -> Verdict {
    match (first, second) {
        (Verdict::Deny(denial), _) | (_, Verdict::Deny(denial)) => Verdict::Deny(denial),
        (Verdict::Hold(left), Verdict::Hold(right)) => Verdict::Hold(left.and(right)),
        (Verdict::Hold(terms), Verdict::Allow(duties)) | (Verdict::Allow(duties), Verdict::Hold(terms)) => {
            Verdict::Hold(terms.with(duties))
        }
        (Verdict::Allow(left), Verdict::Allow(right)) => Verdict::Allow(left.and(right)),
    }
}
