//! What clients ask of files: section 6, and the extensions.
//!
//! Names and data stay slices of the packet they came in. Enter at [`Request::decode`].

use bytes::{BufMut, Bytes, BytesMut};

use super::attributes::Attributes;
use super::error::SftpError;
use super::extension::Extension;
use super::frame::Frame;
use super::read::Reader;
use super::write;

/// One request, with the number that its reply has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number.
    pub id: u32,
    /// What is asked for.
    pub call: Call,
}

/// How a file is opened (6.3): the bits, known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(pub u32);

impl Access {
    /// To be read.
    pub const READ: Self = Self(0x01);
    /// To be written.
    pub const WRITE: Self = Self(0x02);
    /// To be written behind its end.
    pub const APPEND: Self = Self(0x04);
    /// To be made, where it is not there.
    pub const CREATE: Self = Self(0x08);
    /// To be emptied.
    pub const TRUNCATE: Self = Self(0x10);
    /// To be made, and nothing where it is there.
    pub const EXCLUSIVE: Self = Self(0x20);
    const ALL: Self = Self(0x3f);

    /// Whether it holds any of these.
    #[must_use]
    pub const fn holds(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    /// Whether anything comes of the file but its bytes.
    #[must_use]
    pub const fn changes(self) -> bool {
        self.holds(Self(Self::WRITE.0 | Self::APPEND.0 | Self::CREATE.0 | Self::TRUNCATE.0 | Self::EXCLUSIVE.0))
    }

    /// Whether all of it is known.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 & !Self::ALL.0 == 0
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A file is opened.
    Open {
        /// Which.
        path: Bytes,
        /// How.
        access: Access,
        /// What it is to be where it is made.
        attributes: Attributes,
    },
    /// An open file or folder is closed.
    Close(Bytes),
    /// Bytes of an open file.
    Read {
        /// Which.
        handle: Bytes,
        /// Where they begin.
        offset: u64,
        /// How many at most.
        length: u32,
    },
    /// Bytes into an open file.
    Write {
        /// Which.
        handle: Bytes,
        /// Where they go.
        offset: u64,
        /// The bytes.
        data: Bytes,
    },
    /// Attributes of a file, or of a link itself.
    Lstat(Bytes),
    /// Attributes of an open file.
    Fstat(Bytes),
    /// Attributes of a file are changed.
    Setstat {
        /// Which.
        path: Bytes,
        /// What they are to be.
        attributes: Attributes,
    },
    /// Attributes of an open file are changed.
    Fsetstat {
        /// Which.
        handle: Bytes,
        /// What they are to be.
        attributes: Attributes,
    },
    /// A folder is opened.
    Opendir(Bytes),
    /// The next names in an open folder.
    Readdir(Bytes),
    /// A file is removed.
    Remove(Bytes),
    /// A folder is made.
    Mkdir {
        /// Which.
        path: Bytes,
        /// What it is to be.
        attributes: Attributes,
    },
    /// A folder is removed.
    Rmdir(Bytes),
    /// What the absolute path of a name is.
    Realpath(Bytes),
    /// Attributes of a file, where a link leads.
    Stat(Bytes),
    /// A file gets another name, where none has it.
    Rename {
        /// The name that it has.
        from: Bytes,
        /// The name that it gets.
        to: Bytes,
    },
    /// Where a link leads.
    Readlink(Bytes),
    /// A link is made.
    ///
    /// In the order of OpenSSH, and of those who follow it: the draft has the link first (4.1 of `PROTOCOL`).
    Symlink {
        /// Where it is to lead.
        target: Bytes,
        /// Where it is to be.
        link: Bytes,
    },
    /// Something by name.
    Extended(Extension),
    /// A kind that is not known.
    Unknown {
        /// Which.
        kind: u8,
        /// All that follows the number.
        body: Bytes,
    },
}

/// Kinds of requests, section 3.
mod kind {
    pub(super) const OPEN: u8 = 3;
    pub(super) const CLOSE: u8 = 4;
    pub(super) const READ: u8 = 5;
    pub(super) const WRITE: u8 = 6;
    pub(super) const LSTAT: u8 = 7;
    pub(super) const FSTAT: u8 = 8;
    pub(super) const SETSTAT: u8 = 9;
    pub(super) const FSETSTAT: u8 = 10;
    pub(super) const OPENDIR: u8 = 11;
    pub(super) const READDIR: u8 = 12;
    pub(super) const REMOVE: u8 = 13;
    pub(super) const MKDIR: u8 = 14;
    pub(super) const RMDIR: u8 = 15;
    pub(super) const REALPATH: u8 = 16;
    pub(super) const STAT: u8 = 17;
    pub(super) const RENAME: u8 = 18;
    pub(super) const READLINK: u8 = 19;
    pub(super) const SYMLINK: u8 = 20;
    pub(super) const EXTENDED: u8 = 200;
}

impl Request {
    /// Reads a packet of a client, once it has said hello.
    ///
    /// # Errors
    ///
    /// What is wrong with it. A kind that is not known is no error.
    pub fn decode(frame: &Frame) -> Result<Self, SftpError> {
        let mut reader = Reader::new(name(frame.kind), frame.body());
        let id = reader.u32()?;
        let call = match frame.kind {
            kind::OPEN => Call::Open {
                path: reader.string()?,
                access: Access(reader.u32()?),
                attributes: Attributes::read(&mut reader)?,
            },
            kind::CLOSE => Call::Close(reader.handle()?),
            kind::READ => Call::Read { handle: reader.handle()?, offset: reader.u64()?, length: reader.u32()? },
            kind::WRITE => Call::Write { handle: reader.handle()?, offset: reader.u64()?, data: reader.string()? },
            kind::LSTAT => Call::Lstat(reader.string()?),
            kind::FSTAT => Call::Fstat(reader.handle()?),
            kind::SETSTAT => Call::Setstat { path: reader.string()?, attributes: Attributes::read(&mut reader)? },
            kind::FSETSTAT => Call::Fsetstat { handle: reader.handle()?, attributes: Attributes::read(&mut reader)? },
            kind::OPENDIR => Call::Opendir(reader.string()?),
            kind::READDIR => Call::Readdir(reader.handle()?),
            kind::REMOVE => Call::Remove(reader.string()?),
            kind::MKDIR => Call::Mkdir { path: reader.string()?, attributes: Attributes::read(&mut reader)? },
            kind::RMDIR => Call::Rmdir(reader.string()?),
            kind::REALPATH => Call::Realpath(reader.string()?),
            kind::STAT => Call::Stat(reader.string()?),
            kind::RENAME => Call::Rename { from: reader.string()?, to: reader.string()? },
            kind::READLINK => Call::Readlink(reader.string()?),
            kind::SYMLINK => Call::Symlink { target: reader.string()?, link: reader.string()? },
            kind::EXTENDED => return Ok(Self { id, call: Call::Extended(Extension::read(reader)?) }),
            kind => return Ok(Self { id, call: Call::Unknown { kind, body: reader.rest() } }),
        };
        reader.finish()?;
        Ok(Self { id, call })
    }

    /// Appends the packet.
    ///
    /// # Errors
    ///
    /// Where it does not fit into one; nothing is then appended.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        let kind = self.call.kind();
        write::packet(out, name(kind), kind, |out| {
            out.put_u32(self.id);
            self.call.write(out, name(kind))
        })
    }
}

impl Call {
    /// Which kind of packet it is in.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Open { .. } => kind::OPEN,
            Self::Close(_) => kind::CLOSE,
            Self::Read { .. } => kind::READ,
            Self::Write { .. } => kind::WRITE,
            Self::Lstat(_) => kind::LSTAT,
            Self::Fstat(_) => kind::FSTAT,
            Self::Setstat { .. } => kind::SETSTAT,
            Self::Fsetstat { .. } => kind::FSETSTAT,
            Self::Opendir(_) => kind::OPENDIR,
            Self::Readdir(_) => kind::READDIR,
            Self::Remove(_) => kind::REMOVE,
            Self::Mkdir { .. } => kind::MKDIR,
            Self::Rmdir(_) => kind::RMDIR,
            Self::Realpath(_) => kind::REALPATH,
            Self::Stat(_) => kind::STAT,
            Self::Rename { .. } => kind::RENAME,
            Self::Readlink(_) => kind::READLINK,
            Self::Symlink { .. } => kind::SYMLINK,
            Self::Extended(_) => kind::EXTENDED,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    fn write(&self, out: &mut BytesMut, what: &'static str) -> Result<(), SftpError> {
        match self {
            Self::Open { path, access, attributes } => {
                write::string(out, what, path)?;
                out.put_u32(access.0);
                attributes.write(out)
            }
            Self::Read { handle, offset, length } => {
                write::handle(out, what, handle)?;
                out.put_u64(*offset);
                out.put_u32(*length);
                Ok(())
            }
            Self::Write { handle, offset, data } => {
                write::handle(out, what, handle)?;
                out.put_u64(*offset);
                write::string(out, what, data)
            }
            Self::Close(handle) | Self::Fstat(handle) | Self::Readdir(handle) => write::handle(out, what, handle),
            Self::Lstat(path)
            | Self::Opendir(path)
            | Self::Remove(path)
            | Self::Rmdir(path)
            | Self::Realpath(path)
            | Self::Stat(path)
            | Self::Readlink(path) => write::string(out, what, path),
            Self::Setstat { path, attributes } | Self::Mkdir { path, attributes } => {
                write::string(out, what, path)?;
                attributes.write(out)
            }
            Self::Fsetstat { handle, attributes } => {
                write::handle(out, what, handle)?;
                attributes.write(out)
            }
            Self::Rename { from: first, to: second } | Self::Symlink { target: first, link: second } => {
                write::string(out, what, first)?;
                write::string(out, what, second)
            }
            Self::Extended(extension) => extension.write(out),
            Self::Unknown { body, .. } => {
                out.put_slice(body);
                Ok(())
            }
        }
    }
}

const fn name(kind: u8) -> &'static str {
    match kind {
        kind::OPEN => "OPEN",
        kind::CLOSE => "CLOSE",
        kind::READ => "READ",
        kind::WRITE => "WRITE",
        kind::LSTAT => "LSTAT",
        kind::FSTAT => "FSTAT",
        kind::SETSTAT => "SETSTAT",
        kind::FSETSTAT => "FSETSTAT",
        kind::OPENDIR => "OPENDIR",
        kind::READDIR => "READDIR",
        kind::REMOVE => "REMOVE",
        kind::MKDIR => "MKDIR",
        kind::RMDIR => "RMDIR",
        kind::REALPATH => "REALPATH",
        kind::STAT => "STAT",
        kind::RENAME => "RENAME",
        kind::READLINK => "READLINK",
        kind::SYMLINK => "SYMLINK",
        kind::EXTENDED => "EXTENDED",
        _ => "a request",
    }
}
