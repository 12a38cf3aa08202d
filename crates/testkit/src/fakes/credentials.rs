//! Credentials in memory.
//!
//! It seals nothing and counts nothing. Enter at [`MemoryCredentials`].

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use postern_core::credential::{
    Challenge, CredentialKind, Grant, Issued, Kept, PREFIX, Response, Salts, TOKEN_PREFIX, Through, Verifier,
};
use postern_core::identity::Claims;
use postern_core::ports::{Clock as _, Credentials, Identify, Later};
use postern_core::{Claim, Code, CredentialId, Fault, Micros, Secret, TargetName, VerifiedClaims};
use tokio::sync::watch;

use super::{KnownTokens, StillClock, locked};

/// Makes credentials and keeps them for as long as it lives.
pub struct MemoryCredentials {
    made: Mutex<Vec<Made>>,
    changed: watch::Sender<()>,
    salts: Salts,
    clock: Arc<StillClock>,
}

/// One that was made.
#[derive(Clone)]
struct Made {
    id: CredentialId,
    /// The token or the user name.
    shown: String,
    verifier: Option<Verifier>,
    issuer: String,
    subject: String,
    claims: Claims,
    groups: BTreeSet<String>,
    target: Option<TargetName>,
    expires: Micros,
    revoked: bool,
}

impl MemoryCredentials {
    /// None yet.
    ///
    /// # Errors
    /// Where there is no key for salts.
    pub fn new(clock: Arc<StillClock>) -> Result<Self, Fault> {
        let salts = Salts::derive(&Secret::new(vec![7; 32]))?;
        Ok(Self { made: Mutex::default(), changed: watch::Sender::new(()), salts, clock })
    }

    fn made(&self, fits: impl Fn(&Made) -> bool) -> Option<Made> {
        locked(&self.made).iter().find(|made| fits(made)).cloned()
    }

    fn make(&self, grant: &Grant<'_>) -> Issued {
        let (user, secret, verifier) = match grant.kind {
            CredentialKind::AccessToken => (None, format!("{TOKEN_PREFIX}{}", grant.id), None),
            CredentialKind::Session => {
                let user = format!("{PREFIX}{}", grant.id).replace("crd_", "");
                let password = format!("password-of-{}", grant.id);
                let verifier = Verifier::of(&Secret::new(password.as_bytes()), &self.salts.challenge(&user));
                (Some(user), password, Some(verifier))
            }
            CredentialKind::Certificate => (None, format!("certificate-of-{}", grant.id), None),
        };
        locked(&self.made).push(Made {
            id: grant.id,
            shown: user.clone().unwrap_or_else(|| secret.clone()),
            verifier,
            issuer: grant.claims.issuer().to_owned(),
            subject: grant.claims.subject().to_owned(),
            claims: grant.claims.claims().clone(),
            groups: grant.claims.groups().clone(),
            target: grant.target.cloned(),
            expires: grant.expires,
            revoked: false,
        });
        Issued { user, secret: Secret::new(secret) }
    }

    fn by_token(&self, token: &Secret) -> Result<VerifiedClaims, Fault> {
        let made = self.made(|made| made.verifier.is_none() && made.shown.as_bytes() == token.expose());
        self.vouched(made.ok_or_else(unknown)?)
    }

    fn by_response(&self, response: &Response) -> Result<VerifiedClaims, Fault> {
        let made = self.made(|made| made.shown == response.user).ok_or_else(unknown)?;
        let verifier = made.verifier.as_ref().ok_or_else(unknown)?;
        let answer = verifier.check(&response.message, &response.proof).ok_or_else(unknown)?;
        self.vouched(made).map(|claims| claims.answering(answer))
    }

    fn vouched(&self, made: Made) -> Result<VerifiedClaims, Fault> {
        if made.revoked {
            return Err(Fault::client(Code::CredentialRevoked, "the credential was revoked"));
        }
        if made.expires <= self.clock.now() {
            return Err(Fault::client(Code::CredentialExpired, "the credential expired"));
        }
        let through = Through { id: made.id, target: made.target };
        let claims = VerifiedClaims::vouched(made.issuer, made.subject, made.claims, made.groups, made.expires);
        Ok(claims.through(through))
    }
}

fn unknown() -> Fault {
    Fault::client(Code::CredentialUnknown, "the user name or the password is wrong")
}

impl Credentials for MemoryCredentials {
    fn challenge(&self, user: &str) -> Challenge {
        self.salts.challenge(user)
    }

    fn issue<'a>(&'a self, grant: &'a Grant<'a>) -> Later<'a, Result<Issued, Fault>> {
        Box::pin(async { Ok(self.make(grant)) })
    }

    fn find<'a>(&'a self, named: &'a Secret) -> Later<'a, Result<Option<Kept>, Fault>> {
        let named = String::from_utf8_lossy(named.expose()).into_owned();
        let made = self.made(|made| made.shown == named || made.id.to_string() == named);
        Box::pin(async { Ok(made.map(|Made { id, issuer, subject, .. }| Kept { id, issuer, subject })) })
    }

    fn revoke(&self, id: CredentialId) -> Later<'_, Result<bool, Fault>> {
        Box::pin(async move {
            let mut all = locked(&self.made);
            let first = all.iter_mut().find(|made| made.id == id && !made.revoked);
            let done = first.map(|made| made.revoked = true).is_some();
            self.changed.send_replace(());
            Ok(done)
        })
    }

    fn revoked(&self, id: CredentialId) -> Later<'_, ()> {
        Box::pin(async move {
            let mut changed = self.changed.subscribe();
            while self.made(|made| made.id == id && made.revoked).is_none() {
                // the sender lives as long as this
                drop(changed.changed().await);
            }
        })
    }
}

/// Both kinds of verifiers: of known tokens, and of what was made of them.
pub(super) struct Verifiers {
    pub(super) tokens: Arc<KnownTokens>,
    pub(super) credentials: Arc<MemoryCredentials>,
}

impl Identify for Verifiers {
    fn discovery(&self) -> Option<String> {
        self.tokens.discovery()
    }

    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        match claim {
            Claim::Token(token) if token.expose().starts_with(TOKEN_PREFIX.as_bytes()) => {
                Box::pin(async { self.credentials.by_token(token) })
            }
            Claim::Token(_) | Claim::Key(_) | Claim::Certificate(_) => self.tokens.identify(claim),
            Claim::Response(response) => Box::pin(async { self.credentials.by_response(response) }),
        }
    }
}
