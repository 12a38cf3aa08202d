mod acceptance;
mod forgery;
mod keeping;

use std::sync::Arc;
use std::time::Duration;

use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::identity::{Claim, VerifiedClaims};
use postern_core::ports::Identify;
use postern_core::secret::Secret;
use postern_testkit::fakes::StillClock;
use postern_testkit::issuer::{AUDIENCE, Algorithm, Issuer as Fake};
use serde_json::{Value, json};

use super::{Issuer, Oidc};

/// A moment in 2027.
const NOW: u64 = 1_800_000_000;

/// A verifier that trusts one fake issuer, and a clock that a test moves.
struct House {
    fake: Fake,
    clock: Arc<StillClock>,
    oidc: Oidc,
}

impl House {
    fn new() -> Self {
        let fake = Fake::start().unwrap();
        fake.rotate(Algorithm::Rs256, "first").unwrap();
        let clock = Arc::new(StillClock::at(Micros(NOW * 1_000_000)));
        let oidc = Oidc::new(vec![trusted(&fake.url())], clock.clone()).unwrap();
        Self { fake, clock, oidc }
    }

    /// The claims of an ordinary token, with some set anew or, where null, left out.
    fn claims(&self, changes: &Value) -> Value {
        let mut claims = self.fake.claims("repo:acme/shop", self.clock.now().seconds());
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    fn token(&self, changes: &Value) -> String {
        self.fake.token(&self.claims(changes)).unwrap()
    }

    async fn login(&self, token: &str) -> Result<VerifiedClaims, Fault> {
        let outcome = self.oidc.identify(&Claim::Token(Secret::new(token))).await;
        if let Err(fault) = &outcome {
            let said = format!("{fault:?}");
            assert!(token.len() < 40 || !said.contains(token), "the token is in {said}");
            for part in token.split('.').filter(|part| part.len() > 20) {
                assert!(!said.contains(part), "a part of the token is in {said}");
            }
        }
        outcome
    }

    /// Logs in with an ordinary token.
    async fn ordinary(&self) -> Result<VerifiedClaims, Fault> {
        self.login(&self.token(&json!({}))).await
    }

    async fn refused(&self, token: &str) -> Fault {
        match self.login(token).await {
            Err(fault) => fault,
            Ok(claims) => panic!("accepted: {claims:?}"),
        }
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn trusted(url: &str) -> Issuer {
    Issuer {
        name: "ci".to_owned(),
        url: url.to_owned(),
        audience: AUDIENCE.to_owned(),
        groups_claim: Some("groups".to_owned()),
        groups_prefix: Some("ci:".to_owned()),
        ca_file: None,
    }
}
