//! Messages of the client as they come in: short ones as they are, long ones as far as there is memory for them.
//!
//! A message that asks for something is decided about whole, and so has to be here whole. What all sessions keep of such
//! messages comes of one allotment; where that is used up the message is refused as a statement would be, and the rest of
//! it passed over, as the server does that has no memory (`pq_getmessage`). COPY data is not kept, however long its
//! messages are. Enter at `Session::incoming`.

use std::sync::Arc;

use bytes::Bytes;
use postern_core::gate::{Flow, Portion};
use postern_core::{Code, Denial, Fault};

use super::super::forward::Continuation;
use super::super::login::violation;
use super::super::refuse;
use super::super::wire::{Frame, Limit, frame, tag};
use super::outcome::Message;
use super::reply::Reply;
use super::walsender::Copying;
use super::{End, Session};

/// How long a message is that needs memory of the allotment, in bytes.
const LONG: usize = 1 << 20;

/// What has come of a long message and is not all of it.
#[derive(Default)]
pub(super) enum Incoming {
    /// None is under way.
    #[default]
    Nothing,
    /// It is kept until it is whole.
    Kept(Portion),
    /// It is COPY data, which goes on as it comes; so many bytes are left.
    Passed(usize, Arc<Flow>),
    /// Nobody wants it; so many bytes are left.
    Dropped(usize),
}

/// A long message, and the memory that it takes for as long as anybody holds a piece of it.
struct Long {
    raw: Bytes,
    _portion: Portion,
}

impl AsRef<[u8]> for Long {
    fn as_ref(&self) -> &[u8] {
        &self.raw
    }
}

impl Session<'_> {
    /// The next message that is there whole.
    pub(super) async fn incoming(&mut self) -> Result<Option<Frame>, End> {
        loop {
            if !self.go_on_with_long() {
                return Ok(None);
            }
            let announced = frame::announced(&self.from_client.buffer, Limit::CLIENT).map_err(violation)?;
            let Some((tag, size)) = announced else { return Ok(None) };
            if size < LONG {
                return Ok(frame::next(&mut self.from_client.buffer, Limit::CLIENT).map_err(violation)?);
            }
            let data = tag == tag::client::COPY_DATA;
            let asked = self.copying != Copying::Nothing || self.replies.may_take_copy();
            if self.skipping || (data && !asked) {
                self.incoming = Incoming::Dropped(size);
            } else if let Some(flow) = self.copied().filter(|_| data) {
                self.fed();
                self.incoming = Incoming::Passed(size, flow);
            } else if let Some(frame) = self.keep(tag, size).await? {
                return Ok(Some(frame));
            } else if !matches!(self.incoming, Incoming::Dropped(_)) {
                return Ok(None);
            }
        }
    }

    /// Deals with what has come of a message that is not kept; tells whether it has come to its end.
    fn go_on_with_long(&mut self) -> bool {
        let (Incoming::Passed(left, _) | Incoming::Dropped(left)) = &mut self.incoming else { return true };
        let here = (*left).min(self.from_client.buffer.len());
        let piece = self.from_client.buffer.split_to(here).freeze();
        *left = left.saturating_sub(here);
        let whole = *left == 0;
        if let Incoming::Passed(_, flow) = &self.incoming
            && here > 0
        {
            self.to_target.follow(flow, &Continuation::Piece(piece));
        }
        if whole {
            self.incoming = Incoming::Nothing;
        }
        whole
    }

    /// What lets COPY data through, where the server takes any.
    fn copied(&mut self) -> Option<Arc<Flow>> {
        match (self.copying, self.replies.first()) {
            (Copying::Nothing, _) => None,
            (_, Some(Reply::Query(query))) => Some(Arc::clone(&query.flow)),
            (_, Some(Reply::Execute { portal })) => Some(Arc::clone(&portal.flow)),
            _ => None,
        }
    }

    /// Keeps what has come of a long message, as long as there is memory for it. The message, once it is whole.
    async fn keep(&mut self, tag: u8, size: usize) -> Result<Option<Frame>, End> {
        let mut portion = match std::mem::take(&mut self.incoming) {
            Incoming::Kept(portion) => portion,
            Incoming::Nothing | Incoming::Passed(..) | Incoming::Dropped(_) => self.gate.portion(),
        };
        let here = size.min(self.from_client.buffer.len());
        if !portion.grow(here) {
            return self.refuse_long(tag, size, portion.most()).await.map(|()| None);
        }
        if here < size {
            self.incoming = Incoming::Kept(portion);
            return Ok(None);
        }
        let raw = self.from_client.buffer.split_to(size).freeze();
        self.from_client.shrink();
        Ok(Some(Frame { tag, raw: Bytes::from_owner(Long { raw, _portion: portion }) }))
    }

    /// There is no memory for a message: it fails, and what is still to come of it is passed over.
    async fn refuse_long(&mut self, tag: u8, size: usize, most: usize) -> Result<(), End> {
        let message = format!("there is no memory left for a message of {size} bytes");
        let hint =
            format!("try again later, or send less at a time; `long_messages` leaves {most} bytes for all sessions");
        self.replies.taken(self.place());
        let kind = match tag {
            tag::client::QUERY | tag::client::FUNCTION_CALL => Message::Simple,
            tag::client::PARSE | tag::client::BIND => Message::Extended,
            // what is sent ahead of a COPY cannot be left out of it
            _ => return Err(End::Fault(Fault::client(Code::NoRoom, message).hint(hint))),
        };
        self.refuse(refuse::denial(&Denial::new(Code::NoRoom, message).hint(hint)), kind).await?;
        let here = size.min(self.from_client.buffer.len());
        drop(self.from_client.buffer.split_to(here));
        self.from_client.shrink();
        self.incoming = Incoming::Dropped(size.saturating_sub(here));
        Ok(())
    }
}
