//! The gateway's side of a client's connection.
//!
//! THREAT: a key that is offered counts as one that is proved (CVE-2024-45337). An [`Attempt`] is made of a password or of a
//! key that signed, and of nothing else. Enter at [`listen`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postern_core::identity::{Claim, ProvedKey};
use postern_core::ports::Duplex;
use postern_core::secret::Secret;
use russh::keys::{Certificate, PrivateKey};
use russh::server::{self, Auth, Handle, Msg, PublicKeyOffer, RunningSession, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Disconnect, Limits, MethodKind, MethodSet, Pty, Sig};
use tokio::sync::{mpsc, oneshot};

use super::leash::{Leash, Presence, Welcome, leash};
use super::{
    ALIVE, Answer, Beyond, CHANNELS, Deaf, EVENTS, FromClient, Level, Levels, NAME, Number, PACKET, SILENT, Screen,
    Size, Task, Terminal, WINDOW, Way, Wish, inward, preferred,
};

/// How long a proof that is none takes to be refused: as long for every reason.
const REFUSAL: Duration = Duration::from_millis(300);
/// The longest name of a signal, in bytes; what is longer is none.
const LONGEST_SIGNAL: usize = 64;
/// How many requests for a login may be refused: ten proofs, and the one without any with which OpenSSH asks what there is.
const ATTEMPTS: usize = 11;
/// How many keys may be shown that nobody signs with: each is answered, and is no attempt.
const OFFERS: usize = 32;
const METHODS: &[MethodKind] = &[MethodKind::PublicKey, MethodKind::Password];

/// Somebody wants to log in.
pub(in crate::ssh) struct Attempt {
    /// What stands before the last `@` of what the client was called with.
    pub(in crate::ssh) user: String,
    /// What it proves itself with.
    pub(in crate::ssh) claim: Claim,
    pub(in crate::ssh) answer: Answer,
}

/// Something of a client's that waits to be opened.
pub(in crate::ssh) struct Opening {
    channel: Channel<Msg>,
    reply: server::ChannelOpenHandle,
    handle: Handle,
    level: Level,
    levels: Levels,
}

/// The connection of one client.
pub(in crate::ssh) struct Server {
    pub(in crate::ssh) attempts: mpsc::Receiver<Attempt>,
    pub(in crate::ssh) events: mpsc::Receiver<FromClient>,
    pub(in crate::ssh) levels: Levels,
    handle: Handle,
    running: RunningSession<Ear>,
    _leash: Leash,
}

/// Speaks with a client, as far as both have named themselves.
pub(in crate::ssh) async fn listen(stream: Box<dyn Duplex>, host_key: PrivateKey) -> Result<Server, Deaf> {
    let config = server::Config {
        limits: Limits::default(),
        server_id: NAME,
        methods: MethodSet::from(METHODS),
        auth_rejection_time: REFUSAL,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key],
        certificates: Vec::new(),
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: 1,
        event_buffer_size: EVENTS,
        preferred: preferred(&[]),
        max_auth_attempts: ATTEMPTS,
        // who logs in in time, and how long a session lasts, is for others to say
        inactivity_timeout: None,
        keepalive_interval: Some(ALIVE),
        keepalive_max: SILENT,
        nodelay: true,
    };
    let (attempting, attempts) = mpsc::channel(1);
    let (events, heard) = mpsc::channel(EVENTS);
    let levels = Levels::default();
    let (leash, welcome, stream) = leash(stream, Arc::default());
    let presence = stream.presence();
    let ear = Ear { attempts: attempting, offers: 0, events, levels: levels.clone(), welcome, presence };
    let running = server::run_stream(Arc::new(config), stream, ear).await?;
    Ok(Server { attempts, events: heard, levels, handle: running.handle(), running, _leash: leash })
}

impl Server {
    /// What comes from it, and its end.
    pub(in crate::ssh) fn both(&mut self) -> (&mut mpsc::Receiver<FromClient>, impl Future<Output = ()>) {
        let Self { events, running, .. } = self;
        (events, async move { drop(running.await) })
    }

    /// Resolves once the connection is over.
    pub(in crate::ssh) async fn over(&mut self) {
        if let Err(error) = (&mut self.running).await {
            tracing::debug!("a client's connection ended: {error}");
        }
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Has the client told why the connection ends here: next, before anything of it is heard again.
    pub(in crate::ssh) async fn dismiss(&self, why: &str) {
        // where the connection is over nobody listens
        self.handle.disconnect(Disconnect::ByApplication, why.to_owned(), String::new()).await.ok();
    }
}

impl Opening {
    /// Opens it.
    pub(in crate::ssh) async fn accept(self) -> (Number, Way, Level) {
        let Self { channel, reply, handle, level, levels: _ } = self;
        let number = Number::from(channel.id());
        let (_, half) = channel.split();
        reply.accept().await;
        (number, Way::ToClient(half, handle), level)
    }

    /// Says that it is not opened.
    pub(in crate::ssh) async fn refuse(self, prohibited: bool) {
        let why =
            if prohibited { ChannelOpenFailure::AdministrativelyProhibited } else { ChannelOpenFailure::ConnectFailed };
        // there is room for another
        self.levels.leave(self.channel.id().into());
        self.reply.reject(why).await;
    }
}

/// Hears what a client says.
struct Ear {
    attempts: mpsc::Sender<Attempt>,
    /// How many keys were shown.
    offers: usize,
    events: mpsc::Sender<FromClient>,
    levels: Levels,
    welcome: Welcome,
    presence: Presence,
}

impl Ear {
    /// Has a key that signed, or its certificate, stand for its owner.
    async fn signed(
        &self,
        user: &str,
        shown: russh::keys::ssh_key::Result<Vec<u8>>,
        claim: fn(ProvedKey) -> Claim,
    ) -> Result<Auth, Deaf> {
        match shown {
            Ok(blob) => self.attempt(user, claim(ProvedKey::signed(blob))).await,
            Err(_) => Ok(Auth::reject()),
        }
    }

    /// Has it found out whether a proof lets in. What does not may be followed by another.
    async fn attempt(&self, user: &str, claim: Claim) -> Result<Auth, Deaf> {
        let (answer, answered) = oneshot::channel();
        self.attempts.send(Attempt { user: user.to_owned(), claim, answer }).await.map_err(|_| Deaf::Over)?;
        let accepted = answered.await.map_err(|_| Deaf::Over)?;
        let proceed_with_methods = Some(MethodSet::from(METHODS));
        Ok(if accepted { Auth::Accept } else { Auth::Reject { proceed_with_methods, partial_success: false } })
    }

    async fn tell(&self, event: FromClient) -> Result<(), Deaf> {
        self.events.send(event).await.map_err(|_| Deaf::Over)
    }

    /// Tells of something that the client waits for, and waits as long as it does.
    async fn ask<T>(&self, event: impl FnOnce(oneshot::Sender<T>) -> FromClient) -> Result<T, Deaf> {
        let (answer, answered) = oneshot::channel();
        self.tell(event(answer)).await?;
        tokio::select! {
            answer = answered => answer.map_err(|_| Deaf::Over),
            () = self.presence.left() => Err(Deaf::Over),
        }
    }

    async fn wish(&self, channel: ChannelId, wish: Wish, session: &mut Session) -> Result<(), Deaf> {
        let granted = self.ask(|answer| FromClient::Wishes(channel.into(), wish, answer)).await?;
        if granted {
            session.channel_success(channel)?
        } else {
            session.channel_failure(channel)?
        }
        Ok(())
    }

    /// A program is always begun, as far as the client hears, where none was before: what becomes of it is said on the channel.
    async fn begin(&self, channel: ChannelId, task: Task, session: &mut Session) -> Result<(), Deaf> {
        if !self.levels.of(channel.into()).is_some_and(|level| level.begin()) {
            return Ok(session.channel_failure(channel)?);
        }
        session.channel_success(channel)?;
        self.tell(FromClient::Begins(channel.into(), task)).await
    }

    /// The level of a new channel, where there is room for one.
    fn takes(&self, channel: &Channel<Msg>) -> Option<Level> {
        self.levels.enter(channel.id().into(), CHANNELS)
    }

    async fn forward(
        &mut self,
        beyond: Beyond,
        channel: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        handle: Handle,
    ) -> Result<(), Deaf> {
        let Some(level) = self.takes(&channel) else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        };
        let opening = Opening { channel, reply, handle, level, levels: self.levels.clone() };
        self.tell(FromClient::Forwards(beyond, opening)).await
    }
}

impl server::Handler for Ear {
    type Error = Deaf;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Deaf> {
        // a client that has another password to try is told why before it can
        self.attempt(user, Claim::Token(Secret::new(password))).await
    }

    /// THREAT: finding out whose keys are registered, of which everybody may have the public half. Each may sign.
    async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, Deaf> {
        self.offers = self.offers.saturating_add(1);
        if self.offers > OFFERS { Err(Deaf::Overflow) } else { Ok(Auth::Accept) }
    }

    /// The library calls this once it has verified that the client signed this login with the key, and the user name in it.
    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Deaf> {
        self.signed(user, key.public_key.to_bytes(), Claim::Key).await
    }

    /// The same with a certificate of the key. Whose authority has made it is not looked at before.
    async fn auth_openssh_certificate(&mut self, user: &str, certificate: &Certificate) -> Result<Auth, Deaf> {
        self.signed(user, certificate.to_bytes(), Claim::Certificate).await
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Deaf> {
        self.welcome.give();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Deaf> {
        let Some(level) = self.takes(&channel) else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        };
        let opening = Opening { channel, reply, handle: session.handle(), level, levels: self.levels.clone() };
        let (number, way, level) = opening.accept().await;
        self.tell(FromClient::Opened(number, way, level)).await
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: server::ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Deaf> {
        self.forward(Beyond::Tcp { host: host.to_owned(), port }, channel, reply, session.handle()).await
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: server::ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Deaf> {
        self.forward(Beyond::Socket(path.to_owned()), channel, reply, session.handle()).await
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

    /// The client hears an answer once there is one: until then the library hears nothing of it, and says nothing.
    async fn tcpip_forward(&mut self, address: &str, port: &mut u32, _: &mut Session) -> Result<bool, Deaf> {
        let beyond = Beyond::Tcp { host: address.to_owned(), port: *port };
        let listens = self.ask(|answer| FromClient::Listens(beyond, answer)).await?;
        *port = listens.unwrap_or(*port);
        Ok(listens.is_some())
    }

    async fn cancel_tcpip_forward(&mut self, address: &str, port: u32, _: &mut Session) -> Result<bool, Deaf> {
        let beyond = Beyond::Tcp { host: address.to_owned(), port };
        self.ask(|answer| FromClient::Leaves(beyond, answer)).await
    }

    async fn streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, Deaf> {
        let beyond = Beyond::Socket(path.to_owned());
        Ok(self.ask(|answer| FromClient::Listens(beyond, answer)).await?.is_some())
    }

    async fn cancel_streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, Deaf> {
        let beyond = Beyond::Socket(path.to_owned());
        self.ask(|answer| FromClient::Leaves(beyond, answer)).await
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Deaf> {
        let size = Size { columns, rows, width, height };
        #[expect(clippy::as_conversions, reason = "the library gives their numbers in no other way")]
        let modes = modes.iter().map(|(mode, value)| (*mode as u8, *value)).collect();
        let terminal = Terminal { term: term.to_owned(), size, modes };
        self.wish(channel, Wish::Terminal(terminal), session).await
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Deaf> {
        self.wish(channel, Wish::Variable { name: name.to_owned(), value: value.to_owned() }, session).await
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        once: bool,
        protocol: &str,
        cookie: &str,
        number: u32,
        session: &mut Session,
    ) -> Result<(), Deaf> {
        let screen = Screen { once, protocol: protocol.to_owned(), cookie: cookie.to_owned(), number };
        self.wish(channel, Wish::Screen(screen), session).await
    }

    /// The library answers the client itself.
    async fn agent_request(&mut self, channel: ChannelId, _: &mut Session) -> Result<bool, Deaf> {
        self.ask(|answer| FromClient::Wishes(channel.into(), Wish::Agent, answer)).await
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Deaf> {
        self.begin(channel, Task::Shell, session).await
    }

    async fn exec_request(&mut self, channel: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Deaf> {
        self.begin(channel, Task::Exec(Bytes::copy_from_slice(command)), session).await
    }

    async fn subsystem_request(&mut self, channel: ChannelId, name: &str, session: &mut Session) -> Result<(), Deaf> {
        self.begin(channel, Task::Subsystem(name.to_owned()), session).await
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Deaf> {
        let number = Number::from(channel);
        let Some(level) = self.levels.of(number) else { return Ok(()) };
        level.rise(data.len()).await.map_err(|_| Deaf::Overflow)?;
        self.tell(FromClient::Data(number, Bytes::copy_from_slice(data))).await
    }

    fn adjust_window(&mut self, channel: ChannelId, window: u32) -> u32 {
        self.levels.of(channel.into()).map_or(window, |level| level.window())
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        _: &mut Session,
    ) -> Result<(), Deaf> {
        self.tell(FromClient::Resized(channel.into(), Size { columns, rows, width, height })).await
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _: &mut Session) -> Result<(), Deaf> {
        if matches!(&signal, Sig::Custom(name) if name.len() > LONGEST_SIGNAL) {
            return Ok(());
        }
        self.tell(FromClient::Signalled(channel.into(), signal)).await
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromClient::Finished(channel.into())).await
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Deaf> {
        self.tell(FromClient::Closed(channel.into())).await
    }
}
