//! Sealing: bytes that are kept where others may read or change them, and that only the holder of the root secret opens.
//!
//! Every use has a key of its own, derived from the root secret under a purpose, so that what one opens no other does.
//! What is sealed is bound to a name, and opens under that name only. Enter at [`Seal::derive`].

use std::fmt;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use aws_lc_rs::hkdf;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::code::Code;
use crate::fault::Fault;
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// The length of the root secret and of every key derived from it, in bytes.
const KEY: usize = 32;
/// The length of an AES-GCM-SIV nonce, in bytes (RFC 8452, section 6).
const NONCE: usize = 12;

/// Seals and opens for one purpose: AES-256-GCM-SIV (RFC 8452) under a derived key, the name as associated data.
pub struct Seal {
    cipher: Aes256GcmSiv,
    random: SystemRandom,
}

impl Seal {
    /// The seal for a purpose. Two purposes share no key.
    ///
    /// # Errors
    /// Where the root is not 32 bytes long.
    pub fn derive(root: &Secret, purpose: &'static str) -> Result<Self, Fault> {
        let key = expand(root, purpose)?;
        let cipher = Aes256GcmSiv::new_from_slice(&*key).map_err(|_| bad_root())?;
        Ok(Self { cipher, random: SystemRandom::new() })
    }

    /// The bytes sealed under `name`: a fresh nonce, then the ciphertext with its tag.
    ///
    /// # Errors
    /// Where the machine has no randomness, or the bytes are more than the cipher takes.
    pub fn close(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = || Fault::gateway(Code::Internal, "something secret cannot be sealed");
        let mut nonce = [0_u8; NONCE];
        self.random.fill(&mut nonce).map_err(|_| failed())?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let text = self.cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| failed())?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What was sealed under `name`; nothing where it was sealed under another one, for another purpose, or changed.
    #[must_use]
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Secret> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        let payload = Payload { msg: text, aad: name.as_bytes() };
        self.cipher.decrypt(Nonce::from_slice(nonce), payload).ok().map(Secret::new)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        KEY
    }
}

/// What every key is expanded from: HKDF-SHA-256 (RFC 5869) of the root secret.
pub(crate) fn extract(root: &Secret) -> Result<hkdf::Prk, Fault> {
    if root.expose().len() != KEY {
        return Err(bad_root());
    }
    Ok(hkdf::Salt::new(hkdf::HKDF_SHA256, b"postern").extract(root.expose()))
}

/// What the key is made of by which the gateway is known where it has no certificate: the same for the same root.
///
/// # Errors
/// Where the root is not 32 bytes long.
pub fn host_seed(root: &Secret) -> Result<Secret, Fault> {
    expand(root, "host key").map(|seed| Secret::new(seed.to_vec()))
}

/// What the key is made of with which the gateway certifies the keys of its own clients.
///
/// # Errors
/// Where the root is not 32 bytes long.
pub fn client_authority_seed(root: &Secret) -> Result<Secret, Fault> {
    expand(root, "authority of clients' keys").map(|seed| Secret::new(seed.to_vec()))
}

/// What the key is made of with which the gateway certifies its own logins at targets.
///
/// # Errors
/// Where the root is not 32 bytes long.
pub fn account_authority_seed(root: &Secret) -> Result<Secret, Fault> {
    expand(root, "authority of accounts").map(|seed| Secret::new(seed.to_vec()))
}

/// The key for a purpose.
pub(crate) fn expand(root: &Secret, purpose: &'static str) -> Result<Zeroizing<[u8; KEY]>, Fault> {
    let mut key = Zeroizing::new([0_u8; KEY]);
    extract(root)?
        .expand(&[purpose.as_bytes()], Length)
        .and_then(|material| material.fill(&mut *key))
        .map_err(|_| bad_root())?;
    Ok(key)
}

pub(crate) fn bad_root() -> Fault {
    Fault::gateway(Code::Internal, "the seal key is not 32 bytes long")
        .hint("restore the file that `seal_key` names; a new key cannot open what the old one sealed")
}
