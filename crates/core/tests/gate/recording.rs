//! What is recorded of a session, what the journal says of that, and how a session ends by it.

use std::time::Duration;

use postern_core::approval::Choice;
use postern_core::gate::Decision;
use postern_core::journal::{Event, Outcome};
use postern_core::record::{Entry, Note};
use postern_core::{Code, Effect, Gate, Open};
use postern_testkit::fakes::Dwelling;

use super::{RULES, delete, held, house, read, refused, token, touching};

/// `RULES`, under which ann operates the gateway.
fn operated() -> String {
    format!("{RULES}\n[roles]\noperators = [\"principal:ann\"]\n")
}

async fn allowed(gate: &mut Gate<Open>) -> postern_core::OperationId {
    let Decision::Go(permit) = gate.submit(vec![read()], "x".into()).await.unwrap() else { panic!("it is allowed") };
    permit.id()
}

/// The recording of the only session, one word an entry.
fn timeline(dwelling: &Dwelling) -> Vec<String> {
    let [session] = &dwelling.recordings.sessions()[..] else { panic!("there is one session") };
    let moments = dwelling.recordings.read(*session).unwrap();
    moments.into_iter().map(|moment| word(&moment.entry)).collect()
}

fn word(entry: &Entry) -> String {
    match entry {
        Entry::Note(note) => match &**note {
            Note::Opened { principal, target, .. } => format!("{} opened {target}", principal.name),
            Note::Operation { decided, text, .. } => {
                let decided = serde_json::to_value(decided).unwrap();
                format!("{} {text}", decided.pointer("/verdict").unwrap().as_str().unwrap())
            }
            Note::Settled { state, by, .. } => {
                format!("{state} by {}", by.as_ref().map(|by| by.name.clone()).unwrap_or_default())
            }
            Note::Finished { .. } => "finished".to_owned(),
            Note::Alert { code, .. } => format!("alert {code}"),
            Note::Killed { by, reason } => format!("killed by {}: {reason}", by.name),
            Note::Closed { reason } => format!("closed: {reason}"),
        },
        Entry::Shown { bytes, .. } => format!("shown {}", String::from_utf8_lossy(bytes)),
        Entry::Aside { bytes, .. } => format!("aside {}", String::from_utf8_lossy(bytes)),
    }
}

#[tokio::test]
async fn a_session_is_recorded_from_its_beginning_to_its_end() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let id = allowed(&mut gate).await;
    gate.aside(Some(id), b"columns").unwrap();
    gate.shown(Some(id), b"rows").unwrap();
    gate.finished(vec![(id, Outcome::Done { note: "READ".to_owned() })]).unwrap();
    gate.finished(vec![(id, Outcome::Unknown)]).unwrap();
    refused(&mut gate, vec![touching("toy.drop", Effect::Define, "drop")]).await;
    let held = held(&mut gate, delete()).await;
    dwelling.answer("ann", held.approval(), Choice::Approve).await.unwrap();
    let settled = held.settled().await.unwrap();
    drop(gate.resume(held, settled, &[delete()]).await.unwrap().unwrap().spend());
    gate.alert(Code::TargetViolation, "it answered twice").await.unwrap();
    gate.close("the client left").await.unwrap();
    insta::assert_snapshot!(timeline(&dwelling).join("\n"), @r"
    bot opened shop
    allow read of 'swordfish'
    aside columns
    shown rows
    finished
    deny drop
    hold delete of 'swordfish'
    granted by ann
    allow delete of 'swordfish'
    alert PST-2006
    closed: the client left
    ");
}

#[tokio::test]
async fn the_journal_says_how_far_a_recording_has_got() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let session = gate.session();
    let stated = |dwelling: &Dwelling| -> Vec<u64> {
        let chunks = dwelling.journal.of(session).into_iter().filter_map(|event| match event {
            Event::Recorded { chunks, .. } => Some(chunks),
            _ => None,
        });
        chunks.collect()
    };
    let mut over = gate.over();
    let mut passes = async |seconds| {
        dwelling.clock.advance(Duration::from_secs(seconds));
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut over).await.is_err(), "it goes on");
    };
    gate.shown(None, b"x").unwrap();
    passes(0).await;
    assert_eq!(stated(&dwelling), [0_u64; 0]);
    passes(10).await;
    assert_eq!(stated(&dwelling), [2], "the beginning is a chunk as well");
    passes(10).await;
    passes(100).await;
    assert_eq!(stated(&dwelling), [2], "nothing came");
    gate.shown(None, b"x").unwrap();
    passes(10).await;
    assert_eq!(stated(&dwelling), [2, 3]);
    gate.close("over").await.unwrap();
    let events = dwelling.journal.of(session);
    let [.., Event::Recorded { chunks, bytes, head }, Event::SessionClosed { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let file = dwelling.recordings.file(session);
    assert_eq!((*chunks, *bytes), (4, u64::try_from(file.len()).unwrap()));
    let mut reader = postern_core::record::Reader::new(&dwelling.house.record_keys, session).unwrap();
    reader.feed(&file);
    while reader.read().unwrap().is_some() {}
    assert_eq!(reader.head().hash, *head);
}

#[tokio::test]
async fn a_session_that_cannot_be_recorded_does_not_open() {
    let (dwelling, _arrivals) = house(RULES);
    dwelling.recordings.fail();
    assert_eq!(dwelling.open("bot", "shop").await.unwrap_err().code, Code::RecordingFailed);
    let events = dwelling.journal.events();
    assert!(matches!(&events[..], [Event::SessionOpened { .. }, Event::SessionClosed { .. }]), "{events:?}");
}

#[tokio::test]
async fn a_session_that_can_be_recorded_no_more_ends() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let over = gate.over();
    dwelling.recordings.fail();
    // the first is taken, and lost: who shows the next hears of it
    gate.shown(None, b"x").unwrap();
    assert_eq!(gate.shown(None, b"y").unwrap_err().code, Code::RecordingFailed);
    assert_eq!(gate.submit(vec![read()], "x".into()).await.unwrap_err().code, Code::RecordingFailed);
    let fault = over.await;
    assert_eq!(fault.code, Code::RecordingFailed);
    gate.close(&fault.to_string()).await.unwrap();
    let events = dwelling.journal.events();
    let [.., Event::Alert { code, message }, Event::SessionClosed { .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&**code, &**message), ("PST-5006", "the recording is not whole: this session cannot be recorded"));
}

#[tokio::test]
async fn what_happened_is_told_although_it_can_be_recorded_no_more() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let id = allowed(&mut gate).await;
    let waits = held(&mut gate, delete()).await;
    dwelling.recordings.fail();
    gate.shown(None, b"x").unwrap();
    gate.withdraw(waits).await.unwrap();
    gate.finished(vec![(id, Outcome::Unknown)]).unwrap();
    gate.alert(Code::TargetViolation, "it answered twice").await.unwrap();
    gate.close("the client left").await.unwrap();
    let told: Vec<String> = dwelling
        .journal
        .events()
        .iter()
        .rev()
        .take(6)
        .rev()
        .map(|event| serde_json::to_value(event).unwrap().pointer("/type").unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ["approval_settled", "operation", "finished", "alert", "alert", "session_closed"]);
}

#[tokio::test]
async fn statements_wait_for_the_recorder_too() {
    let (dwelling, _arrivals) = house(&operated());
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    dwelling.recordings.stall(true);
    gate.shown(None, &[7; 2_000_000]).unwrap();
    let early = tokio::time::timeout(Duration::from_millis(30), gate.submit(vec![read()], "x".into())).await;
    assert!(early.is_err(), "it was taken");
    dwelling.recordings.stall(false);
    allowed(&mut gate).await;
    // and whoever waits so can be ended
    dwelling.recordings.stall(true);
    gate.shown(None, &[7; 2_000_000]).unwrap();
    let ann = dwelling.house.recognise(&token("ann")).await.unwrap();
    let session = gate.session();
    let (submitted, killed) =
        tokio::join!(gate.submit(vec![read()], "x".into()), dwelling.house.kill(session, &ann, "it runs wild"));
    assert!(killed.unwrap());
    assert_eq!(submitted.unwrap_err().code, Code::SessionKilled);
}

/// Whether the session goes on after so many seconds.
async fn goes_on(
    dwelling: &Dwelling,
    over: &mut postern_core::ports::Later<'static, postern_core::Fault>,
    seconds: u64,
) -> bool {
    dwelling.clock.advance(Duration::from_secs(seconds));
    tokio::time::timeout(Duration::from_millis(20), over).await.is_err()
}

#[tokio::test]
async fn a_recorder_that_lags_holds_back_and_then_ends_the_session() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let mut over = gate.over();
    dwelling.recordings.stall(true);
    while !gate.lags() {
        gate.shown(None, &[7; 10_000]).unwrap();
    }
    assert!(goes_on(&dwelling, &mut over, 5).await && goes_on(&dwelling, &mut over, 4).await);
    // it catches up, and the time it has begins anew
    dwelling.recordings.stall(false);
    gate.room().await;
    assert!(!gate.lags() && goes_on(&dwelling, &mut over, 5).await);
    dwelling.recordings.stall(true);
    gate.shown(None, &[7; 2_000_000]).unwrap();
    assert!(gate.lags() && goes_on(&dwelling, &mut over, 5).await);
    assert!(!goes_on(&dwelling, &mut over, 10).await);
}

#[tokio::test]
async fn a_recorder_that_hangs_is_noticed_by_who_says_little() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let mut over = gate.over();
    assert!(goes_on(&dwelling, &mut over, 60).await, "nothing waits");
    dwelling.recordings.stall(true);
    gate.shown(None, b"little").unwrap();
    assert!(!gate.lags());
    assert!(goes_on(&dwelling, &mut over, 5).await);
    dwelling.clock.advance(Duration::from_secs(10));
    assert_eq!(over.await.code, Code::RecordingFailed);
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_recording_to_begin() {
    let (dwelling, _arrivals) = house(RULES);
    dwelling.recordings.stall(true);
    let waits = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        dwelling.clock.advance(Duration::from_secs(10));
    };
    let (opened, ()) = tokio::join!(dwelling.open("bot", "shop"), waits);
    assert_eq!(opened.unwrap_err().code, Code::RecordingFailed);
    assert!(matches!(&dwelling.journal.events()[..], [Event::SessionOpened { .. }, Event::SessionClosed { .. }]));
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_run() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    // it fails while the journal takes the record: the tape hears of it by this note
    dwelling.recordings.fail();
    dwelling.recordings.stall(true);
    gate.shown(None, b"x").unwrap();
    dwelling.recordings.stall(false);
    assert_eq!(gate.submit(vec![read()], "x".into()).await.unwrap_err().code, Code::RecordingFailed);
}

#[tokio::test]
async fn an_operator_ends_a_session_and_everybody_hears_by_whom() {
    let (dwelling, _arrivals) = house(&operated());
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let (session, over) = (gate.session(), gate.over());
    let other = dwelling.open("bot", "shop").await.unwrap();
    let ann = dwelling.house.recognise(&token("ann")).await.unwrap();
    assert!(dwelling.house.live.has(session));
    assert!(dwelling.house.kill(session, &ann, "it runs wild").await.unwrap());
    let fault = over.await;
    assert_eq!((fault.code, &*fault.message), (Code::SessionKilled, "ann ended this session: it runs wild"));
    let killed = dwelling.journal.drafts().into_iter().find(|one| matches!(one.event, Event::SessionKilled { .. }));
    assert_eq!(killed.unwrap().session, None, "a session's own chain may be over by then");
    gate.close(&fault.to_string()).await.unwrap();
    assert!(!dwelling.house.live.has(session));
    let moments = dwelling.recordings.read(session).unwrap();
    let words: Vec<String> = moments.iter().map(|one| word(&one.entry)).collect();
    assert_eq!(words[1..], ["killed by ann: it runs wild", "closed: PST-5008: ann ended this session: it runs wild"]);
    // and no other
    let over = tokio::time::timeout(Duration::from_millis(30), other.over()).await;
    assert!(over.is_err());
    assert!(!dwelling.house.kill(session, &ann, "again").await.unwrap(), "it is over");
}

#[tokio::test]
async fn nobody_else_ends_sessions() {
    let (dwelling, _arrivals) = house(&operated());
    let gate = dwelling.open("bot", "shop").await.unwrap();
    for who in ["ben", "helper", "bot"] {
        let by = dwelling.house.recognise(&token(who)).await.unwrap();
        assert_eq!(dwelling.house.kill(gate.session(), &by, "x").await.unwrap_err().code, Code::RoleMissing, "{who}");
    }
    assert!(dwelling.house.live.has(gate.session()));
    let over = tokio::time::timeout(Duration::from_millis(30), gate.over()).await;
    assert!(over.is_err());
    assert!(!dwelling.journal.text().contains("session_killed"));
}

#[tokio::test]
async fn what_need_not_be_kept_is_removed_and_its_head_stays() {
    let rules = RULES.replace("name   = \"reads\"", "with   = { keep = \"365d\" }\n    name   = \"reads\"");
    let (dwelling, _arrivals) = house(&rules);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let long = gate.session();
    allowed(&mut gate).await;
    gate.close("over").await.unwrap();
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let usual = gate.session();
    gate.close("over").await.unwrap();
    let day = Duration::from_secs(86_400);
    dwelling.clock.advance(day * 89);
    assert_eq!(dwelling.house.retire().await.unwrap(), 0);
    dwelling.clock.advance(day * 2);
    assert_eq!(dwelling.house.retire().await.unwrap(), 1);
    assert_eq!(dwelling.recordings.sessions(), [long]);
    let stated = dwelling.journal.of(usual).into_iter().find_map(|event| match event {
        Event::Recorded { chunks, bytes, head } => Some((chunks, bytes, head)),
        _ => None,
    });
    let removed = dwelling.journal.events().into_iter().find_map(|event| match event {
        Event::RecordingRemoved { session, chunks, bytes, head, .. } if session == usual => Some((chunks, bytes, head)),
        _ => None,
    });
    assert!(removed.is_some());
    assert_eq!(removed, stated);
    dwelling.clock.advance(day * 300);
    assert_eq!(dwelling.house.retire().await.unwrap(), 1);

    // behind what was touched nothing is read: anything may be there, and any much of it
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let session = gate.session();
    gate.close("over").await.unwrap();
    let mut touched = dwelling.recordings.file(session);
    touched.truncate(24);
    touched.extend([0xff; 100_000]);
    dwelling.recordings.replace(session, touched);
    let fetched = dwelling.recordings.fetched();
    dwelling.clock.advance(day * 91);
    assert_eq!(dwelling.house.retire().await.unwrap(), 1);
    assert!(dwelling.recordings.fetched() - fetched < 10_000);

    // what cannot be journalled is not removed
    let gate = dwelling.open("bot", "shop").await.unwrap();
    gate.close("over").await.unwrap();
    dwelling.clock.advance(day * 91);
    dwelling.journal.fail_from(1);
    assert!(dwelling.house.retire().await.is_err());
    assert_eq!(dwelling.recordings.sessions().len(), 1);
}
