//! `[[rule]]`: who may do what on which targets.
//!
//! A rule that can never match is an error: it would be believed in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{Findings, Place, Reader, Text, unknown};
use crate::operation::Effect;
use crate::policy::pattern::ObjectPattern;
use crate::policy::source::Known;
use crate::policy::{ApprovalTerms, Rule, RuleEffect};
use crate::verdict::{HoldInTransaction, HoldMode, RuleName};

/// How long a question stays open where the rule does not say.
const EXPIRES: Duration = Duration::from_secs(15 * 60);

pub(super) fn read_all(findings: &mut Findings, tables: Vec<Reader<'_>>, known: &Known<'_>) -> Vec<Arc<Rule>> {
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for table in tables {
        let place = table.place();
        let Some(rule) = read(findings, table, known) else { continue };
        if !names.insert(rule.name.clone()) {
            findings.wrong(&place, format!("there are two rules `{}`", rule.name), None);
        }
        rules.push(Arc::new(rule));
    }
    rules
}

fn read(findings: &mut Findings, mut table: Reader<'_>, known: &Known<'_>) -> Option<Rule> {
    let name = table.required(findings, "name");
    let words = [("allow", RuleEffect::Allow), ("approve", RuleEffect::Approve), ("forbid", RuleEffect::Forbid)];
    let effect = table.required(findings, "effect").and_then(|text| text.one_of(findings, "effect", &words));
    let who = list(findings, &mut table, "who").map(|texts| known.who(findings, texts, "who"));
    let on = list(findings, &mut table, "on").map(|texts| known.on(findings, texts));
    let what = what(findings, &mut table, known);
    table.later(findings, "when");
    let implied = table.flag(findings, "implied").unwrap_or(true);
    let message = table.text(findings, "message").map(|text| text.text);
    let place = table.place();
    let terms = terms(findings, &mut table, known, effect, &place);
    table.finish(findings);
    let effect = effect?;
    Some(Rule {
        name: RuleName(name?.text.into()),
        effect,
        who: who?,
        on: on?,
        effects: what.effects,
        actions: what.actions,
        any_object: what.objects.is_none(),
        objects: what.objects.unwrap_or_default(),
        implied,
        message,
        approval: if effect == RuleEffect::Approve { Some(terms?) } else { None },
    })
}

/// A list that must be there and name something.
fn list(findings: &mut Findings, table: &mut Reader<'_>, key: &'static str) -> Option<Vec<Text>> {
    let place = table.place();
    if table.value(key).is_none() {
        findings.wrong(
            &place,
            format!("this rule has no `{key}`"),
            Some(format!("add {key} = [\"…\"]; `*` names all")),
        );
        return None;
    }
    let texts = table.texts(findings, key)?;
    if texts.is_empty() {
        findings.wrong(
            &place,
            format!("`{key}` is empty, so this rule can never match"),
            Some(format!("{key} = [\"*\"] names all")),
        );
    }
    Some(texts)
}

#[derive(Default)]
struct What {
    effects: Vec<Effect>,
    actions: Vec<String>,
    objects: Option<Vec<(&'static str, ObjectPattern)>>,
}

fn what(findings: &mut Findings, table: &mut Reader<'_>, known: &Known<'_>) -> What {
    let Some(mut table) = table.table(findings, "do") else { return What::default() };
    let words: Vec<(&'static str, Effect)> = Effect::ALL.iter().map(|effect| (effect.word(), *effect)).collect();
    let place = table.place();
    let never = |findings: &mut Findings, key: &str, texts: &[Text]| {
        if texts.is_empty() {
            findings.wrong(
                &place,
                format!("`{key}` is empty, so this rule can never match"),
                Some(format!("leave `{key}` out to mean all")),
            );
        }
    };
    let effects = table.texts(findings, "effects").unwrap_or_default();
    let effects_given = table.value("effects").is_some();
    if effects_given {
        never(findings, "effects", &effects);
    }
    let effects = effects.iter().filter_map(|text| text.one_of(findings, "effects", &words)).collect();
    let actions = table.texts(findings, "actions");
    if let Some(texts) = &actions {
        never(findings, "actions", texts);
    }
    let actions = actions.unwrap_or_default().iter().filter_map(|text| action(findings, text, known)).collect();
    let objects = table.texts(findings, "objects");
    if let Some(texts) = &objects {
        never(findings, "objects", texts);
    }
    let objects = objects.map(|texts| texts.iter().flat_map(|text| object(findings, text, known)).collect());
    table.finish(findings);
    What { effects, actions, objects }
}

fn action(findings: &mut Findings, text: &Text, known: &Known<'_>) -> Option<String> {
    let words: Vec<&str> = known.vocabularies.values().flat_map(|one| one.actions.iter().copied()).collect();
    if words.iter().any(|word| crate::identity::matches(&text.text, word)) {
        return Some(text.text.clone());
    }
    unknown(findings, text, "actions", &words);
    None
}

fn object(findings: &mut Findings, text: &Text, known: &Known<'_>) -> Vec<(&'static str, ObjectPattern)> {
    let mut objects = Vec::new();
    let mut wrong = None;
    for vocabulary in known.vocabularies.values() {
        match ObjectPattern::parse(&text.text, vocabulary.shape) {
            Ok(patterns) => objects.extend(patterns.into_iter().map(|pattern| (vocabulary.protocol, pattern))),
            Err(message) => wrong = wrong.or(Some(message)),
        }
    }
    if objects.is_empty() {
        findings.wrong(&text.place, wrong.unwrap_or_else(|| format!("`{}` names no object", text.text)), None);
    }
    objects
}

fn terms(
    findings: &mut Findings,
    table: &mut Reader<'_>,
    known: &Known<'_>,
    effect: Option<RuleEffect>,
    place: &Place,
) -> Option<ApprovalTerms> {
    let Some(mut with) = table.table(findings, "with") else {
        if effect == Some(RuleEffect::Approve) {
            findings.wrong(
                place,
                "an `approve` rule says who may answer",
                Some("add with = { approvers = [\"group:…\"] }".to_owned()),
            );
        }
        return None;
    };
    for key in ["max_rows", "timeout", "unmask", "sessions", "per_minute"] {
        with.later(findings, key);
    }
    let place = with.place();
    let approvers = with.texts(findings, "approvers").map(|texts| known.who(findings, texts, "approvers"));
    let count = with.number(findings, "count");
    let expires = with.text(findings, "expires").and_then(|text| text.duration(findings, "expires"));
    let hold = with
        .text(findings, "hold")
        .and_then(|text| text.one_of(findings, "hold", &[("wait", HoldMode::Wait), ("retry", HoldMode::Retry)]));
    let in_transaction = with.text(findings, "hold_in_transaction").and_then(|text| {
        text.one_of(
            findings,
            "hold_in_transaction",
            &[("refuse", HoldInTransaction::Refuse), ("wait", HoldInTransaction::Wait)],
        )
    });
    let reuse = with.text(findings, "reuse").and_then(|text| text.duration(findings, "reuse"));
    let asks = approvers.is_some()
        || count.is_some()
        || expires.is_some()
        || hold.is_some()
        || in_transaction.is_some()
        || reuse.is_some();
    with.finish(findings);
    if effect != Some(RuleEffect::Approve) {
        if asks {
            findings.wrong(
                &place,
                "only an `approve` rule asks a human",
                Some("write effect = \"approve\"".to_owned()),
            );
        }
        return None;
    }
    if approvers.as_ref().is_none_or(Vec::is_empty) {
        findings.wrong(
            &place,
            "an `approve` rule says who may answer",
            Some("add approvers = [\"group:…\"]".to_owned()),
        );
    }
    if count == Some(0) {
        findings.wrong(&place, "`count` is how many humans must agree, at least 1", None);
    }
    Some(ApprovalTerms {
        approvers: approvers?,
        count: usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX),
        expires: expires.unwrap_or(EXPIRES),
        hold: hold.unwrap_or(HoldMode::Wait),
        in_transaction: in_transaction.unwrap_or(HoldInTransaction::Refuse),
        reuse: reuse.unwrap_or(Duration::ZERO),
    })
}
