//! `with` of a rule: what follows where it matches. Bounds of what it lets through, and the terms on which a human is
//! asked.
//!
//! A key that does nothing beside this rule's effect is an error: it would be believed in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{Findings, Reader, unknown};
use crate::identity::Kind;
use crate::policy::source::Known;
use crate::policy::{ApprovalTerms, RuleEffect};
use crate::verdict::{Bound, HoldInTransaction, HoldMode, Limits, RuleName, Who};

/// How long a question stays open where the rule does not say.
const EXPIRES: Duration = Duration::from_secs(15 * 60);

/// What says how a rule lets something through.
const BOUNDS: &[&str] = &["max_rows", "timeout", "sessions", "per_minute", "unmask", "keep"];
/// What says how a human is asked.
const ASKING: &[&str] = &["approvers", "count", "expires", "hold", "hold_in_transaction", "reuse"];

/// What follows where a rule matches.
#[derive(Default)]
pub(super) struct With {
    pub(super) limits: Limits,
    pub(super) unmask: BTreeSet<Arc<str>>,
    pub(super) sessions: Option<u64>,
    /// How long recordings of it are kept, where the rule says.
    pub(super) keep: Option<Duration>,
    /// The terms of a rule that asks a human, unless there is a mistake in them.
    pub(super) approval: Option<ApprovalTerms>,
}

pub(super) fn read(
    findings: &mut Findings,
    rule: &mut Reader<'_>,
    known: &Known<'_>,
    effect: Option<RuleEffect>,
    name: Option<&RuleName>,
) -> With {
    let asks = effect == Some(RuleEffect::Approve);
    let Some(mut with) = rule.table(findings, "with") else {
        if asks {
            let hint = "add with = { approvers = [\"group:…\"] }".to_owned();
            findings.wrong(&rule.place(), "an `approve` rule says who may answer", Some(hint));
        }
        return With::default();
    };
    if effect == Some(RuleEffect::Forbid) {
        unbound(findings, &mut with);
    }
    let limits = name.map(|name| limits(findings, &mut with, name)).unwrap_or_default();
    let sessions = with.positive(findings, "sessions");
    let unmask = unmask(findings, &mut with, known);
    let keep = keep(findings, &mut with);
    let approval = if asks { terms(findings, &mut with, known) } else { None };
    let given = ASKING.iter().any(|key| with.value(key).is_some());
    if given && !asks {
        let hint = "write effect = \"approve\"".to_owned();
        findings.wrong(&with.place(), "only an `approve` rule asks a human", Some(hint));
    }
    with.finish(findings);
    With { limits, unmask, sessions, keep, approval }
}

/// What lets nothing through has nothing to say about how.
fn unbound(findings: &mut Findings, with: &mut Reader<'_>) {
    for key in BOUNDS {
        if let Some(value) = with.value(key) {
            let message =
                format!("`{key}` is about what a rule lets through, and a `forbid` rule lets nothing through");
            findings.wrong(&value.place, message, Some("put it on the rule that allows it".to_owned()));
        }
    }
}

fn limits(findings: &mut Findings, with: &mut Reader<'_>, by: &RuleName) -> Limits {
    let max_rows = with.positive(findings, "max_rows").map(|most| Bound { most, by: by.clone() });
    let timeout = timeout(findings, with).map(|most| Bound { most, by: by.clone() });
    let per_minute = with.positive(findings, "per_minute").map(|most| Bound { most, by: by.clone() });
    Limits { max_rows, timeout, per_minute: per_minute.into_iter().collect() }
}

/// The masks that a rule lifts; each must be one.
fn unmask(findings: &mut Findings, with: &mut Reader<'_>, known: &Known<'_>) -> BTreeSet<Arc<str>> {
    let Some(place) = with.value("unmask").map(|value| value.place) else { return BTreeSet::new() };
    let texts = with.texts(findings, "unmask").unwrap_or_default();
    if texts.is_empty() {
        findings.wrong(&place, "`unmask` names no mask, so it lifts none", None);
    }
    for text in texts.iter().filter(|text| !known.masks.contains(&text.text.as_str())) {
        unknown(findings, text, "unmask", &known.masks);
    }
    texts.into_iter().map(|text| text.text.into()).collect()
}

fn timeout(findings: &mut Findings, with: &mut Reader<'_>) -> Option<Duration> {
    let value = with.value("timeout")?;
    let timeout = value.duration(findings, "timeout")?;
    if timeout.is_zero() {
        findings.wrong(&value.place, "nothing is done in no time at all", Some("write timeout = \"30s\"".to_owned()));
    }
    Some(timeout)
}

fn keep(findings: &mut Findings, with: &mut Reader<'_>) -> Option<Duration> {
    let value = with.value("keep")?;
    let keep = value.duration(findings, "keep")?;
    if keep.is_zero() {
        let hint = "write keep = \"365d\"; what is let through is recorded in any case".to_owned();
        findings.wrong(&value.place, "a recording cannot be kept for no time at all", Some(hint));
    }
    Some(keep)
}

fn terms(findings: &mut Findings, with: &mut Reader<'_>, known: &Known<'_>) -> Option<ApprovalTerms> {
    let approvers = approvers(findings, with, known);
    let count = count(findings, with);
    let expires = expires(findings, with);
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
    let reuse = with.duration(findings, "reuse");
    Some(ApprovalTerms {
        approvers: approvers?,
        count: count.unwrap_or(1),
        expires: expires.unwrap_or(EXPIRES),
        hold: hold.unwrap_or(HoldMode::Wait),
        in_transaction: in_transaction.unwrap_or(HoldInTransaction::Refuse),
        reuse: reuse.unwrap_or(Duration::ZERO),
    })
}

/// Who may answer: at least somebody, and somebody who can.
fn approvers(findings: &mut Findings, with: &mut Reader<'_>, known: &Known<'_>) -> Option<Vec<Who>> {
    let place = with.value("approvers").map_or_else(|| with.place(), |value| value.place);
    let texts = with.texts(findings, "approvers").unwrap_or_default();
    if texts.is_empty() {
        findings.wrong(
            &place,
            "an `approve` rule says who may answer",
            Some("add approvers = [\"group:…\"]".to_owned()),
        );
        return None;
    }
    for text in &texts {
        if let Some(Who::Kind(Kind::Agent | Kind::Workload)) = Who::parse(&text.text) {
            let message = format!("`{}` never answers: only a human approves", text.text);
            findings.wrong(&text.place, message, Some("write group:… or principal:…".to_owned()));
        }
    }
    Some(known.who(findings, texts, "approvers"))
}

fn count(findings: &mut Findings, with: &mut Reader<'_>) -> Option<usize> {
    let place = with.value("count")?.place;
    let count = with.number(findings, "count")?;
    if count == 0 {
        findings.wrong(&place, "`count` is how many humans must agree, at least 1", None);
    }
    Some(usize::try_from(count).unwrap_or(usize::MAX))
}

fn expires(findings: &mut Findings, with: &mut Reader<'_>) -> Option<Duration> {
    let value = with.value("expires")?;
    let expires = value.duration(findings, "expires")?;
    if expires.is_zero() {
        findings.wrong(&value.place, "nobody can answer in no time at all", Some("write expires = \"15m\"".to_owned()));
    }
    Some(expires)
}
