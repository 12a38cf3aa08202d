//! The gateway's own questions to a host, asked where no client is served.
//!
//! INVARIANT: nothing is sent but a login and constants of this program, with names of files that are made of plain
//! characters; so it needs no permit, and there is no journal that could make one. Enter at [`Asking::log_in`].

mod offer;

use std::time::Duration;

use bytes::Bytes;
use postern_core::Fault;
use postern_core::inventory::Means;
use postern_core::target::{Login, Target};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::login::host;
use super::transport::{Broken, Exit, FromTarget, Levels, Parcel, Stream, Task, keys, target};

pub(super) use self::offer::Offer;

/// How long a host may take over one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much of one is read, in bytes.
const MOST: usize = 256 << 10;

/// A host that an account has logged in to.
pub(super) struct Asking {
    target: target::Target,
    heard: mpsc::Receiver<FromTarget>,
    /// What the host knows the account by: a public key, or that of its authority; nothing where that is a password.
    pub(super) known_by: Option<String>,
    /// What the host offers to agree on.
    pub(super) offer: Option<Offer>,
}

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) out: Vec<u8>,
    pub(super) errors: Vec<u8>,
    /// How what ran ended; nothing where the host began nothing, or did not say.
    pub(super) status: Option<u32>,
}

/// Logs in with every account of a target, and asks nothing.
pub(super) async fn try_logins(place: &Target, means: &Means) -> Result<(), Fault> {
    let mut tried: Vec<&str> = Vec::new();
    for login in place.logins() {
        if !tried.contains(&login.user.as_str()) {
            tried.push(&login.user);
            Asking::log_in(place, means, login).await?.leave().await;
        }
    }
    Ok(())
}

/// How an account may log in, in the words of the host; nothing where it lets in whoever comes.
pub(super) async fn methods(place: &Target, means: &Means, login: &Login) -> Result<Vec<String>, Fault> {
    let stream = means.dial.dial(place, None).await?.stream;
    host::methods(place, means.clock.now(), &login.user, stream).await.map_err(|fault| placed(login, fault))
}

impl Asking {
    /// Logs in as an account, on a connection that is used for questions alone.
    pub(super) async fn log_in(place: &Target, means: &Means, login: &Login) -> Result<Self, Fault> {
        Self::enter(place, means, login).await.map_err(|fault| placed(login, fault))
    }

    async fn enter(place: &Target, means: &Means, login: &Login) -> Result<Self, Fault> {
        let (lease, link) = means.lease(place, login).await?;
        let (proof, _) = host::proof(&lease)?;
        let known_by = keys::known_by(&proof);
        let (stream, words) = offer::listen(link.stream);
        let entered = host::log_in(place, means.clock.now(), &lease.user, proof, stream).await;
        let offer = words.offer();
        match entered {
            Ok((target, heard)) => Ok(Self { target, heard, known_by, offer }),
            // a host that agrees to nothing says what it would agree to
            Err(fault) => Err(match offer.as_ref().and_then(Offer::lacks) {
                Some(lacks) => fault.hint(lacks),
                None => fault,
            }),
        }
    }

    /// Runs one command with nothing on its input.
    pub(super) async fn run(&mut self, command: &str) -> Said {
        let task = Task::Exec(Bytes::copy_from_slice(command.as_bytes()));
        self.ask(&task, Bytes::new(), |_| false).await
    }

    /// Starts a subsystem, gives it this, and hears it until that is enough.
    pub(super) async fn start(&mut self, subsystem: &str, input: Bytes, enough: fn(&Said) -> bool) -> Said {
        self.ask(&Task::Subsystem(subsystem.to_owned()), input, enough).await
    }

    /// A host that says nothing more, or breaks off, has said what it has.
    async fn ask(&mut self, task: &Task, input: Bytes, enough: fn(&Said) -> bool) -> Said {
        let mut said = Said::default();
        timeout(PATIENCE, self.exchange(task, input, enough, &mut said)).await.map(drop).unwrap_or_default();
        said
    }

    async fn exchange(
        &mut self,
        task: &Task,
        input: Bytes,
        enough: fn(&Said) -> bool,
        said: &mut Said,
    ) -> Result<(), Broken> {
        let opened = self.target.session().await?;
        let (number, level) = (opened.number, opened.level.clone());
        opened.begin(task).await?;
        let way = opened.way();
        // an sftp server that hears the end of its input may leave before it has answered
        let first = if input.is_empty() { Parcel::Finish } else { Parcel::data(input) };
        way.send(first).await.ok();
        while let Some(event) = self.heard.recv().await {
            // what the host would open is dropped, and refused by that
            if event.channel() != Some(number) {
                forget(&self.target.levels, &event);
                continue;
            }
            match event {
                FromTarget::Data(_, stream, bytes) => {
                    level.fall(bytes.len());
                    said.take(stream, &bytes);
                    if enough(said) {
                        break;
                    }
                }
                FromTarget::Exited(_, Exit::Status(status)) => said.status = Some(status),
                FromTarget::Answered(_, false) | FromTarget::Closed(_) => break,
                FromTarget::Arrives(_) => {}
                FromTarget::Answered(_, true) | FromTarget::Exited(..) | FromTarget::Finished(_) => {}
            }
        }
        way.send(Parcel::Close).await.ok();
        self.target.levels.leave(number);
        Ok(())
    }

    /// Says goodbye.
    pub(super) async fn leave(self) {
        self.target.disconnect().await;
    }
}

/// What comes of a question that was given up.
fn forget(levels: &Levels, event: &FromTarget) {
    if let FromTarget::Closed(number) = event {
        levels.leave(*number);
    }
}

impl Said {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let kept = match stream {
            Stream::Plain => &mut self.out,
            Stream::Errors => &mut self.errors,
        };
        let room = MOST.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
    }

    /// What was said, as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// The fault with the account that it happened to: whoever hears it has the configuration.
fn placed(login: &Login, mut fault: Fault) -> Fault {
    fault.message = format!("{}, for account `{}`", fault.message, login.user);
    fault
}
