//! The binary as a library: its verbs, its configuration, and the one place where everything is put together.
//!
//! Nothing here decides about access; that is core's. Enter at [`run`].

pub mod cli;
pub mod config;
pub mod failure;
mod protocols;
mod verbs;

use std::io::Write;

use cli::{Cli, Verb};

/// Runs the verb; what it has to say goes to `out`.
///
/// # Errors
/// Why it failed; a [`config::Mistakes`] is shown as it is.
pub fn run(cli: Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    match cli.verb {
        Verb::Check(check) => verbs::check(&check, out),
    }
}
