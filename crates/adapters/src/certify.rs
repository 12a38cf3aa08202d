//! The gateway's own authorities for SSH: what they sign with, and the one that hosts trust.
//!
//! One is for the gateway's clients, and is its alone; the other is for its own logins at hosts, and hosts trust it. They never
//! share a key: a name that a client may have in a certificate is an account's at a host. The format is that of OpenSSH's
//! PROTOCOL.certkeys. Enter at [`Accounts::derive`].

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Certified, Certify, Later, LoginKey};
use postern_core::seal::account_authority_seed;
use postern_core::secret::Secret;
use ssh_key::certificate::{Builder, CertType, Certificate};
use ssh_key::private::Ed25519Keypair;
use ssh_key::public::KeyData;
use ssh_key::{LineEnding, PrivateKey};

#[cfg(test)]
mod tests;

/// How far clocks elsewhere may be behind.
const SKEW: Duration = Duration::from_secs(60);
/// How long a login at a host may take to be made, its clock before ours and all.
const LOGIN: Duration = Duration::from_secs(4 * 60);
/// What a host is asked to permit. What is done by it, rules decide.
const PERMITTED: [&str; 4] =
    ["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty"];
/// How much of a name stands in a certificate, in characters.
const LONGEST_NAME: usize = 128;
/// Where a host's tools find whose session it is.
const SESSION: &str = "session@postern";
const PRINCIPAL: &str = "principal@postern";

/// What certificates are signed with.
pub(crate) struct Signer(PrivateKey);

/// What a certificate says.
pub(crate) struct Statement<'a> {
    pub(crate) key: KeyData,
    /// Who it is, for people to read.
    pub(crate) id: String,
    /// Whom it lets in as what.
    pub(crate) name: &'a str,
    pub(crate) now: Micros,
    pub(crate) until: Micros,
    pub(crate) extensions: &'a [(&'a str, &'a str)],
}

impl Signer {
    pub(crate) fn of(seed: &Secret) -> Result<Self, Fault> {
        let seed = seed.expose().first_chunk().ok_or_else(|| unmade("the seed is too short"))?;
        Ok(Self(PrivateKey::from(Ed25519Keypair::from_seed(seed))))
    }

    pub(crate) fn public(&self) -> &ssh_key::PublicKey {
        self.0.public_key()
    }

    pub(crate) fn sign(&self, statement: Statement<'_>) -> Result<Certificate, Fault> {
        self.signed(statement).map_err(unmade)
    }

    fn signed(&self, statement: Statement<'_>) -> ssh_key::Result<Certificate> {
        let Statement { key, id, name, now, until, extensions } = statement;
        let (nonce, serial) = (random::<32>()?, random::<8>()?);
        let from = now.seconds().saturating_sub(SKEW.as_secs());
        let mut builder = Builder::new(nonce, key, from, until.seconds())?;
        builder.cert_type(CertType::User)?.serial(u64::from_be_bytes(serial))?;
        builder.key_id(&id)?.comment(id)?.valid_principal(name)?;
        for (name, value) in extensions {
            builder.extension(*name, *value)?;
        }
        builder.sign(&self.0)
    }
}

/// Certifies the gateway's own logins at hosts, each by a key that is made for it.
pub struct Accounts {
    signer: Signer,
    clock: Arc<dyn Clock>,
}

impl Accounts {
    /// The authority of the holder of the root secret.
    ///
    /// # Errors
    /// Where the root is none.
    pub fn derive(root: &Secret, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        Ok(Self { signer: Signer::of(&account_authority_seed(root)?)?, clock })
    }

    /// Its public key, as a line of a host's `TrustedUserCAKeys`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn public(&self) -> Result<String, Fault> {
        self.signer.public().to_openssh().map_err(unmade)
    }

    fn login(&self, login: &Certified<'_>) -> Result<LoginKey, Fault> {
        let key = Secret::new(random::<32>().map_err(unmade)?);
        let key = Signer::of(&key)?.0;
        let now = self.clock.now();
        let mut extensions = PERMITTED.map(|permitted| (permitted, "")).to_vec();
        let by = login.by.map(|(session, principal)| (session.to_string(), plain(principal.name())));
        let id = by.as_ref().map_or_else(|| "postern".to_owned(), |(session, name)| format!("{session} {name}"));
        if let Some((session, name)) = &by {
            extensions.extend([(PRINCIPAL, name.as_str()), (SESSION, session.as_str())]);
        }
        let certificate = self.signer.sign(Statement {
            key: key.public_key().key_data().clone(),
            id,
            name: login.account,
            now,
            until: now.after(LOGIN),
            extensions: &extensions,
        })?;
        let private = Secret::new(key.to_openssh(LineEnding::LF).map_err(unmade)?.as_bytes());
        Ok(LoginKey { private, certificate: Some(certificate.to_bytes().map_err(unmade)?) })
    }
}

impl Certify for Accounts {
    fn certify<'a>(&'a self, login: &'a Certified<'a>) -> Later<'a, Result<LoginKey, Fault>> {
        Box::pin(async { self.login(login) })
    }
}

/// A name where logs have one word for it.
///
/// THREAT: a name of somebody's own choice that ends with another serial number and authority, or is so long that a host leaves
/// out what stands behind it.
pub(crate) fn plain(name: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || "@._:/+=-".contains(c);
    name.chars().take(LONGEST_NAME).map(|c| if known(c) { c } else { '_' }).collect()
}

fn random<const N: usize>() -> ssh_key::Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ssh_key::Error::Crypto)?;
    Ok(bytes)
}

fn unmade(error: impl std::fmt::Display) -> Fault {
    Fault::gateway(Code::Internal, "a certificate cannot be made").cause(error)
}
