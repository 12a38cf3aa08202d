//! The key of each recording: derived from the root secret and the session's name, so that none is ever stored.
//!
//! What opens one recording opens no other, nor anything in the journal. Enter at [`RecordKeys::derive`].

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};

use crate::code::Code;
use crate::fault::Fault;
use crate::id::SessionId;
use crate::seal::extract;
use crate::secret::Secret;

/// What the keys of all recordings come from, and nothing else does: it is not the root that the journal's come from.
#[derive(Clone)]
pub struct RecordKeys(Prk);

impl RecordKeys {
    /// Takes the root secret.
    ///
    /// # Errors
    /// Where it is not 32 bytes long.
    pub fn derive(root: &Secret) -> Result<Self, Fault> {
        extract(root)?.expand(&[b"postern recordings v1"], HKDF_SHA256).map(Prk::from).map(Self).map_err(underived)
    }

    /// The key of one recording. Nonces under it are chunk numbers, so that none comes twice.
    pub(super) fn of(&self, session: SessionId) -> Result<LessSafeKey, Fault> {
        let session = session.bytes();
        let info: [&[u8]; 2] = [b"postern recording v1", &session];
        let key = self.0.expand(&info, &AES_256_GCM_SIV).map(UnboundKey::from);
        key.map(LessSafeKey::new).map_err(underived)
    }
}

fn underived(_: Unspecified) -> Fault {
    Fault::gateway(Code::RecordingFailed, "the key of a recording cannot be derived")
}

impl std::fmt::Debug for RecordKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordKeys")
    }
}
