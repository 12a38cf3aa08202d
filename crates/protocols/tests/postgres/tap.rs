//! Listens to what the gateway says first on each connection to its target, and makes targets deaf. Enter at [`Tap::on`].

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Duration, Interval, interval};

/// A message of a type that any target may send at any time, and a length that it never comes to.
const BEGUN: &[u8] = b"N\0\x0f\0\0";

/// All connections of a gateway to its targets.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    /// What was said first, connection by connection.
    said: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What comes of a target before its next words.
    interjected: Arc<Mutex<Vec<u8>>>,
    deaf: Arc<AtomicBool>,
    dribbles: Arc<AtomicBool>,
}

impl Tap {
    pub(crate) fn on(&self, stream: TcpStream) -> Tapped {
        Tapped { stream, tap: self.clone(), spoken: false, dribbled: 0, next: interval(Duration::from_millis(300)) }
    }

    /// What was said since this was last asked.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says this in a target's place, before the next that comes of one.
    pub(crate) fn interject(&self, bytes: &[u8]) {
        self.interjected.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }

    /// From now on targets take nothing more, and what they say still comes.
    pub(crate) fn deafen(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// From now on a byte comes of targets now and then, of a message that never ends.
    pub(crate) fn dribble(&self) {
        self.dribbles.store(true, Ordering::SeqCst);
    }
}

pub(crate) struct Tapped {
    stream: TcpStream,
    tap: Tap,
    spoken: bool,
    dribbled: usize,
    next: Interval,
}

impl AsyncRead for Tapped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.tap.dribbles.load(Ordering::SeqCst) {
            let before = std::mem::take(&mut *self.tap.interjected.lock().unwrap_or_else(PoisonError::into_inner));
            buf.put_slice(&before);
            let read = Pin::new(&mut self.stream).poll_read(cx, buf);
            return if before.is_empty() { read } else { Poll::Ready(Ok(())) };
        }
        ready!(self.next.poll_tick(cx));
        buf.put_slice(&[BEGUN.get(self.dribbled).copied().unwrap_or(b'S')]);
        self.dribbled += 1;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.tap.deaf.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !std::mem::replace(&mut self.spoken, true) {
            self.tap.said.lock().unwrap_or_else(PoisonError::into_inner).push(bytes.to_vec());
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
