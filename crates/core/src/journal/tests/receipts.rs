//! One session's lines prove themselves away from the journal, and nothing else passes for them.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::receipt::{Doubt, Gathering, Reading, Title};
use super::{Writer, keys, sessions};
use crate::journal::{Event, Keys, Record};
use crate::{Secret, SessionId};

/// Sessions side by side, and a third one that nothing has signed yet.
fn writer() -> Writer {
    let mut writer = Writer::start();
    let ids = sessions(3);
    for round in ["one", "two", "three"] {
        for session in &ids[..2] {
            writer.note(*session, round);
        }
        writer.checkpoint();
        writer.note(ids[1], "between");
        writer.checkpoint();
    }
    writer.close(ids[0]);
    writer.rotate();
    writer.note(ids[2], "unsigned");
    writer
}

/// The receipt of a session, line by line.
fn receipt(writer: &Writer, session: SessionId) -> Vec<String> {
    let mut gathering = Gathering::of(session);
    let mut receipt = vec![serde_json::to_string(&Title::of(session, &keys().verify_key())).unwrap()];
    for line in writer.files.lines() {
        let text = String::from_utf8(line).unwrap();
        let record: Record = serde_json::from_str(&text[65..]).unwrap();
        let span = gathering.line(text.trim_end(), &record);
        receipt.extend(span.map(|span| serde_json::to_string(&span).unwrap()));
    }
    assert_eq!(gathering.is_unsigned(), session == sessions(3)[2]);
    receipt
}

/// What a receipt proves: what the session noted, and whether it is over.
fn proved(receipt: &[String], by: &Keys) -> Result<(Vec<String>, bool), Doubt> {
    let unreadable = || Doubt::Unreadable { line: 1, what: "no title".to_owned() };
    let title = receipt.first().and_then(|line| Title::read(line)).ok_or_else(unreadable)?;
    let mut reading = Reading::of(&title, by.verify_key());
    let mut notes = Vec::new();
    for line in &receipt[1..] {
        for record in reading.line(line)? {
            if let Event::Alert { message: note, .. } | Event::SessionClosed { reason: note } = record.event {
                notes.push(note);
            }
        }
    }
    reading.end().map(|over| (notes, over))
}

#[test]
fn a_receipt_proves_a_session_and_all_of_it() {
    let (writer, ids) = (writer(), sessions(3));
    let (notes, over) = proved(&receipt(&writer, ids[0]), &keys()).unwrap();
    assert_eq!((notes.join(" ").as_str(), over), ("one two three done", true));
    let (notes, over) = proved(&receipt(&writer, ids[1]), &keys()).unwrap();
    assert_eq!((notes.join(" ").as_str(), over), ("one between two between three between", false));
    assert_eq!(proved(&receipt(&writer, ids[2]), &keys()), Err(Doubt::Empty(ids[2])), "nothing of it is signed");
}

#[test]
fn a_receipt_shows_nothing_of_other_sessions() {
    let receipt = receipt(&writer(), sessions(3)[0]).join("\n");
    assert!(receipt.contains("three") && !receipt.contains("between"));
}

#[test]
fn another_key_signs_no_receipt() {
    let other = Keys::derive(&Secret::new(vec![9; 32])).unwrap();
    let Err(Doubt::Record { what, .. }) = proved(&receipt(&writer(), sessions(3)[0]), &other) else {
        panic!("another gateway's key confirms it")
    };
    assert_eq!(what, "is no checkpoint signed by this key");
}

#[test]
fn no_record_is_left_out_of_a_receipt() {
    let whole = receipt(&writer(), sessions(3)[0]);
    for gone in 1..whole.len() {
        let mut part = whole.clone();
        part.remove(gone);
        match proved(&part, &keys()) {
            Ok((_, over)) => assert!(!over && gone == whole.len().saturating_sub(1), "line {gone} is not missed"),
            Err(Doubt::Record { what, .. }) => assert_eq!(what, "does not follow the one before it in the session"),
            Err(other) => panic!("{other}"),
        }
    }
    // its own line given as a hash hides it, and the next one tells
    let line = whole[1].clone();
    let own = line.find(r#"{\"seq\""#).unwrap();
    let end = line[own..].find(r#"}}""#).unwrap().saturating_add(own).saturating_add(2);
    let mut hidden = whole;
    hidden[1] = format!("{}{}", &line[..own.saturating_sub(1)], &line[end..]);
    assert!(proved(&hidden, &keys()).is_err());
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_receipt_shows(line in any::<Index>(), at in any::<Index>(), by in 1..128_u8) {
        let mut changed = receipt(&writer(), sessions(3)[0]);
        let line = line.index(changed.len());
        let mut bytes = changed[line].clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        // the key in the title is what somebody says; whoever checks brings their own
        prop_assume!(line > 0 || text.find("ed25519").is_some_and(|key| at < key));
        changed[line] = text;
        prop_assert!(proved(&changed, &keys()).is_err());
    }
}
