//! The decision: forbid over approve over allow, and nothing where no rule allows.
//!
//! Each touch is taken apart into its columns; every part needs an allow, or an approve that a human grants. One part
//! that meets a forbid or an approve governs the whole operation.

use std::sync::Arc;

use crate::code::Code;
use crate::identity::matches;
use crate::operation::{Action, Columns, Effect, Object, Operation, Reading, Touch};
use crate::policy::{Rule, RuleEffect, Scope, strictest};
use crate::verdict::{Denial, Duties, RuleName, Terms, Verdict};

/// One touch of one column, or of an object as a whole.
struct Atom<'a> {
    effect: Effect,
    object: &'a Object,
    column: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Whole,
    Column(&'a str),
    /// All columns, or nobody knows which.
    Any,
}

impl Scope {
    /// The verdict over the operations of one message: the strictest of them.
    #[must_use]
    pub fn decide(&self, operations: &[Operation]) -> Verdict {
        let nothing = || Verdict::Deny(Denial::new(Code::Unreadable, "there is nothing to decide about"));
        operations.iter().map(|operation| self.decide_one(operation)).reduce(strictest).unwrap_or_else(nothing)
    }

    fn decide_one(&self, operation: &Operation) -> Verdict {
        if operation.touches.is_empty() {
            return Verdict::Deny(self.unreadable(operation, "it touches nothing that is known"));
        }
        let mut matched: Vec<&Arc<Rule>> = Vec::new();
        let mut uncovered = None;
        for atom in operation.touches.iter().flat_map(atoms) {
            let before = matched.len();
            matched.extend(self.rules.iter().filter(|rule| rule.matches(self.vocabulary.protocol, operation, &atom)));
            let fresh = matched.get(before..).unwrap_or_default();
            if let Some(forbid) = fresh.iter().find(|rule| rule.effect == RuleEffect::Forbid) {
                return Verdict::Deny(forbidden(forbid, operation));
            }
            if fresh.is_empty() && !self.implies(&atom) && uncovered.is_none() {
                uncovered = Some(atom);
            }
        }
        if let Some(atom) = uncovered {
            return Verdict::Deny(self.not_allowed(operation, &atom));
        }
        // INVARIANT: what could not be read wholly was decided above by its `unknown` touch or by rules over its
        // action; masks have the last word, because they do not depend on which rule allowed it.
        if let Err(denial) = self.masks.screen(operation).and_then(|_| self.screen_guarded(operation)) {
            return Verdict::Deny(denial);
        }
        self.granted(&matched)
    }

    fn granted(&self, matched: &[&Arc<Rule>]) -> Verdict {
        let names = |effect| -> Vec<RuleName> {
            let named = self
                .rules
                .iter()
                .filter(|rule| rule.effect == effect && matched.iter().any(|other| Arc::ptr_eq(other, rule)));
            named.map(|rule| rule.name.clone()).collect()
        };
        let duties =
            Duties { masks: Arc::clone(&self.masks), rules: names(RuleEffect::Allow), revision: self.revision };
        let terms = matched.iter().filter_map(|rule| rule.terms(&duties)).reduce(Terms::and);
        match terms {
            Some(terms) => Verdict::Hold(Terms { rules: names(RuleEffect::Approve), ..terms }),
            None => Verdict::Allow(duties),
        }
    }

    /// What a target keeps about its data (samples, running statements, logins) looks past every mask.
    fn screen_guarded(&self, operation: &Operation) -> Result<(), Denial> {
        let guarded = |touch: &&Touch| self.vocabulary.is_guarded(&touch.object);
        match operation.touches.iter().find(guarded) {
            Some(touch) if !self.masks.is_empty() => Err(Denial::new(
                Code::MaskedOutput,
                format!("columns are masked for you on this target, and {} shows data past the masks", touch.object),
            )
            .hint("ask somebody whom no mask binds")),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether connecting implies it.
    fn implies(&self, atom: &Atom<'_>) -> bool {
        self.implied && self.vocabulary.is_harmless(atom.effect, atom.object)
    }

    fn not_allowed(&self, operation: &Operation, atom: &Atom<'_>) -> Denial {
        if let Reading::Opaque(why) = &operation.reading {
            return self.unreadable(operation, why);
        }
        let column = match atom.column {
            Part::Column(name) => format!(".{name}"),
            Part::Whole | Part::Any => String::new(),
        };
        let message = format!("no rule allows `{}` on {}{column} (`{}`)", atom.effect, atom.object, operation.action);
        Denial::new(Code::NotAllowed, message).hint(self.would_be_allowed())
    }

    fn unreadable(&self, operation: &Operation, why: &str) -> Denial {
        let message = format!("`{}` cannot be decided: {why}", operation.action);
        Denial::new(Code::Unreadable, message).hint(self.would_be_allowed())
    }

    /// What this principal may do here, in one line.
    fn would_be_allowed(&self) -> String {
        let rules = self.rules.iter().filter(|rule| rule.effect != RuleEffect::Forbid);
        let lines: Vec<String> = rules.map(|rule| rule.summary()).collect();
        if lines.is_empty() {
            "no rule allows you anything here; ask whoever keeps the policy".to_owned()
        } else {
            format!("you may: {}", lines.join("; "))
        }
    }
}

impl Rule {
    fn matches(&self, protocol: &str, operation: &Operation, atom: &Atom<'_>) -> bool {
        self.names_action(operation) && self.means(atom.effect) && self.covers(protocol, atom)
    }

    /// Whether the rule speaks of what is done: for an allow all of it, for the others some of it.
    fn names_action(&self, operation: &Operation) -> bool {
        let named = |action: &Action| self.actions.iter().any(|pattern| matches(pattern, action.0));
        let mut actions = std::iter::once(&operation.action).chain(&operation.also);
        match self.effect {
            _ if self.actions.is_empty() => true,
            RuleEffect::Allow => actions.all(named),
            RuleEffect::Approve | RuleEffect::Forbid => actions.any(named),
        }
    }

    /// Whether the rule speaks of an effect. Where it lists none it speaks of all, but an allow speaks of what nobody
    /// could read only where it names that effect or the action itself.
    fn means(&self, effect: Effect) -> bool {
        if self.effects.is_empty() {
            return effect != Effect::Unknown || self.effect != RuleEffect::Allow || !self.actions.is_empty();
        }
        self.effects.contains(&effect)
    }

    fn covers(&self, protocol: &str, atom: &Atom<'_>) -> bool {
        let patterns = self.objects.iter().filter(|(of, _)| *of == protocol).map(|(_, pattern)| pattern);
        self.any_object
            || patterns
                .filter(|pattern| pattern.covers(atom.object))
                .any(|pattern| self.covers_part(pattern.column(), atom))
    }

    fn covers_part(&self, pattern: Option<&str>, atom: &Atom<'_>) -> bool {
        let allows = self.effect == RuleEffect::Allow;
        match (pattern, atom.column) {
            (None, _) => true,
            (Some(pattern), Part::Column(name)) => matches(pattern, name),
            // Whoever may see one column may count rows, and a column's rule says nothing else about the whole.
            (Some(_), Part::Whole) => allows == (atom.effect == Effect::Read),
            // INVARIANT: unknown columns count against the operation: a forbid on one of them matches, an allow must
            // cover them all.
            (Some(pattern), Part::Any) => !allows || pattern == "*",
        }
    }

    fn terms(&self, duties: &Duties) -> Option<Terms> {
        let terms = self.approval.as_ref()?;
        Some(Terms {
            rules: vec![self.name.clone()],
            approvers: vec![terms.approvers.clone()],
            count: terms.count,
            expires: terms.expires,
            hold: terms.hold,
            in_transaction: terms.in_transaction,
            reuse: terms.reuse,
            duties: duties.clone(),
        })
    }

    fn summary(&self) -> String {
        let effects: Vec<&str> = self.effects.iter().map(|effect| effect.word()).collect();
        let what = match (effects.is_empty(), self.actions.is_empty()) {
            (true, true) => "anything".to_owned(),
            (true, false) => self.actions.join(", "),
            (false, _) => effects.join(", "),
        };
        let objects: Vec<String> = self.objects.iter().map(|(_, pattern)| pattern.to_string()).collect();
        let on = if objects.is_empty() { String::new() } else { format!(" on {}", objects.join(", ")) };
        let asking = if self.effect == RuleEffect::Approve { " once a human approves" } else { "" };
        format!("{what}{on}{asking}")
    }
}

impl Terms {
    /// The terms that satisfy both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let fresh: Vec<_> = other.approvers.into_iter().filter(|list| !self.approvers.contains(list)).collect();
        self.approvers.extend(fresh);
        let rules: Vec<_> = other.rules.into_iter().filter(|rule| !self.rules.contains(rule)).collect();
        self.rules.extend(rules);
        self.count = self.count.max(other.count);
        self.expires = self.expires.min(other.expires);
        self.reuse = self.reuse.min(other.reuse);
        if other.hold == crate::verdict::HoldMode::Retry {
            self.hold = other.hold;
        }
        if other.in_transaction == crate::verdict::HoldInTransaction::Refuse {
            self.in_transaction = other.in_transaction;
        }
        self.with(other.duties)
    }

    /// The same terms with these duties besides.
    #[must_use]
    pub fn with(mut self, duties: Duties) -> Self {
        self.duties = self.duties.and(duties);
        self
    }
}

impl Duties {
    /// The duties of both; the masks are those of the principal on the target, the same in each.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let fresh: Vec<RuleName> = other.rules.into_iter().filter(|rule| !self.rules.contains(rule)).collect();
        self.rules.extend(fresh);
        self
    }
}

fn atoms(touch: &Touch) -> Vec<Atom<'_>> {
    let atom = |column| Atom { effect: touch.effect, object: &touch.object, column };
    match &touch.columns {
        Columns::None => vec![atom(Part::Whole)],
        Columns::All => vec![atom(Part::Any)],
        Columns::Named(names) if names.is_empty() => vec![atom(Part::Whole)],
        Columns::Named(names) => names.iter().map(|name| atom(Part::Column(name))).collect(),
    }
}

fn forbidden(rule: &Rule, operation: &Operation) -> Denial {
    let default = format!("rule `{}` forbids `{}`", rule.name, operation.action);
    let message = rule.message.as_ref().map_or(default, |said| format!("rule `{}` forbids it: {said}", rule.name));
    Denial::new(Code::Forbidden, message).by(rule.name.clone())
}
