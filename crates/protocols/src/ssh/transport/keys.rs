//! Private keys: the gateway's own, and those that it proves itself with at targets.
//!
//! Here secrets become keys, and nothing else comes of them but what must be listened for.

use postern_core::secret::Secret;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{Certificate, PrivateKey, PublicKey};

use super::target::Proof;

/// The lines that a private key shares with others: its armour, the names of its ciphers, and its public half.
const COMMON_LINES: usize = 3;

/// The gateway's own key: the same for the same seed.
pub(in crate::ssh) fn host(seed: &Secret) -> Option<PrivateKey> {
    let seed = seed.expose().first_chunk()?;
    Some(PrivateKey::from(Ed25519Keypair::from_seed(seed)))
}

/// A public key as OpenSSH writes it.
pub(in crate::ssh) fn public(key: &PrivateKey) -> Option<String> {
    key.public_key().to_openssh().ok()
}

/// A private key as OpenSSH keeps it, and what of it must never come back: each line that is not the same in all of them,
/// and the bytes that are the secret. Ed25519 and ECDSA, without a passphrase. Its certificate, where it has one, is shown with
/// it.
pub(in crate::ssh) fn own(text: &Secret, certificate: Option<&[u8]>) -> Option<(Proof, Vec<Secret>)> {
    // stores of secrets cut the last line end off, and editors add some
    let whole = Secret::new([text.expose().trim_ascii(), b"\n"].concat());
    let key = PrivateKey::from_openssh(whole.expose()).ok()?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind is taken")]
    let secret = match key.key_data() {
        KeypairData::Ed25519(pair) => Secret::new(pair.private.to_bytes()),
        KeypairData::Ecdsa(pair) => Secret::new(pair.private_key_bytes()),
        _ => return None,
    };
    if let Some(certificate) = certificate {
        // it was made for this login: nobody else has it, and nothing can give it back
        let certificate = Certificate::from_bytes(certificate).ok()?;
        return Some((Proof::Certified(Box::new(key), Box::new(certificate)), Vec::new()));
    }
    let lines = text.expose().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let telling = lines.skip(COMMON_LINES).filter(|line| !line.starts_with(b"-----")).map(Secret::new);
    let secrets = telling.chain([secret]).collect();
    Some((Proof::Key(Box::new(key)), secrets))
}

/// What a host knows this proof by: the public key, or that of the authority that certified it.
pub(in crate::ssh) fn known_by(proof: &Proof) -> Option<String> {
    match proof {
        Proof::Password(_) => None,
        Proof::Key(key) => public(key),
        Proof::Certified(_, certificate) => PublicKey::new(certificate.signature_key().clone(), "").to_openssh().ok(),
    }
}
