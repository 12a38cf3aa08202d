//! A session with a walsender: its commands told from SQL, its streams both ways.
//!
//! It decides nothing. INVARIANT: what the server takes for a command is submitted as one, and what it takes for SQL as
//! SQL; what it does not take at all is refused in its own words. Enter at `Session::as_walsender`.

use std::sync::Arc;

use postern_core::journal::Outcome;
use postern_core::{Code, Fault};

use super::super::analyze::{Names, Statement};
use super::super::catalog::Catalog;
use super::super::login::settings::Replication;
use super::super::refuse::sqlstate;
use super::super::vocabulary::action;
use super::super::wire::{Frontend, Report};
use super::outcome::Message;
use super::reading::Obstacle;
use super::reply::{Query, Reply};
use super::submission::{self, Request};
use super::{End, Session};

/// Which way data goes inside of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copying {
    /// None goes to the server.
    Nothing,
    /// It takes that of a COPY.
    In,
    /// It streams, and hears what the client says of that.
    Both,
}

/// Names for what names nothing.
fn unnamed(catalog: &Catalog) -> Names<'_> {
    Names::of(catalog, &[], "")
}

/// How a message fails that no walsender takes (`forbidden_in_wal_sender`), and what it says where another message would
/// not fail in the same words.
pub(super) fn forbidden(message: &Frontend) -> Option<(Option<Report>, Message)> {
    match message {
        Frontend::FunctionCall { .. } => {
            let message = "fastpath function calls not supported in a replication connection";
            Some((Some(Report::error(sqlstate::PROTOCOL_VIOLATION, message)), Message::Simple))
        }
        Frontend::Parse { .. }
        | Frontend::Bind { .. }
        | Frontend::Describe { .. }
        | Frontend::Execute { .. }
        | Frontend::Close { .. } => Some((None, Message::Extended)),
        Frontend::Query { .. }
        | Frontend::Flush
        | Frontend::Sync
        | Frontend::CopyData(_)
        | Frontend::CopyDone
        | Frontend::CopyFail { .. }
        | Frontend::Password(_)
        | Frontend::Terminate => None,
    }
}

/// What a walsender that streams takes for the end of the session (`ProcessRepliesIfAny`).
pub(super) fn out_of_stream(message: &Frontend) -> Option<Fault> {
    let belongs =
        matches!(message, Frontend::CopyData(_) | Frontend::CopyDone | Frontend::CopyFail { .. } | Frontend::Terminate);
    let said = || format!("invalid standby message type \"{}\"", char::from(message.tag()).escape_default());
    (!belongs).then(|| Fault::client(Code::ClientViolation, said()))
}

/// Whether a request is for what leaves in a form that has no rows.
pub(super) fn streams(statements: &[Statement]) -> bool {
    statements.iter().any(|one| one.action == action::REPLICATE)
}

impl Session<'_> {
    /// What a walsender takes a text for, unless that is SQL, or this is none.
    pub(super) fn as_walsender(&self, request: &Request) -> Option<Result<Arc<[Statement]>, Obstacle>> {
        let replication = self.replication?;
        match submission::read_command(&request.text, &unnamed(&self.names.catalog)) {
            Some(statements) => Some(Ok(statements)),
            None if replication == Replication::Logical => None,
            // it takes none, and says so to any
            None => Some(Err(Obstacle::Refuse(None))),
        }
    }

    /// The server has sent all there was and goes: it says that this is done in the middle of a stream, and no more
    /// (`WalSndDone`).
    pub(super) fn stream_left(&mut self) -> Result<(), End> {
        if let Some(Reply::Query(query)) = self.replies.pop() {
            self.ended.push((query.flow.id(), Outcome::Done { note: query.note() }));
        }
        self.copying = Copying::Nothing;
        Ok(())
    }
}

impl Query {
    /// How it ended, in the server's words, and how much of a stream has come.
    pub(super) fn note(&self) -> String {
        let mut note = self.tags.join("; ");
        if streams(&self.statements) && self.streamed > 0 {
            note.push_str(&format!("; {} bytes", self.streamed));
        }
        note
    }
}
