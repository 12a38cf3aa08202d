//! Where a value comes from: a column itself, columns that it was computed from, or nobody knows.
//!
//! It must never lose a column: joining two sources keeps all of both.

use std::collections::BTreeSet;

use postern_core::operation::Column;

/// Where one value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// The column that the value is, unchanged; the server names the same one as its origin.
    pub(crate) bare: Option<Column>,
    /// Every column that goes into it, `bare` included.
    pub(crate) from: BTreeSet<Column>,
    /// Whether more may go into it than `from` says.
    pub(crate) unknown: bool,
}

impl Source {
    /// A constant.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Nobody knows.
    pub(crate) fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// The column itself.
    pub(crate) fn column(column: Column) -> Self {
        Self { from: BTreeSet::from([column.clone()]), bare: Some(column), unknown: false }
    }

    /// Computed from these.
    pub(crate) fn computed(from: BTreeSet<Column>) -> Self {
        Self { bare: None, from, unknown: false }
    }

    /// The same inputs, no longer the column itself.
    #[must_use]
    pub(crate) fn derived(mut self) -> Self {
        self.bare = None;
        self
    }

    /// Takes in another value; the result is computed from both.
    pub(crate) fn take_in(&mut self, other: Self) {
        self.bare = None;
        self.unknown |= other.unknown;
        if self.from.is_empty() {
            self.from = other.from;
        } else {
            self.from.extend(other.from);
        }
    }

    /// Takes in another value that is still needed elsewhere.
    pub(crate) fn take_in_copy(&mut self, other: &Self) {
        self.bare = None;
        self.unknown |= other.unknown;
        self.from.extend(other.from.iter().cloned());
    }
}
