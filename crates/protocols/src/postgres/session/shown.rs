//! The writing end towards a client: nothing leaves that is not recorded first.
//!
//! What is pushed here is fresh until [`ToClient::let_out`] has put it on the session's tape, and only then may be
//! written. It is recorded as it is written, after masking, under the operation that it answers.

use std::io;

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Gate, Open};
use postern_core::{Fault, OperationId};

use super::super::cells::in_formats;
use super::super::wire::{Backend, Frame, tag};
use super::registry::Portal;
use super::reply::{About, Reply};
use super::{End, Session};
use crate::wire::{HIGH_WATER, Outlet};

/// The writing end towards a client.
pub(super) struct ToClient {
    outlet: Outlet,
    /// What is not recorded yet.
    fresh: BytesMut,
    /// What it answers.
    about: Option<OperationId>,
}

impl ToClient {
    /// What waits in the outlet already is the gateway's greeting, with the key to cancel by; it is not recorded.
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet, fresh: BytesMut::new(), about: None }
    }

    /// Appends bytes that the client is to see.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.fresh.extend_from_slice(bytes);
    }

    /// Where to append what the client is to see.
    pub(super) fn fresh(&mut self) -> &mut BytesMut {
        &mut self.fresh
    }

    /// Says what that answers which is pushed from here on; tells whether it is something else than before.
    pub(super) fn answers(&mut self, gate: &Gate<Open>, operation: Option<OperationId>) -> Result<bool, Fault> {
        if operation == self.about {
            return Ok(false);
        }
        self.record(gate)?;
        self.about = operation;
        Ok(true)
    }

    /// Records what is fresh, so that it may be written.
    pub(super) fn let_out(&mut self, gate: &Gate<Open>) -> Result<(), Fault> {
        self.record(gate)?;
        self.about = None;
        Ok(())
    }

    /// The gateway's last words. They may be written although nothing is recorded any more; nothing else may, so that
    /// whatever was not let out is dropped.
    pub(super) fn farewell(&mut self, gate: &Gate<Open>, message: &Backend) {
        self.fresh.clear();
        // a report that cannot be written is left out
        if message.encode(&mut self.fresh).is_ok() && self.record(gate).is_err() {
            self.outlet.push(&self.fresh);
            self.fresh.clear();
        }
    }

    /// Whether there is nothing left to write.
    pub(super) fn is_idle(&self) -> bool {
        self.outlet.is_idle()
    }

    /// Whether so much waits that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.outlet.is_full() || self.fresh.len() >= HIGH_WATER
    }

    /// Writes some of what was let out.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        self.outlet.drain().await
    }

    /// Writes all that was let out and says goodbye.
    pub(super) async fn finish(&mut self) {
        self.outlet.finish().await;
    }

    fn record(&mut self, gate: &Gate<Open>) -> Result<(), Fault> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        gate.shown(self.about, &self.fresh)?;
        if self.outlet.buffer.is_empty() {
            std::mem::swap(&mut self.outlet.buffer, &mut self.fresh);
        } else {
            self.outlet.push(&self.fresh);
        }
        self.fresh.clear();
        Ok(())
    }
}

impl Session<'_> {
    /// Takes note of what the reply at hand answers.
    pub(super) fn attribute(&mut self) -> Result<(), End> {
        let about = match self.replies.first() {
            None => About::Nothing,
            Some(reply) => reply.about(),
        };
        let operation = match about {
            About::Before => return Ok(()),
            About::Nothing => None,
            About::Operation(id) => Some(id),
        };
        if self.to_client.answers(&self.gate, operation)?
            && let Some(Reply::Bind { portal, .. } | Reply::Execute { portal }) = self.replies.first()
            && let Some(columns) = columns(portal)
        {
            self.gate.aside(operation, &columns)?;
        }
        Ok(())
    }
}

/// What a portal's rows hold, for whoever reads the recording: its client may have asked long before.
fn columns(portal: &Portal) -> Option<Bytes> {
    let raw = portal.prepared.description()?.clone();
    let Ok(Backend::RowDescription(mut fields)) = Backend::decode(&Frame { tag: tag::server::ROW_DESCRIPTION, raw })
    else {
        return None;
    };
    in_formats(&mut fields, &portal.formats);
    let mut message = BytesMut::new();
    Backend::RowDescription(fields).encode(&mut message).ok()?;
    Some(message.freeze())
}
