//! Opening the journal, and leaving its public key beside it.
//!
//! The public key is for convenience: whoever can change the journal can change that file as well, so an auditor
//! compares it with the one the gateway has logged, or passes it by hand.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use postern_adapters::journal::Journal;
use postern_core::journal::{Keys, VerifyKey};
use postern_core::{Clock, Code, Fault, Secret};

use crate::config::Gateway;
use crate::failure::{Failure, reason};

/// The file in the journal's folder that holds what verifies it.
pub const PUBLIC_KEY: &str = "journal.pub";

pub(super) fn open(
    gateway: &Gateway,
    root: &Secret,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<Journal>, VerifyKey), Fault> {
    let keys = Keys::derive(root)?;
    let key = keys.verify_key();
    if let Ok(published) = public_key(&gateway.journal)
        && published != key
    {
        let message = format!("the journal in `{}` was begun with another seal key", gateway.journal.display());
        return Err(Fault::gateway(Code::JournalUnavailable, message)
            .hint("restore that key; to begin a new journal, move this one away whole"));
    }
    let journal = Journal::open(&gateway.journal, keys, gateway.durability, env!("CARGO_PKG_VERSION"), clock)?;
    publish(&gateway.journal, &key)?;
    Ok((Arc::new(journal), key))
}

/// The public key beside the journal in `folder`.
///
/// # Errors
/// Where there is none.
pub fn public_key(folder: &Path) -> Result<VerifyKey, Failure> {
    let file = folder.join(PUBLIC_KEY);
    let missing = |what: String| Failure::new(what).hint("pass the gateway's public key with --key ed25519:…");
    let text = fs::read_to_string(&file)
        .map_err(|error| missing(format!("there is no public key at `{}`: {}", file.display(), reason(&error))))?;
    VerifyKey::parse(&text).ok_or_else(|| missing(format!("`{}` holds no public key", file.display())))
}

fn publish(folder: &Path, key: &VerifyKey) -> Result<(), Fault> {
    if public_key(folder).is_ok_and(|published| published == *key) {
        return Ok(());
    }
    let file = folder.join(PUBLIC_KEY);
    let written = fs::File::create(&file).and_then(|mut file| {
        file.write_all(format!("{key}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| {
        let message = format!("the journal's public key cannot be written to `{}`", file.display());
        Fault::gateway(Code::JournalUnavailable, message).hint(reason(&error))
    })
}
