//! The gateway's own secrets: sealed in its store under a key that is derived from the root secret.
//!
//! A value is bound to its name and version: what stands in the store under one name opens under no other, and an
//! older value put back is noticed by a gateway that has seen a newer one. No way leads to a value but
//! [`Sealed::fetch`]. Enter at [`Sealed::new`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::seal::Seal;
use postern_core::secret::Secret;
use postern_core::target::SealedName;

use crate::store::{SealedSecret, Store};

#[cfg(test)]
mod tests;

/// The sealed secrets of a store.
pub struct Sealed {
    store: Arc<Store>,
    seal: Seal,
    /// The newest version of each that was seen.
    seen: Mutex<BTreeMap<SealedName, u64>>,
}

impl Sealed {
    /// The sealed secrets in `store`, for the holder of the root secret.
    ///
    /// # Errors
    /// Where the root is none.
    pub fn new(store: Arc<Store>, root: &Secret) -> Result<Self, Fault> {
        Ok(Self { store, seal: Seal::derive(root, "postern target secrets v1")?, seen: Mutex::default() })
    }

    /// Keeps a secret under a new name.
    ///
    /// # Errors
    /// [`Code::SecretTaken`] where there is one of that name; where the store does not answer.
    pub async fn set(&self, name: &SealedName, value: &Secret) -> Result<(), Fault> {
        if self.store.keep_sealed(name.as_str(), &self.close(name, 1, value)?).await? {
            return Ok(());
        }
        Err(Fault::client(Code::SecretTaken, format!("there is a secret `{name}` already"))
            .hint(format!("postern secrets rotate {name} gives it a new value")))
    }

    /// Gives a secret a new value, for every session that opens from now on. Answers its version.
    ///
    /// # Errors
    /// [`Code::SecretUnknown`] where there is none of that name; where the store does not answer.
    pub async fn rotate(&self, name: &SealedName, value: &Secret) -> Result<u64, Fault> {
        // Each turn that fails is one in which somebody else has succeeded, so this ends.
        loop {
            let seen = self.find(name).await?.version;
            let next = seen.saturating_add(1);
            if self.store.renew_sealed(name.as_str(), seen, &self.close(name, next, value)?).await? {
                return Ok(next);
            }
        }
    }

    /// All there are, by name; their values stay sealed.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn list(&self) -> Result<Vec<SealedSecret>, Fault> {
        self.store.all_sealed().await
    }

    /// The value that a secret has now.
    ///
    /// # Errors
    /// [`Code::SecretUnknown`] where there is none of that name; [`Code::SealBroken`] where it is not what was sealed.
    pub async fn fetch(&self, name: &SealedName) -> Result<Secret, Fault> {
        let found = self.find(name).await?;
        // THREAT: who can write the store swaps values, or changes them: another target's password, or their own
        let bytes = BASE64.decode(found.sealed.as_bytes()).ok();
        let value = bytes.and_then(|bytes| self.seal.open(&bound(name, found.version), &bytes));
        let value = value.ok_or_else(|| {
            broken(name, "does not open").hint("restore the store, or the seal key that it was sealed with")
        })?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = seen.entry(name.clone()).or_default();
        if found.version < *newest {
            return Err(
                broken(name, "has an older value than it had").hint("rotate it, and see who wrote to the store")
            );
        }
        *newest = found.version;
        Ok(value)
    }

    async fn find(&self, name: &SealedName) -> Result<SealedSecret, Fault> {
        self.store.sealed(name.as_str()).await?.ok_or_else(|| {
            Fault::gateway(Code::SecretUnknown, format!("there is no secret `sealed:{name}`"))
                .hint(format!("postern secrets set {name} makes it, on the gateway's host"))
        })
    }

    fn close(&self, name: &SealedName, version: u64, value: &Secret) -> Result<String, Fault> {
        Ok(BASE64.encode(&self.seal.close(&bound(name, version), value.expose())?))
    }
}

/// What a value is bound to. A name has no space in it, so no two bindings read alike.
fn bound(name: &SealedName, version: u64) -> String {
    format!("{name} {version}")
}

fn broken(name: &SealedName, what: &str) -> Fault {
    Fault::gateway(Code::SealBroken, format!("the secret `sealed:{name}` {what}"))
}
