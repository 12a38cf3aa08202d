//! Packets inside channels, to messages and back.
//!
//! What SSH itself sends is no matter of ours; what a subsystem sends through it is. Nothing here does IO, keeps time, or
//! knows what a principal or a rule is. Enter at [`sftp`].

pub mod sftp;
