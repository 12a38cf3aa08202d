//! Messages of the client as they come in: short ones as they are, long ones as far as there is memory for them.
//!
//! A message that asks for something is decided about whole, and so has to be here whole. What all sessions keep of such
//! messages comes of one allotment; where that is used up the message is refused as a statement would be, and the rest of
//! it passed over, as the server does that has no memory (`pq_getmessage`); so it is where nothing more of it comes. COPY
//! data is not kept, however long its messages are. Enter at `Session::incoming`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postern_core::gate::{Flow, Portion};
use postern_core::{Code, Denial, Fault};
use tokio::time::{Instant, sleep_until};

use super::super::forward::Continuation;
use super::super::login::violation;
use super::super::refuse;
use super::super::wire::{Frame, Limit, frame, tag};
use super::hold::after;
use super::outcome::Message;
use super::reply::Reply;
use super::walsender::Copying;
use super::{End, Session};

/// How long a message is that needs memory of the allotment, in bytes.
const LONG: usize = 1 << 20;

/// How long nothing may come of a message that takes memory from all others.
const PATIENCE: Duration = Duration::from_mins(1);

/// What has come of a long message and is not all of it.
#[derive(Default)]
pub(super) enum Incoming {
    /// None is under way.
    #[default]
    Nothing,
    /// It is kept until it is whole.
    Kept(Long),
    /// It is COPY data, which goes on as it comes; so many bytes are left.
    Passed(usize, Arc<Flow>),
    /// Nobody wants it; so many bytes are left.
    Dropped(usize),
}

/// What came next.
pub(super) enum Came {
    /// A message, whole.
    Message(Frame),
    /// The end of one that is not kept: there may be more behind it.
    End,
    /// Nothing that is whole.
    Nothing,
}

/// A long message, and the memory that it takes for as long as anybody holds a piece of it.
pub(super) struct Long {
    tag: u8,
    size: usize,
    portion: Portion,
    /// INVARIANT: it has no more capacity than the portion says.
    raw: Vec<u8>,
    /// Since when the client is listened to and nothing of it has come.
    silent: Option<Instant>,
}

impl AsRef<[u8]> for Long {
    fn as_ref(&self) -> &[u8] {
        &self.raw
    }
}

impl Long {
    /// How much of it is still to come, in bytes.
    fn left(&self) -> usize {
        self.size.saturating_sub(self.raw.len())
    }

    /// Makes room for more of it: twice of what there was, so that little is copied, and never more than all of it.
    fn reserve(&mut self, more: usize) -> bool {
        let needed = self.raw.len().saturating_add(more);
        if needed <= self.raw.capacity() {
            return true;
        }
        let room = self.raw.capacity().saturating_mul(2).max(LONG).max(needed).min(self.size);
        let grown = self.portion.grow(room);
        if grown {
            self.raw.reserve_exact(room.saturating_sub(self.raw.len()));
        }
        grown
    }
}

impl Incoming {
    /// Waits until nothing more is to be expected of a message that is kept; for ever where none is.
    pub(super) async fn stalled(&self) {
        match self {
            Self::Kept(Long { silent: Some(since), .. }) => sleep_until(after(*since, PATIENCE)).await,
            Self::Kept(_) | Self::Nothing | Self::Passed(..) | Self::Dropped(_) => std::future::pending().await,
        }
    }

    /// Begins to count the client's silence, or counts it no more where it cannot be heard.
    pub(super) fn listen(&mut self, hears: bool) {
        if let Self::Kept(long) = self {
            long.silent = hears.then(|| long.silent.unwrap_or_else(Instant::now));
        }
    }

    /// Whether the target has the beginning of a message and not its end.
    pub(super) fn is_amid(&self) -> bool {
        matches!(self, Self::Passed(..))
    }
}

impl Session<'_> {
    /// The next message that is there whole.
    pub(super) async fn incoming(&mut self) -> Result<Came, End> {
        match &self.incoming {
            Incoming::Nothing => {}
            Incoming::Kept(_) => return self.keep().await,
            Incoming::Passed(..) | Incoming::Dropped(_) => return Ok(self.go_past()),
        }
        let announced = frame::announced(&self.from_client.buffer, Limit::CLIENT).map_err(violation)?;
        let Some((tag, size)) = announced else { return Ok(Came::Nothing) };
        if size < LONG {
            let frame = frame::next(&mut self.from_client.buffer, Limit::CLIENT).map_err(violation)?;
            return Ok(frame.map_or(Came::Nothing, Came::Message));
        }
        let data = tag == tag::client::COPY_DATA;
        let asked = self.copying != Copying::Nothing || self.replies.may_take_copy();
        if self.skipping || (data && !asked) {
            self.incoming = Incoming::Dropped(size);
            return Ok(self.go_past());
        }
        if let Some(flow) = self.copied().filter(|_| data) {
            self.fed();
            self.incoming = Incoming::Passed(size, flow);
            return Ok(self.go_past());
        }
        let portion = self.gate.portion();
        self.incoming = Incoming::Kept(Long { tag, size, portion, raw: Vec::new(), silent: None });
        self.keep().await
    }

    /// Deals with what has come of a message that is not kept.
    fn go_past(&mut self) -> Came {
        let (Incoming::Passed(left, _) | Incoming::Dropped(left)) = &mut self.incoming else { return Came::Nothing };
        let here = (*left).min(self.from_client.buffer.len());
        let piece = self.from_client.buffer.split_to(here).freeze();
        *left = left.saturating_sub(here);
        let whole = *left == 0;
        if let Incoming::Passed(_, flow) = &self.incoming
            && here > 0
        {
            self.to_target.follow(flow, &Continuation::Piece(piece));
        }
        if !whole {
            return Came::Nothing;
        }
        self.incoming = Incoming::Nothing;
        Came::End
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
    async fn keep(&mut self) -> Result<Came, End> {
        let Incoming::Kept(long) = &mut self.incoming else { return Ok(Came::Nothing) };
        // the server passes over it, and so nothing is owed for it
        if self.skipping {
            self.incoming = Incoming::Dropped(long.left());
            return Ok(self.go_past());
        }
        // what was sent ahead of a COPY needs no memory once the server takes it
        if long.tag == tag::client::COPY_DATA && self.copying != Copying::Nothing {
            return Ok(self.pass_on());
        }
        let here = long.left().min(self.from_client.buffer.len());
        if !long.reserve(here) {
            let (size, most) = (long.size, long.portion.most());
            let message = format!("there is no memory left for a message of {size} bytes");
            let hint = format!(
                "try again later, or send less at a time; `long_messages` leaves {most} bytes for all sessions"
            );
            return self.refuse_long(Denial::new(Code::NoRoom, message).hint(hint)).await;
        }
        if here > 0 {
            long.raw.extend_from_slice(&self.from_client.buffer.split_to(here));
            long.silent = None;
        }
        if long.left() > 0 {
            return Ok(Came::Nothing);
        }
        let Incoming::Kept(long) = std::mem::take(&mut self.incoming) else { return Ok(Came::Nothing) };
        Ok(Came::Message(Frame { tag: long.tag, raw: Bytes::from_owner(long) }))
    }

    /// Passes on COPY data that was kept so far.
    fn pass_on(&mut self) -> Came {
        let Some(flow) = self.copied() else { return Came::Nothing };
        let Incoming::Kept(long) = std::mem::take(&mut self.incoming) else { return Came::Nothing };
        let left = long.left();
        self.to_target.follow(&flow, &Continuation::Piece(Bytes::from_owner(long)));
        self.fed();
        self.incoming = Incoming::Passed(left, flow);
        self.go_past()
    }

    /// THREAT: a client that announces much and sends no more of it, and so keeps memory that all others need.
    pub(super) async fn give_up_on_long(&mut self) -> Result<(), End> {
        let (Incoming::Kept(long), false) = (&self.incoming, self.skipping) else { return self.keep().await.map(drop) };
        let (size, left) = (long.size, long.left());
        let message = format!("{left} of the {size} bytes of a message have not come, and nothing for a minute");
        let denial = Denial::new(Code::NoRoom, message).hint("see what keeps the client, or the network, from sending");
        self.refuse_long(denial).await.map(drop)
    }

    /// A long message fails, and what is still to come of it is passed over.
    async fn refuse_long(&mut self, denial: Denial) -> Result<Came, End> {
        let Incoming::Kept(long) = std::mem::take(&mut self.incoming) else { return Ok(Came::Nothing) };
        let (tag, left) = (long.tag, long.left());
        drop(long);
        self.incoming = Incoming::Dropped(left);
        let came = self.go_past();
        self.replies.taken(self.place());
        // whoever it was for has given up
        drop(self.names.refusal());
        let kind = match tag {
            tag::client::QUERY | tag::client::FUNCTION_CALL if self.copying == Copying::Nothing => Message::Simple,
            tag::client::PARSE | tag::client::BIND => Message::Extended,
            // what is sent ahead of a COPY, or in its place, cannot be left out of it
            _ => {
                let fault = Fault::client(denial.code, denial.message);
                return Err(End::Fault(denial.hint.into_iter().fold(fault, Fault::hint)));
            }
        };
        self.refuse(refuse::denial(&denial), kind).await?;
        Ok(came)
    }
}
