//! Rules that another rule leaves nothing to say: forbidden as a whole, asked about as a whole, or said already.
//!
//! It says so only where it is certain, whoever asks for whatever. A warning, because a rule over everything is how one
//! locks a target in a hurry, and that must take effect. Enter at [`report`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::document::{Findings, Place};
use crate::operation::Effect;
use crate::policy::source::Known;
use crate::policy::{On, Rule, RuleEffect};
use crate::target::Target;
use crate::verdict::Who;

/// A rule with the place of its name, in file order.
type Placed = (Arc<Rule>, Place);

/// What another rule makes of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shadow {
    /// All of it is forbidden.
    Forbidden,
    /// A human is asked about all of it.
    Asked,
    /// Another says all of it.
    Repeated,
}

/// Warns of each rule that another one shadows.
pub(super) fn report(findings: &mut Findings, rules: &[Placed], known: &Known<'_>) {
    let reaches = Reaches::of(rules, known);
    let index = Index::of(rules, &reaches);
    for (at, (rule, place)) in rules.iter().enumerate() {
        let shadows = index.candidates(rule, reaches.of_rule(at)).into_iter().filter(|other| *other != at);
        let found = shadows.filter_map(|other| {
            let (by, stands) = rules.get(other)?;
            let shadow = shadow(rule, by)?;
            let reached = reaches.within(at, other);
            // of two that say the same, the first stands
            let first = shadow != Shadow::Repeated || other < at || !(lies_in(by, rule) && reaches.within(other, at));
            (reached && first && lies_in(rule, by)).then_some((shadow, other, by, stands))
        });
        let Some((shadow, _, by, stands)) = found.min_by_key(|(shadow, other, ..)| (*shadow, *other)) else { continue };
        let note = format!("shadowed by rule `{}` at {}", by.name, findings.at(stands));
        let (message, hint) = said(rule, shadow);
        findings.warn(place, message, Some(hint.to_owned())).notes.push(note);
    }
}

fn said(rule: &Rule, shadow: Shadow) -> (String, &'static str) {
    let name = &rule.name;
    match (shadow, rule.effect) {
        (Shadow::Forbidden, RuleEffect::Approve) => (
            format!("rule `{name}` asks nobody: all that it names is forbidden"),
            "narrow one of them; without it nobody connects by it any more",
        ),
        (Shadow::Forbidden, RuleEffect::Allow | RuleEffect::Forbid) => (
            format!("rule `{name}` lets nothing through: all that it names is forbidden"),
            "narrow one of them; without it nobody connects by it any more",
        ),
        (Shadow::Asked, _) => (
            format!("rule `{name}` never lets anything through alone: a human is asked about all that it names"),
            "narrow one of them; its bounds, and that people connect by it, count all the same",
        ),
        (Shadow::Repeated, _) => {
            (format!("rule `{name}` adds nothing: another rule says all of it"), "leave one of them out")
        }
    }
}

/// What one rule would make of another that lies within it.
fn shadow(of: &Rule, by: &Rule) -> Option<Shadow> {
    match (of.effect, by.effect) {
        (RuleEffect::Allow | RuleEffect::Approve, RuleEffect::Forbid) => Some(Shadow::Forbidden),
        (RuleEffect::Allow, RuleEffect::Approve) => Some(Shadow::Asked),
        (RuleEffect::Allow, RuleEffect::Allow)
        | (RuleEffect::Approve, RuleEffect::Approve)
        | (RuleEffect::Forbid, RuleEffect::Forbid) => Some(Shadow::Repeated),
        (RuleEffect::Forbid, RuleEffect::Allow | RuleEffect::Approve) | (RuleEffect::Approve, RuleEffect::Allow) => {
            None
        }
    }
}

/// Whether a rule speaks for certain wherever another does; their targets are compared elsewhere.
fn lies_in(rule: &Rule, within: &Rule) -> bool {
    let who = || rule.who.iter().all(|who| within.who.iter().any(|other| other.includes(who)));
    let when = || match (&rule.when, &within.when) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(own), Some(other)) => own.text() == other.text(),
    };
    let same = || rule.effect != within.effect || is_as_strict(rule, within);
    let run = || within.run.is_empty() || (!rule.run.is_empty() && rule.run.iter().all(|one| within.run.contains(one)));
    when() && effects(rule, within) && actions(rule, within) && objects(rule, within) && who() && run() && same()
}

/// Whether two rules differ in nothing but what they name, so that the wider one says all that the narrower one says. A
/// condition of its own is a difference: one that fails denies.
fn is_as_strict(rule: &Rule, within: &Rule) -> bool {
    let mut alike = Rule { name: within.name.clone(), who: within.who.clone(), on: within.on.clone(), ..rule.clone() };
    // a bound says which rule set it
    if let (Some(own), Some(other)) = (&mut alike.limits.max_rows, &within.limits.max_rows) {
        own.by.clone_from(&other.by);
    }
    if let (Some(own), Some(other)) = (&mut alike.limits.timeout, &within.limits.timeout) {
        own.by.clone_from(&other.by);
    }
    // whom an approval asks about what is implied hangs on what the rule names, so only the very same is the same
    if rule.effect != RuleEffect::Approve {
        alike.effects.clone_from(&within.effects);
        alike.actions.clone_from(&within.actions);
        alike.objects.clone_from(&within.objects);
        alike.any_object = within.any_object;
    }
    alike == *within
}

fn effects(rule: &Rule, within: &Rule) -> bool {
    if !within.effects.is_empty() {
        return !rule.effects.is_empty() && rule.effects.iter().all(|effect| within.effects.contains(effect));
    }
    // an allow that lists no effects does not speak of what nobody can read, but for actions that it writes out
    let unread = rule.effects.contains(&Effect::Unknown);
    let written = rule.effects.is_empty() && !rule.actions.is_empty() && rule.actions != within.actions;
    within.effect != RuleEffect::Allow || !(unread || written)
}

fn actions(rule: &Rule, within: &Rule) -> bool {
    let named = |action: &String| within.actions.iter().any(|other| crate::identity::matches(other, action));
    within.actions.is_empty() || (!rule.actions.is_empty() && rule.actions.iter().all(named))
}

fn objects(rule: &Rule, within: &Rule) -> bool {
    // to count rows is to touch no column: a rule that lets do it by a column is not stopped by one about that column
    let counts = rule.effect == RuleEffect::Allow
        && within.effect != RuleEffect::Allow
        && (rule.effects.is_empty() || rule.effects.contains(&Effect::Read));
    let holds = |protocol: &str, object: &crate::policy::pattern::ObjectPattern| {
        let same = within.objects.iter().filter(|(other, _)| *other == protocol).map(|(_, other)| other);
        same.into_iter().any(|other| object.lies_in(other) && !(counts && other.column().is_some()))
    };
    within.any_object || (!rule.any_object && rule.objects.iter().all(|(protocol, object)| holds(protocol, object)))
}

/// Which targets each rule names, as numbers in order; nothing stands for all.
struct Reaches(Vec<Option<Vec<usize>>>);

impl Reaches {
    fn of(rules: &[Placed], known: &Known<'_>) -> Self {
        let targets: Vec<&Arc<Target>> = known.registered.into_iter().flat_map(BTreeMap::values).collect();
        let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, target) in targets.iter().enumerate() {
            let labels = target.labels.iter().map(|(key, value)| format!("label:{key}={value}"));
            let names = [format!("target:{}", target.name), format!("protocol:{}", target.protocol)];
            for name in labels.chain(names) {
                named.entry(name).or_default().push(at);
            }
        }
        let of = |on: &On| {
            let name = match on {
                On::Anything => return None,
                On::Target(name) => format!("target:{name}"),
                On::Label(key, value) => format!("label:{key}={value}"),
                On::Protocol(protocol) => format!("protocol:{protocol}"),
            };
            Some(named.get(&name).cloned().unwrap_or_default())
        };
        let of_rule = |(rule, _): &Placed| {
            let mut reached = rule.on.iter().map(of).collect::<Option<Vec<_>>>()?.concat();
            reached.sort_unstable();
            reached.dedup();
            Some(reached)
        };
        Self(rules.iter().map(of_rule).collect())
    }

    fn of_rule(&self, at: usize) -> Option<&[usize]> {
        self.0.get(at)?.as_deref()
    }

    fn within(&self, rule: usize, other: usize) -> bool {
        match (self.of_rule(rule), self.of_rule(other)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => !own.is_empty() && own.iter().all(|target| other.binary_search(target).is_ok()),
        }
    }
}

/// Something that a rule names, and that any rule around it would name as well.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Mark<'r> {
    Who(String),
    Target(usize),
    Action(&'r str),
    /// The beginning of an object's path, as far as it is written out.
    Object(&'static str, &'r [String]),
    When(&'r str),
}

/// The rules by one mark of each: by the rarest of its own, so that few are looked at for each rule.
struct Index<'r> {
    marked: HashMap<Mark<'r>, Vec<usize>>,
    /// Those without any.
    unmarked: Vec<usize>,
}

impl<'r> Index<'r> {
    fn of(rules: &'r [Placed], reaches: &Reaches) -> Self {
        let all: Vec<Vec<Vec<Mark<'r>>>> =
            rules.iter().enumerate().map(|(at, (rule, _))| marks(rule, reaches.of_rule(at))).collect();
        let mut counts: HashMap<&Mark<'r>, usize> = HashMap::new();
        for mark in all.iter().flatten().flatten() {
            let count = counts.entry(mark).or_default();
            *count = count.saturating_add(1);
        }
        let mut index = Self { marked: HashMap::new(), unmarked: Vec::new() };
        for (at, ways) in all.iter().enumerate() {
            let size = |way: &Vec<Mark<'r>>| -> usize { way.iter().filter_map(|mark| counts.get(mark)).sum() };
            match ways.iter().min_by_key(|way| size(way)) {
                Some(way) => {
                    way.iter().for_each(|mark| index.marked.entry(mark.clone()).or_default().push(at));
                }
                None => index.unmarked.push(at),
            }
        }
        index
    }

    /// Every rule that the rule may lie in, in file order.
    fn candidates(&self, rule: &'r Rule, reached: Option<&[usize]>) -> Vec<usize> {
        let who = rule.who.first().map(|who| Mark::Who(who.to_string()));
        let target = reached.and_then(|reached| reached.first()).map(|target| Mark::Target(*target));
        let action = rule.actions.first().map(|action| Mark::Action(action));
        let when = rule.when.as_ref().map(|when| Mark::When(when.text()));
        let begins = rule.objects.iter().take(1).flat_map(|(protocol, object)| {
            let parts = object.parts();
            (1..=parts.len()).filter_map(|end| Some(Mark::Object(protocol, parts.get(..end)?)))
        });
        let mut found = self.unmarked.clone();
        for mark in [who, target, action, when].into_iter().flatten().chain(begins) {
            found.extend(self.marked.get(&mark).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The ways to find a rule: any rule that lies in it has, of each way, one of the marks at the place that is looked at.
fn marks<'r>(rule: &'r Rule, reached: Option<&[usize]>) -> Vec<Vec<Mark<'r>>> {
    let exact = |who: &Who| match who {
        Who::Group(_) | Who::Kind(_) => Some(Mark::Who(who.to_string())),
        Who::Principal(name) if !name.contains('*') => Some(Mark::Who(who.to_string())),
        Who::Principal(_) | Who::Anyone => None,
    };
    let begins = |parts: &'r [String]| {
        let plain = parts.iter().take_while(|part| !part.contains('*')).count();
        parts.get(..plain).filter(|start| !start.is_empty())
    };
    let ways = [
        rule.who.iter().map(exact).collect(),
        reached.map(|reached| reached.iter().map(|target| Mark::Target(*target)).collect()),
        rule.actions.iter().map(|action| (!action.contains('*')).then_some(Mark::Action(action))).collect(),
        rule.objects.iter().map(|(of, object)| Some(Mark::Object(of, begins(object.parts())?))).collect(),
        rule.when.as_ref().map(|when| vec![Mark::When(when.text())]),
    ];
    ways.into_iter().flatten().filter(|way: &Vec<Mark<'r>>| !way.is_empty()).collect()
}
