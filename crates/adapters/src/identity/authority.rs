//! The gateway's own authority for SSH, by which it knows clients again: it certifies a key for minutes.
//!
//! A certificate counts once its signature stands under this authority's own key. Whose it is and how long it lasts it does not
//! decide: that is sealed where it was made. No host may trust this authority: it is the gateway's alone, and the names in its
//! certificates are targets. Enter at [`Authority::derive`].

use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::credential::Grant;
use postern_core::fault::Fault;
use postern_core::seal::client_authority_seed;
use postern_core::secret::Secret;
use ssh_key::certificate::{CertType, Certificate};

use super::proven::sound;
use crate::certify::{Signer, Statement, plain};

#[cfg(test)]
mod tests;

/// What a certificate names that is for no target in particular. No target has such a name.
const ANYWHERE: &str = "any@postern";
/// What clients expect to be permitted. What is done by it, rules decide.
const PERMITTED: [&str; 2] = ["permit-pty", "permit-port-forwarding"];

/// The authority.
pub(super) struct Authority(Signer);

impl Authority {
    /// The authority of the holder of the root secret.
    pub(super) fn derive(root: &Secret) -> Result<Self, Fault> {
        Signer::of(&client_authority_seed(root)?).map(Self)
    }

    /// Certifies the key of somebody who has proved who they are.
    pub(super) fn certificate(&self, grant: &Grant<'_>, now: Micros) -> Result<Certificate, Fault> {
        self.0.sign(Statement {
            key: sound(grant.key.unwrap_or_default())?.key_data().clone(),
            id: format!("{} {}", grant.id, plain(grant.owner)),
            name: grant.target.map_or(ANYWHERE, |target| target.as_str()),
            now,
            until: grant.expires,
            extensions: &PERMITTED.map(|permitted| (permitted, "")),
        })
    }

    /// Sees that a certificate is this authority's.
    pub(super) fn verify(&self, bytes: &[u8]) -> Result<(), Fault> {
        // THREAT: a certificate of another authority, or one signed by a key that is only certified. It is the key itself
        // that must be this authority's, and nothing that stands for it.
        let own = Certificate::from_bytes(bytes).ok().filter(|certificate| {
            certificate.signature_key() == self.0.public().key_data()
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
