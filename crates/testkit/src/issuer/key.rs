//! Signing keys and the tokens they sign. Nothing here checks anything: a forged token is made as willingly
//! as a good one. It uses the cryptography directly, not the library that verifies tokens, so that a mistake
//! in one is not hidden by the same mistake in the other.

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// How a key signs (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256, 2048 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Its name in a header or key set.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A key pair with the id it is published under.
pub struct Key {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// Where the cryptography refuses.
    pub fn generate(algorithm: Algorithm, id: &str) -> Result<Self> {
        let pair = match algorithm {
            Algorithm::Rs256 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            Algorithm::Es256 => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            Algorithm::EdDsa => Pair::Ed(Ed25519KeyPair::generate()?),
        };
        Ok(Self { id: id.to_owned(), pair })
    }

    /// Its `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::Ec(_) => Algorithm::Es256,
            Pair::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// The header of an ordinary token signed with it.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm().name(), "kid": self.id, "typ": "JWT" })
    }

    /// Its public part: PKCS #1 for RSA, the uncompressed point for P-256, 32 bytes for Ed25519.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Ed(pair) => pair.public_key().as_ref(),
        }
    }

    /// Its public part as a JSON Web Key (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let (id, algorithm, public) = (&self.id, self.algorithm().name(), self.public());
        match self.pair {
            Pair::Rsa(_) => {
                let (n, e) = rsa_numbers(public).unwrap_or_default();
                json!({ "kid": id, "alg": algorithm, "use": "sig", "kty": "RSA", "n": text(n), "e": text(e) })
            }
            Pair::Ec(_) => {
                // a point is 04, then two coordinates of equal length (SEC 1 section 2.3.3)
                let (x, y) = public.split_first().map(|(_, xy)| xy.split_at(xy.len() / 2)).unwrap_or_default();
                json!({ "kid": id, "alg": algorithm, "use": "sig", "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Pair::Ed(_) => {
                json!({ "kid": id, "alg": algorithm, "use": "sig", "kty": "OKP", "crv": "Ed25519", "x": text(public) })
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// With what a token is signed, whatever its header says.
pub enum Signer<'a> {
    /// A key pair.
    Key(&'a Key),
    /// HMAC-SHA-256 with these bytes, such as a public key an issuer has published.
    Hmac(&'a [u8]),
    /// Nothing: the signature is empty.
    Nothing,
}

/// A token with exactly this header and these claims, good or forged.
///
/// # Errors
/// Where signing fails.
pub fn sign(header: &Value, claims: &Value, signer: &Signer<'_>) -> Result<String> {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = match signer {
        Signer::Key(key) => key.sign(message.as_bytes()).context("cannot sign a token")?,
        Signer::Hmac(secret) => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes()).as_ref().to_vec()
        }
        Signer::Nothing => Vec::new(),
    };
    Ok(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// Modulus and exponent of a PKCS #1 `RSAPublicKey` (RFC 8017 appendix A.1.1), without leading zeros.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (numbers, _) = der_value(der, SEQUENCE)?;
    let (modulus, rest) = der_value(numbers, INTEGER)?;
    let (exponent, _) = der_value(rest, INTEGER)?;
    Some((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// The content of the DER value at the start of `bytes`, and what follows it.
fn der_value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    // a length above 127 is written as 0x80 + how many bytes it takes, then the length
    let (length, rest) = match first.checked_sub(0x80) {
        None => (usize::from(*first), rest),
        Some(size) => {
            let (length, rest) = rest.split_at_checked(usize::from(size))?;
            (length.iter().try_fold(0usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}
