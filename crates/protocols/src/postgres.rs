//! PostgreSQL, protocol version 3.
//!
//! It turns messages into operations and cells into bytes and decides nothing. Enter at [`Postgres`]; the codec is
//! [`wire`], what statements mean is [`analyze`], and the only way to the target is [`forward`].

pub mod analyze;
mod asking;
mod bucket;
mod cancel;
pub mod catalog;
mod catalogs;
mod cells;
mod doctor;
mod form;
pub mod forward;
mod inventory;
mod login;
mod refuse;
mod replay;
mod session;
mod veil;
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
use postern_core::{Fault, Vocabulary};

use self::cancel::Cancels;
use self::catalogs::Catalogs;
use self::inventory::Inventory;
use self::login::Ended;
use self::login::guard::Guards;
use self::session::Session;

/// The protocol, with what its sessions share.
pub struct Postgres {
    cancels: Cancels,
    catalogs: Catalogs,
    guards: Guards,
}

impl Postgres {
    /// The protocol with no session yet.
    #[must_use]
    pub fn new() -> Self {
        Self { cancels: Cancels::default(), catalogs: Catalogs::default(), guards: Guards::default() }
    }
}

impl Default for Postgres {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Postgres {
    fn vocabulary(&self) -> &'static Vocabulary {
        &vocabulary::VOCABULARY
    }

    fn alpn(&self) -> Option<&'static str> {
        Some(wire::startup::ALPN)
    }

    fn assumed(&self) -> Arc<dyn neutral::Inventory> {
        Arc::new(Inventory::default())
    }

    fn recall(&self, findings: &mut Findings, document: Reader<'_>) -> Option<Arc<dyn neutral::Inventory>> {
        let inventory = Inventory::read(findings, document)?;
        Some(Arc::new(inventory))
    }

    fn survey<'a>(
        &'a self,
        target: &'a Target,
        means: &'a Means,
    ) -> Later<'a, Result<Arc<dyn neutral::Inventory>, Fault>> {
        Box::pin(async move {
            let inventory: Arc<dyn neutral::Inventory> = Arc::new(Inventory::survey(target, means).await?);
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
            // what comes before a session, or seldom, is on the heap by itself and given back: every session that is open
            // would take up as much
            let logged = match Box::pin(login::log_in(client, gate, &self.cancels, &self.guards)).await {
                Ok(logged) => logged,
                Err(Ended::Quietly) => return,
                Err(Ended::Failed(fault)) => {
                    tracing::info!(%session, code = %fault.code, cause = fault.cause, "login refused: {}", fault.message);
                    return;
                }
            };
            match Box::pin(Session::begin(logged, &self.catalogs, &self.cancels)).await {
                Ok(session) => session.serve().await,
                Err((gate, mut outlet, fault)) => {
                    tracing::warn!(%session, code = %fault.code, cause = fault.cause, "{}", fault.message);
                    let report = wire::Backend::ErrorResponse(refuse::fault(&fault));
                    report.encode(&mut outlet.buffer).ok();
                    tokio::time::timeout(login::GOODBYE, outlet.finish()).await.ok();
                    if let Err(worse) = gate.close(&fault.to_string()).await {
                        tracing::error!(%session, code = %worse.code, "{}", worse.message);
                    }
                }
            }
        })
    }
}
