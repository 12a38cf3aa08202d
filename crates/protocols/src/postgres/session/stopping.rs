//! Stopping what runs at the target although its client did not ask for that.
//!
//! The target is told to cancel it, again and again until it ends, because one that has not begun does not hear of it.
//! Where too much has come of it, nothing more reaches the client, and it fails whether or not the cancel came in time:
//! a message that must fail is put behind it where it did not, so that what is around it fails as well.

use std::time::Duration;

use postern_core::{Code, Denial, Fault, OperationId};
use tokio::time::{Instant, sleep_until};

use super::super::refuse::{self, sqlstate};
use super::super::wire::Report;
use super::cancelling::Cancelling;
use super::outcome::Message;
use super::reply::failed;
use super::walsender::Copying;
use super::{End, Session};

/// How long after a cancel the target is told again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long what has lost its right may take to end.
const LOST: Duration = Duration::from_secs(4);

/// Why what runs at the target must end.
pub(super) struct Stopping {
    /// What its client hears.
    report: Report,
    /// When the target is told next.
    due: Instant,
    /// Why.
    code: Code,
    /// Until when it may end before the session does, where it must.
    until: Instant,
}

impl Stopping {
    /// Whether it fails even if the target has done all of it.
    fn fails(&self) -> bool {
        self.code == Code::TooManyRows
    }

    /// Waits until the target is to be told; for ever where nothing is stopped.
    pub(super) async fn due(stopping: &Option<Self>) {
        match stopping {
            Some(stopping) => sleep_until(stopping.due).await,
            None => std::future::pending().await,
        }
    }
}

impl Session<'_> {
    /// Stops what the target answers now.
    pub(super) fn stop(&mut self, denial: &Denial) {
        let now = Instant::now();
        let until = now.checked_add(LOST).unwrap_or(now);
        let stopping = Stopping { report: refuse::denial(denial), due: now, code: denial.code, until };
        if self.stopping.as_ref().is_none_or(|before| stopping.fails() && !before.fails()) {
            self.stopping = Some(stopping);
        }
    }

    /// Whether the client gets nothing more of the reply at hand.
    pub(super) fn is_withheld(&self) -> bool {
        self.stopping.as_ref().is_some_and(Stopping::fails)
    }

    /// Tells the target, when it is time to.
    pub(super) async fn press(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let Some(stopping) = self.stopping.as_mut().filter(|stopping| stopping.due <= now) else { return Ok(()) };
        // THREAT: a server hears of no cancel while it waits for data that its client never sends (`CopyGetData`), or for
        // room for what its client never reads (`secure_write`)
        let stuck = self.copying != Copying::Nothing || self.to_client.is_full();
        let must = stopping.code == Code::PolicyChanged || stuck;
        if must && stopping.until <= now {
            let message = "what ran had to end, and could not be cancelled at the target";
            return Err(End::Fault(Fault::client(stopping.code, message).hint("connect again")));
        }
        stopping.due = now.checked_add(AGAIN).unwrap_or(now);
        if self.cancelling.is_none() {
            self.cancelling = Some(Cancelling::own(self.cancel_at_target().await?));
        }
        Ok(())
    }

    /// The target has ended what it answers now with an error of this code: what its client hears instead.
    pub(super) fn stopped(&mut self, code: &str) -> Option<Report> {
        let stopping = self.stopping.take()?;
        (stopping.fails() || code == sqlstate::QUERY_CANCELED).then_some(stopping.report)
    }

    /// The target has done all of what it answers now: what its client hears instead.
    pub(super) fn overtaken(&mut self) -> Option<Report> {
        self.stopping.take().filter(Stopping::fails).map(|stopping| stopping.report)
    }

    /// Fails what the target has done all of, in a pipeline.
    pub(super) async fn fail_behind(&mut self, id: OperationId, report: Report) -> Result<(), End> {
        self.replies.pop();
        self.ended.push((id, failed(&code_of(&report))));
        self.refuse(report, Message::Extended).await
    }
}

/// The SQLSTATE of a report, for the journal.
pub(super) fn code_of(report: &Report) -> String {
    report.code().map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}
