//! The subsystem `sftp`: each request of a client's is decided about before the target hears of it, one after the other.
//!
//! What is about an open file goes on as that was opened: how much of it was passed on is told when it is closed. What
//! waits for a human keeps back what comes behind it.

use bytes::Bytes;
use postern_core::gate::{Asked as Answered, Decision, Permit, Standing};
use postern_core::journal::Outcome;
use postern_core::{Denial, Operation};

use super::channel::{HeldProgram, State};
use super::{End, Session};
use crate::ssh::files::{Asked, Broken, Turn};
use crate::ssh::transport::{Number, Parcel, Stream};
use crate::ssh::{forward, refuse};

impl Session {
    /// Takes what the client says to the subsystem.
    pub(super) async fn asks(&mut self, number: Number, bytes: Bytes) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        match &mut channel.files {
            Some(files) if !matches!(channel.state, State::Over) => files.came(&bytes),
            Some(_) | None => channel.came.fall(bytes.len()),
        }
        self.serve_files(number).await
    }

    /// Takes what the target says to it.
    pub(super) async fn answers(&mut self, number: Number, bytes: Bytes) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let Some(files) = &mut channel.files else { return Ok(()) };
        channel.shown.fall(bytes.len());
        files.answers(&bytes);
        loop {
            let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
            let Some(files) = &mut channel.files else { return Ok(()) };
            let told = match files.told() {
                Ok(Some(told)) => told,
                Ok(None) => break,
                Err(broken) => return self.broken(number, &broken).await,
            };
            // INVARIANT: what a client sees is recorded first
            if let Some((operation, names)) = told.shown {
                self.gate.shown(Some(operation), &names)?;
            }
            self.ended.extend(told.ended);
            self.pass_to_target(number, told.to_target);
            self.pass_to_client(number, told.to_client);
        }
        self.serve_files(number).await
    }

    /// Goes on with what the client has asked for, as far as that can be.
    pub(super) async fn serve_files(&mut self, number: Number) -> Result<(), End> {
        loop {
            let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
            let Some(files) = &mut channel.files else { return Ok(()) };
            if !matches!(channel.state, State::Running(_)) || channel.held.is_some() {
                return Ok(());
            }
            let before = files.backlog();
            let turn = files.turn();
            channel.came.fall(before.saturating_sub(files.backlog()));
            match turn {
                Ok(Turn::Wait) => return Ok(()),
                Ok(Turn::Pass(bytes)) => self.pass_to_target(number, Some(bytes)),
                Ok(Turn::Say(bytes)) => self.pass_to_client(number, bytes),
                Ok(Turn::Finish) => {
                    channel.into.push(Parcel::Finish);
                    self.press(number);
                }
                Ok(Turn::Under(asked, flow)) => match self.gate.goes_on(&flow)? {
                    Ok(()) => match files.go(*asked) {
                        Ok(bytes) => self.pass_to_target(number, Some(bytes)),
                        Err(broken) => return self.broken(number, &broken).await,
                    },
                    Err(denial) => self.deny(number, &asked, &denial).await?,
                },
                Ok(Turn::Decide(asked, operation)) => self.decide(number, *asked, *operation).await?,
                Err(broken) => return self.broken(number, &broken).await,
            }
        }
    }

    async fn decide(&mut self, number: Number, asked: Asked, operation: Operation) -> Result<(), End> {
        let payload = match asked.encoded() {
            Ok(payload) => payload,
            Err(broken) => return self.broken(number, &broken).await,
        };
        let operations = vec![operation];
        match self.gate.submit(operations.clone(), payload.into()).await? {
            Decision::Go(permit) => self.granted(number, asked, permit).await,
            Decision::No(denial) => self.deny(number, &asked, &denial).await,
            Decision::Ask(asking) => match self.gate.ask(asking, Standing::Free).await? {
                Answered::Go(permit) => self.granted(number, asked, permit).await,
                Answered::No(denial) => self.deny(number, &asked, &denial).await,
                Answered::Wait(held) => self.hold_request(number, asked, HeldProgram { held, operations }),
            },
        }
    }

    /// A request may be passed on, where there is anything that it is about.
    pub(super) async fn granted(&mut self, number: Number, asked: Asked, permit: Permit) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else {
            self.ended.push((permit.id(), Outcome::Unknown));
            return Ok(());
        };
        let Some(files) = &mut channel.files else { return Ok(()) };
        if let Some(nowhere) = asked.nowhere() {
            self.ended.push((permit.id(), nowhere));
            return match files.refused(&asked, "") {
                Ok(bytes) => {
                    self.pass_to_client(number, bytes);
                    Ok(())
                }
                Err(broken) => self.broken(number, &broken).await,
            };
        }
        let (bytes, flow) = forward::request(permit);
        files.permitted(asked, flow);
        self.pass_to_target(number, Some(bytes));
        Ok(())
    }

    /// Tells a client that a request is refused: in its answer, and in words that its user sees.
    pub(super) async fn deny(&mut self, number: Number, asked: &Asked, denial: &Denial) -> Result<(), End> {
        let why = refuse::denial(denial);
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let Some(files) = &mut channel.files else { return Ok(()) };
        let bytes = match files.refused(asked, &why) {
            Ok(bytes) => bytes,
            Err(broken) => return self.broken(number, &broken).await,
        };
        self.say(number, refuse::lines(&why, false))?;
        self.pass_to_client(number, bytes);
        Ok(())
    }

    /// Ends a channel on which one side does not speak the protocol, or the session where a credential came back.
    async fn broken(&mut self, number: Number, broken: &Broken) -> Result<(), End> {
        if let Broken::Echoed = broken {
            return self.echoed().await;
        }
        self.stop(number, &format!("postern: {broken}"))
    }

    fn pass_to_target(&mut self, number: Number, bytes: Option<Bytes>) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        let Some(bytes) = bytes else { return };
        channel.came.hold(bytes.len());
        channel.into.push(Parcel::data(bytes));
        self.press(number);
    }

    fn pass_to_client(&mut self, number: Number, bytes: Option<Bytes>) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        let Some(bytes) = bytes else { return };
        channel.shown.hold(bytes.len());
        channel.out.push(Parcel::Data(Stream::Plain, bytes));
        self.press(number);
    }

    /// The client says nothing more on a channel.
    pub(super) async fn says_no_more(&mut self, number: Number) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        channel.finished = true;
        let Some(files) = &mut channel.files else {
            self.pass_on(number, Parcel::Finish);
            return Ok(());
        };
        files.finish();
        self.serve_files(number).await
    }

    pub(super) fn has_files(&self, number: Number) -> bool {
        self.channels.get(&number).is_some_and(|channel| channel.files.is_some())
    }
}
