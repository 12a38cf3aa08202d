//! The configuration: one TOML file, what it includes, and everything that is wrong in them at once.
//!
//! It reads and compiles; it opens no port, reads no secret and asks nobody anything, so `postern check` runs
//! anywhere. The policy's tables are core's to understand. Enter at [`read`].

mod files;
mod gateway;
mod inventories;
mod issuers;
mod listeners;
mod mistakes;
mod online;
mod paths;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postern_adapters::identity::{FINGERPRINT, Issuer, KEYS, is_fingerprint};
use postern_core::Vocabulary;
use postern_core::document::{Findings, Reader};
use postern_core::policy::source::{Around, Only, Source, Voucher};
use postern_core::policy::{Needs, Rulebook};
use postern_core::target::{Login, Target, TargetTls};

pub use files::Stamp;
pub use gateway::{Gateway, Tls};
pub use inventories::Inventories;
pub use listeners::{HTTPS, Listener, Listeners};
pub use mistakes::{Mistakes, Remark};
pub use online::Answers;

use files::Texts;
use paths::Base;

#[cfg(test)]
pub(crate) mod tests;

/// The JSON Schema of configurations, for editors. It knows keys and words; what they come to, only [`read`] can say.
pub const SCHEMA: &str = include_str!("config/schema.json");

/// A configuration without a mistake in it.
#[derive(Debug)]
pub struct Config {
    /// What the gateway itself needs.
    pub gateway: Gateway,
    /// Where it listens.
    pub listeners: Listeners,
    /// Who may vouch for principals.
    pub issuers: Vec<Issuer>,
    /// The policy.
    pub rulebook: Rulebook,
    /// The files it was read from, as they were.
    pub stamp: Stamp,
    /// What the operator should know although nothing is wrong.
    findings: Findings,
    /// Where relative paths start.
    base: Base,
}

impl Config {
    /// What the operator should know although nothing is wrong.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        Remark::all(&self.findings)
    }

    /// Says to the log what the operator should know.
    pub fn log_remarks(&self) {
        for remark in self.remarks() {
            tracing::warn!("{}", remark.line);
        }
    }

    /// What the accounts of a target are for.
    #[must_use]
    pub fn needs(&self, target: &Target) -> Vec<Needs> {
        let vouchers: Vec<Voucher<'_>> = self.issuers.iter().map(voucher).chain([keys()]).collect();
        self.rulebook.needs(target, &vouchers)
    }

    /// One line that says what it holds.
    #[must_use]
    pub fn summary(&self) -> String {
        let Rulebook { trust, targets, revision, .. } = &self.rulebook;
        let counts = [
            (self.rulebook.rule_count(), "rule"),
            (self.rulebook.mask_count(), "mask"),
            (targets.len(), "target"),
            (trust.len(), "principal"),
            (self.issuers.len(), "issuer"),
        ];
        let counts = counts.map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
        format!("{}; revision {revision}", counts.join(", "))
    }
}

/// Reads a configuration. Relative paths in it start from the folder of `file`.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn read(file: &Path, vocabularies: &[&'static Vocabulary]) -> Result<Config, Mistakes> {
    let mut findings = Findings::new();
    let stamp = Stamp::of(file);
    let main = Texts::main(file).map_err(|reason| Mistakes::unreadable(file, &reason))?;
    let parsed = main.parse(&mut findings);
    let mut readers = parsed.readers();
    // INVARIANT: only the file that was named includes others, so there is no cycle to look for.
    let included = match readers.first_mut() {
        Some(top) => Texts::included(&mut findings, top, file),
        None => Texts::default(),
    };
    let parsed_too = included.parse(&mut findings);
    let others = parsed_too.readers();
    let content: Vec<&str> = main.content().chain(included.content()).collect();
    let draft = Draft { findings, vocabularies, base: Base::of(file) };
    let mut config = draft.compile(readers, others, &content)?;
    config.stamp = stamp.with(&included);
    Ok(config)
}

/// A configuration while it is put together.
struct Draft<'v> {
    findings: Findings,
    vocabularies: &'v [&'static Vocabulary],
    base: Base,
}

impl Draft<'_> {
    fn compile(mut self, main: Vec<Reader<'_>>, others: Vec<Reader<'_>>, content: &[&str]) -> Result<Config, Mistakes> {
        let mut source = Source::default();
        let mut tables = Vec::new();
        let mut settings = None;
        for mut top in main {
            let mut table = gateway::read(&mut self, &mut top);
            let listeners = listeners::read(&mut self, &mut top, table.as_mut());
            tables.extend(top.tables(&mut self.findings, "issuer"));
            source.gather(&mut self.findings, &mut top);
            settings = table.zip(listeners);
            top.finish(&mut self.findings);
        }
        for mut top in others {
            tables.extend(top.tables(&mut self.findings, "issuer"));
            source.gather(&mut self.findings, &mut top);
            top.finish(&mut self.findings);
        }
        let issuers = issuers::read_all(&mut self, tables);
        let vouchers: Vec<Voucher<'_>> = issuers.iter().map(voucher).chain([keys()]).collect();
        let around = Around { vocabularies: self.vocabularies, later: postern_protocols::LATER, issuers: &vouchers };
        let mut rulebook = source.compile(&mut self.findings, &around, content);
        // last, because a target with a mistake in it is not there
        let settings = settings.and_then(|(table, listeners)| {
            let listeners = match self.findings.is_clean() {
                true => listeners.serving(&mut self.findings, &table.place, &rulebook),
                false => listeners,
            };
            table.gateway.zip(Some(listeners))
        });
        let Some((gateway, listeners)) = settings.filter(|_| self.findings.is_clean()) else {
            return Err(Mistakes::found(&self.findings));
        };
        for target in rulebook.targets.values_mut() {
            *target = Arc::new(self.base.settle(target));
        }
        let Self { findings, base, .. } = self;
        Ok(Config { gateway, listeners, issuers, rulebook, stamp: Stamp::default(), findings, base })
    }
}

/// What a policy must know of an issuer.
fn voucher(issuer: &Issuer) -> Voucher<'_> {
    let groups = issuer.groups_claim.as_ref().map(|_| issuer.groups_prefix.as_deref().unwrap_or_default());
    Voucher { name: &issuer.name, url: &issuer.url, groups, only: None }
}

/// What a policy must know of keys that are registered: there is an issuer of them without an `[[issuer]]`.
fn keys() -> Voucher<'static> {
    let only = Only { claim: FINGERPRINT, form: "SHA256:", fits: is_fingerprint };
    Voucher { name: KEYS, url: "", groups: None, only: Some(only) }
}

impl Base {
    /// The target with its paths starting from the configuration's folder.
    fn settle(&self, target: &Target) -> Target {
        let mut target = target.clone();
        target.tls = match target.tls {
            TargetTls::VerifyFull { ca } => TargetTls::VerifyFull { ca: ca.map(|ca| self.join(&ca)) },
            TargetTls::VerifyCa { ca } => TargetTls::VerifyCa { ca: ca.map(|ca| self.join(&ca)) },
            proof @ (TargetTls::Disable | TargetTls::HostKeys { .. }) => proof,
        };
        for (_, login) in &mut target.logins {
            self.settle_login(login);
        }
        if let Some(login) = &mut target.catalog_login {
            self.settle_login(login);
        }
        target
    }

    fn settle_login(&self, login: &mut Login) {
        for reference in login.references_mut().filter(|reference| reference.scheme == "file") {
            reference.name = self.join(&PathBuf::from(&reference.name)).display().to_string();
        }
    }
}
