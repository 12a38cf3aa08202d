//! Which rules can have something to say, without asking each of them.
//!
//! INVARIANT: it finds too many rather than too few. What it leaves out, the rule itself would have left out; whether a
//! rule speaks is never decided here. Enter at [`Naming::of`] and [`Index::of`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::identity::{Kind, Principal};
use crate::operation::{Effect, Object};
use crate::policy::Rule;
use crate::policy::pattern::ObjectPattern;
use crate::verdict::Who;

/// Rules by whom they name.
#[derive(Debug, Default)]
pub(super) struct Naming {
    groups: HashMap<String, Vec<usize>>,
    principals: HashMap<String, Vec<usize>>,
    kinds: HashMap<Kind, Vec<usize>>,
    /// Those that name somebody by a pattern, or everybody.
    others: Vec<usize>,
}

impl Naming {
    pub(super) fn of(rules: &[Arc<Rule>]) -> Self {
        let mut naming = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            for who in &rule.who {
                let named = match who {
                    Who::Group(group) => naming.groups.entry(group.clone()).or_default(),
                    Who::Principal(name) if !name.contains('*') => naming.principals.entry(name.clone()).or_default(),
                    Who::Kind(kind) => naming.kinds.entry(*kind).or_default(),
                    Who::Principal(_) | Who::Anyone => &mut naming.others,
                };
                named.push(at);
            }
        }
        naming
    }

    /// The rules that may name a principal, in file order.
    pub(super) fn candidates(&self, principal: &Principal) -> Vec<usize> {
        let groups = principal.groups().iter().filter_map(|group| self.groups.get(group));
        let own = self.principals.get(principal.name()).into_iter().chain(self.kinds.get(&principal.kind()));
        in_order(groups.chain(own).chain([&self.others]))
    }
}

/// The rules of one principal on one target, by what they name.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Those that may concern any object, for each effect.
    anywhere: HashMap<Effect, Vec<usize>>,
    /// Those whose objects all begin with something written out.
    begins: HashMap<String, Branch>,
}

/// Rules whose objects begin alike.
#[derive(Debug, Default)]
struct Branch {
    /// All of them: somebody may touch what is around their objects.
    all: Vec<usize>,
    /// Those that write out no second part.
    open: Vec<usize>,
    /// Those that do.
    next: HashMap<String, Vec<usize>>,
}

impl Index {
    pub(super) fn of(rules: &[Arc<Rule>], protocol: &str) -> Self {
        let mut index = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            let patterns: Vec<&ObjectPattern> = rule.patterns(protocol).collect();
            let open = |pattern: &&ObjectPattern| pattern.parts().first().is_none_or(|part| part.contains('*'));
            if rule.any_object || patterns.iter().any(open) {
                for effect in Effect::ALL.iter().filter(|effect| rule.may_mean(**effect)) {
                    index.anywhere.entry(*effect).or_default().push(at);
                }
            } else {
                patterns.iter().for_each(|pattern| index.add(at, pattern.parts()));
                // what nobody could read may be done to anything
                index.anywhere.entry(Effect::Unknown).or_default().push(at);
            }
        }
        index
    }

    fn add(&mut self, at: usize, parts: &[String]) {
        let Some(first) = parts.first() else { return };
        let branch = self.begins.entry(first.clone()).or_default();
        branch.all.push(at);
        match parts.get(1).filter(|second| !second.contains('*')) {
            Some(second) => branch.next.entry(second.clone()).or_default().push(at),
            None => branch.open.push(at),
        }
    }

    /// The rules that may speak of an effect on an object, in file order.
    pub(super) fn candidates(&self, effect: Effect, object: &Object) -> Vec<usize> {
        let named = |at: usize| object.path.get(at).filter(|part| !Object::is_several(part));
        let branches: Vec<&Branch> = match (named(0), object.path.is_empty()) {
            (Some(first), _) => self.begins.get(&**first).into_iter().collect(),
            (None, true) => Vec::new(),
            (None, false) => self.begins.values().collect(),
        };
        let inside = branches.into_iter().flat_map(|branch| match named(1) {
            None => vec![&branch.all],
            Some(second) => [Some(&branch.open), branch.next.get(&**second)].into_iter().flatten().collect(),
        });
        in_order(self.anywhere.get(&effect).into_iter().chain(inside))
    }
}

fn in_order<'a>(lists: impl Iterator<Item = &'a Vec<usize>>) -> Vec<usize> {
    let mut all: Vec<usize> = lists.flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
impl Index {
    /// An index that leaves nothing out.
    pub(super) fn everything(all: &[usize]) -> Self {
        let anywhere = Effect::ALL.iter().map(|effect| (*effect, all.to_vec())).collect();
        Self { anywhere, begins: HashMap::new() }
    }
}
