//! What protocols that own their bytes share: a connection as two ends with buffers.
//!
//! It knows no message. Reading never takes more than there is room for, writing never blocks reading, and both can
//! be given up in the middle and taken up again without a byte lost.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, Cursor};
use std::pin::pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use postern_core::ports::Duplex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, join};

/// How much room there is at least for what is read at once, in bytes: what a silent connection keeps.
const LEAST: usize = 1 << 10;
/// How much at most, as long as so much comes.
const MOST: usize = 64 << 10;

/// How much may wait to be written before the other side is no longer read, in bytes.
pub(crate) const HIGH_WATER: usize = 256 << 10;

/// The reading end of a connection.
pub(crate) struct Inlet {
    reader: ReadHalf<Box<dyn Duplex>>,
    /// What has arrived and is not yet taken.
    pub(crate) buffer: BytesMut,
    /// How much room the next reading is given.
    room: usize,
}

/// The writing end of a connection.
pub(crate) struct Outlet {
    writer: WriteHalf<Box<dyn Duplex>>,
    /// What is to be written first.
    first: VecDeque<Bytes>,
    /// What is to be written.
    pub(crate) buffer: BytesMut,
    unflushed: bool,
}

/// Takes a connection apart.
pub(crate) fn ends(stream: Box<dyn Duplex>) -> (Inlet, Outlet) {
    let (reader, writer) = tokio::io::split(stream);
    (
        Inlet { reader, buffer: BytesMut::new(), room: LEAST },
        Outlet { writer, first: VecDeque::new(), buffer: BytesMut::new(), unflushed: false },
    )
}

/// Puts a connection together again, for a change of mode.
///
/// # Errors
/// Where bytes have arrived or wait that belong to the old mode: they must not be taken for the new one's.
pub(crate) fn rejoin(inlet: Inlet, outlet: Outlet) -> Result<Box<dyn Duplex>, Leftover> {
    if !inlet.buffer.is_empty() || !outlet.is_idle() {
        return Err(Leftover);
    }
    Ok(inlet.reader.unsplit(outlet.writer))
}

/// The same where the new mode began with what has arrived: all of it is read again.
///
/// # Errors
/// Where bytes wait to be written in the old mode.
pub(crate) fn reread(inlet: Inlet, outlet: Outlet) -> Result<Box<dyn Duplex>, Leftover> {
    if !outlet.is_idle() {
        return Err(Leftover);
    }
    let reader = Cursor::new(inlet.buffer.freeze()).chain(inlet.reader);
    Ok(Box::new(join(reader, outlet.writer)))
}

/// Bytes stood in a buffer at a change of mode.
#[derive(Debug)]
pub(crate) struct Leftover;

impl Inlet {
    /// Waits for more bytes and tells how many came; none at the end of the stream.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(self.room);
        let came = self.reader.read_buf(&mut self.buffer).await?;
        let (more, less) = (self.room.saturating_mul(2), self.room.div_euclid(2));
        self.room = match came {
            _ if came >= self.room => more.min(MOST),
            _ if came < less.div_euclid(2) => less.max(LEAST),
            _ => self.room,
        };
        Ok(came)
    }

    /// Waits for exactly one byte, where the protocol answers with one.
    pub(crate) async fn byte(&mut self) -> io::Result<u8> {
        self.reader.read_u8().await
    }
}

impl Outlet {
    /// Appends bytes to what is to be written.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Appends bytes that are too many to be copied.
    pub(crate) fn push_whole(&mut self, bytes: Bytes) {
        let before = self.buffer.split().freeze();
        self.first.extend([before, bytes].into_iter().filter(|bytes| !bytes.is_empty()));
    }

    /// Whether there is nothing left to write.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_empty() && !self.unflushed
    }

    /// Whether nothing waits to be given to the connection.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.buffer.is_empty()
    }

    /// Forgets all that waits.
    pub(crate) fn forget(&mut self) {
        self.first.clear();
        self.buffer.clear();
    }

    /// Whether so much waits that no more should be added.
    pub(crate) fn is_full(&self) -> bool {
        self.first.iter().map(Bytes::len).sum::<usize>().saturating_add(self.buffer.len()) >= HIGH_WATER
    }

    /// Writes some of what waits. Call it again until [`Outlet::is_idle`].
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        if !self.is_empty() {
            self.unflushed = true;
            let written = match self.first.front_mut() {
                Some(first) => self.writer.write_buf(first).await?,
                None => self.writer.write_buf(&mut self.buffer).await?,
            };
            if self.first.front().is_some_and(Bytes::is_empty) {
                self.first.pop_front();
            }
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        // at once, for whoever waits would wake up for nothing else
        if self.is_empty() {
            self.writer.flush().await?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Writes as much of what waits as the connection takes at once.
    pub(crate) async fn drain_now(&mut self) -> io::Result<()> {
        poll_fn(|task| {
            while !self.is_idle() {
                match pin!(self.drain()).poll(task) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Writes all that waits.
    pub(crate) async fn drain_all(&mut self) -> io::Result<()> {
        while !self.is_idle() {
            self.drain().await?;
        }
        Ok(())
    }

    /// Writes all that waits and says goodbye; for how it ends nobody is left to hear.
    pub(crate) async fn finish(&mut self) {
        if self.drain_all().await.is_ok() {
            self.writer.shutdown().await.ok();
        }
    }
}

#[cfg(test)]
mod tests;
