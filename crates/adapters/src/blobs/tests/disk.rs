//! A disk that is slow holds sessions back within a bound; one that fails ends them.

use std::sync::Arc;
use std::time::Duration;

use postern_core::ports::Recorder as _;
use postern_core::record::RecordKeys;
use postern_core::{Code, SessionId};

use super::{Disk, NOW, USUALLY, keys, show, until};
use crate::blobs::Recordings;

fn on(disk: &Disk) -> Recordings {
    let keys: RecordKeys = keys();
    Recordings::begin(Arc::new(disk.clone()), keys, USUALLY).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_holds_back_within_a_bound_and_loses_nothing() {
    let disk = Disk::default();
    let recordings = on(&disk);
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
    let head = tape.finish().await.unwrap();
    assert_eq!(u64::try_from(disk.written()).unwrap(), head.bytes - 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_its_own_recording_only() {
    let disk = Disk::default();
    let recordings = on(&disk);
    let (bad, good) = (SessionId::at(NOW), SessionId::at(NOW));
    let (unlucky, lucky) = (recordings.begin(bad).await.unwrap(), recordings.begin(good).await.unwrap());
    disk.set(|state| state.full = Some(bad));
    show(&unlucky, b"lost").unwrap();
    until(async || show(&unlucky, b"x").is_err()).await;
    let fault = unlucky.finish().await.unwrap_err();
    assert_eq!(fault.code, Code::RecordingFailed);
    assert!(fault.cause.is_some());
    show(&lucky, b"kept").unwrap();
    assert!(lucky.finish().await.is_ok());
    assert!(recordings.begin(SessionId::at(NOW)).await.is_ok(), "others may begin");
}
