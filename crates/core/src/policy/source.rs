//! From the operator's TOML to a [`Rulebook`]: strict, complete, and with a place for everything that is wrong.
//!
//! It reads `[[principal]]`, `[[target]]`, `[[mask]]`, `[[rule]]`, `[roles]` and `[[test]]` of all files together, so that
//! references can be checked whichever file they stand in. What the gateway itself needs (`[gateway]`, `[[issuer]]`) is read elsewhere.

pub(super) mod expectations;
mod masks;
mod offers;
mod principals;
mod reach;
mod roles;
mod rules;
mod shadows;
mod targets;
mod with;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};

use crate::document::{Findings, Place, Reader, Text, nearest, unknown};
use crate::identity::{Kind, Template, matches, may_meet};
use crate::policy::concern::Concerns;
use crate::policy::condition::{Facts, Words};
use crate::policy::index::Naming;
use crate::policy::references::Written;
use crate::policy::{On, RuleEffect, Rulebook};
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

/// What a policy stands in: the protocols, and who may vouch.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The words of every protocol.
    pub vocabularies: &'a [&'static Vocabulary],
    /// The names of protocols that a later version speaks.
    pub later: &'a [&'static str],
    /// The configured issuers.
    pub issuers: &'a [Voucher<'a>],
}

/// A configured issuer, as far as a policy must know it.
#[derive(Clone, Copy, Debug)]
pub struct Voucher<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// What the groups that it states begin with; nothing where it states none.
    pub groups: Option<&'a str>,
    /// What a trust rule must say of those it vouches for, where it vouches for anybody who comes.
    pub only: Option<Only<'a>>,
}

/// The claim by which a principal is one and no other: a trust rule must name its values in full.
#[derive(Clone, Copy, Debug)]
pub struct Only<'a> {
    /// The claim.
    pub claim: &'a str,
    /// How a value of it begins, for whoever has to write one.
    pub form: &'a str,
    /// Whether this is one value of it, and not a pattern.
    pub fits: fn(&str) -> bool,
}

/// What a table does with what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// It lets through, perhaps after a human agreed. If it can never match, somebody waits for nothing.
    Opens,
    /// It forbids or hides. If that cannot happen yet, nothing is lost.
    Closes,
}

impl Aim {
    fn of(effect: Option<RuleEffect>) -> Self {
        match effect {
            Some(RuleEffect::Allow | RuleEffect::Approve) => Self::Opens,
            // nobody knows what it was meant to do: one mistake, one message
            Some(RuleEffect::Forbid) | None => Self::Closes,
        }
    }
}

/// What the names in a policy may refer to.
pub(crate) struct Known<'a> {
    vocabularies: &'a BTreeMap<&'static str, &'static Vocabulary>,
    later: &'a [&'static str],
    targets: Vec<&'a str>,
    masks: Vec<&'a str>,
    /// The targets themselves; none of them where one could not be read.
    registered: Option<&'a BTreeMap<TargetName, Arc<Target>>>,
    /// The labels of all targets, `KEY=VALUE`.
    labels: Vec<String>,
    /// What the names of principals look like.
    people: Vec<String>,
    /// What the names of groups look like that somebody can be in; nothing where that cannot be said.
    groups: Option<Vec<String>>,
    /// The kinds of principals there are; nothing where that cannot be said.
    kinds: Option<Vec<Kind>>,
    issuers: Vec<&'a str>,
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
    /// they are clean. `content` are the bytes of all files, for the revision.
    #[must_use]
    pub fn compile(self, findings: &mut Findings, around: &Around<'_>, content: &[&str]) -> Rulebook {
        let vocabularies: BTreeMap<_, _> = around.vocabularies.iter().map(|one| (one.protocol, *one)).collect();
        let issuers: Vec<&str> = around.issuers.iter().map(|issuer| issuer.name).collect();
        let people: Vec<String> = self.principals.iter().map(named).collect();
        let trust = principals::read_all(findings, self.principals, around.issuers);
        // a target with a mistake in it can be referred to all the same: one mistake, one message
        let names = self.targets.iter().filter_map(|table| table.peek("name")).collect();
        let masks = self.masks.iter().filter_map(|table| table.peek("name")).collect();
        let tables = self.targets.len();
        // without anybody, or with a mistake in somebody, nothing is certain about groups and kinds
        let whole = !trust.is_empty() && trust.len() == people.len();
        let stated = around.issuers.iter().filter_map(|issuer| issuer.groups).map(|prefix| format!("{prefix}*"));
        let joined = trust.iter().flat_map(|rule| rule.groups.iter().cloned());
        let known = Known {
            vocabularies: &vocabularies,
            later: around.later,
            targets: names,
            masks,
            registered: None,
            labels: Vec::new(),
            people,
            groups: whole.then(|| joined.chain(stated).collect()),
            kinds: whole.then(|| trust.iter().map(|rule| rule.kind).collect()),
            issuers,
        };
        let mut written = Written::default();
        let targets = targets::read_all(findings, self.targets, &known, &mut written);
        let registered = (targets.len() == tables).then_some(&targets);
        let known = Known { registered, labels: labels(&targets), ..known };
        let masks = masks::read_all(findings, self.masks, &known, &mut written.references);
        let rules = rules::read_all(findings, self.rules, &known, &mut written.references);
        let roles = roles::read_all(findings, self.roles, &known);
        let expectations = expectations::read_all(findings, self.expectations, &known);
        let issuers = around.issuers.iter().map(|issuer| (issuer.name.to_owned(), issuer.url.to_owned())).collect();
        let (revision, naming) = (revision(content), Naming::of(&rules));
        let concerns = Concerns::default();
        Rulebook {
            revision,
            trust,
            issuers,
            rules,
            naming,
            concerns,
            masks,
            targets,
            vocabularies,
            roles,
            expectations,
            written,
        }
    }
}

fn labels(targets: &BTreeMap<TargetName, Arc<Target>>) -> Vec<String> {
    let pairs = targets.values().flat_map(|target| &target.labels).map(|(key, value)| format!("{key}={value}"));
    let labels: BTreeSet<String> = pairs.collect();
    labels.into_iter().collect()
}

impl Known<'_> {
    /// Reads `on = […]`.
    fn on(&self, findings: &mut Findings, place: &Place, texts: &[Text], aim: Aim) -> Vec<On> {
        let before = findings.diagnostics().len();
        once(findings, texts);
        let on: Vec<On> = texts.iter().filter_map(|text| self.on_one(findings, text, aim)).collect();
        if findings.diagnostics().len() == before {
            self.reaches(findings, place, &on, aim);
        }
        on
    }

    fn on_one(&self, findings: &mut Findings, text: &Text, aim: Aim) -> Option<On> {
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
                let is_later = self.is_later(findings, &one, aim);
                if words.contains(&name) || is_later == Some(Aim::Closes) {
                    return Some(On::Protocol(name.to_owned()));
                }
                if is_later.is_none() {
                    unknown(findings, &one, "protocol", &words);
                }
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
        if self.registered.is_none() || self.labels.iter().any(|known| known == label) {
            return;
        }
        let words: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let one = Text { text: label.to_owned(), place: text.place.clone() };
        unknown(findings, &one, "label", &words);
    }

    /// Says so where a word is of a protocol that a later version speaks: what opens would open nothing, and what closes
    /// is harmless until then.
    fn is_later(&self, findings: &mut Findings, word: &Text, aim: Aim) -> Option<Aim> {
        let protocol = word.text.split_once('.').map_or(word.text.as_str(), |(protocol, _)| protocol);
        if !self.later.contains(&protocol) {
            return None;
        }
        match aim {
            Aim::Opens => findings.wrong(&word.place, format!("`{}`: not in this version", word.text), None),
            Aim::Closes => {
                let message = format!("`{}`: not in this version, so there is nothing of it to stop yet", word.text);
                findings.note(&word.place, message, None)
            }
        };
        Some(aim)
    }

    /// Whether something of `protocol` may be among the targets named.
    fn speaks(&self, on: &[On], protocol: &str) -> bool {
        let spoken = |target: &Arc<Target>| target.protocol == protocol && on.iter().any(|on| on.names(target));
        let stated = on.iter().any(|on| *on == On::Protocol(protocol.to_owned()));
        stated || self.registered.is_none_or(|targets| targets.is_empty() || targets.values().any(spoken))
    }

    /// The facts that a condition on these targets may ask for.
    fn facts(&self, on: &[On]) -> Facts<'_> {
        let actions = self.vocabularies.values().flat_map(|one| one.actions.iter().copied()).collect();
        let words = Words {
            issuers: &self.issuers,
            targets: &self.targets,
            protocols: self.vocabularies.keys().copied().collect(),
            actions,
            later: self.later,
        };
        let mut facts = Facts { words, ..Facts::default() };
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
        if !self.issuers.contains(&text.text.as_str()) {
            unknown(findings, text, "issuer", &self.issuers);
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

    /// A group that nobody can be in is nobody, and would be believed in.
    fn group(&self, findings: &mut Findings, text: &Text, name: &str) {
        let Some(groups) = self.groups.as_ref().filter(|groups| !groups.iter().any(|known| matches(known, name)))
        else {
            return;
        };
        let words: Vec<&str> = groups.iter().map(String::as_str).collect();
        let hint = nearest(name, &words).map(|word| format!("did you mean `group:{word}`?"));
        let hint = hint.unwrap_or_else(|| {
            format!("add \"{name}\" to `groups` of a [[principal]], or `groups_claim` to the [[issuer]] that states it")
        });
        findings.wrong(&text.place, format!("nobody can be in group `{name}`"), Some(hint));
    }

    /// Reads `who = […]` and `for`: somebody must be meant.
    fn somebody(&self, findings: &mut Findings, place: &Place, texts: Vec<Text>, key: &str, aim: Aim) -> Vec<Who> {
        let before = findings.diagnostics().len();
        let who = self.who(findings, texts, key);
        if findings.diagnostics().len() == before {
            self.peopled(findings, place, &who, aim);
        }
        who
    }

    /// Reads what names people: `who`, `for`, `except`, `approvers` and the like.
    fn who(&self, findings: &mut Findings, texts: Vec<Text>, key: &str) -> Vec<Who> {
        once(findings, &texts);
        let read = |text: &Text| {
            let who = Who::parse(&text.text);
            match &who {
                None => {
                    let is_group = self.groups.iter().flatten().any(|group| *group == text.text);
                    let hint = if is_group {
                        format!("write `group:{}`", text.text)
                    } else {
                        "write group:NAME, principal:NAME, kind:workload|agent|human or *".to_owned()
                    };
                    findings.wrong(&text.place, format!("`{}` names nobody for `{key}`", text.text), Some(hint));
                }
                Some(Who::Principal(name)) => self.person(findings, text, "principal:", name),
                Some(Who::Group(name)) => self.group(findings, text, name),
                Some(Who::Anyone | Who::Kind(_)) => {}
            }
            who
        };
        texts.iter().filter_map(read).collect()
    }
}

/// What stands in a list twice was meant to be something else, or nothing.
fn once(findings: &mut Findings, texts: &[Text]) {
    let mut seen = BTreeSet::new();
    for text in texts.iter().filter(|text| !seen.insert(text.text.as_str())) {
        findings.warn(&text.place, format!("`{}` stands in this list twice", text.text), None);
    }
}

/// Reads tables that each have a name of their own.
fn each<'d, T>(
    findings: &mut Findings,
    tables: Vec<Reader<'d>>,
    what: &str,
    mut read: impl FnMut(&mut Findings, Reader<'d>, Option<Text>) -> Option<T>,
) -> Vec<T> {
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut all = Vec::new();
    for mut table in tables {
        let name = table.required(findings, "name");
        if let Some(name) = &name {
            if let Some(first) = names.get(&name.text) {
                let first = findings.at(first);
                let message = format!("there are two {what} `{}`", name.text);
                findings.wrong(&name.place, message, None).notes.push(format!("the first is at {first}"));
            }
            names.entry(name.text.clone()).or_insert_with(|| name.place.clone());
        }
        all.extend(read(findings, table, name));
    }
    all
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
