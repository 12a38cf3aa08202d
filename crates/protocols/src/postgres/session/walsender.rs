//! A session with a walsender: opened where a rule lets it, its commands told from SQL, its streams both ways.
//!
//! It decides nothing. INVARIANT: what the server takes for a command is submitted as one, and what it takes for SQL as
//! SQL; what it does not take at all is refused in its own words. Enter at [`open`] and `Session::as_walsender`.

use std::sync::Arc;

use bytes::Bytes;
use postern_core::gate::{Decision, Gate, Open};
use postern_core::journal::Outcome;
use postern_core::{Code, Denial, Fault};

use super::super::analyze::{Names, Statement, replication};
use super::super::catalog::Catalog;
use super::super::login::settings::Replication;
use super::super::refuse::sqlstate;
use super::super::vocabulary::action;
use super::super::wire::{Frontend, Report};
use super::outcome::Message;
use super::reading::Obstacle;
use super::reply::{Query, Reply};
use super::submission::{self, Request, Wanted};
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

/// Asks whether a walsender may be opened, before the server is asked for one: it has few of them. What it then does is
/// decided as it comes; what waits for a human does so then.
pub(in super::super) async fn open(gate: &mut Gate<Open>, replication: Replication) -> Result<(), Fault> {
    let catalog = Catalog::empty(gate.space());
    let statement = replication::opening(replication == Replication::Logical, &unnamed(&catalog));
    let request = Request::new(Bytes::copy_from_slice(statement.text.as_bytes()), Wanted::Prepare(Bytes::new()));
    let request = Request { statements: Arc::from([statement]), ..request };
    match gate.submit(request.operations(&Arc::default(), Some(&request.text)), Bytes::new()).await? {
        // what it permits is the login that comes next, of which no byte is the client's
        Decision::Go(permit) => drop(permit),
        Decision::No(denial) => return Err(refused(denial)),
        Decision::Ask(_) => return Err(refused(Denial::new(Code::NotAllowed, "a human must approve it"))),
    }
    Ok(())
}

fn refused(denial: Denial) -> Fault {
    let message = match &denial.rule {
        Some(rule) => format!("{} (rule `{rule}`)", denial.message),
        None => denial.message,
    };
    let fault = Fault::client(denial.code, message);
    denial.hint.into_iter().fold(fault, Fault::hint)
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
