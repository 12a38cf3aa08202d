use std::collections::BTreeSet;

use postern_core::operation::{Column, Object, Output, Outputs};

use super::super::super::catalog::Catalog;
use super::*;

/// A text, and a reading of it in which one output comes of so many columns.
fn derived(number: usize, columns: usize) -> (Bytes, Arc<[Statement]>) {
    let text = Bytes::from(format!("SELECT 'one' /* {number} */"));
    let catalog = Catalog::empty("shop");
    let mut statement = submission::read(&text, &Names::of(&catalog, &[], "bot"))[0].clone();
    let column = |name: usize| Column { object: Object::at(["public", "t"]), name: name.to_string().into() };
    let from: BTreeSet<_> = (0..columns).map(column).collect();
    let outputs = Outputs::Cells(vec![Output::Derived { label: "one".to_owned(), from }]);
    Arc::make_mut(&mut statement.deed).outputs = outputs;
    (text, Arc::from([statement]))
}

/// THREAT: short texts whose readings take much, of whoever may connect.
#[test]
fn what_is_kept_is_bounded_by_what_it_takes() {
    let (mut readings, now) = (Readings::default(), Generation::default());
    let (text, heavy) = derived(0, HEAVIEST_KEPT + 1);
    readings.keep(&text, &heavy, now);
    assert!(readings.find(&text, now).is_none());
    let many: Vec<_> = (1..=100).map(|number| derived(number, HEAVIEST_KEPT / 2)).collect();
    many.iter().for_each(|(text, reading)| readings.keep(text, reading, now));
    let held = many.iter().filter(|(text, _)| readings.find(text, now).is_some()).count();
    assert!((1..=2 * MOST_HELD / HEAVIEST_KEPT).contains(&held), "{held}");
    assert!(many.last().is_some_and(|(text, _)| readings.find(text, now).is_some()));
}
