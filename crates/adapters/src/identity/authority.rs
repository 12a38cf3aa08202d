//! The gateway's own authority for SSH, by which it knows clients again: it certifies a key for minutes.
//!
//! A certificate counts once its signature stands under this authority's own key. Whose it is and how long it lasts it does not
//! decide: that is sealed where it was made. No host may trust this authority: it is the gateway's alone, and the names in its
//! certificates are targets. The format is that of OpenSSH's PROTOCOL.certkeys. Enter at [`Authority::derive`].

use std::time::Duration;

use aws_lc_rs::rand;
use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::credential::Grant;
use postern_core::fault::Fault;
use postern_core::seal::client_authority_seed;
use postern_core::secret::Secret;
use postern_core::visible::line;
use ssh_key::PrivateKey;
use ssh_key::certificate::{Builder, CertType, Certificate};
use ssh_key::private::Ed25519Keypair;

use super::proven::sound;

#[cfg(test)]
mod tests;

/// What a certificate names that is for no target in particular. No target has such a name.
const ANYWHERE: &str = "any@postern";
/// How far clients' clocks may be behind.
const SKEW: Duration = Duration::from_secs(60);
/// What clients expect to be permitted. What is done by it, rules decide.
const PERMITTED: [&str; 2] = ["permit-pty", "permit-port-forwarding"];

/// The authority.
pub(super) struct Authority(PrivateKey);

impl Authority {
    /// The authority of the holder of the root secret.
    pub(super) fn derive(root: &Secret) -> Result<Self, Fault> {
        let seed = client_authority_seed(root)?;
        let seed = seed.expose().first_chunk().ok_or_else(|| unmade("the seed is too short"))?;
        Ok(Self(PrivateKey::from(Ed25519Keypair::from_seed(seed))))
    }

    /// Certifies the key of somebody who has proved who they are.
    pub(super) fn certificate(&self, grant: &Grant<'_>, now: Micros) -> Result<Certificate, Fault> {
        let key = sound(grant.key.unwrap_or_default())?;
        self.made(key.key_data().clone(), grant, now).map_err(unmade)
    }

    fn made(&self, key: ssh_key::public::KeyData, grant: &Grant<'_>, now: Micros) -> ssh_key::Result<Certificate> {
        let (mut nonce, mut serial) = ([0_u8; 32], [0_u8; 8]);
        rand::fill(&mut nonce).and_then(|()| rand::fill(&mut serial)).map_err(|_| ssh_key::Error::Crypto)?;
        let from = now.seconds().saturating_sub(SKEW.as_secs());
        let mut builder = Builder::new(nonce, key, from, grant.expires.seconds())?;
        let owner = format!("{} {}", grant.id, line(grant.owner));
        builder.cert_type(CertType::User)?.serial(u64::from_be_bytes(serial))?;
        builder.key_id(&owner)?.comment(owner)?;
        builder.valid_principal(grant.target.map_or(ANYWHERE, |target| target.as_str()))?;
        for permitted in PERMITTED {
            builder.extension(permitted, "")?;
        }
        builder.sign(&self.0)
    }

    /// Sees that a certificate is this authority's.
    pub(super) fn verify(&self, bytes: &[u8]) -> Result<(), Fault> {
        // THREAT: a certificate of another authority, or one signed by a key that is only certified. It is the key itself
        // that must be this authority's, and nothing that stands for it.
        let own = Certificate::from_bytes(bytes).ok().filter(|certificate| {
            certificate.signature_key() == self.0.public_key().key_data()
                && certificate.verify_signature().is_ok()
                && certificate.cert_type() == CertType::User
                && certificate.critical_options().is_empty()
        });
        own.map(drop).ok_or_else(foreign)
    }
}

/// All that is wrong with a certificate is one thing to whoever shows it.
pub(super) fn foreign() -> Fault {
    Fault::client(Code::CredentialUnknown, "the certificate is none of this gateway")
        .hint("postern ssh-cert makes one for your key")
}

fn unmade(error: impl std::fmt::Display) -> Fault {
    Fault::gateway(Code::Internal, "a certificate cannot be made").cause(error)
}
