//! Waiting for a human on the open connection.
//!
//! The client is told at once and again every half minute, so that neither it nor anything between takes the
//! connection for dead. It can take its operation back by a cancel or by leaving. What a human agreed to goes on only
//! if it still reads as it did when he was asked.

use std::time::Duration;

use postern_core::approval::{Settled, State};
use postern_core::gate::{Asked, Asking, Held, Standing};
use postern_core::ports::Later;
use postern_core::{Code, Denial, Fault};
use tokio::time::{Instant, sleep_until};

use super::super::refuse;
use super::super::wire::{Backend, TransactionStatus};
use super::reading::Obstacle;
use super::submission::Request;
use super::{End, Pipeline, Session};

/// How often the client is told that it still waits.
const REMINDER: Duration = Duration::from_secs(30);
/// How long what waits for a human may be, in bytes: it takes memory of all sessions for as long as that takes.
const LONGEST_HELD: usize = 16 << 20;
/// How much a client may send ahead of an operation that waits, in bytes. All of it is read, so that its leaving is
/// noticed behind it.
const MOST_AHEAD: usize = 4 << 20;

/// An operation that a human decides, and what asked for it.
pub(super) struct Holding {
    request: Request,
    stage: Stage,
}

/// How far it has come.
enum Stage {
    /// Nobody is asked before it is known whether the session holds locks.
    ToAsk(Box<Asking>),
    /// A human is asked.
    Waiting(Waiting),
    /// A human agreed; it goes on once names are known to mean what they meant.
    Granted(Box<Held>, Settled),
}

struct Waiting {
    held: Box<Held>,
    settled: Later<'static, Result<Settled, Fault>>,
    remind: Instant,
}

/// What happened while it waited.
pub(super) enum Woke {
    Settled(Result<Settled, Fault>),
    Remind,
}

/// Waits for what happens next to a held operation; for ever where nobody is asked.
pub(super) async fn wake(holding: &mut Option<Holding>) -> Woke {
    let Some(Holding { stage: Stage::Waiting(waiting), .. }) = holding else { return std::future::pending().await };
    tokio::select! {
        settled = &mut waiting.settled => Woke::Settled(settled),
        () = sleep_until(waiting.remind) => Woke::Remind,
    }
}

impl Holding {
    pub(super) fn new(asking: Box<Asking>, request: Request) -> Self {
        Self { request, stage: Stage::ToAsk(asking) }
    }

    /// Whether a human is asked and has not answered.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting(_))
    }

    /// What a human was asked about, if one was.
    pub(super) fn asked(self) -> Option<Box<Held>> {
        match self.stage {
            Stage::ToAsk(_) => None,
            Stage::Waiting(Waiting { held, .. }) | Stage::Granted(held, _) => Some(held),
        }
    }
}

impl Session<'_> {
    /// Goes on with a held operation as far as nothing but the target's answer stands in the way.
    pub(super) async fn go_on(&mut self) -> Result<(), End> {
        if !self.replies.settled() {
            return Ok(());
        }
        if self.skipping {
            return self.skip_held().await;
        }
        match self.holding.take() {
            Some(Holding { request, stage: Stage::ToAsk(asking) }) => Box::pin(self.ask(asking, request)).await,
            Some(Holding { request, stage: Stage::Granted(held, settled) }) => {
                Box::pin(self.run_granted(held, settled, request)).await
            }
            waiting => {
                self.holding = waiting;
                Ok(())
            }
        }
    }

    /// The server skips what comes behind an error, and has told the client of that. No human is asked about it any more.
    async fn skip_held(&mut self) -> Result<(), End> {
        if let Some(held) = self.holding.take().and_then(Holding::asked) {
            self.gate.withdraw(*held).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, asking: Box<Asking>, request: Request) -> Result<(), End> {
        let free = self.status == TransactionStatus::Idle && self.pipeline < Pipeline::Bound;
        let standing = match request.length() > LONGEST_HELD {
            true => Standing::Unable(too_long()),
            false if free => Standing::Free,
            false => Standing::InTransaction,
        };
        match self.gate.ask(asking, standing).await? {
            Asked::Go(permit) => self.forward(permit, request).await?,
            Asked::No(denial) => self.refuse(refuse::denial(&denial), request.message()).await?,
            Asked::Wait(held) => {
                self.say(&Backend::NoticeResponse(refuse::held(&held)));
                let waiting = Waiting { settled: held.settled(), held, remind: after(Instant::now(), REMINDER) };
                self.holding = Some(Holding { request, stage: Stage::Waiting(waiting) });
            }
        }
        Ok(())
    }

    /// THREAT: a name that came to stand for something else while it waited. What was granted is read once more, with
    /// the names as the server knows them now.
    async fn run_granted(&mut self, held: Box<Held>, settled: Settled, request: Request) -> Result<(), End> {
        let statements = match self.read(&request).await {
            Ok(Ok(statements)) => statements,
            // whoever ends the session takes it back
            Err(end) => {
                self.holding = Some(Holding { request, stage: Stage::Granted(held, settled) });
                return Err(end);
            }
            Ok(Err(Obstacle::NotYet)) => {
                self.holding = Some(Holding { request, stage: Stage::Granted(held, settled) });
                return Ok(());
            }
            Ok(Err(Obstacle::Refuse(report))) => {
                self.gate.withdraw(*held).await?;
                return self.refuse(report, request.message()).await;
            }
        };
        let request = Request { statements, ..request };
        match self.gate.resume(*held, settled, &self.operations(&request)).await? {
            Ok(permit) => self.forward(permit, request).await?,
            Err(denial) => self.refuse(refuse::denial(&denial), request.message()).await?,
        }
        Ok(())
    }

    /// Takes up what happened to a held operation.
    pub(super) async fn held(&mut self, woke: Woke) -> Result<(), End> {
        match woke {
            Woke::Remind => {
                let Some(Holding { stage: Stage::Waiting(waiting), .. }) = &mut self.holding else { return Ok(()) };
                waiting.remind = after(waiting.remind, REMINDER);
                let notice = refuse::held(&waiting.held);
                self.say(&Backend::NoticeResponse(notice));
                Ok(())
            }
            Woke::Settled(settled) => self.settled(settled?).await,
        }
    }

    async fn settled(&mut self, settled: Settled) -> Result<(), End> {
        let Some(Holding { request, stage: Stage::Waiting(Waiting { held, .. }) }) = self.holding.take() else {
            return Ok(());
        };
        if settled.state == State::Granted {
            self.names.expire();
            self.holding = Some(Holding { request, stage: Stage::Granted(held, settled) });
            return Ok(());
        }
        match self.gate.resume(*held, settled, &[]).await? {
            Ok(permit) => self.forward(permit, request).await?,
            Err(denial) => self.refuse(refuse::denial(&denial), request.message()).await?,
        }
        Ok(())
    }

    /// Takes a held operation back where its client sends more ahead of it than is kept.
    pub(super) async fn bound_ahead(&mut self) -> Result<(), End> {
        let waiting = self.holding.as_ref().is_some_and(Holding::is_waiting);
        if !waiting || self.from_client.buffer.len() <= MOST_AHEAD {
            return Ok(());
        }
        self.take_back(Some("wait for its answer before sending so much more")).await
    }

    /// Takes back a held operation that waits for its answer.
    pub(super) async fn take_back(&mut self, hint: Option<&str>) -> Result<(), End> {
        let Some(holding) = self.holding.take() else { return Ok(()) };
        let message = holding.request.message();
        let Some(held) = holding.asked() else { return Ok(()) };
        let denial = self.gate.withdraw(*held).await?;
        let denial = hint.into_iter().fold(denial, |denial, hint| denial.hint(hint));
        self.refuse(refuse::denial(&denial), message).await
    }
}

fn too_long() -> Denial {
    let hint = format!("what waits for a human has at most {} MiB: send it in parts", LONGEST_HELD >> 20);
    Denial::new(Code::NotAllowed, "this needs a human's approval, and is too long to wait for it").hint(hint)
}

pub(super) fn after(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}
