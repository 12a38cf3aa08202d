//! Credentials that the gateway makes itself: for whoever has proved who they are, for minutes, in place of the proof.
//!
//! A credential carries what was proved, and no principal: whom that makes is found anew from the trust rules in force
//! at each use. It never outlives its proof and is never exchanged for another. How one is kept is an adapter's; what
//! the passwords of session credentials are checked with is [`Verifier`]. Enter at [`Grant`].

mod verifier;

use std::fmt;

use crate::clock::Micros;
use crate::id::CredentialId;
use crate::identity::VerifiedClaims;
use crate::secret::Secret;
use crate::target::TargetName;

pub use verifier::{Challenge, Salts, Verifier};

/// What every credential of the gateway begins with.
pub const PREFIX: &str = "pst_";
/// What an access token begins with. No user name does: they have no second underscore.
pub const TOKEN_PREFIX: &str = "pst_at_";

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A token that serves wherever a token is taken.
    AccessToken,
    /// A user name with a password, for one target.
    Session,
    /// A certificate of a public key whose private key its owner keeps.
    Certificate,
}

impl CredentialKind {
    /// The word that the journal and the store use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::Session => "session",
            Self::Certificate => "certificate",
        }
    }
}

/// What a new credential stands for.
#[derive(Debug)]
pub struct Grant<'a> {
    /// Its name.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// What was proved.
    pub claims: &'a VerifiedClaims,
    /// Whom that makes as it is issued: for people to read, and believed by nobody.
    pub owner: &'a str,
    /// The public key that a certificate is wanted of, as it stands in messages.
    pub key: Option<&'a [u8]>,
    /// The only target that it opens, where it is bound to one.
    pub target: Option<&'a TargetName>,
    /// When it ends, which is no later than the proof.
    pub expires: Micros,
}

/// A new credential, as its owner gets it. Nobody ever sees it again.
#[derive(Debug)]
pub struct Issued {
    /// The user name, for a session credential.
    pub user: Option<String>,
    /// The token, the password, or the certificate, which is no secret.
    pub secret: Secret,
}

/// What is known of a credential that was issued: nothing that would let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub id: CredentialId,
    /// The configured name of the issuer of its proof.
    pub issuer: String,
    /// What that issuer calls its owner.
    pub subject: String,
}

/// The credential that a claim came by, in place of the proof itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// Its name.
    pub id: CredentialId,
    /// The only target that it opens, where it is bound to one.
    pub target: Option<TargetName>,
}

/// An answer to a challenge: it shows knowledge of the password of a session credential without holding it.
pub struct Response {
    /// The user name. It says who would be let in, and proves nothing.
    pub user: String,
    /// How the proof was made.
    pub mechanism: Mechanism,
    /// What the proof is over: both sides' messages, with their nonces.
    pub message: Vec<u8>,
    /// The proof.
    pub proof: Vec<u8>,
}

/// How a client proves that it knows a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// SCRAM-SHA-256 (RFC 7677), with or without channel binding.
    ScramSha256,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, [secret])", self.mechanism_word())
    }
}

impl Response {
    fn mechanism_word(&self) -> &'static str {
        match self.mechanism {
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
        }
    }
}
