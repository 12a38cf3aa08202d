//! `postern audit`: the journal, from its files alone.
//!
//! Verifying needs the public key and no secret; only `--unseal` opens the seal key.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use aws_lc_rs::digest::{self, SHA256};
use data_encoding::BASE64_NOPAD;
use postern_adapters::journal::{Proof, Untrue, verify, walk};
use postern_core::journal::{Event, Record, Sealer, VerifyKey};
use serde_json::{Value, json};

use crate::cli::{Audit, Format};
use crate::failure::{Failure, reason};
use crate::{config, serve, vocabularies};

pub(crate) fn run(args: &Audit, out: &mut dyn Write) -> Result<()> {
    match args {
        Audit::Verify { path, key, config } => {
            let folder = folder(path.as_deref(), config.as_deref())?;
            let (key, from) = verify_key(&folder, key.as_deref())?;
            let proof = verify(&folder, &key).map_err(untrue)?;
            report(&proof, &key, &from, out)
        }
        Audit::Export { format: Format::Jsonl, config, unseal } => export(config, *unseal, out),
    }
}

fn folder(path: Option<&Path>, file: Option<&Path>) -> Result<PathBuf> {
    match (path, file) {
        (Some(path), _) => Ok(path.to_owned()),
        (None, Some(file)) => Ok(config::read(file, &vocabularies())?.gateway.journal),
        (None, None) => Ok(PathBuf::from(".")),
    }
}

/// The key to verify with, and where it came from.
fn verify_key(folder: &Path, given: Option<&str>) -> Result<(VerifyKey, String)> {
    let Some(given) = given else {
        let key = serve::public_key(folder)?;
        return Ok((key, format!("{} beside the journal; compare it with the one you know", serve::PUBLIC_KEY)));
    };
    let text = if given.starts_with("ed25519:") {
        given.to_owned()
    } else {
        fs::read_to_string(given)
            .map_err(|error| Failure::new(format!("`{given}` cannot be read: {}", reason(&error))))?
    };
    let wrong = || Failure::new(format!("`{given}` is no public key")).hint("it is ed25519: and 64 hexadecimal digits");
    Ok((VerifyKey::parse(&text).ok_or_else(wrong)?, "given".to_owned()))
}

fn report(proof: &Proof, key: &VerifyKey, from: &str, out: &mut dyn Write) -> Result<()> {
    let end = &proof.end;
    let unsigned = end.seq.saturating_sub(end.signed);
    let counted = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    writeln!(
        out,
        "ok: {} in {}, {}, {}",
        counted(end.seq, "line"),
        counted(proof.segments, "segment"),
        counted(end.sessions, "session"),
        counted(end.checkpoints, "checkpoint"),
    )?;
    writeln!(out, "unsigned: {} after the last checkpoint", counted(unsigned, "line"))?;
    if proof.torn > 0 {
        writeln!(out, "unfinished: {} at the end, of a line that was being written", counted(proof.torn, "byte"))?;
    }
    writeln!(out, "key: {} ({from})", fingerprint(key))?;
    Ok(())
}

/// The key in the form that people compare.
fn fingerprint(key: &VerifyKey) -> String {
    format!("SHA256:{}", BASE64_NOPAD.encode(digest::digest(&SHA256, key.to_string().as_bytes()).as_ref()))
}

fn untrue(untrue: Untrue) -> anyhow::Error {
    match untrue {
        Untrue::Tampered(tamper) => Failure::new(format!("the journal was touched: {tamper}"))
            .hint("lines before that one are as written")
            .into(),
        Untrue::Unreadable(why) => Failure::new(why).hint("name the folder that holds the segments").into(),
    }
}

fn export(file: &Path, unseal: bool, out: &mut dyn Write) -> Result<()> {
    let gateway = config::read(file, &vocabularies())?.gateway;
    let sealer = if unseal { Some(Sealer::derive(&serve::root_secret(&gateway.seal_key)?)?) } else { None };
    let (key, _) = verify_key(&gateway.journal, None)?;
    let mut printed = Ok(());
    let walked = walk(&gateway.journal, &key, |record| {
        if printed.is_ok() {
            printed = print(&record, sealer.as_ref(), out);
        }
    });
    printed?;
    walked.map(drop).map_err(untrue)
}

fn print(record: &Record, sealer: Option<&Sealer>, out: &mut dyn Write) -> Result<()> {
    let mut line = serde_json::to_value(record)?;
    if let (Some(sealer), Event::Operation { id, sealed, .. }) = (sealer, &record.event) {
        let opened = sealer.open(&id.to_string(), sealed);
        let opened = opened.ok_or_else(|| {
            Failure::new(format!("operation {id} was sealed with another key")).hint("use the seal key of that time")
        })?;
        if let Some(event) = line.get_mut("event").and_then(Value::as_object_mut) {
            event.remove("sealed");
            event.insert("text".to_owned(), opened.text.into());
            event.insert("parameters".to_owned(), json!(opened.parameters));
        }
    }
    writeln!(out, "{line}")?;
    Ok(())
}
