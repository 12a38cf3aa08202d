//! The verbs that need no running gateway, one function each.
//!
//! They print to the writer they are given, so that tests can read it.

use std::io::Write;

use crate::cli::Check;
use crate::{config, protocols};

pub(crate) fn check(check: &Check, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = config::read(&check.file, &protocols::vocabularies())?;
    for note in &config.notes {
        writeln!(out, "note: {note}")?;
    }
    writeln!(out, "ok: {}", config.summary())?;
    Ok(())
}
