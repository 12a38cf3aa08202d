//! Everything that hands can do to a journal.

use proptest::prelude::*;

use super::super::chain::{run, signed};
use super::{Files, Writer, ends, journal, keys, lines, sessions};
use crate::journal::{Event, Keys, Record};
use crate::{Micros, Secret};
use aws_lc_rs::digest::{self, SHA256};
use data_encoding::HEXLOWER;

/// The journal with its lines put together anew, segment by segment.
pub(super) fn edited(change: impl FnOnce(&mut Vec<Vec<Vec<u8>>>)) -> Files {
    let mut segments: Vec<Vec<Vec<u8>>> = journal().0.iter().map(|segment| lines(segment)).collect();
    change(&mut segments);
    Files(segments.into_iter().map(|lines| lines.concat()).collect())
}

/// The record of a line.
pub(super) fn record(line: &[u8]) -> Record {
    serde_json::from_slice(&line[65..line.len().saturating_sub(1)]).unwrap()
}

/// The line of a record, with a hash that fits.
pub(super) fn line(record: &Record) -> Vec<u8> {
    let json = serde_json::to_vec(record).unwrap();
    let mut line = HEXLOWER.encode(digest::digest(&SHA256, &json).as_ref()).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    line
}

/// Writes a whole journal anew with fitting hashes and chains, as somebody can who has everything but the key.
pub(super) fn rechained(records: Vec<Record>, sign: impl Fn(&Record) -> Option<String>) -> Files {
    let mut running = [0; 32];
    let mut heads = std::collections::HashMap::new();
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for (seq, mut record) in (1..).zip(records) {
        let (n, prev) = heads.get(&record.session).cloned().unwrap_or((0_u64, String::new()));
        (record.seq, record.n, record.prev) = (seq, n.saturating_add(1), prev);
        record.head = HEXLOWER.encode(&running);
        if let Event::SegmentOpened { previous_bytes, .. } = &mut record.event {
            *previous_bytes = segments.last().map(|segment| ends(segment).whole);
            segments.push(Vec::new());
        }
        if matches!(record.event, Event::Checkpoint { .. })
            && let Some(signature) = sign(&record)
        {
            record.event = Event::Checkpoint { signature };
        }
        let line = line(&record);
        let hash = String::from_utf8(line[..64].to_vec()).unwrap();
        running = run(&running, &HEXLOWER.decode(hash.as_bytes()).unwrap());
        heads.insert(record.session, (record.n, hash));
        segments.last_mut().unwrap().extend(line);
    }
    Files(segments)
}

pub(super) fn records() -> Vec<Record> {
    journal().lines().iter().map(|line| record(line)).collect()
}

#[test]
fn a_journal_that_is_written_anew_lacks_the_signature() {
    assert!(rechained(records(), |_| None).0 == journal().0, "nothing changed, nothing differs");
    let forged = || {
        let mut records = records();
        records[2].at = Micros(0);
        records
    };
    let tamper = rechained(forged(), |_| None).verify().unwrap_err();
    assert_eq!(tamper.what, "the checkpoint's signature is not by this key");
    let other = Keys::derive(&Secret::new(vec![9; 32])).unwrap();
    let tamper = rechained(forged(), |record| Some(other.sign(&signed(record)))).verify().unwrap_err();
    assert_eq!(tamper.what, "the checkpoint's signature is not by this key");
    for nonsense in ["", "AAAA", "not base64"] {
        assert!(rechained(forged(), |_| Some(nonsense.to_owned())).verify().is_err());
    }
    // and with the key it verifies: the check is of the signature, not of something else
    rechained(forged(), |record| Some(keys().sign(&signed(record)))).verify().unwrap();
}

#[test]
fn a_signature_counts_for_its_own_lines_only() {
    let files = journal();
    let signatures: Vec<(usize, Event)> = files
        .lines()
        .iter()
        .map(|line| record(line).event)
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::Checkpoint { .. }))
        .collect();
    let ((_, first), (at, _)) = (signatures[0].clone(), signatures[1].clone());
    let mut records = records();
    records[at].event = first;
    // put back as it was signed, or signed as it is put back: neither fits
    let Event::Checkpoint { signature, .. } = records[at].event.clone() else { panic!("it is a checkpoint") };
    let after = u64::try_from(at).unwrap().saturating_add(1);
    let tamper = rechained(records, |record| (record.seq == after).then(|| signature.clone())).verify().unwrap_err();
    assert_eq!(tamper.what, "the checkpoint's signature is not by this key");
    let replayed = edited(|segments| {
        let line = segments[0][4].clone();
        segments[0].insert(5, line);
    });
    assert!(replayed.verify().is_err());
}

#[test]
fn segments_are_all_there_and_in_order() {
    let Files(segments) = journal();
    for gone in 0..segments.len().saturating_sub(1) {
        let mut files = segments.clone();
        files.remove(gone);
        assert!(Files(files).verify().is_err(), "segment {gone} renamed away");
    }
    let numbered = |numbers: &[usize]| -> Vec<(u64, &[u8])> {
        numbers.iter().map(|n| (u64::try_from(n.saturating_add(1)).unwrap(), segments[*n].as_slice())).collect()
    };
    for (numbers, good) in [
        (&[0, 1, 2][..], true),
        (&[0, 2], false),
        (&[1, 2], false),
        (&[2], false),
        (&[0, 1], true),
        (&[1, 0, 2], false),
    ] {
        let verifier = super::Verifier::new(keys().verify_key());
        assert_eq!(super::verify(verifier, &numbered(numbers)).is_ok(), good, "{numbers:?}");
    }
    let tamper = super::verify(super::Verifier::new(keys().verify_key()), &numbered(&[0, 2])).unwrap_err();
    assert_eq!(tamper.to_string(), "segment 3, line 0: segment 2 is missing");
}

#[test]
fn a_segment_of_another_journal_does_not_fit() {
    let mut other = Writer::start();
    other.note(sessions(1)[0], "something else");
    other.rotate();
    let mut files = journal();
    files.0[1] = other.files.0[1].clone();
    assert!(files.verify().is_err());
}

#[test]
fn a_tail_is_cut_off_only_at_the_very_end() {
    let Files(segments) = journal();
    for (at, segment) in segments.iter().enumerate() {
        for cut in 1..segment.len() {
            let mut files = segments.clone();
            files[at].truncate(segment.len().saturating_sub(cut));
            let last = at == segments.len().saturating_sub(1);
            assert_eq!(Files(files).verify().is_ok(), last, "{cut} bytes off segment {at}");
        }
    }
}

/// One thing done to the bytes of a journal.
#[derive(Clone, Debug)]
enum Edit {
    Flip(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Duplicate(prop::sample::Index, prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Drop(prop::sample::Index),
    Move(prop::sample::Index, usize),
    Rename(prop::sample::Index, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (index(), 1..=255_u8).prop_map(|(at, by)| Edit::Flip(at, by)),
        1 => index().prop_map(Edit::Remove),
        1 => (index(), index()).prop_map(|(from, to)| Edit::Duplicate(from, to)),
        1 => (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        1 => (index(), "[ -~]{0,80}\n").prop_map(|(at, line)| Edit::Insert(at, line.into_bytes())),
        1 => index().prop_map(Edit::Drop),
        1 => (index(), 0..3_usize).prop_map(|(at, to)| Edit::Move(at, to)),
        1 => (index(), index()).prop_map(|(one, other)| Edit::Rename(one, other)),
    ]
}

/// Finds the line numbered `n` over all segments.
pub(super) fn place(segments: &[Vec<Vec<u8>>], n: usize) -> (usize, usize) {
    let mut before = 0_usize;
    for (at, segment) in segments.iter().enumerate() {
        if n < before.saturating_add(segment.len()) {
            return (at, n.saturating_sub(before));
        }
        before = before.saturating_add(segment.len());
    }
    panic!("there is no line {n}")
}

fn apply(edit: &Edit) -> Files {
    let count = journal().lines().len();
    if let Edit::Flip(at, by) = edit {
        let mut files = journal();
        let mut at = at.index(files.0.iter().map(Vec::len).sum());
        for segment in &mut files.0 {
            match segment.get_mut(at) {
                Some(byte) => {
                    *byte ^= by;
                    return files;
                }
                None => at = at.saturating_sub(segment.len()),
            }
        }
    }
    edited(|segments| match edit {
        Edit::Flip(..) => {}
        Edit::Remove(at) => {
            let (segment, line) = place(segments, at.index(count));
            segments[segment].remove(line);
        }
        Edit::Duplicate(from, to) => {
            let (segment, line) = place(segments, from.index(count));
            let copy = segments[segment][line].clone();
            let (segment, line) = place(segments, to.index(count));
            segments[segment].insert(line, copy);
        }
        Edit::Swap(one, other) => {
            let (one, other) = (place(segments, one.index(count)), place(segments, other.index(count)));
            let kept = segments[one.0][one.1].clone();
            segments[one.0][one.1] = std::mem::replace(&mut segments[other.0][other.1], kept);
        }
        Edit::Insert(at, line) => {
            let (segment, before) = place(segments, at.index(count));
            segments[segment].insert(before, line.clone());
        }
        Edit::Drop(at) => drop(segments.remove(at.index(segments.len()))),
        Edit::Move(at, to) => {
            let (segment, line) = place(segments, at.index(count));
            let moved = segments[segment].remove(line);
            segments[*to].push(moved);
        }
        Edit::Rename(one, other) => {
            let (one, other) = (one.index(segments.len()), other.index(segments.len()));
            segments.swap(one, other);
        }
    })
}

/// Whether all that happened is that the journal ends earlier, which its files alone cannot tell.
fn is_beginning(files: &Files) -> bool {
    let (whole, part) = (journal().0, &files.0);
    let shorter = part.len() <= whole.len() && part.iter().zip(&whole).all(|(part, whole)| whole.starts_with(part));
    let full = part.iter().zip(&whole).rev().skip(1).all(|(part, whole)| part == whole);
    shorter && full
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_done_to_it_shows(edit in edit()) {
        let files = apply(&edit);
        // the last newline, changed, makes a torn line of a whole one: its reader tells that apart
        let torn = files.ends().torn > 0 && matches!(edit, Edit::Flip(..));
        if is_beginning(&files) || torn {
            prop_assert!(files.verify().is_ok() || torn);
        } else {
            let tamper = files.verify();
            prop_assert!(tamper.is_err(), "{:?}", edit);
        }
    }
}
