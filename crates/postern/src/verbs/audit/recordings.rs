//! The recordings' part of `postern audit verify`: whether the files are what the journal says.
//!
//! What is in them it never learns; it has no key.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use postern_adapters::blobs::{Compared, compare};
use postern_core::record::{Statements, Touched};

use super::counted;
use crate::failure::{Failure, reason};

/// Compares the recordings in `folder` with what the journal says of them, and `again` with what it says by then: a gateway
/// may remove some meanwhile.
pub(super) fn verify(
    folder: Option<&Path>,
    stated: &Statements,
    again: impl FnOnce() -> Result<Statements>,
    out: &mut dyn Write,
) -> Result<()> {
    let Some(folder) = folder else {
        writeln!(out, "recordings: not compared; name their folder with --recordings")?;
        return Ok(());
    };
    let unread = |error| {
        Failure::new(format!("the recordings in `{}` cannot be read: {}", folder.display(), reason(&error)))
            .hint("they are readable for the gateway's account alone")
    };
    let Compared { sound, touched } = compare(folder, stated).map_err(unread)?;
    let touched = match touched.is_empty() {
        true => touched,
        false => compare(folder, &again()?).map_err(unread)?.touched,
    };
    if touched.is_empty() {
        writeln!(out, "recordings: {} in `{}`, as the journal says", counted(sound, "recording"), folder.display())?;
        return Ok(());
    }
    let names: Vec<String> = touched.iter().map(Touched::to_string).collect();
    Err(Failure::new(format!("recordings were touched: {}", names.join("\n  ")))
        .hint("the journal is as it was signed; `postern sessions play` shows a recording up to where it was touched")
        .into())
}
