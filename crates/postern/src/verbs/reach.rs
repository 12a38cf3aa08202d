//! How verbs reach targets: as the gateway does, with its secrets and its certificates.
//!
//! No client is served here, and nothing a client said is sent.

use std::sync::Arc;

use anyhow::Result;
use postern_adapters::certify::Accounts;
use postern_adapters::clock::SystemClock;
use postern_adapters::store::Store;
use postern_adapters::vault::{Local, Places, Sealed};
use postern_core::inventory::Means;
use postern_core::ports::{Certify, Protocol, Vault};
use postern_core::target::Target;

use crate::config::Config;
use crate::failure::Failure;
use crate::serve;

/// The gateway's means. Its root secret is read only where a target needs it, and its store where one has a sealed secret.
pub(super) async fn means(config: &Config) -> Result<Means> {
    let sealed = config.rulebook.sealed_secrets().next().is_some();
    let issued = serve::certifies(&config.rulebook);
    let root = (sealed || issued).then(|| serve::root_secret(&config.gateway.seal_key)).transpose()?;
    let vault: Arc<dyn Vault> = match root.as_ref().filter(|_| sealed) {
        Some(root) => {
            let store = Store::open(&config.gateway.store, Arc::new(SystemClock)).await?;
            Arc::new(Places::new(Sealed::new(Arc::new(store), root)?))
        }
        None => Arc::new(Local::default()),
    };
    let certify: Option<Arc<dyn Certify>> = match root.as_ref().filter(|_| issued) {
        Some(root) => Some(Arc::new(Accounts::derive(root, Arc::new(SystemClock))?)),
        None => None,
    };
    Ok(Means { vault, dial: Arc::new(serve::direct()), certify, clock: Arc::new(SystemClock) })
}

/// The protocol that a target speaks.
pub(super) fn protocol(target: &Target) -> Result<Arc<dyn Protocol>> {
    let found = postern_protocols::all().into_iter().find(|one| one.vocabulary().protocol == target.protocol);
    found.ok_or_else(|| Failure::new(format!("protocol `{}` is not of this version", target.protocol)).into())
}
