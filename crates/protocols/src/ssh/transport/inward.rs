//! Channels that a target opens to a client: each is taken or refused.
//!
//! Whether one was invited is decided elsewhere; until it is, nothing comes on it.

use russh::client::{self, ChannelOpenHandle};
use russh::{Channel, ChannelOpenFailure, server};

use super::server::Server;
use super::target::Opened;
use super::{ARRIVALS, Beyond, CHANNELS, Level, Levels, Number, Way};

/// What a target opens a channel for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ssh) enum Inward {
    /// A connection that came in where it listens.
    Listening(Beyond),
    /// The client's own agent.
    Agent,
    /// The client's own screen.
    Screen,
}

/// Who has connected, as the target says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ssh) struct Originator {
    pub(in crate::ssh) host: String,
    pub(in crate::ssh) port: u32,
}

/// A channel that a target would open. Dropped, it is refused.
pub(in crate::ssh) struct Arrival {
    pub(in crate::ssh) inward: Inward,
    pub(in crate::ssh) from: Originator,
    channel: Channel<client::Msg>,
    reply: ChannelOpenHandle,
    levels: Levels,
}

/// Whoever can open a channel to a client.
pub(in crate::ssh) struct Caller {
    handle: server::Handle,
    levels: Levels,
}

impl Arrival {
    pub(super) fn new(
        inward: Inward,
        from: Originator,
        channel: Channel<client::Msg>,
        reply: ChannelOpenHandle,
        levels: Levels,
    ) -> Self {
        Self { inward, from, channel, reply, levels }
    }

    /// Takes it, where there is room: whatever comes on it comes after this.
    pub(in crate::ssh) async fn accept(self) -> Option<Opened> {
        let Self { channel, reply, levels, .. } = self;
        let opened = Opened::of(channel, &levels)?;
        reply.accept().await;
        Some(opened)
    }

    /// Says that it is not opened: because nobody has asked for it, or because nobody is there to take it.
    pub(in crate::ssh) async fn refuse(self, prohibited: bool) {
        let why =
            if prohibited { ChannelOpenFailure::AdministrativelyProhibited } else { ChannelOpenFailure::ConnectFailed };
        self.reply.reject(why).await;
    }
}

impl Server {
    /// Whoever can open a channel to it.
    pub(in crate::ssh) fn caller(&self) -> Caller {
        Caller { handle: self.handle(), levels: self.levels.clone() }
    }
}

impl Caller {
    /// Opens a channel to the client, as the target would.
    pub(in crate::ssh) async fn open(
        &self,
        inward: &Inward,
        from: &Originator,
    ) -> Result<(Number, Way, Level), russh::Error> {
        let Originator { host, port } = from;
        let channel = match inward {
            Inward::Listening(Beyond::Tcp { host: at, port: on }) => {
                self.handle.channel_open_forwarded_tcpip(at.as_str(), *on, host.as_str(), *port).await?
            }
            Inward::Listening(Beyond::Socket(path)) => {
                self.handle.channel_open_forwarded_streamlocal(path.as_str()).await?
            }
            Inward::Agent => self.handle.channel_open_agent().await?,
            Inward::Screen => self.handle.channel_open_x11(host.as_str(), *port).await?,
        };
        let number = Number::from(channel.id());
        let (_, half) = channel.split();
        let level = self.levels.enter(number, MOST).ok_or(russh::Error::Disconnect)?;
        Ok((number, Way::ToClient(half, self.handle.clone()), level))
    }
}

/// How many channels a connection has at the most, whoever opened them.
pub(super) const MOST: usize = CHANNELS.saturating_add(ARRIVALS);
