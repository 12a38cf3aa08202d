//! What the detectors find in cells of which it is known what is in them.
//!
//! Enter at [`what_is_found_is_there_and_what_is_there_is_found`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "cells are made of small numbers, and a test ends where one is not as it should be"
)]

mod corpus;
mod figures;
mod harmless;
mod secrets;

use figures::Figures;
use postern_core::mask::detect::{Detector, Detectors};

#[test]
fn what_is_found_is_there_and_what_is_there_is_found() {
    let figures = Figures::count(&Detectors::of(Detector::ALL), 6_000, 100_000);
    println!("{figures}");
    println!("missed:\n{}\nfalse:\n{}", figures.misses.join("\n"), figures.alarms.join("\n"));
    for (detector, count) in &figures.each {
        assert!(count.precision() >= 0.99, "{}: precision {}", detector.name(), count.precision());
        assert!(count.recall() >= 0.98, "{}: recall {}", detector.name(), count.recall());
    }
    assert!(figures.sum().f1() >= 0.95);
    assert!(figures.false_alarms <= 1, "{} false alarms", figures.false_alarms);
}

#[test]
fn what_was_hidden_is_gone_and_a_document_stays_one() {
    let detectors = Detectors::of(Detector::ALL);
    for number in 0..3_000 {
        let cell = corpus::secret(number);
        let hidden = detectors.hide(cell.label.as_deref(), &cell.text);
        let Some(hidden) = hidden else { continue };
        for (_, secret) in &cell.truth {
            assert!(!hidden.contains(secret.as_str()), "{hidden}");
        }
        assert_eq!(
            serde_json::from_str::<serde::de::IgnoredAny>(&cell.text).is_ok() && cell.text.starts_with('{'),
            serde_json::from_str::<serde::de::IgnoredAny>(&hidden).is_ok() && hidden.starts_with('{'),
            "{hidden}"
        );
    }
}
