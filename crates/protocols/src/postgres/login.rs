//! The client's side of a login: TLS, startup, token; then the target's side; then the session may begin.
//!
//! It collects a claim and hands it to the gate, which says who that is. Nothing of it is believed before. All of it
//! must be done within [`DEADLINE`], and what has arrived when the mode changes is an attack.

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is not expected ends the login")]

pub(super) mod settings;
pub(super) mod target;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Accepted, Gate, Open};
use postern_core::ports::{Client, Encrypt};
use postern_core::{Claim, Code, Fault, Secret};

use self::settings::Settings;
use self::target::Welcome;
use super::cancel::Cancels;
use super::refuse;
use super::wire::{Authentication, Backend, Frame, Frontend, Limit, Startup, frame, startup};
use crate::wire::{Inlet, Outlet, ends, rejoin};

/// The time that a client has to log in.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A session that is about to begin.
pub(super) struct LoggedIn {
    pub(super) gate: Gate<Open>,
    pub(super) inlet: Inlet,
    pub(super) outlet: Outlet,
    pub(super) welcome: Welcome,
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
    encrypted: bool,
}

/// Takes a connection to the beginning of its session.
pub(super) async fn log_in(client: Client, gate: Gate<Accepted>, cancels: &Cancels) -> Result<LoggedIn, Ended> {
    let Client { stream, tls, plaintext, .. } = client;
    let (inlet, outlet) = ends(stream);
    let mut connection = Connection { inlet, outlet, encrypted: false };
    let parameters = loop {
        match connection.startup().await {
            Ok(Some(Startup::Ssl)) => connection = connection.encrypt(&*tls, &gate).await?,
            Ok(Some(Startup::GssEnc)) => connection.answer(b"N").await.map_err(|_| Ended::Quietly)?,
            Ok(Some(Startup::Cancel { process, key })) => {
                cancels.cancel(process, &key).await;
                return Err(Ended::Quietly);
            }
            Ok(Some(Startup::Open { minor, parameters, .. })) => break connection.negotiate(minor, parameters),
            Ok(None) => return Err(Ended::Quietly),
            Err(fault) => return Err(connection.refuse(gate.refused_login(fault).await).await),
        }
    };
    match connection.admit(gate, parameters, plaintext).await {
        Ok((gate, welcome)) => Ok(LoggedIn { gate, inlet: connection.inlet, outlet: connection.outlet, welcome }),
        Err(fault) => Err(connection.refuse(fault).await),
    }
}

impl Connection {
    async fn startup(&mut self) -> Result<Option<Startup>, Fault> {
        loop {
            let packet = startup::next(&mut self.inlet.buffer).map_err(violation)?;
            if packet.is_some() {
                return Ok(packet);
            }
            if self.inlet.fill().await.unwrap_or(0) == 0 {
                return Ok(None);
            }
        }
    }

    async fn encrypt(mut self, tls: &dyn Encrypt, gate: &Gate<Accepted>) -> Result<Self, Ended> {
        if self.encrypted {
            let fault = Fault::client(Code::ClientViolation, "TLS was asked for inside TLS");
            return Err(self.refuse(gate.refused_login(fault).await).await);
        }
        // THREAT: bytes sent before TLS, to be taken for encrypted ones (CVE-2021-23214).
        if !self.inlet.buffer.is_empty() {
            let message = "bytes were sent in plain text between the request for TLS and its beginning";
            let fault = Fault::client(Code::ClientViolation, message);
            return Err(self.refuse(gate.refused_login(fault).await).await);
        }
        self.answer(b"S").await.map_err(|_| Ended::Quietly)?;
        let plain = rejoin(self.inlet, self.outlet).map_err(|_| Ended::Quietly)?;
        match tls.encrypt(plain).await {
            Ok(encrypted) => {
                let (inlet, outlet) = ends(encrypted.stream);
                Ok(Self { inlet, outlet, encrypted: true })
            }
            Err(fault) => Err(Ended::Failed(gate.refused_login(fault).await)),
        }
    }

    /// Tells a client that asks for a newer minor version, or for options, what is spoken here.
    fn negotiate(&mut self, minor: u16, parameters: Vec<(String, String)>) -> Vec<(String, String)> {
        let (options, parameters): (Vec<_>, Vec<_>) =
            parameters.into_iter().partition(|(name, _)| name.starts_with("_pq_."));
        if minor > 0 || !options.is_empty() {
            let unknown = options.into_iter().map(|(name, _)| Bytes::from(name)).collect();
            self.say(&Backend::NegotiateProtocolVersion { major: startup::MAJOR, minor: 0, unknown });
        }
        parameters
    }

    async fn admit(
        &mut self,
        gate: Gate<Accepted>,
        parameters: Vec<(String, String)>,
        plaintext: bool,
    ) -> Result<(Gate<Open>, Welcome), Fault> {
        if !self.encrypted && !plaintext {
            let fault = Fault::client(Code::PlainTextRefused, "this gateway takes no connection without TLS");
            return Err(gate.refused_login(fault.hint("connect with sslmode=verify-full")).await);
        }
        let called = parameters.iter().find(|(name, _)| name == "user").map(|(_, value)| value.clone());
        let gate = gate.called(called.as_deref().unwrap_or_default());
        let settings = match Settings::read(parameters) {
            Ok(settings) => settings,
            Err(fault) => return Err(gate.refused_login(fault).await),
        };
        let token = match self.token().await {
            Ok(token) => token,
            Err(fault) => return Err(gate.refused_login(fault).await),
        };
        let known = gate.identify(Claim::Token(token)).await?;
        let (target, space) = settings.target();
        let (gate, lease, link) = known.open(&target, space.as_deref()).await?;
        match target::log_in(lease, link, gate.space(), &settings).await {
            Ok(welcome) => Ok((gate, welcome)),
            Err(fault) => {
                gate.close(&fault.to_string()).await?;
                Err(fault)
            }
        }
    }

    /// Asks for the token, in clear text inside TLS.
    async fn token(&mut self) -> Result<Secret, Fault> {
        self.say(&Backend::Authentication(Authentication::CleartextPassword));
        self.outlet.drain_all().await.map_err(gone)?;
        let frame = self.message().await?;
        match Frontend::decode(&frame).map_err(violation)? {
            Frontend::Password(password) => Ok(Secret::new(password.cleartext().map_err(violation)?)),
            _ => Err(Fault::client(Code::ClientViolation, "a password message was expected")),
        }
    }

    async fn message(&mut self) -> Result<Frame, Fault> {
        loop {
            if let Some(frame) = frame::next(&mut self.inlet.buffer, Limit::PASSWORD).map_err(violation)? {
                return Ok(frame);
            }
            if self.inlet.fill().await.map_err(gone)? == 0 {
                return Err(Fault::client(Code::ProofMissing, "the client left without sending a token"));
            }
        }
    }

    async fn answer(&mut self, byte: &[u8; 1]) -> std::io::Result<()> {
        self.outlet.push(byte);
        self.outlet.drain_all().await
    }

    fn say(&mut self, message: &Backend) {
        message.encode(&mut self.outlet.buffer).ok();
    }

    async fn refuse(&mut self, fault: Fault) -> Ended {
        self.say(&Backend::ErrorResponse(refuse::fault(&fault)));
        self.outlet.finish().await;
        Ended::Failed(fault)
    }
}

/// What a client did that the protocol does not know.
pub(super) fn violation(error: super::wire::WireError) -> Fault {
    Fault::client(Code::ClientViolation, format!("the client broke the protocol: {error}"))
}

fn gone(error: std::io::Error) -> Fault {
    Fault::client(Code::ClientViolation, "the client left").cause(error)
}

/// One message as bytes; nothing where it cannot be written.
pub(super) fn encoded(message: &Frontend) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out).ok();
    out.freeze()
}
