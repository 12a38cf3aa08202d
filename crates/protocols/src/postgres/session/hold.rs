//! Waiting for a human on the open connection.
//!
//! The client is told at once and again every half minute, so that neither it nor anything between takes the
//! connection for dead. It can take its operation back by a cancel or by leaving.

use std::time::Duration;

use postern_core::Fault;
use postern_core::approval::Settled;
use postern_core::gate::{Asked, Asking, Held, Standing};
use postern_core::ports::Later;
use tokio::time::{Instant, sleep_until};

use super::super::refuse;
use super::super::wire::{Backend, TransactionStatus};
use super::outcome::Then;
use super::{End, Parked, Session};

/// How often the client is told that it still waits.
const REMINDER: Duration = Duration::from_secs(30);

/// An operation that waits.
pub(super) struct Holding {
    pub(super) held: Held,
    then: Then,
    settled: Later<'static, Result<Settled, Fault>>,
    remind: Instant,
}

/// What happened while it waited.
pub(super) enum Woke {
    Settled(Result<Settled, Fault>),
    Remind,
}

/// Waits for what happens next to a held operation; for ever where there is none.
pub(super) async fn wake(holding: &mut Option<Holding>) -> Woke {
    let Some(holding) = holding else { return std::future::pending().await };
    tokio::select! {
        settled = &mut holding.settled => Woke::Settled(settled),
        () = sleep_until(holding.remind) => Woke::Remind,
    }
}

impl Session<'_> {
    /// Asks a human about an operation; it must be known by then whether the session holds locks.
    pub(super) async fn ask(&mut self, asking: Box<Asking>, then: Then) -> Result<(), End> {
        if !self.replies.settled() {
            self.parked = Some(Parked::Asking(asking, then));
            return Ok(());
        }
        let free = self.status == TransactionStatus::Idle && !self.executed;
        let standing = if free { Standing::Free } else { Standing::InTransaction };
        match self.gate.ask(asking, standing).await? {
            Asked::Go(permit) => self.forward(permit, then),
            Asked::No(denial) => self.refuse(refuse::denial(&denial), then.message()).await,
            Asked::Wait(held) => {
                self.say(&Backend::NoticeResponse(refuse::held(&held)));
                let remind = after(Instant::now(), REMINDER);
                self.holding = Some(Holding { settled: held.settled(), held: *held, then, remind });
                Ok(())
            }
        }
    }

    /// Goes on with what a held operation waited for.
    pub(super) async fn held(&mut self, woke: Woke) -> Result<(), End> {
        match woke {
            Woke::Remind => {
                let Some(holding) = &mut self.holding else { return Ok(()) };
                holding.remind = after(holding.remind, REMINDER);
                let notice = refuse::held(&holding.held);
                self.say(&Backend::NoticeResponse(notice));
                Ok(())
            }
            Woke::Settled(settled) => {
                let Some(Holding { held, then, .. }) = self.holding.take() else { return Ok(()) };
                match self.gate.resume(held, settled?).await? {
                    Ok(permit) => self.forward(permit, then),
                    Err(denial) => self.refuse(refuse::denial(&denial), then.message()).await,
                }
            }
        }
    }

    /// Takes a held operation back, where one waits.
    pub(super) async fn take_back(&mut self) -> Result<(), End> {
        let Some(Holding { held, then, .. }) = self.holding.take() else { return Ok(()) };
        let denial = self.gate.withdraw(held).await?;
        self.refuse(refuse::denial(&denial), then.message()).await
    }
}

fn after(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}
