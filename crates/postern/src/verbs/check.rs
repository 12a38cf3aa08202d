//! `postern check`: is this configuration one that the gateway would start with?
//!
//! Everything that is said of a mistake is [`config`]'s.

use std::io::Write;

use anyhow::Result;

use crate::cli::Check;
use crate::{config, vocabularies};

pub(crate) fn run(args: &Check, out: &mut dyn Write) -> Result<()> {
    let mut config = config::read(&args.file, &vocabularies())?;
    config.inventories(&postern_protocols::all())?;
    for remark in config.remarks() {
        writeln!(out, "{}\n", remark.block)?;
    }
    for name in config.rulebook.sealed_secrets() {
        writeln!(out, "note: whether there is a secret `sealed:{name}` is not looked at; postern secrets list tells")?;
    }
    writeln!(out, "ok: {}", config.summary())?;
    Ok(())
}
