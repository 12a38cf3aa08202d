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

    /// Makes a token known with all that its issuer says.
    pub fn know_with(&self, token: &str, issuer: &str, subject: &str, claims: &[(&str, &[&str])], groups: &[&str]) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let known = Known {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            claims: claims.iter().map(|(name, values)| ((*name).to_owned(), words(values))).collect(),
            groups: words(groups).into_iter().collect(),
            expires: StillClock::START.after(Duration::from_secs(3_600)),
        };
        locked(&self.tokens).insert(token.as_bytes().to_vec(), known);
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
                Claim::Response(_) => None,
            };
            known.map(Known::vouched).ok_or_else(|| {
                Fault::client(Code::TokenInvalid, "the token is none of a trusted issuer").hint("get a fresh token")
            })
        })
    }
}
