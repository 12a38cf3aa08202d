//! From the operator's TOML to a [`Rulebook`]: strict, complete, and with a place for everything that is wrong.
//!
//! It reads `[[principal]]`, `[[target]]`, `[[mask]]`, `[[rule]]`, `[roles]` and `[[test]]` of all files together, so that
//! references can be checked whichever file they stand in. What the gateway itself needs (`[gateway]`, `[[issuer]]`) is read elsewhere.

pub(super) mod expectations;
mod masks;
mod principals;
mod roles;
mod rules;
mod targets;
mod with;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};

use crate::document::{Findings, Reader, Text, nearest, unknown};
use crate::identity::{Template, may_meet};
use crate::policy::condition::Facts;
use crate::policy::{On, Rulebook};
use crate::target::{Target, TargetName};
use crate::verdict::{Revision, Who};
use crate::vocabulary::Vocabulary;

/// The policy's tables of all files, gathered before they are compiled.
#[derive(Debug, Default)]
pub struct Source<'d> {
    principals: Vec<Reader<'d>>,
    targets: Vec<Reader<'d>>,
    masks: Vec<Reader<'d>>,
    rules: Vec<Reader<'d>>,
    roles: Vec<Reader<'d>>,
    expectations: Vec<Reader<'d>>,
}

/// What the names in a policy may refer to.
pub(crate) struct Known<'a> {
    vocabularies: &'a BTreeMap<&'static str, &'static Vocabulary>,
    targets: Vec<&'a str>,
    /// The targets themselves; none of them where one could not be read.
    registered: Option<&'a BTreeMap<TargetName, Arc<Target>>>,
    /// What the names of principals look like.
    people: Vec<String>,
    groups: Vec<String>,
    issuers: &'a [String],
}

/// What the names look like that a trust rule makes; anything, where it is none.
fn named(table: &Reader<'_>) -> String {
    table.peek("name").and_then(Template::parse).map_or_else(|| "*".to_owned(), |name| name.pattern())
}

impl<'d> Source<'d> {
    /// Takes the policy's tables out of a file; the reader keeps the rest.
    pub fn gather(&mut self, findings: &mut Findings, top: &mut Reader<'d>) {
        self.principals.extend(top.tables(findings, "principal"));
        self.targets.extend(top.tables(findings, "target"));
        self.masks.extend(top.tables(findings, "mask"));
        self.rules.extend(top.tables(findings, "rule"));
        self.roles.extend(top.table(findings, "roles"));
        self.expectations.extend(top.tables(findings, "test"));
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
        let people = self.principals.iter().map(named).collect();
        let trust: Vec<_> =
            self.principals.into_iter().filter_map(|table| principals::read(findings, table, issuers)).collect();
        // a target with a mistake in it can be referred to all the same: one mistake, one message
        let names = self.targets.iter().filter_map(|table| table.peek("name")).collect();
        let tables = self.targets.len();
        let mut targets: BTreeMap<TargetName, Arc<Target>> = BTreeMap::new();
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
            targets: names,
            registered: (targets.len() == tables).then_some(&targets),
            people,
            groups: trust.iter().flat_map(|rule| rule.groups.iter().cloned()).collect(),
            issuers,
        };
        let masks = masks::read_all(findings, self.masks, &known);
        let rules = rules::read_all(findings, self.rules, &known);
        let roles = roles::read_all(findings, self.roles, &known);
        let expectations = expectations::read_all(findings, self.expectations, &known);
        Rulebook { revision: revision(content), trust, rules, masks, targets, vocabularies, roles, expectations }
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
                self.label(findings, text, name);
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

    /// A label that no target has matches nothing, and would be believed in.
    fn label(&self, findings: &mut Findings, text: &Text, label: &str) {
        let labels = self.registered.into_iter().flat_map(BTreeMap::values).flat_map(|target| &target.labels);
        let labels: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
        if self.registered.is_none() || labels.iter().any(|known| known == label) {
            return;
        }
        let words: Vec<&str> = labels.iter().map(String::as_str).collect();
        let one = Text { text: label.to_owned(), place: text.place.clone() };
        unknown(findings, &one, "label", &words);
    }

    /// Whether something of `protocol` may be among the targets named.
    fn speaks(&self, on: &[On], protocol: &str) -> bool {
        let spoken = |target: &Arc<Target>| target.protocol == protocol && on.iter().any(|on| on.names(target));
        let stated = on.iter().any(|on| *on == On::Protocol(protocol.to_owned()));
        stated || self.registered.is_none_or(|targets| targets.is_empty() || targets.values().any(spoken))
    }

    /// The facts that a condition on these targets may ask for.
    fn facts(&self, on: &[On]) -> Facts<'_> {
        let mut facts = Facts::default();
        for vocabulary in self.vocabularies.values() {
            for fact in vocabulary.facts {
                if !self.speaks(on, vocabulary.protocol) {
                    facts.elsewhere.push(fact.name);
                    continue;
                }
                let kind = facts.known.entry(fact.name).or_insert(Some(fact.kind));
                *kind = kind.filter(|kind| *kind == fact.kind);
            }
        }
        facts
    }

    /// An issuer that is not configured vouches for nobody.
    fn issuer(&self, findings: &mut Findings, text: &Text) {
        if !self.issuers.contains(&text.text) {
            let words: Vec<&str> = self.issuers.iter().map(String::as_str).collect();
            unknown(findings, text, "issuer", &words);
        }
    }

    /// A principal that no trust rule makes is nobody, and would be believed in.
    fn person(&self, findings: &mut Findings, text: &Text, prefix: &str, name: &str) {
        if self.people.iter().any(|known| may_meet(known, name)) {
            return;
        }
        let words: Vec<&str> = self.people.iter().map(String::as_str).collect();
        let hint = nearest(name, &words).map(|word| format!("did you mean `{prefix}{word}`?"));
        findings.wrong(&text.place, format!("no [[principal]] is named `{name}`"), hint);
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
            if let Some(Who::Principal(name)) = &who {
                self.person(findings, text, "principal:", name);
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
