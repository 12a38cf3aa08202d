//! Verdicts that were reached before, for what is asked for again and again.
//!
//! INVARIANT: what is answered here is what deciding would answer. A verdict depends on the deed, the rules and masks of
//! the session's scope, who asks for what target from where, and the time. All of these but the first and the last are
//! the same for as long as a scope is, and with a new one all is forgotten; what depends on the time is never kept. Only
//! what is allowed is kept: a human is asked each time, and how often something is done is counted each time. Enter at
//! [`Gate::verdict`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::gate::question::Pending;
use crate::gate::{Gate, Open};
use crate::operation::{Deed, Operation};
use crate::verdict::{Duties, Verdict};

/// How many verdicts a session keeps.
const MOST: usize = 256;
/// How much their deeds may weigh together.
const MOST_HELD: usize = 50_000;
/// The heaviest deed whose verdict is kept.
const HEAVIEST: usize = 2_000;

/// What was allowed under one scope, by the deed's place in memory.
///
/// THREAT: a client that asks for ever other things that take much to say. What is kept is bounded by what it takes, and what
/// is met again outlasts what is not.
#[derive(Debug, Default)]
pub(super) struct Verdicts(HashMap<usize, Allowed>);

#[derive(Debug)]
struct Allowed {
    /// INVARIANT: held on to, so that nothing else comes to its place, and nobody can change what is there.
    _deed: Arc<Deed>,
    duties: Duties,
    told: Told,
    weight: usize,
    /// Whether it was asked for again since there was too much last.
    met: bool,
}

/// What is written down of what operations do, in words.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) actions: Arc<[String]>,
    pub(super) touches: Arc<[String]>,
}

impl Told {
    fn of<'a>(deeds: impl Iterator<Item = &'a Arc<Deed>> + Clone) -> Self {
        let actions = deeds.clone().flat_map(|one| std::iter::once(&one.action).chain(&one.also));
        let touches = deeds.flat_map(|one| &one.touches);
        Self {
            actions: actions.map(ToString::to_string).collect(),
            touches: touches.map(ToString::to_string).collect(),
        }
    }
}

impl Verdicts {
    /// How this very deed was allowed before, where it stands alone.
    fn find(&self, operations: &[Operation]) -> Option<&Allowed> {
        let [Operation { deed, .. }] = operations else { return None };
        self.0.get(&place(deed))
    }

    /// The same, which is asked for again.
    fn meet(&mut self, operations: &[Operation]) -> Option<Duties> {
        let [Operation { deed, .. }] = operations else { return None };
        let allowed = self.0.get_mut(&place(deed))?;
        allowed.met = true;
        Some(allowed.duties.clone())
    }

    /// Keeps a verdict that does not depend on the time.
    fn keep(&mut self, deed: &Arc<Deed>, duties: &Duties) {
        let weight = deed.weight();
        if weight > HEAVIEST {
            return;
        }
        if self.lacks(weight) {
            self.0.retain(|_, one| std::mem::take(&mut one.met));
        }
        if self.lacks(weight) {
            self.0.clear();
        }
        let (deed, duties, told) = (Arc::clone(deed), duties.clone(), Told::of(std::iter::once(deed)));
        self.0.insert(place(&deed), Allowed { _deed: deed, duties, told, weight, met: false });
    }

    /// Whether one more, of this weight, is too much.
    fn lacks(&self, weight: usize) -> bool {
        let held: usize = self.0.values().map(|one| one.weight).sum();
        self.0.len() >= MOST || held.saturating_add(weight) > MOST_HELD
    }

    /// Another scope is in force.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Gate<Open> {
    /// The verdict under the scope in force.
    pub(super) fn verdict(&mut self, operations: &[Operation]) -> Verdict {
        let verdict = self.of_deeds(operations);
        let masks = match &verdict {
            Verdict::Allow(duties) => &duties.masks,
            Verdict::Hold(terms) => &terms.duties.masks,
            Verdict::Deny(_) => return verdict,
        };
        let screened = operations.iter().try_for_each(|operation| masks.screen_parameters(operation));
        screened.map_or_else(Verdict::Deny, |()| verdict)
    }

    /// What is said of what operations do, whatever their parameters; not worked out again where it cannot be another one.
    fn of_deeds(&mut self, operations: &[Operation]) -> Verdict {
        if let Some(duties) = self.state.verdicts.meet(operations) {
            return Verdict::Allow(duties);
        }
        let verdict = self.state.scope.decide(operations, &self.situation());
        if let ([Operation { deed, .. }], Verdict::Allow(duties)) = (operations, &verdict)
            && !self.state.scope.is_timed()
        {
            self.state.verdicts.keep(deed, duties);
        }
        verdict
    }

    /// What is written down of what a submission does.
    pub(super) fn told(&self, pending: &Pending) -> Told {
        let fresh = || Told::of(pending.operations.iter().map(|operation| &operation.deed));
        self.state.verdicts.find(&pending.operations).map_or_else(fresh, |allowed| allowed.told.clone())
    }
}

fn place(deed: &Arc<Deed>) -> usize {
    Arc::as_ptr(deed).addr()
}

#[cfg(test)]
mod tests;
