//! Fetches secrets from where they are kept: environment, files, and the gateway's own sealed store.
//!
//! They are read anew at each fetch, so that a rotated one takes effect with the next session. What is fetched is
//! never logged and never in a message. Enter at [`Places::fetch`].

mod sealed;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Later, Vault};
use postern_core::secret::Secret;
use postern_core::target::{SealedName, SecretRef};
use tokio::io::AsyncReadExt;

pub use sealed::Sealed;

#[cfg(test)]
mod tests;

/// Longer than any password or key, in bytes.
pub const LONGEST: u64 = 64 * 1024;

/// Schemes of the contract that a later version brings.
const LATER: [&str; 6] = ["vault", "vault-db", "aws-sm", "gcp-sm", "azure-kv", "k8s"];

/// All places that a reference can name.
pub struct Places {
    local: Local,
    sealed: Sealed,
}

impl Places {
    /// This machine, and the sealed store.
    #[must_use]
    pub fn new(sealed: Sealed) -> Self {
        Self { local: Local::default(), sealed }
    }

    async fn secret(&self, reference: &SecretRef) -> Result<Secret, Fault> {
        if reference.scheme != "sealed" {
            return self.local.secret(reference).await;
        }
        match SealedName::parse(&reference.name) {
            Some(name) => self.sealed.fetch(&name).await,
            None => Err(unavailable(format!("`{reference}` names no sealed secret"))),
        }
    }
}

impl Vault for Places {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> Later<'a, Result<Secret, Fault>> {
        Box::pin(self.secret(reference))
    }
}

/// Secrets of this machine: `env:NAME` and `file:PATH`.
#[derive(Debug, Default)]
pub struct Local {
    warned: Mutex<BTreeSet<String>>,
}

impl Vault for Local {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> Later<'a, Result<Secret, Fault>> {
        Box::pin(self.secret(reference))
    }
}

impl Local {
    async fn secret(&self, reference: &SecretRef) -> Result<Secret, Fault> {
        let secret = match reference.scheme.as_str() {
            "env" => variable(&reference.name)?,
            "file" => self.file(&reference.name).await?,
            other => return Err(unknown(other)),
        };
        if secret.is_empty() {
            return Err(unavailable(format!("the secret `{reference}` is empty")));
        }
        Ok(secret)
    }

    async fn file(&self, path: &str) -> Result<Secret, Fault> {
        let unreadable = |error: std::io::Error| {
            unavailable(format!("the secret `file:{path}` cannot be read"))
                .cause(&error)
                .hint(format!("see that the gateway may read it: {error}"))
        };
        let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        let metadata = file.metadata().await.map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes).await.map_err(unreadable)?;
        if metadata.permissions().mode() & 0o007 != 0 && !is_certificate(&bytes) {
            self.warn_once(path);
        }
        contained(bytes).ok_or_else(|| unavailable(format!("the secret `file:{path}` is longer than 64 KiB")))
    }

    fn warn_once(&self, path: &str) {
        let first = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        if first {
            tracing::warn!(path, "everybody on this machine may read this secret; chmod o= {path}");
        }
    }
}

/// The secret that a file or a stream holds: without the newline at its end, which editors and `echo` put there.
/// Nothing where it is longer than any secret.
#[must_use]
pub fn contained(bytes: Vec<u8>) -> Option<Secret> {
    let secret = Secret::new(bytes);
    if u64::try_from(secret.expose().len()).unwrap_or(u64::MAX) > LONGEST {
        return None;
    }
    let trimmed = secret.expose().strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    let trimmed = trimmed.map(Secret::new);
    Some(trimmed.unwrap_or(secret))
}

/// Whether it is what everybody may see: certificates in PEM, and no key beside them.
fn is_certificate(bytes: &[u8]) -> bool {
    let holds = |words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
    holds(b"-----BEGIN CERTIFICATE-----") && !holds(b"PRIVATE KEY-----")
}

fn variable(name: &str) -> Result<Secret, Fault> {
    use std::os::unix::ffi::OsStringExt;
    match std::env::var_os(name) {
        Some(value) => Ok(Secret::new(value.into_vec())),
        None => Err(unavailable(format!("the environment variable `{name}` is not set"))
            .hint("set it in the environment that the gateway is started with")),
    }
}

fn unknown(scheme: &str) -> Fault {
    let message = if LATER.contains(&scheme) {
        format!("secrets from `{scheme}:` are not in this version")
    } else {
        format!("there is no secret store `{scheme}:`")
    };
    unavailable(message).hint("this version has `env:NAME`, `file:PATH` and `sealed:NAME`")
}

fn unavailable(message: impl Into<String>) -> Fault {
    Fault::gateway(Code::VaultUnavailable, message)
}
