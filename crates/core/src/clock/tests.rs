//! Moments as people and files write them.

use std::time::Duration;

use proptest::prelude::*;

use super::Micros;

#[test]
fn moments_are_written_as_rfc_3339_in_utc() {
    let table = [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (1_767_225_599_999_999, "2025-12-31T23:59:59.999999Z"),
        (1_767_225_600_120_000, "2026-01-01T00:00:00.120000Z"),
    ];
    for (micros, text) in table {
        assert_eq!(Micros(micros).to_string(), text);
        assert_eq!(Micros::parse(text), Some(Micros(micros)), "{text}");
        assert_eq!(serde_json::to_string(&Micros(micros)).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Micros>(&format!("\"{text}\"")).unwrap(), Micros(micros));
    }
}

#[test]
fn other_spellings_of_the_same_moment_are_read() {
    for text in
        ["2026-01-01T00:00:00Z", "2026-01-01T01:30:00+01:30", "2025-12-31T23:00:00-01:00", "2026-01-01 00:00:00Z"]
    {
        assert_eq!(Micros::parse(text), Some(Micros(1_767_225_600_000_000)), "{text}");
    }
}

#[test]
fn what_names_no_moment_after_1970_is_none() {
    for text in ["", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "0"] {
        assert_eq!(Micros::parse(text), None, "{text}");
        assert!(serde_json::from_str::<Micros>(&format!("{text:?}")).is_err());
    }
}

#[test]
fn the_end_of_time_can_be_read_back() {
    for micros in [Micros(u64::MAX), Micros::default().after(Duration::MAX), Micros(253_402_300_799_999_999)] {
        let read = Micros::parse(&micros.to_string()).unwrap();
        assert_eq!(read.to_string(), micros.to_string());
        assert!(read > Micros(253_000_000_000_000_000));
    }
}

#[test]
fn distances_saturate() {
    assert_eq!(Micros(5).since(Micros(7)), Duration::ZERO);
    assert_eq!(Micros(7).since(Micros(5)), Duration::from_micros(2));
    assert_eq!(Micros(7).after(Duration::MAX), Micros(u64::MAX));
    assert_eq!(Micros(1_999_999).seconds(), 1);
}

proptest! {
    #[test]
    fn written_and_read_back(micros in 0..253_000_000_000_000_000_u64) {
        prop_assert_eq!(Micros::parse(&Micros(micros).to_string()), Some(Micros(micros)));
    }

    #[test]
    fn the_order_of_texts_is_the_order_of_moments(one in 0..253_000_000_000_000_000_u64, other in 0..253_000_000_000_000_000_u64) {
        prop_assert_eq!(Micros(one).to_string().cmp(&Micros(other).to_string()), one.cmp(&other));
    }
}
