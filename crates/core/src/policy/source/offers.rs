//! `do = { run = … }`: the commands that a rule offers.
//!
//! What a rule offers it lets through, at once or once a human agrees; it takes nothing away from what others let
//! through, so that a rule which forbids has none. Enter at [`read`].

use crate::document::{Findings, Reader, Text};
use crate::policy::source::{Known, once};
use crate::policy::{Offer, On, RuleEffect};

/// The commands, and the actions that they are.
#[derive(Default)]
pub(super) struct Offers {
    pub(super) run: Vec<Offer>,
    pub(super) actions: Vec<String>,
}

/// Reads `run`, where the rule has it.
pub(super) fn read(
    findings: &mut Findings,
    table: &mut Reader<'_>,
    on: &[On],
    known: &Known<'_>,
    effect: Option<RuleEffect>,
) -> Option<Offers> {
    let (place, texts) = table.some(findings, "run", "this rule can never match")?;
    once(findings, &texts);
    let beside = ["effects", "actions", "objects"].into_iter().find(|key| table.has(key));
    if let Some(beside) = beside {
        let message = format!("`run` says all that is done, and `{beside}` stands beside it");
        findings.wrong(&place, message, Some(format!("leave out `{beside}`, or write a rule for each")));
    }
    if effect == Some(RuleEffect::Forbid) {
        let message = "`run` offers commands, and this rule forbids";
        let hint = "what nothing offers is not let through; to forbid a program, name it in `objects`";
        findings.wrong(&place, message, Some(hint.to_owned()));
    }
    let spoken = known.vocabularies.values().filter(|one| known.speaks(on, one.protocol));
    let actions: Vec<String> = spoken.flat_map(|one| one.commands).map(|action| (*action).to_owned()).collect();
    if actions.is_empty() && !on.is_empty() {
        findings.wrong(&place, "no target that this rule names runs commands", None);
    }
    Some(Offers { run: texts.iter().filter_map(|text| offer(findings, text)).collect(), actions })
}

fn offer(findings: &mut Findings, text: &Text) -> Option<Offer> {
    let mistake = match Offer::parse(&text.text) {
        Ok(offer) => return Some(offer),
        Err(mistake) => mistake,
    };
    let end = text.text.len().max(mistake.at);
    let place = findings.inside(text, mistake.at..end);
    findings.wrong(&place, mistake.message, Some(mistake.hint.to_owned()));
    None
}
