//! What servers say: 55.7, the messages marked (B).
//!
//! Most of a server's messages are never decoded: they are forwarded by [`frame::run`](super::frame::run).
//! Those that are, are read as strictly as a client's, since a server may be hostile too.

mod encode;

use bytes::Bytes;

use super::error::WireError;
use super::frame::Frame;
use super::read::Reader;
use super::report::Report;
use super::startup::KEY_LENGTHS;
use super::tag::server as tag;

/// One message of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// A step of authentication.
    Authentication(Authentication),
    /// What a cancel request of this session must carry.
    BackendKeyData {
        /// The process that serves this session.
        process: i32,
        /// The key: 4 bytes, up to 256 from protocol 3.2 on.
        key: Bytes,
    },
    /// The value of a setting that clients need to know.
    ParameterStatus {
        /// The setting.
        name: Bytes,
        /// Its value from now on.
        value: Bytes,
    },
    /// The server waits for the next query or pipeline.
    ReadyForQuery {
        /// Where the session's transaction stands.
        status: TransactionStatus,
    },
    /// The columns of the rows to come.
    RowDescription(Vec<Field>),
    /// One row: its body, to be read by [`row`](super::row).
    DataRow(Bytes),
    /// A statement ended well.
    CommandComplete {
        /// What it did, such as `INSERT 0 1`.
        tag: Bytes,
    },
    /// The answer to a statement without text.
    EmptyQueryResponse,
    /// An error.
    ErrorResponse(Report),
    /// A notice; it may come at any time.
    NoticeResponse(Report),
    /// Parse succeeded.
    ParseComplete,
    /// Bind succeeded.
    BindComplete,
    /// Close succeeded.
    CloseComplete,
    /// What was described returns no rows.
    NoData,
    /// A portal stopped at its row limit.
    PortalSuspended,
    /// Types of a statement's parameters.
    ParameterDescription(Vec<u32>),
    /// COPY from the client begins.
    CopyInResponse {
        /// 0 for text, 1 for binary.
        overall: u8,
        /// The format of each column.
        formats: Vec<i16>,
    },
    /// COPY to the client begins.
    CopyOutResponse {
        /// 0 for text, 1 for binary.
        overall: u8,
        /// The format of each column.
        formats: Vec<i16>,
    },
    /// COPY in both directions begins.
    CopyBothResponse {
        /// 0 for text, 1 for binary.
        overall: u8,
        /// The format of each column.
        formats: Vec<i16>,
    },
    /// A piece of COPY data; from a server it is one row.
    CopyData(Bytes),
    /// The end of COPY data.
    CopyDone,
    /// NOTIFY from some session; it may come at any time.
    NotificationResponse {
        /// The process that sent it.
        process: i32,
        /// The channel.
        channel: Bytes,
        /// What it says; may be empty.
        payload: Bytes,
    },
    /// The server speaks an older minor version, or knows not every option.
    NegotiateProtocolVersion {
        /// The version that the server will speak, before the dot.
        major: u16,
        /// The version that the server will speak, after the dot.
        minor: u16,
        /// Protocol options (`_pq_.…`) that it does not know.
        unknown: Vec<Bytes>,
    },
}

/// What a server asks for, or that it is satisfied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// The client is let in.
    Ok,
    /// A password in clear text.
    CleartextPassword,
    /// A password hashed with this salt.
    Md5 {
        /// The salt.
        salt: [u8; 4],
    },
    /// SASL; the client chooses.
    Sasl {
        /// The mechanisms offered, the server's favourite first.
        mechanisms: Vec<Bytes>,
    },
    /// The mechanism's next message.
    SaslContinue(Bytes),
    /// The mechanism's last message.
    SaslFinal(Bytes),
    /// A way that is not spoken here (Kerberos, GSSAPI, SSPI or newer); what belongs to it is dropped.
    Other(u32),
}

/// Where a session's transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// In none.
    Idle,
    /// In one.
    InTransaction,
    /// In one that failed: all but its end is refused.
    Failed,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What the column is called in this result.
    pub name: Bytes,
    /// The relation whose column it is; 0 if it is an expression.
    pub table_oid: u32,
    /// Which column of that relation; 0 if it is an expression.
    pub attribute: i16,
    /// Its type.
    pub type_oid: u32,
    /// The size of the type; negative for variable sizes.
    pub type_size: i16,
    /// What the type was declared with, such as a length; -1 for nothing.
    pub type_modifier: i32,
    /// 0 for text, 1 for binary; before Bind the server says 0.
    pub format: i16,
}

/// Codes of an authentication message (55.7, "`AuthenticationOk`" and following).
mod code {
    pub(super) const OK: u32 = 0;
    pub(super) const CLEARTEXT_PASSWORD: u32 = 3;
    pub(super) const MD5_PASSWORD: u32 = 5;
    pub(super) const SASL: u32 = 10;
    pub(super) const SASL_CONTINUE: u32 = 11;
    pub(super) const SASL_FINAL: u32 = 12;
}

impl Backend {
    /// Reads a frame that came from a server.
    ///
    /// # Errors
    ///
    /// [`WireError::UnknownMessage`], or what is wrong with the body. Trailing bytes are an error.
    /// The cells of a [`Backend::DataRow`] are not looked at.
    pub fn decode(frame: &Frame) -> Result<Self, WireError> {
        let body = frame.body();
        match frame.tag {
            tag::AUTHENTICATION => authentication(&body).map(Self::Authentication),
            tag::BACKEND_KEY_DATA => key_data(&body),
            tag::PARAMETER_STATUS => parameter_status(&body),
            tag::READY_FOR_QUERY => ready_for_query(&body),
            tag::ROW_DESCRIPTION => row_description(&body).map(Self::RowDescription),
            tag::DATA_ROW => Ok(Self::DataRow(body)),
            tag::COMMAND_COMPLETE => command_complete(&body),
            tag::EMPTY_QUERY_RESPONSE => empty("empty query", &body, Self::EmptyQueryResponse),
            tag::ERROR_RESPONSE => Report::decode(&body).map(Self::ErrorResponse),
            tag::NOTICE_RESPONSE => Report::decode(&body).map(Self::NoticeResponse),
            tag::PARSE_COMPLETE => empty("parse complete", &body, Self::ParseComplete),
            tag::BIND_COMPLETE => empty("bind complete", &body, Self::BindComplete),
            tag::CLOSE_COMPLETE => empty("close complete", &body, Self::CloseComplete),
            tag::NO_DATA => empty("no data", &body, Self::NoData),
            tag::PORTAL_SUSPENDED => empty("portal suspended", &body, Self::PortalSuspended),
            tag::PARAMETER_DESCRIPTION => parameter_description(&body),
            tag::COPY_IN_RESPONSE => {
                copy_response(&body).map(|(overall, formats)| Self::CopyInResponse { overall, formats })
            }
            tag::COPY_OUT_RESPONSE => {
                copy_response(&body).map(|(overall, formats)| Self::CopyOutResponse { overall, formats })
            }
            tag::COPY_BOTH_RESPONSE => {
                copy_response(&body).map(|(overall, formats)| Self::CopyBothResponse { overall, formats })
            }
            tag::COPY_DATA => Ok(Self::CopyData(body)),
            tag::COPY_DONE => empty("copy done", &body, Self::CopyDone),
            tag::NOTIFICATION_RESPONSE => notification(&body),
            tag::NEGOTIATE_PROTOCOL_VERSION => negotiate_version(&body),
            unknown => Err(WireError::UnknownMessage(unknown)),
        }
    }
}

fn empty(what: &'static str, body: &Bytes, message: Backend) -> Result<Backend, WireError> {
    Reader::new(what, body).finish().map(|()| message)
}

fn authentication(body: &Bytes) -> Result<Authentication, WireError> {
    let mut reader = Reader::new("authentication", body);
    let step = match reader.u32()? {
        code::OK => Authentication::Ok,
        code::CLEARTEXT_PASSWORD => Authentication::CleartextPassword,
        code::MD5_PASSWORD => Authentication::Md5 { salt: reader.array()? },
        code::SASL => Authentication::Sasl { mechanisms: mechanisms(&mut reader, body)? },
        code::SASL_CONTINUE => {
            return Ok(Authentication::SaslContinue(body.slice_ref(reader.rest())));
        }
        code::SASL_FINAL => return Ok(Authentication::SaslFinal(body.slice_ref(reader.rest()))),
        other => return Ok(Authentication::Other(other)),
    };
    reader.finish()?;
    Ok(step)
}

/// Names up to an empty name.
fn mechanisms(reader: &mut Reader<'_>, body: &Bytes) -> Result<Vec<Bytes>, WireError> {
    let mut mechanisms = Vec::new();
    loop {
        match reader.string()? {
            [] => return Ok(mechanisms),
            name => mechanisms.push(body.slice_ref(name)),
        }
    }
}

fn key_data(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("backend key data", body);
    let process = reader.i32()?;
    if !KEY_LENGTHS.contains(&reader.remaining()) {
        return Err(reader.malformed("length of the cancel key"));
    }
    Ok(Backend::BackendKeyData { process, key: body.slice_ref(reader.rest()) })
}

fn parameter_status(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("parameter status", body);
    let name = body.slice_ref(reader.string()?);
    let value = body.slice_ref(reader.string()?);
    reader.finish()?;
    Ok(Backend::ParameterStatus { name, value })
}

fn ready_for_query(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("ready for query", body);
    let status = match reader.u8()? {
        b'I' => TransactionStatus::Idle,
        b'T' => TransactionStatus::InTransaction,
        b'E' => TransactionStatus::Failed,
        _ => return Err(reader.malformed("transaction status")),
    };
    reader.finish()?;
    Ok(Backend::ReadyForQuery { status })
}

/// Bytes of a column with an empty name: the NUL, two OIDs, a modifier, three 16-bit numbers.
const SHORTEST_FIELD: usize = 19;

fn row_description(body: &Bytes) -> Result<Vec<Field>, WireError> {
    let mut reader = Reader::new("row description", body);
    let count = reader.count(SHORTEST_FIELD)?;
    let fields = (0..count).map(|_| field(&mut reader, body)).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(fields)
}

fn field(reader: &mut Reader<'_>, body: &Bytes) -> Result<Field, WireError> {
    Ok(Field {
        name: body.slice_ref(reader.string()?),
        table_oid: reader.u32()?,
        attribute: reader.i16()?,
        type_oid: reader.u32()?,
        type_size: reader.i16()?,
        type_modifier: reader.i32()?,
        format: reader.format()?,
    })
}

fn command_complete(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("command complete", body);
    let tag = body.slice_ref(reader.string()?);
    reader.finish()?;
    Ok(Backend::CommandComplete { tag })
}

fn parameter_description(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("parameter description", body);
    let types = reader.oids()?;
    reader.finish()?;
    Ok(Backend::ParameterDescription(types))
}

fn copy_response(body: &Bytes) -> Result<(u8, Vec<i16>), WireError> {
    let mut reader = Reader::new("copy response", body);
    let overall = match reader.u8()? {
        overall @ (0 | 1) => overall,
        _ => return Err(reader.malformed("format code")),
    };
    let formats = reader.formats()?;
    reader.finish()?;
    Ok((overall, formats))
}

fn notification(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("notification", body);
    let process = reader.i32()?;
    let channel = body.slice_ref(reader.string()?);
    let payload = body.slice_ref(reader.string()?);
    reader.finish()?;
    Ok(Backend::NotificationResponse { process, channel, payload })
}

/// The documentation calls the number a minor version; servers send the whole version, which
/// libpq reads as such (`pqGetNegotiateProtocolVersion3`).
fn negotiate_version(body: &Bytes) -> Result<Backend, WireError> {
    let mut reader = Reader::new("negotiate protocol version", body);
    let (major, minor) = (reader.u16()?, reader.u16()?);
    let count = reader.u32()?;
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= reader.remaining())
        .ok_or_else(|| reader.malformed("number of options"))?;
    let unknown = (0..count).map(|_| Ok(body.slice_ref(reader.string()?))).collect::<Result<_, WireError>>()?;
    reader.finish()?;
    Ok(Backend::NegotiateProtocolVersion { major, minor, unknown })
}

#[cfg(test)]
mod tests;
