//! The gateway's own credentials: made for whoever has proved who they are, and verified when they come back.
//!
//! What is kept lets nobody in. A token or certificate is found by its hash, a password is checked with what SCRAM keeps of it,
//! and what each stands for (claims, target, end) is sealed and bound to what it is found by: who reads the store has
//! nothing to show, and who writes to it makes nobody of himself. Enter at [`Credentials::new`].

mod failures;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::rand;
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER};
use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::credential::{
    Challenge, CredentialKind, Grant, Issued, Kept, Mechanism, PREFIX, Response, Salts, TOKEN_PREFIX, Through, Verifier,
};
use postern_core::fault::Fault;
use postern_core::id::CredentialId;
use postern_core::identity::{Claim, Claims, VerifiedClaims};
use postern_core::ports::{self, Identify, Later};
use postern_core::seal::Seal;
use postern_core::secret::Secret;
use postern_core::target::TargetName;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use self::failures::Failures;
use super::authority::{Authority, foreign};
use super::token::invalid;
use crate::store::{CredentialRow, NewCredential, Store};

#[cfg(test)]
mod tests;

/// How many credentials one owner may have at once.
const MOST: u32 = 100;
/// How often a store that does not answer is asked again whether a credential is still good, and after how long.
const SILENT: u32 = 12;
const AGAIN: Duration = Duration::from_secs(5);
/// The random bytes of a token or password, and of a user name.
const SECRET: usize = 32;
const NAME: usize = 16;

/// Makes, keeps and verifies credentials.
pub struct Credentials {
    store: Arc<Store>,
    seal: Seal,
    salts: Salts,
    authority: Authority,
    clock: Arc<dyn Clock>,
    failures: Failures,
    /// Changes whenever one is taken back.
    revocations: watch::Sender<()>,
}

/// What a credential stands for, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Body {
    id: CredentialId,
    kind: String,
    issuer: String,
    /// Where the issuer was as it vouched, where it is anywhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    url: Option<String>,
    subject: String,
    claims: Claims,
    groups: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    target: Option<String>,
    expires: Micros,
    /// `StoredKey` and `ServerKey` of a session credential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    keys: Option<(String, String)>,
}

impl Credentials {
    /// The credentials in `store`, for the holder of the root secret.
    ///
    /// # Errors
    /// Where the root is none.
    pub fn new(store: Arc<Store>, root: &Secret, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let seal = Seal::derive(root, "postern credentials v1")?;
        let failures = Failures::new(Arc::clone(&clock));
        let (salts, authority) = (Salts::derive(root)?, Authority::derive(root)?);
        Ok(Self { store, seal, salts, authority, clock, failures, revocations: watch::Sender::new(()) })
    }

    /// Whether a claim is by one of these, rather than by the token of an issuer.
    #[must_use]
    pub fn made(claim: &Claim) -> bool {
        match claim {
            Claim::Token(token) => token.expose().starts_with(TOKEN_PREFIX.as_bytes()),
            Claim::Response(_) | Claim::Certificate(_) => true,
            Claim::Key(_) => false,
        }
    }

    async fn make(&self, grant: &Grant<'_>) -> Result<Issued, Fault> {
        let secret = random::<SECRET>()?;
        let mut body = Body {
            id: grant.id,
            kind: grant.kind.word().to_owned(),
            issuer: grant.claims.issuer().to_owned(),
            url: grant.claims.url().map(str::to_owned),
            subject: grant.claims.subject().to_owned(),
            claims: grant.claims.claims().clone(),
            groups: grant.claims.groups().clone(),
            target: grant.target.map(ToString::to_string),
            expires: grant.expires,
            keys: None,
        };
        let secret = BASE64URL_NOPAD.encode(secret.expose());
        let (user, secret, lookup) = match grant.kind {
            CredentialKind::AccessToken => {
                let token = Secret::new(format!("{TOKEN_PREFIX}{secret}"));
                let lookup = lookup_of(token.expose());
                (None, token, lookup)
            }
            CredentialKind::Session => {
                let name = BASE32_NOPAD.encode(random::<NAME>()?.expose()).to_ascii_lowercase();
                let user = format!("{PREFIX}{name}");
                let password = Secret::new(secret);
                let verifier = Verifier::of(&password, &self.salts.challenge(&user));
                let (stored, server) = verifier.keys();
                body.keys = Some((BASE64.encode(stored), BASE64.encode(server)));
                (Some(user.clone()), password, user)
            }
            CredentialKind::Certificate => {
                let made = self.authority.certificate(grant, self.clock.now())?;
                let bytes = made.to_bytes().map_err(|error| unkept().cause(error))?;
                let line = made.to_openssh().map_err(|error| unkept().cause(error))?;
                (None, Secret::new(line), lookup_of(&bytes))
            }
        };
        let plain = Secret::new(serde_json::to_vec(&body).map_err(|error| unkept().cause(error))?);
        let sealed = BASE64.encode(&self.seal.close(&lookup, plain.expose())?);
        let owner = format!("{}\n{}", body.issuer, body.subject);
        let new =
            NewCredential { lookup: &lookup, id: grant.id, owner: &owner, expires: grant.expires, sealed: &sealed };
        if self.store.keep_credential(&new, MOST).await? {
            return Ok(Issued { user, secret });
        }
        // THREAT: whoever makes and takes back credentials in a loop fills store and journal; taking one back frees nothing
        let message = format!("you were given {MOST} credentials whose time is not over, the most there may be");
        Err(Fault::client(Code::CredentialsTooMany, message).hint("use one again, or wait for the end of some"))
    }

    /// The credential behind a token: whoever has the token has it from its owner.
    async fn by_token(&self, token: &Secret) -> Result<VerifiedClaims, Fault> {
        let unknown =
            || Fault::client(Code::CredentialUnknown, "the access token is none of this gateway").hint("get a new one");
        let lookup = lookup_of(token.expose());
        let row = self.store.credential(&lookup).await?.ok_or_else(unknown)?;
        let body = self.body(&row)?.filter(|body| body.kind == CredentialKind::AccessToken.word());
        self.vouched(&row, body.ok_or_else(unknown)?)
    }

    /// The credential whose password a client has shown to know.
    async fn by_response(&self, response: &Response) -> Result<VerifiedClaims, Fault> {
        let user = response.user.as_str();
        self.failures.admit(user)?;
        let row = self.store.credential(user).await?;
        let body = match &row {
            Some(row) => self.body(row)?.filter(|body| body.kind == CredentialKind::Session.word()),
            None => None,
        };
        // THREAT: finding out which names exist: a name that nobody has gets as far as any, with a verifier that fits
        // no password
        let verifier = body.as_ref().and_then(Body::verifier).unwrap_or_else(|| self.salts.nobodys(user));
        let answer = match response.mechanism {
            Mechanism::ScramSha256 => verifier.check(&response.message, &response.proof),
        };
        let (Some(row), Some(body), Some(answer)) = (row, body, answer) else {
            self.failures.note(user);
            return Err(Fault::client(Code::CredentialUnknown, "the user name or the password is wrong")
                .hint("user name and password belong together and last minutes; postern token makes new ones"));
        };
        self.vouched(&row, body).map(|claims| claims.answering(answer))
    }

    /// The credential behind a certificate: who has the private key to it has it from its owner.
    async fn by_certificate(&self, certificate: &[u8]) -> Result<VerifiedClaims, Fault> {
        self.authority.verify(certificate)?;
        let row = self.store.credential(&lookup_of(certificate)).await?.ok_or_else(foreign)?;
        let body = self.body(&row)?.filter(|body| body.kind == CredentialKind::Certificate.word());
        self.vouched(&row, body.ok_or_else(foreign)?)
    }

    /// What a credential that was proved stands for, while it is good.
    fn vouched(&self, row: &CredentialRow, body: Body) -> Result<VerifiedClaims, Fault> {
        let again = "exchange your token for a new one, with postern token";
        if row.revoked {
            return Err(Fault::client(Code::CredentialRevoked, "the credential was revoked").hint(again));
        }
        if body.expires <= self.clock.now() {
            let ago = self.clock.now().since(body.expires).as_secs();
            let message = format!("the credential expired {ago} seconds ago");
            return Err(Fault::client(Code::CredentialExpired, message).hint(again));
        }
        // INVARIANT: a target that cannot be read is not the same as none: the credential would open all of them
        let target = match &body.target {
            Some(name) => Some(TargetName::parse(name).ok_or_else(unkept)?),
            None => None,
        };
        let claims = VerifiedClaims::vouched(body.issuer, body.subject, body.claims, body.groups, body.expires);
        // THREAT: an issuer that is replaced goes on vouching by what was made of its tokens
        let claims = match body.url {
            Some(url) => claims.at(url),
            None => claims,
        };
        Ok(claims.through(Through { id: body.id, target }))
    }

    /// What a row stands for; nothing where it is not what was sealed.
    fn body(&self, row: &CredentialRow) -> Result<Option<Body>, Fault> {
        // THREAT: who can write the store gives his own token somebody else's claims
        let bytes = BASE64.decode(row.sealed.as_bytes()).ok();
        let Some(plain) = bytes.and_then(|bytes| self.seal.open(&row.lookup, &bytes)) else {
            tracing::error!(credential = %row.id, "the store holds a credential that is not what was sealed");
            return Ok(None);
        };
        let body: Body = serde_json::from_slice(plain.expose()).map_err(|error| unkept().cause(error))?;
        Ok((body.id == row.id).then_some(body))
    }

    async fn kept(&self, named: &Secret) -> Result<Option<Kept>, Fault> {
        let text = std::str::from_utf8(named.expose()).unwrap_or_default();
        let row = match text.parse::<CredentialId>() {
            Ok(id) => self.store.credential_named(id).await?,
            Err(_) if text.starts_with(TOKEN_PREFIX) => self.store.credential(&lookup_of(named.expose())).await?,
            Err(_) => self.store.credential(text).await?,
        };
        let Some(row) = row else { return Ok(None) };
        let body = self.body(&row)?;
        Ok(body.map(|Body { id, issuer, subject, .. }| Kept { id, issuer, subject }))
    }

    async fn take_back(&self, id: CredentialId) -> Result<bool, Fault> {
        let done = self.store.revoke_credential(id).await?;
        self.revocations.send_replace(());
        Ok(done)
    }

    async fn until_taken_back(&self, id: CredentialId) {
        let mut revocations = self.revocations.subscribe();
        let mut silent = 0_u32;
        loop {
            match self.store.credential_named(id).await {
                Ok(Some(row)) if !row.revoked => silent = 0,
                // a row outlives every session that came by it: where there is none, somebody took it away
                Ok(_) => return,
                Err(fault) if silent < SILENT => {
                    tracing::warn!(credential = %id, %fault, "whether it is revoked is not known");
                    silent = silent.saturating_add(1);
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                // not known is not good: the session is ended rather than kept by a store that is silent
                Err(_) => return,
            }
            // the sender lives in `self`
            drop(revocations.changed().await);
        }
    }
}

impl Body {
    fn verifier(&self) -> Option<Verifier> {
        let (stored, server) = self.keys.as_ref()?;
        let decoded = |text: &String| BASE64.decode(text.as_bytes()).ok();
        Verifier::kept(&decoded(stored)?, &decoded(server)?)
    }
}

impl ports::Credentials for Credentials {
    fn challenge(&self, user: &str) -> Challenge {
        self.salts.challenge(user)
    }

    fn issue<'a>(&'a self, grant: &'a Grant<'a>) -> Later<'a, Result<Issued, Fault>> {
        Box::pin(self.make(grant))
    }

    fn find<'a>(&'a self, named: &'a Secret) -> Later<'a, Result<Option<Kept>, Fault>> {
        Box::pin(self.kept(named))
    }

    fn revoke(&self, id: CredentialId) -> Later<'_, Result<bool, Fault>> {
        Box::pin(self.take_back(id))
    }

    fn revoked(&self, id: CredentialId) -> Later<'_, ()> {
        Box::pin(self.until_taken_back(id))
    }
}

impl Identify for Credentials {
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        match claim {
            Claim::Token(token) => Box::pin(self.by_token(token)),
            Claim::Response(response) => Box::pin(self.by_response(response)),
            Claim::Certificate(shown) => Box::pin(self.by_certificate(shown.blob())),
            Claim::Key(_) => Box::pin(async { Err(invalid("no key is a credential of the gateway's")) }),
        }
    }
}

fn random<const N: usize>() -> Result<Secret, Fault> {
    let mut bytes = vec![0_u8; N];
    rand::fill(&mut bytes).map_err(|_| Fault::gateway(Code::Internal, "this machine has no randomness"))?;
    Ok(Secret::new(bytes))
}

/// What a token or certificate is found by. Either is long and random, so that its hash tells nothing of it.
fn lookup_of(shown: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&SHA256, shown).as_ref())
}

fn unkept() -> Fault {
    Fault::gateway(Code::Internal, "a credential cannot be kept, or was kept by another version")
}
