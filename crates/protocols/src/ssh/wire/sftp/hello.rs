//! The first packet of each side: which version it speaks, and what else it can do.
//!
//! THREAT: what is agreed here past the gateway is spoken past it. What it does not know is said by neither side to the
//! other. Enter at [`Hello::decode`] and [`Hello::known`].

use bytes::{BufMut, Bytes, BytesMut};

use super::VERSION;
use super::error::SftpError;
use super::extension;
use super::frame::Frame;
use super::read::Reader;
use super::write;

/// Section 3: `SSH_FXP_INIT` and `SSH_FXP_VERSION`.
pub const INIT: u8 = 1;
/// What a server answers it with.
pub const ANSWER: u8 = 2;

/// What one side says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Whether it is the server's.
    pub answers: bool,
    /// The version that it speaks, or wants to.
    pub version: u32,
    /// What else it can do, by name.
    pub extensions: Vec<(Bytes, Bytes)>,
}

impl Hello {
    /// Reads the first packet of a client, or of a server.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn decode(frame: &Frame) -> Result<Self, SftpError> {
        let answers = match frame.kind {
            INIT => false,
            ANSWER => true,
            kind => return Err(SftpError::Unexpected { what: "INIT or VERSION", kind }),
        };
        let mut reader = Reader::new(name(answers), frame.body());
        let (version, mut extensions) = (reader.u32()?, Vec::new());
        while !reader.is_empty() {
            extensions.push((reader.string()?, reader.string()?));
        }
        Ok(Self { answers, version, extensions })
    }

    /// Appends the packet.
    ///
    /// # Errors
    ///
    /// Where it does not fit into one; nothing is then appended.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        let what = name(self.answers);
        write::packet(out, what, if self.answers { ANSWER } else { INIT }, |out| {
            out.put_u32(self.version);
            self.extensions.iter().try_for_each(|(name, value)| {
                write::string(out, what, name)?;
                write::string(out, what, value)
            })
        })
    }

    /// What of it is known here: no later version, and of what else can be done only what is read by [`super::Request`], in
    /// the same version.
    #[must_use]
    pub fn known(&self) -> Self {
        let extensions = self.extensions.iter().filter(|(name, version)| extension::is_known(name, version));
        Self { answers: self.answers, version: self.version.min(VERSION), extensions: extensions.cloned().collect() }
    }
}

fn name(answers: bool) -> &'static str {
    if answers { "VERSION" } else { "INIT" }
}
