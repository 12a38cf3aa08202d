//! The body of a `p` message: a password or a step of SASL (55.7, "`PasswordMessage`",
//! "`SASLInitialResponse`", "`SASLResponse`"). Which of them it is depends on what the server asked
//! for, so the reader says which one it expects.
//!
//! This body is a secret in transit: it is never printed. Whoever takes it out puts it where
//! secrets live, and does not keep the frame.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::read::Reader;
use super::{tag, write};

const WHAT: &str = "password message";

/// What the client answered, not yet read as anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub(super) Bytes);

/// The first step of SASL.
#[derive(Clone, PartialEq, Eq)]
pub struct SaslInitial {
    /// The mechanism chosen.
    pub mechanism: Bytes,
    /// The mechanism's first message; `None` where the client lets the server begin.
    pub data: Option<Bytes>,
}

impl Password {
    /// Reads it as the answer to a request for a password.
    ///
    /// # Errors
    ///
    /// No terminating zero byte, or bytes after it.
    pub fn cleartext(&self) -> Result<Bytes, WireError> {
        let mut reader = Reader::new(WHAT, &self.0);
        let password = self.0.slice_ref(reader.string()?);
        reader.finish()?;
        Ok(password)
    }

    /// Reads it as `SASLInitialResponse`.
    ///
    /// # Errors
    ///
    /// A length that is not that of the data, no mechanism.
    pub fn sasl_initial(&self) -> Result<SaslInitial, WireError> {
        let mut reader = Reader::new("sasl initial response", &self.0);
        let mechanism = reader.string()?;
        if mechanism.is_empty() {
            return Err(reader.malformed("mechanism"));
        }
        let data = reader.value()?.map(|data| self.0.slice_ref(data));
        reader.finish()?;
        Ok(SaslInitial { mechanism: self.0.slice_ref(mechanism), data })
    }

    /// Reads it as `SASLResponse`: the mechanism's own bytes, all of them.
    #[must_use]
    pub fn sasl_response(&self) -> Bytes {
        self.0.clone()
    }
}

/// Prints that there is one, and nothing of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Prints the mechanism only: for some the data is the credential itself.
impl fmt::Debug for SaslInitial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaslInitial({:?}, [secret])", self.mechanism)
    }
}

/// Appends a `PasswordMessage`.
///
/// # Errors
///
/// A zero byte in the password.
pub fn encode_password(password: &[u8], out: &mut BytesMut) -> Result<(), WireError> {
    write::message(out, tag::client::PASSWORD, |out| write::string(out, "password", password))
}

/// Appends a `SASLInitialResponse`.
///
/// # Errors
///
/// A mechanism that is empty or contains a zero byte.
pub fn encode_sasl_initial(mechanism: &[u8], data: Option<&[u8]>, out: &mut BytesMut) -> Result<(), WireError> {
    if mechanism.is_empty() {
        return Err(WireError::Unwritable { what: "sasl mechanism", why: "it is empty" });
    }
    write::message(out, tag::client::PASSWORD, |out| {
        write::string(out, "sasl mechanism", mechanism)?;
        write::value(out, data)
    })
}

/// Appends a `SASLResponse`.
///
/// # Errors
///
/// Data longer than a message can be.
pub fn encode_sasl_response(data: &[u8], out: &mut BytesMut) -> Result<(), WireError> {
    write::message(out, tag::client::PASSWORD, |out| {
        out.put_slice(data);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
