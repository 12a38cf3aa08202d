//! What is done with the gate's word: forwarded with a permit, asked about, or replaced by what must fail.
//!
//! It decides nothing. A refusal leaves transaction and pipeline to the server: it fails there, and the client hears
//! the gateway's reason. Enter at `Session::submit`.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use postern_core::gate::{Decision, Permit};
use postern_core::{Code, Operation};

use super::super::analyze::Statement;
use super::super::forward::Continuation;
use super::super::login::encoded;
use super::super::refuse;
use super::super::wire::{Frontend, Report};
use super::registry::{Portal, Prepared};
use super::reply::{Query, Reply};
use super::submission;
use super::{End, Session};

/// A statement that no server can parse. It stands in place of what was refused.
const FAIL: &str = "postern refused this statement";

/// The two kinds of messages that fail in their own ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// It ends with its own `ReadyForQuery`.
    Simple,
    /// After its failure everything is skipped up to the next Sync.
    Extended,
}

/// What is done with a permit.
pub(super) enum Then {
    Query(Arc<[Statement]>),
    Parse { name: Bytes, text: Bytes, types: Vec<u32>, statement: Arc<[Statement]> },
    Bind { name: Bytes, statement_name: Bytes, prepared: Arc<Prepared>, statement: Arc<[Statement]>, formats: Vec<i16> },
}

impl Then {
    pub(super) fn message(&self) -> Message {
        match self {
            Self::Query(_) => Message::Simple,
            Self::Parse { .. } | Self::Bind { .. } => Message::Extended,
        }
    }

    fn statements(&self) -> &[Statement] {
        match self {
            Self::Query(statements)
            | Self::Parse { statement: statements, .. }
            | Self::Bind { statement: statements, .. } => statements,
        }
    }
}

impl Session<'_> {
    /// Asks the gate, and does what it says.
    pub(super) async fn submit(&mut self, operations: Vec<Operation>, payload: Bytes, then: Then) -> Result<(), End> {
        match self.gate.submit(operations, payload).await? {
            Decision::Go(permit) => self.forward(permit, then),
            Decision::Ask(asking) => self.ask(asking, then).await,
            Decision::No(denial) => {
                let report = match then.statements() {
                    [one] if denial.code == Code::Unreadable => submission::unread(one, &denial),
                    _ => refuse::denial(&denial),
                };
                self.refuse(report, then.message()).await
            }
        }
    }

    /// Sends what was permitted and notes what the target owes for it.
    pub(super) fn forward(&mut self, permit: Permit, then: Then) -> Result<(), End> {
        let flow = self.to_target.forward(permit);
        let masked = !self.gate.masks().is_empty();
        match then {
            Then::Query(statements) => {
                self.to_target.release();
                self.registry.end_pipeline();
                self.registry.drop_unnamed();
                for statement in statements.iter() {
                    self.names.forwarded(statement, masked);
                }
                self.replies.expect(Reply::Query(Box::new(Query::of(flow, statements))));
            }
            Then::Parse { name, text, types, statement } => {
                let prepared = Arc::new(Prepared::of(text, types, statement, flow));
                self.registry.parse(&name, &prepared);
                self.replies.expect(Reply::Parse { name: name.clone(), prepared: Arc::clone(&prepared) });
                if masked {
                    self.ask_fields(name, &prepared);
                }
            }
            Then::Bind { name, statement_name, prepared, statement, formats } => {
                let (asked, at, flow) = (Arc::clone(&prepared), self.generation(), Arc::new(flow));
                let portal = Arc::new(Portal { prepared, at, statement, formats, flow, masks: OnceLock::new() });
                self.registry.bind(&name, &portal);
                self.bound = true;
                self.replies.expect(Reply::Bind { name, portal });
                // the statement may have been parsed before anything was masked
                if masked && !asked.is_asked() {
                    self.ask_fields(statement_name, &asked);
                }
            }
        }
        Ok(())
    }

    /// Asks what a statement returns; the answer stays here.
    fn ask_fields(&mut self, name: Bytes, prepared: &Arc<Prepared>) {
        prepared.ask();
        self.to_target.follow(&prepared.flow, &Continuation::DescribeOwn(name));
        self.replies.expect(Reply::Fields { prepared: Arc::clone(prepared) });
    }

    /// Puts a message that must fail in place of one that was refused, and the client's own report over its error.
    pub(super) async fn refuse(&mut self, report: Report, message: Message) -> Result<(), End> {
        let text = Bytes::from_static(FAIL.as_bytes());
        match message {
            Message::Simple => {
                let permit = self.gate.own(FAIL, encoded(&Frontend::Query { text })).await?;
                let flow = self.to_target.forward(permit);
                self.to_target.release();
                self.registry.end_pipeline();
                self.registry.drop_unnamed();
                let query = Query { instead: Some(report), ..Query::of(flow, Arc::new([])) };
                self.replies.expect(Reply::Query(Box::new(query)));
            }
            Message::Extended => {
                let parse = Frontend::Parse { name: Bytes::new(), text, types: Vec::new() };
                let permit = self.gate.own(FAIL, encoded(&parse)).await?;
                self.to_target.forward(permit);
                self.replies.expect(Reply::Refused(report));
                self.skipping = true;
            }
        }
        Ok(())
    }
}
