//! SSH (RFC 4251 to 4254), with what OpenSSH has added.
//!
//! It turns what a client asks of a host into operations and decides nothing. Enter at [`Ssh`]; the connections are
//! `transport`, which alone knows the library that makes them, what is asked for means [`analyze`] says, of files `files` keeps
//! which is which, and the only way to
//! the target is `forward`.

pub mod analyze;
mod asking;
mod doctor;
mod files;
mod forward;
mod inventory;
mod login;
mod refuse;
mod replay;
mod session;
mod transport;
pub mod vocabulary;
pub mod wire;

use std::sync::Arc;

use postern_core::document::{Findings, Reader};
use postern_core::examination::{Examination, Subject};
use postern_core::gate::{Accepted, Gate};
use postern_core::inventory::{self as neutral, Means};
use postern_core::ports::{Client, Later, Protocol};
use postern_core::record::Replay;
use postern_core::target::Target;
use postern_core::{Fault, Secret, Vocabulary};

use self::inventory::Inventory;
use self::session::Session;
use self::transport::keys;

/// The protocol. Its sessions share nothing.
#[derive(Debug, Default)]
pub struct Ssh;

impl Ssh {
    /// The protocol with no session yet.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Protocol for Ssh {
    fn vocabulary(&self) -> &'static Vocabulary {
        &vocabulary::VOCABULARY
    }

    fn proves(&self, seed: &Secret) -> Option<String> {
        keys::host(seed).as_ref().and_then(keys::public)
    }

    fn assumed(&self) -> Arc<dyn neutral::Inventory> {
        Arc::new(Inventory)
    }

    fn recall(&self, findings: &mut Findings, document: Reader<'_>) -> Option<Arc<dyn neutral::Inventory>> {
        findings.wrong(&document.place(), "a host is not described by a file", None);
        document.finish(findings);
        None
    }

    fn survey<'a>(
        &'a self,
        target: &'a Target,
        means: &'a Means,
    ) -> Later<'a, Result<Arc<dyn neutral::Inventory>, Fault>> {
        Box::pin(async move {
            asking::try_logins(target, means).await?;
            let inventory: Arc<dyn neutral::Inventory> = Arc::new(Inventory);
            Ok(inventory)
        })
    }

    fn examine<'a>(&'a self, subject: &'a Subject<'a>) -> Later<'a, Result<Examination, Fault>> {
        Box::pin(doctor::examine(subject))
    }

    fn replay(&self) -> Box<dyn Replay> {
        Box::new(replay::Reel::default())
    }

    fn serve(&self, client: Client, gate: Gate<Accepted>) -> Later<'_, ()> {
        Box::pin(async move {
            let session = gate.session();
            match login::log_in(client, gate).await {
                Ok(logged) => Session::new(logged).serve().await,
                Err(fault) => {
                    tracing::info!(%session, code = %fault.code, cause = fault.cause, "login refused: {}", fault.message);
                }
            }
        })
    }
}
