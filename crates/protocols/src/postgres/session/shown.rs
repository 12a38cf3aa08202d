//! The writing end towards a client: nothing leaves that is not recorded first.
//!
//! What is pushed here is fresh until [`ToClient::let_out`] has put it on the session's tape, and only then may be
//! written. It is recorded as it is written, after masking, under the operation that it answers.
//!
//! THREAT: the credential that was injected comes back, by whatever way: a table that holds it, an error, a setting. Every
//! byte is searched for it here before it is recorded, and none leaves after it.

use std::io;

use std::sync::Arc;

use bytes::BytesMut;
use postern_core::gate::{Gate, Open};
use postern_core::mask::echo::Echo;
use postern_core::{Code, Fault, OperationId};

use super::super::wire::Backend;
use super::registry::Portal;
use super::reply::{About, Reply};
use super::{End, Session};
use crate::wire::{HIGH_WATER, Outlet};

/// The writing end towards a client.
pub(super) struct ToClient {
    outlet: Outlet,
    /// Listens for the injected credential.
    echo: Arc<Echo>,
    /// Whether it was heard.
    heard: bool,
    /// What is not recorded yet. INVARIANT: whole messages, so that what stands in one is searched in one piece.
    fresh: BytesMut,
    /// What it answers.
    about: Option<OperationId>,
    /// Whose rows they may be.
    rows_of: Option<Arc<Portal>>,
    /// The operation whose columns the recording tells: those of its portal, until it turns to another.
    told: Option<OperationId>,
}

impl ToClient {
    /// What waits in the outlet already is the gateway's greeting, with the key to cancel by; it is not recorded.
    pub(super) fn new(outlet: Outlet, echo: Arc<Echo>) -> Self {
        Self { outlet, echo, heard: false, fresh: BytesMut::new(), about: None, rows_of: None, told: None }
    }

    /// Appends bytes that the client is to see.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.fresh.extend_from_slice(bytes);
    }

    /// Where to append what the client is to see.
    pub(super) fn fresh(&mut self) -> &mut BytesMut {
        &mut self.fresh
    }

    /// Says what that answers which is pushed from here on, and which portal's rows may be in it.
    pub(super) fn answers(
        &mut self,
        gate: &Gate<Open>,
        about: Option<OperationId>,
        rows_of: Option<&Arc<Portal>>,
    ) -> Result<(), Fault> {
        if about != self.about || (rows_of.is_none() && self.rows_of.is_some()) {
            self.record(gate)?;
            (self.about, self.rows_of) = (about, None);
        }
        if self.rows_of.is_none() {
            self.rows_of = rows_of.map(Arc::clone);
        }
        Ok(())
    }

    /// Says that the columns of the portal that is answered are among what was pushed.
    pub(super) fn told(&mut self) {
        self.told = self.about;
    }

    /// Records what is fresh, so that it may be written.
    pub(super) fn let_out(&mut self, gate: &Gate<Open>) -> Result<(), Fault> {
        self.record(gate)?;
        (self.about, self.rows_of) = (None, None);
        Ok(())
    }

    /// The gateway's last words. They may be written although nothing is recorded any more; nothing else may, so that
    /// whatever was not let out is dropped.
    pub(super) fn farewell(&mut self, gate: &Gate<Open>, message: &Backend) {
        self.fresh.clear();
        // a report that cannot be written is left out
        if message.encode(&mut self.fresh).is_err() || self.echo.within(&self.fresh) {
            self.fresh.clear();
        }
        if !self.fresh.is_empty() && self.keep(gate).is_err() {
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

    /// Writes as much of what was let out as the client takes at once.
    pub(super) async fn drain_now(&mut self) -> io::Result<()> {
        self.outlet.drain_now().await
    }

    /// Writes all that was let out and says goodbye.
    pub(super) async fn finish(&mut self) {
        self.outlet.finish().await;
    }

    fn record(&mut self, gate: &Gate<Open>) -> Result<(), Fault> {
        self.heard |= self.echo.within(&self.fresh);
        if self.heard {
            self.fresh.clear();
            return Err(credential_shown());
        }
        if self.fresh.is_empty() { Ok(()) } else { self.keep(gate) }
    }

    fn keep(&mut self, gate: &Gate<Open>) -> Result<(), Fault> {
        if self.about.is_some() && self.told != self.about {
            let columns = self.rows_of.as_ref().and_then(|portal| portal.columns());
            self.told = self.about.filter(|_| columns.is_some());
            if let Some(columns) = columns {
                gate.aside(self.about, columns)?;
            }
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

/// What everybody hears of it; not what it was, nor where.
fn credential_shown() -> Fault {
    let message =
        "the target sent back the credential that the gateway logs in with: nothing more of this session is shown";
    Fault::gateway(Code::CredentialShown, message).hint("tell whoever runs the gateway")
}

/// Journals that the credential was heard; answers with why the session ends.
async fn alert(gate: &Gate<Open>) -> Fault {
    let fault = credential_shown();
    gate.alert(fault.code, &fault.message).await.err().unwrap_or(fault)
}

/// Takes a greeting back in which the credential is heard, and says so.
pub(super) async fn greeting(gate: &Gate<Open>, outlet: &mut Outlet, echo: &Echo) -> Result<(), Fault> {
    if !echo.within(&outlet.buffer) {
        return Ok(());
    }
    outlet.forget();
    Err(alert(gate).await)
}

impl Session<'_> {
    /// Lets out what is left at the end of a session, and says why it ends: a credential in that is a reason of its own.
    pub(super) async fn let_last_out(&mut self, end: End) -> End {
        // what cannot be recorded stays here
        match self.to_client.let_out(&self.gate) {
            Ok(()) => end,
            Err(fault) if fault.code == Code::CredentialShown => End::Fault(alert(&self.gate).await),
            Err(fault) => {
                tracing::error!(session = %self.gate.session(), code = %fault.code, cause = fault.cause, "{}", fault.message);
                end
            }
        }
    }

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
        let rows_of = match self.replies.first() {
            Some(Reply::Execute { portal }) => Some(&*portal),
            _ => None,
        };
        Ok(self.to_client.answers(&self.gate, operation, rows_of)?)
    }
}
