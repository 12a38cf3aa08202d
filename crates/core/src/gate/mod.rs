//! The one way through: accepted, known, open; then every operation through [`Gate::submit`].
//!
//! Each state is a type, and each step consumes the one before. Only the last can submit, only a submission that was
//! journalled makes a [`Permit`], and only a permit's own bytes can be sent. A protocol holds the gate and obeys it; it never
//! sees a rule.
//!
//! A client that is not yet known cannot ask for anything:
//! ```compile_fail,E0599
//! # use postern_core::gate::{Gate, Accepted};
//! async fn skip(gate: &mut Gate<Accepted>) { gate.submit(vec![], bytes::Bytes::new().into()).await; }
//! ```
//! And whoever is known has not yet opened a target:
//! ```compile_fail,E0599
//! # use postern_core::gate::{Gate, Known};
//! async fn skip(gate: &mut Gate<Known>) { gate.submit(vec![], bytes::Bytes::new().into()).await; }
//! ```
//! A state is left for good; the client does not become somebody else:
//! ```compile_fail,E0382
//! # use postern_core::gate::{Gate, Accepted};
//! # use postern_core::Claim;
//! async fn twice(gate: Gate<Accepted>, one: Claim, two: Claim) {
//!     let _ = gate.identify(one).await;
//!     let _ = gate.identify(two).await;
//! }
//! ```

mod admission;
mod again;
mod allotment;
mod exchange;
mod house;
mod lasting;
mod live;
mod opening;
mod permit;
mod question;
mod recording;
mod retiring;
mod seldom;
mod usage;
mod verdicts;
mod viewing;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::approval::digest_of;
use crate::clock::Micros;
use crate::fault::Fault;
use crate::id::{ApprovalId, OperationId, SessionId};
use crate::identity::{Claim, Principal, VerifiedClaims};
use crate::journal::{Decided, Event};
use crate::mask::{Lineage, MaskSet};
use crate::operation::Operation;
use crate::policy::{Rulebook, Scope, Situation};
use crate::record::{Note, Tape};
use crate::target::Target;
use crate::verdict::{Denial, Duties, Terms, Verdict};
use crate::visible::line;

pub use allotment::{Allotment, Portion};
pub use exchange::{Exchanged, Wanted};
pub use house::{Halt, House};
pub use lasting::Lifetime;
pub use live::Live;
pub use opening::{Lease, Redial};
pub use permit::{Flow, Payload, Permit, Sent, Wording};
pub use question::{Asked, Asking, Held, Standing};
pub use usage::Usage;
pub use viewing::{Ending, Viewing};

use admission::Admission;
use again::Subject;
use lasting::End;
use live::Alive;
use opening::Server;
use permit::Recorded;
use question::{Pending, nameless};
use usage::Seat;
use verdicts::Verdicts;

/// How much of what a client calls itself is journalled, in characters.
const LONGEST_NAME: usize = 256;
/// How much of what is said of a login or session that was refused is kept and told, in characters.
const LONGEST_TOLD: usize = 400;

/// One client on its way to, or in, one session with one target.
#[derive(Debug)]
pub struct Gate<S> {
    house: Arc<House>,
    session: SessionId,
    protocol: &'static str,
    client: SocketAddr,
    /// What the client calls itself; journalled, and never believed.
    called: Option<String>,
    state: S,
}

/// A client that has connected, and nothing more.
#[derive(Debug)]
pub struct Accepted {
    _stranger: Option<Arc<()>>,
}

/// A client that has proved who it is.
#[derive(Debug)]
pub struct Known {
    claims: Arc<VerifiedClaims>,
    principal: Arc<Principal>,
}

/// A principal with an open target.
pub struct Open {
    admission: Admission,
    scope: Scope,
    verdicts: Verdicts,
    seat: Seat,
    end: End,
    lineage: Option<Arc<dyn Lineage>>,
    /// The server that it is connected to.
    server: Option<Server>,
    tape: Arc<Tape>,
    alive: Alive,
}

/// What comes of a submission.
#[derive(Debug)]
pub enum Decision {
    /// It may run: forward it with this.
    Go(Permit),
    /// A human decides: go on with [`Gate::ask`].
    Ask(Box<Asking>),
    /// It may not run.
    No(Denial),
}

impl Gate<Accepted> {
    /// The gate for a client that has just connected.
    #[must_use]
    pub fn accept(house: Arc<House>, protocol: &'static str, client: SocketAddr) -> Self {
        let session = SessionId::at(house.clock.now());
        Self { house, session, protocol, client, called: None, state: Accepted { _stranger: None } }
    }

    /// Holds on to this for as long as the client has not proved who it is.
    #[must_use]
    pub fn stranger(self, mark: Arc<()>) -> Self {
        Self { state: Accepted { _stranger: Some(mark) }, ..self }
    }

    /// Notes what the client calls itself, for the journal only.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        Self { called: Some(name.chars().take(LONGEST_NAME).collect()), ..self }
    }

    /// Where a client that has no token learns how to get one.
    #[must_use]
    pub fn discovery(&self) -> Option<String> {
        self.house.identify.discovery()
    }

    /// Verifies what the client claims and finds out which principal that makes it.
    ///
    /// # Errors
    /// Why it is nobody here; journalled.
    pub async fn identify(self, claim: Claim) -> Result<Gate<Known>, Fault> {
        match self.attempt(claim).await {
            Ok(known) => Ok(known),
            Err((gate, fault)) => Err(gate.refused_login(fault).await),
        }
    }

    /// The same for one of several claims that a client has: where this one makes it nobody, the next may be tried.
    ///
    /// # Errors
    /// Why it is nobody here, and the gate as it was; nothing is journalled.
    pub async fn attempt(self, claim: Claim) -> Result<Gate<Known>, (Self, Fault)> {
        match self.house.vouched(&claim).await {
            Ok((claims, principal)) => {
                Ok(self.into_state(Known { claims: Arc::new(claims), principal: Arc::new(principal) }))
            }
            Err(fault) => Err((self, fault)),
        }
    }

    /// Resolves when nobody may log in any more: the gateway stops, or its journal is lost.
    pub async fn halted(&self) -> Halt {
        self.house.halted().await
    }

    /// Journals a login that failed.
    pub async fn refused_login(&self, fault: Fault) -> Fault {
        let fault = told(fault);
        let event = Event::LoginRefused {
            client: self.client.to_string(),
            called: self.called.clone(),
            protocol: self.protocol.to_owned(),
            code: fault.code.to_string(),
            message: fault.message.clone(),
        };
        match self.house.write(None, event).await {
            Ok(_) => fault,
            Err(worse) => worse,
        }
    }
}

impl Gate<Open> {
    /// Submits the operations of one message, with what will be sent if they may run.
    ///
    /// The strictest verdict over them governs all. What is only prepared is refused where it could never run, and
    /// asks a human no earlier than it is bound.
    ///
    /// # Errors
    /// Where the journal does not take the record; nothing may be forwarded then, ever again.
    pub async fn submit(&mut self, operations: Vec<Operation>, payload: Payload) -> Result<Decision, Fault> {
        self.recordable().await?;
        let pending = self.pending(operations, payload);
        match self.decide(&pending).await? {
            Verdict::Deny(denial) => self.deny(&pending, denial).await.map(Decision::No),
            Verdict::Hold(terms) if pending.prepares() => {
                self.permit(pending, terms.duties, None, None).await.map(decision)
            }
            // THREAT: what is agreed to is one thing, and what the same words run later another
            Verdict::Hold(terms) if pending.operations.iter().any(|operation| operation.meaning.is_none()) => {
                self.deny(&pending, nameless(&terms)).await.map(Decision::No)
            }
            Verdict::Hold(_) => Ok(Decision::Ask(Box::new(Asking { pending }))),
            Verdict::Allow(duties) => match self.count(&pending, &duties) {
                Ok(()) => self.permit(pending, duties, None, None).await.map(decision),
                Err(denial) => self.deny(&pending, denial).await.map(Decision::No),
            },
        }
    }

    /// Journals something constant of the gateway's own, and permits it. Never for anything a client sent.
    ///
    /// # Errors
    /// Where the journal does not take the record.
    pub async fn own(&self, text: &str, payload: Bytes) -> Result<Permit, Fault> {
        let id = OperationId::at(self.house.clock.now());
        let event = Event::Own { id, text: text.to_owned() };
        let appended = self.house.write(Some(self.session), event).await?;
        Ok(Permit::new(Recorded::new(&appended, id), payload, Subject::default(), self.state.scope.duties()))
    }

    /// Takes what the target says of its columns, so that masks bind their kin. What was known before is replaced.
    ///
    /// # Errors
    /// Where the policy changed and no longer lets the principal in.
    pub fn relate(&mut self, lineage: Arc<dyn Lineage>) -> Result<(), Fault> {
        self.state.lineage = Some(lineage);
        let rulebook = self.house.policy.rulebook();
        self.rescope(&rulebook)
    }

    /// Who the client is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.state.admission.principal
    }

    /// The open target.
    #[must_use]
    pub fn target(&self) -> &Arc<Target> {
        &self.state.admission.target
    }

    /// The open database, or nothing where the target has none.
    #[must_use]
    pub fn space(&self) -> &str {
        &self.state.admission.space
    }

    /// Memory for something long: as much as it grows to.
    #[must_use]
    pub fn portion(&self) -> Portion {
        self.house.allotment.portion()
    }

    /// The masks that bind the principal here, whatever is lifted for one operation or another.
    #[must_use]
    pub fn masks(&self) -> &Arc<MaskSet> {
        self.state.scope.masks()
    }

    /// What the policy in force says now. Where the session does not go on under it, the refusal is recorded.
    async fn decide(&mut self, pending: &Pending) -> Result<Verdict, Fault> {
        if let Err(fault) = self.go_on() {
            self.deny(pending, Denial::new(fault.code, fault.message.clone())).await?;
            return Err(fault);
        }
        Ok(self.verdict(&pending.operations))
    }

    /// Takes up the policy in force.
    ///
    /// # Errors
    /// Where the session does not go on under it.
    pub fn take_up(&mut self) -> Result<(), Fault> {
        self.go_on()
    }

    /// Takes up the policy in force, as long as the session's time is not over.
    fn go_on(&mut self) -> Result<(), Fault> {
        self.state.end.is_ahead(self.house.clock.now())?;
        let rulebook = self.house.policy.rulebook();
        if rulebook.revision == self.state.scope.revision() { Ok(()) } else { self.rescope(&rulebook) }
    }

    fn rescope(&mut self, rulebook: &Rulebook) -> Result<(), Fault> {
        let (admission, mut scope) = self.state.admission.under(rulebook, self.house.clock.now())?;
        if let Some(lineage) = &self.state.lineage {
            scope.relate(&**lineage);
        }
        self.state.admission = admission;
        self.state.scope = scope;
        self.state.verdicts.forget();
        Ok(())
    }

    fn situation(&self) -> Situation<'_> {
        self.state.admission.situation(self.house.clock.now())
    }

    fn pending(&self, operations: Vec<Operation>, payload: Payload) -> Pending {
        let Admission { principal, target, space, .. } = &self.state.admission;
        let digest = digest_of(principal, target.name.as_str(), space, &operations);
        Pending { id: OperationId::at(self.house.clock.now()), operations, payload, digest }
    }

    /// Counts what is about to run, or to be asked about.
    fn count(&self, pending: &Pending, duties: &Duties) -> Result<(), Denial> {
        if pending.prepares() || duties.limits.per_minute.is_empty() {
            return Ok(());
        }
        let operations = u64::try_from(pending.operations.len()).unwrap_or(u64::MAX);
        self.state.seat.count(&duties.limits.per_minute, operations, self.house.clock.now())
    }

    async fn deny(&self, pending: &Pending, denial: Denial) -> Result<Denial, Fault> {
        let decided = Decided::Deny {
            rule: denial.rule.as_ref().map(ToString::to_string),
            code: denial.code.to_string(),
            message: denial.recorded.as_ref().unwrap_or(&denial.message).clone(),
        };
        let (_, note) = self.record(pending, None, decided, &self.state.scope.duties()).await?;
        self.note(&note);
        Ok(denial)
    }

    async fn permit(
        &self,
        pending: Pending,
        duties: Duties,
        approval: Option<ApprovalId>,
        agreed: Option<Terms>,
    ) -> Result<Result<Permit, Denial>, Fault> {
        let sent = match pending.payload.under(&duties, &pending.operations) {
            Ok(sent) => sent,
            Err(denial) => return self.deny(&pending, denial).await.map(Err),
        };
        self.state.tape.keep(duties.keep);
        let rules = duties.rules.iter().map(ToString::to_string).collect();
        let allowed = Decided::Allow { rules, approval };
        let (recorded, note) = self.record(&pending, sent.text.as_deref(), allowed, &duties).await?;
        // INVARIANT: what cannot be recorded does not run
        self.state.tape.note(self.house.clock.now(), &note)?;
        let subject = if pending.prepares() { Subject::default() } else { Subject::of(pending.operations, agreed) };
        Ok(Ok(Permit::new(recorded, sent.bytes, subject, duties)))
    }

    /// Journals what was decided, and what is sent where that is something else; answers with what the recording is to say
    /// of it.
    async fn record(
        &self,
        pending: &Pending,
        sent: Option<&str>,
        decided: Decided,
        due: &Duties,
    ) -> Result<(Recorded, Note), Fault> {
        let (event, note) = self.house.decided(pending, sent, self.told(pending), decided, due)?;
        let appended = self.house.write(Some(self.session), event).await?;
        Ok((Recorded::new(&appended, pending.id), note))
    }
}

fn decision(permit: Result<Permit, Denial>) -> Decision {
    permit.map_or_else(Decision::No, Decision::Go)
}

/// What a refusal says that quotes what a client sent.
fn told(fault: Fault) -> Fault {
    Fault { message: short(&fault.message), hint: fault.hint.as_deref().map(short), ..fault }
}

/// THREAT: what somebody sent fills the journal, or acts on whoever looks at it or at the log.
fn short(said: &str) -> String {
    line(said).chars().take(LONGEST_TOLD).collect()
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.admission.principal.name(), self.admission.target.name)
    }
}

impl<S> Gate<S> {
    /// The session's name.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What time it is here.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.house.clock.now()
    }

    fn into_state<T>(self, state: T) -> Gate<T> {
        Gate {
            house: self.house,
            session: self.session,
            protocol: self.protocol,
            client: self.client,
            called: self.called,
            state,
        }
    }
}
