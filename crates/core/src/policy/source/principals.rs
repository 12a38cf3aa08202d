//! `[[principal]]`: trust rules, from claims to principals and groups.
//!
//! A rule whose issuer is not configured, or that wants a claim to be nothing, is an error here.

use std::collections::BTreeMap;

use crate::document::{Findings, Reader, Text, unknown};
use crate::identity::{Kind, Template, TrustRule};

pub(super) fn read(findings: &mut Findings, mut table: Reader<'_>, issuers: &[String]) -> Option<TrustRule> {
    let name = table.required(findings, "name").and_then(|text| template(findings, &text, "name"));
    let kinds = [Kind::Workload, Kind::Agent, Kind::Human].map(|kind| (kind.word(), kind));
    let kind = table.required(findings, "kind").and_then(|text| text.one_of(findings, "kind", &kinds));
    let issuer = table.required(findings, "issuer");
    if let Some(issuer) = &issuer
        && !issuers.contains(&issuer.text)
    {
        let words: Vec<&str> = issuers.iter().map(String::as_str).collect();
        unknown(findings, issuer, "issuer", &words);
    }
    let mut claims = BTreeMap::new();
    if let Some(mut entries) = table.table(findings, "claims") {
        for (claim, value) in entries.entries() {
            let Some(patterns) = value.texts(findings, &claim.text) else { continue };
            if patterns.is_empty() {
                let message = format!("`{}` is empty, so this principal can never be", claim.text);
                findings.wrong(&value.place, message, Some("leave it out, or write `*` for any value".to_owned()));
            }
            claims.insert(claim.text, patterns.into_iter().map(|pattern| pattern.text).collect());
        }
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

fn template(findings: &mut Findings, text: &Text, key: &str) -> Option<Template> {
    let template = Template::parse(&text.text);
    if template.is_none() {
        let message = format!("`{}` is no template for `{key}`", text.text);
        findings.wrong(&text.place, message, Some("write text with {claim} where a claim's value belongs".to_owned()));
    }
    template
}
