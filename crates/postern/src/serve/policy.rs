//! What may change while sessions run: the policy, and who may vouch for principals.
//!
//! Each is replaced whole, so nobody ever sees half of a change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use postern_adapters::identity::Oidc;
use postern_core::policy::Rulebook;
use postern_core::ports::{Identify, Later, Policy};
use postern_core::{Claim, Fault, VerifiedClaims};

/// The policy in force.
#[derive(Clone)]
pub(super) struct InForce(pub(super) Arc<ArcSwap<Rulebook>>);

impl Policy for InForce {
    fn rulebook(&self) -> Arc<Rulebook> {
        self.0.load_full()
    }
}

/// The verifiers of the issuers in force.
#[derive(Clone)]
pub(super) struct Verifiers(Arc<ArcSwap<Oidc>>);

impl Verifiers {
    pub(super) fn new(oidc: Oidc) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(oidc)))
    }

    pub(super) fn replace(&self, oidc: Oidc) {
        self.0.store(Arc::new(oidc));
    }
}

impl Identify for Verifiers {
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        let oidc = self.0.load_full();
        Box::pin(async move { oidc.identify(claim).await })
    }
}
