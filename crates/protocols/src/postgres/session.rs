//! An open session: messages from the client through the gate to the target, replies back.
//!
//! One task serves both directions, so that no decision can race another. It reads a side only while there is room
//! for what that brings, and takes no message of the client while one of its operations waits for a human or for the
//! server's word on what a name means.

mod client;
mod hold;
mod names;
mod outcome;
mod registry;
mod reply;
mod submission;
mod target;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use postern_core::gate::{Asking, Gate, Open};
use postern_core::journal::Outcome;
use postern_core::ports::Later;
use postern_core::{Code, Fault, OperationId};

use self::hold::Holding;
use self::names::Surroundings;
use self::outcome::Then;
use self::registry::Registry;
use self::reply::Replies;
use super::analyze::Statement;
use super::cancel::{Cancels, Registered};
use super::catalogs::Catalogs;
use super::forward::{Control, Target};
use super::login::LoggedIn;
use super::refuse;
use super::wire::{Authentication, Backend, Frame, Report, TransactionStatus};
use crate::wire::{HIGH_WATER, Inlet, Outlet};

/// How many replies may be owed before no more messages are taken.
const MOST_OWED: usize = 4096;
/// How many readings of statements a session keeps.
const MOST_READ: usize = 256;

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

/// A message that cannot be taken yet.
enum Parked {
    /// It comes first once the target has answered.
    Frame(Frame),
    /// It asks a human once it is known whether it would hold locks.
    Asking(Box<Asking>, Then),
}

/// One open session.
pub(super) struct Session<'a> {
    gate: Gate<Open>,
    /// Resolves to why the session must end.
    over: Later<'static, Fault>,
    catalogs: &'a Catalogs,
    registered: Registered<'a>,
    from_client: Inlet,
    to_client: Outlet,
    from_target: Inlet,
    to_target: Target,
    replies: Replies,
    registry: Registry,
    names: Surroundings,
    /// What texts were read as, with the names of the revision that they were read with.
    readings: HashMap<Bytes, Arc<[Statement]>>,
    readings_of: u64,
    status: TransactionStatus,
    /// Whether something of the pipeline at hand was executed.
    executed: bool,
    /// Whether something of it was bound.
    bound: bool,
    /// Everything up to the next Sync is dropped, as the server does after an error.
    skipping: bool,
    /// The server takes COPY data.
    copying: bool,
    parked: Option<Parked>,
    holding: Option<Holding>,
    ended: Vec<(OperationId, Outcome)>,
}

/// What the session waited for.
enum Woke {
    Client(std::io::Result<usize>),
    Target(std::io::Result<usize>),
    Written(std::io::Result<()>),
    Forwarded(std::io::Result<()>),
    Cancelled,
    Held(hold::Woke),
    Over(Fault),
}

impl<'a> Session<'a> {
    /// Greets the client in the server's own words, its keys aside.
    pub(super) async fn begin(
        logged: LoggedIn,
        catalogs: &'a Catalogs,
        cancels: &'a Cancels,
    ) -> Result<Self, (Gate<Open>, Outlet, Fault)> {
        let LoggedIn { mut gate, inlet, mut outlet, welcome } = logged;
        let names = match Surroundings::new(catalogs, &mut gate, &welcome.user).await {
            Ok(names) => names,
            Err(fault) => return Err((gate, outlet, fault)),
        };
        let registered = match cancels.register(gate.redial(), welcome.cancel) {
            Ok(registered) => registered,
            Err(fault) => return Err((gate, outlet, fault)),
        };
        let mut greeting = vec![Backend::Authentication(Authentication::Ok)];
        greeting.extend(welcome.parameters.into_iter().map(|(name, value)| Backend::ParameterStatus { name, value }));
        greeting
            .push(Backend::BackendKeyData { process: registered.cancel.process, key: registered.cancel.key.clone() });
        greeting.push(Backend::ReadyForQuery { status: TransactionStatus::Idle });
        for message in greeting {
            message.encode(&mut outlet.buffer).ok();
        }
        Ok(Self {
            over: gate.over(),
            gate,
            catalogs,
            registered,
            from_client: inlet,
            to_client: outlet,
            from_target: welcome.inlet,
            to_target: Target::new(welcome.outlet),
            replies: Replies::default(),
            registry: Registry::default(),
            names,
            readings: HashMap::new(),
            readings_of: 0,
            status: TransactionStatus::Idle,
            executed: false,
            bound: false,
            skipping: false,
            copying: false,
            parked: None,
            holding: None,
            ended: Vec::new(),
        })
    }

    /// Serves the session to its end.
    pub(super) async fn serve(mut self) {
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
        };
        self.finish(end).await;
    }

    async fn step(&mut self) -> Result<(), End> {
        self.relay().await?;
        self.advance().await?;
        match self.wait().await {
            Woke::Client(Ok(0)) => Err(End::Client),
            Woke::Target(Ok(0)) => Err(End::Target),
            Woke::Client(Err(_)) | Woke::Written(Err(_)) => Err(End::Client),
            Woke::Target(Err(error)) | Woke::Forwarded(Err(error)) => {
                tracing::debug!(session = %self.gate.session(), "the target's connection failed: {error}");
                Err(End::Target)
            }
            Woke::Client(Ok(_)) | Woke::Target(Ok(_)) | Woke::Written(Ok(())) | Woke::Forwarded(Ok(())) => Ok(()),
            Woke::Cancelled => self.take_back().await,
            Woke::Held(woke) => self.held(woke).await,
            Woke::Over(fault) => Err(End::Fault(fault)),
        }
    }

    /// Waits until something can go on.
    async fn wait(&mut self) -> Woke {
        let Self { over, registered, from_client, to_client, from_target, to_target, replies, parked, holding, .. } =
            self;
        // while a message waits here, more is read only to see the client leave, and to a bound
        let waiting = parked.is_some() || holding.is_some() || replies.len() >= MOST_OWED;
        let enough = waiting && from_client.buffer.len() >= HIGH_WATER;
        let room = !enough && !to_target.is_full();
        tokio::select! {
            read = from_target.fill(), if !to_client.is_full() => Woke::Target(read),
            written = to_client.drain(), if !to_client.is_idle() => Woke::Written(written),
            forwarded = to_target.drain(), if !to_target.is_idle() => Woke::Forwarded(forwarded),
            read = from_client.fill(), if room => Woke::Client(read),
            () = registered.cancel.wanted.notified() => Woke::Cancelled,
            woke = hold::wake(holding) => Woke::Held(woke),
            fault = over => Woke::Over(fault),
        }
    }

    /// Tells both sides and the journal that it is over.
    async fn finish(mut self, end: End) {
        let reason = match &end {
            End::Client => "the client left".to_owned(),
            End::Target => "the target closed the connection".to_owned(),
            End::Fault(fault) => fault.to_string(),
        };
        match &end {
            End::Client => {}
            End::Target if self.replies.is_empty() => {}
            End::Target => {
                let fault =
                    Fault::target(Code::TargetLost, "the target closed the connection in the middle of an operation")
                        .hint("whether it was done is not known; look before you repeat it");
                self.say(&Backend::ErrorResponse(refuse::fault(&fault)));
            }
            End::Fault(fault) => {
                tracing::warn!(session = %self.gate.session(), code = %fault.code, cause = fault.cause, "{}", fault.message);
                self.say(&Backend::ErrorResponse(refuse::fault(fault)));
            }
        }
        // a server goes on with a statement although nobody waits for it any more
        let runs = matches!(end, End::Fault(_)) && !self.replies.is_empty();
        self.to_target.control(&Control::Terminate);
        self.ended.extend(self.replies.unknown());
        // what is said at the end is bounded in time: neither side may keep the session open by not listening
        let goodbye = async {
            let cancel = async {
                if runs {
                    self.registered.cancel.tell_target().await;
                }
            };
            tokio::join!(self.to_client.finish(), self.to_target.finish(), cancel);
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), goodbye).await.ok();
        if let Err(fault) = self.journal_end(&reason).await {
            tracing::error!(code = %fault.code, "the end of a session is not in the journal: {}", fault.message);
        }
    }

    async fn journal_end(mut self, reason: &str) -> Result<(), Fault> {
        if let Some(holding) = self.holding.take() {
            self.gate.withdraw(holding.held).await?;
        }
        let ended = std::mem::take(&mut self.ended);
        if !ended.is_empty() {
            self.gate.finished(ended).await?;
        }
        self.gate.close(reason).await
    }

    fn say(&mut self, message: &Backend) {
        if let Err(error) = message.encode(&mut self.to_client.buffer) {
            tracing::error!("a message to the client cannot be written: {error}");
        }
    }

    fn report(&mut self, report: Report) {
        self.say(&Backend::ErrorResponse(report));
    }
}
