//! A journal that cannot be written is lost for good, and everybody hears of it.

use super::*;

async fn assert_lost(journal: &Journal, fails: &Faults) {
    tokio::time::timeout(Duration::from_secs(5), journal.lost()).await.expect("the gateway hears of it");
    for fault in [&fails.append, &fails.sync, &fails.begin, &fails.panic] {
        fault.store(false, Ordering::SeqCst);
    }
    for _ in 0..3 {
        let fault = append(journal, &["after"]).await.unwrap_err();
        assert_eq!(fault.code, Code::JournalUnavailable, "though the disk would take it again");
    }
    assert_eq!(journal.close().unwrap_err().code, Code::JournalUnavailable);
}

#[tokio::test]
async fn a_full_disk_ends_the_journal() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    append(&journal, &["before"]).await.unwrap();
    fails.append.store(true, Ordering::SeqCst);
    let fault = append(&journal, &["lost"]).await.unwrap_err();
    assert_eq!(fault.code, Code::JournalUnavailable);
    assert!(fault.cause.as_ref().unwrap().contains("No space left on device"), "{fault:?}");
    assert_lost(&journal, &fails).await;
    drop(journal);
    assert_eq!(alerts(folder.path()), ["before"], "what counted as written is all there");
    assert!(verify(folder.path(), &key()).unwrap().torn > 0);
}

#[tokio::test]
async fn a_failed_sync_ends_the_journal_and_lets_nobody_through() {
    let folder = folder();
    let slow = Faults { slow: Duration::from_millis(50), ..Faults::default() };
    let (journal, fails) = brittle(folder.path(), slow, mode(Durability::Fsync));
    append(&journal, &["before"]).await.unwrap();
    fails.sync.store(true, Ordering::SeqCst);
    let (one, two) = tokio::join!(append(&journal, &["one"]), append(&journal, &["two"]));
    assert_eq!(one.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(two.unwrap_err().code, Code::JournalUnavailable);
    assert_lost(&journal, &fails).await;
}

#[tokio::test]
async fn a_segment_that_cannot_be_begun_ends_the_journal() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), Mode { segment: 1, ..mode(Durability::Os) });
    fails.begin.store(true, Ordering::SeqCst);
    assert_eq!(append(&journal, &["one"]).await.unwrap_err().code, Code::JournalUnavailable);
    assert_lost(&journal, &fails).await;
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_ends_the_journal() {
    let folder = folder();
    let soon = Mode { time: Duration::from_millis(50), ..mode(Durability::Os) };
    let (journal, fails) = brittle(folder.path(), Faults::default(), soon);
    append(&journal, &["before"]).await.unwrap();
    fails.append.store(true, Ordering::SeqCst);
    assert_lost(&journal, &fails).await;
}

#[tokio::test]
async fn a_panic_while_writing_ends_the_journal() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    let journal = Arc::new(journal);
    fails.panic.store(true, Ordering::SeqCst);
    let mut writers = tokio::task::JoinSet::new();
    let panics = Arc::clone(&journal);
    writers.spawn(async move { append(&panics, &["one"]).await });
    assert!(writers.join_next().await.unwrap().unwrap_err().is_panic());
    fails.panic.store(false, Ordering::SeqCst);
    assert_eq!(append(&journal, &["two"]).await.unwrap_err().code, Code::JournalUnavailable);
    assert_lost(&journal, &fails).await;
}

#[tokio::test]
async fn a_panic_of_the_keeper_keeps_nobody_waiting() {
    let folder = folder();
    let slow = Faults { slow: Duration::from_millis(100), ..Faults::default() };
    let (journal, fails) = brittle(folder.path(), slow, mode(Durability::Fsync));
    let (written, ()) = tokio::join!(append(&journal, &["one"]), async {
        // It is waiting for the disk by now, and will not get there.
        fails.panic.store(true, Ordering::SeqCst);
    });
    assert_eq!(written.unwrap_err().code, Code::JournalUnavailable);
    tokio::time::timeout(Duration::from_secs(5), journal.lost()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_records_share_a_sync_and_none_counts_before_it() {
    let folder = folder();
    let slow = Faults { slow: Duration::from_millis(20), ..Faults::default() };
    let (journal, fails) = brittle(folder.path(), slow, mode(Durability::Fsync));
    let journal = Arc::new(journal);
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (journal, fails) = (Arc::clone(&journal), Arc::clone(&fails));
        writers.spawn(async move {
            let before = fails.syncs.load(Ordering::SeqCst);
            append(&journal, &["x"]).await.unwrap();
            assert!(fails.syncs.load(Ordering::SeqCst) > before);
        });
    }
    writers.join_all().await;
    let syncs = fails.syncs.load(Ordering::SeqCst);
    assert!((1..=20).contains(&syncs), "{syncs} syncs for 100 records");
}

#[tokio::test]
async fn the_kernels_word_is_enough_where_that_is_configured() {
    let folder = folder();
    let (journal, fails) = brittle(folder.path(), Faults::default(), mode(Durability::Os));
    append(&journal, &["x"]).await.unwrap();
    assert_eq!(fails.syncs.load(Ordering::SeqCst), 0);
    journal.close().unwrap();
    assert_eq!(fails.syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_closed_journal_is_not_a_lost_one() {
    let folder = folder();
    let journal = open(folder.path());
    append(&journal, &["before"]).await.unwrap();
    journal.close().unwrap();
    journal.close().unwrap();
    assert_eq!(append(&journal, &["after"]).await.unwrap_err().code, Code::Stopping);
    assert!(tokio::time::timeout(Duration::from_millis(50), journal.lost()).await.is_err());
    assert_eq!(alerts(folder.path()), ["before"]);
}

#[tokio::test]
async fn closing_lets_those_go_who_wait_for_the_disk() {
    let folder = folder();
    let slow = Faults { slow: Duration::from_millis(50), ..Faults::default() };
    let (journal, _) = brittle(folder.path(), slow, mode(Durability::Fsync));
    let (written, closed) = tokio::join!(append(&journal, &["one"]), async { journal.close() });
    closed.unwrap();
    written.unwrap();
}
