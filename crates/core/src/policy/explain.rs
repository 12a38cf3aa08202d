//! Why an operation is decided as it is: what each rule has to say of it, or why it has nothing to say.
//!
//! It decides nothing itself; it asks the parts of the decision one by one. Enter at [`Rulebook::accounts`].

use std::sync::Arc;

use crate::mask::{Mask, MaskSet};
use crate::operation::{Operation, Output, Outputs};
use crate::policy::condition::Case;
use crate::policy::decide::{atoms, unread};
use crate::policy::{Answer, Rule, RuleEffect, Rulebook, Scope, Situation};

/// One rule, and what it makes of an operation.
#[derive(Debug)]
pub struct Account<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it says.
    pub says: Says,
}

/// What a rule says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// It speaks of these touches, as its condition lets it.
    Speaks {
        /// The touches, for people.
        of: Vec<String>,
        /// What its condition says; yes where it has none.
        answer: Answer,
    },
    /// It has nothing to say.
    Silent(Silence),
}

/// Why a rule has nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It does not name the principal.
    Who,
    /// It does not name the target.
    Target,
    /// It does not name the action, or not all of them.
    Action,
    /// It offers commands, and this is none of them.
    Command,
    /// It names none of the effects.
    Effect,
    /// It names none of the objects, or not all of what is done to one.
    Object,
}

impl Rulebook {
    /// What each rule makes of an operation, in file order.
    #[must_use]
    pub fn accounts(&self, operation: &Operation, situation: &Situation<'_>) -> Vec<Account<'_>> {
        let scope = self.scope(situation.principal, situation.target);
        let says = |rule: &Rule| match &scope {
            _ if !rule.who.iter().any(|who| who.names(situation.principal)) => Says::Silent(Silence::Who),
            Some(scope) if rule.on.iter().any(|on| on.names(situation.target)) => {
                scope.account(rule, operation, situation)
            }
            Some(_) | None => Says::Silent(Silence::Target),
        };
        self.rules.iter().map(|rule| Account { rule, says: says(rule) }).collect()
    }
}

impl Scope {
    fn account(&self, rule: &Rule, operation: &Operation, situation: &Situation<'_>) -> Says {
        let implied = self.implies_something(situation);
        let harmless = |atom: &_| implied && self.is_harmless(atom);
        let all = || operation.touches.iter().flat_map(atoms).chain(unread(operation));
        let spoken = all().filter(|atom| self.speaks(rule, operation, atom, harmless(atom)));
        let mut of: Vec<String> = spoken.map(|atom| atom.to_string()).collect();
        of.dedup();
        if !of.is_empty() {
            return Says::Speaks { of, answer: rule.holds(&Case::new(situation, Some(&operation.deed))) };
        }
        let acts = match rule.effect {
            RuleEffect::Allow => rule.acts_on_all(operation),
            RuleEffect::Approve | RuleEffect::Forbid => rule.acts_on_some(operation),
        };
        let means = all().any(|atom| match rule.effect {
            RuleEffect::Allow => rule.means(operation, atom.effect),
            RuleEffect::Approve | RuleEffect::Forbid => rule.may_mean(atom.effect),
        });
        Says::Silent(match (acts, means) {
            (false, _) => Silence::Action,
            _ if !rule.offers(operation) => Silence::Command,
            (true, false) => Silence::Effect,
            (true, true) => Silence::Object,
        })
    }
}

impl MaskSet {
    /// What comes back of an operation, each with its name and the mask that binds something in it. `names` are what a
    /// client sees; where there are not as many, each goes by what it is computed from.
    #[must_use]
    pub fn outputs<'a>(&'a self, operation: &'a Operation, names: &[String]) -> Vec<(String, Option<&'a Arc<Mask>>)> {
        let (Outputs::Cells(outputs) | Outputs::Stream(outputs)) = &operation.outputs else { return Vec::new() };
        let output = |(at, output): (usize, &'a Output)| {
            let (name, mask) = match output {
                Output::Bare(column) => (column.name.to_string(), self.of(column)),
                Output::Derived { label, from } => (label.clone(), from.iter().find_map(|column| self.of(column))),
                Output::Unknown { label } => (label.clone(), None),
            };
            let seen = names.get(at).filter(|_| names.len() == outputs.len());
            (seen.cloned().unwrap_or(name), mask)
        };
        outputs.iter().enumerate().map(output).collect()
    }
}
