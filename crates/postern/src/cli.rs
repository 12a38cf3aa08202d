//! What the command line looks like.
//!
//! No secret is an argument: arguments are seen by everybody on the machine. Tokens come from files.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A gateway between those who act and the machines they act on: every statement decided by policy, masked columns
/// masked, risky work held for a human, and all of it in a journal that proves itself.
#[derive(Debug, Parser)]
#[command(name = "postern", version, arg_required_else_help = true, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Validate a configuration and its policy, offline
    Check(Check),
}

/// Reads a configuration with everything it includes, and says either `ok` and what it holds, or everything that is
/// wrong, each with file, line, column and what to write instead. Nothing is opened, started or asked.
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration, such as postern.toml
    pub file: PathBuf,
}
