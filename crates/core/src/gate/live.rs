//! The sessions that are open now, so that somebody can end one.
//!
//! It knows no more of them than that takes. Enter at [`House::kill`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::code::Code;
use crate::fault::Fault;
use crate::gate::House;
use crate::id::SessionId;
use crate::identity::Principal;
use crate::journal::Event;
use crate::ports::Later;
use crate::record::{Head, Note, Tape};

/// Every session that is open.
#[derive(Debug, Default)]
pub struct Live(Mutex<HashMap<SessionId, Open>>);

#[derive(Debug)]
struct Open {
    end: watch::Sender<Option<Fault>>,
    tape: Arc<Tape>,
}

/// The place of an open session among them, for as long as this lives.
#[derive(Debug)]
pub(super) struct Alive {
    house: Arc<House>,
    session: SessionId,
    ended: watch::Receiver<Option<Fault>>,
}

impl Live {
    /// Whether a session is open.
    #[must_use]
    pub fn has(&self, session: SessionId) -> bool {
        self.sessions().contains_key(&session)
    }

    /// How much is kept by now of an open session.
    pub(super) fn head(&self, session: SessionId) -> Option<Head> {
        self.sessions().get(&session).map(|open| open.tape.head())
    }

    /// What a panicking session left is whole entries all the same.
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Alive {
    pub(super) fn new(house: &Arc<House>, session: SessionId, tape: &Arc<Tape>) -> Self {
        let (end, ended) = watch::channel(None);
        house.live.sessions().insert(session, Open { end, tape: Arc::clone(tape) });
        Self { house: Arc::clone(house), session, ended }
    }

    /// Resolves once somebody ends the session.
    pub(super) fn killed(&self) -> Later<'static, Fault> {
        let mut ended = self.ended.clone();
        Box::pin(async move {
            let fault = ended.wait_for(Option::is_some).await.ok().and_then(|fault| fault.clone());
            match fault {
                Some(fault) => fault,
                None => std::future::pending().await,
            }
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.house.live.sessions().remove(&self.session);
    }
}

impl House {
    /// Whether somebody may end the sessions of others.
    ///
    /// # Errors
    /// Where they may not.
    pub fn may_operate(&self, by: &Principal) -> Result<(), Fault> {
        if self.policy.rulebook().roles.operates(by) {
            return Ok(());
        }
        let message = "ending the sessions of others is for operators";
        Err(Fault::client(Code::RoleMissing, message).hint("`operators` in [roles] names them"))
    }

    /// Ends an open session for somebody who operates the gateway, and says who did and why. Tells whether
    /// it was open.
    ///
    /// # Errors
    /// Where that is not theirs to do, or the journal fails.
    pub async fn kill(&self, session: SessionId, by: &Principal, reason: &str) -> Result<bool, Fault> {
        self.may_operate(by)?;
        if !self.live.has(session) {
            return Ok(false);
        }
        // INVARIANT: it stands in the journal before it happens, and in the gateway's own chain: the session may be over
        let killed = Event::SessionKilled { session, by: by.summary(), reason: reason.to_owned() };
        self.write(None, killed).await?;
        let live = self.live.sessions();
        let Some(open) = live.get(&session) else { return Ok(false) };
        // where it cannot be recorded, or is about to end, the session ends all the same
        drop(open.tape.note(self.clock.now(), &Note::Killed { by: by.summary(), reason: reason.to_owned() }));
        let fault = Fault::gateway(Code::SessionKilled, format!("{} ended this session: {reason}", by.name()));
        open.end.send_replace(Some(fault));
        Ok(true)
    }
}
