use super::*;

#[test]
fn every_check_is_listed_with_its_rule() {
    let mut out = Vec::new();
    list(&mut out).unwrap();
    let printed = String::from_utf8(out).unwrap();
    assert_eq!(printed.lines().count(), CHECKS.len());
    for check in CHECKS {
        assert!(printed.contains(check.rule), "{}", check.name);
    }
}

#[test]
fn a_note_is_printed_and_does_not_fail() {
    let note = Finding::of("a.rs", 0, "long").noted();
    let failure = Finding::of("b.rs", 7, "wrong");
    assert_eq!(failing(&[note]), 0);
    assert_eq!(failing(&[failure]), 1);
    let note = Finding::of("a.rs", 0, "long").noted();
    let failure = Finding::of("b.rs", 7, "wrong");
    let check = &CHECKS[0];
    let mut out = Vec::new();
    report(check, &[note, failure], &mut out).unwrap();
    let printed = String::from_utf8(out).unwrap();
    assert!(printed.contains("(note) a.rs: long"));
    assert!(printed.contains("  b.rs:7: wrong"));
}

#[test]
fn table_rows_skip_the_rule_and_other_widths() {
    let text = "| a | b |\n|---|:-:|\n| 1 | 2 |\n\n| x |\n";
    assert_eq!(table_rows(text, 2), [(1, vec!["a", "b"]), (3, vec!["1", "2"])]);
}

#[test]
fn quoted_takes_what_stands_between_backticks() {
    assert_eq!(quoted("a `b` c `d`").collect::<Vec<_>>(), ["b", "d"]);
    assert_eq!(quoted("nothing").count(), 0);
}
