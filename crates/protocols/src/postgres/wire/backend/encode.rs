//! Writes messages as a server would: what the gateway says to a client in its own name, and what
//! it says again after changing it.

use bytes::{BufMut, BytesMut};

use super::super::error::WireError;
use super::super::write;
use super::{Authentication, Backend, Field, KEY_LENGTHS, TransactionStatus, code, tag};

impl Backend {
    /// Appends this message.
    ///
    /// # Errors
    ///
    /// A zero byte inside a string, more than 65535 items, a cancel key that has not 4 to 256
    /// bytes, a message over 2 GiB. `out` is then as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), WireError> {
        write::message(out, self.tag(), |out| self.encode_body(out))
    }

    /// The first byte of this message.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Authentication(_) => tag::AUTHENTICATION,
            Self::BackendKeyData { .. } => tag::BACKEND_KEY_DATA,
            Self::ParameterStatus { .. } => tag::PARAMETER_STATUS,
            Self::ReadyForQuery { .. } => tag::READY_FOR_QUERY,
            Self::RowDescription(_) => tag::ROW_DESCRIPTION,
            Self::DataRow(_) => tag::DATA_ROW,
            Self::CommandComplete { .. } => tag::COMMAND_COMPLETE,
            Self::EmptyQueryResponse => tag::EMPTY_QUERY_RESPONSE,
            Self::ErrorResponse(_) => tag::ERROR_RESPONSE,
            Self::NoticeResponse(_) => tag::NOTICE_RESPONSE,
            Self::ParseComplete => tag::PARSE_COMPLETE,
            Self::BindComplete => tag::BIND_COMPLETE,
            Self::CloseComplete => tag::CLOSE_COMPLETE,
            Self::NoData => tag::NO_DATA,
            Self::PortalSuspended => tag::PORTAL_SUSPENDED,
            Self::ParameterDescription(_) => tag::PARAMETER_DESCRIPTION,
            Self::CopyInResponse { .. } => tag::COPY_IN_RESPONSE,
            Self::CopyOutResponse { .. } => tag::COPY_OUT_RESPONSE,
            Self::CopyBothResponse { .. } => tag::COPY_BOTH_RESPONSE,
            Self::CopyData(_) => tag::COPY_DATA,
            Self::CopyDone => tag::COPY_DONE,
            Self::NotificationResponse { .. } => tag::NOTIFICATION_RESPONSE,
            Self::NegotiateProtocolVersion { .. } => tag::NEGOTIATE_PROTOCOL_VERSION,
        }
    }

    fn encode_body(&self, out: &mut BytesMut) -> Result<(), WireError> {
        match self {
            Self::Authentication(step) => step.encode_body(out)?,
            Self::BackendKeyData { process, key } => {
                if !KEY_LENGTHS.contains(&key.len()) {
                    let why = "it has not 4 to 256 bytes";
                    return Err(WireError::Unwritable { what: "cancel key", why });
                }
                out.put_i32(*process);
                out.put_slice(key);
            }
            Self::ParameterStatus { name, value } => {
                write::string(out, "setting name", name)?;
                write::string(out, "setting value", value)?;
            }
            Self::ReadyForQuery { status } => out.put_u8(status.code()),
            Self::RowDescription(fields) => row_description(fields, out)?,
            Self::DataRow(bytes) | Self::CopyData(bytes) => out.put_slice(bytes),
            Self::CommandComplete { tag } => write::string(out, "command tag", tag)?,
            Self::ErrorResponse(report) | Self::NoticeResponse(report) => report.encode_body(out)?,
            Self::ParameterDescription(types) => write::oids(out, types)?,
            Self::CopyInResponse { overall, formats }
            | Self::CopyOutResponse { overall, formats }
            | Self::CopyBothResponse { overall, formats } => {
                out.put_u8(*overall);
                write::formats(out, formats)?;
            }
            Self::NotificationResponse { process, channel, payload } => {
                out.put_i32(*process);
                write::string(out, "channel", channel)?;
                write::string(out, "payload", payload)?;
            }
            Self::NegotiateProtocolVersion { major, minor, unknown } => {
                out.put_u16(*major);
                out.put_u16(*minor);
                let why = "there are more than 2³²";
                let count = u32::try_from(unknown.len())
                    .map_err(|_| WireError::Unwritable { what: "protocol options", why })?;
                out.put_u32(count);
                unknown.iter().try_for_each(|name| write::string(out, "option name", name))?;
            }
            Self::EmptyQueryResponse
            | Self::ParseComplete
            | Self::BindComplete
            | Self::CloseComplete
            | Self::NoData
            | Self::PortalSuspended
            | Self::CopyDone => {}
        }
        Ok(())
    }
}

impl Authentication {
    fn encode_body(&self, out: &mut BytesMut) -> Result<(), WireError> {
        match self {
            Self::Ok => out.put_u32(code::OK),
            Self::CleartextPassword => out.put_u32(code::CLEARTEXT_PASSWORD),
            Self::Md5 { salt } => {
                out.put_u32(code::MD5_PASSWORD);
                out.put_slice(salt);
            }
            Self::Sasl { mechanisms } => {
                out.put_u32(code::SASL);
                for name in mechanisms {
                    if name.is_empty() {
                        let why = "it is empty";
                        return Err(WireError::Unwritable { what: "sasl mechanism", why });
                    }
                    write::string(out, "sasl mechanism", name)?;
                }
                out.put_u8(0);
            }
            Self::SaslContinue(data) => {
                out.put_u32(code::SASL_CONTINUE);
                out.put_slice(data);
            }
            Self::SaslFinal(data) => {
                out.put_u32(code::SASL_FINAL);
                out.put_slice(data);
            }
            Self::Other(code) => out.put_u32(*code),
        }
        Ok(())
    }
}

impl TransactionStatus {
    /// The byte that says it (55.7, "`ReadyForQuery`").
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Idle => b'I',
            Self::InTransaction => b'T',
            Self::Failed => b'E',
        }
    }
}

fn row_description(fields: &[Field], out: &mut BytesMut) -> Result<(), WireError> {
    write::count(out, "columns", fields.len())?;
    for field in fields {
        write::string(out, "column name", &field.name)?;
        out.put_u32(field.table_oid);
        out.put_i16(field.attribute);
        out.put_u32(field.type_oid);
        out.put_i16(field.type_size);
        out.put_i32(field.type_modifier);
        out.put_i16(field.format);
    }
    Ok(())
}
