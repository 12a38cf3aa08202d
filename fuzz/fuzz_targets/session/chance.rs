//! Choices that follow from the bytes of an input, so that whoever changes a byte changes a choice.
//!
//! It stands in for the model's own, whose choices follow from a number, and knows nothing of what is chosen.

use std::collections::VecDeque;

/// What ends the choices of one and begins those of the next.
const NEXT: u8 = 0xff;

/// A sequence of choices. Where its bytes are used up it is always the last one, and nothing comes up.
pub(crate) struct Chance(VecDeque<u8>);

impl Chance {
    /// The choices of nobody.
    pub(crate) fn new(_number: u64) -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn from(input: &[u8]) -> Self {
        Self(input.iter().copied().collect())
    }

    /// The choices of somebody else: what comes first, up to the byte that ends it.
    pub(crate) fn apart(&mut self) -> Self {
        let end = self.0.iter().position(|byte| *byte == NEXT).unwrap_or(self.0.len());
        let rest = self.0.split_off(end);
        let first = std::mem::replace(&mut self.0, rest);
        self.0.pop_front();
        Self(first)
    }

    /// A number below this one, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound < 2 {
            return 0;
        }
        self.0.pop_front().map_or(bound - 1, |byte| usize::from(byte) % bound)
    }

    /// Whether one of so many comes up.
    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
