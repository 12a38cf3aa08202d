//! What clients say once a session is open: 55.7, the messages marked (F).
//!
//! Statements, names and values stay slices of the frame they came in. Text is whatever bytes the
//! client sent; that it is readable is for its reader to establish.

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::frame::Frame;
use super::password::Password;
use super::read::Reader;
use super::tag::client as tag;
use super::write;

/// What a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

/// One message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frontend {
    /// Run the statements of a text.
    Query {
        /// The statements, without the terminating zero byte.
        text: Bytes,
    },
    /// Prepare one statement.
    Parse {
        /// Its name; empty is the unnamed statement.
        name: Bytes,
        /// The statement, without the terminating zero byte.
        text: Bytes,
        /// Types of the first parameters; 0 leaves one to the server.
        types: Vec<u32>,
    },
    /// Give a prepared statement its parameters, making a portal.
    Bind {
        /// The portal to make; empty is the unnamed one.
        portal: Bytes,
        /// The prepared statement; empty is the unnamed one.
        statement: Bytes,
        /// None (all text), one for all, or one for each parameter.
        parameter_formats: Vec<i16>,
        /// The values; `None` is NULL.
        parameters: Vec<Option<Bytes>>,
        /// None (all text), one for all, or one for each column.
        result_formats: Vec<i16>,
    },
    /// Ask what a statement or portal takes and returns.
    Describe {
        /// What `name` refers to.
        kind: Named,
        /// Its name; may be empty.
        name: Bytes,
    },
    /// Run a portal.
    Execute {
        /// Its name; may be empty.
        portal: Bytes,
        /// How many rows at most; 0 or less is all.
        max_rows: i32,
    },
    /// Forget a statement or portal.
    Close {
        /// What `name` refers to.
        kind: Named,
        /// Its name; may be empty.
        name: Bytes,
    },
    /// Send what is pending.
    Flush,
    /// End the pipeline.
    Sync,
    /// A piece of COPY data; its bounds need not be those of a row.
    CopyData(Bytes),
    /// The end of COPY data.
    CopyDone,
    /// COPY is given up.
    CopyFail {
        /// Why; the server puts it into its error.
        message: Bytes,
    },
    /// Call a function by its number, past every statement.
    FunctionCall {
        /// The function's OID.
        function: u32,
        /// None (all text), one for all, or one for each argument.
        formats: Vec<i16>,
        /// The values; `None` is NULL.
        arguments: Vec<Option<Bytes>>,
        /// The format that the result is to come in.
        result: i16,
    },
    /// An answer to a request for authentication.
    Password(Password),
    /// The session ends.
    Terminate,
}

impl Frontend {
    /// Reads a frame that came from a client.
    ///
    /// # Errors
    ///
    /// [`WireError::UnknownMessage`], or what is wrong with the body. Trailing bytes are an error.
    pub fn decode(frame: &Frame) -> Result<Self, WireError> {
        let body = frame.body();
        match frame.tag {
            tag::QUERY => text("query", &body).map(|text| Self::Query { text }),
            tag::PARSE => parse(&body),
            tag::BIND => bind(&body),
            tag::DESCRIBE => named("describe", &body).map(|(kind, name)| Self::Describe { kind, name }),
            tag::CLOSE => named("close", &body).map(|(kind, name)| Self::Close { kind, name }),
            tag::EXECUTE => execute(&body),
            tag::FLUSH => empty("flush", &body, Self::Flush),
            tag::SYNC => empty("sync", &body, Self::Sync),
            tag::COPY_DATA => Ok(Self::CopyData(body)),
            tag::COPY_DONE => empty("copy done", &body, Self::CopyDone),
            tag::COPY_FAIL => text("copy fail", &body).map(|message| Self::CopyFail { message }),
            tag::FUNCTION_CALL => function_call(&body),
            tag::PASSWORD => Ok(Self::Password(Password(body))),
            tag::TERMINATE => empty("terminate", &body, Self::Terminate),
            unknown => Err(WireError::UnknownMessage(unknown)),
        }
    }

    /// Appends this message.
    ///
    /// # Errors
    ///
    /// A zero byte inside a string, more than 65535 items, a message over 2 GiB. `out` is then as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), WireError> {
        write::message(out, self.tag(), |out| self.encode_body(out))
    }

    /// The first byte of this message.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Query { .. } => tag::QUERY,
            Self::Parse { .. } => tag::PARSE,
            Self::Bind { .. } => tag::BIND,
            Self::Describe { .. } => tag::DESCRIBE,
            Self::Execute { .. } => tag::EXECUTE,
            Self::Close { .. } => tag::CLOSE,
            Self::Flush => tag::FLUSH,
            Self::Sync => tag::SYNC,
            Self::CopyData(_) => tag::COPY_DATA,
            Self::CopyDone => tag::COPY_DONE,
            Self::CopyFail { .. } => tag::COPY_FAIL,
            Self::FunctionCall { .. } => tag::FUNCTION_CALL,
            Self::Password(_) => tag::PASSWORD,
            Self::Terminate => tag::TERMINATE,
        }
    }

    fn encode_body(&self, out: &mut BytesMut) -> Result<(), WireError> {
        match self {
            Self::Query { text } => write::string(out, "statement", text),
            Self::Parse { name, text, types } => {
                write::string(out, "statement name", name)?;
                write::string(out, "statement", text)?;
                write::oids(out, types)
            }
            Self::Bind { portal, statement, parameter_formats, parameters, result_formats } => {
                write::string(out, "portal name", portal)?;
                write::string(out, "statement name", statement)?;
                values(out, "parameters", parameter_formats, parameters)?;
                write::formats(out, result_formats)
            }
            Self::FunctionCall { function, formats, arguments, result } => {
                out.put_u32(*function);
                values(out, "arguments", formats, arguments)?;
                out.put_i16(*result);
                Ok(())
            }
            Self::Describe { kind, name } | Self::Close { kind, name } => {
                out.put_u8(kind.code());
                write::string(out, "name", name)
            }
            Self::Execute { portal, max_rows } => {
                write::string(out, "portal name", portal)?;
                out.put_i32(*max_rows);
                Ok(())
            }
            Self::CopyData(bytes) | Self::Password(Password(bytes)) => {
                out.put_slice(bytes);
                Ok(())
            }
            Self::CopyFail { message } => write::string(out, "message", message),
            Self::Flush | Self::Sync | Self::CopyDone | Self::Terminate => Ok(()),
        }
    }
}

impl Named {
    /// The byte that says it in Describe and Close (55.7, "Describe").
    const fn code(self) -> u8 {
        match self {
            Self::Statement => b'S',
            Self::Portal => b'P',
        }
    }
}

fn text(what: &'static str, body: &Bytes) -> Result<Bytes, WireError> {
    let mut reader = Reader::new(what, body);
    let text = body.slice_ref(reader.string()?);
    reader.finish()?;
    Ok(text)
}

fn empty(what: &'static str, body: &Bytes, message: Frontend) -> Result<Frontend, WireError> {
    Reader::new(what, body).finish().map(|()| message)
}

fn parse(body: &Bytes) -> Result<Frontend, WireError> {
    let mut reader = Reader::new("parse", body);
    let name = body.slice_ref(reader.string()?);
    let text = body.slice_ref(reader.string()?);
    let types = reader.oids()?;
    reader.finish()?;
    Ok(Frontend::Parse { name, text, types })
}

fn bind(body: &Bytes) -> Result<Frontend, WireError> {
    let mut reader = Reader::new("bind", body);
    let portal = body.slice_ref(reader.string()?);
    let statement = body.slice_ref(reader.string()?);
    let (parameter_formats, parameters) = formatted(&mut reader, body)?;
    let result_formats = reader.formats()?;
    reader.finish()?;
    Ok(Frontend::Bind { portal, statement, parameter_formats, parameters, result_formats })
}

fn function_call(body: &Bytes) -> Result<Frontend, WireError> {
    let mut reader = Reader::new("function call", body);
    let function = reader.u32()?;
    let (formats, arguments) = formatted(&mut reader, body)?;
    let result = reader.format()?;
    reader.finish()?;
    Ok(Frontend::FunctionCall { function, formats, arguments, result })
}

/// The formats that values come in, and the values.
type Formatted = (Vec<i16>, Vec<Option<Bytes>>);

fn formatted(reader: &mut Reader<'_>, body: &Bytes) -> Result<Formatted, WireError> {
    let formats = reader.formats()?;
    let count = reader.count(size_of::<i32>())?;
    if formats.len() > 1 && formats.len() != count {
        return Err(reader.malformed("number of parameter formats"));
    }
    let value = |_| Ok(reader.value()?.map(|value| body.slice_ref(value)));
    let values = (0..count).map(value).collect::<Result<_, WireError>>()?;
    Ok((formats, values))
}

fn values(out: &mut BytesMut, what: &'static str, formats: &[i16], values: &[Option<Bytes>]) -> Result<(), WireError> {
    write::formats(out, formats)?;
    write::count(out, what, values.len())?;
    values.iter().try_for_each(|value| write::value(out, value.as_deref()))
}

fn named(what: &'static str, body: &Bytes) -> Result<(Named, Bytes), WireError> {
    let mut reader = Reader::new(what, body);
    let kind = match reader.u8()? {
        b'S' => Named::Statement,
        b'P' => Named::Portal,
        _ => return Err(reader.malformed("kind")),
    };
    let name = body.slice_ref(reader.string()?);
    reader.finish()?;
    Ok((kind, name))
}

fn execute(body: &Bytes) -> Result<Frontend, WireError> {
    let mut reader = Reader::new("execute", body);
    let portal = body.slice_ref(reader.string()?);
    let max_rows = reader.i32()?;
    reader.finish()?;
    Ok(Frontend::Execute { portal, max_rows })
}

#[cfg(test)]
mod tests;
