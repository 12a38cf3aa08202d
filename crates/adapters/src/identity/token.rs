//! Reads one token in its compact form (RFC 7515 §7.1) and checks its signature with a key of its issuer.
//!
//! Nothing in a [`Token`] is verified; [`Token::check`] alone gives out claims that are. Messages never carry the
//! token itself.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::Algorithm;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::{Doubt, Keys};
use super::shown;

/// Longer than any token that an issuer makes, and short enough to parse before anything about it is known.
const LONGEST: usize = 32 * 1024;

/// A token as it came: what it says of itself, unverified.
pub(super) struct Token<'a> {
    /// What is signed: header and payload with the dot between them.
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
    issuer: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Origin {
    iss: String,
}

impl<'a> Token<'a> {
    /// Reads what the token says of itself; refuses what could not be verified anyway.
    pub(super) fn read(proof: &'a Secret) -> Result<Self, Fault> {
        let bytes = proof.expose();
        if bytes.is_empty() {
            return Err(Fault::client(Code::ProofMissing, "no token was given")
                .hint("give an OpenID Connect token of a trusted issuer as the password"));
        }
        if bytes.len() > LONGEST {
            return Err(invalid("the token is longer than 32 KiB"));
        }
        let parts = std::str::from_utf8(bytes).ok().and_then(|text| {
            let (message, signature) = text.rsplit_once('.')?;
            let (header, payload) = message.split_once('.')?;
            (!payload.contains('.')).then_some((message, header, payload, signature))
        });
        let Some((message, header, payload, signature)) = parts else {
            return Err(invalid("what was given is not a token: it has not three parts separated by dots")
                .hint("give the whole OpenID Connect token, and nothing else, as the password"));
        };
        let Some(header) = decoded::<Header>(header) else {
            return Err(invalid("the token's header cannot be read"));
        };
        if header.crit.is_some() {
            // RFC 7515 §4.1.11: extensions that are not understood must not be ignored.
            return Err(invalid("the token's header demands an extension (`crit`) that is not supported"));
        }
        let Some(origin) = decoded::<Origin>(payload) else {
            return Err(invalid("the token does not say who issued it (`iss`)"));
        };
        let algorithm = algorithm(&header.alg)?;
        Ok(Self { message, payload, signature, algorithm, kid: header.kid, issuer: origin.iss })
    }

    /// Who issued it, as it says itself.
    pub(super) fn claimed_issuer(&self) -> &str {
        &self.issuer
    }

    /// The claims, once the signature stands under one of `keys` with an algorithm that this key is for.
    pub(super) fn check(&self, keys: &Keys) -> Result<Map<String, Value>, Doubt> {
        let key = keys.find(self.kid.as_deref(), self.algorithm)?;
        let stands = jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, self.algorithm);
        if !matches!(stands, Ok(true)) {
            let fault = invalid("the token's signature does not stand under its issuer's key");
            // A token that names no key may be signed with the one that has just replaced the only one known.
            return Err(if self.kid.is_some() { Doubt::Refused(fault) } else { Doubt::KeyUnknown(fault) });
        }
        decoded(self.payload).ok_or_else(|| Doubt::Refused(invalid("the token's claims cannot be read")))
    }
}

/// The signature algorithms that are taken: asymmetric ones only. A shared secret proves nothing about an issuer, and
/// taking one would let its public key serve as the secret.
fn algorithm(name: &str) -> Result<Algorithm, Fault> {
    match name {
        "RS256" => Ok(Algorithm::RS256),
        "RS384" => Ok(Algorithm::RS384),
        "RS512" => Ok(Algorithm::RS512),
        "PS256" => Ok(Algorithm::PS256),
        "PS384" => Ok(Algorithm::PS384),
        "PS512" => Ok(Algorithm::PS512),
        "ES256" => Ok(Algorithm::ES256),
        "ES384" => Ok(Algorithm::ES384),
        "EdDSA" => Ok(Algorithm::EdDSA),
        none if none.eq_ignore_ascii_case("none") => Err(invalid("the token is not signed")
            .hint("use a token that its issuer has signed; an unsigned one proves nothing")),
        "HS256" | "HS384" | "HS512" => Err(invalid(format!("the token is signed with a shared secret (`{name}`)"))
            .hint("configure the issuer to sign with RS256, ES256 or EdDSA")),
        other => Err(invalid(format!("the token's algorithm `{}` is not supported", shown(other)))
            .hint("configure the issuer to sign with RS256, ES256 or EdDSA")),
    }
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}

/// The token is none that could be accepted, now or ever.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::client(Code::TokenInvalid, message).hint("get a fresh token from the issuer and pass it on unchanged")
}
