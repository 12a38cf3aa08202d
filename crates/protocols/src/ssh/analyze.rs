//! What a client asks of a host, as operations: command lines, terminals, variables, forwards, files.
//!
//! It decides nothing, does no IO, and knows no session: what it is told is what there is to read. It is total: what is
//! not positively understood makes the reading opaque, which counts against the operation.
//!
//! Enter at [`exec()`], [`sftp()`] and their like.

mod asked;
mod channel;
mod exec;
mod path;
mod sftp;
mod shell;

pub use channel::{
    agent, env, forward, forward_remote, forward_remote_socket, forward_socket, pty, shell, subsystem, unknown, x11,
};
pub use exec::exec;
pub use sftp::sftp;
pub(in crate::ssh) use shell::written;

#[cfg(test)]
mod tests;
