//! The journal's keys: what signs checkpoints and what seals statements, both derived from one root secret.
//!
//! Whoever holds the public half can verify; only the holder of the root can sign or unseal. Nothing is ever
//! encrypted under a key that signs, or the other way round.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::code::Code;
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::journal::event::Event;
use crate::seal::{Seal, bad_root, expand};
use crate::secret::Secret;

/// What signs checkpoints.
pub struct Keys {
    pair: Ed25519KeyPair,
}

impl Keys {
    /// Derives the signing key from the root secret.
    ///
    /// # Errors
    /// Where the root is not 32 bytes long.
    pub fn derive(root: &Secret) -> Result<Self, Fault> {
        let seed = expand(root, "postern journal checkpoint signing v1")?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| bad_root())?;
        Ok(Self { pair })
    }

    /// What verifies this gateway's checkpoints.
    #[must_use]
    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey(self.pair.public_key().as_ref().to_vec())
    }

    pub(super) fn sign(&self, message: &[u8]) -> String {
        BASE64.encode(self.pair.sign(message).as_ref())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.verify_key())
    }
}

/// What verifies checkpoints: an Ed25519 public key, written `ed25519:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyKey(Vec<u8>);

impl VerifyKey {
    /// Reads the written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix("ed25519:")?;
        let bytes = HEXLOWER.decode(digits.as_bytes()).ok()?;
        (bytes.len() == 32).then_some(Self(bytes))
    }

    pub(super) fn confirms(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature.as_bytes()) else { return false };
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, &signature).is_ok()
    }
}

impl std::fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ed25519:{}", HEXLOWER.encode(&self.0))
    }
}

/// What a statement and its parameters become before they are written down: base64 of nonce and AES-256-GCM-SIV text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsealed {
    /// The statement, password literals removed.
    pub text: String,
    /// Its parameters.
    #[serde(flatten)]
    pub values: Excerpt,
}

/// Seals statements, and opens them again for whoever holds the root secret.
pub struct Sealer(Seal);

impl Sealer {
    /// Derives the sealing key from the root secret.
    ///
    /// # Errors
    /// Where the root is not 32 bytes long.
    pub fn derive(root: &Secret) -> Result<Self, Fault> {
        Seal::derive(root, "postern journal sealing v1").map(Self)
    }

    /// Seals texts and what is kept of the parameters of one operation, bound to its name `context`.
    ///
    /// # Errors
    /// Where the machine has no randomness, or the text is beyond what the cipher takes.
    pub fn seal(&self, context: &str, texts: &[&str], values: &Excerpt) -> Result<Sealed, Fault> {
        let failed = || Fault::gateway(Code::JournalUnavailable, "the statement cannot be sealed for the journal");
        let open = Unsealed { text: texts.join("; "), values: values.clone() };
        let plain = Zeroizing::new(serde_json::to_vec(&open).map_err(|_| failed())?);
        Ok(Sealed(BASE64.encode(&self.0.close(context, &plain).map_err(|_| failed())?)))
    }

    /// Opens what is sealed in a record, if anything is.
    #[must_use]
    pub fn open_in(&self, event: &Event) -> Option<Unsealed> {
        let (id, sealed) = event.sealed()?;
        self.open(&id.to_string(), sealed)
    }

    /// Opens what was sealed under the name `context`.
    #[must_use]
    pub fn open(&self, context: &str, sealed: &Sealed) -> Option<Unsealed> {
        let bytes = BASE64.decode(sealed.0.as_bytes()).ok()?;
        serde_json::from_slice(self.0.open(context, &bytes)?.expose()).ok()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}
