//! A configuration beside what its targets really hold: what it names and is nowhere, what it says of them and is so no
//! longer.
//!
//! Whoever asks the targets brings the answers. Enter at [`Config::compare`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::Fault;
use postern_core::document::{Findings, Text};
use postern_core::fault::Side;
use postern_core::inventory::Inventory;
use postern_core::policy::references::{Holdings, Reference};
use postern_core::target::{Target, TargetName};

use super::inventories::again;
use super::{Config, Inventories, Mistakes};

/// What each target answered.
pub type Answers = BTreeMap<TargetName, Result<Arc<dyn Inventory>, Fault>>;

impl Config {
    /// Says what of the configuration does not fit its targets.
    ///
    /// # Errors
    /// Where a target did not answer: then there is something wrong, and not all can be told.
    pub fn compare(&mut self, inventories: &Inventories, answers: &Answers) -> Result<(), Mistakes> {
        let (findings, written) = (&mut self.findings, &self.rulebook.written);
        let mut held = BTreeMap::new();
        for target in self.rulebook.targets.values() {
            let name = &target.name;
            match answers.get(name) {
                Some(Ok(inventory)) => {
                    held.insert(name, Holdings { objects: inventory.objects(), columns: inventory.columns() });
                    let noted = written.inventories.get(name).zip(inventories.of(target).ok());
                    if let Some((file, (_, noted))) = noted {
                        differ(findings, name, file, &noted.written(), &inventory.written());
                    }
                }
                Some(Err(fault)) => {
                    if let Some(place) = written.targets.get(name) {
                        let found = findings.wrong(place, fault.to_string(), fault.hint.clone());
                        found.notes.push(format!("the fault is {}", side(fault)));
                    }
                }
                None => {}
            }
        }
        let targets: Vec<&Target> = self.rulebook.targets.values().map(AsRef::as_ref).collect();
        for reference in &written.references {
            let about: Vec<&TargetName> =
                targets.iter().filter(|target| reference.is_about(target)).map(|target| &target.name).collect();
            // of a target that did not answer nothing is certain
            let holdings: Option<Vec<&Holdings>> = about.iter().map(|name| held.get(name)).collect();
            if let Some(holdings) = holdings.filter(|holdings| !holdings.is_empty()) {
                bind(findings, reference, &about, &holdings);
            }
        }
        if findings.is_clean() { Ok(()) } else { Err(Mistakes::found(findings)) }
    }
}

/// Says so where a reference names nothing on any of its targets. A mask that protects nothing is a mistake; a list that
/// serves many targets, or a rule for what is not there yet, may be meant.
fn bind(findings: &mut Findings, reference: &Reference, about: &[&TargetName], holdings: &[&Holdings]) {
    if holdings.iter().any(|held| reference.is_met(held)) {
        return;
    }
    let targets = match about {
        [target] => format!("target `{target}`"),
        many => format!("any of the {} targets that it is about", many.len()),
    };
    let meant = holdings.iter().find_map(|held| reference.meant(held));
    let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
    let message = format!("`{reference}` names nothing on {targets}");
    if reference.must_be_met() {
        findings.wrong(&reference.place, message, hint);
    } else {
        findings.warn(&reference.place, message, hint);
    }
}

/// Says so where a file is not what the target holds.
fn differ(findings: &mut Findings, target: &TargetName, file: &Text, noted: &str, there: &str) {
    if noted == there {
        return;
    }
    let message = format!("`{}` is not what target `{target}` holds now", file.text);
    let note = findings.note(&file.place, message, Some(again(target, &file.text)));
    for (text, other, what) in
        [(there, noted, "there and not in the file"), (noted, there, "in the file and not there")]
    {
        let other: BTreeSet<&str> = other.lines().collect();
        let lines: Vec<&str> = text.lines().filter(|line| !other.contains(line)).map(str::trim).collect();
        if let [first, rest @ ..] = lines.as_slice() {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more lines", rest.len()) };
            note.notes.push(format!("{what}: {first}{more}"));
        }
    }
}

/// Whose fault it was, with what only the operator hears of it.
fn side(fault: &Fault) -> String {
    let cause = fault.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    let side = match fault.side {
        Side::Target => "on the target's side",
        Side::Gateway => "on this side",
        Side::Client => "in what was asked",
    };
    format!("{side}{cause}")
}
