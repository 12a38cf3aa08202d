//! Fetches secrets from where the machine keeps them: environment and files.
//!
//! They are read anew at each fetch, so that a rotated one takes effect with the next session. What is fetched is
//! never logged and never in a message. Enter at [`Local::fetch`].

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Later, Vault};
use postern_core::secret::Secret;
use postern_core::target::SecretRef;
use tokio::io::AsyncReadExt;

#[cfg(test)]
mod tests;

/// Longer than any password or key.
const LONGEST: u64 = 64 * 1024;

/// Schemes of the contract that a later version brings.
const LATER: [&str; 7] = ["vault", "vault-db", "aws-sm", "gcp-sm", "azure-kv", "k8s", "sealed"];

/// Secrets of this machine: `env:NAME` and `file:PATH`.
#[derive(Debug, Default)]
pub struct Local {
    warned: Mutex<BTreeSet<String>>,
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
        if metadata.permissions().mode() & 0o007 != 0 {
            self.warn_once(path);
        }
        let mut bytes = Vec::new();
        file.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes).await.map_err(unreadable)?;
        let mut secret = Secret::new(bytes);
        if u64::try_from(secret.expose().len()).unwrap_or(u64::MAX) > LONGEST {
            return Err(unavailable(format!("the secret `file:{path}` is longer than 64 KiB")));
        }
        // Editors and `echo` end a file with a newline that is no part of the secret.
        let trimmed = secret.expose().strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest));
        if let Some(trimmed) = trimmed {
            secret = Secret::new(trimmed);
        }
        Ok(secret)
    }

    fn warn_once(&self, path: &str) {
        let first = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        if first {
            tracing::warn!(path, "everybody on this machine may read this secret; chmod o= {path}");
        }
    }
}

impl Vault for Local {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> Later<'a, Result<Secret, Fault>> {
        Box::pin(self.secret(reference))
    }
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
    unavailable(message).hint("this version has `env:NAME` and `file:PATH`")
}

fn unavailable(message: impl Into<String>) -> Fault {
    Fault::gateway(Code::VaultUnavailable, message)
}
