//! Masks by what a value is: what is looked for in which cells, and what becomes of a cell in which it is found.
//!
//! Best effort, and never a reason to refuse an operation: a cell is searched as it leaves, whatever was asked. Enter at
//! [`MaskSet::searches`].

use std::fmt;
use std::sync::Arc;

use crate::mask::detect::Detectors;
use crate::mask::{Lineage, Mask, MaskKind, MaskSet, Masked};
use crate::operation::{Column, Output};
use crate::policy::pattern::ColumnPattern;

/// A mask that hides what its detectors find.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// Its name and how it hides: in its place, or with the whole cell.
    pub mask: Arc<Mask>,
    /// The columns whose cells are searched; all where there are none.
    columns: Arc<[ColumnPattern]>,
    detectors: Arc<Detectors>,
}

impl Search {
    /// Looks for all of it in cells of these columns; in every cell where none is named.
    #[must_use]
    pub fn new(mask: Arc<Mask>, columns: Vec<ColumnPattern>, detectors: Arc<Detectors>) -> Self {
        Self { mask, columns: columns.into(), detectors }
    }

    /// Whether an output is searched: one of the columns, what is made of one, and what may be.
    #[must_use]
    pub fn covers(&self, origin: Option<&Column>, output: Option<&Output>) -> bool {
        let named = |column: &Column| self.columns.iter().any(|pattern| pattern.names(column));
        let made = match output {
            Some(Output::Bare(column)) => named(column),
            Some(Output::Derived { from, .. }) => from.iter().any(named),
            Some(Output::Unknown { .. }) | None => origin.is_none(),
        };
        self.columns.is_empty() || made || origin.is_some_and(named)
    }

    /// What becomes of a text that stands under this name.
    #[must_use]
    pub fn apply(&self, label: Option<&str>, text: &str) -> Masked {
        match self.mask.kind {
            MaskKind::Null if self.detectors.find(label, text).is_empty() => Masked::Keep,
            MaskKind::Null => Masked::Omit,
            MaskKind::Fixed | MaskKind::Partial { .. } | MaskKind::Bucket(_) | MaskKind::Stable(_) => {
                self.detectors.hide(label, text).map_or(Masked::Keep, Masked::Replace)
            }
        }
    }

    /// A text without what is found in it, where it is no cell that could become a null.
    #[must_use]
    pub fn hide(&self, text: &str) -> Option<String> {
        self.detectors.hide(None, text)
    }

    /// What it looks for.
    #[must_use]
    pub fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    pub(super) fn names_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Searches what shows the data of a column under another name, where this one is searched.
    pub(super) fn follow(&mut self, column: &Column, lineage: &dyn Lineage) {
        if self.columns.iter().any(|pattern| pattern.names(column)) {
            let kin = lineage.kin(column).into_iter().filter(|kin| kin != column);
            let kin: Vec<_> = kin.map(|kin| ColumnPattern::exactly(&kin)).collect();
            if !kin.is_empty() {
                self.columns = self.columns.iter().cloned().chain(kin).collect();
            }
        }
    }
}

impl MaskSet {
    /// The same masks with these searches.
    #[must_use]
    pub fn searching(self, searches: Vec<Search>) -> Self {
        Self { searches: searches.into(), ..self }
    }

    /// What cells are searched for: every search that is not lifted from all that is touched.
    pub fn searches(&self) -> impl Iterator<Item = &Search> {
        self.searches.iter().filter(|search| !self.lifts.lifts_whole(&search.mask))
    }

    /// Whether every cell leaves as it came, whatever is asked.
    #[must_use]
    pub fn lets_pass(&self) -> bool {
        self.is_empty() && self.searches.is_empty()
    }
}

/// In one line, for whoever asks what becomes of a reply.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.detectors.chosen().iter().map(|one| one.name()).collect();
        let where_to = if self.names_columns() { "the columns that it names" } else { "every text" };
        write!(f, "{where_to} by mask `{}`, for {}", self.mask.name, names.join(", "))
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("mask", &self.mask).field("columns", &self.columns).finish_non_exhaustive()
    }
}
