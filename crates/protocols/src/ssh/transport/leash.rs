//! A connection that can be taken away from whoever uses it.
//!
//! INVARIANT: no task of the library outlives the session that it serves: it works on a connection that ends with the
//! [`Leash`]. Until there is a session, [`BEFORE_LOGIN`] is all that is read of it. Enter at [`leash`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use postern_core::ports::Duplex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::level::Valve;

/// How much of a side is read that has not logged in: several times what the longest tokens and ten keys take, in bytes.
/// THREAT: the library takes what is out of place there for nothing, and so reads and answers a stranger without end.
const BEFORE_LOGIN: usize = 256 << 10;

/// How much is read of a side that the library does not read for now, to know whether it is there, in bytes.
const AHEAD: usize = 64 << 10;

/// Whoever holds this lets the connection last.
pub(super) struct Leash(#[expect(dead_code, reason = "it counts while it lives")] oneshot::Sender<Infallible>);

/// A connection as long as its leash.
pub(super) struct Leashed {
    shared: Arc<Mutex<Shared>>,
    held: oneshot::Receiver<Infallible>,
    valve: Arc<Valve>,
    welcome: Welcome,
    strange: usize,
}

/// The connection itself, and what was read of it that the library has not taken.
struct Shared {
    stream: Box<dyn Duplex>,
    ahead: VecDeque<u8>,
    over: bool,
}

/// Whether the other side is there, as long as the library does not read.
pub(super) struct Presence(Arc<Mutex<Shared>>);

impl Presence {
    /// Resolves once it has left. Whoever sends on and on is there.
    pub(super) async fn left(&self) {
        poll_fn(|task| {
            let mut shared = lock(&self.0);
            while !shared.over {
                if shared.ahead.len() >= AHEAD {
                    return Poll::Pending;
                }
                let mut room = [0; 1024];
                let mut buffer = ReadBuf::new(&mut room);
                let read = ready!(Pin::new(&mut shared.stream).poll_read(task, &mut buffer));
                shared.over = read.is_err() || buffer.filled().is_empty();
                shared.ahead.extend(buffer.filled());
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// What a panicking task left is a connection all the same.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the side that is read here has logged in, or let the gateway in.
#[derive(Clone, Default)]
pub(super) struct Welcome(Arc<AtomicBool>);

impl Welcome {
    pub(super) fn give(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The connection is read as long as the valve lets it.
pub(super) fn leash(stream: Box<dyn Duplex>, valve: Arc<Valve>) -> (Leash, Welcome, Leashed) {
    let (leash, held) = oneshot::channel();
    let welcome = Welcome::default();
    let shared = Arc::new(Mutex::new(Shared { stream, ahead: VecDeque::new(), over: false }));
    (Leash(leash), welcome.clone(), Leashed { shared, held, valve, welcome, strange: 0 })
}

impl Leashed {
    /// Whether the other side is there.
    pub(super) fn presence(&self) -> Presence {
        Presence(Arc::clone(&self.shared))
    }

    fn go_on(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        match Pin::new(&mut self.held).poll(task) {
            Poll::Pending => Ok(()),
            Poll::Ready(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Counts what has come of a stranger.
    fn count(&mut self, bytes: usize) -> io::Result<()> {
        if self.welcome.0.load(Ordering::Acquire) {
            return Ok(());
        }
        self.strange = self.strange.saturating_add(bytes);
        if self.strange > BEFORE_LOGIN {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more was sent before the login than any takes"));
        }
        Ok(())
    }
}

impl AsyncRead for Leashed {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.go_on(task)?;
        if self.valve.poll(task).is_pending() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        {
            let mut shared = lock(&self.shared);
            if shared.ahead.is_empty() && !shared.over {
                ready!(Pin::new(&mut shared.stream).poll_read(task, buffer))?;
            } else {
                let most = shared.ahead.len().min(buffer.remaining());
                shared.ahead.drain(..most).for_each(|byte| buffer.put_slice(&[byte]));
            }
        }
        Poll::Ready(self.count(buffer.filled().len().saturating_sub(before)))
    }
}

impl AsyncWrite for Leashed {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.go_on(task)?;
        Pin::new(&mut lock(&self.shared).stream).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.go_on(task)?;
        Pin::new(&mut lock(&self.shared).stream).poll_flush(task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.shared).stream).poll_shutdown(task)
    }
}
