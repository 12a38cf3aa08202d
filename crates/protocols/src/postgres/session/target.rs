//! What the target answers, message by message: attributed, masked, passed on.
//!
//! Rows that nothing masks are passed on in bulk, undecoded. Whatever does not fit what is owed ends the session: a
//! target that answers out of turn could make one operation's rows pass for another's.

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is not expected ends the session")]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use postern_core::gate::Flow;
use postern_core::journal::Outcome;
use postern_core::{Code, Fault};

use super::super::analyze::Statement;
use super::super::catalogs::texts;
use super::super::cells::{self, Unprovable};
use super::super::refuse::sqlstate;
use super::super::wire::report::field;
use super::super::wire::{Backend, Field, Frame, Limit, Report, TransactionStatus, WireError, frame, tag};
use super::registry::Portal;
use super::reply::{Described, Query, Refusal, Reply, failed};
use super::stopping::code_of;
use super::walsender::Copying;
use super::{End, Session};

impl Query {
    pub(super) fn of(flow: Flow, statements: Arc<[Statement]>) -> Self {
        Self {
            flow: Arc::new(flow),
            statements,
            sent: None,
            done: 0,
            instead: None,
            tally: Arc::default(),
            enclosed: false,
            called: false,
            held: None,
            masks: None,
            tags: Vec::new(),
            failed: None,
            streams: false,
            streamed: 0,
        }
    }
}

impl Session<'_> {
    /// Passes on what the target has answered, as long as the client takes it.
    pub(super) async fn relay(&mut self) -> Result<(), End> {
        self.lagging = false;
        while !self.to_client.is_full() {
            self.lagging = self.gate.lags();
            if self.lagging {
                break;
            }
            self.attribute()?;
            if self.rows_pass() {
                let run = frame::run(&self.from_target.buffer, self.rows_left(), is_row);
                if run.bytes > 0 {
                    let rows = self.from_target.buffer.split_to(run.bytes);
                    if let Some(Reply::Query(query)) = self.replies.first() {
                        query.streamed = query.streamed.saturating_add(u64::try_from(run.bytes).unwrap_or(u64::MAX));
                    }
                    self.to_client.push(&rows);
                    self.came(run.messages);
                }
            }
            let Some(frame) = frame::next(&mut self.from_target.buffer, Limit::SERVER).map_err(broken)? else { break };
            self.answer(frame).await?;
            if self.early.is_some() {
                self.let_sync_follow();
            }
        }
        self.left.of_target = self.to_client.is_full();
        if self.replies.is_empty() {
            self.registry.end_pipeline();
        }
        let ended = std::mem::take(&mut self.ended);
        self.gate.finished(ended).map_err(End::Fault)
    }

    /// Whether rows of the reply at hand go through as they are.
    fn rows_pass(&mut self) -> bool {
        let unmasked = self.gate.masks().lets_pass() && !self.is_withheld();
        unmasked && matches!(self.replies.first(), Some(Reply::Query(_) | Reply::Execute { .. }))
    }

    async fn answer(&mut self, frame: Frame) -> Result<(), End> {
        match frame.tag {
            tag::server::ERROR_RESPONSE => self.error(&frame),
            tag::server::NOTICE_RESPONSE => self.notice(&frame),
            tag::server::PARAMETER_STATUS => self.setting(&frame).await,
            tag::server::NOTIFICATION_RESPONSE => self.notification(&frame),
            tag::server::READY_FOR_QUERY => self.ready(&frame).await,
            tag if is_row(tag) && !self.takes_row(&frame) => Ok(()),
            _ => match self.replies.first() {
                Some(Reply::Own(_)) => self.own(&frame),
                Some(Reply::Fields { .. }) => self.fields(&frame),
                Some(Reply::Query(_)) => self.query_answer(&frame).await,
                Some(Reply::Execute { .. }) => self.execute_answer(&frame).await,
                Some(Reply::Opening | Reply::Closing(_)) => own_answer(&frame),
                Some(_) => self.step_answer(&frame),
                None => Err(out_of_turn(&frame)),
            },
        }
    }

    /// Answers to Parse, Bind, Describe and Close.
    fn step_answer(&mut self, frame: &Frame) -> Result<(), End> {
        match (frame.tag, self.replies.first()) {
            // the columns, or none, are still to come
            (tag::server::PARAMETER_DESCRIPTION, Some(Reply::Describe { .. })) => {
                self.to_client.push(&frame.raw);
                return Ok(());
            }
            (tag::server::ROW_DESCRIPTION | tag::server::NO_DATA, Some(Reply::Describe { .. }))
            | (tag::server::PARSE_COMPLETE, Some(Reply::Parse { .. }))
            | (tag::server::BIND_COMPLETE, Some(Reply::Bind { .. }))
            | (tag::server::CLOSE_COMPLETE, Some(Reply::Close { .. })) => {}
            // of what was closed before it, so that it be missing
            (tag::server::CLOSE_COMPLETE, Some(Reply::Refused(_))) => return Ok(()),
            _ => return Err(out_of_turn(frame)),
        }
        let raw = match self.replies.at_hand() {
            Some((_, Reply::Describe { of })) => self.described(frame, of),
            _ => frame.raw.clone(),
        };
        self.to_client.push(&raw);
        match self.replies.pop() {
            Some(Reply::Parse { name, prepared }) => self.registry.parsed(name, prepared),
            Some(Reply::Bind { name, portal }) => self.registry.bound(name, portal),
            Some(Reply::Close { kind, name }) => self.registry.closed(kind, &name),
            Some(Reply::Describe { of }) if frame.tag == tag::server::ROW_DESCRIPTION => match of {
                Described::Statement(prepared) => prepared.description.keep(&raw),
                Described::Portal(portal) => {
                    portal.description.keep(&raw);
                    self.to_client.told();
                }
                Described::Cursor(_) => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The answer to the gateway's own question what a statement returns.
    fn fields(&mut self, frame: &Frame) -> Result<(), End> {
        let fields = match Backend::decode(frame).map_err(broken)? {
            Backend::ParameterDescription(_) => return Ok(()),
            Backend::NoData => None,
            Backend::RowDescription(fields) => Some(fields),
            _ => return Err(out_of_turn(frame)),
        };
        if let Some(Reply::Fields { prepared }) = self.replies.pop() {
            if frame.tag == tag::server::ROW_DESCRIPTION {
                let described = self.named(frame, prepared.statements.first(), prepared.flow.masks());
                prepared.description.keep(&described);
            }
            prepared.fields.set(fields).ok();
        }
        Ok(())
    }

    async fn query_answer(&mut self, frame: &Frame) -> Result<(), End> {
        let withheld = self.is_withheld();
        let Some(Reply::Query(query)) = self.replies.first() else { return Ok(()) };
        if let Some(held) = query.held.take() {
            self.to_client.push(&held);
        }
        match frame.tag {
            tag::server::ROW_DESCRIPTION if withheld => {}
            tag::server::ROW_DESCRIPTION => {
                let Backend::RowDescription(fields) = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
                let statement = query.statements.get(query.done);
                match cells::plan(&fields, None, statement, &self.names.catalog, query.flow.masks()) {
                    Ok(masks) => {
                        query.masks = masks;
                        let (statements, flow) = (Arc::clone(&query.statements), Arc::clone(&query.flow));
                        let of = statements.get(query.done);
                        let raw = self.named(frame, of, flow.masks());
                        self.to_client.push(&raw);
                        return Ok(());
                    }
                    Err(unprovable) => return Err(self.unprovable(&unprovable).await),
                }
            }
            tag::server::DATA_ROW => {
                let masked = match &query.masks {
                    Some(masks) => masks.apply(&frame.body(), self.to_client.fresh()),
                    None => {
                        self.to_client.push(&frame.raw);
                        Ok(())
                    }
                };
                return match masked {
                    Ok(()) => Ok(()),
                    Err(unprovable) => Err(self.unprovable(&unprovable).await),
                };
            }
            tag::server::COMMAND_COMPLETE if query.streams => {
                query.tags.push(tag_of(frame));
                self.to_client.push(&frame.raw);
                return self.stream_left();
            }
            tag::server::COMMAND_COMPLETE | tag::server::EMPTY_QUERY_RESPONSE => {
                query.tags.push(tag_of(frame));
                if let Some(statement) = query.statements.get(query.done) {
                    self.registry.done(statement, &query.flow);
                }
                query.done = query.done.saturating_add(1);
                query.masks = None;
                if query.enclosed && !withheld {
                    query.held = Some(frame.raw.clone());
                    return Ok(());
                }
            }
            // INVARIANT: no mask applies: what a function shows is known of those only that show no column
            tag::server::FUNCTION_CALL_RESPONSE if query.called => query.tags.push("FUNCTION CALL".to_owned()),
            tag::server::COPY_IN_RESPONSE => return self.copy_in(frame, Copying::In),
            tag::server::COPY_BOTH_RESPONSE if self.replication.is_some() => {
                query.streams = true;
                return self.copy_in(frame, Copying::Both);
            }
            tag::server::COPY_DONE => query.streams = false,
            tag::server::COPY_OUT_RESPONSE | tag::server::COPY_DATA => {}
            _ => return Err(out_of_turn(frame)),
        }
        if !withheld {
            self.pass(frame);
        }
        Ok(())
    }

    async fn execute_answer(&mut self, frame: &Frame) -> Result<(), End> {
        let Some(Reply::Execute { portal }) = self.replies.first() else { return Ok(()) };
        let portal = Arc::clone(portal);
        let withheld = self.is_withheld();
        match frame.tag {
            tag::server::DATA_ROW => {
                return match self.masked_row(&portal, &frame.body()) {
                    Ok(true) => Ok(()),
                    Ok(false) => {
                        self.to_client.push(&frame.raw);
                        Ok(())
                    }
                    Err(unprovable) => Err(self.unprovable(&unprovable).await),
                };
            }
            tag::server::COMMAND_COMPLETE | tag::server::PORTAL_SUSPENDED if let Some(report) = self.overtaken() => {
                portal.suspended.store(false, Ordering::Relaxed);
                return self.fail_behind(portal.flow.id(), report).await;
            }
            tag::server::COMMAND_COMPLETE | tag::server::EMPTY_QUERY_RESPONSE => {
                self.replies.pop();
                portal.suspended.store(false, Ordering::Relaxed);
                self.ended.push((portal.flow.id(), Outcome::Done { note: tag_of(frame) }));
                for statement in portal.statements.iter() {
                    self.registry.done(statement, &portal.flow);
                }
            }
            tag::server::PORTAL_SUSPENDED => {
                portal.suspended.store(true, Ordering::Relaxed);
                self.replies.pop();
            }
            tag::server::COPY_IN_RESPONSE => return self.copy_in(frame, Copying::In),
            tag::server::COPY_OUT_RESPONSE | tag::server::COPY_DATA | tag::server::COPY_DONE => {}
            _ => return Err(out_of_turn(frame)),
        }
        if !withheld {
            self.pass(frame);
        }
        Ok(())
    }

    /// Masks a row of a portal; tells whether it did, or whether the row may go as it is.
    fn masked_row(&mut self, portal: &Portal, body: &Bytes) -> Result<bool, Unprovable> {
        let masks = portal.flow.masks();
        if masks.lets_pass() {
            return Ok(false);
        }
        let unknown = || Unprovable("the target returns rows of a statement that it did not describe".to_owned());
        let plan = match portal.masks.get() {
            Some(plan) => plan,
            None => {
                let fields: &Vec<Field> = portal.prepared.fields.get().and_then(Option::as_ref).ok_or_else(unknown)?;
                let plan =
                    cells::plan(fields, Some(&portal.formats), portal.statements.first(), &self.names.catalog, masks)?;
                portal.masks.get_or_init(|| plan)
            }
        };
        match plan {
            Some(plan) => plan.apply(body, self.to_client.fresh()).map(|()| true),
            None => Ok(false),
        }
    }

    fn copy_in(&mut self, frame: &Frame, way: Copying) -> Result<(), End> {
        if !self.replies.enter_copy() {
            let message = "other messages were sent ahead before the data of a COPY";
            return Err(End::Fault(
                Fault::client(Code::ClientViolation, message).hint("wait for the server to ask for the data"),
            ));
        }
        self.copying = way;
        self.skipping = false;
        self.to_client.push(&frame.raw);
        Ok(())
    }

    fn error(&mut self, frame: &Frame) -> Result<(), End> {
        let Backend::ErrorResponse(report) = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
        let code = report.code().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        match report.field(field::SEVERITY_PLAIN) {
            None | Some(b"ERROR") => {}
            // the session's end is the client's to hear, whatever the server was answering
            Some(b"FATAL" | b"PANIC") => {
                self.report_error(None, &report, frame);
                return Ok(());
            }
            Some(_) => return Err(out_of_turn(frame)),
        }
        self.copying = Copying::Nothing;
        // in a pipeline the server may have come to this, and to its cancellation, before anybody heard of what is before it
        if code == sqlstate::QUERY_CANCELED && self.stopping.is_none() {
            self.reconsider()?;
        }
        let stopped = self.stopped(&code);
        let code = stopped.as_ref().map_or(code, code_of);
        match self.replies.first() {
            Some(Reply::Query(query)) => {
                let instead =
                    stopped.or_else(|| query.instead.take().and_then(|instead| unless_failed(instead, &code)));
                query.failed = Some(code);
                if let Some(held) = query.held.take() {
                    self.to_client.push(&held);
                }
                self.report_error(instead, &report, frame);
                return Ok(());
            }
            Some(Reply::Closing(query)) => {
                // one failure, told once: the rest is between the gateway and the server
                if query.failed.is_none() {
                    (query.failed, query.held) = (Some(code), None);
                    self.report_error(stopped, &report, frame);
                }
                return Ok(());
            }
            Some(Reply::Opening) => return Err(out_of_turn(frame)),
            // it meets the end of the gateway's own question, and so nothing of the client's
            Some(Reply::OwnSync) => return Ok(()),
            // the client hears of it as the error of what it asked for
            Some(Reply::Own(_)) => {
                let said = report.message().map(String::from_utf8_lossy).unwrap_or_default();
                tracing::warn!(session = %self.gate.session(), code, "the target refused the gateway's own question");
                self.names.refused(Report::error(&code, &said).detail("The gateway was asking what names mean."));
                self.replies.pop();
                self.adrift = !self.replies.skip(&code, &mut self.ended);
                return Ok(());
            }
            Some(Reply::Refused(refusal)) => match std::mem::replace(refusal, Refusal::Server) {
                Refusal::Said(instead) => self.report_error(unless_failed(instead, &code), &report, frame),
                Refusal::Server => self.report_error(None, &report, frame),
                // nothing of any row is in what was asked
                Refusal::Missing(name) => self.report(self.names.names.told(&report, &name)),
            },
            Some(Reply::Execute { portal } | Reply::Bind { portal, .. }) => {
                portal.suspended.store(false, Ordering::Relaxed);
                let id = portal.flow.id();
                self.ended.push((id, failed(&code)));
                self.report_error(stopped, &report, frame);
            }
            _ => self.report_error(stopped, &report, frame),
        }
        if !matches!(self.replies.first(), Some(Reply::Sync)) {
            self.replies.pop();
        }
        if !self.replies.skip(&code, &mut self.ended) {
            self.skipping = true;
        }
        Ok(())
    }

    fn report_error(&mut self, instead: Option<Report>, report: &Report, frame: &Frame) {
        match instead {
            Some(instead) => self.report(instead),
            None if self.gate.masks().lets_pass() => self.to_client.push(&frame.raw),
            None => {
                let report = self.for_the_bound(report);
                let report = self.placed(report);
                self.report(report);
            }
        }
    }

    /// A report that points at the client's own text, where another one was sent for it.
    fn placed(&mut self, report: Report) -> Report {
        let sent = match self.replies.first() {
            Some(Reply::Query(query)) => query.sent.as_ref(),
            Some(Reply::Parse { prepared, .. } | Reply::Fields { prepared }) => prepared.sent.as_ref(),
            Some(Reply::Bind { portal, .. } | Reply::Execute { portal }) => portal.prepared.sent.as_ref(),
            _ => None,
        };
        let Some(sent) = sent else { return report };
        let place = report.field(field::POSITION).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let mut report = report;
        report.fields.retain(|(kind, _)| *kind != field::POSITION);
        place.and_then(|place| sent.original(place)).into_iter().fold(report, |report, place| report.position(place))
    }

    async fn ready(&mut self, frame: &Frame) -> Result<(), End> {
        let Backend::ReadyForQuery { status } = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
        self.status = status;
        self.copying = Copying::Nothing;
        let reply = self.replies.pop();
        if reply.as_ref().is_some_and(Reply::drops_unnamed) {
            self.registry.drop_unnamed();
        }
        if status == TransactionStatus::Idle {
            self.registry.end_transaction();
            self.names.outside();
        }
        match reply {
            Some(Reply::Query(query)) => {
                let over = self.overtaken();
                return self.query_done(query, over, frame).await;
            }
            Some(Reply::Closing(query)) => return self.closed(query, frame).await,
            Some(Reply::Sync) => self.to_client.push(&frame.raw),
            Some(Reply::OwnSync | Reply::Opening) => {}
            _ => return Err(out_of_turn(frame)),
        }
        Ok(())
    }

    fn own(&mut self, frame: &Frame) -> Result<(), End> {
        let Some(Reply::Own(answers)) = self.replies.first() else { return Ok(()) };
        match Backend::decode(frame).map_err(broken)? {
            Backend::DataRow(body) => {
                let row = texts(&body).ok_or_else(|| out_of_turn(frame))?;
                if !answers.take(row, frame.raw.len()) {
                    let message = "the target says more of its catalog than any has";
                    return Err(End::Fault(Fault::target(Code::TargetViolation, message)));
                }
            }
            Backend::CommandComplete { .. } => answers.done.push(std::mem::take(&mut answers.rows)),
            Backend::CloseComplete => answers.closed(),
            Backend::ParseComplete | Backend::BindComplete => {}
            Backend::RowDescription(_) if self.replication.is_some() => {}
            _ => return Err(out_of_turn(frame)),
        }
        if answers.are_whole() {
            let done = std::mem::take(&mut answers.done);
            self.replies.pop();
            let within = self.within();
            self.names.answered(done, within, &mut self.gate)?;
        }
        Ok(())
    }

    async fn unprovable(&mut self, unprovable: &Unprovable) -> End {
        match self.gate.alert(Code::MaskedOutput, &unprovable.0).await {
            Err(fault) => End::Fault(fault),
            Ok(()) => {
                let message = format!("the reply cannot be masked for certain: {}", unprovable.0);
                End::Fault(Fault::gateway(Code::MaskedOutput, message).hint("connect again"))
            }
        }
    }
}

/// What a client hears of what was refused, unless its transaction had failed before: then the server takes nothing but
/// its end, and says so.
fn unless_failed(instead: Report, code: &str) -> Option<Report> {
    (code != sqlstate::FAILED_TRANSACTION).then_some(instead)
}

fn is_row(tag: u8) -> bool {
    tag == tag::server::DATA_ROW || tag == tag::server::COPY_DATA
}

/// Answers to what the gateway says itself around a message: nothing of them is the client's.
fn own_answer(frame: &Frame) -> Result<(), End> {
    if frame.tag == tag::server::COMMAND_COMPLETE { Ok(()) } else { Err(out_of_turn(frame)) }
}

fn tag_of(frame: &Frame) -> String {
    let body = frame.body();
    String::from_utf8_lossy(body.strip_suffix(&[0]).unwrap_or(&body)).into_owned()
}

pub(super) fn broken(error: WireError) -> End {
    End::Fault(Fault::target(Code::TargetViolation, format!("the target broke the protocol: {error}")))
}

fn out_of_turn(frame: &Frame) -> End {
    let message = format!("the target sent a message of type `{}` out of turn", char::from(frame.tag).escape_default());
    End::Fault(Fault::target(Code::TargetViolation, message))
}
