//! A journal proves itself: what was written verifies, and whatever is done to it afterwards does not.

mod edits;
mod examining;
mod queries;
mod receipts;
mod sealing;

use aws_lc_rs::digest::{self, SHA256};
use data_encoding::HEXLOWER;

use super::verify::{End, Tamper, Verifier};
use super::{Draft, Event, Keys, Ledger, Record, Torn, VerifyKey};
use crate::tests::NOW;
use crate::{Code, Secret, SessionId};

fn keys() -> Keys {
    Keys::derive(&Secret::new(vec![7; 32])).unwrap()
}

/// A journal as files: the bytes of each segment, from the first.
#[derive(Clone)]
struct Files(Vec<Vec<u8>>);

/// A gateway that writes.
struct Writer {
    ledger: Ledger,
    files: Files,
}

impl Writer {
    fn start() -> Self {
        let mut writer = Self { ledger: Ledger::new(keys()), files: Files(Vec::new()) };
        writer.segment(None);
        writer
    }

    /// Goes on after a crash or a stop, with what stands in the files.
    fn restart(files: Files) -> Self {
        let end = files.verify().unwrap();
        let before = Some(files.ends());
        let mut writer = Self { ledger: Ledger::resume(keys(), &end), files };
        writer.segment(before);
        writer
    }

    fn segment(&mut self, before: Option<Torn>) {
        let number = u64::try_from(self.files.0.len()).unwrap().saturating_add(1);
        let line = self.ledger.open_segment(number, before, "0.1.0", NOW).unwrap();
        self.files.0.push(line);
    }

    /// Ends the segment as it should be ended, and begins the next.
    fn rotate(&mut self) {
        self.checkpoint();
        self.segment(Some(self.files.ends()));
    }

    fn write(&mut self, session: Option<SessionId>, event: Event) {
        let line = self.ledger.enter(&Draft { session, at: NOW, event }).unwrap();
        self.files.0.last_mut().unwrap().extend(line);
    }

    fn note(&mut self, session: SessionId, message: &str) {
        self.write(Some(session), Event::Alert { code: Code::Internal.to_string(), message: message.to_owned() });
    }

    fn close(&mut self, session: SessionId) {
        self.write(Some(session), Event::SessionClosed { reason: "done".to_owned() });
    }

    fn checkpoint(&mut self) {
        let line = self.ledger.checkpoint(NOW).unwrap();
        self.files.0.last_mut().unwrap().extend(line);
    }
}

impl Files {
    fn verify(&self) -> Result<End, Tamper> {
        self.verify_by(&keys().verify_key())
    }

    fn verify_by(&self, key: &VerifyKey) -> Result<End, Tamper> {
        let numbered: Vec<(u64, &[u8])> = (1..).zip(self.0.iter().map(Vec::as_slice)).collect();
        verify(Verifier::new(key.clone()), &numbered)
    }

    /// How the last segment ends.
    fn ends(&self) -> Torn {
        ends(self.0.last().unwrap())
    }

    /// All lines, each with its newline.
    fn lines(&self) -> Vec<Vec<u8>> {
        self.0.iter().flat_map(|segment| lines(segment)).collect()
    }
}

fn verify(mut verifier: Verifier, segments: &[(u64, &[u8])]) -> Result<End, Tamper> {
    for (number, bytes) in segments {
        verifier.open(*number)?;
        let end = ends(bytes);
        for line in lines(bytes) {
            verifier.line(line.strip_suffix(b"\n").unwrap())?;
        }
        verifier.close(end.whole, end.torn)?;
    }
    Ok(verifier.end().clone())
}

/// The whole lines of a segment.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).map(<[u8]>::to_vec).collect()
}

fn ends(bytes: &[u8]) -> Torn {
    let whole = lines(bytes).iter().map(Vec::len).sum::<usize>();
    let size = |size: usize| u64::try_from(size).unwrap();
    Torn { whole: size(whole), torn: size(bytes.len().saturating_sub(whole)) }
}

/// The same ones every time, so that a journal can be written twice.
fn sessions(count: u64) -> Vec<SessionId> {
    (0..count).map(|n| format!("ses_{n:032x}").parse().unwrap()).collect()
}

/// Three segments, two sessions side by side in each, checkpoints, and a few lines after the last of them.
fn journal() -> Files {
    let mut writer = Writer::start();
    let sessions = sessions(4);
    for round in 0..3 {
        let (one, other) = (sessions[usize::from(round > 0)], sessions[if round > 1 { 3 } else { 2 }]);
        writer.note(one, "one");
        writer.note(other, "other");
        writer.note(one, "again");
        writer.checkpoint();
        writer.note(other, "after");
        match round {
            0 => writer.close(one),
            1 => writer.close(other),
            _ => {}
        }
        if round < 2 {
            writer.rotate();
        }
    }
    writer.files
}

#[test]
fn what_was_written_verifies() {
    let end = journal().verify().unwrap();
    let lines = journal().lines().len();
    assert_eq!(end.seq, u64::try_from(lines).unwrap());
    assert_eq!((end.checkpoints, end.sessions), (5, 4));
    assert_eq!(end.signed, end.seq.saturating_sub(1), "a line stands after what is signed");
    assert_eq!(end.late, []);
    assert_eq!(Files(vec![Writer::start().files.0.remove(0)]).verify().unwrap().seq, 1);
}

#[test]
fn a_line_is_its_hash_and_its_record() {
    let mut ledger = Ledger::new(keys());
    let first = ledger.open_segment(1, None, "0.1.0", NOW).unwrap();
    let session = SessionId::at(NOW);
    let draft = Draft { session: Some(session), at: NOW, event: Event::SessionClosed { reason: "ü".to_owned() } };
    let second = ledger.enter(&draft).unwrap();
    assert_eq!(ledger.last(), 2);
    let json = second.strip_suffix(b"\n").unwrap().get(65..).unwrap();
    assert_eq!(second[..64], *HEXLOWER.encode(digest::digest(&SHA256, json).as_ref()).as_bytes());
    assert_eq!(second[64], b' ');
    let record: Record = serde_json::from_slice(json).unwrap();
    assert_eq!((record.seq, record.n, record.prev.as_str(), record.session), (2, 1, "", Some(session)));
    assert_eq!(record.event, draft.event);
    // the gateway's own chain goes on beside the session's
    let third = ledger.checkpoint(NOW).unwrap();
    let record: Record = serde_json::from_slice(&third[65..third.len().saturating_sub(1)]).unwrap();
    assert_eq!((record.seq, record.n, record.session), (3, 2, None));
    assert_eq!(record.prev.as_bytes(), &first[..64]);
}

#[test]
fn a_gateway_goes_on_after_a_stop_and_after_a_crash() {
    let mut writer = Writer::start();
    let ids = sessions(3);
    writer.note(ids[0], "before the stop");
    writer.checkpoint();
    let mut writer = Writer::restart(writer.files);
    writer.note(ids[1], "before the crash");
    let Files(mut segments) = writer.files;
    segments.last_mut().unwrap().extend_from_slice(b"0123 {\"seq\"");
    let torn = Files(segments);
    assert_eq!(torn.ends().torn, 11);
    let mut writer = Writer::restart(torn);
    writer.note(ids[2], "after the crash");
    writer.checkpoint();
    let end = writer.files.verify().unwrap();
    assert_eq!((end.sessions, end.checkpoints), (3, 2));
    assert_eq!(end.late, [(4, 5)], "what stood there unsigned when it went on");
    // the torn piece stays where it was, and may not change any more
    for edit in [&b""[..], b"0123", b"0123 {\"seq\":", b"0123 {\"seq\"\n"] {
        let mut files = writer.files.clone();
        let keep = usize::try_from(ends(&files.0[1]).whole).unwrap();
        files.0[1].truncate(keep);
        files.0[1].extend_from_slice(edit);
        let tamper = files.verify().unwrap_err();
        assert!(tamper.segment >= 2, "{tamper}");
    }
}

#[test]
fn a_crash_before_the_first_whole_line_is_told_apart_from_an_emptied_segment() {
    let mut writer = Writer::start();
    writer.note(sessions(1)[0], "x");
    let mut files = writer.files;
    files.0.push(b"01234567".to_vec());
    let mut writer = Writer::restart(files.clone());
    writer.checkpoint();
    assert_eq!(writer.files.verify().unwrap().seq, 4);
    files.0[1].clear();
    assert_eq!(files.verify().unwrap_err().to_string(), "segment 2, line 0: the segment is empty");
}

#[test]
fn a_session_does_not_go_on_after_it_was_closed() {
    let mut writer = Writer::start();
    let session = sessions(1)[0];
    writer.note(session, "x");
    writer.close(session);
    writer.files.verify().unwrap();
    writer.note(session, "y");
    let tamper = writer.files.verify().unwrap_err();
    assert_eq!(tamper.what, format!("session {session} goes on after it was closed"));
    assert_eq!((tamper.segment, tamper.line), (1, 4));
}

#[test]
fn the_last_segment_alone_is_enough_to_go_on() {
    let files = journal();
    let whole = files.verify().unwrap();
    let last = files.0.last().unwrap();
    let end = verify(Verifier::from_segment(keys().verify_key(), 3), &[(3, last.as_slice())]).unwrap();
    assert_eq!(
        (end.seq, end.running, end.own_n, &end.own_head),
        (whole.seq, whole.running, whole.own_n, &whole.own_head)
    );
    // it believes what stands before, and nothing that stands in it
    for line in 1..lines(last).len() {
        let mut edited = lines(last);
        edited.remove(line);
        let edited = edited.concat();
        let result = verify(Verifier::from_segment(keys().verify_key(), 3), &[(3, edited.as_slice())]);
        let at_the_end = line == lines(last).len().saturating_sub(1);
        assert_eq!(result.is_ok(), at_the_end, "line {line}");
    }
    let first = &files.0[0];
    assert_eq!(
        verify(Verifier::from_segment(keys().verify_key(), 1), &[(1, first.as_slice())]).unwrap().checkpoints,
        2
    );
}

#[test]
fn another_key_confirms_nothing() {
    let files = journal();
    let other = Keys::derive(&Secret::new(vec![8; 32])).unwrap().verify_key();
    let tamper = files.verify_by(&other).unwrap_err();
    assert_eq!(tamper.what, "the checkpoint's signature is not by this key");
    let written = keys().verify_key().to_string();
    assert_eq!(VerifyKey::parse(&written), Some(keys().verify_key()));
    assert_eq!(VerifyKey::parse(&format!(" {written}\n")), Some(keys().verify_key()));
    let digits = written.trim_start_matches("ed25519:");
    for text in [
        "",
        "ed25519:",
        digits,
        &format!("ed25519:{}", &digits[2..]),
        &format!("ed25519:{digits}00"),
        &written.to_uppercase(),
    ] {
        assert_eq!(VerifyKey::parse(text), None, "{text}");
    }
    assert_eq!(format!("{:?}", keys()), format!("Keys({written})"));
}
