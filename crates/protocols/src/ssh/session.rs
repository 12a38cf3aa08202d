//! One open session: channels of a client, each with what it runs at the target, and what both say.
//!
//! One loop owns the gate and takes everything in the order in which it comes; what has to wait (for the other side's
//! window, the target, a human) is work beside it, a piece a channel, and ends with the session. Enter at
//! [`Session::serve`].

mod begin;
mod channel;
mod files;
mod forwards;
mod hold;
mod invited;
mod offered;
mod output;
mod reading;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use postern_core::approval::Settled;
use postern_core::gate::{Flow, Gate, Held, Open, Permit};
use postern_core::id::OperationId;
use postern_core::journal::Outcome;
use postern_core::mask::echo::Echo;
use postern_core::ports::Later;
use postern_core::{Code, Fault};
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::channel::{Channel, Moved};
use self::hold::Settling;
use self::invited::Inwards;
use super::files::Files;
use super::forward::Target;
use super::login::{GOODBYE, LoggedIn};
use super::refuse;
use super::transport::server::{Opening, Server};
use super::transport::target::Opened;
use super::transport::{Arrival, Beyond, Broken, FromClient, FromTarget, Level, Number, Parcel, Sig, Way};

/// How much either side may say on connections of which it is not known yet that they are open.
const MOST_EARLY: usize = 1_024;
/// How long what is on its way to programs may take that are to be ended.
const LAST: Duration = Duration::from_millis(300);

/// Why a session ends.
pub(super) enum End {
    /// The client left.
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

/// What some work beside the loop came to.
enum Done {
    /// Parcels arrived at a side, or cannot.
    Moved(Number, Moved),
    /// A channel of the target's is open for a channel of the client's.
    Opened(Number, Result<Opened, Fault>, Box<(Vec<Permit>, Permit)>),
    /// A program began.
    Began(Number, Result<Way, Fault>),
    /// The target is connected with something beyond it.
    Connected(Box<(Opening, Flow)>, Result<Opened, Fault>),
    /// The target listens somewhere, or does not.
    Listens(Result<Beyond, Fault>),
    /// It does so no more.
    Left,
    /// A human decided about where it is to listen.
    Agreed(Result<Settled, Fault>),
    /// The client took a channel that the target would open, or did not.
    Taken(Box<(Arrival, Arc<Flow>)>, Result<(Number, Way, Level), Broken>),
    /// A human decided about a channel's program, or its client is to hear that none has yet.
    Settled(Number, Settling),
    /// What is held back of a channel's output has waited long enough.
    Due(Number),
    /// What a client has sent on a channel that it has closed has had its time.
    Parted(Number),
    /// Nobody has heard for a while how a program ends that writes no more.
    Silent(Number),
}

/// One open session.
pub(super) struct Session {
    gate: Gate<Open>,
    over: Later<'static, Fault>,
    /// Resolves once another policy is in force.
    changed: Later<'static, ()>,
    client: Server,
    target: Arc<Target>,
    from_target: mpsc::Receiver<FromTarget>,
    echo: Arc<Echo>,
    /// The channels, as the client calls them.
    channels: BTreeMap<Number, Channel>,
    /// What the client calls the channel that the target calls so.
    called: BTreeMap<Number, Number>,
    /// How many connections the target is about to open, and what came on those that are open already.
    connecting: usize,
    early: VecDeque<FromTarget>,
    /// What the target may open channels for.
    inwards: Inwards,
    work: FuturesUnordered<Later<'static, Done>>,
    ended: Vec<(OperationId, Outcome)>,
    /// What waited for humans, and for which nobody waits any more.
    left: Vec<Held>,
}

/// What the session waited for.
enum Woke {
    Client(Option<FromClient>),
    Target(Option<FromTarget>),
    Done(Done),
    Left,
    Changed,
    /// The recorder has room again.
    Room,
    Over(Fault),
}

impl Session {
    pub(super) fn new(logged: LoggedIn) -> Self {
        let LoggedIn { gate, client, target, from_target, echo } = logged;
        Self {
            over: gate.over(),
            changed: gate.changed(),
            gate,
            client,
            target: Arc::new(target),
            from_target,
            echo: Arc::new(echo),
            channels: BTreeMap::new(),
            called: BTreeMap::new(),
            connecting: 0,
            early: VecDeque::new(),
            inwards: Inwards::default(),
            work: FuturesUnordered::new(),
            ended: Vec::new(),
            left: Vec::new(),
        }
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
        let ended = std::mem::take(&mut self.ended);
        self.gate.finished(ended)?;
        for held in std::mem::take(&mut self.left) {
            self.gate.withdraw(held).await?;
        }
        match self.wait().await {
            Woke::Client(Some(event)) => self.heard(event).await,
            Woke::Target(Some(event)) => self.told(event).await,
            Woke::Client(None) | Woke::Left => Err(End::Client),
            Woke::Target(None) => Err(End::Target),
            Woke::Done(done) => self.done(done).await,
            Woke::Changed => self.reconsider(),
            Woke::Room => Ok(()),
            Woke::Over(fault) => Err(End::Fault(fault)),
        }
    }

    async fn wait(&mut self) -> Woke {
        let lags = self.gate.lags();
        let Self { gate, over, changed, client, from_target, work, .. } = self;
        let room = async { if lags { gate.room().await } else { std::future::pending().await } };
        let (events, left) = client.both();
        tokio::select! {
            Some(done) = work.next() => Woke::Done(done),
            event = from_target.recv(), if !lags => Woke::Target(event),
            event = events.recv() => Woke::Client(event),
            () = left => Woke::Left,
            () = room => Woke::Room,
            () = changed => Woke::Changed,
            fault = over => Woke::Over(fault),
        }
    }

    /// What comes from the client.
    async fn heard(&mut self, event: FromClient) -> Result<(), End> {
        // a channel that was just opened to it may bring something before it is known here that it is one
        if self.is_early(&event) {
            return self.heard_early(event);
        }
        match event {
            FromClient::Opened(number, way, level) => {
                self.channels.insert(number, Channel::new(way, level));
            }
            FromClient::Wishes(number, wish, answer) => {
                let granted = self.wish(number, wish).await?;
                // whoever does not wait any more has left
                answer.send(granted).ok();
            }
            FromClient::Begins(number, task) => self.begin(number, task).await?,
            FromClient::Forwards(beyond, opening) => self.forward(beyond, opening).await?,
            FromClient::Listens(beyond, answer) => self.listen(beyond, answer).await?,
            FromClient::Leaves(beyond, answer) => self.leave(beyond, answer),
            FromClient::Data(number, bytes) if self.has_files(number) => self.asks(number, bytes).await?,
            FromClient::Data(number, bytes) => self.pass_on(number, Parcel::data(bytes)),
            FromClient::Resized(number, size) => {
                if let Some(channel) = self.channels.get_mut(&number) {
                    let said = channel.resized(size);
                    if let Some((operation, said)) = said {
                        self.gate.aside(Some(operation), &said)?;
                    }
                }
                self.pass_on(number, Parcel::Resized(size));
            }
            FromClient::Signalled(number, signal) => self.pass_on(number, Parcel::Signal(signal)),
            FromClient::Finished(number) => self.says_no_more(number).await?,
            FromClient::Closed(number) => self.closed(number)?,
        }
        Ok(())
    }

    /// What comes from the target.
    async fn told(&mut self, event: FromTarget) -> Result<(), End> {
        // a connection may say something before it is known here that it is one
        if self.connecting > 0 && event.channel().is_some_and(|number| !self.called.contains_key(&number)) {
            return self.keep_early(event);
        }
        match event {
            FromTarget::Arrives(arrival) => self.arrives(arrival).await,
            FromTarget::Data(number, stream, bytes) => self.shown(number, stream, bytes).await,
            FromTarget::Exited(number, exit) => self.exited(number, exit).await,
            FromTarget::Answered(number, done) => self.answered(number, done),
            FromTarget::Finished(number) => self.silent(number).await,
            FromTarget::Closed(number) => self.gone(number).await,
        }
    }

    /// Keeps what the target says until it is known what it is about.
    fn keep_early(&mut self, event: FromTarget) -> Result<(), End> {
        // THREAT: a target that says without end how something ended that nobody began
        if self.early.len() >= MOST_EARLY {
            return Err(Fault::target(Code::TargetViolation, "it says too much of what nobody has opened").into());
        }
        self.early.push_back(event);
        Ok(())
    }

    /// More is known by now.
    async fn told_early(&mut self) -> Result<(), End> {
        for event in std::mem::take(&mut self.early) {
            Box::pin(self.told(event)).await?;
        }
        Ok(())
    }

    async fn done(&mut self, done: Done) -> Result<(), End> {
        match done {
            Done::Moved(number, moved) => {
                self.moved(number, moved);
                Ok(())
            }
            Done::Opened(number, opened, permits) => self.opened(number, opened, *permits),
            Done::Began(number, began) => {
                self.began(number, began)?;
                self.serve_files(number).await
            }
            Done::Connected(asked, connected) => self.connected(*asked, connected).await,
            Done::Listens(listens) => self.listens(listens).await,
            Done::Left => Ok(()),
            Done::Agreed(settled) => self.agreed(settled).await,
            Done::Taken(arrival, taken) => self.taken(*arrival, taken).await,
            Done::Settled(number, settling) => self.settled(number, settling).await,
            Done::Due(number) => self.due(number).await,
            Done::Parted(number) => {
                self.parted(number);
                Ok(())
            }
            Done::Silent(number) => {
                self.still_silent(number);
                Ok(())
            }
        }
    }

    /// Ends what has lost its right under the policy that is now in force.
    fn reconsider(&mut self) -> Result<(), End> {
        self.gate.take_up()?;
        self.changed = self.gate.changed();
        self.reconsider_invitations()?;
        let mut lost = Vec::new();
        for (number, channel) in &self.channels {
            let files = channel.files.iter().flat_map(Files::flows).map(AsRef::as_ref);
            let flows = channel.flow().into_iter().chain(files);
            for flow in flows {
                if let Err(denial) = self.gate.goes_on(flow)? {
                    lost.push((*number, denial));
                    break;
                }
            }
        }
        for (number, denial) in lost {
            self.stop(number, &refuse::denial(&denial))?;
        }
        Ok(())
    }

    /// Tells programs at the target to end: they would outlive the connection.
    async fn end_programs(&mut self) {
        for channel in self.channels.values_mut() {
            channel.into.clear();
        }
        let came_back = async {
            while self.channels.values().any(Channel::is_waited_for) {
                let Some(done) = self.work.next().await else { break };
                if let Done::Moved(number, moved) = done
                    && let Some(channel) = self.channels.get_mut(&number)
                    && !moved.to_client
                {
                    channel.into.moved(moved);
                }
            }
        };
        // whoever takes nothing hears nothing
        timeout(LAST, came_back).await.ok();
        let runs = self.channels.iter_mut().filter(|(_, channel)| channel.flow().is_some());
        let told = runs.filter_map(|(number, channel)| {
            channel.into.push(Parcel::Signal(Sig::TERM));
            channel.into.push(Parcel::Close);
            channel.into.press(*number, false)
        });
        timeout(LAST, futures_util::future::join_all(told)).await.ok();
    }

    /// Tells both sides and the journal that it is over.
    async fn finish(mut self, end: End) {
        let reason = match &end {
            End::Client => "the client left".to_owned(),
            End::Target => "the target closed the connection".to_owned(),
            End::Fault(fault) => fault.to_string(),
        };
        let farewell = match &end {
            End::Client => None,
            End::Target => Some(refuse::farewell(&Fault::target(Code::TargetLost, "the target closed the connection"))),
            End::Fault(fault) => {
                tracing::warn!(session = %self.gate.session(), code = %fault.code, cause = fault.cause, "{}", fault.message);
                Some(refuse::farewell(fault))
            }
        };
        if let End::Fault(_) = &end {
            self.end_programs().await;
        }
        for mut channel in std::mem::take(&mut self.channels).into_values() {
            let (ended, held) = channel.end();
            self.ended.extend(ended);
            self.left.extend(held);
        }
        self.end_listening();
        // what still moves belongs to channels that are no more
        self.work.clear();
        let Self { gate, mut client, target, ended, left, .. } = self;
        let goodbye = async {
            let told = async {
                if let Some(farewell) = &farewell {
                    client.dismiss(farewell).await;
                    client.over().await;
                }
            };
            tokio::join!(told, target.disconnect());
        };
        let journal = async {
            let mut told = Ok(());
            for held in left {
                told = told.and(gate.withdraw(held).await.map(|_| ()));
            }
            let told = told.and(gate.finished(ended));
            // INVARIANT: a session is closed, whatever of its end cannot be told
            let closed = gate.close(&reason).await;
            told.and(closed)
        };
        let (_, told) = tokio::join!(timeout(GOODBYE, goodbye), journal);
        if let Err(fault) = told {
            tracing::error!(code = %fault.code, "the end of a session is not in the journal: {}", fault.message);
        }
    }
}
