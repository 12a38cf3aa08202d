//! What a walsender takes besides SQL: the commands of streaming replication (PostgreSQL documentation, 55.4).
//!
//! THREAT: two readers of one text. A server tells commands from SQL by the first word alone, and then takes the whole
//! text for the one or the other (`replication_scanner_is_replication_command`); so does this. A word that is a command
//! only to some servers begins no SQL of any, so that a text which is read here as a command never runs as SQL.
//!
//! It decides nothing and is total, like the rest of the analysis. Whatever leaves as a stream of changes, as log or as
//! files is all that there is: what a publication or an output plugin leaves out is for whoever may change these to say,
//! and not in the text. Enter at [`command`] and [`opening`].

mod grammar;

use std::sync::Arc;

use pg_query::protobuf::VariableShowStmt;
use postern_core::operation::{Action, Effect, Object, Output, Outputs};

use self::grammar::{Backup, Command};
use super::facts::Restriction;
use super::statement::{Outcome, Reader};
use super::work::Work;
use super::{Kind, LONGEST, Names, Statement, Unread};
use crate::postgres::vocabulary::action;

/// Output plugins that only decode: the server's own, and those that its packagers and clouds bring along.
const PLUGINS: &[&str] = &["pgoutput", "test_decoding", "wal2json", "decoderbufs"];

/// Reads a text as a walsender does, in a database or in none; `None` where it takes it for SQL.
///
/// # Errors
///
/// Where no server makes a command of it, or it is longer than [`LONGEST`].
pub fn command(text: &str, names: &Names<'_>) -> Option<Result<Statement, Unread>> {
    let command = grammar::command(text)?;
    if text.len() > LONGEST {
        let why = format!("the text has {} bytes and at most {LONGEST} are read", text.len());
        return Some(Err(Unread::Beyond(why)));
    }
    Some(command.map(|command| {
        let mut reader = Reader::new(text, text.trim(), names, Work::whole());
        let outcome = reader.replication_command(command);
        reader.finish(outcome, false)
    }))
}

/// What a walsender is opened for: all of its database, or without one all that the server has.
pub fn opening(logical: bool, names: &Names<'_>) -> Statement {
    let text = if logical { "replication=database" } else { "replication=true" };
    let mut reader = Reader::new(text, text, names, Work::whole());
    reader.everything(logical);
    reader.finish(streamed(Kind::Plain), false)
}

impl Reader<'_> {
    fn replication_command(&mut self, command: Command) -> Outcome {
        match command {
            Command::Identify => told(action::SHOW, &["systemid", "timeline", "xlogpos", "dbname"]),
            Command::History => told(action::SHOW, &["filename", "content"]),
            Command::Show(name) => self.show(&VariableShowStmt { name }),
            Command::ReadSlot(slot) => {
                self.found.whole(Effect::Read, self.of_server(&slot));
                told(action::REPLICATE, &["slot_type", "restart_lsn", "restart_tli"])
            }
            Command::CreateSlot { slot, plugin } => {
                let object = if plugin.is_some() { self.of_database(&slot) } else { self.of_server(&slot) };
                self.found.whole(Effect::Define, object);
                self.decodes_by(plugin.as_deref());
                told(action::REPLICATE, &["slot_name", "consistent_point", "snapshot_name", "output_plugin"])
            }
            Command::AlterSlot(slot) | Command::DropSlot(slot) => {
                self.found.whole(Effect::Define, self.of_server(&slot));
                Outcome::plain(action::REPLICATE)
            }
            Command::Start { logical } => {
                self.everything(logical);
                streamed(Kind::CopyBoth)
            }
            Command::BaseBackup(backup) => {
                self.everything(false);
                self.backup_goes_to(&backup);
                streamed(Kind::CopyOut)
            }
            // what the client has of a backup that it wants the rest of
            Command::UploadManifest => {
                self.everything(false);
                Outcome::of(action::REPLICATE, Kind::CopyIn)
            }
        }
    }

    /// THREAT: the server takes a plugin's name for that of a file, wherever it is, and runs what is in it.
    fn decodes_by(&mut self, plugin: Option<&str>) {
        if let Some(plugin) = plugin.filter(|plugin| !PLUGINS.contains(plugin)) {
            self.found.action(action::LOAD);
            self.found.whole(Effect::Execute, Object::at([plugin]));
        }
    }

    /// All that the database holds, or all that the server does, is read, and leaves in bulk.
    fn everything(&mut self, logical: bool) {
        let object = if logical { self.names.catalog.everything() } else { Object::everything() };
        self.found.no_limit = true;
        self.found.restrict(Restriction::nothing());
        self.found.all(Effect::Read, object.clone());
        self.found.whole(Effect::Transfer, object);
    }

    /// A backup may stay on the server's machine, or be given to a program there (`basebackup_to_shell`).
    fn backup_goes_to(&mut self, backup: &Backup) {
        let details = || backup.details.iter().map(String::as_str).map(|detail| Object::at([detail]));
        for target in &backup.targets {
            match target.as_str() {
                "client" | "blackhole" => {}
                "server" => {
                    self.found.action(action::COPY_FILE);
                    details().for_each(|file| self.found.whole(Effect::Transfer, file));
                }
                "shell" => {
                    self.found.action(action::COPY_PROGRAM);
                    self.found.whole(Effect::Execute, Object::at(["shell"]));
                    details().for_each(|detail| self.found.whole(Effect::Execute, detail));
                }
                _ => self.found.opaque("a backup to where nobody here knows"),
            }
        }
    }
}

/// A result of one row or a few, in which there is nobody's data.
fn told(action: Action, columns: &[&str]) -> Outcome {
    let label = |name: &&str| Output::Derived { label: (*name).to_owned(), from: Default::default() };
    Outcome {
        outputs: Outputs::Cells(columns.iter().map(label).collect()),
        columns: columns.iter().map(|name| Arc::from(*name)).collect(),
        ..Outcome::plain(action)
    }
}

/// A stream in which nothing can be told apart, let alone masked.
fn streamed(kind: Kind) -> Outcome {
    Outcome { outputs: Outputs::Unknown, ..Outcome::of(action::REPLICATE, kind) }
}

#[cfg(test)]
mod tests;
