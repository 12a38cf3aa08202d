//! A policy that a test writes as an operator would, and can change while sessions run.
//!
//! It reads no file, and accepts nothing that core finds fault with. Enter at [`rulebook`].

use std::fmt;
use std::sync::{Arc, Mutex};

use postern_core::document::{Diagnostic, Findings, Reader, parse};
use postern_core::policy::Rulebook;
use postern_core::policy::source::Source;
use postern_core::ports::Policy;
use postern_core::vocabulary::Vocabulary;

use super::{KnownTokens, locked};

/// The policy in force is what was put here last.
#[derive(Debug)]
pub struct SwapPolicy {
    rulebook: Mutex<Arc<Rulebook>>,
}

impl SwapPolicy {
    /// A policy that can be changed later.
    #[must_use]
    pub fn new(rulebook: Rulebook) -> Self {
        Self { rulebook: Mutex::new(Arc::new(rulebook)) }
    }

    /// Puts another policy in force.
    pub fn swap(&self, rulebook: Rulebook) {
        *locked(&self.rulebook) = Arc::new(rulebook);
    }
}

impl Policy for SwapPolicy {
    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::clone(&locked(&self.rulebook))
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
    let issuers = [KnownTokens::ISSUER.to_owned()];
    let rulebook = source.compile(&mut findings, vocabularies, &issuers, &[text]);
    if findings.is_clean() { Ok(rulebook) } else { Err(PolicyError(findings.diagnostics().to_vec())) }
}
