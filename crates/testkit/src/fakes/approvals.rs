//! Approvals in memory, moved by core's own state machine.
//!
//! It adds no rule of its own about who may answer or when one serves. Enter at [`MemoryApprovals`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use postern_core::approval::{Answered, Approval, Choice, Refusal, Settled, State};
use postern_core::ports::{Approvals, Later};
use postern_core::{ApprovalId, Clock, Code, Fault, Principal};
use tokio::sync::Notify;

use super::{StillClock, locked};

/// Keeps questions as a store does. Expiry is by the test's clock.
#[derive(Debug)]
pub struct MemoryApprovals {
    clock: Arc<StillClock>,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    questions: BTreeMap<ApprovalId, Approval>,
    down: bool,
}

impl MemoryApprovals {
    /// A store without questions.
    #[must_use]
    pub fn new(clock: Arc<StillClock>) -> Self {
        Self { clock, kept: Mutex::default(), changed: Notify::new() }
    }

    /// Makes the store unreachable, or reachable again.
    pub fn set_down(&self, down: bool) {
        locked(&self.kept).down = down;
        self.changed.notify_waiters();
    }

    /// The newest question that waits for an answer; resolves once there is one.
    pub async fn asked(&self) -> Approval {
        loop {
            let changed = self.changed.notified();
            let newest = locked(&self.kept).questions.values().rev().find(|one| one.state == State::Pending).cloned();
            match newest {
                Some(approval) => return approval,
                None => changed.await,
            }
        }
    }

    /// Every question, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Approval> {
        locked(&self.kept).questions.values().cloned().collect()
    }

    /// Does something with a question as it stands now, and tells who waits.
    fn with<T>(&self, id: ApprovalId, act: impl FnOnce(&mut Approval) -> T) -> Result<Option<T>, Fault> {
        let done = self.with_all(|questions| questions.get_mut(&id).map(act));
        self.changed.notify_waiters();
        done
    }

    fn with_all<T>(&self, act: impl FnOnce(&mut BTreeMap<ApprovalId, Approval>) -> T) -> Result<T, Fault> {
        let mut kept = locked(&self.kept);
        if kept.down {
            return Err(Fault::gateway(Code::StoreUnavailable, "the store cannot be reached").cause("a test said so"));
        }
        let now = self.clock.now();
        for approval in kept.questions.values_mut() {
            approval.lapse(now);
        }
        Ok(act(&mut kept.questions))
    }
}

impl Approvals for MemoryApprovals {
    fn ask(&self, approval: Approval) -> Later<'_, Result<(), Fault>> {
        Box::pin(async move {
            self.with_all(|questions| drop(questions.insert(approval.id, approval)))?;
            self.changed.notify_waiters();
            Ok(())
        })
    }

    fn settled(&self, id: ApprovalId) -> Later<'_, Result<Settled, Fault>> {
        Box::pin(async move {
            let mut moves = self.clock.moves();
            loop {
                let changed = self.changed.notified();
                moves.mark_unchanged();
                match self.with_all(|questions| questions.get(&id).map(Approval::settled))? {
                    None => return Err(Fault::gateway(Code::Internal, format!("there is no approval {id}"))),
                    Some(Some(settled)) => return Ok(settled),
                    Some(None) => {}
                }
                tokio::select! {
                    () = changed => {}
                    _ = moves.changed() => {}
                }
            }
        })
    }

    fn withdraw(&self, id: ApprovalId) -> Later<'_, Result<(), Fault>> {
        Box::pin(async move { self.with(id, Approval::withdraw).map(|_| ()) })
    }

    fn consume<'a>(&'a self, id: ApprovalId, digest: &'a str) -> Later<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let now = self.clock.now();
            let consumed = self.with(id, |approval| approval.consume(digest, now))?;
            Ok(consumed.unwrap_or(false))
        })
    }

    fn about<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Vec<Approval>, Fault>> {
        Box::pin(async move {
            let now = self.clock.now();
            let serves = |one: &Approval| match one.state {
                State::Pending => true,
                State::Granted => one.is_usable(now),
                State::Used => one.serves_again(now),
                State::Denied | State::Expired | State::Withdrawn => false,
            };
            self.with_all(|questions| {
                let about = questions.values().rev().filter(|one| one.digest == digest && serves(one));
                about.cloned().collect()
            })
        })
    }

    fn answer<'a>(
        &'a self,
        id: ApprovalId,
        by: &'a Principal,
        choice: Choice,
        reason: Option<&'a str>,
    ) -> Later<'a, Result<Answered, Fault>> {
        Box::pin(async move {
            let now = self.clock.now();
            let answered = self.with(id, |approval| approval.answer(by, choice, reason, now))?;
            Ok(answered.unwrap_or(Answered::Refused(Refusal::Unknown)))
        })
    }

    fn list(&self) -> Later<'_, Result<Vec<Approval>, Fault>> {
        Box::pin(async move { self.with_all(|questions| questions.values().rev().cloned().collect()) })
    }

    fn show(&self, id: ApprovalId) -> Later<'_, Result<Option<Approval>, Fault>> {
        Box::pin(async move { self.with_all(|questions| questions.get(&id).cloned()) })
    }
}
