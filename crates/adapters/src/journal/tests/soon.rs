//! What has happened already and nobody waits for.

use std::time::Instant;

use super::*;

/// What stands in the file by now.
fn written(folder: &Path) -> String {
    fs::read_to_string(segment(folder, 1)).unwrap()
}

fn until(holds: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

#[tokio::test]
async fn what_happened_stands_before_what_comes_next_and_is_written_with_it() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    let before = fails.appends.load(Ordering::SeqCst);
    assert_eq!(journal.soon(&[alert("done"), alert("done too")]).unwrap(), 3);
    assert_eq!(append(&journal, &["next"]).await.unwrap(), 4);
    assert_eq!(fails.appends.load(Ordering::SeqCst), before + 1, "one write for all of it");
    journal.close().unwrap();
    assert_eq!(alerts(folder.path()), ["done", "done too", "next"]);
}

#[test]
fn what_nothing_follows_is_written_all_the_same() {
    let folder = folder();
    let journal = open_as(folder.path(), mode(Durability::Os));
    for turn in ["first", "second", "third"] {
        journal.soon(&[alert(turn)]).unwrap();
        let took = until(|| written(folder.path()).contains(turn));
        assert!(took < Duration::from_secs(1), "{took:?}");
        // the keeper has gone to sleep for long by now
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn what_nobody_waits_for_does_not_gather_without_bound() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    let before = fails.appends.load(Ordering::SeqCst);
    for _ in 0..1000 {
        journal.soon(&[alert("x".repeat(1000))]).unwrap();
    }
    assert!(fails.appends.load(Ordering::SeqCst) >= before + 10);
}

#[test]
fn a_journal_that_is_closed_has_all_of_it() {
    let folder = folder();
    // signed as it comes, so that nothing is left to sign at the end
    let journal = open_as(folder.path(), Mode { records: 1, ..mode(Durability::Os) });
    journal.soon(&[alert("last")]).unwrap();
    journal.close().unwrap();
    assert_eq!(alerts(folder.path()), ["last"]);
    assert!(journal.soon(&[alert("too late")]).is_err());
}

#[test]
fn a_full_segment_ends_behind_what_waits() {
    let folder = folder();
    let journal = open_as(folder.path(), Mode { segment: 600, ..mode(Durability::Os) });
    for turn in 0..9 {
        journal.soon(&[alert(format!("{turn}"))]).unwrap();
        if turn % 3 == 2 {
            journal.enter(&[alert("entered")]).map(drop).unwrap();
        }
    }
    journal.close().unwrap();
    assert!(segment(folder.path(), 3).exists());
    let order = ["0", "1", "2", "entered", "3", "4", "5", "entered", "6", "7", "8", "entered"];
    assert_eq!(alerts(folder.path()), order);
}

#[tokio::test]
async fn what_cannot_be_written_by_and_by_ends_the_journal() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    fails.append.store(true, Ordering::SeqCst);
    journal.soon(&[alert("done")]).unwrap();
    tokio::time::timeout(Duration::from_secs(5), journal.lost()).await.unwrap();
    assert_eq!(journal.soon(&[alert("more")]).unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(append(&journal, &["next"]).await.unwrap_err().code, Code::JournalUnavailable);
}

#[tokio::test]
async fn what_lasts_has_all_before_it_on_disk() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Fsync));
    journal.soon(&[alert("done")]).unwrap();
    assert!(append(&journal, &["next"]).await.is_ok());
    assert!(fails.syncs.load(Ordering::SeqCst) > 0);
    let text = written(folder.path());
    assert!(text.contains("done") && text.contains("next"), "{text}");
}
