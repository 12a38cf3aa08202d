//! Errors and notices: 55.8, "Error and Notice Message Fields".
//!
//! The fields of a server's report are kept in their order, unknown ones too. Reports of the
//! gateway are built here; text from elsewhere may be put into them without care, a zero byte in
//! it becomes U+FFFD.

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::read::Reader;
use super::write;

/// Which field of a report: one byte each, 55.8.
pub mod field {
    /// Severity, translated.
    pub const SEVERITY: u8 = b'S';
    /// Severity, never translated (since 9.6).
    pub const SEVERITY_PLAIN: u8 = b'V';
    /// SQLSTATE.
    pub const CODE: u8 = b'C';
    /// What happened, on one line.
    pub const MESSAGE: u8 = b'M';
    /// More about it.
    pub const DETAIL: u8 = b'D';
    /// What to do.
    pub const HINT: u8 = b'H';
    /// Where in the client's statement, in characters from 1.
    pub const POSITION: u8 = b'P';
    /// Where in a statement that the server made itself.
    pub const INTERNAL_POSITION: u8 = b'p';
    /// The statement that the server made itself.
    pub const INTERNAL_QUERY: u8 = b'q';
    /// What the server was doing, from the inside out.
    pub const WHERE: u8 = b'W';
    /// Schema of the object concerned.
    pub const SCHEMA: u8 = b's';
    /// Table concerned.
    pub const TABLE: u8 = b't';
    /// Column concerned.
    pub const COLUMN: u8 = b'c';
    /// Data type concerned.
    pub const DATA_TYPE: u8 = b'd';
    /// Constraint concerned.
    pub const CONSTRAINT: u8 = b'n';
    /// File of the server's source.
    pub const FILE: u8 = b'F';
    /// Line of the server's source.
    pub const LINE: u8 = b'L';
    /// Routine of the server's source; some drivers act on it.
    pub const ROUTINE: u8 = b'R';
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed.
    Error,
    /// The session ends.
    Fatal,
    /// All sessions end.
    Panic,
    /// A notice that asks for attention.
    Warning,
    /// A notice.
    Notice,
    /// A notice for who looks for mistakes.
    Debug,
    /// A notice that was asked for, sent whatever `client_min_messages` says.
    Info,
    /// A notice meant for the server's log.
    Log,
}

impl Severity {
    /// The word that stands on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Panic => "PANIC",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Log => "LOG",
        }
    }
}

/// The content of an `ErrorResponse` or `NoticeResponse`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Kind and text of each field, in order.
    pub fields: Vec<(u8, Bytes)>,
}

impl Report {
    /// A report with what each must have: severity (both forms), SQLSTATE, message.
    #[must_use]
    pub fn new(severity: Severity, code: &str, message: &str) -> Self {
        Self::default()
            .with(field::SEVERITY, severity.word())
            .with(field::SEVERITY_PLAIN, severity.word())
            .with(field::CODE, code)
            .with(field::MESSAGE, message)
    }

    /// A failed statement.
    #[must_use]
    pub fn error(code: &str, message: &str) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// The end of the session.
    #[must_use]
    pub fn fatal(code: &str, message: &str) -> Self {
        Self::new(Severity::Fatal, code, message)
    }

    /// A notice; SQLSTATE 00000.
    #[must_use]
    pub fn notice(message: &str) -> Self {
        Self::new(Severity::Notice, "00000", message)
    }

    /// Adds the detail.
    #[must_use]
    pub fn detail(self, text: &str) -> Self {
        self.with(field::DETAIL, text)
    }

    /// Adds the hint.
    #[must_use]
    pub fn hint(self, text: &str) -> Self {
        self.with(field::HINT, text)
    }

    /// Adds the position in the client's statement, in characters from 1.
    #[must_use]
    pub fn position(self, characters: usize) -> Self {
        self.with(field::POSITION, &characters.to_string())
    }

    /// Adds the routine.
    #[must_use]
    pub fn routine(self, name: &str) -> Self {
        self.with(field::ROUTINE, name)
    }

    /// Adds a field; see [`field`].
    #[must_use]
    pub fn with(mut self, kind: u8, text: &str) -> Self {
        self.fields.push((kind, Bytes::from(text.replace('\0', "\u{fffd}"))));
        self
    }

    /// The text of the first field of this kind.
    #[must_use]
    pub fn field(&self, kind: u8) -> Option<&[u8]> {
        self.fields.iter().find(|(given, _)| *given == kind).map(|(_, text)| text.as_ref())
    }

    /// The SQLSTATE.
    #[must_use]
    pub fn code(&self) -> Option<&[u8]> {
        self.field(field::CODE)
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Option<&[u8]> {
        self.field(field::MESSAGE)
    }

    /// Reads the body of an `ErrorResponse` or `NoticeResponse`.
    ///
    /// # Errors
    ///
    /// A field without end, no end of the list, bytes after it.
    pub fn decode(body: &Bytes) -> Result<Self, WireError> {
        let mut reader = Reader::new("error or notice", body);
        let mut fields = Vec::new();
        loop {
            match reader.u8()? {
                END => break,
                kind => fields.push((kind, body.slice_ref(reader.string()?))),
            }
        }
        reader.finish()?;
        Ok(Self { fields })
    }

    /// Appends the body of an `ErrorResponse` or `NoticeResponse`.
    pub(super) fn encode_body(&self, out: &mut BytesMut) -> Result<(), WireError> {
        for (kind, text) in &self.fields {
            if *kind == END {
                let why = "its kind is the end of the list";
                return Err(WireError::Unwritable { what: "report field", why });
            }
            out.put_u8(*kind);
            write::string(out, "report field", text)?;
        }
        out.put_u8(END);
        Ok(())
    }
}

/// Stands where the next field's kind would.
const END: u8 = 0;

#[cfg(test)]
mod tests;
