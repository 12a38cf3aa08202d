//! Packets inside channels, to messages and back; and what a permit carries, as bytes.
//!
//! What SSH itself sends is the library's matter; what a subsystem sends through it is not. Nothing here does IO, keeps
//! time, or knows what a principal or a rule is. Enter at [`sftp`].

pub(super) mod order;
pub mod sftp;
