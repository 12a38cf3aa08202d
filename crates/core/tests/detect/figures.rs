//! What was found of what there is: the confusion matrix, a line each detector.
//!
//! Enter at [`Figures::count`].

use std::collections::BTreeMap;
use std::fmt;

use postern_core::mask::detect::{Detector, Detectors};

use super::corpus::{Cell, secret};
use super::harmless::harmless;

/// True and false alarms, and what was missed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) right: u32,
    pub(crate) wrong: u32,
    pub(crate) missed: u32,
}

impl Count {
    pub(crate) fn precision(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    pub(crate) fn recall(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.missed).max(1))
    }

    pub(crate) fn f1(self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
    }
}

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) each: BTreeMap<Detector, Count>,
    pub(crate) harmless: u64,
    pub(crate) secrets: u64,
    /// Harmless cells in which something was found, some of them.
    pub(crate) alarms: Vec<String>,
    pub(crate) false_alarms: u32,
    /// Secrets that were not found, or not all of them, some.
    pub(crate) misses: Vec<String>,
}

impl Figures {
    /// Looks for everything in so many cells of each.
    pub(crate) fn count(detectors: &Detectors, secrets: u64, harmless_cells: u64) -> Self {
        let mut figures = Self { secrets, harmless: harmless_cells, ..Self::default() };
        (0..secrets).for_each(|number| figures.add(detectors, &secret(number)));
        (0..harmless_cells).for_each(|number| figures.add(detectors, &harmless(number)));
        figures
    }

    fn add(&mut self, detectors: &Detectors, cell: &Cell) {
        let found = detectors.find(cell.label.as_deref(), &cell.text);
        let place = |hidden: &str| {
            let start = cell.text.find(hidden).expect("the secret is in its cell");
            start..start + hidden.len()
        };
        for (detector, hidden) in &cell.truth {
            let place = place(hidden);
            let whole = |one: &postern_core::mask::detect::Found| {
                one.detector == *detector && one.range.start <= place.start && one.range.end >= place.end
            };
            let count = self.each.entry(*detector).or_default();
            if found.iter().any(whole) {
                count.right += 1;
            } else {
                count.missed += 1;
                if self.misses.len() < 20 {
                    self.misses.push(format!("{}: {:?} under {:?}: {found:?}", detector.name(), cell.text, cell.label));
                }
            }
        }
        for one in &found {
            let known = cell.truth.iter().any(|(detector, hidden)| {
                let place = place(hidden);
                *detector == one.detector && one.range.start < place.end && place.start < one.range.end
            });
            if !known {
                self.each.entry(one.detector).or_default().wrong += 1;
                if self.alarms.len() < 20 {
                    self.alarms.push(format!("{}: {:?} under {:?}", one.detector.name(), cell.text, cell.label));
                }
            }
        }
        self.false_alarms += u32::from(cell.truth.is_empty() && !found.is_empty());
    }

    pub(crate) fn sum(&self) -> Count {
        self.each.values().fold(Count::default(), |sum, one| Count {
            right: sum.right + one.right,
            wrong: sum.wrong + one.wrong,
            missed: sum.missed + one.missed,
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| detector | found | false | missed | precision | recall | F1 |\n|---|---|---|---|---|---|---|")?;
        let all = self.each.iter().map(|(detector, count)| (detector.name(), *count));
        for (name, count) in all.chain([("all", self.sum())]) {
            writeln!(
                f,
                "| {name} | {} | {} | {} | {:.3} | {:.3} | {:.3} |",
                count.right,
                count.wrong,
                count.missed,
                count.precision(),
                count.recall(),
                count.f1()
            )?;
        }
        writeln!(
            f,
            "\n{} cells with a secret; {} harmless ones, {} of them with a false alarm",
            self.secrets, self.harmless, self.false_alarms
        )
    }
}
