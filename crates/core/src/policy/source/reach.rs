//! Whether what a rule or a mask names is there at all: people of a kind, targets, databases.
//!
//! It says so only where it is certain; with a mistake in a target or a principal, it says nothing. Enter at
//! [`Known::peopled`], [`Known::reaches`], [`Known::space`] and [`Known::may_hold`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::{Findings, Place, nearest};
use crate::identity::matches;
use crate::policy::pattern::ObjectPattern;
use crate::policy::source::{Aim, Known};
use crate::policy::{Condition, On};
use crate::target::Target;
use crate::verdict::Who;

impl Known<'_> {
    /// Says so where nobody is of the kinds named, and nobody else is named.
    pub(super) fn peopled(&self, findings: &mut Findings, place: &Place, who: &[Who], aim: Aim) {
        let Some(kinds) = &self.kinds else { return };
        let absent: Vec<String> = who
            .iter()
            .map_while(|who| match who {
                Who::Kind(kind) => (!kinds.contains(kind)).then(|| format!("`{}`", kind.word())),
                Who::Anyone | Who::Group(_) | Who::Principal(_) => None,
            })
            .collect();
        if !who.is_empty() && absent.len() == who.len() {
            never(findings, place, aim, &format!("no [[principal]] is of kind {}", absent.join(" or ")));
        }
    }

    /// Says so where there are targets, and none of them is named.
    pub(super) fn reaches(&self, findings: &mut Findings, place: &Place, on: &[On], aim: Aim) {
        let none = self.named(on).is_some_and(|mut named| named.next().is_none());
        let later = |on: &On| matches!(on, On::Protocol(protocol) if self.later.contains(&protocol.as_str()));
        if none && !on.is_empty() && !on.iter().any(later) {
            never(findings, place, aim, "`on` names no target that there is");
        }
    }

    /// Says so where objects or columns are written with a database that no target named opens.
    pub(super) fn space<'o>(
        &self,
        findings: &mut Findings,
        place: &Place,
        on: &[On],
        objects: impl Iterator<Item = (&'static str, &'o ObjectPattern)>,
    ) {
        let mut opened: BTreeMap<&str, bool> = BTreeMap::new();
        let mut words: Vec<&str> = Vec::new();
        for (protocol, space) in objects.filter_map(|(protocol, object)| Some((protocol, object.space()?))) {
            let Some(named) = self.named(on) else { return };
            for target in named.filter(|target| target.protocol == protocol) {
                let open = target.database.iter().chain(&target.databases);
                let known: Vec<&str> = open.map(String::as_str).collect();
                *opened.entry(space).or_default() |= known.is_empty() || known.iter().any(|one| matches(space, one));
                words.extend(known);
            }
        }
        for (space, _) in opened.iter().filter(|(_, opened)| !**opened) {
            let hint = nearest(space, &words).map(|word| format!("did you mean `{word}/…`?"));
            findings.wrong(place, format!("no target named here opens `{space}`"), hint);
        }
    }

    /// Says so where a condition holds on none of the targets that are named, whoever asks for whatever.
    pub(super) fn may_hold(&self, findings: &mut Findings, place: &Place, when: &Condition, on: &[On], aim: Aim) {
        if when.asks_of_target()
            && let Some(mut named) = self.named(on)
            && named.all(|target| when.is_ruled_out(target))
        {
            never(findings, place, aim, "this condition holds on no target that `on` names");
        }
    }

    /// The targets that are named; nothing where there are none at all, or one with a mistake in it.
    fn named<'s>(&'s self, on: &'s [On]) -> Option<impl Iterator<Item = &'s Arc<Target>>> {
        let registered = self.registered.filter(|targets| !targets.is_empty())?;
        Some(registered.values().filter(|target| on.iter().any(|on| on.names(target))))
    }
}

fn never(findings: &mut Findings, place: &Place, aim: Aim, why: &str) {
    match aim {
        Aim::Opens => findings.wrong(place, format!("{why}, so this rule can never match"), None),
        Aim::Closes => findings.note(place, format!("{why}, so there is nothing to stop yet"), None),
    };
}
