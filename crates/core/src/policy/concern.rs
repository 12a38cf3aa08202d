//! The rules that concern somebody on a target, once for all sessions that they concern.
//!
//! It decides nothing, and knows nobody: that the same rules concern two principals is all that they share. Masks are a
//! session's own, since what they bind depends on its catalog. Enter at [`Concerns::find`].

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::policy::index::Index;
use crate::policy::{Rule, RuleEffect};
use crate::vocabulary::Vocabulary;

/// Rules in file order, and what follows from them alone.
#[derive(Debug)]
pub(super) struct Concern {
    pub(super) rules: Vec<Arc<Rule>>,
    pub(super) index: Index,
    /// Those that imply connecting and what is harmless, unless their condition says otherwise.
    pub(super) implying: Vec<Arc<Rule>>,
    /// The masks that one of the rules lifts.
    pub(super) liftable: BTreeSet<Arc<str>>,
    pub(super) vocabulary: &'static Vocabulary,
    /// Whether a condition asks for the time.
    pub(super) timed: bool,
}

impl Concern {
    pub(super) fn of(rules: Vec<Arc<Rule>>, vocabulary: &'static Vocabulary) -> Self {
        let index = Index::of(&rules, vocabulary.protocol);
        let implying = |rule: &&Arc<Rule>| rule.implied && rule.effect != RuleEffect::Forbid;
        let mut implying: Vec<Arc<Rule>> = rules.iter().filter(implying).cloned().collect();
        // one without a condition settles it
        implying.sort_by_key(|rule| rule.when.is_some());
        let liftable = rules.iter().flat_map(|rule| &rule.unmask).cloned().collect();
        let timed = rules.iter().any(|rule| rule.when.as_ref().is_some_and(|condition| condition.is_timed()));
        Self { rules, index, implying, liftable, vocabulary, timed }
    }
}

/// A protocol, and rules by their places in one rulebook.
type Key = (&'static str, Box<[usize]>);

/// What concerns the sessions that are open, for as long as one of them is.
#[derive(Debug, Default)]
pub(super) struct Concerns(Mutex<HashMap<Key, Weak<Concern>>>);

impl Concerns {
    /// What the rules at these places come to.
    pub(super) fn find(&self, rules: &[Arc<Rule>], at: Vec<usize>, vocabulary: &'static Vocabulary) -> Arc<Concern> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (vocabulary.protocol, at.into_boxed_slice());
        if let Some(concern) = known.get(&key).and_then(Weak::upgrade) {
            return concern;
        }
        known.retain(|_, concern| concern.strong_count() > 0);
        let rules = key.1.iter().filter_map(|at| rules.get(*at)).cloned().collect();
        let concern = Arc::new(Concern::of(rules, vocabulary));
        known.insert(key, Arc::downgrade(&concern));
        concern
    }
}

#[cfg(test)]
impl Concerns {
    /// How many are held on to.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().values().filter(|concern| concern.strong_count() > 0).count()
    }
}
