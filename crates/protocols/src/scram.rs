//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: its messages, and their order.
//!
//! It computes nothing with a password and knows none: what a client has proved is the verifier's to say. Names are the
//! connection's business; the one inside the messages is read and not believed. Enter at [`Exchange::begin`].

use std::fmt;

use aws_lc_rs::rand;
use data_encoding::BASE64;
use postern_core::credential::{Challenge, Mechanism, Response};

#[cfg(test)]
mod tests;

/// Without channel binding.
pub const PLAIN: &str = "SCRAM-SHA-256";
/// With it.
pub const PLUS: &str = "SCRAM-SHA-256-PLUS";
/// The one channel binding (RFC 5929 §4).
const END_POINT: &str = "tls-server-end-point";
/// The random bytes of the server's part of a nonce.
const NONCE: usize = 18;

/// Why an exchange goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A message is none of SCRAM's.
    #[error("a message of the SCRAM exchange cannot be read ({0})")]
    Malformed(&'static str),
    /// It asks for what the server has not offered.
    #[error("the SCRAM exchange asks for {0}")]
    Unoffered(&'static str),
    /// The client and the server see different connections: somebody stands between them.
    #[error("the channel binding does not fit: {0}")]
    Binding(&'static str),
    /// There is no randomness.
    #[error("this machine has no randomness")]
    Random,
}

/// What the client says of channel binding (`gs2-cbind-flag`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// It cannot bind.
    Cannot,
    /// It could, and takes it that the server cannot.
    Unoffered,
    /// It binds to this.
    To(String),
}

/// `client-first-message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// What it says of channel binding.
    pub binding: Binding,
    /// `n=`: a name, as it was escaped.
    pub user: String,
    /// `r=`: the client's nonce.
    pub nonce: String,
    /// Extensions; the standard says to pass over them.
    pub extensions: Vec<String>,
}

/// `client-final-message`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientFinal {
    /// `c=`: the header of the first message, and what the client binds to.
    pub binding: Vec<u8>,
    /// `r=`: both nonces.
    pub nonce: String,
    /// Extensions; the standard says to pass over them.
    pub extensions: Vec<String>,
    /// `p=`: the proof.
    pub proof: Vec<u8>,
}

impl ClientFirst {
    /// Reads it.
    ///
    /// # Errors
    /// [`Broken::Malformed`], or [`Broken::Unoffered`] for what no server of this kind has.
    pub fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let text = text(bytes)?;
        let (flag, rest) = text.split_once(',').ok_or(Broken::Malformed("header"))?;
        let binding = match flag {
            "n" => Binding::Cannot,
            "y" => Binding::Unoffered,
            _ => Binding::To(named(flag, "p=", "header")?.to_owned()),
        };
        let (identity, bare) = rest.split_once(',').ok_or(Broken::Malformed("header"))?;
        if !identity.is_empty() {
            return Err(Broken::Unoffered("another identity"));
        }
        if bare.starts_with("m=") {
            return Err(Broken::Unoffered("an extension that must be understood"));
        }
        let mut parts = bare.split(',');
        let user = named(parts.next().unwrap_or_default(), "n=", "user name")?;
        let nonce = nonce(named(parts.next().unwrap_or_default(), "r=", "nonce")?)?;
        Ok(Self { binding, user: user.to_owned(), nonce, extensions: extensions(parts)? })
    }

    /// `gs2-header`.
    fn header(&self) -> String {
        match &self.binding {
            Binding::Cannot => "n,,".to_owned(),
            Binding::Unoffered => "y,,".to_owned(),
            Binding::To(what) => format!("p={what},,"),
        }
    }

    /// `client-first-message-bare`.
    fn bare(&self) -> String {
        format!("n={},r={}{}", self.user, self.nonce, joined(&self.extensions))
    }
}

impl fmt::Display for ClientFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.header(), self.bare())
    }
}

impl ClientFinal {
    /// Reads it.
    ///
    /// # Errors
    /// [`Broken::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let text = text(bytes)?;
        let (rest, proof) = text.rsplit_once(',').ok_or(Broken::Malformed("proof"))?;
        let mut parts = rest.split(',');
        let binding = decoded(named(parts.next().unwrap_or_default(), "c=", "channel binding")?)?;
        let nonce = nonce(named(parts.next().unwrap_or_default(), "r=", "nonce")?)?;
        let extensions = extensions(parts)?;
        Ok(Self { binding, nonce, extensions, proof: decoded(named(proof, "p=", "proof")?)? })
    }

    /// `client-final-message-without-proof`.
    fn without_proof(&self) -> String {
        format!("c={},r={}{}", BASE64.encode(&self.binding), self.nonce, joined(&self.extensions))
    }
}

impl fmt::Display for ClientFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},p={}", self.without_proof(), BASE64.encode(&self.proof))
    }
}

/// Prints that there is one, and nothing of it: a proof is good for trying passwords.
impl fmt::Debug for ClientFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFinal([secret])")
    }
}

/// An exchange that has begun: the client has been told salt, count and nonce, and has yet to prove itself.
#[derive(Debug)]
pub struct Exchange {
    bare: String,
    first: String,
    nonce: String,
    /// What the client must bind to, its own header before it.
    binding: Vec<u8>,
}

/// The mechanisms that are offered on a connection whose certificate has this channel binding.
#[must_use]
pub fn offered(end_point: Option<&[u8]>) -> &'static [&'static str] {
    if end_point.is_some() { &[PLUS, PLAIN] } else { &[PLAIN] }
}

impl Exchange {
    /// Takes the client's first message, under the mechanism that it chose.
    ///
    /// # Errors
    /// Why the exchange goes no further.
    pub fn begin(
        mechanism: &[u8],
        message: &[u8],
        end_point: Option<&[u8]>,
        challenge: &Challenge,
    ) -> Result<Self, Broken> {
        let mechanism = offered(end_point).iter().find(|offered| offered.as_bytes() == mechanism);
        let plus = *mechanism.ok_or(Broken::Unoffered("a mechanism that was not offered"))? == PLUS;
        let message = ClientFirst::read(message)?;
        let mut binding = message.header().into_bytes();
        match (&message.binding, end_point.filter(|_| plus)) {
            (Binding::To(what), Some(end_point)) if what == END_POINT => binding.extend_from_slice(end_point),
            (Binding::To(_), Some(_)) => return Err(Broken::Unoffered("another channel binding")),
            (Binding::To(_), None) => return Err(Broken::Malformed("channel binding without its mechanism")),
            (_, Some(_)) => return Err(Broken::Malformed("no channel binding with its mechanism")),
            // THREAT: whoever stands between takes the offer of channel binding away (RFC 5802 §6)
            (Binding::Unoffered, None) if end_point.is_some() => {
                return Err(Broken::Binding("it was offered, and the client has not seen the offer"));
            }
            (Binding::Cannot | Binding::Unoffered, None) => {}
        }
        let mut random = [0_u8; NONCE];
        rand::fill(&mut random).map_err(|_| Broken::Random)?;
        let nonce = format!("{}{}", message.nonce, BASE64.encode(&random));
        let first = format!("r={nonce},s={},i={}", BASE64.encode(&challenge.salt), challenge.iterations);
        Ok(Self { bare: message.bare(), first, nonce, binding })
    }

    /// `server-first-message`.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.first
    }

    /// Takes the client's last message: what it claims to have proved about this user name.
    ///
    /// # Errors
    /// Why the exchange goes no further.
    pub fn end(self, user: &str, message: &[u8]) -> Result<Response, Broken> {
        let message = ClientFinal::read(message)?;
        if message.nonce != self.nonce {
            return Err(Broken::Malformed("nonce of another exchange"));
        }
        // THREAT: a connection that ends at somebody between is carried on to here; the client has seen his certificate
        if message.binding != self.binding {
            return Err(Broken::Binding("the client is connected to somebody else"));
        }
        let proved = format!("{},{},{}", self.bare, self.first, message.without_proof());
        Ok(Response {
            user: user.to_owned(),
            mechanism: Mechanism::ScramSha256,
            message: proved.into_bytes(),
            proof: message.proof,
        })
    }
}

/// `server-final-message` with the verifier's answer.
#[must_use]
pub fn answered(answer: &[u8]) -> String {
    format!("v={}", BASE64.encode(answer))
}

fn text(bytes: &[u8]) -> Result<&str, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|_| Broken::Malformed("encoding"))?;
    if text.contains('\0') { Err(Broken::Malformed("zero byte")) } else { Ok(text) }
}

fn named<'a>(part: &'a str, name: &str, what: &'static str) -> Result<&'a str, Broken> {
    part.strip_prefix(name).ok_or(Broken::Malformed(what))
}

/// Printable ASCII without the comma, at least one.
fn nonce(text: &str) -> Result<String, Broken> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Broken::Malformed("nonce"));
    }
    Ok(text.to_owned())
}

/// `attr-val`: a letter, an equals sign, a value.
fn extensions<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Broken> {
    let fits = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic()) && bytes.next() == Some(b'=') && bytes.len() > 0
    };
    let read = |part: &'a str| if fits(part) { Ok(part.to_owned()) } else { Err(Broken::Malformed("extension")) };
    parts.map(read).collect()
}

fn joined(extensions: &[String]) -> String {
    extensions.iter().map(|extension| format!(",{extension}")).collect()
}

/// The bytes that base64 says, if it is the one way to write them: padding in the middle, for one, is another.
fn decoded(text: &str) -> Result<Vec<u8>, Broken> {
    let bytes = BASE64.decode(text.as_bytes()).ok().filter(|bytes| BASE64.encode(bytes) == text);
    bytes.ok_or(Broken::Malformed("base64"))
}
