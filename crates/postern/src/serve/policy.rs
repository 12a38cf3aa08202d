//! What may change while sessions run: the policy, and who may vouch for principals.
//!
//! Each is replaced whole, so nobody ever sees half of a change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use postern_adapters::identity::{Credentials, Oidc, ProvenKeys};
use postern_core::mask::Pseudonyms;
use postern_core::policy::Rulebook;
use postern_core::ports::{Identify, Later, Policy};
use postern_core::verdict::Revision;
use postern_core::{Claim, Fault, VerifiedClaims};
use tokio::sync::watch;

/// The policy in force, and what its masks make stand-ins with.
#[derive(Clone)]
pub(super) struct InForce(Arc<watch::Sender<Arc<Rulebook>>>, Arc<Pseudonyms>);

impl InForce {
    pub(super) fn new(rulebook: Rulebook, pseudonyms: Pseudonyms) -> Self {
        Self(Arc::new(watch::Sender::new(rulebook.keyed(&pseudonyms).into())), Arc::new(pseudonyms))
    }

    pub(super) fn replace(&self, rulebook: Rulebook) {
        self.0.send_replace(rulebook.keyed(&self.1).into());
    }
}

impl Policy for InForce {
    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::clone(&self.0.borrow())
    }

    fn changed(&self, seen: Revision) -> Later<'_, ()> {
        let mut rulebook = self.0.subscribe();
        // the sender lives in `self`, so the channel is open
        Box::pin(async move { drop(rulebook.wait_for(|rulebook| rulebook.revision != seen).await) })
    }
}

/// The verifiers of the issuers in force, of keys, and of the gateway's own credentials.
#[derive(Clone)]
pub(super) struct Verifiers {
    issuers: Arc<ArcSwap<Oidc>>,
    keys: Arc<ProvenKeys>,
    credentials: Arc<Credentials>,
}

impl Verifiers {
    pub(super) fn new(oidc: Oidc, keys: ProvenKeys, credentials: Arc<Credentials>) -> Self {
        Self { issuers: Arc::new(ArcSwap::from_pointee(oidc)), keys: Arc::new(keys), credentials }
    }

    pub(super) fn replace(&self, oidc: Oidc) {
        self.issuers.store(Arc::new(oidc));
    }
}

impl Identify for Verifiers {
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        if Credentials::made(claim) {
            return self.credentials.identify(claim);
        }
        if matches!(claim, Claim::Key(_)) {
            return self.keys.identify(claim);
        }
        let oidc = self.issuers.load_full();
        Box::pin(async move { oidc.identify(claim).await })
    }

    fn discovery(&self) -> Option<String> {
        self.issuers.load().discovery()
    }
}
