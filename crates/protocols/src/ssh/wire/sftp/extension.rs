//! Requests beyond the protocol: those of OpenSSH, and what is none of them.
//!
//! It says what they hold and not what they do. Enter at [`Extension`].

use bytes::{BufMut, Bytes, BytesMut};

use super::attributes::Attributes;
use super::error::SftpError;
use super::read::Reader;
use super::write;

/// What is asked for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// A file gets another name, over one that has it (4.3).
    PosixRename {
        /// The name that it has.
        from: Bytes,
        /// The name that it gets.
        to: Bytes,
    },
    /// How much room there is where a path leads (4.4).
    StatVfs(Bytes),
    /// How much room there is where an open file is (4.4).
    FstatVfs(Bytes),
    /// A second name for a file (4.5).
    Hardlink {
        /// The name that it has.
        from: Bytes,
        /// The other.
        to: Bytes,
    },
    /// An open file is written out to its disk (4.6).
    Fsync(Bytes),
    /// Attributes of a file, or of a link itself (4.7).
    Lsetstat {
        /// Which.
        path: Bytes,
        /// What they are to be.
        attributes: Attributes,
    },
    /// How long packets may be (4.8).
    Limits,
    /// Bytes of one open file into another (4.10).
    CopyData {
        /// From which.
        from: Bytes,
        /// Where they begin.
        from_offset: u64,
        /// How many; 0 is all to the end.
        length: u64,
        /// Into which.
        to: Bytes,
        /// Where they go.
        to_offset: u64,
    },
    /// Anything else.
    Unknown {
        /// What it is called.
        name: Bytes,
        /// All that follows the name.
        body: Bytes,
    },
}

const POSIX_RENAME: &[u8] = b"posix-rename@openssh.com";
const STATVFS: &[u8] = b"statvfs@openssh.com";
const FSTATVFS: &[u8] = b"fstatvfs@openssh.com";
const HARDLINK: &[u8] = b"hardlink@openssh.com";
const FSYNC: &[u8] = b"fsync@openssh.com";
const LSETSTAT: &[u8] = b"lsetstat@openssh.com";
const LIMITS: &[u8] = b"limits@openssh.com";
const COPY_DATA: &[u8] = b"copy-data";

/// Whether the extension is read here, in the version that a side says it can do.
pub(super) fn is_known(name: &[u8], version: &[u8]) -> bool {
    match name {
        STATVFS | FSTATVFS => version == b"2",
        POSIX_RENAME | HARDLINK | FSYNC | LSETSTAT | LIMITS | COPY_DATA => version == b"1",
        _ => false,
    }
}

impl Extension {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        match self {
            Self::PosixRename { .. } => POSIX_RENAME,
            Self::StatVfs(_) => STATVFS,
            Self::FstatVfs(_) => FSTATVFS,
            Self::Hardlink { .. } => HARDLINK,
            Self::Fsync(_) => FSYNC,
            Self::Lsetstat { .. } => LSETSTAT,
            Self::Limits => LIMITS,
            Self::CopyData { .. } => COPY_DATA,
            Self::Unknown { name, .. } => name,
        }
    }

    pub(super) fn read(mut reader: Reader) -> Result<Self, SftpError> {
        let name = reader.string()?;
        let extension = match &*name {
            POSIX_RENAME => Self::PosixRename { from: reader.string()?, to: reader.string()? },
            STATVFS => Self::StatVfs(reader.string()?),
            FSTATVFS => Self::FstatVfs(reader.handle()?),
            HARDLINK => Self::Hardlink { from: reader.string()?, to: reader.string()? },
            FSYNC => Self::Fsync(reader.handle()?),
            LSETSTAT => Self::Lsetstat { path: reader.string()?, attributes: Attributes::read(&mut reader)? },
            LIMITS => Self::Limits,
            COPY_DATA => Self::CopyData {
                from: reader.handle()?,
                from_offset: reader.u64()?,
                length: reader.u64()?,
                to: reader.handle()?,
                to_offset: reader.u64()?,
            },
            _ => return Ok(Self::Unknown { name, body: reader.rest() }),
        };
        reader.finish()?;
        Ok(extension)
    }

    pub(super) fn write(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        const WHAT: &str = "EXTENDED";
        write::string(out, WHAT, self.name())?;
        match self {
            Self::PosixRename { from, to } | Self::Hardlink { from, to } => {
                write::string(out, WHAT, from)?;
                write::string(out, WHAT, to)
            }
            Self::FstatVfs(handle) | Self::Fsync(handle) => write::handle(out, WHAT, handle),
            Self::StatVfs(text) => write::string(out, WHAT, text),
            Self::Lsetstat { path, attributes } => {
                write::string(out, WHAT, path)?;
                attributes.write(out)
            }
            Self::Limits => Ok(()),
            Self::CopyData { from, from_offset, length, to, to_offset } => {
                write::handle(out, WHAT, from)?;
                out.put_u64(*from_offset);
                out.put_u64(*length);
                write::handle(out, WHAT, to)?;
                out.put_u64(*to_offset);
                Ok(())
            }
            Self::Unknown { body, .. } => {
                out.put_slice(body);
                Ok(())
            }
        }
    }
}
