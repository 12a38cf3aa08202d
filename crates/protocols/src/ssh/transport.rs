//! SSH connections, as far as a library makes them: key exchange, ciphers, packets, the proofs of both logins.
//!
//! The only place that names russh. What comes from either side becomes events in order, a bounded number of them; what
//! goes there is given to a [`Way`], one a channel, which waits for the other side's window. It decides nothing and
//! forwards nothing by itself. Enter at [`server::listen`] and [`target::connect`].

pub(super) mod inward;
pub(super) mod keys;
mod leash;
mod level;
pub(super) mod server;
pub(super) mod target;
mod way;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use russh::keys::{Algorithm, EcdsaCurve};
use russh::{Preferred, SshId, cipher, compression, kex, mac};
use tokio::sync::oneshot;

pub(super) use russh::{Error as Broken, Sig};

pub(super) use self::inward::{Arrival, Inward, Originator};
pub(super) use self::level::{Level, Levels};
pub(super) use self::way::{Gone, Parcel, Way};

/// How much each side may send on a channel before it is told that there is room for more, in bytes.
const WINDOW: u32 = 1 << 20;
/// How many events may wait to be taken.
const EVENTS: usize = 64;
/// The longest packet that is read or written.
const PACKET: u32 = 32 << 10;
/// How often a silent side is asked whether it is there, and how often in vain.
const ALIVE: Duration = Duration::from_secs(30);
const SILENT: usize = 3;

/// What both sides hear of who this is. By OpenSSH's name clients know the order of the two names in a request for a link,
/// which the drafts of sftp have the other way round.
const NAME: SshId = SshId::Standard(Cow::Borrowed("SSH-2.0-Postern OpenSSH_9.9"));

/// Key exchanges, nothing that SHA-1 is part of, and with the answer to prefix truncation (CVE-2023-48795).
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
pub(in crate::ssh) const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
];
const CIPHERS: &[cipher::Name] = &[cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR];
const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM];
/// THREAT: a few packets that become gigabytes, before anybody has logged in.
const COMPRESSION: &[compression::Name] = &[compression::NONE];

fn preferred(certificates: &'static [Algorithm]) -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        host_key_certificates: Cow::Borrowed(certificates),
        key: Cow::Borrowed(KEYS),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(COMPRESSION),
    }
}

/// A channel, as the side calls it that it was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Number(u32);

impl Number {
    /// None of those there are.
    pub(super) const NOBODY: Self = Self(u32::MAX);
}

impl From<russh::ChannelId> for Number {
    fn from(id: russh::ChannelId) -> Self {
        Self(id.into())
    }
}

/// Which of the streams of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// What a program writes, or what is written to it.
    Plain,
    /// What a program complains of (`SSH_EXTENDED_DATA_STDERR`, RFC 4254 §5.2).
    Errors,
}

impl Stream {
    const ERRORS: u32 = 1;

    fn of(code: u32) -> Option<Self> {
        (code == Self::ERRORS).then_some(Self::Errors)
    }
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A terminal that a client wants its program to run in (RFC 4254 §6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    pub(super) term: String,
    pub(super) size: Size,
    /// By their numbers (RFC 4254 §8).
    pub(super) modes: Vec<(u8, u32)>,
}

/// How many channels a client may open at once, and how many its host.
const CHANNELS: usize = 64;
pub(super) const ARRIVALS: usize = 32;

/// What a client wants around a program that it has not begun yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Terminal(Terminal),
    Variable {
        name: String,
        value: String,
    },
    /// The client's own agent, for the target to have things signed (`auth-agent-req@openssh.com`).
    Agent,
    /// The client's own screen (RFC 4254 §6.3.1).
    Screen(Screen),
}

/// A screen that a client lends, and what whoever wants to show something there proves itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    /// For one connection and no more.
    pub(super) once: bool,
    pub(super) protocol: String,
    pub(super) cookie: String,
    pub(super) number: u32,
}

impl Wish {
    /// What the target may open channels for by it, and how many.
    pub(super) fn lends(&self) -> Option<(Inward, usize)> {
        match self {
            Self::Terminal(_) | Self::Variable { .. } => None,
            Self::Agent => Some((Inward::Agent, usize::MAX)),
            Self::Screen(screen) => Some((Inward::Screen, if screen.once { 1 } else { usize::MAX })),
        }
    }
}

/// What a channel is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Shell,
    Exec(Bytes),
    Subsystem(String),
}

/// Where a connection goes beyond the target, or comes in there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beyond {
    Tcp { host: String, port: u32 },
    Socket(String),
}

/// How a program ended (RFC 4254 §6.10).
#[derive(Clone, Debug)]
pub(super) enum Exit {
    Status(u32),
    Signal { name: Sig, dumped: bool, message: String },
}

/// Why a connection is heard no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Deaf {
    /// The connection failed, or the other side broke the protocol.
    #[error(transparent)]
    Connection(#[from] russh::Error),
    /// Nobody listens here.
    #[error("the session is over")]
    Over,
    #[error("more was sent than there was room for")]
    Overflow,
}

/// The answer to something that its side waits for.
pub(super) type Answer = oneshot::Sender<bool>;
/// The same where a port may have been chosen; nothing where it was refused.
pub(super) type Port = oneshot::Sender<Option<u32>>;

/// What comes from a client that has logged in.
pub(super) enum FromClient {
    /// It has a channel for a program.
    Opened(Number, Way, Level),
    /// It wants something around the program of a channel.
    Wishes(Number, Wish, Answer),
    /// It begins one.
    Begins(Number, Task),
    /// It wants a connection from the target to somewhere else.
    Forwards(Beyond, server::Opening),
    /// It wants the target to listen, and to open a channel for each connection that comes in.
    Listens(Beyond, Port),
    /// It wants that no more.
    Leaves(Beyond, Answer),
    Data(Number, Bytes),
    Resized(Number, Size),
    Signalled(Number, Sig),
    Finished(Number),
    Closed(Number),
}

impl FromClient {
    /// The channel that it is about, where it is about one that may be the target's.
    pub(super) fn channel(&self) -> Option<Number> {
        match self {
            Self::Data(number, _)
            | Self::Resized(number, _)
            | Self::Signalled(number, _)
            | Self::Finished(number)
            | Self::Closed(number) => Some(*number),
            Self::Opened(..) | Self::Wishes(..) | Self::Begins(..) => None,
            Self::Forwards(..) | Self::Listens(..) | Self::Leaves(..) => None,
        }
    }
}

/// What comes from a target.
pub(super) enum FromTarget {
    /// It would open a channel to the client.
    Arrives(Arrival),
    Data(Number, Stream, Bytes),
    Exited(Number, Exit),
    /// What was asked of a channel was done, or not.
    Answered(Number, bool),
    Finished(Number),
    Closed(Number),
}

impl FromTarget {
    /// The channel that it is about, where there may be one.
    pub(super) fn channel(&self) -> Option<Number> {
        match self {
            Self::Data(number, ..)
            | Self::Exited(number, _)
            | Self::Answered(number, _)
            | Self::Finished(number)
            | Self::Closed(number) => Some(*number),
            Self::Arrives(_) => None,
        }
    }
}
