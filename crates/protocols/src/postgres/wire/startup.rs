//! The untagged packets that open a connection: 55.7, "`StartupMessage`", "`SSLRequest`",
//! "`GSSENCRequest`" and "`CancelRequest`".
//!
//! These bytes come from nobody: they are bounded to what the server itself accepts, and read once,
//! strictly, so that no later reader can find another meaning in them.

use std::collections::HashSet;

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::read::Reader;
use super::write;

/// The longest packet, as in the server (`MAX_STARTUP_PACKET_LENGTH`); it counts its length field.
pub const LIMIT: usize = 10_000;

/// The first byte of a client that begins with TLS (RFC 8446, 5.1, "handshake"): no packet has it, because a length that
/// begins so is far over [`LIMIT`].
pub const TLS: u8 = 0x16;

/// The protocol's name in ALPN (55.2.10, "SSL Session Encryption").
pub const ALPN: &str = "postgresql";

/// How the names of options of the protocol begin, which are no settings.
pub const OPTION: &str = "_pq_.";

/// The one major version that is spoken.
pub const MAJOR: u16 = 3;

/// The newest minor version that is spoken.
pub const MINOR: u16 = 2;

/// Requests stand where the version does: major 1234, which no protocol will have.
const REQUEST: u16 = 1234;
/// `CancelRequest`, minor of 80877102.
const CANCEL: u16 = 5678;
/// `SSLRequest`, minor of 80877103.
const SSL: u16 = 5679;
/// `GSSENCRequest`, minor of 80877104.
const GSS_ENC: u16 = 5680;

/// Lengths that a cancel key may have: 4 in protocol 3.0, up to 256 in 3.2 (55.7, "`BackendKeyData`").
pub(super) const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 4..=256;

/// Bytes of the length field, which counts itself.
const LENGTH_FIELD: usize = 4;
/// Length field and code: what a request without content has.
const SHORTEST: u32 = 8;

/// What a client may say first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    /// TLS is asked for; the answer is one byte, `S` or `N`.
    Ssl,
    /// GSSAPI encryption is asked for; the answer is one byte, `G` or `N`.
    GssEnc,
    /// Cancel what a session does; it is never answered.
    Cancel {
        /// The process of `BackendKeyData`.
        process: i32,
        /// The key of `BackendKeyData`, 4 to 256 bytes.
        key: Bytes,
    },
    /// Open a session. `major` is 3; a `minor` that is not spoken is answered by
    /// `NegotiateProtocolVersion`, not by an error.
    Open {
        /// Version before the dot.
        major: u16,
        /// Version after the dot.
        minor: u16,
        /// Names and values in the order given, no name twice.
        parameters: Vec<(String, String)>,
    },
}

/// Takes the first packet off `buffer`, or `None` while it is not all there.
///
/// # Errors
///
/// A length outside 8 to [`LIMIT`], and whatever [`decode`] finds wrong.
pub fn next(buffer: &mut BytesMut) -> Result<Option<Startup>, WireError> {
    let Some((field, _)) = buffer.split_first_chunk::<LENGTH_FIELD>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*field);
    if length < SHORTEST {
        return Err(WireError::TooShort { tag: None, length });
    }
    let size = usize::try_from(length).ok().filter(|size| *size <= LIMIT).ok_or(WireError::TooLong {
        tag: None,
        length,
        limit: LIMIT,
    })?;
    if buffer.len() < size {
        return Ok(None);
    }
    let packet = buffer.split_to(size).freeze();
    decode(&packet.slice(LENGTH_FIELD..)).map(Some)
}

/// Reads what follows the length field of a packet.
///
/// # Errors
///
/// [`WireError::Version`] for a major version other than 3; a parameter that is not UTF-8, has no
/// name or stands twice; a key outside 4 to 256 bytes; anything missing or left over.
pub fn decode(body: &Bytes) -> Result<Startup, WireError> {
    let mut reader = Reader::new("startup packet", body);
    match (reader.u16()?, reader.u16()?) {
        (REQUEST, SSL) => reader.finish().map(|()| Startup::Ssl),
        (REQUEST, GSS_ENC) => reader.finish().map(|()| Startup::GssEnc),
        (REQUEST, CANCEL) => {
            let process = reader.i32()?;
            if !KEY_LENGTHS.contains(&reader.remaining()) {
                return Err(reader.malformed("length of the cancel key"));
            }
            Ok(Startup::Cancel { process, key: body.slice_ref(reader.rest()) })
        }
        (MAJOR, minor) => {
            let parameters = parameters(&mut reader)?;
            reader.finish()?;
            Ok(Startup::Open { major: MAJOR, minor, parameters })
        }
        (major, minor) => Err(WireError::Version { major, minor }),
    }
}

/// Names and values up to an empty name.
fn parameters(reader: &mut Reader<'_>) -> Result<Vec<(String, String)>, WireError> {
    let mut parameters = Vec::new();
    let mut names = HashSet::new();
    loop {
        let name = text(reader)?;
        if name.is_empty() {
            return Ok(parameters);
        }
        if !names.insert(name) {
            return Err(WireError::Duplicate { name: name.to_owned() });
        }
        parameters.push((name.to_owned(), text(reader)?.to_owned()));
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, WireError> {
    std::str::from_utf8(reader.string()?).map_err(|_| reader.malformed("parameter: it is not UTF-8"))
}

/// Appends a `StartupMessage` for version 3.`minor`.
///
/// # Errors
///
/// A name that is empty or given twice, a zero byte in a name or value, a packet over [`LIMIT`].
pub fn encode_open(
    minor: u16,
    parameters: &[(impl AsRef<str>, impl AsRef<str>)],
    out: &mut BytesMut,
) -> Result<(), WireError> {
    packet(out, MAJOR, minor, |out| {
        let mut names = HashSet::new();
        for (name, value) in parameters {
            let name = name.as_ref();
            if name.is_empty() {
                let why = "its name is empty";
                return Err(WireError::Unwritable { what: "startup parameter", why });
            }
            if !names.insert(name) {
                return Err(WireError::Duplicate { name: name.to_owned() });
            }
            write::string(out, "startup parameter", name.as_bytes())?;
            write::string(out, "startup parameter", value.as_ref().as_bytes())?;
        }
        out.put_u8(0);
        Ok(())
    })
}

/// Appends a `CancelRequest`.
///
/// # Errors
///
/// A key that has not 4 to 256 bytes.
pub fn encode_cancel(process: i32, key: &[u8], out: &mut BytesMut) -> Result<(), WireError> {
    if !KEY_LENGTHS.contains(&key.len()) {
        let why = "it has not 4 to 256 bytes";
        return Err(WireError::Unwritable { what: "cancel key", why });
    }
    packet(out, REQUEST, CANCEL, |out| {
        out.put_i32(process);
        out.put_slice(key);
        Ok(())
    })
}

/// Appends an `SSLRequest`.
pub fn encode_ssl_request(out: &mut BytesMut) {
    request(out, SSL);
}

/// Appends a `GSSENCRequest`.
pub fn encode_gss_enc_request(out: &mut BytesMut) {
    request(out, GSS_ENC);
}

impl Startup {
    /// What stands where the version does.
    #[must_use]
    pub fn version(&self) -> (u16, u16) {
        match self {
            Self::Ssl => (REQUEST, SSL),
            Self::GssEnc => (REQUEST, GSS_ENC),
            Self::Cancel { .. } => (REQUEST, CANCEL),
            Self::Open { major, minor, .. } => (*major, *minor),
        }
    }

    /// Appends this packet.
    ///
    /// # Errors
    ///
    /// As [`encode_open`] and [`encode_cancel`]; a major version other than 3.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), WireError> {
        match self {
            Self::Ssl => encode_ssl_request(out),
            Self::GssEnc => encode_gss_enc_request(out),
            Self::Cancel { process, key } => encode_cancel(*process, key, out)?,
            Self::Open { major: MAJOR, minor, parameters } => {
                encode_open(*minor, parameters, out)?;
            }
            Self::Open { major, minor, .. } => {
                return Err(WireError::Version { major: *major, minor: *minor });
            }
        }
        Ok(())
    }
}

fn request(out: &mut BytesMut, minor: u16) {
    out.put_u32(SHORTEST);
    out.put_u16(REQUEST);
    out.put_u16(minor);
}

fn packet(
    out: &mut BytesMut,
    major: u16,
    minor: u16,
    fill: impl FnOnce(&mut BytesMut) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let start = out.len();
    write::packet(out, |out| {
        out.put_u16(major);
        out.put_u16(minor);
        fill(out)?;
        if out.len().saturating_sub(start) > LIMIT {
            let why = "it is longer than 10000 bytes";
            return Err(WireError::Unwritable { what: "startup packet", why });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
