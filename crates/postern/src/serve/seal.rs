//! The root secret that journal and seals are derived from: a file, made on the first start.
//!
//! THREAT: a new key made where an old one was lost would leave a journal that nobody can read or go on with. So one is
//! made only where there is no journal yet.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER_PERMISSIVE;
use postern_core::{Code, Fault, Secret};

use crate::config::Gateway;
use crate::failure::reason;

use postern_adapters::journal::KEY;

/// Its length in bytes; the file holds it as hexadecimal digits.
const LENGTH: usize = 32;

/// The root secret of a gateway; made where neither it nor a journal is there.
pub(crate) fn root_secret_of(gateway: &Gateway) -> Result<Secret, Fault> {
    let file = &gateway.seal_key;
    if !file.exists() {
        if gateway.journal.join(KEY).exists() {
            let message = format!("the seal key `{}` is gone, and there is a journal that needs it", file.display());
            return Err(Fault::gateway(Code::Internal, message)
                .hint("restore the file; to begin anew, move the journal and the store away"));
        }
        make(file).map_err(|error| {
            let message = format!("the seal key `{}` cannot be made", file.display());
            Fault::gateway(Code::Internal, message).hint(reason(&error))
        })?;
        tracing::info!(file = %file.display(), "made the seal key; keep a copy where the journal is not");
    }
    root_secret(file)
}

/// The root secret in `file`.
///
/// # Errors
/// Where it cannot be read, or is none.
pub fn root_secret(file: &Path) -> Result<Secret, Fault> {
    let wrong = |what: &str| Fault::gateway(Code::Internal, format!("the seal key `{}` {what}", file.display()));
    let text = fs::read(file).map_err(|error| wrong("cannot be read").hint(reason(&error)))?;
    if fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %file.display(), "others on this machine may read the seal key; chmod 600 it");
    }
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim_ascii()).ok().filter(|bytes| bytes.len() == LENGTH);
    let bytes =
        bytes.ok_or_else(|| wrong("is no key").hint("it holds 64 hexadecimal digits; restore it from its copy"))?;
    Ok(Secret::new(bytes))
}

fn make(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut key = [0_u8; LENGTH];
    rand::fill(&mut key).map_err(|_| io::Error::other("this machine has no randomness"))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(format!("{}\n", HEXLOWER_PERMISSIVE.encode(&key)).as_bytes())?;
    file.sync_all()
}
