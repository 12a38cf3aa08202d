//! A verifier that has seen all tokens there are.
//!
//! It verifies no signature; a token is known or it is not. Enter at [`KnownTokens`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use postern_core::identity::Claims;
use postern_core::ports::{Identify, Later};
use postern_core::{Claim, Code, Fault, Micros, VerifiedClaims};

use super::{StillClock, locked};

/// Vouches for the tokens that a test made known, and for no other.
#[derive(Debug, Default)]
pub struct KnownTokens {
    tokens: Mutex<BTreeMap<Vec<u8>, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    issuer: String,
    subject: String,
    claims: Claims,
    groups: BTreeSet<String>,
    expires: Micros,
}

impl Known {
    fn vouched(self) -> VerifiedClaims {
        VerifiedClaims::vouched(self.issuer, self.subject, self.claims, self.groups, self.expires).at(KnownTokens::URL)
    }
}

impl KnownTokens {
    /// The issuer of tokens made known by [`Self::know`].
    pub const ISSUER: &'static str = "corp";

    /// Where that issuer is.
    pub const URL: &'static str = "https://corp.test";

    /// Makes a token known: of [`Self::ISSUER`], with this subject and, as the claim `sub`, the same.
    pub fn know(&self, token: &str, subject: &str) {
        self.know_with(token, Self::ISSUER, subject, &[("sub", &[subject])], &[]);
    }

    /// Makes a public key known, or a certificate of one, as it stands in messages.
    pub fn know_key(&self, blob: &[u8], subject: &str) {
        let claims = [("sub".to_owned(), vec![subject.to_owned()])].into();
        self.keep(blob, Self::ISSUER, subject, claims, BTreeSet::new());
    }

    /// Makes a token known with all that its issuer says.
    pub fn know_with(&self, token: &str, issuer: &str, subject: &str, claims: &[(&str, &[&str])], groups: &[&str]) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let claims = claims.iter().map(|(name, values)| ((*name).to_owned(), words(values))).collect();
        self.keep(token.as_bytes(), issuer, subject, claims, words(groups).into_iter().collect());
    }

    fn keep(&self, shown: &[u8], issuer: &str, subject: &str, claims: Claims, groups: BTreeSet<String>) {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        let expires = StillClock::START.after(Duration::from_secs(3_600));
        locked(&self.tokens).insert(shown.to_vec(), Known { issuer, subject, claims, groups, expires });
    }
}

impl Identify for KnownTokens {
    fn discovery(&self) -> Option<String> {
        Some(format!("{}/.well-known/openid-configuration", Self::URL))
    }

    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>> {
        Box::pin(async move {
            let known = match claim {
                Claim::Token(token) => locked(&self.tokens).get(token.expose()).cloned(),
                Claim::Key(key) | Claim::Certificate(key) => locked(&self.tokens).get(key.blob()).cloned(),
                Claim::Response(_) => None,
            };
            known.map(Known::vouched).ok_or_else(|| {
                Fault::client(Code::TokenInvalid, "the token is none of a trusted issuer").hint("get a fresh token")
            })
        })
    }
}
