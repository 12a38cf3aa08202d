//! What servers answer: section 7.
//!
//! What stands in the reply to an extension is known to whoever asked. Enter at [`Reply::decode`].

use bytes::{BufMut, Bytes, BytesMut};

use super::attributes::Attributes;
use super::error::SftpError;
use super::frame::Frame;
use super::read::Reader;
use super::write;

/// One reply, with the number of what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The number.
    pub id: u32,
    /// What is said.
    pub answer: Answer,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// How it went, where nothing else is to be said.
    Status {
        /// One of [`status`], or another.
        code: u32,
        /// For people.
        message: Bytes,
        /// In which language.
        language: Bytes,
    },
    /// What an open file or folder is called from now on.
    Handle(Bytes),
    /// Bytes of a file.
    Data(Bytes),
    /// Names, of files in a folder or one that was asked for.
    Names(Vec<Name>),
    /// Attributes of a file.
    Attributes(Attributes),
    /// What an extension answers.
    Extended(Bytes),
    /// A kind that is not known.
    Unknown {
        /// Which.
        kind: u8,
        /// All that follows the number.
        body: Bytes,
    },
}

/// A file in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it is called.
    pub name: Bytes,
    /// A line about it, as `ls -l` has it.
    pub line: Bytes,
    /// What else is known of it.
    pub attributes: Attributes,
}

/// How something went.
pub mod status {
    /// As it was asked for.
    pub const OK: u32 = 0;
    /// There is no more.
    pub const EOF: u32 = 1;
    /// There is no such file.
    pub const NO_SUCH_FILE: u32 = 2;
    /// It is not allowed.
    pub const PERMISSION_DENIED: u32 = 3;
    /// Otherwise.
    pub const FAILURE: u32 = 4;
    /// What was sent is no such thing.
    pub const BAD_MESSAGE: u32 = 5;
    /// It is not known how.
    pub const UNSUPPORTED: u32 = 8;

    /// What the draft calls it; its number where it does not.
    #[must_use]
    pub fn word(code: u32) -> String {
        let word = match code {
            OK => "SSH_FX_OK",
            EOF => "SSH_FX_EOF",
            NO_SUCH_FILE => "SSH_FX_NO_SUCH_FILE",
            PERMISSION_DENIED => "SSH_FX_PERMISSION_DENIED",
            FAILURE => "SSH_FX_FAILURE",
            BAD_MESSAGE => "SSH_FX_BAD_MESSAGE",
            UNSUPPORTED => "SSH_FX_OP_UNSUPPORTED",
            other => return other.to_string(),
        };
        word.to_owned()
    }
}

/// Kinds of replies, section 3.
mod kind {
    pub(super) const STATUS: u8 = 101;
    pub(super) const HANDLE: u8 = 102;
    pub(super) const DATA: u8 = 103;
    pub(super) const NAME: u8 = 104;
    pub(super) const ATTRS: u8 = 105;
    pub(super) const EXTENDED: u8 = 201;
}

/// The least that a name in a list takes: two lengths and the flags of its attributes.
const LEAST_NAME: usize = 3 * size_of::<u32>();

impl Reply {
    /// How something went, in English.
    #[must_use]
    pub fn status(id: u32, code: u32, message: &str) -> Self {
        let message = Bytes::copy_from_slice(message.as_bytes());
        Self { id, answer: Answer::Status { code, message, language: Bytes::from_static(b"en") } }
    }

    /// Reads a packet of a server, once it has said hello.
    ///
    /// # Errors
    ///
    /// What is wrong with it. A kind that is not known is no error.
    pub fn decode(frame: &Frame) -> Result<Self, SftpError> {
        let mut reader = Reader::new(name(frame.kind), frame.body());
        let id = reader.u32()?;
        let answer = match frame.kind {
            kind::STATUS => {
                Answer::Status { code: reader.u32()?, message: reader.string()?, language: reader.string()? }
            }
            kind::HANDLE => Answer::Handle(reader.handle()?),
            kind::DATA => Answer::Data(reader.string()?),
            kind::NAME => {
                let count = reader.count(LEAST_NAME)?;
                Answer::Names((0..count).map(|_| Name::read(&mut reader)).collect::<Result<_, _>>()?)
            }
            kind::ATTRS => Answer::Attributes(Attributes::read(&mut reader)?),
            kind::EXTENDED => return Ok(Self { id, answer: Answer::Extended(reader.rest()) }),
            kind => return Ok(Self { id, answer: Answer::Unknown { kind, body: reader.rest() } }),
        };
        reader.finish()?;
        Ok(Self { id, answer })
    }

    /// Appends the packet.
    ///
    /// # Errors
    ///
    /// Where it does not fit into one; nothing is then appended.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        let kind = self.answer.kind();
        write::packet(out, name(kind), kind, |out| {
            out.put_u32(self.id);
            self.answer.write(out, name(kind))
        })
    }
}

impl Answer {
    /// Every text in it, numbers and what files are called by a server aside.
    pub fn texts_mut(&mut self) -> Vec<&mut Bytes> {
        match self {
            Self::Status { message, language, .. } => vec![message, language],
            Self::Names(names) => names
                .iter_mut()
                .flat_map(|Name { name, line, attributes }| [name, line].into_iter().chain(attributes.texts_mut()))
                .collect(),
            Self::Attributes(attributes) => attributes.texts_mut().collect(),
            Self::Handle(bytes) | Self::Data(bytes) | Self::Extended(bytes) | Self::Unknown { body: bytes, .. } => {
                vec![bytes]
            }
        }
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Status { .. } => kind::STATUS,
            Self::Handle(_) => kind::HANDLE,
            Self::Data(_) => kind::DATA,
            Self::Names(_) => kind::NAME,
            Self::Attributes(_) => kind::ATTRS,
            Self::Extended(_) => kind::EXTENDED,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    fn write(&self, out: &mut BytesMut, what: &'static str) -> Result<(), SftpError> {
        match self {
            Self::Status { code, message, language } => {
                out.put_u32(*code);
                write::string(out, what, message)?;
                write::string(out, what, language)
            }
            Self::Handle(handle) => write::handle(out, what, handle),
            Self::Data(data) => write::string(out, what, data),
            Self::Names(names) => {
                write::count(out, what, names.len())?;
                names.iter().try_for_each(|name| name.write(out))
            }
            Self::Attributes(attributes) => attributes.write(out),
            Self::Extended(body) | Self::Unknown { body, .. } => {
                out.put_slice(body);
                Ok(())
            }
        }
    }
}

impl Name {
    fn read(reader: &mut Reader) -> Result<Self, SftpError> {
        Ok(Self { name: reader.string()?, line: reader.string()?, attributes: Attributes::read(reader)? })
    }

    fn write(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        write::string(out, "NAME", &self.name)?;
        write::string(out, "NAME", &self.line)?;
        self.attributes.write(out)
    }
}

const fn name(kind: u8) -> &'static str {
    match kind {
        kind::STATUS => "STATUS",
        kind::HANDLE => "HANDLE",
        kind::DATA => "DATA",
        kind::NAME => "NAME",
        kind::ATTRS => "ATTRS",
        kind::EXTENDED => "EXTENDED_REPLY",
        _ => "a reply",
    }
}
