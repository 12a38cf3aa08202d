//! An issuer's published keys (RFC 7517), each pinned to the algorithms it may sign with.
//!
//! The pin comes from the key, never from the token: that is what makes a token with a chosen `alg` harmless. Keys for
//! encryption, shared secrets and unknown kinds are left out, as if they were not published.

use jsonwebtoken::{Algorithm, DecodingKey};
use postern_core::fault::Fault;
use serde::Deserialize;
use serde_json::Value;

use super::shown;
use super::token::invalid;

/// The keys that may verify tokens of one issuer.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    material: DecodingKey,
}

/// Why a token was not accepted under a set of keys.
#[derive(Debug)]
pub(super) enum Doubt {
    /// The issuer may have signed it with a key that is newer than these.
    KeyUnknown(Fault),
    /// No newer key could help.
    Refused(Fault),
}

impl Doubt {
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Self::KeyUnknown(fault) | Self::Refused(fault) => fault,
        }
    }
}

/// A key as published; all that is not needed to verify is ignored.
#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a key set document. `None` where it is none; it may well hold no usable key.
    pub(super) fn parse(document: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(document).ok()?;
        Some(Self(set.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// Whether no key of the set can verify anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a token with this `kid` and algorithm must be signed with.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&DecodingKey, Doubt> {
        let mut named = self.0.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid).peekable();
        if named.peek().is_none() {
            let kid = shown(kid.unwrap_or_default());
            return Err(Doubt::KeyUnknown(
                invalid(format!("the token is signed with a key `{kid}` that its issuer does not publish"))
                    .hint("get a fresh token from the issuer"),
            ));
        }
        if kid.is_none() && self.0.len() > 1 {
            return Err(Doubt::Refused(invalid(
                "the token does not say which of its issuer's keys has signed it (`kid`)",
            )));
        }
        match named.find(|key| key.algorithms.contains(&algorithm)) {
            Some(key) => Ok(&key.material),
            None => Err(Doubt::Refused(invalid(format!(
                "the token's algorithm `{algorithm:?}` is not the one that its issuer's key is for"
            )))),
        }
    }
}

impl Key {
    /// The key, where it is one that verifies signatures with an algorithm that is taken here.
    fn read(published: Value) -> Option<Self> {
        let published: Published = serde_json::from_value(published).ok()?;
        if published.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (mut algorithms, material) = published.material()?;
        if let Some(pinned) = published.alg.as_deref() {
            algorithms.retain(|algorithm| name(*algorithm) == pinned);
        }
        (!algorithms.is_empty()).then_some(Self { kid: published.kid, algorithms, material })
    }
}

impl Published {
    /// The key itself, and all the algorithms that keys of its kind can serve.
    fn material(&self) -> Option<(Vec<Algorithm>, DecodingKey)> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
                let key = DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok()?;
                Some((vec![RS256, RS384, RS512, PS256, PS384, PS512], key))
            }
            ("EC", Some(curve @ ("P-256" | "P-384"))) => {
                let algorithm = if curve == "P-256" { Algorithm::ES256 } else { Algorithm::ES384 };
                let key = DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?).ok()?;
                Some((vec![algorithm], key))
            }
            ("OKP", Some("Ed25519")) => {
                let key = DecodingKey::from_ed_components(self.x.as_deref()?).ok()?;
                Some((vec![Algorithm::EdDSA], key))
            }
            _ => None,
        }
    }
}

/// The name in RFC 7518 §3.1 and RFC 8037 §3.1 of an algorithm that is taken here.
fn name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}
