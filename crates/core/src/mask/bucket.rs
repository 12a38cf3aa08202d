//! Ranges that stand for the values in them: how wide they are.
//!
//! It knows no type of any target, and computes nothing: that is the target's.

use std::num::NonZeroU32;

/// How wide the ranges are, for values of each kind; of a kind that has none nothing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// For numbers. The one around zero is twice as wide, because ranges end towards zero.
    pub size: Option<NonZeroU32>,
    /// For times and, where it is more than a day, for dates.
    pub per: Option<Per>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// From the first of January.
    Year,
    /// From the first.
    Month,
    /// From midnight, in UTC where the time says a zone.
    Day,
    /// From the full hour.
    Hour,
}

impl Per {
    /// All of them by name.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("year", Self::Year), ("month", Self::Month), ("day", Self::Day), ("hour", Self::Hour)];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, per)| *per == self).map_or("", |(word, _)| word)
    }
}
