//! Credentials in exchange for a proof, and taking them back.
//!
//! Here is said who gets one, for which target and until when; making and keeping it is a port's. Enter at
//! [`Gate::exchange`] and [`House::revoke`].

use std::sync::Arc;

use crate::clock::Micros;
use crate::code::Code;
use crate::credential::{Challenge, CredentialKind, Grant, Issued};
use crate::fault::Fault;
use crate::gate::admission::Admission;
use crate::gate::{Accepted, Gate, House, Known};
use crate::id::CredentialId;
use crate::identity::Principal;
use crate::journal::Event;
use crate::secret::Secret;
use crate::target::{Target, TargetName};
use crate::vocabulary::Proof;

/// What somebody wants in the place of their proof.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it is to be.
    pub kind: CredentialKind,
    /// The only target that it is for; none for a token that serves wherever a token is taken.
    pub target: Option<&'a str>,
    /// The public key that is to be certified, as it stands in messages, where it is to be a certificate.
    pub key: Option<&'a [u8]>,
}

/// What they get.
#[derive(Debug)]
pub struct Exchanged {
    /// Its name, by which it can be taken back.
    pub id: CredentialId,
    /// The credential itself.
    pub issued: Issued,
    /// When it ends.
    pub expires: Micros,
    /// The target that it is for.
    pub target: Option<Arc<Target>>,
}

impl Gate<Accepted> {
    /// What the client must know to prove that it has the password of this user name.
    #[must_use]
    pub fn challenge(&self, user: &str) -> Challenge {
        self.house.credentials.challenge(user)
    }
}

impl Known {
    pub(super) fn bound(&self) -> Option<&TargetName> {
        self.claims.credential().and_then(|through| through.target.as_ref())
    }
}

impl Gate<Known> {
    /// The only target that the client's credential is for, where it is bound to one.
    #[must_use]
    pub fn bound(&self) -> Option<&TargetName> {
        self.state.bound()
    }

    /// What proves to the client that its password is known here, where it has proved itself by one.
    #[must_use]
    pub fn answer(&self) -> Option<&[u8]> {
        self.state.claims.answer()
    }

    /// Exchanges the proof for a credential that ends with it, or sooner.
    ///
    /// # Errors
    /// Why there is none; journalled.
    pub async fn exchange(self, wanted: Wanted<'_>) -> Result<Exchanged, Fault> {
        match self.exchanged(wanted).await {
            Ok(exchanged) => Ok(exchanged),
            Err(fault) => Err(self.refused(wanted.target.unwrap_or_default(), fault).await),
        }
    }

    async fn exchanged(&self, wanted: Wanted<'_>) -> Result<Exchanged, Fault> {
        let Known { claims, principal } = &self.state;
        // INVARIANT: a credential comes of a proof, never of another credential, so that none lives longer than what
        // was proved, and each is taken back by itself.
        if claims.credential().is_some() {
            return Err(Fault::client(
                Code::CredentialAgain,
                "a credential of the gateway is not exchanged for another",
            )
            .hint("send the token of your issuer that it was made of, or a fresh one"));
        }
        if (wanted.kind == CredentialKind::Certificate) != wanted.key.is_some() {
            return Err(Fault::client(Code::ExchangeInvalid, "a certificate is of a public key, and nothing else is")
                .hint("send the public key with the request for a certificate, and only with that"));
        }
        let now = self.house.clock.now();
        let target = match wanted.target {
            Some(name) => {
                let rulebook = self.house.policy.rulebook();
                let (admission, scope) =
                    Admission::to(&self.state, self.client.ip(), None, (name, None), &rulebook, now)?;
                if wanted.kind == CredentialKind::Certificate && !matches!(scope.proof(), Proof::HostKey(_)) {
                    let message =
                        format!("target `{name}` proves itself inside TLS, and nobody logs in there by a key");
                    return Err(Fault::client(Code::ExchangeInvalid, message).hint("use postern token"));
                }
                Some(admission.target)
            }
            None if wanted.kind == CredentialKind::Session => {
                return Err(Fault::client(Code::TargetUnknown, "a session credential is for one target")
                    .hint("say which, as `audience`"));
            }
            None => None,
        };
        let expires = claims.expires().min(now.after(self.house.credential_max));
        let grant = Grant {
            id: CredentialId::at(now),
            kind: wanted.kind,
            claims,
            owner: principal.name(),
            key: wanted.key,
            target: target.as_ref().map(|target| &target.name),
            expires,
        };
        let issued = self.house.credentials.issue(&grant).await?;
        // INVARIANT: nobody gets a credential whose issue is not journalled; without its secret the row opens nothing
        let event = Event::CredentialIssued {
            credential: grant.id,
            kind: wanted.kind.word().to_owned(),
            principal: principal.summary(),
            client: self.client.to_string(),
            target: target.as_ref().map(|target| target.name.to_string()),
            expires,
        };
        self.house.write(None, event).await?;
        Ok(Exchanged { id: grant.id, issued, expires, target })
    }
}

impl House {
    /// Takes a credential back; `named` is its name, the token, or the user name. Sessions that were opened with it end.
    /// Tells whether there is one that `by` may take back: what is somebody else's is not told from what is not there.
    ///
    /// # Errors
    /// Where the store or the journal fails.
    pub async fn revoke(&self, named: &Secret, by: &Principal) -> Result<bool, Fault> {
        let Some(kept) = self.credentials.find(named).await? else { return Ok(false) };
        let own = (kept.issuer.as_str(), kept.subject.as_str()) == (by.issuer(), by.subject());
        if !own && !self.policy.rulebook().roles.operates(by) {
            return Ok(false);
        }
        if self.credentials.revoke(kept.id).await? {
            self.write(None, Event::CredentialRevoked { credential: kept.id, by: by.summary() }).await?;
        }
        Ok(true)
    }
}
