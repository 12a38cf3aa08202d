//! A policy that a test writes as an operator would, and can change while sessions run.
//!
//! It reads no file, and accepts nothing that core finds fault with. Enter at [`rulebook`].

use std::fmt;
use std::sync::Arc;

use postern_core::document::{Diagnostic, Findings, Reader, parse};
use postern_core::mask::Pseudonyms;
use postern_core::policy::Rulebook;
use postern_core::policy::source::{Around, Source, Voucher};
use postern_core::ports::{Later, Policy};
use postern_core::secret::Secret;
use postern_core::verdict::Revision;
use postern_core::vocabulary::Vocabulary;
use tokio::sync::watch;

use super::KnownTokens;

/// The policy in force is what was put here last.
#[derive(Debug)]
pub struct SwapPolicy {
    rulebook: watch::Sender<Arc<Rulebook>>,
}

impl SwapPolicy {
    /// A policy that can be changed later.
    #[must_use]
    pub fn new(rulebook: Rulebook) -> Self {
        Self { rulebook: watch::Sender::new(keyed(rulebook)) }
    }

    /// Puts another policy in force.
    pub fn swap(&self, rulebook: Rulebook) {
        self.rulebook.send_replace(keyed(rulebook));
    }
}

impl Policy for SwapPolicy {
    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::clone(&self.rulebook.borrow())
    }

    fn changed(&self, seen: Revision) -> Later<'_, ()> {
        let mut rulebook = self.rulebook.subscribe();
        // the sender lives in `self`, so the channel is open
        Box::pin(async move { drop(rulebook.wait_for(|rulebook| rulebook.revision != seen).await) })
    }
}

fn keyed(rulebook: Rulebook) -> Arc<Rulebook> {
    match Pseudonyms::derive(&Secret::new(vec![7; 32])) {
        Ok(pseudonyms) => rulebook.keyed(&pseudonyms).into(),
        Err(_) => rulebook.into(),
    }
}

/// What is wrong with a policy that a test meant to be right.
#[derive(Debug, PartialEq, Eq)]
pub struct PolicyError(pub Vec<Diagnostic>);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for PolicyError {}

/// The rulebook of one policy file, whose issuer is [`KnownTokens::ISSUER`].
///
/// # Errors
/// Everything that is wrong in it.
pub fn rulebook(text: &str, vocabularies: &[&'static Vocabulary]) -> Result<Rulebook, PolicyError> {
    let mut findings = Findings::new();
    let Some((file, table)) = parse(&mut findings, "policy.toml", text) else {
        return Err(PolicyError(findings.diagnostics().to_vec()));
    };
    let mut top = Reader::top(file, &table);
    let mut source = Source::default();
    source.gather(&mut findings, &mut top);
    top.finish(&mut findings);
    let issuers = [Voucher { name: KnownTokens::ISSUER, url: KnownTokens::URL, groups: Some(""), only: None }];
    let rulebook = source.compile(&mut findings, &Around { vocabularies, later: &[], issuers: &issuers }, &[text]);
    if findings.is_clean() { Ok(rulebook) } else { Err(PolicyError(findings.diagnostics().to_vec())) }
}
