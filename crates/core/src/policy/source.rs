//! From the operator's TOML to a [`Rulebook`]: strict, complete, and with a place for everything that is wrong.
//!
//! It reads `[[principal]]`, `[[target]]`, `[[mask]]` and `[[rule]]` of all files together, so that references can be
//! checked whichever file they stand in. What the gateway itself needs (`[gateway]`, `[[issuer]]`) is read elsewhere.

mod masks;
mod principals;
mod rules;
mod targets;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};

use crate::document::{Findings, Reader, Text, unknown};
use crate::policy::{On, Rulebook};
use crate::target::TargetName;
use crate::verdict::{Revision, Who};
use crate::vocabulary::Vocabulary;

/// The policy's tables of all files, gathered before they are compiled.
#[derive(Debug, Default)]
pub struct Source<'d> {
    principals: Vec<Reader<'d>>,
    targets: Vec<Reader<'d>>,
    masks: Vec<Reader<'d>>,
    rules: Vec<Reader<'d>>,
}

/// What the names in a policy may refer to.
pub(crate) struct Known<'a> {
    vocabularies: &'a BTreeMap<&'static str, &'static Vocabulary>,
    targets: Vec<&'a str>,
    groups: Vec<String>,
}

impl<'d> Source<'d> {
    /// Takes the policy's tables out of a file; the reader keeps the rest.
    pub fn gather(&mut self, findings: &mut Findings, top: &mut Reader<'d>) {
        self.principals.extend(top.tables(findings, "principal"));
        self.targets.extend(top.tables(findings, "target"));
        self.masks.extend(top.tables(findings, "mask"));
        self.rules.extend(top.tables(findings, "rule"));
        top.later(findings, "test");
    }

    /// Compiles what was gathered. Everything wrong is in `findings` afterwards; the rulebook counts only where
    /// they are clean. `issuers` are the configured names, `content` the bytes of all files, for the revision.
    #[must_use]
    pub fn compile(
        self,
        findings: &mut Findings,
        vocabularies: &[&'static Vocabulary],
        issuers: &[String],
        content: &[&str],
    ) -> Rulebook {
        let vocabularies: BTreeMap<_, _> = vocabularies.iter().map(|one| (one.protocol, *one)).collect();
        let trust: Vec<_> =
            self.principals.into_iter().filter_map(|table| principals::read(findings, table, issuers)).collect();
        // a target with a mistake in it can be referred to all the same: one mistake, one message
        let named = self.targets.iter().filter_map(|table| table.peek("name")).collect();
        let mut targets = BTreeMap::new();
        for table in self.targets {
            let place = table.place();
            let Some(target) = targets::read(findings, table, &vocabularies) else { continue };
            if targets.contains_key(&target.name) {
                findings.wrong(&place, format!("there are two targets `{}`", target.name), None);
            }
            targets.insert(target.name.clone(), Arc::new(target));
        }
        let known = Known {
            vocabularies: &vocabularies,
            targets: named,
            groups: trust.iter().flat_map(|rule| rule.groups.iter().cloned()).collect(),
        };
        let masks: Vec<_> = self.masks.into_iter().filter_map(|table| masks::read(findings, table, &known)).collect();
        let rules = rules::read_all(findings, self.rules, &known);
        Rulebook { revision: revision(content), trust, rules, masks, targets, vocabularies }
    }
}

impl Known<'_> {
    /// Reads `on = […]`.
    fn on(&self, findings: &mut Findings, texts: Vec<Text>) -> Vec<On> {
        texts.into_iter().filter_map(|text| self.on_one(findings, &text)).collect()
    }

    fn on_one(&self, findings: &mut Findings, text: &Text) -> Option<On> {
        if text.text == "*" {
            return Some(On::Anything);
        }
        let Some((word, name)) = text.text.split_once(':') else {
            findings.wrong(&text.place, format!("`{}` names no target", text.text), Some(self.on_forms(&text.text)));
            return None;
        };
        match word {
            "target" => self.target(findings, text, name).map(On::Target),
            "label" => {
                let Some((key, value)) = name.split_once('=') else {
                    findings.wrong(
                        &text.place,
                        format!("`{}` is no label", text.text),
                        Some("write label:KEY=VALUE".to_owned()),
                    );
                    return None;
                };
                Some(On::Label(key.to_owned(), value.to_owned()))
            }
            "protocol" => {
                let words: Vec<&str> = self.vocabularies.keys().copied().collect();
                let one = Text { text: name.to_owned(), place: text.place.clone() };
                if words.contains(&name) {
                    return Some(On::Protocol(name.to_owned()));
                }
                unknown(findings, &one, "protocol", &words);
                None
            }
            _ => {
                findings.wrong(&text.place, format!("`{}` names no target", text.text), Some(self.on_forms(name)));
                None
            }
        }
    }

    fn on_forms(&self, text: &str) -> String {
        if self.targets.contains(&text) {
            return format!("write `target:{text}`");
        }
        "write target:NAME, label:KEY=VALUE, protocol:NAME or *".to_owned()
    }

    fn target(&self, findings: &mut Findings, text: &Text, name: &str) -> Option<TargetName> {
        if !self.targets.contains(&name) {
            let one = Text { text: name.to_owned(), place: text.place.clone() };
            unknown(findings, &one, "target", &self.targets);
            return None;
        }
        TargetName::parse(name)
    }

    /// Reads `who = […]`, `for`, `except`, `approvers`.
    fn who(&self, findings: &mut Findings, texts: Vec<Text>, key: &str) -> Vec<Who> {
        let read = |text: &Text| {
            let who = Who::parse(&text.text);
            if who.is_none() {
                let hint = if self.groups.contains(&text.text) {
                    format!("write `group:{}`", text.text)
                } else {
                    "write group:NAME, principal:NAME, kind:workload|agent|human or *".to_owned()
                };
                findings.wrong(&text.place, format!("`{}` names nobody for `{key}`", text.text), Some(hint));
            }
            who
        };
        texts.iter().filter_map(read).collect()
    }
}

fn revision(content: &[&str]) -> Revision {
    let mut context = digest::Context::new(&SHA256);
    for text in content {
        context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut revision = [0; 8];
    revision.copy_from_slice(context.finish().as_ref().get(..8).unwrap_or(&[0; 8]));
    Revision(revision)
}
