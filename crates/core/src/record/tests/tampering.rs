//! Whatever is done to a recording, nothing is read that was not written there, and it is said where it was touched.

#![expect(clippy::arithmetic_side_effects, reason = "lengths and counts of a test are small")]

use proptest::prelude::*;

use super::{Entry, NOW, Note, Scribe, SessionId, closed, file, keys, note, of_every_kind, read, shown};
use crate::record::chunk::OPENING;
use crate::record::{Head, Press, tape};

/// The opening of a file, and its chunks.
fn cut(file: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (opening, mut rest) = file.split_at(OPENING);
    let mut chunks = Vec::new();
    while let Some(length) = rest.first_chunk::<4>() {
        let (chunk, after) = rest.split_at(4 + usize::try_from(u32::from_be_bytes(*length)).unwrap());
        chunks.push(chunk.to_vec());
        rest = after;
    }
    (opening.to_vec(), chunks)
}

fn glued(opening: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [opening.to_vec(), chunks.concat()].concat()
}

#[test]
fn every_edit_of_chunks_is_said_with_session_and_chunk() {
    let (session, other) = (SessionId::at(NOW), SessionId::at(NOW));
    let entries = of_every_kind(session);
    let (opening, chunks) = cut(&file(1, session, &entries, 2).0);
    let (_, foreign) = cut(&file(1, other, &of_every_kind(other), 2).0);
    assert_eq!(chunks.len(), 5);
    type Edit<'a> = (&'a str, u64, Box<dyn Fn(&mut Vec<Vec<u8>>) + 'a>);
    let edits: Vec<Edit<'_>> = vec![
        ("the first is gone", 1, Box::new(|chunks| drop(chunks.remove(0)))),
        ("one in the middle is gone", 3, Box::new(|chunks| drop(chunks.remove(2)))),
        ("two have changed places", 2, Box::new(|chunks| chunks.swap(1, 2))),
        ("one comes twice", 4, Box::new(|chunks| chunks.insert(3, chunks[2].clone()))),
        ("the last comes twice", 6, Box::new(|chunks| chunks.push(chunks[4].clone()))),
        ("one is of another session", 3, Box::new(|chunks| chunks[2].clone_from(&foreign[2]))),
        ("all are of another session", 1, Box::new(|chunks| chunks.clone_from(&foreign))),
        ("a length is a lie", 4, Box::new(|chunks| chunks[3][0] = 0xff)),
        ("one is empty", 2, Box::new(|chunks| chunks[1] = vec![0; 4])),
    ];
    for (edit, where_, apply) in edits {
        let mut touched = chunks.clone();
        apply(&mut touched);
        let (moments, reader, broken) = read(1, session, &glued(&opening, &touched), 50);
        let broken = broken.unwrap_or_else(|| panic!("{edit}: nobody noticed"));
        assert_eq!((broken.session, broken.chunk), (session, where_), "{edit}: {broken}");
        assert!(!reader.is_whole(), "{edit}");
        let before = usize::try_from(where_ - 1).unwrap() * 2;
        let read: Vec<Entry> = moments.into_iter().map(|one| one.entry).collect();
        assert_eq!(read, entries[..before.min(entries.len())], "{edit}");
        assert!(broken.to_string().starts_with(&format!("recording {session}, chunk {where_}: ")), "{broken}");
    }
}

#[test]
fn a_cut_tail_is_not_the_whole() {
    let session = SessionId::at(NOW);
    let (file, _) = file(1, session, &of_every_kind(session), 2);
    for length in 0..file.len() {
        let (_, reader, broken) = read(1, session, &file[..length], 64);
        assert_eq!(broken, None, "at {length}: what is missing was never changed");
        assert!(!reader.is_whole(), "at {length}");
    }
}

#[test]
fn it_opens_with_its_own_key_and_name_only() {
    let (session, other) = (SessionId::at(NOW), SessionId::at(NOW));
    let (file, _) = file(1, session, &of_every_kind(session), 100);
    let broken = read(2, session, &file, 64).2.unwrap();
    assert_eq!(broken.chunk, 1);
    let broken = read(1, other, &file, 64).2.unwrap();
    assert_eq!((broken.chunk, broken.what), (0, "it is no recording of this session"));
    // and not under a name that was written over the other
    let mut renamed = file;
    renamed[..OPENING].copy_from_slice(&crate::record::chunk::opening(other));
    assert_eq!(read(1, other, &renamed, 64).2.unwrap().chunk, 1);
}

#[test]
fn nothing_follows_the_end() {
    let session = SessionId::at(NOW);
    let entries = vec![closed(), shown(b"more")];
    for every in [1, 2] {
        let (file, _) = file(1, session, &entries, every);
        let (moments, reader, broken) = read(1, session, &file, 1_000);
        assert_eq!(moments.len(), 1);
        assert_eq!(broken.unwrap().what, "it goes on after its end");
        assert!(!reader.is_whole());
    }
}

#[test]
fn a_recording_made_anew_has_another_head() {
    let session = SessionId::at(NOW);
    let alert = |text: &str| note(Note::Alert { code: String::new(), message: text.to_owned() });
    let (_, one) = file(1, session, &[alert("a"), closed()], 2);
    let (_, other) = file(1, session, &[alert("b"), closed()], 2);
    assert_eq!(one.chunks, other.chunks);
    assert_ne!(one.hash, other.hash);
    assert_ne!(Head::before_all(session), Head::before_all(SessionId::at(NOW)));
}

#[test]
fn what_unpacks_beyond_a_chunk_is_refused() {
    let session = SessionId::at(NOW);
    let (mut scribe, opening) = Scribe::begin(&keys(1), session).unwrap();
    let mut file = opening.to_vec();
    // one part that claims to be longer than any
    let mut part = vec![2];
    part.extend_from_slice(&NOW.0.to_be_bytes());
    part.extend_from_slice(&10_000_000_u32.to_be_bytes());
    part.resize(10_000_013, 0);
    scribe.write(&mut Press::new().unwrap(), &part, &mut file).unwrap();
    assert!(file.len() < 10_000);
    assert_eq!(read(1, session, &file, 64).2.unwrap().what, "it does not unpack");
}

#[test]
fn torn_parts_are_not_sealed() {
    let session = SessionId::at(NOW);
    let (mut scribe, _) = Scribe::begin(&keys(1), session).unwrap();
    let (tape, reel) = tape(scribe.head(), |_| {});
    tape.shown(NOW, None, b"bytes").unwrap();
    let mut entries = reel.take(&mut Vec::new()).entries;
    entries.pop();
    let mut out = Vec::new();
    assert!(scribe.write(&mut Press::new().unwrap(), &entries, &mut out).is_err());
    assert_eq!((out.len(), scribe.head()), (0, Head::before_all(session)));
}

proptest! {
    #[test]
    fn no_bit_can_be_turned(at in any::<prop::sample::Index>(), bit in 0_u8..8, every in 1_usize..6) {
        let session = SessionId::at(NOW);
        let entries = of_every_kind(session);
        let (mut file, _) = file(1, session, &entries, every);
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        let (moments, reader, broken) = read(1, session, &file, 64);
        // a length that grew may ask for more than there is: then the end is missing
        prop_assert!(broken.is_some() || !reader.is_whole());
        let read: Vec<Entry> = moments.into_iter().map(|one| one.entry).collect();
        prop_assert!(entries.starts_with(&read));
        prop_assert!(read.len() < entries.len());
    }
}
