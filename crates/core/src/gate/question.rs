//! Waiting for a human: asking, waiting, taking back, going on.
//!
//! What goes on is what was asked about: the bytes are kept here from the submission on, and the approval is used
//! for the digest over them, once.

use std::sync::Arc;

use crate::approval::{Approval, Question, Settled, State};
use crate::code::Code;
use crate::fault::Fault;
use crate::gate::{Gate, House, Open, Payload, Permit};
use crate::id::{ApprovalId, OperationId};
use crate::journal::{Decided, Event};
use crate::operation::{Operation, Stage};
use crate::ports::Later;
use crate::record::Note;
use crate::verdict::{Denial, Duties, HoldInTransaction, HoldMode, Terms, Verdict};

/// A submission on its way to a verdict.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: OperationId,
    pub(super) operations: Vec<Operation>,
    pub(super) payload: Payload,
    pub(super) digest: String,
}

impl Pending {
    /// Whether nothing of it runs yet.
    pub(super) fn prepares(&self) -> bool {
        !self.operations.is_empty() && self.operations.iter().all(|operation| operation.stage == Stage::Prepare)
    }
}

/// A submission that needs a human, not yet asked about.
#[derive(Debug)]
pub struct Asking {
    pub(super) pending: Pending,
}

/// Whether a client can wait, and others would wait as well meanwhile.
#[derive(Clone, Debug)]
pub enum Standing {
    /// The session holds nothing.
    Free,
    /// The session is inside a transaction that may hold locks.
    InTransaction,
    /// It cannot wait, and is told so in these words. THREAT: humans are asked, again and again, what nobody waits for.
    Unable(Denial),
}

/// What comes of asking.
#[derive(Debug)]
pub enum Asked {
    /// An earlier approval serves, or none is needed any more: forward it with this.
    Go(Permit),
    /// Wait for [`Held::settled`], then [`Gate::resume`]; or [`Gate::withdraw`].
    Wait(Box<Held>),
    /// It may not run, or not now.
    No(Denial),
}

/// An operation that waits for a human.
#[derive(Debug)]
pub struct Held {
    pending: Pending,
    asked: Approval,
    url: String,
    house: Arc<House>,
}

impl Held {
    /// The approval's name.
    #[must_use]
    pub fn approval(&self) -> ApprovalId {
        self.asked.id
    }

    /// Where a human decides.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The rules that asked for a human, for the one who waits.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.asked.rules
    }

    /// Waits until it is settled; resolves to an error where the store cannot be reached. Dropping the wait leaves
    /// the question open; see [`Gate::withdraw`].
    pub fn settled(&self) -> Later<'static, Result<Settled, Fault>> {
        let (house, approval) = (Arc::clone(&self.house), self.asked.id);
        Box::pin(async move { house.approvals.settled(approval).await })
    }
}

impl Gate<Open> {
    /// Asks a human about a submission that needs one, if it still does: time may have passed since, and another policy
    /// come in force.
    ///
    /// # Errors
    /// Where the question cannot be kept or journalled.
    pub async fn ask(&mut self, asking: Box<Asking>, standing: Standing) -> Result<Asked, Fault> {
        let Asking { pending } = *asking;
        let mut terms = match self.decide(&pending).await? {
            Verdict::Deny(denial) => return self.deny(&pending, denial).await.map(Asked::No),
            Verdict::Allow(duties) => {
                return match self.count(&pending, &duties) {
                    Ok(()) => self.permit(pending, duties, None, None).await.map(asked),
                    Err(denial) => self.deny(&pending, denial).await.map(Asked::No),
                };
            }
            Verdict::Hold(terms) => terms,
        };
        if let Err(denial) = self.count(&pending, &terms.duties) {
            return self.deny(&pending, denial).await.map(Asked::No);
        }
        let open = match self.earlier(&pending, &terms).await? {
            Earlier::Used(approval) => {
                let duties = terms.duties.clone();
                return self.permit(pending, duties, Some(approval), Some(terms)).await.map(asked);
            }
            Earlier::Open(approval) => Some(*approval),
            Earlier::None => None,
        };
        match standing {
            Standing::Unable(denial) if terms.hold == HoldMode::Wait => {
                return self.deny(&pending, by_first(denial, &terms)).await.map(Asked::No);
            }
            Standing::InTransaction if terms.hold == HoldMode::Wait => {
                if terms.in_transaction == HoldInTransaction::Refuse {
                    return self.deny(&pending, locks(&terms)).await.map(Asked::No);
                }
                terms.expires = terms.expires.min(HoldInTransaction::LONGEST);
            }
            Standing::Free | Standing::InTransaction | Standing::Unable(_) => {}
        }
        let asked = self.question(&pending, &terms, open).await?;
        let url = format!("{}{}", self.house.approvals_url, asked.id);
        match terms.hold {
            HoldMode::Wait => Ok(Asked::Wait(Box::new(Held { pending, asked, url, house: Arc::clone(&self.house) }))),
            HoldMode::Retry => {
                let message = format!("this waits for a human to approve it: {}, {url}", asked.id);
                let denial = by_first(Denial::new(Code::ApprovalPending, message), &terms);
                Ok(Asked::No(denial.hint("send the same statement again once it is approved")))
            }
        }
    }

    /// Goes on with a held operation as it was settled: granted, it is decided again under the policy in force, the
    /// approval is used, and the operation is recorded. `again` is what its message reads as by now; where nothing was
    /// granted, nobody looks at it.
    ///
    /// # Errors
    /// Where the store or the journal fails.
    pub async fn resume(
        &mut self,
        held: Held,
        settled: Settled,
        again: &[Operation],
    ) -> Result<Result<Permit, Denial>, Fault> {
        self.journal_settled(&held, &settled).await?;
        let Held { pending, asked, .. } = held;
        if settled.state != State::Granted {
            return self.deny(&pending, refused(asked.id, &settled)).await.map(Err);
        }
        // THREAT: a name that stands for something else by the time that a human has agreed.
        if again != pending.operations.as_slice() {
            let message = "what it names changed while it waited, so that it is no longer what was approved";
            return self.deny(&pending, Denial::new(Code::MeaningChanged, message).hint("ask again")).await.map(Err);
        }
        let (duties, agreed) = match self.decide(&pending).await? {
            Verdict::Deny(denial) => return self.deny(&pending, denial).await.map(Err),
            // what was agreed to under an earlier policy must be as much as this one asks for
            Verdict::Hold(terms) if !asked.satisfies(&terms) => {
                let denial = Denial::new(Code::PolicyChanged, "the policy changed and asks for more than was approved");
                return self.deny(&pending, by_first(denial, &terms).hint("send it again")).await.map(Err);
            }
            Verdict::Hold(terms) => (terms.duties.clone(), Some(terms)),
            Verdict::Allow(duties) => (duties, None),
        };
        self.used(asked.id, (duties, agreed), pending).await
    }

    /// Takes a held operation back: the client is gone, cancelled, or waited long enough.
    ///
    /// # Errors
    /// Where the store or the journal fails.
    pub async fn withdraw(&self, held: Held) -> Result<Denial, Fault> {
        let approval = held.asked.id;
        self.house.approvals.withdraw(approval).await?;
        // an answer that came first stands, and is what became of it
        let settled = held.settled().await?;
        self.journal_settled(&held, &settled).await?;
        self.deny(&held.pending, taken_back(approval)).await
    }

    /// What an earlier question about the very same operation is good for.
    async fn earlier(&self, pending: &Pending, terms: &Terms) -> Result<Earlier, Fault> {
        if terms.hold == HoldMode::Wait && terms.reuse.is_zero() {
            return Ok(Earlier::None);
        }
        let now = self.house.clock.now();
        let retried = terms.hold == HoldMode::Retry;
        for approval in self.house.approvals.about(&pending.digest).await? {
            // INVARIANT: an earlier answer counts on the terms in force, not on those that it was given on
            let Some(approval) = approval.on(terms) else { continue };
            let fresh = retried && approval.state == State::Granted && approval.is_usable(now);
            let usable = fresh || approval.serves_again(now);
            if usable && self.house.approvals.consume(approval.id, &pending.digest).await? {
                return Ok(Earlier::Used(approval.id));
            }
            if retried && approval.state == State::Pending && now < approval.expires {
                return Ok(Earlier::Open(Box::new(approval)));
            }
        }
        Ok(Earlier::None)
    }

    /// Records that a submission waits, and asks unless that question is `open` already.
    async fn question(&self, pending: &Pending, terms: &Terms, open: Option<Approval>) -> Result<Approval, Fault> {
        let question = Question {
            principal: self.principal(),
            session: self.session,
            id: pending.id,
            target: self.target().name.as_str(),
            operations: &pending.operations,
            terms,
            digest: pending.digest.clone(),
        };
        let is_new = open.is_none();
        let approval = open.unwrap_or_else(|| Approval::ask(&question, self.house.clock.now()));
        let rules = terms.rules.iter().map(ToString::to_string).collect();
        let (_, note) =
            self.record(pending, None, Decided::Hold { rules, approval: approval.id }, &terms.duties).await?;
        self.note(&note);
        if is_new {
            self.house.approvals.ask(approval.clone()).await?;
        }
        Ok(approval)
    }

    async fn used(
        &self,
        approval: ApprovalId,
        (duties, agreed): (Duties, Option<Terms>),
        pending: Pending,
    ) -> Result<Result<Permit, Denial>, Fault> {
        if self.house.approvals.consume(approval, &pending.digest).await? {
            return self.permit(pending, duties, Some(approval), agreed).await;
        }
        let denial =
            Denial::new(Code::ApprovalExpired, format!("approval {approval} was used or lapsed before this could run"));
        self.deny(&pending, denial).await.map(Err)
    }

    async fn journal_settled(&self, held: &Held, settled: &Settled) -> Result<(), Fault> {
        let (id, approval, state) = (held.pending.id, held.asked.id, settled.state.word().to_owned());
        let by = settled.answer.as_ref().map(|answer| answer.by.clone());
        let reason = settled.answer.as_ref().and_then(|answer| answer.reason.clone());
        let note = Note::Settled { id, approval, state: state.clone(), by: by.clone(), reason: reason.clone() };
        self.house.write(Some(self.session), Event::ApprovalSettled { id, approval, state, by, reason }).await?;
        self.note(&note);
        Ok(())
    }
}

fn asked(permit: Result<Permit, Denial>) -> Asked {
    permit.map_or_else(Asked::No, Asked::Go)
}

enum Earlier {
    None,
    Open(Box<Approval>),
    Used(ApprovalId),
}

/// The refusal of a wait that would hold locks.
fn locks(terms: &Terms) -> Denial {
    let message = "this needs a human's approval, and inside a transaction it would hold locks while it waits";
    by_first(Denial::new(Code::ApprovalInTransaction, message), terms).hint("run it outside of a transaction")
}

/// The refusal to ask a human about what cannot be shown to one.
pub(super) fn nameless(terms: &Terms) -> Denial {
    let message = "this needs a human's approval, and nobody can tell the human what it runs";
    by_first(Denial::new(Code::Unreadable, message), terms).hint("send what it names as a statement of its own")
}

/// The refusal of what nobody waits for any more.
fn taken_back(approval: ApprovalId) -> Denial {
    Denial::new(Code::ApprovalWithdrawn, format!("it was taken back while it waited for approval {approval}"))
}

fn by_first(denial: Denial, terms: &Terms) -> Denial {
    match terms.rules.first() {
        Some(rule) => denial.by(rule.clone()),
        None => denial,
    }
}

/// What the client hears of an approval that was not granted.
fn refused(approval: ApprovalId, settled: &Settled) -> Denial {
    match (settled.state, &settled.answer) {
        (State::Denied, Some(answer)) => {
            let reason = answer.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Denial::new(Code::ApprovalDenied, format!("{} denied it{reason}", answer.by.name))
        }
        (State::Denied, None) => Denial::new(Code::ApprovalDenied, "it was denied"),
        (State::Withdrawn, _) => taken_back(approval),
        (State::Used, _) => Denial::new(Code::ApprovalExpired, format!("approval {approval} was used before")),
        (State::Expired | State::Pending | State::Granted, _) => {
            Denial::new(Code::ApprovalExpired, "nobody approved it in time").hint("ask an approver, then send it again")
        }
    }
}
