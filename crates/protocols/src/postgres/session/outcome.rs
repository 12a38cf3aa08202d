//! What is done with the gate's word: forwarded with a permit, asked about, or replaced by what must fail.
//!
//! It decides nothing. A refusal leaves transaction and pipeline to the server: it fails there, and the client hears
//! the gateway's reason. Enter at `Session::submit`.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Decision, Permit};
use postern_core::{Code, Operation};

use super::super::analyze::Statement;
use super::super::forward::{Continuation, Control};
use super::super::login::{encoded, violation};
use super::super::refuse;
use super::super::wire::{Frame, Frontend, Report};
use super::described::Description;
use super::enclosing::{self, Enclosure};
use super::hold::Holding;
use super::own;
use super::registry::{Portal, Prepared};
use super::reply::{Query, Refusal, Reply};
use super::submission::{self, Request, Wanted};
use super::{End, Pipeline, Session};

/// A statement that every server parses, and that none can run: nothing has such a column. It stands in place of what was
/// refused. A transaction that has failed takes it for one more statement.
const FAIL: &str = "SELECT \"postern refused this statement\"";
/// One that no server can parse, for what a failed transaction does not keep from being looked at: its end, and mistakes.
const MISSPELT: &str = "postern refused this statement";
/// What the journal says of a message about something that is not there.
const MISSING: &str = "postern asks for what is not there";

/// The kinds of messages that fail in their own ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// It ends with its own `ReadyForQuery`.
    Simple,
    /// After its failure everything is skipped up to the next Sync.
    Extended,
    /// The same of a Parse without a name, for which the server drops what had none before, whether or not it fails.
    Unnamed,
}

impl Session<'_> {
    /// Asks the gate, and does what it says.
    pub(super) async fn submit(&mut self, mut request: Request, raw: Bytes) -> Result<(), End> {
        let payload = request.payload(raw, || self.names.meaning());
        match self.gate.submit(self.operations(&request), payload).await? {
            Decision::Go(permit) => self.forward(permit, request).await?,
            Decision::Ask(asking) => {
                self.holding = Some(Holding::new(asking, request));
                return Ok(());
            }
            Decision::No(denial) => {
                let report = match &*request.statements {
                    [one] if denial.code == Code::Unreadable => submission::unread(one, &denial),
                    _ => refuse::denial(&denial),
                };
                let text = if submission::is_looked_at(&request.statements) { MISSPELT } else { FAIL };
                self.refuse_by(text, report, request.message()).await?;
            }
        }
        Ok(())
    }

    /// What the gate is asked about a request, with the names that hold now.
    pub(super) fn operations(&self, request: &Request) -> Vec<Operation> {
        request.operations(self.names.settings(), self.meaning(request).as_ref())
    }

    /// Sends what was permitted and notes what the target owes for it.
    pub(super) async fn forward(&mut self, permit: Permit, request: Request) -> Result<(), End> {
        let enclosure = enclosing::needed(permit.limits(), &request, (self.status, self.pipeline));
        let enclosed = enclosure == Enclosure::Own;
        match enclosure {
            Enclosure::None => {}
            Enclosure::Own => self.open_own().await?,
            Enclosure::Impossible => return self.send_apart(permit).await,
            Enclosure::Rowless => return self.rowless(permit).await,
        }
        let flow = self.to_target.forward(permit);
        let masked = !self.gate.masks().lets_pass();
        let sent = request.veiled.as_ref().and_then(|veiled| veiled.sent());
        let share = request.names().1.saturating_add(sent.as_ref().map_or(0, |sent| sent.size()));
        let share = self.registry.room.share(share);
        let Request { text, types, statements, wanted, .. } = request;
        match wanted {
            Wanted::Run => {
                self.end_by_query();
                self.set_off(&statements);
                self.replies.expect(Reply::Query(Box::new(Query { enclosed, sent, ..Query::of(flow, statements) })));
            }
            Wanted::Call => {
                self.pipeline = Pipeline::None;
                self.registry.end_pipeline();
                self.set_off(&statements);
                self.replies.expect(Reply::Query(Box::new(Query { called: true, ..Query::of(flow, statements) })));
            }
            Wanted::Prepare(name) => {
                let (name, text) = (kept(&name), kept(&text));
                let prepared =
                    Arc::new(Prepared::new((text, sent, types), (statements, self.names.generation()), flow, share));
                self.reached(Pipeline::Prepared);
                self.registry.parse(&name, &prepared);
                self.replies.expect(Reply::Parse { name: name.clone(), prepared: Arc::clone(&prepared) });
                if masked {
                    self.ask_fields(name, &prepared);
                }
            }
            Wanted::Bind { portal: name, statement, prepared, results: formats } => {
                let (name, asked) = (kept(&name), Arc::clone(&prepared));
                let portal = Arc::new(Portal {
                    prepared,
                    at: self.moment(),
                    statements,
                    formats,
                    flow: Arc::new(flow),
                    tally: Arc::default(),
                    ran: AtomicU64::new(self.registry.ran()),
                    suspended: AtomicBool::new(false),
                    masks: OnceLock::new(),
                    description: Description::default(),
                    _share: share,
                });
                self.reached(Pipeline::Bound);
                self.registry.bind(&name, &portal);
                self.replies.expect(Reply::Bind { name, portal });
                // the statement may have been parsed before anything was masked
                if masked && !asked.is_asked() {
                    self.ask_fields(statement, &asked);
                }
            }
        }
        Ok(())
    }

    /// Statements are on their way: what they may change is no longer what it was.
    pub(super) fn set_off(&mut self, statements: &[Statement]) {
        let masked = !self.gate.masks().is_empty();
        for statement in statements {
            self.names.forwarded(statement, masked);
            self.spelled.set_off(statement);
        }
        self.registry.set_off(statements);
    }

    /// A Query ends the pipeline before it. Either the server drops the unnamed statement and portal for it, or it skips it with
    /// all that comes before the next Sync.
    pub(super) fn end_by_query(&mut self) {
        self.pipeline = Pipeline::None;
        self.registry.end_pipeline();
        self.registry.leave_unnamed();
    }

    /// Asks what a statement returns; the answer stays here.
    fn ask_fields(&mut self, name: Bytes, prepared: &Arc<Prepared>) {
        prepared.ask();
        self.to_target.follow(&prepared.flow, &Continuation::DescribeOwn(name));
        self.replies.expect(Reply::Fields { prepared: Arc::clone(prepared) });
    }

    /// Puts a message that must fail in place of one that was refused, and the client's own report over its error, where
    /// the server would not say the same. Of a transaction that has failed already the server speaks first.
    pub(super) async fn refuse(&mut self, report: impl Into<Option<Report>>, message: Message) -> Result<(), End> {
        self.refuse_by(FAIL, report, message).await
    }

    async fn refuse_by(
        &mut self,
        fail: &'static str,
        report: impl Into<Option<Report>>,
        message: Message,
    ) -> Result<(), End> {
        let report = report.into();
        // the server skips what it gets, as it would after an error in the client's own messages
        if self.adrift {
            self.skipping = true;
            report.into_iter().for_each(|report| self.report(report));
            return Ok(());
        }
        let text = Bytes::from_static(fail.as_bytes());
        match message {
            Message::Simple => {
                let permit = self.gate.own(fail, encoded(&Frontend::Query { text })).await?;
                let flow = self.to_target.forward(permit);
                self.end_by_query();
                let query = Query { instead: report, ..Query::of(flow, Arc::new([])) };
                self.replies.expect(Reply::Query(Box::new(query)));
            }
            Message::Extended | Message::Unnamed => {
                let name = if message == Message::Unnamed { Bytes::new() } else { self.names.names.absent.clone() };
                let parse = Frontend::Parse { name, text, types: Vec::new() };
                let permit = self.gate.own(fail, encoded(&parse)).await?;
                self.to_target.forward(permit);
                self.refused(report.map_or(Refusal::Server, Refusal::Said));
            }
        }
        Ok(())
    }

    /// Has the server say that what a message uses is not there.
    pub(super) async fn missing(&mut self, frame: &Frame) -> Result<(), End> {
        let message = Frontend::decode(frame).map_err(violation)?;
        let Some((kind, name)) = own::used(&message) else { return Ok(()) };
        if self.adrift {
            return self.refuse(refuse::missing(kind, &String::from_utf8_lossy(&name)), Message::Extended).await;
        }
        let mut payload = BytesMut::new();
        for message in self.names.names.missing(&message) {
            // names of the gateway's own are always writable
            message.encode(&mut payload).ok();
        }
        let permit = self.gate.own(MISSING, payload.freeze()).await?;
        self.to_target.forward(permit);
        self.refused(Refusal::Missing(kept(&name)));
        Ok(())
    }

    /// Something is on its way that must fail: what follows it is skipped.
    fn refused(&mut self, refusal: Refusal) {
        // a client may wait for the error before it ends the pipeline, and its own Flush is skipped
        self.to_target.control(&Control::Flush);
        self.replies.expect(Reply::Refused(refusal));
        self.reached(Pipeline::Prepared);
        self.skipping = true;
    }
}

/// A copy that outlives the read buffer which a message is a slice of.
pub(super) fn kept(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
