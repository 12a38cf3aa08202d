//! Secrets from a map.
//!
//! It keeps no secret of anybody: what is in it, a test put there. Enter at [`MemoryVault`].

use std::collections::BTreeMap;
use std::sync::Mutex;

use postern_core::ports::{Later, Vault};
use postern_core::target::SecretRef;
use postern_core::{Code, Fault, Secret};

use super::locked;

/// Knows the secrets that a test put there, by their references (`env:NAME`).
#[derive(Debug, Default)]
pub struct MemoryVault {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    secrets: BTreeMap<String, Vec<u8>>,
    fetched: Vec<String>,
}

impl MemoryVault {
    /// Puts a secret where `reference` names it, in place of what was there.
    pub fn put(&self, reference: &str, secret: &str) {
        locked(&self.kept).secrets.insert(reference.to_owned(), secret.as_bytes().to_vec());
    }

    /// Forgets the secret.
    pub fn forget(&self, reference: &str) {
        locked(&self.kept).secrets.remove(reference);
    }

    /// What was asked for, in order.
    #[must_use]
    pub fn fetched(&self) -> Vec<String> {
        locked(&self.kept).fetched.clone()
    }
}

impl Vault for MemoryVault {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> Later<'a, Result<Secret, Fault>> {
        Box::pin(async move {
            let mut kept = locked(&self.kept);
            let name = reference.to_string();
            kept.fetched.push(name.clone());
            let unavailable = || Fault::gateway(Code::VaultUnavailable, format!("there is no secret at `{name}`"));
            kept.secrets.get(&name).map(|bytes| Secret::new(bytes.clone())).ok_or_else(unavailable)
        })
    }
}
