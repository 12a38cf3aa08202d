//! How a program comes to run: asked about, permitted, begun at the target; and how it is refused, or ends.
//!
//! INVARIANT: what the target says of a program is known to belong to it before the program begins.

use std::sync::Arc;
use std::time::Duration;

use postern_core::gate::{Asked, Decision, Permit, Standing};
use postern_core::journal::Outcome;
use postern_core::operation::Operation;
use postern_core::{Code, Denial, Fault};

use super::channel::{Channel, HeldProgram, Moved, Queue, Right, State};
use super::invited::Invitation;
use super::{Done, End, Session, offered, reading};
use crate::ssh::files::Files;
use crate::ssh::forward::Beginning;
use crate::ssh::refuse;
use crate::ssh::transport::target::Opened;
use crate::ssh::transport::{Exit, Number, Parcel, Sig, Stream, Task, Way, Wish};
use crate::ssh::wire::order::Order;

/// How much may be asked for around a program: more than any client does.
const MOST_AROUND: usize = 64;
/// How long what a client has sent may take to reach the target once it has closed its channel.
const PARTING: Duration = Duration::from_secs(5);
/// The longest name or value of a variable, in bytes.
const LONGEST_VARIABLE: usize = 4 << 10;

impl Session {
    /// Decides about something around a program. It cannot wait for a human: the client waits for the answer.
    pub(super) async fn wish(&mut self, number: Number, wish: Wish) -> Result<bool, End> {
        let Some(channel) = self.channels.get(&number) else { return Ok(false) };
        let operation = reading::wish(&wish);
        let (terminal, variable) = match &wish {
            Wish::Terminal(terminal) => (Some(terminal.size), None),
            Wish::Variable { name, value } => (None, Some((name.clone(), value.clone()))),
            Wish::Agent | Wish::Screen(_) => (None, None),
        };
        let long = variable.as_ref().is_some_and(|(name, value)| name.len().max(value.len()) > LONGEST_VARIABLE);
        let again = terminal.is_some() && channel.terminal.is_some();
        if !matches!(channel.state, State::Waiting) || channel.around.len() >= MOST_AROUND || long || again {
            return Ok(false);
        }
        let Some(permit) = self.at_once(operation, &Order::Wish(wish)).await? else { return Ok(false) };
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(false) };
        channel.terminal = terminal.or(channel.terminal);
        channel.variables.extend(variable);
        // the target answers to a terminal, and to nothing else
        channel.asked = channel.asked.saturating_add(usize::from(terminal.is_some()));
        channel.around.push(permit);
        Ok(true)
    }

    /// Decides about what cannot wait.
    pub(super) async fn at_once(&mut self, operation: Operation, order: &Order) -> Result<Option<Permit>, End> {
        match self.gate.submit(vec![operation], order.encoded().into()).await? {
            Decision::Go(permit) => Ok(Some(permit)),
            Decision::No(_) => Ok(None),
            Decision::Ask(asking) => {
                let message = "this needs a human's approval, and clients do not wait for that here";
                let unable = Denial::new(Code::ApprovalInTransaction, message);
                match self.gate.ask(asking, Standing::Unable(unable)).await? {
                    Asked::Go(permit) => Ok(Some(permit)),
                    Asked::No(_) => Ok(None),
                    Asked::Wait(held) => {
                        self.gate.withdraw(*held).await?;
                        Ok(None)
                    }
                }
            }
        }
    }

    /// Decides about a program.
    pub(super) async fn begin(&mut self, number: Number, task: Task) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        if !matches!(channel.state, State::Waiting) {
            return Ok(());
        }
        let operation = reading::task(&task, channel.terminal.is_some(), &channel.variables);
        if matches!(&task, Task::Subsystem(name) if name == "sftp") {
            channel.files = Some(Files::new(Arc::clone(&self.echo)));
        }
        let payload = offered::payload(task, &operation);
        match self.gate.submit(vec![operation.clone()], payload).await? {
            Decision::Go(permit) => self.permitted(number, permit),
            Decision::No(denial) => self.refuse(number, &refuse::denial(&denial)),
            Decision::Ask(asking) => match self.gate.ask(asking, Standing::Free).await? {
                Asked::Go(permit) => self.permitted(number, permit),
                Asked::No(denial) => self.refuse(number, &refuse::denial(&denial)),
                Asked::Wait(held) => self.hold(number, HeldProgram { held, operations: vec![operation] }),
            },
        }
    }

    /// Opens a channel at the target for what was permitted.
    pub(super) fn permitted(&mut self, number: Number, permit: Permit) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else {
            // it was permitted, and nobody is left for whom it would run
            self.ended.push((permit.id(), Outcome::Unknown));
            return Ok(());
        };
        channel.state = State::Opening;
        let around = std::mem::take(&mut channel.around);
        let target = Arc::clone(&self.target);
        self.work
            .push(Box::pin(async move { Done::Opened(number, target.channel().await, Box::new((around, permit))) }));
        Ok(())
    }

    /// Begins it there.
    pub(super) fn opened(
        &mut self,
        number: Number,
        opened: Result<Opened, Fault>,
        (around, permit): (Vec<Permit>, Permit),
    ) -> Result<(), End> {
        let opened = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                self.ended.push((permit.id(), Outcome::Failed { code: fault.code.to_string() }));
                return self.refuse(number, &refuse::failure(&fault));
            }
        };
        let waiting = |channel: &&mut Channel| matches!(channel.state, State::Opening);
        let Some(channel) = self.channels.get_mut(&number).filter(waiting) else {
            self.ended.push((permit.id(), Outcome::Unknown));
            self.leave_behind(opened);
            return Ok(());
        };
        let (program, before, permitted) = Beginning::of(around, permit)?;
        // THREAT: a client has the channel wait until it is forbidden what it was permitted
        for flow in before.iter().map(|around| &around.flow).chain([&permitted]) {
            if let Err(denial) = self.gate.goes_on(flow)? {
                self.ended.push((permitted.id(), Outcome::Failed { code: denial.code.to_string() }));
                self.leave_behind(opened);
                return self.refuse(number, &refuse::denial(&denial));
            }
        }
        let flow = permitted;
        if let Some(size) = channel.terminal {
            let said = serde_json::json!({ "terminal": [size.columns, size.rows] });
            self.gate.aside(Some(flow.id()), said.to_string().as_bytes())?;
        }
        channel.lends = Invitation::among(before);
        channel.runs(Right::Own(Box::new(flow)), &opened, &self.echo);
        // whatever comes of it comes after this
        self.called.insert(opened.number, number);
        let target = Arc::clone(&self.target);
        self.work.push(Box::pin(async move { Done::Began(number, target.begin(opened, program).await) }));
        Ok(())
    }

    /// It has begun: what the client has sent meanwhile goes there.
    pub(super) fn began(&mut self, number: Number, began: Result<Way, Fault>) -> Result<(), End> {
        let way = match began {
            Ok(way) => way,
            Err(fault) => return self.stop(number, &refuse::failure(&fault)),
        };
        let Some(channel) = self.channels.get_mut(&number) else {
            self.close_behind(way);
            return Ok(());
        };
        channel.into.open(way);
        self.press(number);
        Ok(())
    }

    /// Closes a channel of the target's that nobody has any more.
    pub(super) fn leave_behind(&mut self, opened: Opened) {
        self.target.levels().leave(opened.number);
        self.close_behind(opened.way());
    }

    fn close_behind(&mut self, way: Way) {
        let mut queue = Queue::default();
        queue.open(way);
        queue.push(Parcel::Close);
        self.work.extend(queue.press(Number::NOBODY, false));
    }

    /// What the target answers to what was asked of a channel.
    pub(super) fn answered(&mut self, there: Number, done: bool) -> Result<(), End> {
        let Some(number) = self.called.get(&there).copied() else { return Ok(()) };
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        if channel.asked > 0 {
            channel.asked = channel.asked.saturating_sub(1);
            return Ok(());
        }
        if done {
            return Ok(());
        }
        self.stop(number, "postern: the target does not run this")
    }

    /// Tells a client that what it asked for on a channel does not run.
    pub(super) fn refuse(&mut self, number: Number, why: &str) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let line = refuse::lines(why, channel.terminal.is_some());
        channel.state = State::Over;
        channel.came.fall(channel.into.clear());
        self.say(number, line)?;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        for parcel in [Parcel::Exit(Exit::Status(refuse::NOT_RUN)), Parcel::Finish, Parcel::Close] {
            channel.out.push(parcel);
        }
        self.press(number);
        Ok(())
    }

    /// Says something of the gateway's own on a channel.
    pub(super) fn say(&mut self, number: Number, line: bytes::Bytes) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let operation = channel.operation();
        if channel.on_tape != Stream::Errors {
            channel.on_tape = Stream::Errors;
            self.gate.aside(operation, br#"{"stream":"stderr"}"#)?;
        }
        self.gate.shown(operation, &line)?;
        channel.shown.hold(line.len());
        channel.out.push(Parcel::Data(Stream::Errors, line));
        self.press(number);
        Ok(())
    }

    /// Ends what runs on a channel, and tells its client why.
    pub(super) fn stop(&mut self, number: Number, why: &str) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let (ended, held) = channel.end();
        self.ended.extend(ended);
        self.left.extend(held);
        self.refuse(number, why)?;
        // INVARIANT: what may not go on is told so at the target, whatever of it waits to be sent there
        if let Some(channel) = self.channels.get_mut(&number) {
            // without a terminal a program may outlive its channel
            channel.into.push(Parcel::Signal(Sig::TERM));
            channel.into.push(Parcel::Close);
        }
        self.press(number);
        Ok(())
    }

    /// How the program ended.
    pub(super) async fn exited(&mut self, there: Number, exit: Exit) -> Result<(), End> {
        let Some(number) = self.called.get(&there).copied() else { return Ok(()) };
        self.ends(number).await?;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let note = match &exit {
            Exit::Status(status) => format!("exit {status}"),
            Exit::Signal { name, .. } => format!("signal {name:?}"),
        };
        channel.note = Some(note);
        if matches!(channel.state, State::Running(_)) {
            channel.out.push(Parcel::Exit(exit));
            self.press(number);
            self.tell_silence(number);
        }
        Ok(())
    }

    /// The target has closed a channel.
    pub(super) async fn gone(&mut self, there: Number) -> Result<(), End> {
        self.target.levels().leave(there);
        let Some(number) = self.called.remove(&there) else { return Ok(()) };
        self.ends(number).await?;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        channel.there = None;
        channel.came.fall(channel.into.clear());
        let runs = matches!(channel.state, State::Running(_));
        let (ended, held) = channel.end();
        if runs {
            channel.into.push(Parcel::Close);
            channel.out.push(Parcel::Close);
        }
        self.ended.extend(ended);
        self.left.extend(held);
        self.press(number);
        Ok(())
    }

    /// The client has closed a channel.
    pub(super) fn closed(&mut self, number: Number) -> Result<(), End> {
        let Some(mut channel) = self.channels.remove(&number) else {
            self.client.levels.leave(number);
            return Ok(());
        };
        if matches!(channel.state, State::Running(_)) {
            channel.parting = true;
            channel.into.push(Parcel::Close);
            self.work.extend(channel.into.press(number, false));
        }
        let (ended, held) = channel.end();
        self.ended.extend(ended);
        self.left.extend(held);
        if let Some(there) = channel.there {
            self.called.remove(&there);
            // what still comes of it fills nothing, and holds up nobody
            self.target.levels().leave(there);
        }
        // the client hears that its channel is closed, unless it was told before
        channel.out.clear();
        channel.out.push(Parcel::Close);
        self.work.extend(channel.out.press(number, true));
        if channel.is_done() {
            self.client.levels.leave(number);
            return Ok(());
        }
        // INVARIANT: what it has sent before goes there before, and takes its place until then
        self.channels.insert(number, channel);
        self.work.push(Box::pin(async move {
            tokio::time::sleep(PARTING).await;
            Done::Parted(number)
        }));
        Ok(())
    }

    /// What a client has sent and closed its channel behind has had its time: the target hears of the end now.
    pub(super) fn parted(&mut self, number: Number) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        if std::mem::take(&mut channel.parting) {
            channel.into.cut();
        }
        self.let_go_of_channel(number);
    }

    /// Gives to the target what comes from the client, once there is somebody to take it.
    pub(super) fn pass_on(&mut self, number: Number, parcel: Parcel) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        if matches!(channel.state, State::Over) {
            channel.came.fall(parcel.len());
            return;
        }
        channel.into.push(parcel);
        self.press(number);
    }

    /// Sends what can be sent.
    pub(super) fn press(&mut self, number: Number) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        let sent = [channel.into.press(number, false), channel.out.press(number, true)];
        self.work.extend(sent.into_iter().flatten());
    }

    /// Something arrived.
    pub(super) fn moved(&mut self, number: Number, moved: Moved) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        if moved.to_client {
            let bytes = channel.out.moved(moved);
            channel.shown.fall(bytes);
        } else {
            let bytes = channel.into.moved(moved);
            channel.came.fall(bytes);
        }
        self.press(number);
        self.let_go_of_channel(number);
    }

    fn let_go_of_channel(&mut self, number: Number) {
        if self.channels.get(&number).is_some_and(super::Channel::is_done) {
            self.channels.remove(&number);
            self.client.levels.leave(number);
        }
    }
}
