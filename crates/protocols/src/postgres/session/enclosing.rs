//! A transaction of the gateway's own around a Query message whose rows are counted.
//!
//! The server commits a Query by itself as soon as it has sent the rows, before anybody could count them. What changes
//! something and shows rows runs inside BEGIN and COMMIT therefore, and is rolled back where there are too many. Its
//! client sees none of that. In a pipeline the client's Sync commits, and waits for the count.

use postern_core::gate::Permit;
use postern_core::journal::Outcome;
use postern_core::verdict::Limits;
use postern_core::{Action, Code, Denial, Effect};

use super::super::analyze::{Kind, Statement};
use super::super::login::encoded;
use super::super::refuse;
use super::super::vocabulary::action;
use super::super::wire::{Frame, Frontend, Report, TransactionStatus};
use super::bounds;
use super::outcome::Message;
use super::reply::{Query, Reply, failed};
use super::stopping::code_of;
use super::submission::{Request, Wanted, runs_code};
use super::walsender;
use super::{End, Pipeline, Session};

/// What shows more than a row and may run in a transaction.
const ENCLOSED: &[Action] = &[
    action::SELECT,
    action::INSERT,
    action::UPDATE,
    action::DELETE,
    action::MERGE,
    action::EXECUTE,
    action::EXPLAIN,
    action::COPY_OUT,
];

/// Whether a message has to be enclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enclosure {
    /// It can fail as a whole as it is.
    None,
    /// It has to be.
    Own,
    /// It has to be and cannot: it has transactions of its own in it.
    Impossible,
    /// What comes of it has no rows to count.
    Rowless,
}

/// Whether what a request asks for has to be enclosed, where the session stands like this.
pub(super) fn needed(
    limits: &Limits,
    request: &Request,
    (status, pipeline): (TransactionStatus, Pipeline),
) -> Enclosure {
    let statements = &request.statements;
    if !matches!(request.wanted, Wanted::Run) || !bounds::counted(limits, statements) {
        return Enclosure::None;
    }
    if walsender::streams(statements) {
        return Enclosure::Rowless;
    }
    let unenclosable = |one: &Statement| {
        matches!(
            one.kind,
            Kind::Begin
                | Kind::Commit { .. }
                | Kind::Rollback { .. }
                | Kind::PrepareTransaction
                | Kind::CopyIn
                | Kind::Unread(_)
        )
    };
    if statements.iter().any(unenclosable) {
        return Enclosure::Impossible;
    }
    // what a pipeline has executed before it is committed with it, and has to fail with it
    let commits = pipeline >= Pipeline::Executed || !statements.iter().all(only_reads);
    if status != TransactionStatus::Idle || !commits {
        return Enclosure::None;
    }
    match &**statements {
        [one] if !ENCLOSED.contains(&one.action) => Enclosure::None,
        _ => Enclosure::Own,
    }
}

/// Whether nothing remains of a statement once its rows are sent.
fn only_reads(statement: &Statement) -> bool {
    let reads = |effect| matches!(effect, Effect::Read | Effect::Session);
    !runs_code(statement) && statement.touches.iter().all(|touch| reads(touch.effect))
}

impl Session<'_> {
    /// Begins a transaction of the gateway's own.
    pub(super) async fn open_own(&mut self) -> Result<(), End> {
        self.say_own("BEGIN").await?;
        self.replies.expect(Reply::Opening);
        Ok(())
    }

    /// Refuses what would have to be enclosed and cannot be.
    pub(super) async fn send_apart(&mut self, permit: Permit) -> Result<(), End> {
        let message = "rows are counted here, and a message with transactions or text of an unknown kind in it could not fail as a whole";
        self.uncountable(permit, message, "send the statements one by one").await
    }

    /// Refuses what is bounded in rows and has none.
    pub(super) async fn rowless(&mut self, permit: Permit) -> Result<(), End> {
        let message = "rows are counted here, and what leaves by replication has none that could be";
        self.uncountable(permit, message, "ask for a rule that allows it without `max_rows`").await
    }

    async fn uncountable(&mut self, permit: Permit, message: &str, hint: &str) -> Result<(), End> {
        let denial = Denial::new(Code::TooManyRows, message).hint(hint);
        let rule = permit.limits().max_rows.as_ref().map(|bound| bound.by.clone());
        let report = refuse::denial(&rule.into_iter().fold(denial, Denial::by));
        self.ended.push((permit.id(), failed(&code_of(&report))));
        self.refuse(report, Message::Simple).await
    }

    /// A Query message is done; `over` is what its client hears where it fails although the server has done all of it.
    pub(super) async fn query_done(
        &mut self,
        mut query: Box<Query>,
        over: Option<Report>,
        ready: &Frame,
    ) -> Result<(), End> {
        if let Some(report) = over {
            query.failed = Some(code_of(&report));
            if !query.enclosed && self.status == TransactionStatus::InTransaction {
                self.ended.push(outcome(*query));
                return self.refuse(report, Message::Simple).await;
            }
            self.report(report);
        }
        if query.enclosed {
            self.say_own(if query.failed.is_some() { "ROLLBACK" } else { "COMMIT" }).await?;
            self.replies.expect(Reply::Closing(query));
            return Ok(());
        }
        self.ended.push(outcome(*query));
        self.to_client.push(&ready.raw);
        Ok(())
    }

    /// The transaction around a Query message has ended, or its end has failed and is asked for once more: a cancel
    /// request may have met the gateway's own word, and the client never opened the transaction that it would be left in.
    pub(super) async fn closed(&mut self, mut query: Box<Query>, ready: &Frame) -> Result<(), End> {
        // what was to be stopped has ended, whichever way
        self.stopping = None;
        if self.status != TransactionStatus::Idle {
            self.say_own("ROLLBACK").await?;
            self.replies.expect(Reply::Closing(query));
            return Ok(());
        }
        if let Some(held) = query.held.take() {
            self.to_client.push(&held);
        }
        self.ended.push(outcome(*query));
        self.to_client.push(&ready.raw);
        Ok(())
    }

    async fn say_own(&mut self, text: &'static str) -> Result<(), End> {
        let query = Frontend::Query { text: text.as_bytes().into() };
        let permit = self.gate.own(text, encoded(&query)).await?;
        self.to_target.forward(permit);
        self.end_by_query();
        Ok(())
    }
}

fn outcome(query: Query) -> (postern_core::OperationId, Outcome) {
    let outcome = match query.failed {
        Some(code) => failed(&code),
        None => Outcome::Done { note: query.note() },
    };
    (query.flow.id(), outcome)
}
