//! What sessions put on their tapes is kept: soon, in order, and all of it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use postern_core::ports::Recorder as _;
use postern_core::record::Keep;
use postern_core::{Code, SessionId};

use super::{NOW, USUALLY, folder, keys, on, read, show, until};
use crate::blobs::Recordings;
use crate::journal::Durability;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_kept_soon_and_whole_at_the_end() {
    let place = tempfile::tempdir().unwrap();
    let recordings = on(place.path());
    let session = SessionId::at(NOW);
    let tape = recordings.begin(session).await.unwrap();
    let since = Instant::now();
    show(&tape, b"one").unwrap();
    until(async || read(&recordings, session).await.0 == b"one").await;
    // twice what is promised: this machine has other things to do
    assert!(since.elapsed() < Duration::from_millis(400), "{:?}", since.elapsed());
    show(&tape, b", two").unwrap();
    let head = tape.finish(NOW, "over").unwrap().await.unwrap();
    let (shown, whole, chunks) = read(&recordings, session).await;
    assert_eq!((&*shown, whole, chunks), (&b"one, two"[..], true, head.chunks));
    let file = place.path().join(format!("2026-01-31/{session}.rec"));
    assert_eq!(file.metadata().unwrap().len(), head.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dropped_recorder_has_taken_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let session = SessionId::at(NOW);
    let recordings = on(place.path());
    let tape = recordings.begin(session).await.unwrap();
    show(&tape, b"at the last moment").unwrap();
    drop(recordings);
    assert_eq!(show(&tape, b"too late").unwrap_err().code, Code::RecordingFailed);
    assert!(tape.finish(NOW, "over").is_err());
    assert_eq!(read(&on(place.path()), session).await, (b"at the last moment".to_vec(), false, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn little_and_often_makes_few_chunks_and_much_makes_large_ones() {
    let place = tempfile::tempdir().unwrap();
    let recordings = on(place.path());
    let (often, much) = (SessionId::at(NOW), SessionId::at(NOW));
    let tape = recordings.begin(often).await.unwrap();
    let since = Instant::now();
    for _ in 0..300 {
        show(&tape, b"little").unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let head = tape.finish(NOW, "over").unwrap().await.unwrap();
    let most = u64::try_from(since.elapsed().as_millis() / 100).unwrap() + 3;
    assert!(head.chunks <= most, "{} chunks, at most {most}", head.chunks);
    let tape = recordings.begin(much).await.unwrap();
    let line: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    for _ in 0..2_000 {
        tape.room().await;
        show(&tape, &line).unwrap();
    }
    let head = tape.finish(NOW, "over").unwrap().await.unwrap();
    assert!(head.chunks < 500, "{head:?}");
    assert_eq!(read(&recordings, much).await.0.len(), 20_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_much_makes_no_crumbs_of_what_others_say() {
    let place = tempfile::tempdir().unwrap();
    let recordings = on(place.path());
    let busy = recordings.begin(SessionId::at(NOW)).await.unwrap();
    let quiet = recordings.begin(SessionId::at(NOW)).await.unwrap();
    let since = Instant::now();
    for _ in 0..500 {
        busy.room().await;
        show(&busy, &[7; 70_000]).unwrap();
        show(&quiet, b"little").unwrap();
        tokio::task::yield_now().await;
    }
    let head = quiet.finish(NOW, "over").unwrap().await.unwrap();
    let most = u64::try_from(since.elapsed().as_millis() / 100).unwrap() + 3;
    assert!(head.chunks <= most, "{} chunks, at most {most}", head.chunks);
    let head = busy.finish(NOW, "over").unwrap().await.unwrap();
    assert!(head.chunks > 100, "{head:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_are_kept_side_by_side() {
    let place = tempfile::tempdir().unwrap();
    let recordings = on(place.path());
    let mut tapes = Vec::new();
    for _ in 0..50 {
        let session = SessionId::at(NOW);
        tapes.push((session, recordings.begin(session).await.unwrap()));
    }
    for round in 0..20 {
        for (session, tape) in &tapes {
            show(tape, format!("{session} {round}\n").as_bytes()).unwrap();
        }
    }
    for (session, tape) in tapes {
        tape.finish(NOW, "over").unwrap().await.unwrap();
        let (shown, whole, _) = read(&recordings, session).await;
        let shown = String::from_utf8(shown).unwrap();
        assert!(whole && shown.lines().count() == 20);
        assert!(shown.lines().zip(0..).all(|(line, round)| line == format!("{session} {round}")), "{shown}");
    }
}

#[tokio::test]
async fn only_the_gateway_may_read_the_folder_and_a_name_is_used_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/recordings");
    let recordings = on(&path);
    let session = SessionId::at(NOW);
    let _tape = recordings.begin(session).await.unwrap();
    let mode = |name: &str| path.join(name).metadata().unwrap().permissions().mode() & 0o777;
    let (day, file) = ("2026-01-31".to_owned(), format!("2026-01-31/{session}.rec"));
    assert_eq!((mode("."), mode(&day), mode(&file)), (0o700, 0o700, 0o600));
    assert_eq!(recordings.begin(session).await.unwrap_err().code, Code::RecordingFailed);
    assert_eq!(recordings.fetch(SessionId::at(NOW), 0).await.unwrap(), None);
    assert_eq!(recordings.fetch(session, 1_000).await.unwrap().unwrap().len(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("occupied");
    std::fs::write(&path, "a file").unwrap();
    let Err(fault) = Recordings::open(&path, keys(), Durability::Os, USUALLY) else { panic!("it opened") };
    assert!(fault.message.contains("occupied"), "{fault}");
    assert!(fault.hint.is_some());
    drop(folder(place.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_kept_as_long_as_the_rules_say_and_no_longer() {
    let place = tempfile::tempdir().unwrap();
    let recordings = on(place.path());
    let day = Duration::from_secs(86_400);
    let mut sessions = Vec::new();
    for keep in [None, Some(Keep::asked(Some(day))), Some(Keep::asked(Some(day * 365)).and(Keep::asked(None)))] {
        let session = SessionId::at(NOW);
        let tape = recordings.begin(session).await.unwrap();
        show(&tape, b"something").unwrap();
        keep.into_iter().for_each(|keep| tape.keep(keep));
        tape.finish(NOW, "over").unwrap().await.unwrap();
        sessions.push(session);
    }
    std::fs::write(place.path().join("2026-01-31/notes.txt"), "of somebody else").unwrap();
    let [usual, short, long] = sessions[..] else { panic!("there are three") };
    let over = async |days: u32| {
        let mut over = recordings.over(NOW.after(day * days)).await.unwrap();
        over.sort();
        over
    };
    assert_eq!(over(0).await, []);
    assert_eq!(over(2).await, [short]);
    let mut two = [usual, short];
    two.sort();
    assert_eq!(over(91).await, two);
    assert!(over(366).await.contains(&long));
    // how long it is kept nobody can tell: it stays
    let keep = place.path().join(format!("2026-01-31/{short}.keep"));
    let said = std::fs::read(&keep).unwrap();
    for unreadable in [&b""[..], b"for a while\n", b"\xff"] {
        std::fs::write(&keep, unreadable).unwrap();
        assert_eq!(over(91).await, [usual]);
    }
    std::fs::write(keep, said).unwrap();
    recordings.remove(short).await.unwrap();
    recordings.remove(short).await.unwrap();
    assert_eq!(recordings.fetch(short, 0).await.unwrap(), None);
    assert_eq!(over(91).await, [usual]);
    let left = std::fs::read_dir(place.path().join("2026-01-31")).unwrap().count();
    assert_eq!(left, 4, "two recordings, how long one of them is kept, and what is somebody else's");
}
