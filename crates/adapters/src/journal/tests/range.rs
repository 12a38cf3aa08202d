//! Records found by their numbers.

use super::super::range::range;
use super::*;

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
            let found: Vec<u64> = range(folder.path(), from, to).unwrap().iter().map(|record| record.seq).collect();
            let expected: Vec<u64> = (from.max(1)..=to.min(last)).collect();
            assert_eq!(found, expected, "{from} to {to}");
        }
    }
    assert!(range(folder.path(), last.saturating_add(1), u64::MAX).unwrap().is_empty());
}
