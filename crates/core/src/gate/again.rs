//! What was permitted, decided once more: before more of it runs, and while it runs under another policy.
//!
//! It journals nothing; whoever stops an operation says how it ended. Enter at [`Gate::stands`] and [`Gate::goes_on`].

use crate::code::Code;
use crate::fault::Fault;
use crate::gate::seldom::seldom;
use crate::gate::{Flow, Gate, Open};
use crate::mask::MaskSet;
use crate::operation::Operation;
use crate::ports::Later;
use crate::verdict::{Denial, Terms, Verdict};

/// What was decided about, but for what no decision depends on, and what humans have agreed to.
#[derive(Debug, Default)]
pub(super) struct Subject {
    operations: Vec<Operation>,
    agreed: Option<Box<Terms>>,
}

impl Subject {
    pub(super) fn of(operations: Vec<Operation>, agreed: Option<Terms>) -> Self {
        // parameters are a client's to fill with as much as it likes, and may live as long as a session
        let bare = |one: Operation| Operation { parameters: Vec::new(), meaning: None, ..one };
        Self { operations: operations.into_iter().map(bare).collect(), agreed: agreed.map(Box::new) }
    }
}

impl Gate<Open> {
    /// Whether more may run of what was permitted: the policy has not changed since, and what it says of the time holds.
    ///
    /// # Errors
    /// Where the session does not go on.
    pub fn stands(&mut self, flow: &Flow) -> Result<Result<(), Denial>, Fault> {
        self.go_on()?;
        if flow.revision() != self.state.scope.revision() {
            return Ok(Err(Denial::new(Code::PolicyChanged, "the policy changed since this statement was bound")));
        }
        Ok(if self.state.scope.is_timed() { self.again(flow) } else { Ok(()) })
    }

    /// Whether what runs may go on under the policy in force, as it was permitted.
    ///
    /// # Errors
    /// Where the session does not go on.
    pub fn goes_on(&mut self, flow: &Flow) -> Result<Result<(), Denial>, Fault> {
        self.go_on()?;
        if flow.revision() == self.state.scope.revision() {
            return Ok(Ok(()));
        }
        Ok(self.again(flow).map_err(|denial| {
            let message = format!("the policy changed while this ran: {}", denial.message);
            Denial { code: Code::PolicyChanged, message, ..denial }
        }))
    }

    /// Resolves once another policy is in force than the one that this session was last decided by.
    pub fn changed(&self) -> Later<'static, ()> {
        let (house, seen) = (std::sync::Arc::clone(&self.house), self.state.scope.revision());
        seldom(Box::pin(async move { house.policy.changed(seen).await }))
    }

    fn again(&self, flow: &Flow) -> Result<(), Denial> {
        let Subject { operations, agreed } = flow.subject();
        if operations.is_empty() {
            return Ok(());
        }
        let duties = match self.state.scope.decide(operations, &self.situation()) {
            Verdict::Deny(denial) => return Err(denial),
            Verdict::Allow(duties) => duties,
            Verdict::Hold(terms) => {
                if !agreed.as_ref().is_some_and(|agreed| agreed.covers(&terms)) {
                    let denial = Denial::new(Code::PolicyChanged, "it needs a human to approve it");
                    return Err(terms.rules.into_iter().take(1).fold(denial, Denial::by));
                }
                terms.duties
            }
        };
        // INVARIANT: what comes of it was masked as it was permitted, and is not masked otherwise on the way
        let alike = |masks: &MaskSet| {
            operations.iter().all(|one| {
                let veiled = masks.veiled(&one.uses) == flow.masks().veiled(&one.uses);
                veiled && masks.outputs(one, &[]) == flow.masks().outputs(one, &[])
            })
        };
        if alike(&duties.masks) {
            Ok(())
        } else {
            Err(Denial::new(Code::PolicyChanged, "other columns of it are masked"))
        }
    }
}
