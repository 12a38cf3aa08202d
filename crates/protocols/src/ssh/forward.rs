//! The only way to a target: what goes there has a permit, or belongs to something that had one.
//!
//! What a [`Permit`] carries is read back into an [`Order`], and that is what is done; the
//! [`Flow`] beside it is the right to go on. An empty channel says nothing to anybody, and saying goodbye is nobody's operation. Enter at [`Target`].

use bytes::Bytes;
use postern_core::gate::{Flow, Permit};
use postern_core::{Code, Fault};

use super::transport::target::{self, Opened};
use super::transport::{Beyond, Broken, Inward, Levels, Task, Way, Wish};
use super::wire::order::Order;

/// A target, logged in.
pub(super) struct Target(target::Target);

/// A program that was permitted, and what was permitted around it.
pub(super) struct Beginning {
    around: Vec<Wish>,
    task: Task,
}

/// The right to something around a program, and what the target may open channels for by it, so many times.
pub(super) struct Around {
    pub(super) flow: Flow,
    pub(super) lends: Option<(Inward, usize)>,
}

/// A connection from the target to somewhere else that was permitted.
pub(super) struct Connecting(Beyond);

/// A place where the target is permitted to listen.
pub(super) struct Listening(Beyond);

impl Beginning {
    /// What these permits say, and the rights to go on with it: with what is around it, and with the program.
    pub(super) fn of(around: Vec<Permit>, permit: Permit) -> Result<(Self, Vec<Around>, Flow), Fault> {
        let around = around.into_iter().map(|permit| {
            let (bytes, flow) = permit.spend();
            match Order::decode(&bytes) {
                Some(Order::Wish(wish)) => {
                    let lends = wish.lends();
                    Ok((wish, Around { flow, lends }))
                }
                Some(Order::Begin(_) | Order::Connect(_) | Order::Listen(_)) | None => Err(unreadable()),
            }
        });
        let (around, before) = around.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let (bytes, flow) = permit.spend();
        match Order::decode(&bytes) {
            Some(Order::Begin(task)) => Ok((Self { around, task }, before, flow)),
            Some(Order::Wish(_) | Order::Connect(_) | Order::Listen(_)) | None => Err(unreadable()),
        }
    }
}

impl Connecting {
    /// What this permit says, and the right to go on with it.
    pub(super) fn of(permit: Permit) -> Result<(Self, Flow), Fault> {
        let (bytes, flow) = permit.spend();
        match Order::decode(&bytes) {
            Some(Order::Connect(beyond)) => Ok((Self(beyond), flow)),
            Some(Order::Wish(_) | Order::Begin(_) | Order::Listen(_)) | None => Err(unreadable()),
        }
    }
}

impl Listening {
    /// What this permit says, and the right to go on with it.
    pub(super) fn of(permit: Permit) -> Result<(Self, Flow), Fault> {
        let (bytes, flow) = permit.spend();
        match Order::decode(&bytes) {
            Some(Order::Listen(beyond)) => Ok((Self(beyond), flow)),
            Some(Order::Wish(_) | Order::Begin(_) | Order::Connect(_)) | None => Err(unreadable()),
        }
    }
}

/// What this permit says to a subsystem that runs, and the right to go on with it.
pub(super) fn request(permit: Permit) -> (Bytes, Flow) {
    permit.spend()
}

impl Target {
    pub(super) fn new(target: target::Target) -> Self {
        Self(target)
    }

    /// How much has come on its channels.
    pub(super) fn levels(&self) -> &Levels {
        &self.0.levels
    }

    /// An empty channel.
    pub(super) async fn channel(&self) -> Result<Opened, Fault> {
        self.0.session().await.map_err(|error| refused("the target opens no more channels", error))
    }

    /// Begins a program on a channel.
    pub(super) async fn begin(&self, channel: Opened, program: Beginning) -> Result<Way, Fault> {
        for wish in &program.around {
            channel.wish(wish).await.map_err(lost)?;
        }
        channel.begin(&program.task).await.map_err(lost)?;
        Ok(channel.way())
    }

    /// Connects from there to somewhere else.
    pub(super) async fn connect(&self, Connecting(beyond): Connecting) -> Result<Opened, Fault> {
        self.0.forward(&beyond).await.map_err(|error| {
            let what = match &beyond {
                Beyond::Tcp { host, port } => format!("the target does not connect to {host}:{port}"),
                Beyond::Socket(path) => format!("the target does not connect to {path}"),
            };
            refused(&what, error)
        })
    }

    /// Has it listen: where it does, with the port that it chose where it was to choose one.
    pub(super) async fn listen(&self, Listening(beyond): Listening) -> Result<Beyond, Fault> {
        let chosen =
            self.0.listen(&beyond).await.map_err(|error| refused("the target does not listen there", error))?;
        match beyond {
            Beyond::Tcp { host, port: 0 } if (1..=u16::MAX.into()).contains(&chosen) => {
                Ok(Beyond::Tcp { host, port: chosen })
            }
            Beyond::Tcp { port: 0, .. } => {
                Err(Fault::target(Code::TargetViolation, "it does not say on which port it listens"))
            }
            other @ (Beyond::Tcp { .. } | Beyond::Socket(_)) => Ok(other),
        }
    }

    /// Has it listen there no more. Where that is not heard there is nobody left to listen for.
    pub(super) async fn leave(&self, beyond: &Beyond) {
        self.0.leave(beyond).await.ok();
    }

    /// Says goodbye.
    pub(super) async fn disconnect(&self) {
        self.0.disconnect().await;
    }
}

fn refused(what: &str, error: Broken) -> Fault {
    Fault::target(Code::TargetUnreachable, what).cause(error)
}

fn lost(error: Broken) -> Fault {
    Fault::target(Code::TargetLost, "the connection to the target was lost").cause(error)
}

fn unreadable() -> Fault {
    Fault::gateway(Code::Internal, "what was permitted cannot be read back")
}
