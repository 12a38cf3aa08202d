//! Bounds on what may run: where several rules set one, the lowest counts.
//!
//! They are known here and kept by whoever runs the operation. Enter at [`Limits`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::verdict::RuleName;

#[cfg(test)]
mod tests;

/// The most of something, and the rule that says so. Of two the lower one is the one with less of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound<T> {
    /// How much.
    pub most: T,
    /// Who says so.
    pub by: RuleName,
}

/// What an operation must not exceed. Together with [`Limits::and`] it is a semilattice: order and repetition of rules
/// mean nothing, and no rule can lift the bound of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many rows may come back of one operation, over all the portions that it comes in.
    pub max_rows: Option<Bound<u64>>,
    /// How long the target may work on it; waiting for a human does not count.
    pub timeout: Option<Bound<Duration>>,
    /// How many operations of a rule a principal may have done on the target within a minute, for each rule that says so.
    pub per_minute: BTreeSet<Bound<u64>>,
}

impl Limits {
    /// What keeps both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.per_minute.extend(other.per_minute);
        Self {
            max_rows: lower(self.max_rows, other.max_rows),
            timeout: lower(self.timeout, other.timeout),
            per_minute: self.per_minute,
        }
    }
}

fn lower<T: Ord>(one: Option<Bound<T>>, other: Option<Bound<T>>) -> Option<Bound<T>> {
    [one, other].into_iter().flatten().min()
}
