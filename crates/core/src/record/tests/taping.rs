//! The way from a session to its recorder: what rings, what is full, what is refused.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use super::{NOW, Note, SessionId, keys};
use crate::record::{Head, Keep, Press, Reel, Ring, Scribe, Tape, tape};
use crate::{Code, Fault, Micros};

struct Bench {
    tape: Tape,
    reel: Reel,
    rung: Arc<Mutex<Vec<Ring>>>,
}

fn bench() -> Bench {
    let rung: Arc<Mutex<Vec<Ring>>> = Arc::default();
    let bell = Arc::clone(&rung);
    let (tape, reel) = tape(Head::before_all(SessionId::at(NOW)), move |ring| bell.lock().unwrap().push(ring));
    Bench { tape, reel, rung }
}

impl Bench {
    fn rung(&self) -> Vec<Ring> {
        std::mem::take(&mut self.rung.lock().unwrap())
    }

    fn show(&self, bytes: usize) {
        self.tape.shown(NOW, None, &vec![7; bytes]).unwrap();
    }
}

#[test]
fn the_recorder_is_called_once_until_it_comes() {
    let bench = bench();
    bench.show(10);
    bench.show(10);
    assert_eq!(bench.rung(), [Ring::Something]);
    bench.show(100_000);
    bench.show(100_000);
    assert_eq!(bench.rung(), [Ring::Plenty]);
    assert!(!bench.reel.take(&mut Vec::new()).entries.is_empty());
    assert!(bench.reel.take(&mut Vec::new()).entries.is_empty());
    bench.show(100_000);
    assert_eq!(bench.rung(), [Ring::Plenty]);
}

#[tokio::test]
async fn what_waits_is_bounded_by_word_and_nothing_is_lost() {
    let bench = bench();
    assert!(!bench.tape.is_full());
    bench.tape.room().await;
    while !bench.tape.is_full() {
        assert!(bench.reel.unkept() < 1 << 20);
        bench.show(10_000);
    }
    assert!(bench.reel.unkept() < (1 << 20) + 10_100, "{}", bench.reel.unkept());
    // what was taken is not kept yet
    let taken = bench.reel.take(&mut Vec::new());
    assert!(bench.tape.is_full());
    let head = Head { chunks: 5, ..bench.tape.head() };
    let room = bench.tape.room();
    bench.reel.kept(taken.entries.len(), head);
    room.await;
    assert!(!bench.tape.is_full());
    assert_eq!((bench.reel.unkept(), bench.tape.head()), (0, head));
}

#[tokio::test]
async fn a_failure_is_what_everybody_hears_from_then_on() {
    let bench = bench();
    let failed = bench.tape.failed();
    bench.show(2 << 20);
    assert!(bench.tape.is_full());
    bench.reel.failed(Fault::gateway(Code::RecordingFailed, "the disk is full"));
    assert_eq!(failed.await.message, "the disk is full");
    bench.tape.room().await;
    let refused = bench.tape.shown(NOW, None, b"x").unwrap_err();
    assert_eq!((refused.code, &*refused.message), (Code::RecordingFailed, "the disk is full"));
    assert!(bench.tape.note(NOW, &Note::Closed { reason: String::new() }).is_err());
    assert!(bench.tape.finish(NOW, "over").is_err());
    assert!(!bench.tape.is_full(), "nobody waits for room that never comes");
    assert_eq!(bench.reel.unkept(), 0);
    assert!(bench.reel.take(&mut Vec::new()).entries.is_empty());
}

#[tokio::test]
async fn the_end_waits_for_what_is_not_kept() {
    let bench = bench();
    bench.show(10);
    bench.rung();
    let end = bench.tape.finish(NOW, "over").unwrap();
    assert_eq!(bench.rung(), [Ring::Plenty], "the recorder is called at once");
    assert!(bench.tape.shown(NOW, None, b"x").is_err(), "nothing follows the end");
    let taken = bench.reel.take(&mut Vec::new());
    assert!(taken.ended && !taken.entries.is_empty());
    let head = Head { chunks: 1, ..bench.tape.head() };
    bench.reel.kept(taken.entries.len(), head);
    let mut end = std::pin::pin!(end);
    let early = tokio::time::timeout(Duration::from_millis(20), end.as_mut()).await;
    assert!(early.is_err(), "it did not wait");
    bench.reel.ended();
    assert_eq!(end.await.unwrap(), head);
    assert!(bench.rung().is_empty());
}

#[test]
fn a_tape_that_is_dropped_has_ended() {
    let Bench { tape, reel, rung } = bench();
    tape.shown(NOW, None, b"x").unwrap();
    drop(tape);
    assert_eq!(*rung.lock().unwrap(), [Ring::Something, Ring::Plenty]);
    let taken = reel.take(&mut Vec::new());
    assert!(taken.ended && !taken.entries.is_empty());
}

#[test]
fn a_tape_knows_since_when_the_oldest_waits() {
    let bench = bench();
    let show = |at| bench.tape.shown(Micros(at), None, b"x").unwrap();
    assert_eq!(bench.tape.oldest(), None);
    show(5);
    show(6);
    assert_eq!(bench.tape.oldest(), Some(Micros(5)));
    // what was taken is not kept yet, and waits as long
    let taken = bench.reel.take(&mut Vec::new());
    show(7);
    assert_eq!(bench.tape.oldest(), Some(Micros(5)));
    bench.reel.kept(taken.entries.len(), bench.tape.head());
    assert_eq!(bench.tape.oldest(), Some(Micros(7)));
    bench.reel.failed(Fault::gateway(Code::RecordingFailed, "the disk is full"));
    assert_eq!(bench.tape.oldest(), None);
}

#[test]
fn whoever_says_much_gets_a_buffer_back_and_whoever_says_little_none() {
    let bench = bench();
    let mut spare = Vec::with_capacity(100_000);
    bench.show(10);
    assert!(!bench.reel.is_due());
    assert!(!bench.reel.take(&mut spare).entries.is_empty() && spare.capacity() == 100_000);
    bench.show(70_000);
    assert!(bench.reel.is_due());
    assert!(!bench.reel.take(&mut spare).entries.is_empty() && spare.capacity() == 0);
    bench.show(10);
    assert!(bench.reel.take(&mut spare).entries.capacity() >= 100_000);
    bench.tape.finish(NOW, "over").map(drop).unwrap();
    assert!(bench.reel.is_due(), "it is the end");
}

#[test]
fn the_longest_that_rules_ask_for_counts() {
    let (day, year) = (Duration::from_secs(86_400), Duration::from_secs(365 * 86_400));
    let usual = Duration::from_secs(90 * 86_400);
    let asked = |keep| Keep::asked(Some(keep));
    let cases = [
        (Keep::default(), usual),
        (asked(day), day),
        (asked(year), year),
        (asked(day).and(asked(year)), year),
        (asked(day).and(Keep::asked(None)), usual),
        (asked(year).and(Keep::asked(None)), year),
        (Keep::asked(None), usual),
        (Keep::default().and(asked(day)), day),
    ];
    for (keep, lasts) in cases {
        assert_eq!(keep.lasts(usual), lasts, "{keep:?}");
        assert_eq!(keep.until(Micros(5), usual), Micros(5).after(lasts));
    }
    for keep in [asked(day), asked(year).and(Keep::asked(None))] {
        assert_eq!(Keep::parse(&keep.to_string()), Some(keep), "{keep}");
    }
    assert_eq!(["", "s", "90d", "-1s", "1s or shorter"].map(Keep::parse), [None; 5]);
    let bench = bench();
    bench.tape.keep(asked(day));
    bench.tape.keep(asked(year));
    assert_eq!(bench.reel.take(&mut Vec::new()).keep.lasts(usual), year);
}

#[test]
fn a_chunk_of_much_is_about_as_large_as_it_should_be() {
    let session = SessionId::at(NOW);
    let (mut scribe, _) = Scribe::begin(&keys(1), session).unwrap();
    let bench = bench();
    bench.show(10 << 20);
    let mut out = Vec::new();
    scribe.write(&mut Press::new().unwrap(), &bench.reel.take(&mut Vec::new()).entries, &mut out).unwrap();
    assert!((100..=170).contains(&scribe.head().chunks), "{:?}", scribe.head());
}
