//! Taking up a changed configuration while sessions run: all of it or nothing.
//!
//! Policy and issuers change at once, for live sessions too. What a running process cannot change (addresses, files,
//! certificates) waits for a restart, and is said. A configuration with a mistake changes nothing, loudly.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use postern_adapters::identity::{Issuer, Oidc};
use postern_api::Counts;
use postern_core::Clock;
use postern_core::ports::{Policy, Protocol};

use crate::config::{self, Gateway, Listeners, Stamp};
use crate::failure;

use super::policy::{InForce, Verifiers};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Takes up changes.
pub(super) struct Reloader {
    file: PathBuf,
    protocols: Vec<Arc<dyn Protocol>>,
    in_force: InForce,
    verifiers: Verifiers,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
    fixed: Option<(Gateway, Listeners)>,
    issuers: Vec<Issuer>,
    stamp: Stamp,
}

impl Reloader {
    pub(super) fn new(
        file: &Path,
        protocols: Vec<Arc<dyn Protocol>>,
        in_force: InForce,
        verifiers: Verifiers,
        counts: Arc<Counts>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (issuers, stamp) = (Vec::new(), Stamp::default());
        Self { file: file.to_owned(), protocols, in_force, verifiers, counts, clock, fixed: None, issuers, stamp }
    }

    /// States what the gateway was started with.
    pub(super) fn having(self, gateway: Gateway, listeners: Listeners, issuers: Vec<Issuer>, stamp: Stamp) -> Self {
        Self { fixed: Some((gateway, listeners)), issuers, stamp, ..self }
    }

    /// Resolves when a file looks different from when it was last read.
    pub(super) async fn changed(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.stamp.has_changed() {
                return;
            }
        }
    }

    pub(super) fn reload(&mut self) {
        let before = self.in_force.rulebook().revision;
        match self.take_up() {
            Ok(()) => {
                let after = self.in_force.rulebook().revision;
                tracing::info!(%before, %after, "the configuration was taken up");
            }
            Err(error) => {
                self.counts.reload_failed();
                let why = failure::shown(&error);
                tracing::error!(in_force = %before, "the configuration was NOT taken up; the last good one stays\n{why}");
            }
        }
    }

    fn take_up(&mut self) -> anyhow::Result<()> {
        // looked at before it is read: what changes meanwhile is seen the next time
        self.stamp = self.stamp.renewed();
        let vocabularies: Vec<_> = self.protocols.iter().map(|protocol| protocol.vocabulary()).collect();
        let config = config::read(&self.file, &vocabularies)?;
        config.log_remarks();
        self.stamp = config.stamp;
        if config.issuers != self.issuers {
            self.verifiers.replace(Oidc::new(config.issuers.clone(), Arc::clone(&self.clock))?);
            self.issuers = config.issuers;
        }
        self.in_force.replace(config.rulebook);
        if self.fixed.as_ref().is_some_and(|fixed| *fixed != (config.gateway, config.listeners)) {
            tracing::warn!("[gateway] or [listener] has changed; that takes a restart");
        }
        Ok(())
    }
}
