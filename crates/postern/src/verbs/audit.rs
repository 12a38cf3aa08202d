//! `postern audit`: the journal, from its files alone; searching, from a gateway.
//!
//! Verifying needs the public key and no secret; only `--unseal` opens the seal key.

mod receipt;
mod recordings;
mod search;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use aws_lc_rs::digest::{self, SHA256};
use data_encoding::BASE64_NOPAD;
use postern_adapters::journal::{KEY, Proof, Untrue, examine, key_beside, walk};
use postern_core::journal::{Record, Sealer, VerifyKey};
use postern_core::record::Statements;
use serde_json::{Value, json};

use crate::cli::{Audit, Format, Journal};
use crate::failure::{Failure, reason};
use crate::{config, serve, vocabularies};

pub(crate) async fn run(args: &Audit, out: &mut dyn Write) -> Result<()> {
    match args {
        Audit::Search(args) => search::run(args, out).await,
        Audit::Verify { path: Some(path), journal, .. } if path.is_file() => {
            receipt::verify(path, &given_key(journal.key.as_deref())?, out)
        }
        Audit::Verify { path, recordings, journal } => {
            let (folder, key, from) = found(path.as_deref(), journal)?;
            let recordings = match (recordings, &journal.config) {
                (None, Some(file)) => Some(config::read(file, &vocabularies())?.gateway.blobs),
                (given, _) => given.clone(),
            };
            let (proof, stated) = stated(&folder, &key)?;
            report(&proof, &key, &from, out)?;
            recordings::verify(recordings.as_deref(), &stated, || Ok(self::stated(&folder, &key)?.1), out)
        }
        Audit::Receipt { session, out: file, journal } => {
            let (folder, key, _) = found(None, journal)?;
            receipt::write(session, &folder, &key, file.as_deref(), out)
        }
        Audit::Export { format: Format::Jsonl, config, unseal } => export(config, *unseal, out),
    }
}

/// Verifies the journal, and answers with what it says of recordings as well.
fn stated(folder: &Path, key: &VerifyKey) -> Result<(Proof, Statements)> {
    let mut stated = Statements::default();
    let proof = walk(folder, key, |record| stated.take(&record)).map_err(|why| untrue(why, folder, key))?;
    Ok((proof, stated))
}

/// Where the journal is, the key to verify it with, and where that came from.
fn found(path: Option<&Path>, journal: &Journal) -> Result<(PathBuf, VerifyKey, String)> {
    let folder = match (path, &journal.config) {
        (Some(path), _) => path.to_owned(),
        (None, Some(file)) => config::read(file, &vocabularies())?.gateway.journal,
        (None, None) => PathBuf::from("."),
    };
    if let Some(given) = &journal.key {
        return Ok((folder, given_key(Some(given))?, "given".to_owned()));
    }
    let key = key_beside(&folder).map_err(|untrue| {
        Failure::new(untrue.to_string()).hint("pass the gateway's public key with --key ed25519:…")
    })?;
    Ok((folder, key, format!("{KEY} beside the journal; compare it with the one you know")))
}

/// The key that the command line says.
fn given_key(given: Option<&str>) -> Result<VerifyKey> {
    let missing = || Failure::new("a receipt is checked with the gateway's public key").hint("pass --key ed25519:…");
    let given = given.ok_or_else(missing)?;
    let text = if given.starts_with("ed25519:") {
        given.to_owned()
    } else {
        fs::read_to_string(given)
            .map_err(|error| Failure::new(format!("`{given}` cannot be read: {}", reason(&error))))?
    };
    let wrong = || Failure::new(format!("`{given}` is no public key")).hint("it is ed25519: and 64 hexadecimal digits");
    Ok(VerifyKey::parse(&text).ok_or_else(wrong)?)
}

fn report(proof: &Proof, key: &VerifyKey, from: &str, out: &mut dyn Write) -> Result<()> {
    let end = &proof.end;
    let unsigned = end.seq.saturating_sub(end.signed);
    writeln!(
        out,
        "ok: {} in {}, {}, {}",
        counted(end.seq, "record"),
        counted(proof.segments, "segment"),
        counted(end.sessions, "session"),
        counted(end.checkpoints, "checkpoint"),
    )?;
    writeln!(out, "unsigned: {} after the last checkpoint", counted(unsigned, "record"))?;
    for (from, to) in &end.late {
        writeln!(out, "signed late: records {from} to {to}, by a gateway that went on where another was killed")?;
    }
    if proof.torn > 0 {
        writeln!(out, "unfinished: {} at the end, of a line that was being written", counted(proof.torn, "byte"))?;
    }
    writeln!(out, "key: {} ({from})", fingerprint(key))?;
    Ok(())
}

fn counted(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The key in the form that people compare.
fn fingerprint(key: &VerifyKey) -> String {
    format!("SHA256:{}", BASE64_NOPAD.encode(digest::digest(&SHA256, key.to_string().as_bytes()).as_ref()))
}

/// What is said of a journal that proves nothing: record by record where that can be told.
fn untrue(untrue: Untrue, folder: &Path, key: &VerifyKey) -> anyhow::Error {
    let tamper = match untrue {
        Untrue::Tampered(tamper) => tamper,
        Untrue::Unreadable(why) => return Failure::new(why).hint("name the folder that holds the segments").into(),
    };
    let (touched, signed) =
        examine(folder, key).map_or((Vec::new(), 0), |examined| (examined.touched, examined.signed));
    let touched: Vec<String> = touched.iter().map(ToString::to_string).collect();
    let hint = match signed {
        0 => "no signature holds before that".to_owned(),
        signed => format!("records 1 to {signed} are as they were signed"),
    };
    let what = if touched.is_empty() { tamper.to_string() } else { touched.join("\n  ") };
    Failure::new(format!("the journal was touched: {what}")).hint(hint).into()
}

fn export(file: &Path, unseal: bool, out: &mut dyn Write) -> Result<()> {
    let gateway = config::read(file, &vocabularies())?.gateway;
    let sealer = if unseal { Some(Sealer::derive(&serve::root_secret(&gateway.seal_key)?)?) } else { None };
    let journal = Journal { key: None, config: Some(file.to_owned()) };
    let (folder, key, _) = found(None, &journal)?;
    let mut printed = Ok(());
    let walked = walk(&folder, &key, |record| {
        if printed.is_ok() {
            printed = print(&record, sealer.as_ref(), out);
        }
    });
    printed?;
    walked.map(drop).map_err(|why| untrue(why, &folder, &key))
}

fn print(record: &Record, sealer: Option<&Sealer>, out: &mut dyn Write) -> Result<()> {
    let mut line = serde_json::to_value(record)?;
    if let (Some(sealer), Some((id, _))) = (sealer, record.event.sealed()) {
        let opened = sealer.open_in(&record.event).ok_or_else(|| {
            Failure::new(format!("operation {id} was sealed with another key")).hint("use the seal key of that time")
        })?;
        if let Some(event) = line.get_mut("event").and_then(Value::as_object_mut) {
            event.remove("sealed");
            event.insert("text".to_owned(), opened.text.into());
            event.insert("parameters".to_owned(), json!(opened.values.parameters));
            if !opened.values.cut.is_empty() {
                event.insert("cut".to_owned(), json!(opened.values.cut));
            }
        }
    }
    writeln!(out, "{line}")?;
    Ok(())
}
