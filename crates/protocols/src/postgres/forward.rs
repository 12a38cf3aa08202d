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

use std::io;

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Flow, Permit};

use super::wire::{Frame, Frontend};
use crate::wire::Outlet;

/// How much may be held back before it is sent anyway, in bytes.
const LARGEST_STAGE: usize = 64 << 10;

/// The writing end towards a target.
pub struct Target {
    outlet: Outlet,
    /// What the target need not see yet: messages that it would not answer before the pipeline is flushed. Nothing
    /// of an operation that waits for a human leaves from here, so no lock is taken while it waits.
    staged: BytesMut,
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
        Self { outlet, staged: BytesMut::new(), flushed: true }
    }

    /// Forwards what was permitted. The bytes are the permit's own.
    pub fn forward(&mut self, permit: Permit) -> Flow {
        let (bytes, flow) = permit.spend();
        self.stage(&bytes);
        flow
    }

    /// Forwards what continues an operation.
    pub fn follow(&mut self, _flow: &Flow, continuation: &Continuation) {
        match continuation {
            Continuation::Describe(frame) | Continuation::Execute(frame) => self.stage(&frame.raw),
            Continuation::Copy(frame) => {
                self.stage(&frame.raw);
                self.release();
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
            Control::Close(frame) => self.stage(&frame.raw),
            Control::Sync => self.end_with(&Frontend::Sync),
            Control::Flush if self.flushed => {}
            Control::Flush => self.end_with(&Frontend::Flush),
            Control::Terminate => self.end_with(&Frontend::Terminate),
        }
    }

    /// Lets out what is held back.
    pub fn release(&mut self) {
        self.outlet.push(&self.staged);
        self.staged.clear();
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.outlet.is_idle()
    }

    /// Whether so much waits that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.outlet.is_full()
    }

    /// Writes some of what was let out.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        self.outlet.drain().await
    }

    /// Writes all that was let out.
    pub(super) async fn drain_all(&mut self) -> io::Result<()> {
        self.outlet.drain_all().await
    }

    /// Writes what was let out and closes the connection.
    pub(super) async fn finish(&mut self) {
        self.outlet.finish().await;
    }

    fn stage(&mut self, bytes: &[u8]) {
        self.flushed = false;
        self.staged.extend_from_slice(bytes);
        if self.staged.len() > LARGEST_STAGE {
            self.release();
        }
    }

    fn end_with(&mut self, message: &Frontend) {
        // the three messages without a body are always writable
        message.encode(&mut self.staged).ok();
        self.flushed = true;
        self.release();
    }
}

#[cfg(test)]
mod tests;
