//! `[[principal]]`: trust rules, from claims to principals and groups.
//!
//! A rule whose issuer is not configured, or that wants a claim to be nothing, is an error here.

use std::collections::BTreeMap;

use crate::document::{Findings, Place, Reader, Text, unknown};
use crate::identity::{Kind, Template, TrustRule, may_meet};
use crate::policy::source::{Only, Voucher};

pub(super) fn read_all(findings: &mut Findings, tables: Vec<Reader<'_>>, issuers: &[Voucher<'_>]) -> Vec<TrustRule> {
    let read = |table: Reader<'_>| Some((table.place(), read(findings, table, issuers)?));
    let trust: Vec<(Place, TrustRule)> = tables.into_iter().filter_map(read).collect();
    let mut settled = Settled::default();
    // with a mistake in one, it may be taken for wider than it is
    let certain = findings.is_clean();
    for (place, rule) in trust.iter().filter(|_| certain) {
        if let Some(first) = settled.by(rule) {
            let first = findings.at(first);
            let message = "nobody is made by this [[principal]]: one above takes all of these tokens first";
            let warning = findings.warn(place, message, Some("put the narrower one first".to_owned()));
            warning.notes.push(format!("shadowed by the [[principal]] at {first}"));
        }
        settled.add(rule, place);
    }
    if certain {
        strangers(findings, &trust, issuers);
    }
    trust.into_iter().map(|(_, rule)| rule).collect()
}

/// Warns of people who are known by a key under a name that no token makes.
///
/// THREAT: somebody asks under one name, and answers under the other.
fn strangers(findings: &mut Findings, trust: &[(Place, TrustRule)], issuers: &[Voucher<'_>]) {
    let by_key = |rule: &TrustRule| issuers.iter().any(|one| one.name == rule.issuer && one.only.is_some());
    let people = || trust.iter().filter(|(_, rule)| rule.kind == Kind::Human);
    let named: Vec<String> = people().filter(|(_, rule)| !by_key(rule)).map(|(_, rule)| rule.name.pattern()).collect();
    for (place, rule) in people().filter(|(_, rule)| by_key(rule)) {
        let name = rule.name.pattern();
        if !named.is_empty() && !named.iter().any(|other| may_meet(other, &name)) {
            let message =
                format!("no token makes anybody `{name}`: whoever that is could answer what they asked for by key");
            let hint = "give it the name that this person's tokens make";
            findings.warn(place, message, Some(hint.to_owned()));
        }
    }
}

/// The tokens that are somebody for certain: those of an issuer, as far as these claims go.
#[derive(Default)]
struct Settled {
    all: BTreeMap<(String, BTreeMap<String, Vec<String>>), Place>,
}

impl Settled {
    /// What takes every token that a rule would take. It looks for the very same claims, and for none.
    fn by(&self, rule: &TrustRule) -> Option<&Place> {
        let of = |claims| self.all.get(&(rule.issuer.clone(), claims));
        of(BTreeMap::new()).or_else(|| of(rule.claims.clone()))
    }

    fn add(&mut self, rule: &TrustRule, place: &Place) {
        // a template can fail on a token, and then the next rule has its turn
        let fixed = |template: &Template| !template.pattern().contains('*');
        if fixed(&rule.name) && rule.acts_for.as_ref().is_none_or(fixed) {
            self.all.entry((rule.issuer.clone(), rule.claims.clone())).or_insert_with(|| place.clone());
        }
    }
}

fn read(findings: &mut Findings, mut table: Reader<'_>, issuers: &[Voucher<'_>]) -> Option<TrustRule> {
    let name = table.required(findings, "name").and_then(|text| template(findings, &text, "name"));
    let kinds = [Kind::Workload, Kind::Agent, Kind::Human].map(|kind| (kind.word(), kind));
    let kind = table.required(findings, "kind").and_then(|text| text.one_of(findings, "kind", &kinds));
    let issuer = table.required(findings, "issuer");
    let voucher = issuer.as_ref().and_then(|issuer| issuers.iter().find(|one| one.name == issuer.text));
    if let Some(issuer) = issuer.as_ref().filter(|_| voucher.is_none()) {
        let names: Vec<&str> = issuers.iter().map(|one| one.name).collect();
        unknown(findings, issuer, "issuer", &names);
    }
    let only = voucher.and_then(|voucher| voucher.only);
    let mut claims = BTreeMap::new();
    if let Some(mut entries) = table.table(findings, "claims") {
        for (claim, value) in entries.entries() {
            let Some(patterns) = value.texts(findings, &claim.text) else { continue };
            if patterns.is_empty() {
                let message = format!("`{}` is empty, so this principal can never be", claim.text);
                findings.wrong(&value.place, message, Some("leave it out, or write `*` for any value".to_owned()));
            }
            if let Some(only) = only.filter(|only| only.claim == claim.text) {
                named_in_full(findings, &patterns, &only);
            }
            claims.insert(claim.text, patterns.into_iter().map(|pattern| pattern.text).collect());
        }
    }
    if let Some(only) = only.filter(|only| !claims.contains_key(only.claim)) {
        // THREAT: an issuer that vouches for whoever comes, and a rule that takes whomever it vouches for
        let message = format!("nothing says which `{}` this principal has, so everybody would be it", only.claim);
        findings.wrong(&table.place(), message, Some(wanted(&only)));
    }
    let groups = table.texts(findings, "groups").unwrap_or_default().into_iter().map(|text| text.text).collect();
    let acts_for = table.text(findings, "acts_for");
    if let (Some(text), Some(Kind::Workload | Kind::Human)) = (&acts_for, kind) {
        findings.wrong(&text.place, "only an agent acts for somebody", Some("write kind = \"agent\"".to_owned()));
    }
    let acts_for = acts_for.and_then(|text| template(findings, &text, "acts_for"));
    table.finish(findings);
    Some(TrustRule { name: name?, kind: kind?, issuer: issuer?.text, claims, groups, acts_for })
}

fn named_in_full(findings: &mut Findings, patterns: &[Text], only: &Only<'_>) {
    for pattern in patterns.iter().filter(|pattern| !(only.fits)(&pattern.text)) {
        let message = format!("`{}` is not one `{}`, in full", pattern.text, only.claim);
        findings.wrong(&pattern.place, message, Some(wanted(only)));
    }
}

fn wanted(only: &Only<'_>) -> String {
    format!("write claims = {{ {} = \"{}…\" }}", only.claim, only.form)
}

fn template(findings: &mut Findings, text: &Text, key: &str) -> Option<Template> {
    let template = Template::parse(&text.text);
    if template.is_none() {
        let message = format!("`{}` is no template for `{key}`", text.text);
        findings.wrong(&text.place, message, Some("write text with {claim} where a claim's value belongs".to_owned()));
    }
    template
}
