//! The target's side of a login: TLS, the injected credential, and what the server says of itself.
//!
//! The server proves itself before it gets anything: by its certificate, and in SCRAM by knowing the password, bound
//! to the TLS connection where it offers that. Without TLS it is SCRAM, or no password is configured. What it says about the login goes to the log, not to the client: it
//! names the injected account.

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is not expected ends the login")]

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use postern_core::gate::Lease;
use postern_core::ports::{Asked, Encrypted, Link, TlsVersion};
use postern_core::{Code, Fault, Micros, Secret};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};

use super::super::analyze::Encoding;
use super::super::analyze::setting::{self, PINNED};
use super::super::wire::{
    Authentication, Backend, Frame, Limit, Report, TransactionStatus, WireError, frame, password, startup,
};
use super::SHORT_KEY;
use super::guard::{self, Kept};
use super::settings::Settings;
use crate::wire::{Inlet, Outlet, ends, rejoin};

/// What a server says once it has let the gateway in.
pub(in crate::postgres) struct Welcome {
    pub(in crate::postgres) inlet: Inlet,
    pub(in crate::postgres) outlet: Outlet,
    /// The settings that it reports, in order.
    pub(in crate::postgres) parameters: Vec<(Bytes, Bytes)>,
    /// What a cancel request to it must carry.
    pub(in crate::postgres) cancel: (i32, Bytes),
    /// The account that statements run as.
    pub(in crate::postgres) user: String,
    /// How it keeps the password, as far as it has said.
    pub(in crate::postgres) kept: Kept,
    /// How either proved itself.
    pub(in crate::postgres) proved: Proved,
}

/// How the gateway came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::postgres) struct Proved {
    /// Inside of what; nothing where it is plain text.
    pub(in crate::postgres) tls: Option<(TlsVersion, Option<Micros>)>,
    /// Whether the server asked for a certificate.
    pub(in crate::postgres) asked: Asked,
    /// By which proof of the account.
    pub(in crate::postgres) by: Proof,
}

/// What a server asks of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Proof {
    /// Nothing inside the protocol.
    Nothing,
    /// The password itself.
    ClearText,
    /// A hash of the password's hash.
    Md5,
    /// That it knows the password; `bound` to the very TLS connection.
    Scram { bound: bool },
}

impl Welcome {
    /// The value that it reports of a setting.
    pub(in crate::postgres) fn reported(&self, setting: &str) -> Option<&Bytes> {
        self.parameters.iter().rfind(|(name, _)| name == setting).map(|(_, value)| value)
    }

    /// Whether it has said of a setting that is pinned that it has its value, and nothing else.
    ///
    /// THREAT: a server that reads statements in another way than they are read here: one that passes over what it is
    /// asked to set, or sets something else as a session begins.
    fn keeps(&self, setting: &str) -> bool {
        let mut said = self.parameters.iter().filter(|(name, _)| name == setting).peekable();
        said.peek().is_some() && said.all(|(_, value)| setting::keeps(setting, &String::from_utf8_lossy(value)))
    }

    /// What its database keeps text in.
    pub(in crate::postgres) fn encoding(&self) -> Encoding {
        self.reported("server_encoding").map_or(Encoding::Other, |name| Encoding::named(name))
    }
}

/// The most that a server may say before it lets the gateway in, in bytes a message.
const LIMIT: Limit = Limit::server(64 << 10);

/// The most that it may say of its settings in all, in bytes; a server says some hundreds.
const MOST_SAID: usize = 64 << 10;
/// What each of them costs besides its length.
const EACH: usize = 64;

struct Leg {
    inlet: Inlet,
    outlet: Outlet,
    /// What the connection is encrypted by, where it is.
    tls: Option<Inside>,
    /// Whether the server asked for a certificate.
    asked: Asked,
    /// The minor version that is spoken: what was asked for, until the server says that it knows an older one only.
    minor: u16,
    kept: Kept,
}

/// An encrypted connection.
struct Inside {
    /// The server certificate's channel binding, where it has one.
    end_point: Option<Vec<u8>>,
    version: TlsVersion,
    /// When the server's certificate ends.
    until: Option<Micros>,
}

/// The time that a server has to let the gateway in. It is up before the client's, who can then be told.
const PATIENCE: Duration = Duration::from_secs(8);

/// Logs in with the injected credential.
pub(in crate::postgres) async fn log_in(
    lease: &Lease,
    link: Link,
    database: &str,
    settings: &Settings,
) -> Result<Welcome, Fault> {
    tokio::time::timeout(PATIENCE, exchange(lease, link, database, settings)).await.unwrap_or_else(|_| {
        Err(Fault::target(Code::TargetUnreachable, "the target takes connections and does not answer")
            .hint("see that a PostgreSQL server listens at the target's `address`, and that it is not overloaded"))
    })
}

async fn exchange(lease: &Lease, link: Link, database: &str, settings: &Settings) -> Result<Welcome, Fault> {
    let mut leg = secure(link).await?;
    let database = if database.is_empty() { lease.user.as_str() } else { database };
    let mut parameters: Vec<(&str, &str)> = vec![("user", &lease.user), ("database", database)];
    parameters.extend(settings.replication.map(|replication| ("replication", replication.word())));
    parameters.extend(settings.passed.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    // The version that the client asked for: poolers refuse what they do not know, and so only whom they would without us.
    leg.minor = settings.minor;
    startup::encode_open(leg.minor, &parameters, &mut leg.outlet.buffer).map_err(|error| {
        Fault::client(Code::NotSupported, "the startup parameters are longer than a server takes").cause(error)
    })?;
    let welcomed = async {
        let by = authenticate(&mut leg, lease).await?;
        welcome(leg, lease.user.clone(), by).await
    };
    welcomed.await.map_err(|fault| settings.blame(guard::unsaid(fault, lease)))
}

/// Encrypts the connection where the configuration says so; a server that does not offer it gets nothing.
pub(in crate::postgres) async fn encrypted(link: Link) -> Result<(Inlet, Outlet), Fault> {
    secure(link).await.map(|leg| (leg.inlet, leg.outlet))
}

async fn secure(link: Link) -> Result<Leg, Fault> {
    let (mut inlet, mut outlet) = ends(link.stream);
    let leg = |inlet, outlet, tls, asked| Leg { inlet, outlet, tls, asked, minor: 0, kept: Kept::Otherwise };
    let Some(tls) = link.tls else { return Ok(leg(inlet, outlet, None, Asked::Nothing)) };
    startup::encode_ssl_request(&mut outlet.buffer);
    outlet.drain_all().await.map_err(lost)?;
    if inlet.byte().await.map_err(lost)? != b'S' {
        let fault = Fault::target(Code::TargetCertificate, "the target does not offer TLS");
        return Err(fault.hint("turn on ssl in the server, or set tls = \"disable\" for this target"));
    }
    // only one byte was read, so nothing can have come ahead of the handshake
    let plain = rejoin(inlet, outlet).map_err(|_| broken("bytes before TLS"))?;
    let Encrypted { stream, end_point, asked, version, until, .. } = tls.encrypt(plain).await?;
    let (inlet, outlet) = ends(stream);
    Ok(leg(inlet, outlet, Some(Inside { end_point, version, until }), asked))
}

async fn authenticate(leg: &mut Leg, lease: &Lease) -> Result<Proof, Fault> {
    let secret = lease.password.as_ref();
    leg.send().await?;
    match leg.authentication().await? {
        // THREAT: whoever answers in its place lets anybody in, to hear what is asked and to say what names mean.
        Authentication::Ok if leg.tls.is_none() && secret.is_some() => Err(unproved()),
        Authentication::Ok => Ok(Proof::Nothing),
        // THREAT: a server, or whoever poses as it, that asks for the password in the open.
        Authentication::CleartextPassword if leg.tls.is_none() => {
            Err(unusable("it asks for the password in clear text without TLS"))
        }
        Authentication::CleartextPassword => leg.password(needed(secret)?).await.map(|()| Proof::ClearText),
        // THREAT: the same, for an answer that gives the password away to whoever tries enough of them, or that is handed
        // on to the server itself.
        Authentication::Md5 { .. } if leg.tls.is_none() => Err(unusable("it asks for an MD5 password without TLS")),
        Authentication::Md5 { salt } => {
            leg.kept = Kept::Md5;
            let hashed = md5_hash(lease.user.as_bytes(), needed(secret)?.expose(), salt);
            leg.password(&Secret::new(hashed)).await.map(|()| Proof::Md5)
        }
        Authentication::Sasl { mechanisms } => scram(leg, &mechanisms, needed(secret)?).await,
        Authentication::SaslContinue(_) | Authentication::SaslFinal(_) => Err(broken("an exchange that was not begun")),
        Authentication::Other(kind) => Err(unusable(&format!("it asks for authentication of kind {kind}"))),
    }
}

async fn scram(leg: &mut Leg, mechanisms: &[Bytes], secret: &Secret) -> Result<Proof, Fault> {
    let offered = |name: &str| mechanisms.iter().any(|mechanism| mechanism.as_ref() == name.as_bytes());
    let end_point = leg.tls.as_ref().and_then(|inside| inside.end_point.clone());
    let (mechanism, binding) = match end_point {
        Some(end_point) if offered(SCRAM_SHA_256_PLUS) => {
            (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(end_point))
        }
        // `unrequested` tells the server that binding was possible, so that stripping the offer is noticed
        Some(_) if offered(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unrequested()),
        None if offered(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unsupported()),
        Some(_) | None => return Err(unusable("it offers no SCRAM-SHA-256")),
    };
    let mut exchange = ScramSha256::new(secret.expose(), binding);
    password::encode_sasl_initial(mechanism.as_bytes(), Some(exchange.message()), &mut leg.outlet.buffer)
        .map_err(unwritable)?;
    leg.send().await?;
    let Authentication::SaslContinue(challenge) = leg.authentication().await? else {
        return Err(broken("no challenge"));
    };
    leg.kept = Kept::read(&challenge).map_err(|()| broken("a challenge that is none"))?;
    exchange.update(&challenge).map_err(|_| broken("a challenge that is none"))?;
    password::encode_sasl_response(exchange.message(), &mut leg.outlet.buffer).map_err(unwritable)?;
    leg.send().await?;
    // THREAT: a server that skips its own proof and says that all is well.
    let Authentication::SaslFinal(proof) = leg.authentication().await? else { return Err(broken("no proof")) };
    exchange.finish(&proof).map_err(|_| broken("a proof that is none: it does not know the password"))?;
    match leg.authentication().await? {
        Authentication::Ok => Ok(Proof::Scram { bound: mechanism == SCRAM_SHA_256_PLUS }),
        _ => Err(broken("another request after the proof")),
    }
}

async fn welcome(mut leg: Leg, user: String, by: Proof) -> Result<Welcome, Fault> {
    let (mut parameters, mut said) = (Vec::new(), 0_usize);
    let mut cancel = (0, Bytes::new());
    loop {
        match leg.message().await? {
            Backend::ParameterStatus { name, value } => {
                said = said.saturating_add(name.len()).saturating_add(value.len()).saturating_add(EACH);
                if said > MOST_SAID {
                    return Err(broken("it reports more settings than a server has"));
                }
                parameters.push((name, value));
            }
            Backend::BackendKeyData { process, key } if leg.minor >= startup::MINOR || key.len() == SHORT_KEY => {
                cancel = (process, key);
            }
            Backend::NoticeResponse(_) => {}
            Backend::ReadyForQuery { status: TransactionStatus::Idle } => break,
            _ => return Err(broken("a message that does not belong to a login")),
        }
    }
    let Leg { inlet, outlet, tls, asked, kept, .. } = leg;
    let proved = Proved { tls: tls.map(|inside| (inside.version, inside.until)), asked, by };
    let welcome = Welcome { inlet, outlet, parameters, cancel, user, kept, proved };
    match PINNED.iter().find(|(name, _)| !welcome.keeps(name)) {
        None => Ok(welcome),
        Some((name, _)) => Err(otherwise(name)),
    }
}

fn otherwise(name: &str) -> Fault {
    let message =
        format!("the target does not say that it keeps `{name}` as it was asked to, so that statements cannot be read");
    Fault::target(Code::SettingPinned, message)
        .hint("see what sets it there: a login trigger, or a pooler between the gateway and the server")
}

impl Leg {
    /// Sends a password, or what stands for it, and expects that this was all.
    async fn password(&mut self, secret: &Secret) -> Result<(), Fault> {
        password::encode_password(secret.expose(), &mut self.outlet.buffer).map_err(unwritable)?;
        self.send().await?;
        match self.authentication().await? {
            Authentication::Ok => Ok(()),
            _ => Err(broken("another request after the password")),
        }
    }

    async fn authentication(&mut self) -> Result<Authentication, Fault> {
        loop {
            match self.message().await? {
                Backend::Authentication(step) => return Ok(step),
                Backend::NegotiateProtocolVersion { major, minor, unknown } => self.agree(major, minor, &unknown)?,
                Backend::NoticeResponse(_) => {}
                _ => return Err(broken("a message that is no step of a login")),
            }
        }
    }

    /// The server knows an older version only; no option was asked for.
    fn agree(&mut self, major: u16, minor: u16, unknown: &[Bytes]) -> Result<(), Fault> {
        if major != startup::MAJOR || minor >= self.minor || !unknown.is_empty() {
            return Err(broken("a version that was not asked for"));
        }
        self.minor = minor;
        Ok(())
    }

    async fn message(&mut self) -> Result<Backend, Fault> {
        let frame = self.frame().await?;
        match Backend::decode(&frame).map_err(|error| broken(&error.to_string()))? {
            Backend::ErrorResponse(report) => Err(refused(&report, self.asked)),
            message => Ok(message),
        }
    }

    async fn frame(&mut self) -> Result<Frame, Fault> {
        loop {
            let found =
                frame::next(&mut self.inlet.buffer, LIMIT).map_err(|error: WireError| broken(&error.to_string()))?;
            if let Some(frame) = found {
                return Ok(frame);
            }
            match self.inlet.fill().await {
                Ok(0) => return Err(closed(self.asked)),
                Ok(_) => {}
                Err(error) => return Err(closed(self.asked).cause(error)),
            }
        }
    }

    async fn send(&mut self) -> Result<(), Fault> {
        self.outlet.drain_all().await.map_err(|error| closed(self.asked).cause(error))
    }
}

fn needed(secret: Option<&Secret>) -> Result<&Secret, Fault> {
    secret.filter(|secret| !secret.is_empty()).ok_or_else(|| unusable("it asks for a password, and none is configured"))
}

/// What the server refused; its words name the account, so they go to the log.
fn refused(report: &Report, asked: Asked) -> Fault {
    let code = report.code().filter(|code| code.len() == 5 && code.iter().all(u8::is_ascii_alphanumeric));
    let code = String::from_utf8_lossy(code.unwrap_or(b"unknown"));
    let said = report.message().map(String::from_utf8_lossy).unwrap_or_default();
    let fault = match code.as_ref() {
        "28000" if asked == Asked::InVain => wanted("the target refused the login"),
        "28P01" | "28000" => {
            Fault::target(Code::TargetLogin, "the target refused the credential that the gateway holds for it")
                .hint("check the target's `login` in the configuration, and the server's pg_hba.conf")
        }
        "3D000" => Fault::target(Code::TargetUnknown, "the target has no such database")
            .hint("check the target's `database` in the configuration"),
        "53300" => Fault::target(Code::TargetUnreachable, "the target takes no more connections"),
        "57P03" => Fault::target(Code::TargetUnreachable, "the target is starting up or shutting down"),
        _ => Fault::target(Code::TargetLogin, format!("the target refused the login with SQLSTATE {code}")),
    };
    fault.cause(said)
}

fn unusable(why: &str) -> Fault {
    Fault::target(Code::TargetLogin, format!("the gateway cannot log in to the target: {why}"))
        .hint("see that the target's `login` has a password, and that the server asks for scram-sha-256 or speaks TLS")
}

fn unproved() -> Fault {
    let message = "the target lets the gateway in without TLS and without proving that it knows the password";
    Fault::target(Code::TargetUnproved, message).hint(
        "turn on TLS for it, have it ask for scram-sha-256, or take the password out of its `login` if anybody may \
         answer for it",
    )
}

fn broken(what: &str) -> Fault {
    Fault::target(Code::TargetViolation, format!("the target broke the protocol during the login: {what}"))
}

/// The target ended the connection. With TLS 1.3 it says only so what it thinks of a certificate.
fn closed(asked: Asked) -> Fault {
    match asked {
        Asked::Nothing => Fault::target(Code::TargetLost, "the target closed the connection during the login")
            .hint("see the server's log"),
        Asked::InVain => wanted("the target closed the connection during the login"),
        Asked::Shown => {
            let message = "the target closed the connection when it had seen the gateway's certificate";
            Fault::target(Code::TargetLogin, message)
                .hint("see that the server trusts the authority of the `certificate` in the target's `login`")
        }
    }
}

fn wanted(what: &str) -> Fault {
    Fault::target(
        Code::CertificateWanted,
        format!("{what}, and had asked for a certificate: none that it takes is configured"),
    )
    .hint("give the target's `login` a `certificate` and its `key`, or see the server's pg_hba.conf")
}

fn lost(error: std::io::Error) -> Fault {
    Fault::target(Code::TargetLost, "the connection to the target was lost during the login").cause(error)
}

fn unwritable(error: WireError) -> Fault {
    Fault::gateway(Code::Internal, "the login cannot be written").cause(error)
}

/// The packet that takes back what a session does.
pub(in crate::postgres) fn cancel_packet(cancel: &(i32, Bytes)) -> BytesMut {
    let mut packet = BytesMut::new();
    startup::encode_cancel(cancel.0, &cancel.1, &mut packet).ok();
    packet
}

#[cfg(test)]
mod tests;
