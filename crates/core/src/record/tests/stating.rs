//! What a journal says of recordings finds every file that is not what was written, without a key.

use super::{NOW, SessionId, file, of_every_kind};
use crate::id::OperationId;
use crate::journal::{Event, Outcome, Record};
use crate::record::{Broken, Head, Statements, Touched};

fn record(session: Option<SessionId>, event: Event) -> Record {
    Record { seq: 1, head: String::new(), at: NOW, session, n: 1, prev: String::new(), event }
}

fn opened(session: SessionId) -> Record {
    let event = Event::SessionOpened {
        principal: super::ann(),
        client: String::new(),
        called: None,
        protocol: "toy".to_owned(),
        target: "shop".to_owned(),
        credential: None,
        space: None,
        policy: "0".to_owned(),
    };
    record(Some(session), event)
}

fn recorded(session: SessionId, head: Head) -> Record {
    record(Some(session), Event::Recorded { chunks: head.chunks, bytes: head.bytes, head: head.hash })
}

fn closed(session: SessionId) -> Record {
    record(Some(session), Event::SessionClosed { reason: "over".to_owned() })
}

fn finished(session: SessionId) -> Record {
    record(Some(session), Event::Finished { id: OperationId::at(NOW), outcome: Outcome::Unknown })
}

/// What is said of a file after these records.
fn judged(records: &[Record], session: SessionId, file: &[u8]) -> Result<(), Touched> {
    let mut stated = Statements::default();
    records.iter().for_each(|record| stated.take(record));
    let mut comparing = stated.about(session)?;
    for piece in file.chunks(37) {
        comparing.feed(piece)?;
    }
    comparing.end()
}

#[test]
fn every_byte_that_is_changed_and_every_cut_is_found() {
    let session = SessionId::at(NOW);
    let (whole, head) = file(1, session, &of_every_kind(session), 2);
    let records = [opened(session), recorded(session, head), closed(session)];
    assert_eq!(judged(&records, session, &whole), Ok(()));
    for at in 0..whole.len() {
        let mut touched = whole.clone();
        touched[at] ^= 1;
        assert!(judged(&records, session, &touched).is_err(), "byte {at} was changed");
        assert!(judged(&records, session, &whole[..at]).is_err(), "it was cut at {at}");
    }
    let cut = judged(&records, session, &whole[..whole.len() - 1]);
    assert_eq!(cut, Err(Touched::Cut { session, there: head.chunks - 1, stated: head.chunks }));
    let longer = judged(&records, session, &[&whole[..], b"\0"].concat());
    assert_eq!(longer, Err(Touched::Longer(session)));
    let swapped = SessionId::at(NOW);
    let (theirs, _) = file(1, swapped, &of_every_kind(swapped), 2);
    let expected = Broken { session, chunk: 0, what: "it is no recording of this session" };
    assert_eq!(judged(&records, session, &theirs), Err(Touched::Broken(expected)));
}

#[test]
fn a_recording_may_be_ahead_of_what_is_said_until_its_session_ends() {
    let session = SessionId::at(NOW);
    let entries = of_every_kind(session);
    let (part, head) = file(1, session, &entries[..4], 2);
    let (whole, last) = file(1, session, &entries, 2);
    assert!(whole.starts_with(&part));
    let stated = [opened(session), recorded(session, head)];
    assert_eq!(judged(&stated, session, &whole), Ok(()));
    assert_eq!(judged(&stated[..1], session, &whole), Ok(()), "a gateway was killed before it said anything");
    // where its end could not be recorded, something may have followed what was stated
    let failed = [opened(session), recorded(session, head), finished(session), closed(session)];
    assert_eq!(judged(&failed, session, &whole), Ok(()));
    let ended = [opened(session), recorded(session, head), closed(session)];
    assert_eq!(judged(&ended, session, &whole), Err(Touched::Longer(session)));
    let twice = [opened(session), recorded(session, head), finished(session), recorded(session, last), closed(session)];
    assert_eq!(judged(&twice, session, &whole), Ok(()));
}

#[test]
fn what_is_not_there_was_removed_by_the_gateway_or_by_somebody_else() {
    let [kept, gone, retired, unstated] = [(); 4].map(|()| SessionId::at(NOW));
    let head = Head::before_all(kept);
    let mut stated = Statements::default();
    for session in [kept, gone, retired] {
        [opened(session), recorded(session, head), closed(session)].iter().for_each(|record| stated.take(record));
    }
    stated.take(&opened(unstated));
    let Head { chunks, bytes, hash: head } = head;
    let reason = "it was kept as long as it had to be".to_owned();
    stated.take(&record(None, Event::RecordingRemoved { session: retired, chunks, bytes, head, reason }));
    assert_eq!(stated.missing(|session| session == kept), [Touched::Removed(gone)]);
    let stranger = SessionId::at(NOW);
    assert_eq!(stated.about(stranger).unwrap_err(), Touched::Added(stranger));
}
