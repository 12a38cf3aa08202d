//! How verbs reach targets: as the gateway does, with its secrets and its certificates.
//!
//! No client is served here, and nothing a client said is sent.

use std::sync::Arc;

use anyhow::Result;
use postern_adapters::clock::SystemClock;
use postern_adapters::store::Store;
use postern_adapters::vault::{Local, Places, Sealed};
use postern_core::inventory::Means;
use postern_core::ports::{Protocol, Vault};
use postern_core::target::Target;

use crate::config::Config;
use crate::failure::Failure;
use crate::serve;

/// The gateway's means. Its store is opened only where a target has a sealed secret.
pub(super) async fn means(config: &Config) -> Result<Means> {
    let sealed = config.rulebook.sealed_secrets().next().is_some();
    let vault: Arc<dyn Vault> = if sealed {
        let root = serve::root_secret(&config.gateway.seal_key)?;
        let store = Store::open(&config.gateway.store, Arc::new(SystemClock)).await?;
        Arc::new(Places::new(Sealed::new(Arc::new(store), &root)?))
    } else {
        Arc::new(Local::default())
    };
    Ok(Means { vault, dial: Arc::new(serve::direct()) })
}

/// The protocol that a target speaks.
pub(super) fn protocol(target: &Target) -> Result<Arc<dyn Protocol>> {
    let found = postern_protocols::all().into_iter().find(|one| one.vocabulary().protocol == target.protocol);
    found.ok_or_else(|| Failure::new(format!("protocol `{}` is not of this version", target.protocol)).into())
}
