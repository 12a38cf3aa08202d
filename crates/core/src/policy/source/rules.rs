//! `[[rule]]`: who may do what on which targets.
//!
//! A rule that can never match is an error: it would be believed in.

use std::sync::Arc;

use crate::document::{Findings, Place, Reader, Text, unknown};
use crate::identity::matches;
use crate::operation::Effect;
use crate::policy::condition::Condition;
use crate::policy::pattern::ObjectPattern;
use crate::policy::references::Reference;
use crate::policy::source::{Aim, Known, each, offers, once, shadows, with};
use crate::policy::{Offer, On, Rule, RuleEffect};
use crate::verdict::RuleName;

/// What is said of an empty list.
const NEVER: &str = "this rule can never match";

pub(super) fn read_all(
    findings: &mut Findings,
    tables: Vec<Reader<'_>>,
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Vec<Arc<Rule>> {
    let rules = each(findings, tables, "rules", |findings, table, name| {
        let place = name.as_ref().map(|name| name.place.clone());
        Some((Arc::new(read(findings, table, name, known, references)?), place?))
    });
    // with a mistake anywhere, what is said of two rules may be said of what nobody meant
    if findings.is_clean() {
        shadows::report(findings, &rules, known);
    }
    rules.into_iter().map(|(rule, _)| rule).collect()
}

fn read(
    findings: &mut Findings,
    mut table: Reader<'_>,
    name: Option<Text>,
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Option<Rule> {
    let words = [("allow", RuleEffect::Allow), ("approve", RuleEffect::Approve), ("forbid", RuleEffect::Forbid)];
    let effect = table.required(findings, "effect").and_then(|text| text.one_of(findings, "effect", &words));
    let aim = Aim::of(effect);
    let who = list(findings, &mut table, "who");
    let who = who.map(|(place, texts)| known.somebody(findings, &place, texts, "who", aim));
    let on = list(findings, &mut table, "on");
    let on = on.map(|(place, texts)| known.on(findings, &place, &texts, aim));
    let named = on.as_deref().unwrap_or_default();
    let what = what(findings, &mut table, named, known, effect);
    references.extend(what.references);
    let when = condition(findings, &mut table, named, known, aim);
    let implied = table.flag(findings, "implied").unwrap_or(true);
    let message = table.text(findings, "message").map(|text| text.text);
    let name = name.map(|text| RuleName(text.text.into()));
    let with = with::read(findings, &mut table, known, effect, name.as_ref());
    table.finish(findings);
    let effect = effect?;
    Some(Rule {
        name: name?,
        effect,
        who: who?,
        on: on?,
        effects: what.effects,
        actions: what.actions,
        run: what.run,
        any_object: what.objects.is_none(),
        objects: what.objects.unwrap_or_default(),
        when: when?,
        implied,
        message,
        limits: with.limits,
        unmask: with.unmask,
        sessions: with.sessions,
        keep: with.keep,
        approval: if effect == RuleEffect::Approve { Some(with.approval?) } else { None },
    })
}

/// What must hold, where the rule says so; nothing at all where it cannot be taken.
#[expect(clippy::option_option, reason = "there may be none, and there may be one with a mistake in it")]
fn condition(
    findings: &mut Findings,
    table: &mut Reader<'_>,
    on: &[On],
    known: &Known<'_>,
    aim: Aim,
) -> Option<Option<Arc<Condition>>> {
    if table.value("when").is_none() {
        return Some(None);
    }
    let text = table.text(findings, "when")?;
    match Condition::read(&text.text, &known.facts(on)) {
        Ok(condition) => {
            known.may_hold(findings, &text.place, &condition, on, aim);
            Some(Some(Arc::new(condition)))
        }
        Err(mistakes) => {
            for mistake in mistakes {
                let place = mistake.at.map_or_else(|| text.place.clone(), |at| findings.inside(&text, at));
                findings.wrong(&place, mistake.message, mistake.hint);
            }
            None
        }
    }
}

/// A list that must be there and name something.
fn list(findings: &mut Findings, table: &mut Reader<'_>, key: &'static str) -> Option<(Place, Vec<Text>)> {
    let Some(place) = table.value(key).map(|value| value.place) else {
        findings.wrong(
            &table.place(),
            format!("this rule has no `{key}`"),
            Some(format!("add {key} = [\"…\"]; `*` names all")),
        );
        return None;
    };
    let texts = table.texts(findings, key)?;
    if texts.is_empty() {
        findings.wrong(
            &place,
            format!("`{key}` is empty, so this rule can never match"),
            Some(format!("{key} = [\"*\"] names all")),
        );
    }
    Some((place, texts))
}

#[derive(Default)]
struct What {
    place: Option<Place>,
    effects: Vec<Effect>,
    actions: Vec<String>,
    run: Vec<Offer>,
    objects: Option<Vec<(&'static str, ObjectPattern)>>,
    references: Vec<Reference>,
}

impl What {
    /// Actions and objects of a protocol that none of the targets speaks match nothing.
    fn fit(&self, findings: &mut Findings, on: &[On], known: &Known<'_>) {
        let Some(place) = self.place.as_ref().filter(|_| !on.is_empty()) else { return };
        let spoken = |protocol: &str| known.speaks(on, protocol);
        let of = |action: &str| {
            if known.later.iter().any(|later| action.split_once('.').is_some_and(|(protocol, _)| protocol == *later)) {
                return true;
            }
            let mut fitting =
                known.vocabularies.values().filter(|one| one.actions.iter().any(|word| matches(action, word)));
            fitting.any(|one| spoken(one.protocol))
        };
        let actions = self.actions.is_empty() || self.actions.iter().any(|action| of(action));
        let objects = self.objects.as_ref().is_none_or(|all| all.is_empty() || all.iter().any(|(of, _)| spoken(of)));
        for (key, fit) in [("actions", actions), ("objects", objects)] {
            if !fit {
                findings.wrong(place, format!("no target that this rule names has such `{key}`"), None);
            }
        }
    }
}

fn what(
    findings: &mut Findings,
    table: &mut Reader<'_>,
    on: &[On],
    known: &Known<'_>,
    effect: Option<RuleEffect>,
) -> What {
    let Some(mut table) = table.table(findings, "do") else { return What::default() };
    let aim = Aim::of(effect);
    let words: Vec<(&'static str, Effect)> = Effect::ALL.iter().map(|effect| (effect.word(), *effect)).collect();
    let mut list = |findings: &mut Findings, key| {
        let texts = table.some(findings, key, NEVER).map(|(_, texts)| texts);
        once(findings, texts.as_deref().unwrap_or_default());
        texts
    };
    let effects = list(findings, "effects").unwrap_or_default();
    let effects = effects.iter().filter_map(|text| text.one_of(findings, "effects", &words)).collect();
    let actions = list(findings, "actions").unwrap_or_default();
    let actions: Vec<String> = actions.iter().filter_map(|text| action(findings, text, known, aim)).collect();
    let mut references = Vec::new();
    let objects = list(findings, "objects").map(|texts| {
        let each = texts.iter().flat_map(|text| object(findings, text, on, known, &mut references));
        each.collect()
    });
    let offers = offers::read(findings, &mut table, on, known, effect);
    let (run, actions) = offers.map_or((Vec::new(), actions), |offers| (offers.run, offers.actions));
    let place = Some(table.place());
    table.finish(findings);
    let what = What { place, effects, actions, run, objects, references };
    what.fit(findings, on, known);
    what
}

fn action(findings: &mut Findings, text: &Text, known: &Known<'_>, aim: Aim) -> Option<String> {
    let words: Vec<&str> = known.vocabularies.values().flat_map(|one| one.actions.iter().copied()).collect();
    if words.iter().any(|word| matches(&text.text, word)) {
        return Some(text.text.clone());
    }
    match known.is_later(findings, text, aim) {
        // INVARIANT: it stays in the list, because an empty list would mean all actions
        Some(_) => Some(text.text.clone()),
        None => {
            unknown(findings, text, "actions", &words);
            None
        }
    }
}

fn object(
    findings: &mut Findings,
    text: &Text,
    on: &[On],
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Vec<(&'static str, ObjectPattern)> {
    let mut objects = Vec::new();
    let mut wrong = None;
    // what another protocol would take it for helps nobody who names a target
    let mut vocabularies: Vec<_> = known.vocabularies.values().filter(|one| known.speaks(on, one.protocol)).collect();
    if vocabularies.is_empty() {
        vocabularies = known.vocabularies.values().collect();
    }
    for vocabulary in vocabularies {
        match ObjectPattern::parse(&text.text, vocabulary.shape) {
            Ok(patterns) => objects.extend(patterns.into_iter().map(|pattern| (vocabulary.protocol, pattern))),
            Err(message) => wrong = wrong.or(Some(message)),
        }
    }
    if objects.is_empty() {
        findings.wrong(&text.place, wrong.unwrap_or_else(|| format!("`{}` names no object", text.text)), None);
    }
    references.extend(objects.iter().map(|(of, object)| Reference::of_rule(&text.place, on, of, object)));
    known.space(findings, &text.place, on, objects.iter().map(|(protocol, object)| (*protocol, object)));
    objects
}
