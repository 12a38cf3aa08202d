//! What SCRAM keeps of a password (RFC 5802 §3, RFC 7677), and the salt that belongs to a user name.
//!
//! Pure. Whoever has a verifier cannot log in with it; whoever has heard a login cannot learn the password from it,
//! because the passwords are random and long.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::seal::expand;
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// The least that RFC 7677 §4 allows; more would slow down clients and no guesser, for passwords of 256 random bits.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(4_096) {
    Some(iterations) => iterations,
    None => NonZeroU32::MIN,
};
/// The length of a salt, in bytes.
const SALT: usize = 16;
/// The length of a SHA-256 hash, in bytes.
const HASH: usize = digest::SHA256_OUTPUT_LEN;

/// What a client must know to answer for a user name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The salt.
    pub salt: Vec<u8>,
    /// How often the password is hashed.
    pub iterations: u32,
}

/// The salts of user names, whether anybody has them or not.
///
/// THREAT: finding out which user names exist. The salt of a name comes from the name and a key alone, so a name that
/// nobody has looks like any other until the proof.
pub struct Salts(hmac::Key);

impl Salts {
    /// Derives them from the root secret.
    ///
    /// # Errors
    /// Where the root is not 32 bytes long.
    pub fn derive(root: &Secret) -> Result<Self, Fault> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &*expand(root, "postern credential salts v1")?)))
    }

    /// What a client must know to answer for this user name.
    #[must_use]
    pub fn challenge(&self, user: &str) -> Challenge {
        let salt = self.of("salt", user).as_ref().iter().take(SALT).copied().collect();
        Challenge { salt, iterations: ITERATIONS.get() }
    }

    /// A verifier for a user name that nobody has: no password fits it.
    #[must_use]
    pub fn nobodys(&self, user: &str) -> Verifier {
        Verifier { stored: bytes(self.of("stored", user).as_ref()), server: bytes(self.of("server", user).as_ref()) }
    }

    fn of(&self, what: &str, user: &str) -> hmac::Tag {
        hmac::sign(&self.0, format!("{what} {user}").as_bytes())
    }
}

/// What the gateway keeps of a password: `StoredKey` and `ServerKey`.
#[derive(Clone)]
pub struct Verifier {
    stored: [u8; HASH],
    server: [u8; HASH],
}

impl Verifier {
    /// The verifier of a password.
    #[must_use]
    pub fn of(password: &Secret, challenge: &Challenge) -> Self {
        let mut salted = Zeroizing::new([0_u8; HASH]);
        let iterations = NonZeroU32::new(challenge.iterations).unwrap_or(ITERATIONS);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &challenge.salt, password.expose(), &mut *salted);
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &*salted);
        let client = hmac::sign(&salted, b"Client Key");
        Self {
            stored: bytes(digest::digest(&digest::SHA256, client.as_ref()).as_ref()),
            server: bytes(hmac::sign(&salted, b"Server Key").as_ref()),
        }
    }

    /// The verifier that was kept, from its two keys.
    #[must_use]
    pub fn kept(stored: &[u8], server: &[u8]) -> Option<Self> {
        Some(Self { stored: stored.try_into().ok()?, server: server.try_into().ok()? })
    }

    /// Its two keys, to be kept.
    #[must_use]
    pub fn keys(&self) -> (&[u8], &[u8]) {
        (&self.stored, &self.server)
    }

    /// Checks a client's proof over the messages of both sides. Answers what proves to the client that its verifier is
    /// known here.
    #[must_use]
    pub fn check(&self, message: &[u8], proof: &[u8]) -> Option<Vec<u8>> {
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.stored), message);
        let client: Zeroizing<Vec<u8>> =
            Zeroizing::new(proof.iter().zip(signature.as_ref()).map(|(proof, signed)| proof ^ signed).collect());
        let stored = digest::digest(&digest::SHA256, &client);
        let fits = constant_time::verify_slices_are_equal(stored.as_ref(), &self.stored).is_ok();
        if !fits || proof.len() != HASH {
            return None;
        }
        Some(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.server), message).as_ref().to_vec())
    }
}

/// Prints nothing of it: it serves to try passwords against.
impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier([secret])")
    }
}

impl std::fmt::Debug for Salts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salts")
    }
}

fn bytes(from: &[u8]) -> [u8; HASH] {
    let mut to = [0_u8; HASH];
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    to
}
