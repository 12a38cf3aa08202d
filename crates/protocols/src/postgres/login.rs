//! The client's side of a login: TLS, startup, proof; then the target's side; then the session may begin.
//!
//! It collects a claim and hands it to the gate, which says who that is. Nothing of it is believed before. The client
//! must have done its part within [`DEADLINE`], and what has arrived when the mode changes is an attack. What the
//! target then takes has bounds of its own, so that whose side was slow is known.

mod attribution;
pub(super) mod guard;
mod proof;
pub(super) mod settings;
pub(super) mod target;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Accepted, Gate, Open};
use postern_core::journal::Outcome;
use postern_core::mask::echo::Echo;
use postern_core::ports::{Client, Duplex, Encrypt, Encrypted, Later};
use postern_core::target::{Attribution, asked_by};
use postern_core::{Code, Fault};
use tokio::time::{Instant, timeout, timeout_at};

use self::guard::Guards;
use self::settings::{Replication, Settings};
use self::target::Welcome;
use super::cancel::Cancels;
use super::refuse;
use super::session;
use super::wire::{Backend, Frontend, Startup, WireError, startup};
use crate::wire::{Inlet, Outlet, ends, rejoin, reread};

/// The time that a client has for its part of a login.
/// INVARIANT: with [`GOODBYE`] it makes 20 s, after which whoever dribbles is gone, also where the machine is busy.
pub(super) const DEADLINE: Duration = Duration::from_secs(14);
/// The time that it has to hear why it is refused.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

/// The length of a cancel key in protocol 3.0, and what servers make of it in 3.2 (55.7, "`BackendKeyData`").
const SHORT_KEY: usize = 4;
const LONG_KEY: usize = 32;

/// A session that is about to begin.
pub(super) struct LoggedIn {
    pub(super) gate: Gate<Open>,
    pub(super) inlet: Inlet,
    pub(super) outlet: Outlet,
    pub(super) welcome: Welcome,
    /// Listens for the credential that was injected.
    pub(super) echo: Arc<Echo>,
    /// Whether the server serves it with a walsender.
    pub(super) replication: Option<Replication>,
    /// How long a cancel key the client takes, in bytes.
    pub(super) key_length: usize,
}

/// How a connection ended before it became a session.
pub(super) enum Ended {
    /// It asked for a cancellation, or left.
    Quietly,
    /// It failed; the client was told.
    Failed(Fault),
}

struct Connection {
    inlet: Inlet,
    outlet: Outlet,
    /// What TLS says of it, once it is encrypted.
    tls: Option<Inside>,
    /// What it may still ask for.
    requests: Requests,
    /// When the client has had its time.
    until: Option<Instant>,
}

/// A client with its target.
struct Admitted {
    gate: Gate<Open>,
    welcome: Welcome,
    echo: Arc<Echo>,
    replication: Option<Replication>,
}

/// The requests for encryption that a client has not made yet; each is answered once (`ProcessStartupPacket`).
#[derive(Clone, Copy)]
struct Requests {
    tls: bool,
    gss: bool,
}

impl Requests {
    const ALL: Self = Self { tls: true, gss: true };
    /// Whoever has asked for TLS and got it asks for nothing more.
    const NONE: Self = Self { tls: false, gss: false };
}

/// What a TLS handshake said.
struct Inside {
    /// The channel binding of the certificate that the client has seen.
    end_point: Option<Vec<u8>>,
    /// The host name that the client asked for. It is no proof of anything, only a name for a target.
    server_name: Option<String>,
}

/// Takes a connection to the beginning of its session.
pub(super) async fn log_in(
    client: Client,
    gate: Gate<Accepted>,
    cancels: &Cancels,
    guards: &Guards,
) -> Result<LoggedIn, Ended> {
    let Client { stream, address, tls, host_seed: _, domain, plaintext } = client;
    let (inlet, outlet) = ends(stream);
    let until = Instant::now().checked_add(DEADLINE);
    let mut connection = Connection { inlet, outlet, tls: None, requests: Requests::ALL, until };
    match connection.begins_with_tls().await {
        Ok(true) => connection = connection.directly(&*tls, &gate).await?,
        Ok(false) => {}
        Err(fault) => return Err(connection.refuse_login(&gate, fault).await),
    }
    let (minor, parameters) = loop {
        match connection.startup().await {
            Ok(Some(Startup::Ssl)) if connection.requests.tls => connection = connection.encrypt(&*tls, &gate).await?,
            Ok(Some(Startup::GssEnc)) if connection.requests.gss => {
                connection.requests.gss = false;
                connection = connection.decline(&gate).await?;
            }
            Ok(Some(again @ (Startup::Ssl | Startup::GssEnc))) => {
                return Err(connection.refuse_login(&gate, unsupported(again.version())).await);
            }
            Ok(Some(Startup::Cancel { process, key })) => {
                cancels.cancel(address.ip(), process, &key).await;
                return Err(Ended::Quietly);
            }
            Ok(Some(Startup::Open { minor, parameters, .. })) => {
                break (minor, connection.negotiate(minor, parameters));
            }
            Ok(None) => return Err(Ended::Quietly),
            Err(fault) => return Err(connection.refuse_login(&gate, fault).await),
        }
    };
    let hosted = connection.tls.as_ref().and_then(|tls| asked_by(tls.server_name.as_deref()?, &domain));
    match connection.admit(gate, (minor, parameters), hosted, plaintext, guards).await {
        Ok(Admitted { gate, welcome, echo, replication }) => {
            let key_length = if minor >= startup::MINOR { LONG_KEY } else { SHORT_KEY };
            let Connection { inlet, outlet, .. } = connection;
            Ok(LoggedIn { gate, inlet, outlet, welcome, echo, replication, key_length })
        }
        Err(fault) => Err(connection.refuse(fault).await),
    }
}

impl Connection {
    async fn startup(&mut self) -> Result<Option<Startup>, Fault> {
        loop {
            let packet = startup::next(&mut self.inlet.buffer).map_err(unspoken)?;
            if packet.is_some() {
                return Ok(packet);
            }
            if in_time(self.until, self.inlet.fill()).await?.unwrap_or(0) == 0 {
                return Ok(None);
            }
        }
    }

    /// Whether the client begins with TLS, and asks for nothing before. What it has sent stays unread.
    async fn begins_with_tls(&mut self) -> Result<bool, Fault> {
        // whoever sends nothing at all is noticed by the next who reads
        in_time(self.until, self.inlet.fill()).await?.ok();
        Ok(self.inlet.buffer.first() == Some(&startup::TLS))
    }

    /// Encrypts a connection that begins with TLS.
    async fn directly(self, tls: &dyn Encrypt, gate: &Gate<Accepted>) -> Result<Self, Ended> {
        let plain = reread(self.inlet, self.outlet).map_err(|_| Ended::Quietly)?;
        let (mut inside, protocol) = Self::shake_hands(plain, tls, self.until, gate).await?;
        inside.requests = Requests::ALL;
        // THREAT: another protocol's client is brought to speak to this port, or this one's to speak to another's port,
        // under one certificate (ALPACA). Both ends must have said what they speak. The server does not say why, either.
        if protocol.as_deref() != Some(startup::ALPN.as_bytes()) {
            timeout(GOODBYE, inside.outlet.finish()).await.ok();
            let fault = Fault::client(Code::ClientViolation, "a connection began with TLS and not with its protocol");
            let fault = fault.hint("the client must name `postgresql` in ALPN, as libpq does from version 17 on");
            return Err(Ended::Failed(gate.refused_login(fault).await));
        }
        Ok(inside)
    }

    /// Encrypts a connection whose client has asked for that.
    async fn encrypt(mut self, tls: &dyn Encrypt, gate: &Gate<Accepted>) -> Result<Self, Ended> {
        self.requests.tls = false;
        // what began with TLS gets no more of it
        if self.tls.is_some() {
            return self.decline(gate).await;
        }
        // THREAT: bytes sent before TLS, to be taken for encrypted ones (CVE-2021-23214).
        if !self.inlet.buffer.is_empty() {
            let message = "bytes were sent in plain text between the request for TLS and its beginning";
            let fault = Fault::client(Code::ClientViolation, message);
            return Err(self.refuse_login(gate, fault).await);
        }
        if let Err(fault) = self.answer(b"S").await {
            return Err(self.refuse_login(gate, fault).await);
        }
        let plain = rejoin(self.inlet, self.outlet).map_err(|_| Ended::Quietly)?;
        let (inside, _) = Self::shake_hands(plain, tls, self.until, gate).await?;
        Ok(inside)
    }

    /// The connection inside TLS, and what both ends agreed to speak there.
    async fn shake_hands(
        plain: Box<dyn Duplex>,
        tls: &dyn Encrypt,
        until: Option<Instant>,
        gate: &Gate<Accepted>,
    ) -> Result<(Self, Option<Vec<u8>>), Ended> {
        match in_time(until, tls.encrypt(plain)).await {
            Ok(Ok(Encrypted { stream, end_point, protocol, server_name, .. })) => {
                let (inlet, outlet) = ends(stream);
                let tls = Some(Inside { end_point, server_name });
                Ok((Self { inlet, outlet, tls, requests: Requests::NONE, until }, protocol))
            }
            Ok(Err(fault)) | Err(fault) => Err(Ended::Failed(gate.refused_login(fault).await)),
        }
    }

    /// Says that what the client asks for is not to be had.
    async fn decline(mut self, gate: &Gate<Accepted>) -> Result<Self, Ended> {
        match self.answer(b"N").await {
            Ok(()) => Ok(self),
            Err(fault) => Err(self.refuse_login(gate, fault).await),
        }
    }

    /// Tells a client that asks for a newer minor version, or for options, what is spoken here.
    fn negotiate(&mut self, minor: u16, parameters: Vec<(String, String)>) -> Vec<(String, String)> {
        let (options, parameters): (Vec<_>, Vec<_>) =
            parameters.into_iter().partition(|(name, _)| name.starts_with(startup::OPTION));
        if minor > startup::MINOR || !options.is_empty() {
            let unknown = options.into_iter().map(|(name, _)| Bytes::from(name)).collect();
            let minor = minor.min(startup::MINOR);
            self.say(&Backend::NegotiateProtocolVersion { major: startup::MAJOR, minor, unknown });
        }
        parameters
    }

    async fn admit(
        &mut self,
        gate: Gate<Accepted>,
        (minor, parameters): (u16, Vec<(String, String)>),
        hosted: Option<String>,
        plaintext: bool,
        guards: &Guards,
    ) -> Result<Admitted, Fault> {
        if self.tls.is_none() && !plaintext {
            let fault = Fault::client(Code::PlainTextRefused, "this gateway takes no connection without TLS");
            return Err(gate.refused_login(fault.hint("connect with sslmode=verify-full")).await);
        }
        let user = parameters.iter().find(|(name, _)| name == "user").map(|(_, value)| value.clone());
        let user = user.unwrap_or_default();
        let gate = gate.called(&user);
        let mut settings = match Settings::read(minor, parameters, hosted) {
            Ok(settings) => settings,
            Err(fault) => return Err(gate.refused_login(fault).await),
        };
        let known = self.identify(gate, &user).await?;
        let (target, space) = settings.target(known.bound());
        let (mut gate, lease, link) = known.open(&target, space.as_deref()).await?;
        match gate.target().attribution {
            // a standby is known to its primary by the name that it gives itself (`synchronous_standby_names`)
            Attribution::Principal if settings.replication != Some(Replication::Physical) => {
                settings.attribute(gate.principal());
            }
            Attribution::Principal | Attribution::Client => {}
        }
        let over = gate.over();
        let mut set = None;
        let opened = async {
            set = session::open(&mut gate, &settings).await?;
            let welcome = target::log_in(&lease, link, gate.space(), &settings).await?;
            let echo = guards.of(gate.target(), &lease, &welcome.kept, settings.replication.is_some());
            Ok((welcome, echo))
        };
        let opened = as_long_as(over, opened).await;
        let outcome = match &opened {
            Ok(_) => Outcome::Done { note: "SET".to_owned() },
            Err(fault) if fault.code == Code::SettingRefused => Outcome::Failed { code: fault.code.to_string() },
            Err(_) => Outcome::Unknown,
        };
        gate.finished(set.into_iter().map(|id| (id, outcome.clone())).collect())?;
        match opened {
            Ok((welcome, echo)) => Ok(Admitted { gate, welcome, echo, replication: settings.replication }),
            Err(fault) => {
                gate.close(&fault.to_string()).await?;
                Err(fault)
            }
        }
    }

    async fn answer(&mut self, byte: &[u8; 1]) -> Result<(), Fault> {
        self.outlet.push(byte);
        in_time(self.until, self.outlet.drain_all()).await?.map_err(gone)
    }

    fn say(&mut self, message: &Backend) {
        message.encode(&mut self.outlet.buffer).ok();
    }

    async fn refuse_login(mut self, gate: &Gate<Accepted>, fault: Fault) -> Ended {
        self.refuse(gate.refused_login(fault).await).await
    }

    async fn refuse(&mut self, fault: Fault) -> Ended {
        self.say(&Backend::ErrorResponse(refuse::fault(&fault)));
        timeout(GOODBYE, self.outlet.finish()).await.ok();
        Ended::Failed(fault)
    }
}

/// Why nothing can be said to what a client began with.
fn unspoken(error: WireError) -> Fault {
    if let WireError::Version { major, minor } = error { unsupported((major, minor)) } else { violation(error) }
}

/// A version that is not spoken, or a request that is not open any more, is answered as by the server.
fn unsupported((major, minor): (u16, u16)) -> Fault {
    let (spoken, newest) = (startup::MAJOR, startup::MINOR);
    let message =
        format!("unsupported frontend protocol {major}.{minor}: server supports {spoken}.0 to {spoken}.{newest}");
    Fault::client(Code::NotSupported, message).hint("see the client's version")
}

/// What a client did that the protocol does not know.
pub(super) fn violation(error: WireError) -> Fault {
    Fault::client(Code::ClientViolation, format!("the client broke the protocol: {error}"))
}

/// Something that waits for the client, as long as it has time.
async fn in_time<T>(until: Option<Instant>, waits: impl Future<Output = T>) -> Result<T, Fault> {
    let Some(until) = until else { return Ok(waits.await) };
    timeout_at(until, waits).await.map_err(|_| {
        Fault::client(Code::LoginTimeout, "the client took too long to log in")
            .hint("see that it sends its token at once, and what slows the way to the gateway")
    })
}

/// Something that waits for the target, as long as the session is not `over`.
pub(super) async fn as_long_as<T>(
    over: Later<'static, Fault>,
    waits: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::select! {
        done = waits => done,
        fault = over => Err(fault),
    }
}

fn gone(error: io::Error) -> Fault {
    Fault::client(Code::ClientViolation, "the client left").cause(error)
}

/// One message as bytes; nothing where it cannot be written.
pub(super) fn encoded(message: &Frontend) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out).ok();
    out.freeze()
}
