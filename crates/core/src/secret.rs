//! The one type that secrets live in.
//!
//! It zeroizes when dropped, prints `[secret]`, cannot be serialised or compared in variable time, and is opened
//! in one way, [`Secret::expose`], whose callers `cargo xtask tidy` counts.
//!
//! ```compile_fail,E0277
//! # use postern_core::Secret;
//! fn write(secret: &Secret) -> String { serde_json::to_string(secret).unwrap() }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::Secret;
//! fn show(secret: &Secret) -> String { format!("{secret}") }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::Secret;
//! fn copy(secret: &Secret) -> Secret { Clone::clone(secret) }
//! ```
//! ```compile_fail,E0369
//! # use postern_core::Secret;
//! fn guess(secret: &Secret, other: &Secret) -> bool { secret == other }
//! ```

use std::fmt;

use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A credential, token or key in memory.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; the caller's copy is moved, not left behind.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves. Only the login of a protocol, a verifier and a key derivation may look.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it; an empty secret proves nothing and is refused wherever it is met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
