//! The SSH File Transfer Protocol, version 3, with the extensions of OpenSSH: packets to messages and back.
//!
//! Nothing here does IO or knows what a file is allowed to be asked for. Both ends are taken to be hostile: each length is
//! checked before it is used, each count against the bytes that could hold it, and a packet that is not exactly what its
//! kind says is an error. Names are bytes: what they are spelled in is between the two ends.
//!
//! Enter at [`frame::next`], then at [`Hello::decode`] for the first packet of each side, at [`Request::decode`] for what
//! clients say, and at [`Reply::decode`] for what servers say.
//!
//! Sources: draft-ietf-secsh-filexfer-02, and OpenSSH's `PROTOCOL`, section 4.

pub mod about;
pub mod attributes;
pub mod error;
pub mod extension;
pub mod frame;
pub mod hello;
mod read;
pub mod reply;
pub mod request;
mod write;

pub use about::About;
pub use attributes::Attributes;
pub use error::SftpError;
pub use extension::Extension;
pub use frame::Frame;
pub use hello::Hello;
pub use reply::{Answer, Name, Reply};
pub use request::{Access, Call, Request};

/// The version that is spoken.
pub const VERSION: u32 = 3;

#[cfg(test)]
mod tests;
