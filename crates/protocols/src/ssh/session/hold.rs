//! A program that waits for a human: its client hears so at once and every half minute, and may leave.
//!
//! What it has sent meanwhile waits with it, as much as its window lets it, and goes nowhere where it is refused.

use std::time::Duration;

use postern_core::Fault;
use postern_core::approval::Settled;

use super::channel::{HeldProgram, State};
use super::{Done, End, Session};
use crate::ssh::files::Asked;
use crate::ssh::refuse;
use crate::ssh::transport::Number;

/// How often a client hears that it still waits.
const REMINDER: Duration = Duration::from_secs(30);

/// What became of the wait.
pub(super) enum Settling {
    /// It was settled.
    Settled(Result<Settled, Fault>),
    /// It goes on.
    Waits,
}

impl Session {
    /// Lets a program wait.
    pub(super) fn hold(&mut self, number: Number, program: HeldProgram) -> Result<(), End> {
        let (line, settled) = (refuse::waiting(&program.held), program.held.settled());
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let terminal = channel.terminal.is_some();
        channel.state = State::Held(program);
        self.say(number, refuse::lines(&line, terminal))?;
        self.work.push(Box::pin(async move { Done::Settled(number, Settling::Settled(settled.await)) }));
        self.remind(number);
        Ok(())
    }

    /// Lets a request about a file wait.
    pub(super) fn hold_request(&mut self, number: Number, asked: Asked, request: HeldProgram) -> Result<(), End> {
        let (line, settled) = (refuse::waiting(&request.held), request.held.settled());
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        channel.held = Some((asked, request));
        self.say(number, refuse::lines(&line, false))?;
        self.work.push(Box::pin(async move { Done::Settled(number, Settling::Settled(settled.await)) }));
        self.remind(number);
        Ok(())
    }

    /// Goes on with it as it was settled, or says that it waits.
    pub(super) async fn settled(&mut self, number: Number, settling: Settling) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let program = match (&mut channel.state, &channel.held) {
            (State::Held(program), _) => &*program,
            (_, Some((_, request))) => request,
            (_, None) => return Ok(()),
        };
        let settled = match settling {
            Settling::Settled(settled) => settled?,
            Settling::Waits => {
                let line = refuse::lines(&refuse::waiting(&program.held), channel.terminal.is_some());
                self.remind(number);
                return self.say(number, line);
            }
        };
        if let Some((asked, HeldProgram { held, operations })) = channel.held.take() {
            match self.gate.resume(*held, settled, &operations).await? {
                Ok(permit) => self.granted(number, asked, permit).await?,
                Err(denial) => self.deny(number, &asked, &denial).await?,
            }
            return self.serve_files(number).await;
        }
        let State::Held(HeldProgram { held, operations }) = std::mem::replace(&mut channel.state, State::Opening)
        else {
            return Ok(());
        };
        match self.gate.resume(*held, settled, &operations).await? {
            Ok(permit) => self.permitted(number, permit),
            Err(denial) => self.refuse(number, &refuse::denial(&denial)),
        }
    }

    fn remind(&mut self, number: Number) {
        self.work.push(Box::pin(async move {
            tokio::time::sleep(REMINDER).await;
            Done::Settled(number, Settling::Waits)
        }));
    }
}
