//! A disk that is slow holds sessions back within a bound; one that fails ends them.

use std::sync::Arc;
use std::time::Duration;

use postern_core::ports::Recorder as _;
use postern_core::{Code, SessionId};

use super::{Disk, NOW, USUALLY, keys, show, until};
use crate::blobs::Recordings;
use crate::journal::Durability;

fn on(disk: &Disk, durability: Durability) -> Recordings {
    Recordings::begin(Arc::new(disk.clone()), keys(), durability, USUALLY).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_holds_back_within_a_bound_and_loses_nothing() {
    let disk = Disk::default();
    let recordings = on(&disk, Durability::Os);
    let tape = recordings.begin(SessionId::at(NOW)).await.unwrap();
    disk.set(|state| state.stuck = true);
    let mut shown = 0_usize;
    // whoever asks for room before showing more never gets far ahead
    while tokio::time::timeout(Duration::from_millis(300), tape.room()).await.is_ok() {
        assert!(shown < 3 << 20, "nothing holds it back");
        show(&tape, &[7; 10_000]).unwrap();
        shown += 10_000;
    }
    assert!(tape.is_full() && shown <= (1 << 20) + 10_000, "{shown}");
    assert_eq!(disk.written(), 0);
    disk.set(|state| state.stuck = false);
    tape.room().await;
    let head = tape.finish(NOW, "over").unwrap().await.unwrap();
    assert_eq!(u64::try_from(disk.written()).unwrap(), head.bytes - 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_its_own_recording_only() {
    let disk = Disk::default();
    let recordings = on(&disk, Durability::Os);
    let (bad, good) = (SessionId::at(NOW), SessionId::at(NOW));
    let (unlucky, lucky) = (recordings.begin(bad).await.unwrap(), recordings.begin(good).await.unwrap());
    disk.set(|state| state.full = Some(bad));
    show(&unlucky, b"lost").unwrap();
    until(async || show(&unlucky, b"x").is_err()).await;
    let fault = unlucky.finish(NOW, "over").map(|_| ()).unwrap_err();
    assert_eq!(fault.code, Code::RecordingFailed);
    assert!(fault.cause.is_some());
    show(&lucky, b"kept").unwrap();
    assert!(lucky.finish(NOW, "over").unwrap().await.is_ok());
    assert!(recordings.begin(SessionId::at(NOW)).await.is_ok(), "others may begin");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_has_what_the_journal_says_where_that_is_asked_for() {
    for (durability, has) in [(Durability::Os, false), (Durability::Fsync, true)] {
        let disk = Disk::default();
        let recordings = on(&disk, durability);
        let session = SessionId::at(NOW);
        let tape = recordings.begin(session).await.unwrap();
        show(&tape, b"kept").unwrap();
        tape.finish(NOW, "over").unwrap().await.unwrap();
        recordings.sync(session).await.unwrap();
        assert!(disk.written() > 0);
        assert_eq!(disk.synced(), if has { disk.written() } else { 0 });
    }
    // and the folder can
    let place = tempfile::tempdir().unwrap();
    let recordings = Recordings::open(place.path(), keys(), Durability::Fsync, USUALLY).unwrap();
    let session = SessionId::at(NOW);
    let _tape = recordings.begin(session).await.unwrap();
    recordings.sync(session).await.unwrap();
    assert_eq!(recordings.sync(SessionId::at(NOW)).await.unwrap_err().code, Code::RecordingFailed);
}
