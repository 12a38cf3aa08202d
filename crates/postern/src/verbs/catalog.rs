//! `postern catalog export`: what a target holds, written down.
//!
//! What is asked and how it is written is the protocol's.

use std::fs;
use std::io::Write;

use anyhow::Result;
use postern_core::target::locate;

use crate::cli::{Catalog, Export};
use crate::failure::{Failure, reason};
use crate::{config, vocabularies};

use super::reach;

pub(crate) async fn run(args: &Catalog, out: &mut dyn Write) -> Result<()> {
    match args {
        Catalog::Export(args) => export(args, out).await,
    }
}

async fn export(args: &Export, out: &mut dyn Write) -> Result<()> {
    let config = config::read(&args.config, &vocabularies())?;
    let (target, space) = locate(&config.rulebook.targets, &args.target).map_err(Failure::from)?;
    if space.is_some() {
        return Err(Failure::new("a schema is of a whole target, with every database that may be opened there")
            .hint(format!("write {}", target.name))
            .into());
    }
    let protocol = reach::protocol(&target)?;
    if !protocol.vocabulary().shape.columns {
        let message = format!("targets that speak `{}` have no schema that could be written down", target.protocol);
        return Err(Failure::new(message).hint("postern doctor says how one stands").into());
    }
    let means = reach::means(&config).await?;
    let inventory = protocol.survey(&target, &means).await?;
    let text = format!(
        "# The structure of target `{name}`, for trying policies: postern catalog export {name}\n{}",
        inventory.written(),
        name = target.name
    );
    match &args.out {
        Some(file) => {
            fs::write(file, text)
                .map_err(|error| Failure::new(format!("`{}` cannot be written: {}", file.display(), reason(&error))))?;
            writeln!(out, "wrote {}; the target names it with schema = \"FILE\"", file.display())?;
        }
        None => out.write_all(text.as_bytes())?,
    }
    Ok(())
}
