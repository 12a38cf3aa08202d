//! Targets inside the process.
//!
//! Nothing here opens a socket unless the test does. Enter at [`Reach`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use postern_core::ports::{ClientCertificate, Dial, Duplex, Later, Link};
use postern_core::target::Target;
use postern_core::{Code, Fault};
use tokio::io::DuplexStream;
use tokio::sync::{Mutex, mpsc};

/// How much one side may write before the other reads.
const BUFFER: usize = 64 * 1024;
/// How many connections may wait to be taken.
const BACKLOG: usize = 16;
/// Where every target is.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5432);

type Answer = dyn Fn(&Target) -> Later<'static, Result<Box<dyn Duplex>, Fault>> + Send + Sync;

/// Reaches whatever a test says.
#[derive(Clone)]
pub struct Reach {
    answer: Arc<Answer>,
    dialled: Arc<AtomicUsize>,
    again: Arc<AtomicUsize>,
}

/// The far ends of the connections that were made.
#[derive(Debug)]
pub struct Arrivals {
    streams: Mutex<mpsc::Receiver<DuplexStream>>,
}

impl Reach {
    /// Every connection ends at [`Arrivals::next`].
    #[must_use]
    pub fn pairs() -> (Self, Arrivals) {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let reach = Self::by(move |_| {
            let sender = sender.clone();
            Box::pin(async move {
                let (near, far) = tokio::io::duplex(BUFFER);
                let gone = |_| Fault::target(Code::TargetUnreachable, "nobody takes the connection");
                sender.send(far).await.map_err(gone)?;
                let near: Box<dyn Duplex> = Box::new(near);
                Ok(near)
            })
        });
        (reach, Arrivals { streams: Mutex::new(receiver) })
    }

    /// Nothing can be reached.
    #[must_use]
    pub fn nothing() -> Self {
        Self::by(|target| {
            let fault = Fault::target(Code::TargetUnreachable, format!("target `{}` cannot be reached", target.name));
            Box::pin(async move { Err(fault) })
        })
    }

    /// Every connection is what `answer` makes of the target.
    pub fn by(
        answer: impl Fn(&Target) -> Later<'static, Result<Box<dyn Duplex>, Fault>> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), dialled: Arc::default(), again: Arc::default() }
    }

    /// How often somebody dialled.
    #[must_use]
    pub fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    /// How often of these it was the server that a session has.
    #[must_use]
    pub fn dialled_again(&self) -> usize {
        self.again.load(Ordering::SeqCst)
    }
}

impl Arrivals {
    /// The far end of the next connection; `None` once nobody can dial any more.
    pub async fn next(&self) -> Option<DuplexStream> {
        self.streams.lock().await.recv().await
    }
}

impl Dial for Reach {
    fn dial<'a>(
        &'a self,
        target: &'a Target,
        _certificate: Option<ClientCertificate>,
    ) -> Later<'a, Result<Link, Fault>> {
        self.dialled.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(Link { stream: (self.answer)(target).await?, tls: None, peer: PEER }) })
    }

    fn again<'a>(&'a self, target: &'a Target, peer: SocketAddr) -> Later<'a, Result<Box<dyn Duplex>, Fault>> {
        assert_eq!(peer, PEER, "that is no server of this target");
        self.dialled.fetch_add(1, Ordering::SeqCst);
        self.again.fetch_add(1, Ordering::SeqCst);
        (self.answer)(target)
    }
}
