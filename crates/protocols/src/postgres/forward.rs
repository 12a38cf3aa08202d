//! The only way bytes reach a target once its session is open.
//!
//! A message goes out for a [`Permit`], which carries its very bytes and is used up; what continues it goes out for
//! the [`Flow`] that the permit became; what belongs to no operation is one of [`Control`]. There is no fourth way:
//! ```compile_fail,E0308
//! # use postern_protocols::postgres::forward::Target;
//! fn unrecorded(target: &mut Target, bytes: bytes::Bytes) { target.forward(bytes); }
//! ```
//! ```compile_fail,E0616
//! # use postern_protocols::postgres::forward::Target;
//! fn around(target: &mut Target) { target.outlet.push(b"Q"); }
//! ```
//!
//! INVARIANT: nothing that runs outlives its check here. Whoever forwards lets it out before it waits for either side;
//! only what prepares may stay, since it is decided about again as it is bound. What has not left by a fault never does.

use std::io;

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Flow, Permit};

use super::wire::tag::client::{CLOSE, DESCRIBE, PARSE};
use super::wire::{Frame, Frontend};
use crate::wire::Outlet;

/// How much may be staged before it is let out and no more is taken meanwhile, in bytes.
const LARGEST_STAGE: usize = 64 << 10;

/// The writing end towards a target.
pub struct Target {
    outlet: Outlet,
    /// What was forwarded since bytes were last let out: first what was too long to be copied and what came before it.
    long: Vec<Bytes>,
    staged: BytesMut,
    /// Whether all of it only prepares.
    prepares: bool,
    /// Whether the target will answer all that was forwarded without being asked to.
    flushed: bool,
}

/// What continues an operation that was forwarded.
pub enum Continuation {
    /// Ask what a statement or portal takes and returns.
    Describe(Frame),
    /// Run a portal, or more of it.
    Execute(Frame),
    /// Data of a COPY, its end, or its failure.
    Copy(Frame),
    /// Some of the bytes of a message of COPY data.
    Piece(Bytes),
    /// The gateway's own question what a statement returns.
    DescribeOwn(Bytes),
}

/// What belongs to no operation.
pub enum Control {
    /// End the pipeline.
    Sync,
    /// Have everything answered that was forwarded; nothing where that is asked already.
    Flush,
    /// Forget a statement or portal.
    Close(Frame),
    /// End the session.
    Terminate,
}

impl Target {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet, long: Vec::new(), staged: BytesMut::new(), prepares: true, flushed: true }
    }

    /// Forwards what was permitted. The bytes are the permit's own.
    pub fn forward(&mut self, permit: Permit) -> Flow {
        let (bytes, flow) = permit.spend();
        self.stage(bytes);
        flow
    }

    /// Forwards what continues an operation.
    pub fn follow(&mut self, _flow: &Flow, continuation: &Continuation) {
        match continuation {
            Continuation::Describe(frame) | Continuation::Execute(frame) | Continuation::Copy(frame) => {
                self.stage(frame.raw.clone());
            }
            Continuation::Piece(bytes) => {
                self.stage(bytes.clone());
                // how it begins says nothing
                self.prepares = false;
            }
            Continuation::DescribeOwn(name) => {
                let kind = super::wire::Named::Statement;
                Frontend::Describe { kind, name: name.clone() }.encode(&mut self.staged).ok();
                self.flushed = false;
            }
        }
    }

    /// Sends what belongs to no operation.
    pub fn control(&mut self, control: &Control) {
        match control {
            Control::Close(frame) => self.stage(frame.raw.clone()),
            Control::Sync => self.end_with(&Frontend::Sync),
            Control::Flush if self.flushed => {}
            Control::Flush => self.end_with(&Frontend::Flush),
            Control::Terminate => self.end_with(&Frontend::Terminate),
        }
    }

    /// Lets out what is staged. What only prepares stays: a pipeline that goes on to wait for a human has taken no
    /// lock then.
    pub fn let_out(&mut self) {
        if self.prepares && self.long.is_empty() && self.staged.len() < LARGEST_STAGE {
            return;
        }
        for bytes in self.long.drain(..) {
            self.outlet.push_whole(bytes);
        }
        self.outlet.push(&self.staged);
        self.staged.clear();
        self.prepares = true;
    }

    /// Takes leave without what is not written yet. Where a message may be cut in two by that, or the target is `amid` one
    /// whose end has not come, the connection's end must say it.
    pub(super) fn abandon(&mut self, amid: bool) {
        self.long.clear();
        self.staged.clear();
        if self.outlet.is_empty() && !amid {
            self.control(&Control::Terminate);
            self.let_out();
        } else {
            self.outlet.forget();
        }
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.outlet.is_idle()
    }

    /// Whether so much waits that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.outlet.is_full() || !self.long.is_empty() || self.staged.len() >= LARGEST_STAGE
    }

    /// Writes some of what was let out.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        self.outlet.drain().await
    }

    /// Writes as much of what was let out as the target takes at once.
    pub(super) async fn drain_now(&mut self) -> io::Result<()> {
        self.outlet.drain_now().await
    }

    /// Writes all that was let out.
    pub(super) async fn drain_all(&mut self) -> io::Result<()> {
        self.outlet.drain_all().await
    }

    /// Writes what was let out and closes the connection. What is still staged is lost with it.
    pub(super) async fn finish(&mut self) {
        self.outlet.finish().await;
    }

    fn stage(&mut self, bytes: Bytes) {
        self.flushed = false;
        self.prepares &= matches!(bytes.first(), Some(&(PARSE | DESCRIBE | CLOSE)));
        if bytes.len() < LARGEST_STAGE {
            self.staged.extend_from_slice(&bytes);
        } else {
            self.long.extend([self.staged.split().freeze(), bytes]);
        }
    }

    fn end_with(&mut self, message: &Frontend) {
        // the three messages without a body are always writable
        message.encode(&mut self.staged).ok();
        (self.prepares, self.flushed) = (false, true);
    }
}

#[cfg(test)]
mod tests;
