//! An open session: messages from the client through the gate to the target, replies back.
//!
//! One task serves both directions, so that no decision can race another. It reads a side only while there is room
//! for what that brings, and takes no message of the client while one of its operations waits for a human, for the
//! server's word on what a name means, or for a cancel request to arrive there.

mod asides;
mod bounds;
mod calling;
mod cancelling;
mod client;
mod described;
mod enclosing;
mod hold;
mod incoming;
mod names;
mod opening;
mod outcome;
mod own;
mod parting;
mod reading;
mod registry;
mod reply;
mod revoking;
mod room;
mod searching;
mod shown;
mod stopping;
mod submission;
mod target;
mod walsender;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use postern_core::gate::{Gate, Held, Open};
use postern_core::journal::Outcome;
use postern_core::ports::Later;
use postern_core::{Fault, OperationId};

use self::asides::Spelled;
use self::bounds::Timing;
use self::cancelling::Cancelling;
use self::hold::Holding;
use self::incoming::Incoming;
use self::names::Surroundings;
use self::outcome::kept;
use self::reading::{Named, Readings};
use self::registry::Registry;
use self::reply::{Place, Replies};
use self::shown::ToClient;
use self::stopping::Stopping;
use self::walsender::Copying;
use super::analyze::setting::APPLICATION_NAME;
use super::cancel::{Cancels, Registered, Wanted};
use super::catalogs::Catalogs;
use super::forward::{Control, Target};
use super::login::settings::Replication;
use super::login::{LoggedIn, as_long_as};
use super::refuse;
use super::wire::{Authentication, Backend, Frame, Report, TransactionStatus};

pub(super) use self::names::{PATH, Standpoint};
pub(super) use self::opening::open;
pub(super) use self::submission::{sent, suppose};
use crate::wire::{HIGH_WATER, Inlet, Outlet};

/// Why a session ends.
pub(super) enum End {
    /// The client said so, or went away.
    Client,
    /// The target closed the connection.
    Target,
    /// Something failed.
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How far the pipeline at hand has got: what the server has of the extended protocol, and no Sync after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pipeline {
    /// None is under way.
    None,
    /// Nothing of it was bound.
    Prepared,
    /// Something of it was bound, so that the server holds locks for it.
    Bound,
    /// Something of it was executed.
    Executed,
}

/// One open session.
pub(super) struct Session<'a> {
    gate: Gate<Open>,
    /// Resolves to why the session must end.
    over: Later<'static, Fault>,
    /// Resolves once another policy is in force.
    changed: Later<'static, ()>,
    /// Whether something that is owed has lost its right.
    doubtful: bool,
    /// How many answers were owed when something was last let out.
    released: u64,
    catalogs: &'a Catalogs,
    registered: Registered<'a>,
    /// What the server's own log calls it, as it began.
    called: Bytes,
    spelled: Spelled,
    /// What the server calls this session, and the key to cancel what it does.
    target_key: (i32, Bytes),
    from_client: Inlet,
    incoming: Incoming,
    /// How many bytes have come from there.
    heard: u64,
    to_client: ToClient,
    from_target: Inlet,
    to_target: Target,
    replies: Replies,
    registry: Registry,
    names: Surroundings,
    readings: Readings,
    named: Named,
    status: TransactionStatus,
    pipeline: Pipeline,
    /// Everything up to the next Sync is dropped, as the server does after an error.
    skipping: bool,
    /// The server does so already, and the client has not been told: a question of the gateway's own failed.
    adrift: bool,
    /// Whether the server takes COPY data.
    copying: Copying,
    /// Whether a walsender serves it.
    replication: Option<Replication>,
    /// A Sync that waits until it is known whether the server reads it as COPY data, and so passes over it.
    early: Option<Early>,
    /// What the target has said may not be all passed on, because the recorder had no room for it.
    lagging: bool,
    /// What was left for lack of room on the other side.
    left: Left,
    /// A message that comes first once the target has answered.
    parked: Option<Frame>,
    holding: Option<Holding>,
    cancelling: Option<Cancelling>,
    /// Until when the target may work on what it answers now.
    timing: Option<Timing>,
    /// Why that must end.
    stopping: Option<Stopping>,
    ended: Vec<(OperationId, Outcome)>,
}

/// How long either side may take to hear the end.
const GOODBYE: Duration = Duration::from_secs(5);

/// A Sync behind what may ask for COPY data.
struct Early {
    /// Whether any of that data has been forwarded.
    fed: bool,
}

/// Whose messages were left because what they bring had no room where it goes.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    of_target: bool,
    of_client: bool,
}

/// What the session waited for.
enum Woke {
    Client(std::io::Result<usize>),
    Target(std::io::Result<usize>),
    Written(std::io::Result<()>),
    Forwarded(std::io::Result<()>),
    Cancelled(Wanted),
    Told,
    Late,
    Due,
    /// Nothing more comes of a long message.
    Stalled,
    Changed,
    /// The recorder has room again.
    Room,
    Held(hold::Woke),
    Over(Fault),
}

impl<'a> Session<'a> {
    /// Greets the client in the server's own words, its keys aside.
    pub(super) async fn begin(
        logged: LoggedIn,
        catalogs: &'a Catalogs,
        cancels: &'a Cancels,
    ) -> Result<Box<Self>, (Gate<Open>, Outlet, Fault)> {
        let LoggedIn { mut gate, inlet, mut outlet, welcome, echo, replication, key_length } = logged;
        let (over, user, encoding) = (gate.over(), welcome.user.clone(), welcome.encoding());
        let names = match as_long_as(over, Surroundings::new(catalogs, &mut gate, user, encoding)).await {
            Ok(names) => names,
            Err(fault) => return Err((gate, outlet, fault)),
        };
        let registered = match cancels.register(welcome.cancel.0, key_length) {
            Ok(registered) => registered,
            Err(fault) => return Err((gate, outlet, fault)),
        };
        let mut greeting = vec![Backend::Authentication(Authentication::Ok)];
        let called = welcome.reported(APPLICATION_NAME).map(kept).unwrap_or_default();
        let spelled = Spelled::as_greeted(&welcome.parameters);
        greeting.extend(welcome.parameters.into_iter().map(|(name, value)| Backend::ParameterStatus { name, value }));
        greeting.push(Backend::BackendKeyData { process: welcome.cancel.0, key: registered.key() });
        greeting.push(Backend::ReadyForQuery { status: TransactionStatus::Idle });
        for message in greeting {
            message.encode(&mut outlet.buffer).ok();
        }
        if let Err(fault) = shown::greeting(&gate, &mut outlet, &echo).await {
            return Err((gate, outlet, fault));
        }
        let heard = u64::try_from(inlet.buffer.len()).unwrap_or(u64::MAX);
        registered.heard(heard);
        Ok(Box::new(Self {
            over: gate.over(),
            changed: gate.changed(),
            doubtful: false,
            released: 0,
            gate,
            catalogs,
            registered,
            called,
            spelled,
            target_key: (welcome.cancel.0, kept(&welcome.cancel.1)),
            from_client: inlet,
            incoming: Incoming::default(),
            heard,
            to_client: ToClient::new(outlet, echo),
            from_target: welcome.inlet,
            to_target: Target::new(welcome.outlet),
            replies: Replies::default(),
            registry: Registry::default(),
            names,
            readings: Readings::default(),
            named: Named::default(),
            status: TransactionStatus::Idle,
            pipeline: Pipeline::None,
            skipping: false,
            adrift: false,
            copying: Copying::Nothing,
            replication,
            early: None,
            lagging: false,
            left: Left::default(),
            parked: None,
            holding: None,
            cancelling: None,
            timing: None,
            stopping: None,
            ended: Vec::new(),
        }))
    }

    /// Serves the session to its end.
    pub(super) async fn serve(mut self: Box<Self>) {
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
        };
        Box::pin(self.finish(end)).await;
    }

    async fn step(&mut self) -> Result<(), End> {
        self.left = Left::default();
        self.relay().await?;
        if self.doubtful {
            self.reconsider()?;
        }
        self.press().await?;
        self.advance().await?;
        self.release()?;
        self.time();
        self.to_client.let_out(&self.gate)?;
        match self.wait().await {
            Woke::Client(Ok(0)) => Err(End::Client),
            Woke::Target(Ok(0)) => self.hear_out(false).await,
            Woke::Client(Err(_)) | Woke::Written(Err(_)) => Err(End::Client),
            Woke::Target(Err(error)) => {
                tracing::debug!(session = %self.gate.session(), "the target's connection failed: {error}");
                self.hear_out(false).await
            }
            Woke::Forwarded(Err(_)) => self.hear_out(true).await,
            Woke::Client(Ok(bytes)) => {
                self.heard = self.heard.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
                self.registered.heard(self.heard);
                self.bound_ahead().await
            }
            Woke::Target(Ok(_)) | Woke::Written(Ok(())) | Woke::Forwarded(Ok(())) | Woke::Room => Ok(()),
            Woke::Cancelled(wanted) => self.cancel(wanted).await,
            Woke::Told => {
                self.cancelling = None;
                Ok(())
            }
            Woke::Late => {
                self.late();
                Ok(())
            }
            Woke::Due => self.press().await,
            Woke::Stalled => self.give_up_on_long().await,
            Woke::Changed => self.take_up(),
            Woke::Held(woke) => Box::pin(self.held(woke)).await,
            Woke::Over(fault) => Err(End::Fault(fault)),
        }
    }

    /// Writes what both sides take at once; tells where something can go on by that.
    async fn write(&mut self) -> Option<Woke> {
        if let forwarded @ Err(_) = self.to_target.drain_now().await {
            return Some(Woke::Forwarded(forwarded));
        }
        let written = self.to_client.drain_now().await;
        // what was left for lack of room waits for nothing else
        let Left { of_target, of_client } = self.left;
        let room = (of_target && !self.to_client.is_full()) || (of_client && !self.to_target.is_full());
        (room || written.is_err()).then_some(Woke::Written(written))
    }

    /// Waits until something can go on.
    async fn wait(&mut self) -> Woke {
        if let Some(woke) = self.write().await {
            return woke;
        }
        // while a human is asked all is read, so that the client is seen to leave behind whatever it has sent ahead
        let asked = self.holding.as_ref().is_some_and(Holding::is_waiting);
        let stands = self.parked.is_some() || self.holding.is_some() || self.cancelling.is_some();
        let stands = stands || self.counts() || (self.early.is_some() && self.copying == Copying::Nothing);
        let waiting = !asked && (stands || self.owes_enough());
        // INVARIANT: what was left for lack of room is gone on with, although there may be room by now and nothing new to read
        let lags = self.lagging || self.gate.lags();
        let Self { gate, over, registered, from_client, to_client, from_target, to_target, .. } = self;
        let Self { holding, cancelling, timing, stopping, changed, incoming, .. } = self;
        let enough = waiting && from_client.buffer.len() >= HIGH_WATER;
        let room = !enough && !to_target.is_full();
        incoming.listen(room && from_client.buffer.is_empty());
        let recorder = async { if lags { gate.room().await } else { std::future::pending().await } };
        tokio::select! {
            read = from_target.fill(), if !lags && !to_client.is_full() => Woke::Target(read),
            () = recorder => Woke::Room,
            written = to_client.drain(), if !to_client.is_idle() => Woke::Written(written),
            forwarded = to_target.drain(), if !to_target.is_idle() => Woke::Forwarded(forwarded),
            read = from_client.fill(), if room => Woke::Client(read),
            wanted = registered.wanted(), if cancelling.is_none() => Woke::Cancelled(wanted),
            () = cancelling::told(cancelling) => Woke::Told,
            () = bounds::up(timing), if stopping.is_none() => Woke::Late,
            () = Stopping::due(stopping) => Woke::Due,
            () = incoming.stalled() => Woke::Stalled,
            () = changed => Woke::Changed,
            woke = hold::wake(holding) => Woke::Held(woke),
            fault = over => Woke::Over(fault),
        }
    }

    /// Tells both sides and the journal that it is over.
    async fn finish(mut self: Box<Self>, end: End) {
        let end = self.let_last_out(end).await;
        let reason = match &end {
            End::Client => "the client left".to_owned(),
            End::Target => "the target closed the connection".to_owned(),
            End::Fault(fault) => fault.to_string(),
        };
        match &end {
            // a server that ends a session, or is gone, has said all that there is to hear
            End::Client | End::Target => {}
            End::Fault(fault) => {
                tracing::warn!(session = %self.gate.session(), code = %fault.code, cause = fault.cause, "{}", fault.message);
                self.to_client.farewell(&self.gate, &Backend::ErrorResponse(refuse::fault(fault)));
            }
        }
        // a server goes on with a statement although nobody waits for it any more
        let runs = matches!(end, End::Fault(_)) && !self.replies.is_empty();
        let cancel = if runs { self.cancel_at_target().await.ok() } else { None };
        match end {
            // all of it was checked just now, and the server would have heard it before the farewell
            End::Client | End::Target if !self.incoming.is_amid() => self.to_target.control(&Control::Terminate),
            End::Client | End::Target | End::Fault(_) => self.to_target.abandon(self.incoming.is_amid()),
        }
        self.to_target.let_out();
        let unknown: BTreeSet<_> = self.replies.unknown().chain(self.registry.suspended()).collect();
        self.ended.extend(unknown.into_iter().map(|id| (id, Outcome::Unknown)));
        let Self { gate, holding, ended, mut to_client, mut to_target, .. } = *self;
        // what is said at the end is bounded in time: neither side may keep the session open by not listening
        let goodbye = async {
            let cancelled = async {
                if let Some(told) = cancel {
                    told.await;
                }
            };
            tokio::join!(to_client.finish(), to_target.finish(), cancelled);
        };
        let goodbye = tokio::time::timeout(GOODBYE, goodbye);
        // whoever does not listen does not keep the end out of the journal either
        let (_, told) = tokio::join!(goodbye, journal_end(gate, holding.and_then(Holding::asked), ended, &reason));
        if let Err(fault) = told {
            tracing::error!(code = %fault.code, "the end of a session is not in the journal: {}", fault.message);
        }
    }

    /// How far the client's messages have been taken.
    fn place(&self) -> Place {
        let left = u64::try_from(self.from_client.buffer.len()).unwrap_or(u64::MAX);
        Place(self.heard.saturating_sub(left))
    }

    fn say(&mut self, message: &Backend) {
        if let Err(error) = message.encode(self.to_client.fresh()) {
            tracing::error!("a message to the client cannot be written: {error}");
        }
    }

    fn report(&mut self, report: Report) {
        self.say(&Backend::ErrorResponse(report));
    }
}

async fn journal_end(
    gate: Gate<Open>,
    held: Option<Box<Held>>,
    ended: Vec<(OperationId, Outcome)>,
    reason: &str,
) -> Result<(), Fault> {
    let told = async {
        if let Some(held) = held {
            gate.withdraw(*held).await?;
        }
        gate.finished(ended)
    }
    .await;
    // INVARIANT: a session is closed, whatever of its end cannot be told
    let closed = gate.close(reason).await;
    told.and(closed)
}
