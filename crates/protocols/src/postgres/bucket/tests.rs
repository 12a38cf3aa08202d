use super::{Per, is_multiple, is_start};

#[test]
fn the_end_of_a_range_is_told_from_a_value() {
    for (text, size, told) in [
        ("4700", 100, true),
        ("4711", 100, false),
        ("-4700", 100, true),
        ("4700.00", 100, true),
        ("4700.01", 100, false),
        ("0", 100, true),
        ("NaN", 100, true),
    ] {
        assert_eq!(is_multiple(text, size), told, "{text}");
    }
    for (per, text, told) in [
        (Per::Year, "1990-01-01", true),
        (Per::Year, "1990-02-01", false),
        (Per::Month, "1990-02-01", true),
        (Per::Month, "1990-02-03", false),
        (Per::Month, "1990-02-01 00:00:00", true),
        (Per::Day, "1990-02-03 00:00:00", true),
        (Per::Day, "1990-02-03 01:00:00", false),
        (Per::Hour, "1990-02-03 01:00:00", true),
        (Per::Hour, "1990-02-03 01:02:00", false),
    ] {
        assert_eq!(is_start(per, text.as_bytes()), told, "{text} {per:?}");
    }
}
