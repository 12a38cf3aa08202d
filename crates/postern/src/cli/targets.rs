//! What the verbs take that look at a target itself.
//!
//! They run on the gateway's host and log in as the gateway does; where to is said by its configuration.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with the structure of targets.
#[derive(Debug, Subcommand)]
pub enum Catalog {
    /// Ask a target for its structure, and write it to a file
    ///
    /// On the gateway's host, as the gateway's account: it logs in to the target as the gateway does, and asks for every
    /// database that the configuration opens there. The file holds names and types, what views read and how they are
    /// defined, and no data; the same structure is always the same text. A target names it with `schema = "FILE"`.
    Export(Export),
}

/// What `catalog export` takes.
#[derive(Debug, Args)]
pub struct Export {
    /// The target
    pub target: String,
    /// The configuration, such as postern.toml
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The target, or TARGET/DATABASE
    pub target: String,
    /// The configuration, such as postern.toml
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Print the script and nothing else
    #[arg(long, conflicts_with = "json")]
    pub script: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
