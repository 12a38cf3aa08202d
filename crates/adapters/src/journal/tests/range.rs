//! Records found by their numbers.

use std::ops::ControlFlow;

use super::super::range::range;
use super::*;

fn numbers(folder: &Path, from: u64, to: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    range(folder, from, |record| {
        if record.seq > to {
            return ControlFlow::Break(());
        }
        numbers.push(record.seq);
        ControlFlow::Continue(())
    })
    .unwrap();
    numbers
}

/// The number of a segment's first record.
fn records_of(folder: &Path, number: u64) -> u64 {
    let text = fs::read_to_string(segment(folder, number)).unwrap();
    let record: Record = serde_json::from_str(&text.lines().next().unwrap()[65..]).unwrap();
    record.seq
}

#[tokio::test]
async fn any_run_of_records_is_found_wherever_it_stands() {
    let folder = folder();
    // several segments, the lines of some much longer than what is read at once
    let journal = open_as(folder.path(), Mode { segment: 400_000, records: 7, ..mode(Durability::Os) });
    for round in 0..600_usize {
        let long = if round % 50 == 0 { 100_000 } else { round % 300 };
        append(&journal, &[&"x".repeat(long)]).await.unwrap();
    }
    drop(journal);
    let all: Vec<u64> = records(folder.path()).iter().map(|record| record.seq).collect();
    let last = *all.last().unwrap();
    assert!(files::segments(folder.path()).unwrap().len() > 3);
    for from in (0..last.saturating_add(3)).step_by(13) {
        for count in [0, 1, 5, 200] {
            let to = from.saturating_add(count);
            let found = numbers(folder.path(), from, to);
            let expected: Vec<u64> = (from.max(1)..=to.min(last)).collect();
            assert_eq!(found, expected, "{from} to {to}");
        }
    }
    assert!(numbers(folder.path(), last.saturating_add(1), u64::MAX).is_empty());
    // what was moved to an archive is not there, and what comes after it is
    fs::remove_file(segment(folder.path(), 1)).unwrap();
    let first = records_of(folder.path(), 2);
    assert_eq!(numbers(folder.path(), 0, first.saturating_add(2)).first(), Some(&first));
}
