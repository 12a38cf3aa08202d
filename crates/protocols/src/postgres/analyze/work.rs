//! How much a text may make the analyzer do.
//!
//! A text is short and what it asks for need not be: `SELECT *, *, *` shows every column three times, a name is looked
//! for in all that is in sight, a recursive query is gone through again and again. So the work is counted, in the same
//! way wherever it is done, and what takes too much of it is not read to its end. It is counted for all statements of a
//! text together, and never in time: what is read today is read tomorrow.

use std::cell::Cell;
use std::rc::Rc;

/// How much a text may take. Each word of it takes one or two units, each column that it names some eight.
pub(super) const MOST: usize = 200_000;
/// How many names are compared in the time of one unit.
pub(super) const COMPARED: usize = 16;

/// What is left of it, for all who read the same text. The unit is a node looked at, or a column carried from one place
/// to another.
#[derive(Clone, Debug)]
pub(super) struct Work {
    left: Rc<Cell<usize>>,
}

impl Work {
    /// All that one text may take.
    pub(super) fn whole() -> Self {
        Self { left: Rc::new(Cell::new(MOST)) }
    }

    /// So much has been done. Answers whether there is more to be had.
    pub(super) fn done(&self, units: usize) -> bool {
        let left = self.left.get().saturating_sub(units);
        self.left.set(left);
        left > 0
    }
}
