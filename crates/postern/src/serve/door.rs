//! A listener: it accepts, and does nothing else; every client is a task of its own.
//!
//! THREAT: one client stalls all others. Handshakes, logins and everything slow happen in the client's task, and there
//! are only so many of them. A panic ends the task it happens in.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use postern_adapters::tcp;
use postern_adapters::tls::listener::Certificate;
use postern_core::gate::{Gate, Halt, House};
use postern_core::ports::{Client, Encrypt, Protocol};
use postern_core::{Code, Fault, Secret};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::config::Listener;
use crate::failure::reason;

use super::https::Https;
use super::strangers::Strangers;
use super::{GRACE, over};

/// How long nothing more is said of a listener that is full.
const QUIET: Duration = Duration::from_secs(1);
/// How long to wait where the machine has no more sockets.
const BREATH: Duration = Duration::from_millis(100);

/// A listener that has been opened.
pub(super) struct Door {
    listener: Listener,
    socket: TcpListener,
    guests: Guests,
    /// When it was last said that it is full.
    said: Mutex<Option<Instant>>,
}

/// Who comes in, and who serves them.
#[derive(Clone)]
pub(super) enum Guests {
    /// Clients of a protocol.
    Protocol {
        protocol: Arc<dyn Protocol>,
        house: Arc<House>,
        tls: Arc<dyn Encrypt>,
        host_seed: Arc<Secret>,
        domain: Arc<str>,
    },
    /// People and programs over HTTPS.
    Https(Https),
}

/// What clients are shown, so that they know the gateway.
pub(super) struct Shown<'a> {
    /// Inside TLS.
    pub(super) certificate: &'a Certificate,
    /// What the gateway's own key is made of, where there is no TLS.
    pub(super) seed: Arc<Secret>,
    /// Its name.
    pub(super) domain: &'a str,
}

impl Guests {
    pub(super) fn of_protocol(
        protocol: Arc<dyn Protocol>,
        house: Arc<House>,
        shown: &Shown<'_>,
    ) -> Result<Self, Fault> {
        let alpn: Vec<&[u8]> = protocol.alpn().iter().map(|name| name.as_bytes()).collect();
        let (tls, host_seed) = (shown.certificate.encrypt(&alpn)?, Arc::clone(&shown.seed));
        Ok(Self::Protocol { protocol, house, tls, host_seed, domain: shown.domain.into() })
    }

    pub(super) fn of_https(api: Router, halt: watch::Receiver<Halt>, certificate: &Certificate) -> Result<Self, Fault> {
        Ok(Self::Https(Https::new(api, halt, certificate)?))
    }

    /// Serves somebody, who is a stranger for as long as the mark is held on to.
    async fn serve(self, stream: TcpStream, address: SocketAddr, plaintext: bool, stranger: Arc<()>) {
        match self {
            Self::Protocol { protocol, house, tls, host_seed, domain } => {
                let gate = Gate::accept(house, protocol.vocabulary().protocol, address).stranger(stranger);
                let client = Client { stream: Box::new(stream), address, tls, host_seed, domain, plaintext };
                protocol.serve(client, gate).await;
            }
            Self::Https(https) => {
                // its requests prove who sends them, one by one
                drop(stranger);
                // on the heap, so that those of protocols are not as large
                Box::pin(https.serve(stream, address)).await;
            }
        }
    }
}

impl Door {
    pub(super) async fn open(listener: &Listener, guests: Guests) -> Result<Self, Fault> {
        let socket = TcpListener::bind(listener.address).await.map_err(|error| {
            let message = format!("nothing can listen on {} for {}", listener.address, listener.protocol);
            Fault::gateway(Code::Internal, message).hint(explained(&error))
        })?;
        Ok(Self { listener: listener.clone(), socket, guests, said: Mutex::default() })
    }

    /// Says that it is ready.
    pub(super) fn announce(&self) {
        let Listener { protocol, address, plaintext, .. } = &self.listener;
        let address = self.socket.local_addr().unwrap_or(*address);
        tracing::info!(protocol, %address, plaintext, "listening");
        if let Guests::Protocol { protocol, host_seed, .. } = &self.guests
            && let Some(key) = protocol.proves(host_seed)
        {
            tracing::info!(protocol = self.listener.protocol, key, "clients know the gateway by this key");
        }
    }

    /// Accepts until the gateway stops, then waits for its clients, but not for long.
    pub(super) async fn keep(self, mut halt: watch::Receiver<Halt>) {
        let (mut clients, mut strangers) = (JoinSet::new(), Strangers::default());
        loop {
            tokio::select! {
                biased;
                () = over(&mut halt) => break,
                Some(ended) = clients.join_next() => self.mourn(ended),
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, address)) => self.admit(&mut clients, &mut strangers, stream, address),
                    Err(error) => {
                        tracing::warn!(protocol = self.listener.protocol, %error, "a client could not be accepted");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
        // nobody new waits for an answer that will not come
        drop(self.socket);
        let mut rest = clients;
        let ended = tokio::time::timeout(GRACE, async { while rest.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!(protocol = self.listener.protocol, sessions = rest.len(), "cut off what did not end");
            rest.shutdown().await;
        }
    }

    fn admit(&self, clients: &mut JoinSet<()>, strangers: &mut Strangers, stream: TcpStream, address: SocketAddr) {
        let Listener { protocol, connections, plaintext, .. } = self.listener;
        let full = clients.len() >= connections;
        if full && !strangers.makes_room() {
            self.full("turned a client away: the listener is full", address);
            return;
        }
        if full {
            self.full("the listener is full: sent away who has not logged in for longest", address);
        }
        if let Err(error) = tcp::tune(&stream) {
            tracing::debug!(protocol, client = %address, %error, "a client was gone at once");
            return;
        }
        let mark = Arc::new(());
        let served = clients.spawn(self.guests.clone().serve(stream, address, plaintext, Arc::clone(&mark)));
        strangers.comes(&mark, served);
    }

    /// Says so once a second.
    ///
    /// THREAT: who fills a listener fills the log too.
    fn full(&self, what: &'static str, client: SocketAddr) {
        let Listener { protocol, connections, .. } = self.listener;
        let (now, mut said) = (Instant::now(), self.said.lock().unwrap_or_else(PoisonError::into_inner));
        if said.is_none_or(|said| now.duration_since(said) >= QUIET) {
            *said = Some(now);
            tracing::warn!(protocol, %client, connections, "{what}");
        }
    }

    fn mourn(&self, ended: Result<(), JoinError>) {
        if ended.is_err_and(|error| error.is_panic()) {
            tracing::error!(protocol = self.listener.protocol, "a session ended by a fault of the gateway");
        }
    }
}

fn explained(error: &io::Error) -> String {
    let known = [
        (io::ErrorKind::AddrInUse, "another process listens there; stop it, or write another port"),
        (io::ErrorKind::PermissionDenied, "ports below 1024 are for the superuser; write another"),
        (io::ErrorKind::AddrNotAvailable, "this machine does not have that address; see `listen`"),
    ];
    let found = known.iter().find(|(kind, _)| *kind == error.kind());
    found.map_or_else(|| reason(error), |(_, what)| (*what).to_owned())
}
