//! `postern audit receipt`, and what `verify` says of one: a session, proved away from its journal.
//!
//! Neither needs a secret. What a receipt says about statements stays sealed.

use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use postern_adapters::journal;
use postern_core::SessionId;
use postern_core::journal::receipt::{Doubt, Reading, Title};
use postern_core::journal::{Event, Record, VerifyKey};
use postern_core::visible::line;

use crate::failure::{Failure, reason};

use super::{counted, fingerprint, untrue};

/// Writes the receipt of a session: into `file`, or else to where output goes.
pub(super) fn write(
    session: &str,
    folder: &Path,
    key: &VerifyKey,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> Result<()> {
    let unknown = |_| Failure::new(format!("`{}` is no session", line(session))).hint("it looks like ses_0192…");
    let session: SessionId = session.parse().map_err(unknown)?;
    let unwritten = |error: &io::Error| {
        let file = file.map_or_else(|| "the receipt".to_owned(), |file| format!("`{}`", file.display()));
        Failure::new(format!("{file} cannot be written: {}", reason(error)))
    };
    let mut made: Box<dyn Write> = match file {
        Some(file) => Box::new(BufWriter::new(fs::File::create(file).map_err(|error| unwritten(&error))?)),
        None => Box::new(out),
    };
    let title = serde_json::to_string(&Title::of(session, key))?;
    let (mut spans, mut written) = (0_u64, writeln!(made, "{title}"));
    let walked = journal::receipt(folder, key, session, |span| {
        spans = spans.saturating_add(1);
        let line = serde_json::to_string(&span).map_err(io::Error::other);
        if written.is_ok() {
            written = line.and_then(|line| writeln!(made, "{line}"));
        }
    });
    written.and_then(|()| made.flush()).map_err(|error| unwritten(&error))?;
    let unsigned = walked.map_err(|why| untrue(why, folder, key))?;
    if spans > 0 {
        return Ok(());
    }
    let failure = Failure::new(format!("the journal has no signed record of session {session}"));
    let hint = if unsigned { "a checkpoint is due every second; try again" } else { "see the list of sessions" };
    Err(failure.hint(hint).into())
}

/// What a receipt tells in short.
#[derive(Default)]
struct Told {
    records: u64,
    operations: u64,
    opened: Option<String>,
    first: Option<String>,
    last: Option<String>,
}

impl Told {
    fn take(&mut self, record: &Record) {
        self.records = self.records.saturating_add(1);
        self.first.get_or_insert_with(|| record.at.to_string());
        self.last = Some(record.at.to_string());
        if let Event::SessionOpened { principal, target, client, .. } = &record.event {
            self.opened = Some(format!("{} on {} from {}", line(&principal.name), line(target), line(client)));
        }
        let operation = matches!(record.event, Event::Operation { .. });
        self.operations = self.operations.saturating_add(u64::from(operation));
    }
}

/// Says what a receipt proves, if it proves anything.
pub(super) fn verify(path: &Path, key: &VerifyKey, out: &mut dyn Write) -> Result<()> {
    let shown = path.display();
    let unreadable = |error: &std::io::Error| Failure::new(format!("`{shown}` cannot be read: {}", reason(error)));
    let doubtful = |doubt: &Doubt| {
        Failure::new(format!("the receipt `{shown}` proves nothing: {doubt}"))
            .hint("see that --key is that of the gateway it came from")
    };
    let mut lines = BufReader::new(fs::File::open(path).map_err(|error| unreadable(&error))?).lines();
    let first = lines.next().transpose().map_err(|error| unreadable(&error))?;
    let none = || Failure::new(format!("`{shown}` is no receipt")).hint("`postern audit receipt SESSION` makes one");
    let title = first.as_deref().and_then(Title::read).ok_or_else(none)?;
    let mut reading = Reading::of(&title, key.clone());
    let mut told = Told::default();
    for text in lines {
        let text = text.map_err(|error| unreadable(&error))?;
        reading.line(&text).map_err(|doubt| doubtful(&doubt))?.iter().for_each(|record| told.take(record));
    }
    let over = reading.end().map_err(|doubt| doubtful(&doubt))?;
    let Told { records, operations, opened, first, last } = told;
    writeln!(
        out,
        "ok{}: session {}, {}, {}",
        if over { "" } else { ", in part" },
        title.session,
        counted(records, "record"),
        counted(operations, "operation")
    )?;
    writeln!(out, "who: {}", opened.unwrap_or_default())?;
    writeln!(out, "when: {} to {}", first.unwrap_or_default(), last.unwrap_or_default())?;
    writeln!(
        out,
        "whole: {}",
        if over { "yes, to the session's end" } else { "no: its end is not in it, nor what else came after" }
    )?;
    writeln!(out, "key: {} (given)", fingerprint(key))?;
    Ok(())
}
