//! What an operation must not exceed: rows are counted, the target's work on it is timed.
//!
//! Rows count over the life of what they come of, so that nobody gets more of them in small portions. Where nothing is
//! bounded nothing is looked at. What to do about excess is [`super::stopping`]'s.

#![expect(clippy::wildcard_enum_match_arm, reason = "only what runs has bounds")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_core::operation::Outputs;
use postern_core::verdict::Limits;
use postern_core::{Code, Denial};
use tokio::time::{Instant, sleep_until};

use super::super::analyze::{Kind, Statement};
use super::super::wire::{Frame, tag};
use super::Session;
use super::reply::Reply;

/// The body that ends a binary COPY: a row of −1 fields (PostgreSQL documentation, COPY, "File Trailer").
const END_OF_COPY: &[u8] = &[0xff, 0xff];

/// How many rows have come of something, whatever portions they came in.
#[derive(Default)]
pub(super) struct Tally(AtomicU64);

/// What the target works on now, and until when it may.
pub(super) struct Timing {
    turn: u64,
    until: Instant,
}

/// Whether rows of it are counted.
pub(super) fn counted(limits: &Limits, statements: &[Statement]) -> bool {
    limits.max_rows.is_some() && statements.iter().any(|one| one.outputs != Outputs::Nothing)
}

/// Waits until it has had its time; for ever where it has no bound.
pub(super) async fn up(timing: &Option<Timing>) {
    match timing {
        Some(timing) => sleep_until(timing.until).await,
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    /// How many more rows of the reply at hand may pass.
    pub(super) fn rows_left(&self) -> u64 {
        let Some((limits, tallies)) = self.bounded() else { return u64::MAX };
        let Some(bound) = &limits.max_rows else { return u64::MAX };
        let left = |tally: &Arc<Tally>| bound.most.saturating_sub(tally.0.load(Ordering::Relaxed));
        tallies.iter().flatten().map(left).min().unwrap_or(u64::MAX)
    }

    /// Rows of the reply at hand have passed.
    pub(super) fn came(&self, rows: u64) {
        let tallies = self.bounded().map(|(_, tallies)| tallies).unwrap_or_default();
        for tally in tallies.iter().flatten() {
            tally.0.fetch_add(rows, Ordering::Relaxed);
        }
    }

    /// Counts a row; one too many stops what it came of. Tells whether the client may have it.
    pub(super) fn takes_row(&mut self, frame: &Frame) -> bool {
        if self.is_withheld() {
            return false;
        }
        if frame.tag == tag::server::COPY_DATA && &*frame.body() == END_OF_COPY {
            return true;
        }
        if self.rows_left() > 0 {
            self.came(1);
            return true;
        }
        if let Some(denial) = self.bounded().and_then(|(limits, _)| too_many(limits)) {
            self.stop(&denial);
        }
        false
    }

    /// Starts the time of what the target has come to, where that has a bound.
    pub(super) fn time(&mut self) {
        let at_hand =
            self.replies.at_hand().and_then(|(turn, reply)| Some((turn, limits(reply)?.timeout.as_ref()?.most)));
        self.timing = at_hand.and_then(|(turn, most)| match self.timing.take() {
            Some(timing) if timing.turn == turn => Some(timing),
            _ => Instant::now().checked_add(most).map(|until| Timing { turn, until }),
        });
    }

    /// Stops what has had its time.
    pub(super) fn late(&mut self) {
        let bound = self.replies.at_hand().and_then(|(_, reply)| limits(reply)?.timeout.clone());
        if let Some(bound) = bound {
            let message = format!("it took longer than the {} s that it may", bound.most.as_secs());
            self.stop(&Denial::new(Code::TooLong, message).by(bound.by).hint("ask for less at once"));
        }
    }

    /// The bounds of the reply at hand, and where its rows are counted: for itself, and for the cursor that they are
    /// fetched from.
    fn bounded(&self) -> Option<(&Limits, [Option<Arc<Tally>>; 2])> {
        let (_, reply) = self.replies.at_hand()?;
        let limits = limits(reply)?;
        limits.max_rows.as_ref()?;
        let (tally, statement) = match reply {
            Reply::Query(query) => (&query.tally, query.statements.get(query.done)),
            Reply::Execute { portal } => (&portal.tally, portal.statements.first()),
            _ => return None,
        };
        let cursor = match statement.map(|statement| &statement.kind) {
            Some(Kind::Fetch { name }) => self.registry.tally(name),
            _ => None,
        };
        Some((limits, [Some(Arc::clone(tally)), cursor]))
    }
}

fn limits(reply: &Reply) -> Option<&Limits> {
    match reply {
        Reply::Query(query) | Reply::Closing(query) => Some(query.flow.limits()),
        Reply::Execute { portal } => Some(portal.flow.limits()),
        _ => None,
    }
}

fn too_many(limits: &Limits) -> Option<Denial> {
    let bound = limits.max_rows.as_ref()?;
    let message = format!("there are more than the {} rows that may come of it", bound.most);
    let denial = Denial::new(Code::TooManyRows, message).by(bound.by.clone());
    Some(denial.hint("ask for fewer, as with LIMIT; those that came are not all"))
}
