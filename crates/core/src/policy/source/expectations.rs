//! `[[test]]`: what the operator expects the policy to say, so that it can be tried before it is in force.
//!
//! Nothing is tried here. A test about nobody, or about no target, is an error like any other reference to nothing.

use std::sync::Arc;

use crate::document::{Findings, Reader, Text};
use crate::identity::Claims;
use crate::policy::source::{Known, each};
use crate::target::{TargetName, locate};

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Its name.
    pub name: Arc<str>,
    /// Where it stands: `policy.toml:12`.
    pub at: String,
    /// Who asks.
    pub who: Supposed,
    /// Which target.
    pub on: TargetName,
    /// Which database of it; the default where it does not say.
    pub space: Option<String>,
    /// For what, in the target's own language.
    pub run: String,
    /// What must come of it.
    pub verdict: Expected,
    /// What comes back masked, by name and in order; not looked at where it does not say.
    pub masked: Option<Vec<String>>,
}

/// Somebody to suppose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supposed {
    /// A principal by name.
    Named(String),
    /// Whoever these claims of an issuer make.
    Claims {
        /// The configured name of the issuer.
        issuer: String,
        /// The claims.
        claims: Claims,
    },
}

/// A verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It may run.
    Allow,
    /// It waits for a human.
    Hold,
    /// It may not run.
    Deny,
}

impl Expected {
    /// The word that configurations use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

pub(super) fn read_all(findings: &mut Findings, tables: Vec<Reader<'_>>, known: &Known<'_>) -> Vec<Expectation> {
    each(findings, tables, "tests", |findings, table, name| read(findings, table, name, known))
}

fn read(findings: &mut Findings, mut table: Reader<'_>, name: Option<Text>, known: &Known<'_>) -> Option<Expectation> {
    let at = findings.line_of(&table.place());
    let who = who(findings, &mut table, known);
    let on = table.required(findings, "on").and_then(|text| on(findings, &text, known));
    let run = table.required(findings, "run");
    let expect = expect(findings, &mut table);
    table.finish(findings);
    let ((on, space), (verdict, masked)) = (on?, expect?);
    Some(Expectation { name: name?.text.into(), at, who: who?, on, space, run: run?.text, verdict, masked })
}

fn who(findings: &mut Findings, table: &mut Reader<'_>, known: &Known<'_>) -> Option<Supposed> {
    let Some(value) = table.value("as") else {
        let hint = "add as = \"NAME\", or as = { issuer = \"…\", claims = { … } }".to_owned();
        findings.wrong(&table.place(), "this test does not say who asks", Some(hint));
        return None;
    };
    if value.is_text() {
        let text = value.text(findings, "as")?;
        known.person(findings, &text, "", &text.text);
        return Some(Supposed::Named(text.text));
    }
    let mut table = value.table(findings, "as")?;
    let issuer = table.required(findings, "issuer");
    let mut claims = Claims::new();
    if let Some(mut given) = table.table(findings, "claims") {
        for (claim, value) in given.entries() {
            let values = value.texts(findings, &claim.text).unwrap_or_default();
            claims.insert(claim.text, values.into_iter().map(|value| value.text).collect());
        }
    }
    table.finish(findings);
    let issuer = issuer?;
    known.issuer(findings, &issuer);
    Some(Supposed::Claims { issuer: issuer.text, claims })
}

fn on(findings: &mut Findings, text: &Text, known: &Known<'_>) -> Option<(TargetName, Option<String>)> {
    let Some(targets) = known.registered else {
        // with a mistake in a target, its databases cannot be told
        let (name, space) = text.text.split_once('/').map_or((&*text.text, None), |(name, space)| (name, Some(space)));
        return Some((known.target(findings, text, name)?, space.map(str::to_owned)));
    };
    match locate(targets, &text.text) {
        Ok((target, space)) => Some((target.name.clone(), space.map(str::to_owned))),
        Err(nowhere) => {
            findings.wrong(&text.place, nowhere.message, nowhere.hint);
            None
        }
    }
}

fn expect(findings: &mut Findings, table: &mut Reader<'_>) -> Option<(Expected, Option<Vec<String>>)> {
    let Some(mut expect) = table.table(findings, "expect") else {
        if table.value("expect").is_none() {
            let hint = "add expect = { verdict = \"allow\" }".to_owned();
            findings.wrong(&table.place(), "this test expects nothing", Some(hint));
        }
        return None;
    };
    let words = [Expected::Allow, Expected::Hold, Expected::Deny].map(|one| (one.word(), one));
    let verdict = expect.required(findings, "verdict").and_then(|text| text.one_of(findings, "verdict", &words));
    let masked = expect.texts(findings, "masked");
    expect.finish(findings);
    Some((verdict?, masked.map(|texts| texts.into_iter().map(|text| text.text).collect())))
}
