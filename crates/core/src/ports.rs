//! The doors to the outside. Core asks through these; an adapter, a protocol or a test answers.
//!
//! None of them can grant anything: what comes back is data, and [`crate::gate`] alone makes permits of it.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::approval::{Answered, Approval, Choice, Settled};
use crate::credential::{Challenge, Grant, Issued, Kept};
use crate::document::{Findings, Reader};
use crate::examination::{Examination, Subject};
use crate::fault::Fault;
use crate::gate::{Accepted, Gate};
use crate::id::{ApprovalId, CredentialId, SessionId};
use crate::identity::{Claim, Principal, PrincipalSummary, VerifiedClaims};
use crate::inventory::{Inventory, Means};
use crate::journal::query::Query;
use crate::journal::{Appended, Draft, Record, Unsealed};
use crate::policy::Rulebook;
use crate::record::{Replay, Tape};
use crate::secret::Secret;
use crate::target::{SecretRef, Target};
use crate::verdict::Revision;
use crate::vocabulary::Vocabulary;

use serde::Serialize;

use crate::clock::Micros;

pub use crate::clock::Clock;

/// A future that an owner of a trait object can wait for.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection: bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Turns a plain connection into an encrypted one, as client or as server.
pub trait Encrypt: Send + Sync {
    /// Performs the handshake. Nothing may have been read ahead from `plain`.
    fn encrypt(&self, plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>>;
}

/// An encrypted connection.
pub struct Encrypted {
    /// The bytes inside.
    pub stream: Box<dyn Duplex>,
    /// The `tls-server-end-point` channel binding (RFC 5929) of the certificate in use, where it has one.
    pub end_point: Option<Vec<u8>>,
    /// What both ends have agreed to speak inside (ALPN, RFC 7301), where they have.
    pub protocol: Option<Vec<u8>>,
    /// The host name that the client asked for (SNI, RFC 6066), at the server's end. It proves nothing.
    pub server_name: Option<String>,
    /// Whether the other side asked for a certificate.
    pub asked: Asked,
    /// The version of TLS that is spoken.
    pub version: TlsVersion,
    /// When the other side's certificate ends, where it has shown one that says so.
    pub until: Option<Micros>,
}

/// The versions of TLS that are spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// What became of the other side's wish to see a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It had none.
    Nothing,
    /// There was none to show.
    InVain,
    /// It got one.
    Shown,
}

/// What the gateway shows inside TLS to prove who it is; both PEM.
#[derive(Debug)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority.
    pub chain: Secret,
    /// Its private key.
    pub key: Secret,
}

/// The private key that the gateway logs in to an account with, and what certifies it.
#[derive(Debug)]
pub struct LoginKey {
    /// The private key, as the protocol keeps such.
    pub private: Secret,
    /// The certificate of its public key, as it stands in messages; none where the account knows the key itself.
    pub certificate: Option<Vec<u8>>,
}

/// Who logs in to which account by a key that is made for it.
#[derive(Clone, Copy, Debug)]
pub struct Certified<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The session, and whose it is; the gateway itself where nobody's.
    pub by: Option<(SessionId, &'a Principal)>,
}

/// A client that has just been accepted.
pub struct Client {
    /// Its connection, nothing read yet.
    pub stream: Box<dyn Duplex>,
    /// Where it comes from.
    pub address: SocketAddr,
    /// How to encrypt the connection.
    pub tls: Arc<dyn Encrypt>,
    /// What the gateway's own key is made of, where it proves itself without TLS: 32 bytes that nobody else has.
    pub host_seed: Arc<Secret>,
    /// The gateway's own name, under which targets have theirs: `TARGET.<domain>`.
    pub domain: Arc<str>,
    /// Whether this listener takes plain text.
    pub plaintext: bool,
}

/// The way to a target: connected, nothing sent yet.
pub struct Link {
    /// The connection.
    pub stream: Box<dyn Duplex>,
    /// How to encrypt it; `None` where the configuration says plain text.
    pub tls: Option<Arc<dyn Encrypt>>,
    /// Which of the servers it is that the target's name stands for.
    pub peer: SocketAddr,
}

/// A protocol: turns bytes into operations and cells into bytes.
pub trait Protocol: Send + Sync {
    /// Its words.
    fn vocabulary(&self) -> &'static Vocabulary;

    /// What clients call it where they say inside TLS what they speak (ALPN); nothing where it has no name there.
    fn alpn(&self) -> Option<&'static str> {
        None
    }

    /// How clients know the gateway where it proves itself without TLS: its public key, made of this seed.
    fn proves(&self, _seed: &Secret) -> Option<String> {
        None
    }

    /// An inventory of nothing, so that everything is assumed.
    fn assumed(&self) -> Arc<dyn Inventory>;

    /// The inventory that a document holds, unless there is a mistake in it.
    fn recall(&self, findings: &mut Findings, document: Reader<'_>) -> Option<Arc<dyn Inventory>>;

    /// The inventory of a target, asked of it on connections of the gateway's own.
    fn survey<'a>(&'a self, target: &'a Target, means: &'a Means) -> Later<'a, Result<Arc<dyn Inventory>, Fault>>;

    /// How a target stands by itself, asked of it on connections of the gateway's own.
    fn examine<'a>(&'a self, subject: &'a Subject<'a>) -> Later<'a, Result<Examination, Fault>>;

    /// Reads back what a client of one session saw.
    fn replay(&self) -> Box<dyn Replay>;

    /// Serves one client to the end of its session.
    fn serve(&self, client: Client, gate: Gate<Accepted>) -> Later<'_, ()>;
}

/// Verifies what a client claims.
pub trait Identify: Send + Sync {
    /// What can be vouched for, or why nothing can.
    fn identify<'a>(&'a self, claim: &'a Claim) -> Later<'a, Result<VerifiedClaims, Fault>>;

    /// Where a client that has no token learns how to get one: the address of an issuer's OpenID Connect metadata.
    fn discovery(&self) -> Option<String> {
        None
    }
}

/// Makes credentials of the gateway's own, and takes them back. That they are verified is [`Identify`]'s.
pub trait Credentials: Send + Sync {
    /// What a client must know to answer for a user name; it says nothing about whether anybody has that name.
    fn challenge(&self, user: &str) -> Challenge;

    /// Makes one and keeps what verifies it.
    fn issue<'a>(&'a self, grant: &'a Grant<'a>) -> Later<'a, Result<Issued, Fault>>;

    /// What is known of the one that this is, or that is named so.
    fn find<'a>(&'a self, named: &'a Secret) -> Later<'a, Result<Option<Kept>, Fault>>;

    /// Takes one back. Tells whether it had not been before.
    fn revoke(&self, id: CredentialId) -> Later<'_, Result<bool, Fault>>;

    /// Resolves once one is taken back.
    fn revoked(&self, id: CredentialId) -> Later<'_, ()>;
}

/// Knows the policy in force.
pub trait Policy: Send + Sync {
    /// The policy at this moment; cheap enough to ask at every operation.
    fn rulebook(&self) -> Arc<Rulebook>;

    /// Resolves once it is another than `seen`.
    fn changed(&self, seen: Revision) -> Later<'_, ()>;
}

/// Keeps what waits for humans.
pub trait Approvals: Send + Sync {
    /// Keeps a new question.
    fn ask(&self, approval: Approval) -> Later<'_, Result<(), Fault>>;

    /// Waits until the question is no longer open: granted, denied, expired or withdrawn.
    fn settled(&self, id: ApprovalId) -> Later<'_, Result<Settled, Fault>>;

    /// Takes a question back; an answer that came first stands.
    fn withdraw(&self, id: ApprovalId) -> Later<'_, Result<(), Fault>>;

    /// Uses a granted approval for `digest`: succeeds for one caller only (compare and swap), unless it may be reused.
    fn consume<'a>(&'a self, id: ApprovalId, digest: &'a str) -> Later<'a, Result<bool, Fault>>;

    /// Questions about the same digest that are still open, granted and unused, or reusable; newest first.
    fn about<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Vec<Approval>, Fault>>;

    /// Takes a human's answer.
    fn answer<'a>(
        &'a self,
        id: ApprovalId,
        by: &'a Principal,
        choice: Choice,
        reason: Option<&'a str>,
    ) -> Later<'a, Result<Answered, Fault>>;

    /// All questions that are not older than the store keeps them, newest first.
    fn list(&self) -> Later<'_, Result<Vec<Approval>, Fault>>;

    /// One question.
    fn show(&self, id: ApprovalId) -> Later<'_, Result<Option<Approval>, Fault>>;
}

/// Fetches secrets from where they are kept.
pub trait Vault: Send + Sync {
    /// The secret as it is now.
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> Later<'a, Result<Secret, Fault>>;
}

/// Reaches targets.
pub trait Dial: Send + Sync {
    /// Connects to a target.
    fn dial<'a>(&'a self, target: &'a Target, certificate: Option<ClientCertificate>)
    -> Later<'a, Result<Link, Fault>>;

    /// Connects once more to the server that a connection is to, whatever the target's name stands for by now.
    fn again<'a>(&'a self, target: &'a Target, peer: SocketAddr) -> Later<'a, Result<Box<dyn Duplex>, Fault>>;
}

/// Certifies keys as an authority of the gateway's own, which targets trust.
pub trait Certify: Send + Sync {
    /// Makes a key, and the certificate by which it logs in to an account within minutes.
    fn certify<'a>(&'a self, login: &'a Certified<'a>) -> Later<'a, Result<LoginKey, Fault>>;
}

/// A record that was looked for.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The record.
    pub record: Record,
    /// Who it is about.
    pub principal: Option<String>,
    /// On which target.
    pub target: Option<String>,
    /// What was sealed in it.
    pub opened: Option<Unsealed>,
}

/// Some of what was looked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// The newest first.
    pub hits: Vec<Hit>,
    /// The number of the record to go on before, where there may be more.
    pub next: Option<u64>,
}

/// Finds records of the journal again.
pub trait Search: Send + Sync {
    /// The newest records that a query picks, at most `most`, and where it is given only those before `before`.
    fn search<'a>(&'a self, query: &'a Query, before: Option<u64>, most: usize) -> Later<'a, Result<Found, Fault>>;
}

/// Writes the journal.
pub trait Append: Send + Sync {
    /// Writes the drafts in order, as one unit, and answers once they are as durable as configured.
    fn append(&self, drafts: Vec<Draft>) -> Later<'_, Result<Appended, Fault>>;

    /// Takes drafts of what has happened already. They stand before whatever is appended next, and are written within
    /// 200 ms; where that fails, nothing is appended any more.
    ///
    /// # Errors
    /// Where nothing is.
    fn soon(&self, drafts: Vec<Draft>) -> Result<(), Fault>;
}

/// Keeps recordings.
pub trait Recorder: Send + Sync {
    /// Begins the recording of a session. What is put on the tape is kept within 200 ms, or the tape says that it
    /// lags, or failed.
    fn begin(&self, session: SessionId) -> Later<'_, Result<Tape, Fault>>;

    /// What is kept of a recording from byte `from` on, some of it; nothing where that is its end at the moment.
    /// `None` where there is no such recording.
    fn fetch(&self, session: SessionId, from: u64) -> Later<'_, Result<Option<Bytes>, Fault>>;

    /// Answers once what is kept of a recording is as durable as the gateway's journal.
    fn sync(&self, session: SessionId) -> Later<'_, Result<(), Fault>>;

    /// The recordings that need not be kept any longer.
    fn over(&self, now: Micros) -> Later<'_, Result<Vec<SessionId>, Fault>>;

    /// Removes a recording.
    fn remove(&self, session: SessionId) -> Later<'_, Result<(), Fault>>;
}

/// One session of the list, past or present. For people to look at; evidence is the journal's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub id: SessionId,
    /// Who.
    pub principal: PrincipalSummary,
    /// The target's name.
    pub target: String,
    /// The protocol's name.
    pub protocol: String,
    /// From where.
    pub client: String,
    /// When it began.
    pub started: Micros,
    /// When it ended; `None` while it lasts.
    pub ended: Option<Micros>,
    /// Why it ended.
    pub reason: Option<String>,
}

/// Which sessions of the list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only those of the principal that is summed up so.
    pub own: Option<PrincipalSummary>,
    /// Only those of principals of this name.
    pub principal: Option<String>,
    /// Only those with this target.
    pub target: Option<String>,
    /// Only those that last, or only those that do not.
    pub live: Option<bool>,
    /// Only those before this one.
    pub before: Option<SessionId>,
    /// At most so many.
    pub most: u32,
}

/// Keeps the list of sessions.
pub trait Sessions: Send + Sync {
    /// The sessions that are wanted, newest first.
    fn list(&self, wanted: Wanted) -> Later<'_, Result<Vec<Listed>, Fault>>;

    /// One session.
    fn show(&self, session: SessionId) -> Later<'_, Result<Option<Listed>, Fault>>;
}
