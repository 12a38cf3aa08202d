//! A connection that can be taken away from whoever uses it.
//!
//! INVARIANT: no task of the library outlives the session that it serves: it works on a connection that ends with the
//! [`Leash`]. Until there is a session, [`BEFORE_LOGIN`] is all that is read of it. Enter at [`leash`].

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use postern_core::ports::Duplex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::level::Valve;

/// How much of a side is read that has not logged in: several times what the longest tokens and ten keys take, in bytes.
/// THREAT: the library takes what is out of place there for nothing, and so reads and answers a stranger without end.
const BEFORE_LOGIN: usize = 256 << 10;

/// Whoever holds this lets the connection last.
pub(super) struct Leash(#[expect(dead_code, reason = "it counts while it lives")] oneshot::Sender<Infallible>);

/// A connection as long as its leash.
pub(super) struct Leashed {
    stream: Box<dyn Duplex>,
    held: oneshot::Receiver<Infallible>,
    valve: Arc<Valve>,
    welcome: Welcome,
    strange: usize,
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
    (Leash(leash), welcome.clone(), Leashed { stream, held, valve, welcome, strange: 0 })
}

impl Leashed {
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
        ready!(Pin::new(&mut self.stream).poll_read(task, buffer))?;
        Poll::Ready(self.count(buffer.filled().len().saturating_sub(before)))
    }
}

impl AsyncWrite for Leashed {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.go_on(task)?;
        Pin::new(&mut self.stream).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.go_on(task)?;
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}
