//! Connections that come in at the target: asked for, granted, and then opened to the client one by one.
//!
//! THREAT: a target that opens channels that nobody has asked for, or not any more. Each is held against what was granted in
//! this session and stands, and goes on by the right of that. Enter at [`Session::listen`] and [`Session::arrives`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use postern_core::approval::Settled;
use postern_core::gate::{Asked, Decision, Flow, Permit, Standing};
use postern_core::id::OperationId;
use postern_core::journal::Outcome;
use postern_core::{Code, Fault};

use super::channel::{Channel, HeldProgram, Right, State};
use super::{Done, End, MOST_EARLY, Session, reading};
use crate::ssh::forward::{Around, Listening};
use crate::ssh::transport::{
    ARRIVALS, Answer, Arrival, Beyond, Broken, FromClient, FromTarget, Inward, Level, Number, Originator, Parcel, Port,
    Way,
};
use crate::ssh::wire::order::Order;

/// In how many places a target may listen for a client.
const MOST_LISTENING: usize = 32;
/// Of how many connections it is told where each came from, and in how many characters.
const MOST_TOLD: usize = 16;
const LONGEST_TOLD: usize = 64;

/// What a target may open channels for, and what is on the way to that.
#[derive(Default)]
pub(super) struct Inwards {
    listening: BTreeMap<Beyond, Invitation>,
    /// A client asks for one thing after the other, and is heard again once it has an answer.
    waits: Option<Waits>,
    /// How many channels are being opened to the client, and what came on those that are open already.
    arriving: usize,
    early: VecDeque<FromClient>,
}

/// A place to listen that was asked for, and whoever waits for the answer.
enum Waits {
    /// A human decides.
    Held(HeldProgram, Port),
    /// It is permitted, and the target has not answered.
    Told(Box<Flow>, Port),
}

/// The right to open channels to the client, so many of them, and who came by it.
pub(super) struct Invitation {
    right: Arc<Flow>,
    most: usize,
    came: Vec<String>,
    more: usize,
}

impl Invitation {
    fn of(flow: Flow, most: usize) -> Self {
        Self { right: Arc::new(flow), most, came: Vec::new(), more: 0 }
    }

    /// What the target may open channels for by something around a program.
    pub(super) fn among(around: Vec<Around>) -> Vec<(Inward, Self)> {
        let lent = |Around { flow, lends }| lends.map(|(inward, most)| (inward, Self::of(flow, most)));
        around.into_iter().filter_map(lent).collect()
    }

    fn count(&self) -> usize {
        self.came.len().saturating_add(self.more)
    }

    /// What came of it.
    pub(super) fn outcome(&self) -> (OperationId, Outcome) {
        let came = self.count();
        let more = if self.more > 0 { format!(", and {} more", self.more) } else { String::new() };
        let from = if self.came.is_empty() { String::new() } else { format!(" from {}{more}", self.came.join(", ")) };
        let note = format!("{came} connection{}{from}", if came == 1 { "" } else { "s" });
        (self.right.id(), Outcome::Done { note })
    }

    /// Somebody has come, as the target says.
    fn take(&mut self, from: &Originator) -> Arc<Flow> {
        if self.came.len() < MOST_TOLD {
            self.came.push(from.shown());
        } else {
            self.more = self.more.saturating_add(1);
        }
        Arc::clone(&self.right)
    }
}

impl Originator {
    /// THREAT: a target that says something else than an address, to whoever reads it later.
    fn shown(&self) -> String {
        let plain = |one: &char| one.is_ascii_alphanumeric() || ".:-_%".contains(*one);
        let host: String = self.host.chars().filter(plain).take(LONGEST_TOLD).collect();
        match host.as_str() {
            "" => "somebody".to_owned(),
            host if host.contains(':') => format!("[{host}]:{}", self.port),
            host => format!("{host}:{}", self.port),
        }
    }
}

impl Session {
    /// Decides about a place where the target is to listen; it hears nothing of it before that.
    pub(super) async fn listen(&mut self, beyond: Beyond, answer: Port) -> Result<(), End> {
        let listening = &self.inwards.listening;
        if listening.contains_key(&beyond) || listening.len() >= MOST_LISTENING {
            // whoever does not wait any more has left
            answer.send(None).ok();
            return Ok(());
        }
        let operation = reading::listen(&beyond);
        let order = Order::Listen(beyond).encoded();
        let decided = match self.gate.submit(vec![operation.clone()], order.into()).await? {
            Decision::Go(permit) => Asked::Go(permit),
            Decision::No(denial) => Asked::No(denial),
            Decision::Ask(asking) => self.gate.ask(asking, Standing::Free).await?,
        };
        match decided {
            Asked::Go(permit) => self.may_listen(permit, answer)?,
            Asked::No(_) => drop(answer.send(None)),
            Asked::Wait(held) => {
                let settled = held.settled();
                let program = HeldProgram { held, operations: vec![operation] };
                self.inwards.waits = Some(Waits::Held(program, answer));
                self.work.push(Box::pin(async move { Done::Agreed(settled.await) }));
            }
        }
        Ok(())
    }

    /// A human has decided about it.
    pub(super) async fn agreed(&mut self, settled: Result<Settled, Fault>) -> Result<(), End> {
        let settled = settled?;
        let Some(Waits::Held(program, answer)) = self.inwards.waits.take() else { return Ok(()) };
        match self.gate.resume(*program.held, settled, &program.operations).await? {
            Ok(permit) => self.may_listen(permit, answer),
            Err(_) => {
                answer.send(None).ok();
                Ok(())
            }
        }
    }

    fn may_listen(&mut self, permit: Permit, answer: Port) -> Result<(), End> {
        let (listening, flow) = Listening::of(permit)?;
        self.inwards.waits = Some(Waits::Told(Box::new(flow), answer));
        let target = Arc::clone(&self.target);
        self.work.push(Box::pin(async move { Done::Listens(target.listen(listening).await) }));
        Ok(())
    }

    /// The target listens, or does not.
    pub(super) async fn listens(&mut self, listens: Result<Beyond, Fault>) -> Result<(), End> {
        let Some(Waits::Told(flow, answer)) = self.inwards.waits.take() else { return Ok(()) };
        match listens {
            // THREAT: what was permitted, and is forbidden by the time that the target listens
            Ok(beyond) if self.gate.goes_on(&flow)?.is_err() => {
                self.ended.push((flow.id(), Outcome::Unknown));
                self.take_back(beyond);
                answer.send(None).ok();
            }
            // THREAT: a target that chooses where it listens already, by another right
            Ok(beyond) if self.inwards.listening.contains_key(&beyond) => {
                return Err(Fault::target(Code::TargetViolation, "it chose a port that it listens on already").into());
            }
            Ok(beyond) => {
                let port = if let Beyond::Tcp { port, .. } = beyond { port } else { 0 };
                self.inwards.listening.insert(beyond, Invitation::of(*flow, usize::MAX));
                answer.send(Some(port)).ok();
            }
            Err(fault) => {
                tracing::debug!(code = %fault.code, cause = fault.cause, "{}", fault.message);
                self.ended.push((flow.id(), Outcome::Failed { code: fault.code.to_string() }));
                answer.send(None).ok();
            }
        }
        self.told_early().await
    }

    /// The client wants that no more. What has come in stays.
    pub(super) fn leave(&mut self, beyond: Beyond, answer: Answer) {
        let known = self.inwards.listening.remove(&beyond);
        answer.send(known.is_some()).ok();
        if let Some(invitation) = known {
            self.ended.push(invitation.outcome());
            self.take_back(beyond);
        }
    }

    /// Tells the target to listen no more. Whatever it does, nothing that comes in there is taken any longer.
    fn take_back(&mut self, beyond: Beyond) {
        let target = Arc::clone(&self.target);
        self.work.push(Box::pin(async move {
            target.leave(&beyond).await;
            Done::Left
        }));
    }

    /// Takes back what has lost its right under the policy that is now in force.
    pub(super) fn reconsider_invitations(&mut self) -> Result<(), End> {
        let mut lost = Vec::new();
        for (beyond, invitation) in &self.inwards.listening {
            if self.gate.goes_on(&invitation.right)?.is_err() {
                lost.push(beyond.clone());
            }
        }
        for beyond in lost {
            if let Some(invitation) = self.inwards.listening.remove(&beyond) {
                self.ended.push(invitation.outcome());
                self.take_back(beyond);
            }
        }
        for channel in self.channels.values_mut() {
            for (inward, invitation) in std::mem::take(&mut channel.lends) {
                if self.gate.goes_on(&invitation.right)?.is_ok() {
                    channel.lends.push((inward, invitation));
                } else {
                    self.ended.push(invitation.outcome());
                }
            }
        }
        Ok(())
    }

    /// A channel that the target would open.
    pub(super) async fn arrives(&mut self, arrival: Arrival) -> Result<(), End> {
        let open = self.channels.values().filter(|channel| channel.is_lent()).count();
        let room = open.saturating_add(self.inwards.arriving) < ARRIVALS;
        let invitation = match &arrival.inward {
            Inward::Listening(beyond) => self.inwards.listening.get_mut(beyond),
            // THREAT: a target that has things signed for a program that was lent nothing, or has ended
            lent @ (Inward::Agent | Inward::Screen) => {
                self.channels.values_mut().find_map(|channel| channel.lent(lent))
            }
        };
        let Some(invitation) = invitation.filter(|invitation| invitation.count() < invitation.most) else {
            // it may say so before it is known here that it listens
            if matches!(self.inwards.waits, Some(Waits::Told(..))) {
                return self.keep_early(FromTarget::Arrives(arrival));
            }
            arrival.refuse(true).await;
            return Ok(());
        };
        if self.gate.goes_on(&invitation.right)?.is_err() {
            arrival.refuse(true).await;
            return Ok(());
        }
        // THREAT: a target that opens more than its client can take
        if !room {
            arrival.refuse(false).await;
            return Ok(());
        }
        let right = invitation.take(&arrival.from);
        let said = serde_json::json!({ "from": arrival.from.shown() });
        self.gate.aside(Some(right.id()), said.to_string().as_bytes())?;
        let caller = self.client.caller();
        self.inwards.arriving = self.inwards.arriving.saturating_add(1);
        self.work.push(Box::pin(async move {
            let taken = caller.open(&arrival.inward, &arrival.from).await;
            Done::Taken(Box::new((arrival, right)), taken)
        }));
        Ok(())
    }

    /// The client takes it, or not.
    pub(super) async fn taken(
        &mut self,
        (arrival, right): (Arrival, Arc<Flow>),
        taken: Result<(Number, Way, Level), Broken>,
    ) -> Result<(), End> {
        self.inwards.arriving = self.inwards.arriving.saturating_sub(1);
        match taken {
            Ok((number, to_client, came)) => {
                let mut channel = Channel::new(to_client, came);
                // THREAT: what was granted, and is forbidden by the time that the client has taken it
                let opened = if self.gate.goes_on(&right)?.is_ok() { arrival.accept().await } else { None };
                match opened {
                    Some(opened) => {
                        channel.note = Some("closed".to_owned());
                        channel.runs(Right::Lent(right), &opened, &self.echo);
                        self.called.insert(opened.number, number);
                        channel.into.open(opened.way());
                    }
                    None => {
                        channel.state = State::Over;
                        channel.out.push(Parcel::Close);
                    }
                }
                self.channels.insert(number, channel);
                self.press(number);
            }
            Err(_) => arrival.refuse(false).await,
        }
        for event in std::mem::take(&mut self.inwards.early) {
            Box::pin(self.heard(event)).await?;
        }
        Ok(())
    }

    /// Whether something is about a channel that is not known yet, and may be one that was just opened to the client.
    pub(super) fn is_early(&self, event: &FromClient) -> bool {
        self.inwards.arriving > 0 && event.channel().is_some_and(|number| !self.channels.contains_key(&number))
    }

    /// Keeps it until that is known.
    pub(super) fn heard_early(&mut self, event: FromClient) -> Result<(), End> {
        // THREAT: a client that says without end what is about no channel
        if self.inwards.early.len() >= MOST_EARLY {
            return Err(Fault::client(Code::ClientViolation, "it says too much of what nobody has opened").into());
        }
        self.inwards.early.push_back(event);
        Ok(())
    }

    /// Ends all of it: whoever waits for an answer has one.
    pub(super) fn end_listening(&mut self) {
        let Inwards { listening, waits, .. } = std::mem::take(&mut self.inwards);
        self.ended.extend(listening.values().map(Invitation::outcome));
        let answer = match waits {
            Some(Waits::Held(program, answer)) => {
                self.left.push(*program.held);
                answer
            }
            Some(Waits::Told(flow, answer)) => {
                self.ended.push((flow.id(), Outcome::Unknown));
                answer
            }
            None => return,
        };
        answer.send(None).ok();
    }
}
