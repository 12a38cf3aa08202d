//! The decision: forbid over approve over allow, and nothing where no rule allows.
//!
//! Each touch is taken apart into its columns; every part needs an allow, or an approve that a human grants. One part
//! that meets a forbid or an approve governs the whole operation.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::code::Code;
use crate::identity::matches;
use crate::mask::{Lifts, MaskSet};
use crate::operation::{Action, Columns, Deed, Effect, Object, Operation, Reading, Touch};
use crate::policy::condition::Case;
use crate::policy::pattern::ObjectPattern;
use crate::policy::{Answer, Rule, RuleEffect, Scope, Situation, strictest};
use crate::record::Keep;
use crate::verdict::{Denial, Duties, Limits, RuleName, Terms, Verdict};

/// How many rules a refusal tells of.
const MOST_TOLD: usize = 8;

/// One touch of one column, or of an object as a whole.
pub(super) struct Atom<'a> {
    pub(super) effect: Effect,
    object: &'a Object,
    column: Part<'a>,
}

impl fmt::Display for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.effect, self.object)?;
        match self.column {
            Part::Whole => Ok(()),
            Part::Column(name) => write!(f, ".{name}"),
            Part::Any => f.write_str(".*"),
        }
    }
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Whole,
    Column(&'a str),
    /// All columns, or nobody knows which.
    Any,
}

/// A deed, and what conditions say about it: each is asked once, and only where its rule speaks otherwise.
struct Trial<'a> {
    deed: &'a Deed,
    /// Whether what is harmless is implied.
    implied: bool,
    case: Case<'a>,
    /// What those said that were asked, by their place in the scope.
    answers: RefCell<BTreeMap<usize, Answer>>,
}

impl Trial<'_> {
    fn answer(&self, at: usize, rule: &Rule) -> Answer {
        if rule.when.is_none() {
            return Answer::Yes;
        }
        self.answers.borrow_mut().entry(at).or_insert_with(|| rule.holds(&self.case)).clone()
    }
}

/// What the rules have to say about one atom.
struct Weighed<'a> {
    /// What is said where a rule's condition cannot be worked out.
    failed: Option<Denial>,
    /// A rule that forbids it.
    forbid: Option<&'a Arc<Rule>>,
    /// A rule that may forbid it, where nobody knows the effect.
    perhaps: Option<&'a Arc<Rule>>,
    /// The rules that allow it or ask a human, by their place in the scope.
    speaking: Vec<usize>,
    /// Whether it may happen, once a human agrees where one is asked.
    covered: bool,
    /// The masks that a rule which covers it lifts.
    lifted: Vec<&'a Arc<str>>,
}

impl Scope {
    /// The verdict over the operations of one message: the strictest of them.
    #[must_use]
    pub fn decide(&self, operations: &[Operation], situation: &Situation<'_>) -> Verdict {
        let nothing = || Verdict::Deny(Denial::new(Code::Unreadable, "there is nothing to decide about"));
        let implied = self.implies_something(situation);
        let trials = operations.iter().map(|operation| Trial {
            deed: &operation.deed,
            implied,
            case: Case::new(situation, Some(&operation.deed)),
            answers: RefCell::default(),
        });
        trials.map(|trial| self.decide_one(&trial)).reduce(strictest).unwrap_or_else(nothing)
    }

    fn decide_one(&self, trial: &Trial<'_>) -> Verdict {
        let deed = trial.deed;
        if deed.touches.is_empty() {
            return Verdict::Deny(self.unreadable(deed, "it touches nothing that is known"));
        }
        let mut speaking: Vec<usize> = Vec::new();
        let (mut uncovered, mut perhaps, mut lifts) = (None, None, Lifts::default());
        for atom in deed.touches.iter().flat_map(atoms).chain(unread(deed)) {
            let weighed = self.weigh(trial, &atom);
            if let Some(forbid) = weighed.forbid {
                return Verdict::Deny(forbidden(forbid, deed));
            }
            if let Some(denial) = weighed.failed {
                return Verdict::Deny(denial);
            }
            perhaps = perhaps.or(weighed.perhaps);
            speaking.extend(weighed.speaking);
            self.note_lifts(&mut lifts, &atom, &weighed.lifted);
            if !weighed.covered && uncovered.is_none() {
                uncovered = Some(atom);
            }
        }
        if let Some(atom) = uncovered {
            return Verdict::Deny(self.not_allowed(deed, &atom));
        }
        // INVARIANT: an effect that nobody knows may be the forbidden one. It is said last, because whoever sent what
        // cannot be read is helped more by hearing that.
        if let Some(forbid) = perhaps {
            return Verdict::Deny(forbidden(forbid, deed));
        }
        // INVARIANT: masks have the last word. A rule that allows something lifts none that it does not name.
        let masks = if lifts == Lifts::default() { Arc::clone(&self.masks) } else { self.masks.lifting(lifts).into() };
        let screened = self.screen_credentials(deed).and_then(|()| masks.screen(deed).map(drop));
        if let Err(denial) = screened.and_then(|()| self.screen_guarded(deed)) {
            return Verdict::Deny(denial);
        }
        speaking.sort_unstable();
        speaking.dedup();
        self.granted(&speaking, masks)
    }

    /// Notes which masks are lifted from what an atom touches, and which could have been and are not.
    fn note_lifts(&self, lifts: &mut Lifts, atom: &Atom<'_>, lifted: &[&Arc<str>]) {
        let column = match atom.column {
            Part::Whole => return,
            Part::Column(name) => Some(name),
            Part::Any => None,
        };
        for mask in &self.concern.liftable {
            lifts.note(mask, atom.object, column, lifted.contains(&mask));
        }
    }

    /// What the rules have to say about one atom.
    fn weigh(&self, trial: &Trial<'_>, atom: &Atom<'_>) -> Weighed<'_> {
        let implied = trial.implied && self.is_harmless(atom);
        let (speaking, lifted) = (Vec::new(), Vec::new());
        let mut weighed = Weighed { failed: None, forbid: None, perhaps: None, speaking, covered: implied, lifted };
        for at in self.concern.index.candidates(atom.effect, atom.object) {
            let Some(rule) = self.concern.rules.get(at).filter(|rule| self.speaks(rule, trial.deed, atom, implied))
            else {
                continue;
            };
            match (rule.effect, trial.answer(at, rule)) {
                // INVARIANT: what may hold forbids and asks a human; only what holds for certain allows
                (_, Answer::No) | (RuleEffect::Allow, Answer::Unknown) => {}
                (_, Answer::Failed(why)) => weighed.failed = weighed.failed.or_else(|| Some(undecided(rule, &why))),
                (RuleEffect::Forbid, Answer::Yes | Answer::Unknown) => {
                    weighed.perhaps = weighed.perhaps.or(Some(rule));
                    let certain = rule.means(trial.deed, atom.effect) && rule.points_at(self.protocol(), atom);
                    weighed.forbid = weighed.forbid.or_else(|| certain.then_some(rule));
                }
                (RuleEffect::Approve, answer @ (Answer::Yes | Answer::Unknown)) => {
                    let covers = self.grants(rule, trial.deed, atom);
                    weighed.covered |= covers;
                    weighed.speaking.push(at);
                    // INVARIANT: a mask is lifted only by what covers the column and holds for certain
                    weighed.lifted.extend(rule.unmask.iter().filter(|_| covers && answer == Answer::Yes));
                }
                (RuleEffect::Allow, Answer::Yes) => {
                    weighed.covered = true;
                    weighed.speaking.push(at);
                    weighed.lifted.extend(&rule.unmask);
                }
            }
        }
        weighed
    }

    /// Whether a rule speaks of an atom, but for its condition.
    pub(super) fn speaks(&self, rule: &Rule, deed: &Deed, atom: &Atom<'_>, implied: bool) -> bool {
        match rule.effect {
            _ if !rule.offers(deed) => false,
            RuleEffect::Allow => self.grants(rule, deed, atom),
            RuleEffect::Approve => self.meets(rule, deed, atom) && !(implied && rule.leaves(self.protocol(), atom)),
            RuleEffect::Forbid => self.meets(rule, deed, atom),
        }
    }

    /// Whether some rule implies connecting and what is harmless.
    pub(super) fn implies_something(&self, situation: &Situation<'_>) -> bool {
        let case = Case::new(situation, None);
        self.concern.implying.iter().any(|rule| rule.may_hold(&case))
    }

    pub(super) fn is_harmless(&self, atom: &Atom<'_>) -> bool {
        self.concern.vocabulary.is_harmless(atom.effect, atom.object)
    }

    fn protocol(&self) -> &'static str {
        self.concern.vocabulary.protocol
    }

    /// Whether a rule may speak of some of it: what forbids, and what asks a human, does so where it cannot be ruled out.
    fn meets(&self, rule: &Rule, deed: &Deed, atom: &Atom<'_>) -> bool {
        rule.acts_on_some(deed) && rule.may_mean(atom.effect) && rule.concerns(self.protocol(), atom)
    }

    /// Whether a rule speaks of all of it, for certain: what lets through does so there alone.
    fn grants(&self, rule: &Rule, deed: &Deed, atom: &Atom<'_>) -> bool {
        rule.acts_on_all(deed) && rule.means(deed, atom.effect) && rule.covers(self.protocol(), atom)
    }

    /// What follows of the rules that spoke, by their places in the scope.
    fn granted(&self, spoke: &[usize], masks: Arc<MaskSet>) -> Verdict {
        let matched: Vec<&Arc<Rule>> = spoke.iter().filter_map(|at| self.concern.rules.get(*at)).collect();
        let names = |effect| -> Vec<RuleName> {
            matched.iter().filter(|rule| rule.effect == effect).map(|rule| rule.name.clone()).collect()
        };
        let limits = matched.iter().map(|rule| rule.limits.clone()).fold(Limits::default(), Limits::and);
        let keep = matched.iter().map(|rule| Keep::asked(rule.keep)).fold(Keep::default(), Keep::and);
        let offered = matched.iter().any(|rule| !rule.run.is_empty());
        let (rules, revision) = (names(RuleEffect::Allow), self.revision);
        let duties = Duties { masks, limits, keep, offered, rules, revision };
        let terms = matched.iter().filter_map(|rule| rule.terms(&duties)).reduce(Terms::and);
        match terms {
            Some(terms) => Verdict::Hold(Terms { rules: names(RuleEffect::Approve), ..terms }),
            None => Verdict::Allow(duties),
        }
    }

    /// THREAT: whoever has what a password is checked with can look for the password elsewhere, or log in by it.
    fn screen_credentials(&self, deed: &Deed) -> Result<(), Denial> {
        match deed.touches.iter().find(|touch| self.concern.vocabulary.holds_credentials(&touch.object)) {
            None => Ok(()),
            Some(touch) => {
                let message = format!("{} holds credentials of the target: no rule lets anybody at it", touch.object);
                Err(Denial::new(Code::NotAllowed, message).hint("ask whoever administers the target"))
            }
        }
    }

    /// What a target keeps about its data (samples, running statements, logins) looks past every mask.
    fn screen_guarded(&self, deed: &Deed) -> Result<(), Denial> {
        let guarded = |touch: &&Touch| self.concern.vocabulary.is_guarded(&touch.object);
        match deed.touches.iter().find(guarded) {
            Some(touch) if !self.masks.is_empty() => Err(Denial::new(
                Code::MaskedOutput,
                format!("columns are masked for you on this target, and {} shows data past the masks", touch.object),
            )
            .hint("ask somebody whom no mask binds")),
            Some(_) | None => Ok(()),
        }
    }

    fn not_allowed(&self, deed: &Deed, atom: &Atom<'_>) -> Denial {
        if let Reading::Opaque(why) = &deed.reading {
            return self.unreadable(deed, why);
        }
        let column = match atom.column {
            Part::Column(name) => format!(".{name}"),
            Part::Whole | Part::Any => String::new(),
        };
        let message = format!("no rule allows `{}` on {}{column} (`{}`)", atom.effect, atom.object, deed.action);
        Denial::new(Code::NotAllowed, message).hint(self.would_be_allowed())
    }

    fn unreadable(&self, deed: &Deed, why: &str) -> Denial {
        let unquoted = format!("`{}` cannot be decided", deed.action);
        let message = format!("{unquoted}: {why}");
        Denial::new(Code::Unreadable, message).recorded(unquoted).hint(self.would_be_allowed())
    }

    /// What this principal may do here, in one line.
    fn would_be_allowed(&self) -> String {
        let rules = self.concern.rules.iter().filter(|rule| rule.effect != RuleEffect::Forbid);
        let count = rules.clone().count();
        let mut lines: Vec<String> = rules.take(MOST_TOLD).map(|rule| rule.summary(self.protocol())).collect();
        if lines.is_empty() {
            return "no rule allows you anything here; ask whoever keeps the policy".to_owned();
        }
        if count > lines.len() {
            lines.push(format!("and what {} more rules allow", count.saturating_sub(lines.len())));
        }
        format!("you may: {}", lines.join("; "))
    }
}

impl Rule {
    /// Whether the rule speaks of commands in general, or offers this one.
    pub(super) fn offers(&self, deed: &Deed) -> bool {
        let is_taken = |words: &Vec<String>| self.run.iter().any(|offer| offer.takes(words));
        self.run.is_empty() || deed.command.as_ref().is_some_and(is_taken)
    }

    /// Whether the rule speaks of some of what is done.
    pub(super) fn acts_on_some(&self, deed: &Deed) -> bool {
        self.actions.is_empty() || actions(deed).any(|action| self.names(action))
    }

    /// Whether the rule speaks of all that is done.
    pub(super) fn acts_on_all(&self, deed: &Deed) -> bool {
        self.actions.is_empty() || actions(deed).all(|action| self.names(action))
    }

    fn names(&self, action: &Action) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action.0))
    }

    pub(super) fn may_mean(&self, effect: Effect) -> bool {
        self.effects.is_empty() || self.effects.contains(&effect) || effect == Effect::Unknown
    }

    /// Whether the rule speaks of an effect. Where it lists none it speaks of all, but an allow speaks of what nobody
    /// could read only where it names that effect, or each action itself without a wildcard.
    pub(super) fn means(&self, deed: &Deed, effect: Effect) -> bool {
        if !self.effects.is_empty() {
            return self.effects.contains(&effect);
        }
        let named = || actions(deed).all(|action| self.actions.iter().any(|named| named == action.0));
        effect != Effect::Unknown || self.effect != RuleEffect::Allow || named()
    }

    /// Whether the rule may speak of an object: of what nobody could read, none can be ruled out.
    fn concerns(&self, protocol: &str, atom: &Atom<'_>) -> bool {
        atom.effect == Effect::Unknown || self.points_at(protocol, atom)
    }

    /// Whether the rule speaks of an object, or of a part of it.
    fn points_at(&self, protocol: &str, atom: &Atom<'_>) -> bool {
        let part = |pattern: &ObjectPattern| match (pattern.column(), atom.column) {
            (None, _) | (Some(_), Part::Any) => true,
            (Some(pattern), Part::Column(name)) => matches(pattern, name),
            // counting rows shows no column, and everything else that is done to the whole is done to each
            (Some(_), Part::Whole) => atom.effect != Effect::Read,
        };
        self.any_object || self.patterns(protocol).any(|pattern| pattern.concerns(atom.object) && part(pattern))
    }

    fn covers(&self, protocol: &str, atom: &Atom<'_>) -> bool {
        let part = |pattern: &ObjectPattern| match (pattern.column(), atom.column) {
            (None, _) => true,
            (Some(pattern), Part::Column(name)) => matches(pattern, name),
            // whoever may see one column may count rows; nothing else about the whole follows from a column
            (Some(_), Part::Whole) => atom.effect == Effect::Read,
            (Some(pattern), Part::Any) => pattern == "*",
        };
        self.any_object || self.patterns(protocol).any(|pattern| pattern.covers(atom.object) && part(pattern))
    }

    /// Whether an `approve` rule asks nobody about something that it implies itself, because it does not name it.
    fn leaves(&self, protocol: &str, atom: &Atom<'_>) -> bool {
        let named = if atom.effect == Effect::Session {
            self.effects.contains(&Effect::Session)
        } else {
            self.patterns(protocol).any(|pattern| !pattern.is_anything() && pattern.covers(atom.object))
        };
        self.implied && self.actions.is_empty() && !named
    }

    pub(super) fn patterns(&self, protocol: &str) -> impl Iterator<Item = &ObjectPattern> {
        self.objects.iter().filter(move |(of, _)| *of == protocol).map(|(_, pattern)| pattern)
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

    fn summary(&self, protocol: &str) -> String {
        let effects: Vec<&str> = self.effects.iter().map(|effect| effect.word()).collect();
        let offered: Vec<String> = self.run.iter().map(|offer| format!("run `{offer}`")).collect();
        let what = match (effects.is_empty(), self.actions.is_empty()) {
            _ if !offered.is_empty() => offered.join(", "),
            // what nobody can read an allow means only where it names that
            (true, true) if self.effect == RuleEffect::Allow => "anything that can be decided".to_owned(),
            (true, true) => "anything".to_owned(),
            (true, false) => self.actions.join(", "),
            (false, _) => effects.join(", "),
        };
        let objects: Vec<String> = self.patterns(protocol).map(ToString::to_string).collect();
        let on = if objects.is_empty() { String::new() } else { format!(" on {}", objects.join(", ")) };
        let only = if self.when.is_some() { " where its condition holds" } else { "" };
        let asking = if self.effect == RuleEffect::Approve { " once a human approves" } else { "" };
        format!("{what}{on}{only}{asking}")
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

    /// Whether humans who agreed on these terms have agreed to as much as others ask for.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.count >= other.count && other.approvers.iter().all(|list| self.approvers.contains(list))
    }

    /// The same terms with these duties besides.
    #[must_use]
    pub fn with(mut self, duties: Duties) -> Self {
        self.duties = self.duties.and(duties);
        self
    }
}

impl Duties {
    /// The duties of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let fresh: Vec<RuleName> = other.rules.into_iter().filter(|rule| !self.rules.contains(rule)).collect();
        self.rules.extend(fresh);
        self.limits = self.limits.and(other.limits);
        if self.masks != other.masks {
            self.masks = Arc::new(self.masks.and(&other.masks));
        }
        self.keep = self.keep.and(other.keep);
        self.offered |= other.offered;
        self
    }
}

pub(super) fn atoms(touch: &Touch) -> Vec<Atom<'_>> {
    let atom = |column| Atom { effect: touch.effect, object: &touch.object, column };
    match &touch.columns {
        Columns::None => vec![atom(Part::Whole)],
        Columns::All => vec![atom(Part::Any)],
        Columns::Named(names) if names.is_empty() => vec![atom(Part::Whole)],
        Columns::Named(names) => names.iter().map(|name| atom(Part::Column(name))).collect(),
    }
}

fn actions(deed: &Deed) -> impl Iterator<Item = &Action> {
    std::iter::once(&deed.action).chain(&deed.also)
}

/// What nobody could read and the touches do not say.
pub(super) fn unread(deed: &Deed) -> Option<Atom<'_>> {
    // INVARIANT: what was not read wholly has something unknown in it, whether or not its protocol says where.
    static NOWHERE: Object = Object { space: None, path: Vec::new() };
    let said = || deed.touches.iter().any(|touch| touch.effect == Effect::Unknown);
    let missing = matches!(deed.reading, Reading::Opaque(_)) && !said();
    missing.then_some(Atom { effect: Effect::Unknown, object: &NOWHERE, column: Part::Any })
}

fn forbidden(rule: &Rule, deed: &Deed) -> Denial {
    let default = format!("rule `{}` forbids `{}`", rule.name, deed.action);
    let message = rule.message.as_ref().map_or(default, |said| format!("rule `{}` forbids it: {said}", rule.name));
    Denial::new(Code::Forbidden, message).by(rule.name.clone())
}

fn undecided(rule: &Rule, why: &str) -> Denial {
    let message = format!("the condition of rule `{}` cannot be worked out", rule.name);
    Denial::new(Code::ConditionFailed, format!("{message}: {why}"))
        .recorded(message)
        .by(rule.name.clone())
        .hint("whoever keeps the policy must mend `when` of that rule")
}
