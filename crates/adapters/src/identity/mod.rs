//! Verifies tokens of OpenID Connect issuers, any number of them, by discovery and published keys.
//!
//! What a token says of itself chooses the issuer and the key, and counts for nothing else until the signature
//! stands. This module must never know what a principal may do. Enter at [`Oidc::new`]; `token` reads and checks
//! one token, `keys` says which key may sign with which algorithm, `discovery` keeps an issuer's keys current.

mod authority;
mod claims;
mod credentials;
mod discovery;
mod keys;
mod proven;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use postern_core::clock::Clock;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::identity::{Claim, VerifiedClaims};
use postern_core::ports::{Identify, Later};
use postern_core::secret::Secret;
use postern_core::visible::line;

pub use self::credentials::Credentials;
pub use self::proven::{FINGERPRINT, KEYS, ProvenKeys, is_fingerprint};

use self::discovery::Keyring;
use self::keys::Doubt;
use self::token::{Token, invalid};

/// An issuer that may vouch for principals, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What trust rules call it.
    pub name: String,
    /// Its identifier: what its tokens carry as `iss`, and under which its discovery document lies.
    pub url: String,
    /// What its tokens must carry in `aud`.
    pub audience: String,
    /// The claim that lists groups; `a.b` for one inside an object. None: its word on groups is not taken.
    pub groups_claim: Option<String>,
    /// What is put before each of those groups.
    pub groups_prefix: Option<String>,
    /// Authorities in PEM that its certificate is checked with; the system's where absent.
    pub ca_file: Option<PathBuf>,
}

/// The verifier for tokens of all configured issuers.
pub struct Oidc {
    trusted: Vec<Trusted>,
    clock: Arc<dyn Clock>,
}

struct Trusted {
    issuer: Issuer,
    keyring: Keyring,
}

impl Oidc {
    /// A verifier for these issuers. Nothing is fetched before the first token comes, so an issuer that is down does
    /// not stop the start.
    ///
    /// # Errors
    /// [`Code::IssuerUnknown`] where an issuer's URL is none that tokens could safely be verified with, or where two
    /// issuers share one; [`Code::IssuerUnreachable`] where its authorities cannot be read.
    pub fn new(issuers: Vec<Issuer>, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let mut urls = BTreeSet::new();
        let mut trusted = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            if !urls.insert(issuer.url.clone()) {
                let message = format!("issuer `{}` has the url `{}` of another issuer", issuer.name, issuer.url);
                return Err(Fault::gateway(Code::IssuerUnknown, message)
                    .hint("a token says only its issuer's url, so each url may be configured once"));
            }
            let keyring = Keyring::new(&issuer, Arc::clone(&clock))?;
            trusted.push(Trusted { issuer, keyring });
        }
        Ok(Self { trusted, clock })
    }

    async fn verify(&self, proof: &Secret) -> Result<VerifiedClaims, Fault> {
        let token = Token::read(proof)?;
        let Some(trusted) = self.trusted.iter().find(|trusted| trusted.issuer.url == token.claimed_issuer()) else {
            return Err(Fault::client(
                Code::IssuerUnknown,
                format!("the token's issuer `{}` is not trusted here", shown(token.claimed_issuer())),
            )
            .hint("use a token of an issuer that the gateway's configuration lists under `[[issuer]]`"));
        };
        let keys = trusted.keyring.current().await?;
        let payload = match token.check(&keys) {
            Ok(payload) => payload,
            Err(Doubt::Refused(fault)) => return Err(fault),
            Err(Doubt::KeyUnknown(fault)) => {
                // The issuer may have new keys since; asking it is rate-limited, because this token may be anybody's.
                let Some(newer) = trusted.keyring.newer_than(&keys).await? else {
                    return Err(fault);
                };
                token.check(&newer).map_err(Doubt::into_fault)?
            }
        };
        claims::accept(payload, &trusted.issuer, self.clock.now())
    }
}

impl Identify for Oidc {
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        match claim {
            Claim::Token(proof) => Box::pin(self.verify(proof)),
            Claim::Response(_) | Claim::Key(_) | Claim::Certificate(_) => {
                Box::pin(async { Err(invalid("an issuer's token is sent, not proved to be known")) })
            }
        }
    }

    /// Of the first that is configured: a client is told of one alone.
    fn discovery(&self) -> Option<String> {
        self.trusted.first().map(|trusted| trusted.keyring.discovery().to_owned())
    }
}

/// Text of a stranger, made fit for a message: short, on one line, and without what deceives the eye.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let mut shown = line(&text.chars().take(MOST).collect::<String>()).replace('`', "'");
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
