//! OAUTHBEARER (RFC 7628), the server's side: what a client's message says, and how it is told where tokens are to be had.
//!
//! It verifies nothing and keeps nothing: a token is a claim like any other. Enter at [`Said::read`].

use postern_core::Secret;
use serde::Serialize;

#[cfg(test)]
mod tests;

/// Its name among SASL's mechanisms.
pub const NAME: &str = "OAUTHBEARER";

/// `kvsep`: stands behind every pair, and twice behind the last (RFC 7628 §3.1). Alone it is all that a client says to
/// [`failure`].
pub const SEPARATOR: char = '\x01';

/// The one scheme there is, in any letters (RFC 6750 §2.1, RFC 9110 §11.1).
const SCHEME: &str = "bearer";

/// The client's message cannot be read: the part that was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of the OAUTHBEARER exchange cannot be read ({0})")]
pub struct Malformed(&'static str);

/// What a client says of its token.
#[derive(Debug)]
pub enum Said {
    /// It has none, and asks where one is to be had (RFC 7628 §4.3).
    Nothing,
    /// This is it.
    Token(Secret),
    /// It says something else than a token of the one scheme there is.
    Other,
}

impl Said {
    /// Reads `client-resp`.
    ///
    /// # Errors
    /// [`Malformed`], where it is none. Bytes after its end, another identity and a channel binding, which the mechanism
    /// has not, make it none.
    pub fn read(message: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(message).map_err(|_| Malformed("encoding"))?;
        let pairs = header(text)?.strip_suffix(SEPARATOR).ok_or(Malformed("end"))?;
        if !pairs.is_empty() && !pairs.ends_with(SEPARATOR) {
            return Err(Malformed("end"));
        }
        let mut said = None;
        for pair in pairs.split_terminator(SEPARATOR) {
            let (key, value) = pair.split_once('=').ok_or(Malformed("pair"))?;
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) || !value.bytes().all(is_value) {
                return Err(Malformed("pair"));
            }
            // THREAT: two tokens, of which one is checked and the other believed. Keys have no second spelling.
            if key == "auth" && said.replace(Self::of(value)).is_some() {
                return Err(Malformed("a second token"));
            }
        }
        said.ok_or(Malformed("no token"))
    }

    fn of(value: &str) -> Self {
        if value.is_empty() {
            return Self::Nothing;
        }
        match value.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
                let token = rest.trim_start_matches(' ');
                if is_token(token) { Self::Token(Secret::new(token)) } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

/// What follows `gs2-header kvsep`.
fn header(text: &str) -> Result<&str, Malformed> {
    let rest =
        text.strip_prefix(['n', 'y']).and_then(|rest| rest.strip_prefix(',')).ok_or(Malformed("channel binding"))?;
    let rest = rest.strip_prefix(',').ok_or(Malformed("another identity"))?;
    rest.strip_prefix(SEPARATOR).ok_or(Malformed("header"))
}

/// `VCHAR / SP / HTAB / CR / LF`
fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `b64token` (RFC 6750 §2.1)
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !body.is_empty() && body.bytes().all(fits)
}

/// What a client hears that has no token, or one that is not taken (RFC 7628 §3.2.2).
#[must_use]
pub fn failure(discovery: Option<&str>) -> String {
    #[derive(Serialize)]
    struct Failure<'a> {
        status: &'static str,
        #[serde(rename = "openid-configuration", skip_serializing_if = "Option::is_none")]
        discovery: Option<&'a str>,
        scope: &'static str,
    }
    // of text alone, so there is nothing that could not be written
    serde_json::to_string(&Failure { status: "invalid_token", discovery, scope: "openid" }).unwrap_or_default()
}
