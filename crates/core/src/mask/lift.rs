//! Masks that a rule lifts: for the columns that it covers, in the operation that it speaks of, and nowhere else.
//!
//! A lift is granted, not owed: of several operations or rules, one that reads a column without it keeps the mask on for
//! all of them. Enter at [`Lifts::note`].

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::mask::Mask;
use crate::operation::{Column, Object};

/// A mask on a column of an object, or on all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hold {
    mask: Arc<str>,
    object: Object,
    column: Option<Arc<str>>,
}

/// Which masks are lifted from which columns. Together with [`Lifts::and`] it is a semilattice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifts {
    lifted: BTreeSet<Hold>,
    /// What is touched without a lift.
    kept: BTreeSet<Hold>,
}

impl Lifts {
    /// Notes that a column, or with none all of an object, is touched, and whether with this mask lifted.
    pub(crate) fn note(&mut self, mask: &Arc<str>, object: &Object, column: Option<&str>, lifted: bool) {
        let hold = Hold { mask: Arc::clone(mask), object: object.clone(), column: column.map(Into::into) };
        let holds = if lifted { &mut self.lifted } else { &mut self.kept };
        holds.insert(hold);
    }

    /// What is lifted for both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.lifted.extend(other.lifted);
        self.kept.extend(other.kept);
        self
    }

    /// Whether a column is shown without this mask.
    pub(super) fn lifts(&self, mask: &Mask, column: &Column) -> bool {
        let is_of = |hold: &&Hold| {
            let named = hold.column.as_ref().is_none_or(|name| *name == column.name);
            named && hold.mask == mask.name && hold.object == column.object
        };
        self.lifted.iter().any(|hold| is_of(&hold)) && !self.kept.iter().any(|hold| is_of(&hold))
    }

    /// Whether every column of an object is shown without this mask.
    pub(super) fn lifts_all(&self, mask: &Mask, object: &Object) -> bool {
        let is_of = |hold: &&Hold| hold.mask == mask.name && hold.object == *object;
        self.lifted.iter().any(|hold| is_of(&hold) && hold.column.is_none())
            && !self.kept.iter().any(|hold| is_of(&hold))
    }

    /// Whether a mask is lifted from all that is touched.
    pub(super) fn lifts_whole(&self, mask: &Mask) -> bool {
        let is_of = |hold: &Hold| hold.mask == mask.name;
        self.lifted.iter().any(is_of) && !self.kept.iter().any(is_of)
    }

    /// The masks of which something is lifted.
    pub(super) fn names(&self) -> BTreeSet<&Arc<str>> {
        self.lifted.iter().filter(|hold| !self.kept.contains(hold)).map(|hold| &hold.mask).collect()
    }
}
