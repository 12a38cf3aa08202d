//! The gateway's side of the connection to a target.
//!
//! THREAT: somebody who is not the target gets the credential. Nothing is sent before the host has shown a key that the
//! configuration names, or one that an authority has certified which it names. Enter at [`connect`].

use std::sync::Arc;

use bytes::Bytes;
use postern_core::Micros;
use postern_core::ports::Duplex;
use postern_core::target::HostKey;
use russh::client::{self, AuthResult, ChannelOpenHandle, Handle, Session};
use russh::keys::ssh_key::{Certificate, certificate::CertType};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Disconnect, Pty, Sig};
use tokio::sync::mpsc;

use super::leash::{Leash, Welcome, leash};
use super::level::Valve;
use super::{
    Arrival, Beyond, Deaf, EVENTS, Exit, FromTarget, Inward, KEYS, Level, Levels, NAME, Number, Originator, PACKET,
    Screen, Size, Stream, Task, Terminal, WINDOW, Way, Wish, inward, preferred,
};

/// What a host may show.
#[derive(Clone, Debug)]
pub(in crate::ssh) struct Known {
    pub(in crate::ssh) host: String,
    pub(in crate::ssh) keys: Vec<HostKey>,
    pub(in crate::ssh) authorities: Vec<HostKey>,
    /// When it is looked at.
    pub(in crate::ssh) now: Micros,
}

/// What the gateway proves itself with at a target.
pub(in crate::ssh) enum Proof {
    Password(String),
    Key(Box<PrivateKey>),
    Certified(Box<PrivateKey>, Box<Certificate>),
}

impl Proof {
    fn word(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Key(_) => "key",
            Self::Certified(..) => "certificate",
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(in crate::ssh) enum Refused {
    /// Another host, or one whose key has changed.
    #[error("it shows a key that is not its own")]
    Stranger,
    /// It does not take the proof.
    #[error("it takes no {proof} of `{user}`")]
    Login {
        user: String,
        /// What was shown.
        proof: &'static str,
    },
    #[error("{0}")]
    Failed(russh::Error),
}

/// The connection to a target, logged in.
pub(in crate::ssh) struct Target {
    handle: Handle<Ear>,
    pub(in crate::ssh) levels: Levels,
    _leash: Leash,
}

/// A channel at the target.
pub(in crate::ssh) struct Opened {
    pub(in crate::ssh) number: Number,
    pub(in crate::ssh) level: Level,
    way: ChannelWriteHalf<client::Msg>,
}

/// Connects, makes sure that it is the target, and logs in.
pub(in crate::ssh) async fn connect(
    stream: Box<dyn Duplex>,
    known: Known,
    user: &str,
    proof: Proof,
) -> Result<(Target, mpsc::Receiver<FromTarget>), Refused> {
    let Shaken { mut handle, heard, levels, leash, welcome } = shake(stream, known).await?;
    let shown = proof.word();
    let result = match proof {
        Proof::Password(password) => handle.authenticate_password(user, password).await,
        Proof::Key(key) => handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::from(key), None)).await,
        Proof::Certified(key, certificate) => {
            handle.authenticate_openssh_cert(user, Arc::from(key), *certificate).await
        }
    };
    match result {
        Ok(AuthResult::Success) => {
            welcome.give();
            Ok((Target { handle, levels, _leash: leash }, heard))
        }
        Ok(AuthResult::Failure { .. }) => Err(Refused::Login { user: user.to_owned(), proof: shown }),
        Err(error) => Err(Refused::Failed(error)),
    }
}

/// How an account may log in there, in the words of the host (RFC 4252 §5.2); nothing where it lets in whoever comes.
pub(in crate::ssh) async fn methods(stream: Box<dyn Duplex>, known: Known, user: &str) -> Result<Vec<String>, Refused> {
    let Shaken { mut handle, leash: _leash, .. } = shake(stream, known).await?;
    match handle.authenticate_none(user).await {
        Ok(AuthResult::Success) => Ok(Vec::new()),
        Ok(AuthResult::Failure { remaining_methods, .. }) => {
            Ok(remaining_methods.iter().map(|method| <&str>::from(method).to_owned()).collect())
        }
        Err(error) => Err(Refused::Failed(error)),
    }
}

/// A connection to what is known to be the host, before anybody has logged in.
struct Shaken {
    handle: Handle<Ear>,
    heard: mpsc::Receiver<FromTarget>,
    levels: Levels,
    leash: Leash,
    welcome: Welcome,
}

async fn shake(stream: Box<dyn Duplex>, known: Known) -> Result<Shaken, Refused> {
    let certificates = if known.authorities.is_empty() { &[] } else { KEYS };
    let config = client::Config {
        client_id: NAME,
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: 1,
        preferred: preferred(certificates),
        inactivity_timeout: None,
        // a connection that is not read for a while hears no answers either; whether the host is there TCP finds out
        keepalive_interval: None,
        nodelay: true,
        ..client::Config::default()
    };
    let (events, heard) = mpsc::channel(EVENTS);
    let valve = Arc::<Valve>::default();
    let levels = Levels::behind(Arc::clone(&valve));
    let ear = Ear { known, events, levels: levels.clone() };
    let (leash, welcome, stream) = leash(stream, valve);
    let handle = match client::connect_stream(Arc::new(config), stream, ear).await {
        Ok(handle) => handle,
        Err(Deaf::Connection(russh::Error::UnknownKey)) => return Err(Refused::Stranger),
        Err(Deaf::Connection(error)) => return Err(Refused::Failed(error)),
        Err(Deaf::Over | Deaf::Overflow) => return Err(Refused::Failed(russh::Error::Disconnect)),
    };
    Ok(Shaken { handle, heard, levels, leash, welcome })
}

impl Target {
    /// A channel for a program.
    pub(in crate::ssh) async fn session(&self) -> Result<Opened, russh::Error> {
        self.opened(self.handle.channel_open_session().await?)
    }

    /// A connection from the target to somewhere else.
    pub(in crate::ssh) async fn forward(&self, beyond: &Beyond) -> Result<Opened, russh::Error> {
        let channel = match beyond {
            // where it comes from is nobody's business there
            Beyond::Tcp { host, port } => {
                self.handle.channel_open_direct_tcpip(host.as_str(), *port, "127.0.0.1", 0).await?
            }
            Beyond::Socket(path) => self.handle.channel_open_direct_streamlocal(path.as_str()).await?,
        };
        self.opened(channel)
    }

    /// Has it listen; the port that it chose, where it was to choose one.
    pub(in crate::ssh) async fn listen(&self, beyond: &Beyond) -> Result<u32, russh::Error> {
        match beyond {
            Beyond::Tcp { host, port } => self.handle.tcpip_forward(host.as_str(), *port).await,
            Beyond::Socket(path) => self.handle.streamlocal_forward(path.as_str()).await.map(|()| 0),
        }
    }

    /// Has it listen there no more.
    pub(in crate::ssh) async fn leave(&self, beyond: &Beyond) -> Result<(), russh::Error> {
        match beyond {
            Beyond::Tcp { host, port } => self.handle.cancel_tcpip_forward(host.as_str(), *port).await,
            Beyond::Socket(path) => self.handle.cancel_streamlocal_forward(path.as_str()).await,
        }
    }

    /// Says goodbye.
    pub(in crate::ssh) async fn disconnect(&self) {
        drop(self.handle.disconnect(Disconnect::ByApplication, "", "").await);
    }

    fn opened(&self, channel: Channel<client::Msg>) -> Result<Opened, russh::Error> {
        Opened::of(channel, &self.levels).ok_or(russh::Error::Disconnect)
    }
}

impl Opened {
    /// A channel, where there is room for one more.
    pub(super) fn of(channel: Channel<client::Msg>, levels: &Levels) -> Option<Self> {
        let number = Number::from(channel.id());
        // what comes is heard by the ear alone: nobody takes it from the other half
        let (_, way) = channel.split();
        // whether the ear has heard by now that it is open is chance: whoever comes first enters it
        let level = levels.enter(number, inward::MOST)?;
        Some(Self { number, level, way })
    }

    /// Asks for something around the program, before it begins.
    pub(in crate::ssh) async fn wish(&self, wish: &Wish) -> Result<(), russh::Error> {
        match wish {
            Wish::Terminal(Terminal { term, size, modes }) => {
                let known = |(mode, value): &(u8, u32)| Some((Pty::from_u8(*mode)?, *value));
                let modes: Vec<(Pty, u32)> = modes.iter().filter_map(known).collect();
                let Size { columns, rows, width, height } = *size;
                self.way.request_pty(true, term, columns, rows, width, height, &modes).await
            }
            Wish::Variable { name, value } => self.way.set_env(false, name.as_str(), value.as_str()).await,
            Wish::Agent => self.way.agent_forward(false).await,
            Wish::Screen(Screen { once, protocol, cookie, number }) => {
                self.way.request_x11(false, *once, protocol.as_str(), cookie.as_str(), *number).await
            }
        }
    }

    /// Begins the program.
    pub(in crate::ssh) async fn begin(&self, task: &Task) -> Result<(), russh::Error> {
        match task {
            Task::Shell => self.way.request_shell(true).await,
            Task::Exec(command) => self.way.exec(true, command.to_vec()).await,
            Task::Subsystem(name) => self.way.request_subsystem(true, name.as_str()).await,
        }
    }

    /// The way there.
    pub(in crate::ssh) fn way(self) -> Way {
        Way::ToTarget(self.way)
    }
}

impl Known {
    fn is(&self, shown: &PublicKeyOrCertificate) -> bool {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => listed(&self.keys, key),
            PublicKeyOrCertificate::Certificate(certificate) => self.certified(certificate),
        }
    }

    /// THREAT: a certificate of an authority for users, of another host, or of another authority of the same name.
    fn certified(&self, certificate: &Certificate) -> bool {
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        let fingerprint = authority.fingerprint(russh::keys::HashAlg::Sha256);
        certificate.cert_type() == CertType::Host
            && listed(&self.authorities, &authority)
            && certificate.valid_principals().contains(&self.host)
            && certificate.critical_options().iter().next().is_none()
            && certificate.validate_at(self.now.seconds(), [&fingerprint]).is_ok()
    }
}

fn listed(known: &[HostKey], shown: &PublicKey) -> bool {
    shown.to_bytes().is_ok_and(|shown| known.iter().any(|known| known.blob() == shown))
}

/// THREAT: a target that opens channels to a client that asked for none. The library takes all of them where it is not told
/// otherwise.
async fn uninvited(reply: ChannelOpenHandle) -> Result<(), Deaf> {
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    Ok(())
}

/// Hears what a target says.
struct Ear {
    known: Known,
    events: mpsc::Sender<FromTarget>,
    levels: Levels,
}

impl Ear {
    async fn tell(&self, event: FromTarget) -> Result<(), Deaf> {
        self.events.send(event).await.map_err(|_| Deaf::Over)
    }

    /// Tells of a channel that the host would open. Whether anybody has asked for it is looked at there.
    async fn arrives(
        &self,
        inward: Inward,
        (host, port): (&str, u32),
        channel: Channel<client::Msg>,
        reply: ChannelOpenHandle,
    ) -> Result<(), Deaf> {
        let from = Originator { host: host.to_owned(), port };
        self.tell(FromTarget::Arrives(Arrival::new(inward, from, channel, reply, self.levels.clone()))).await
    }

    async fn came(&mut self, channel: ChannelId, stream: Stream, data: &[u8]) -> Result<(), Deaf> {
        let number = Number::from(channel);
        let Some(level) = self.levels.of(number) else { return Ok(()) };
        level.rise(data.len()).await.map_err(|_| Deaf::Overflow)?;
        self.tell(FromTarget::Data(number, stream, Bytes::copy_from_slice(data))).await
    }
}

impl client::Handler for Ear {
    type Error = Deaf;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Deaf> {
        Ok(self.known.is(shown))
    }

    /// Before anything comes on it.
    async fn channel_open_confirmation(
        &mut self,
        channel: ChannelId,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        self.levels.enter(channel.into(), inward::MOST).map(|_| ()).ok_or(Deaf::Overflow)
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<client::Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        uninvited(reply).await
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        channel: Channel<client::Msg>,
        address: &str,
        port: u32,
        originator: &str,
        originator_port: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        let inward = Inward::Listening(Beyond::Tcp { host: address.to_owned(), port });
        self.arrives(inward, (originator, originator_port), channel, reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        channel: Channel<client::Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        self.arrives(Inward::Listening(Beyond::Socket(path.to_owned())), ("", 0), channel, reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<client::Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        self.arrives(Inward::Agent, ("", 0), channel, reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<client::Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        uninvited(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<client::Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        uninvited(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        channel: Channel<client::Msg>,
        originator: &str,
        port: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        self.arrives(Inward::Screen, (originator, port), channel, reply).await
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Deaf> {
        self.came(channel, Stream::Plain, data).await
    }

    async fn extended_data(&mut self, channel: ChannelId, code: u32, data: &[u8], _: &mut Session) -> Result<(), Deaf> {
        match Stream::of(code) {
            Some(stream) => self.came(channel, stream, data).await,
            // a stream that nobody has defined
            None => Ok(()),
        }
    }

    async fn channel_success(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromTarget::Answered(channel.into(), true)).await
    }

    async fn channel_failure(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromTarget::Answered(channel.into(), false)).await
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromTarget::Finished(channel.into())).await
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromTarget::Closed(channel.into())).await
    }

    async fn exit_status(&mut self, channel: ChannelId, status: u32, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromTarget::Exited(channel.into(), Exit::Status(status))).await
    }

    async fn exit_signal(
        &mut self,
        channel: ChannelId,
        name: Sig,
        dumped: bool,
        message: &str,
        _language: &str,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        let message = message.to_owned();
        self.tell(FromTarget::Exited(channel.into(), Exit::Signal { name, dumped, message })).await
    }
}
