//! Public keys that principals are registered by: what is vouched for is the key itself, and nothing else of its owner.
//!
//! Whoever comes with one has proved possession of its private key before; that is the protocol's to see to. Enter at
//! [`ProvenKeys::new`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use postern_core::clock::Clock;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::identity::{Claim, Claims, VerifiedClaims};
use postern_core::ports::{Identify, Later};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

use super::token::invalid;

#[cfg(test)]
mod tests;

/// What trust rules call the issuer of keys.
pub const KEYS: &str = "ssh";
/// The claim that is the fingerprint of a key.
pub const FINGERPRINT: &str = "key";

/// Whether this is the fingerprint of a key: of exactly one.
#[must_use]
pub fn is_fingerprint(text: &str) -> bool {
    let of = |digits: &str| digits.len() == 43 && digits.bytes().all(is_base64);
    text.strip_prefix("SHA256:").is_some_and(of)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Vouches for keys whose possession was proved.
pub struct ProvenKeys {
    clock: Arc<dyn Clock>,
    /// A key says nothing of its end, so what is vouched for by it lasts as long as the longest session.
    longest: Duration,
}

impl ProvenKeys {
    /// Vouches for keys, each for so long after it was proved.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, longest: Duration) -> Self {
        Self { clock, longest }
    }

    fn vouched(&self, blob: &[u8]) -> Result<VerifiedClaims, Fault> {
        let key = sound(blob)?;
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let claims = Claims::from([
            (FINGERPRINT.to_owned(), vec![fingerprint.clone()]),
            ("type".to_owned(), vec![key.algorithm().to_string()]),
        ]);
        let expires = self.clock.now().after(self.longest);
        Ok(VerifiedClaims::vouched(KEYS, fingerprint, claims, BTreeSet::new(), expires))
    }
}

impl Identify for ProvenKeys {
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        Box::pin(async move {
            match claim {
                Claim::Key(key) => self.vouched(key.blob()),
                Claim::Token(_) | Claim::Response(_) | Claim::Certificate(_) => {
                    Err(invalid("a key is proved to be possessed, not sent"))
                }
            }
        })
    }
}

/// A public key of a kind whose signatures prove something, now and without a touch that nobody could ask for.
pub(super) fn sound(blob: &[u8]) -> Result<PublicKey, Fault> {
    let refused = |what: String| {
        Err(Fault::client(Code::KeyRefused, what).hint("use an Ed25519 key: ssh-keygen -t ed25519 makes one"))
    };
    let Ok(key) = PublicKey::from_bytes(blob) else {
        return refused("this is no public key".to_owned());
    };
    if matches!(key.key_data(), KeyData::Ed25519(_) | KeyData::Ecdsa(_)) {
        Ok(key)
    } else {
        refused(format!("keys of type `{}` are not taken", key.algorithm()))
    }
}
