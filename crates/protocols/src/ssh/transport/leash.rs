//! A connection that can be taken away from whoever uses it.
//!
//! INVARIANT: no task of the library outlives the session that it serves: it works on a connection that ends with the
//! [`Leash`]. Enter at [`leash`].

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postern_core::ports::Duplex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::level::Valve;

/// Whoever holds this lets the connection last.
pub(super) struct Leash(#[expect(dead_code, reason = "it counts while it lives")] oneshot::Sender<Infallible>);

/// A connection as long as its leash.
pub(super) struct Leashed {
    stream: Box<dyn Duplex>,
    held: oneshot::Receiver<Infallible>,
    valve: Arc<Valve>,
}

/// The connection is read as long as the valve lets it.
pub(super) fn leash(stream: Box<dyn Duplex>, valve: Arc<Valve>) -> (Leash, Leashed) {
    let (leash, held) = oneshot::channel();
    (Leash(leash), Leashed { stream, held, valve })
}

impl Leashed {
    fn go_on(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        match Pin::new(&mut self.held).poll(task) {
            Poll::Pending => Ok(()),
            Poll::Ready(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl AsyncRead for Leashed {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.go_on(task)?;
        if self.valve.poll(task).is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(task, buffer)
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
