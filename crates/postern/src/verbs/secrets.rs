//! `postern secrets`: the sealed store, on the gateway's own host.
//!
//! A value comes in by standard input or a file, never as an argument, and goes out nowhere.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use postern_adapters::clock::SystemClock;
use postern_adapters::store::Store;
use postern_adapters::vault::{LONGEST, Sealed, contained};
use postern_core::Secret;
use postern_core::target::SealedName;
use postern_core::visible::line;
use serde_json::json;

use crate::cli::Secrets;
use crate::failure::{Failure, reason};
use crate::{config, serve, vocabularies};

/// Enough for any secret with its newline, so that it is read in one piece and leaves no copies behind.
const ROOM: usize = 66 * 1024;

pub(crate) async fn run(args: Secrets, out: &mut dyn Write) -> Result<()> {
    match args {
        Secrets::Set(value) => {
            let (name, secret) = (name(&value.name)?, secret(value.file.as_deref())?);
            open(&value.config).await?.set(&name, &secret).await?;
            writeln!(out, "{name} is sealed; a target names it as sealed:{name}")?;
        }
        Secrets::Rotate(value) => {
            let (name, secret) = (name(&value.name)?, secret(value.file.as_deref())?);
            let version = open(&value.config).await?.rotate(&name, &secret).await?;
            writeln!(out, "{name} is at version {version}; sessions that open from now on use it")?;
        }
        Secrets::List { config, json } => list(&open(&config).await?, json, out).await?,
    }
    Ok(())
}

async fn list(sealed: &Sealed, json: bool, out: &mut dyn Write) -> Result<()> {
    let all = sealed.list().await?;
    if json {
        let all: Vec<_> = all
            .iter()
            .map(|one| json!({ "name": one.name, "version": one.version, "made": one.made, "changed": one.changed }))
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    if all.is_empty() {
        writeln!(out, "nothing is sealed")?;
    }
    for one in all {
        writeln!(out, "{:<24} version {:<4} since {}", line(&one.name), one.version, one.changed)?;
    }
    Ok(())
}

async fn open(file: &Path) -> Result<Sealed> {
    let config = config::read(file, &vocabularies())?;
    let root = serve::root_secret_of(&config.gateway)?;
    let store = Store::open(&config.gateway.store, Arc::new(SystemClock)).await?;
    Ok(Sealed::new(Arc::new(store), &root)?)
}

fn name(text: &str) -> Result<SealedName, Failure> {
    SealedName::parse(text).ok_or_else(|| {
        Failure::new(format!("`{}` is no name of a secret", line(text)))
            .hint("write letters, digits, `-` and `_`, at most 63; the value comes from standard input or --file")
    })
}

fn secret(file: Option<&Path>) -> Result<Secret, Failure> {
    let mut bytes = Vec::with_capacity(ROOM);
    match file {
        Some(file) => File::open(file)
            .and_then(|file| file.take(LONGEST.saturating_add(2)).read_to_end(&mut bytes))
            .map_err(|error| Failure::new(format!("`{}` cannot be read: {}", file.display(), reason(&error))))?,
        // THREAT: a secret that is typed stands on the screen
        None if io::stdin().is_terminal() => {
            let hint = "pipe it in, as in: pass show orders | postern secrets set orders …";
            return Err(Failure::new("no secret is typed here, because it would be seen").hint(hint));
        }
        None => io::stdin()
            .take(LONGEST.saturating_add(2))
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(format!("standard input cannot be read: {}", reason(&error))))?,
    };
    let secret = contained(bytes).ok_or_else(|| Failure::new("the secret is longer than 64 KiB"))?;
    if secret.is_empty() {
        return Err(Failure::new("the secret is empty").hint("see what comes from standard input, or from --file"));
    }
    Ok(secret)
}
