mod stating;
mod tampering;
mod taping;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Entry, Head, Moment, Note, Press, Reader, RecordKeys, Scribe, tape};
use crate::excerpt::Excerpt;
use crate::identity::{Kind, PrincipalSummary};
use crate::journal::{Decided, Outcome};
use crate::tests::NOW;
use crate::{Fault, Micros, OperationId, Secret, SessionId};

fn keys(byte: u8) -> RecordKeys {
    RecordKeys::derive(&Secret::new(vec![byte; 32])).unwrap()
}

fn ann() -> PrincipalSummary {
    let (name, issuer) = ("ann".to_owned(), "corp".to_owned());
    PrincipalSummary { kind: Kind::Human, subject: name.clone(), name, issuer, groups: vec![], acts_for: None }
}

fn note(note: Note) -> Entry {
    Entry::Note(Box::new(note))
}

fn closed() -> Entry {
    note(Note::Closed { reason: "the client left".to_owned() })
}

fn shown(bytes: &[u8]) -> Entry {
    Entry::Shown { operation: None, bytes: Bytes::copy_from_slice(bytes) }
}

/// Everything that can stand in a recording.
fn of_every_kind(session: SessionId) -> Vec<Entry> {
    let id = OperationId::at(NOW);
    let decided = Decided::Allow { rules: vec!["reads".to_owned()], approval: None };
    vec![
        note(Note::Opened {
            session,
            principal: ann(),
            client: "192.0.2.7:5".to_owned(),
            called: Some("app".to_owned()),
            protocol: "toy".to_owned(),
            target: "shop".to_owned(),
            space: None,
        }),
        note(Note::Operation {
            id,
            actions: ["toy.read".to_owned()].into(),
            touches: ["read public.orders (id)".to_owned()].into(),
            prepare: false,
            decided,
            masks: vec!["cards".to_owned()],
            text: "read swordfish".to_owned(),
            values: Excerpt::of(&[Some(Bytes::from_static(b"\xff\0")), None]),
        }),
        note(Note::Settled {
            id,
            approval: crate::ApprovalId::at(NOW),
            state: "granted".to_owned(),
            by: Some(ann()),
            reason: Some("fine".to_owned()),
        }),
        Entry::Aside { operation: Some(id), bytes: Bytes::from_static(b"columns") },
        Entry::Shown { operation: Some(id), bytes: Bytes::from_static(b"\0\xff rows") },
        shown(b"a notice of nobody's"),
        note(Note::Finished { id, outcome: Outcome::Done { note: "READ 1".to_owned() } }),
        note(Note::Alert { code: "PST-3003".to_owned(), message: "look".to_owned() }),
        note(Note::Killed { by: ann(), reason: "enough".to_owned() }),
        closed(),
    ]
}

/// The file of a recording with these entries, put on a tape one by one and sealed as often as `every` says.
fn file(byte: u8, session: SessionId, entries: &[Entry], every: usize) -> (Vec<u8>, Head) {
    let (mut scribe, opening) = Scribe::begin(&keys(byte), session).unwrap();
    let (tape, reel) = tape(scribe.head(), |_| {});
    let mut press = Press::new().unwrap();
    let mut file = opening.to_vec();
    for (index, entry) in entries.iter().enumerate() {
        put(&tape, at(index), entry).unwrap();
        let count = index.saturating_add(1);
        if count.is_multiple_of(every) || count == entries.len() {
            let taken = reel.take(&mut Vec::new());
            scribe.write(&mut press, &taken.entries, &mut file).unwrap();
            reel.kept(taken.entries.len(), scribe.head());
        }
    }
    assert_eq!((reel.unkept(), tape.head()), (0, scribe.head()));
    (file, scribe.head())
}

fn at(index: usize) -> Micros {
    Micros(NOW.0.saturating_add(u64::try_from(index).unwrap()))
}

fn put(tape: &super::Tape, at: Micros, entry: &Entry) -> Result<(), Fault> {
    match entry {
        Entry::Note(note) => tape.note(at, note),
        Entry::Shown { operation, bytes } => tape.shown(at, *operation, bytes),
        Entry::Aside { operation, bytes } => tape.aside(at, *operation, bytes),
    }
}

/// Everything in a file that is fed in pieces of this size; the entries up to where it breaks, and how it does.
fn read(byte: u8, session: SessionId, file: &[u8], pieces: usize) -> (Vec<Moment>, Reader, Option<super::Broken>) {
    let mut reader = Reader::new(&keys(byte), session).unwrap();
    let mut moments = Vec::new();
    for piece in file.chunks(pieces) {
        reader.feed(piece);
        loop {
            match reader.read() {
                Ok(Some(moment)) => moments.push(moment),
                Ok(None) => break,
                Err(broken) => return (moments, reader, Some(broken)),
            }
        }
    }
    (moments, reader, None)
}

/// The entries, what was cut into parts put together again.
fn joined(moments: &[Moment]) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for Moment { entry, .. } in moments {
        match (all.last_mut(), entry) {
            (Some(Entry::Shown { operation, bytes }), Entry::Shown { operation: same, bytes: more })
                if operation == same =>
            {
                *bytes = [&bytes[..], more].concat().into();
            }
            _ => all.push(entry.clone()),
        }
    }
    all
}

#[test]
fn what_was_recorded_is_what_is_read_however_it_comes() {
    let session = SessionId::at(NOW);
    let entries = of_every_kind(session);
    let (file, head) = file(1, session, &entries, 3);
    assert_eq!((head.chunks, head.bytes), (4, u64::try_from(file.len()).unwrap()));
    for pieces in [1, 7, 100, file.len()] {
        let (moments, reader, broken) = read(1, session, &file, pieces);
        assert_eq!(broken, None);
        assert_eq!(moments.iter().map(|one| one.entry.clone()).collect::<Vec<_>>(), entries, "in pieces of {pieces}");
        assert_eq!(moments[3].at, at(3));
        assert!(reader.is_whole());
        assert_eq!(reader.head(), head);
    }
}

#[test]
fn nothing_of_it_is_in_clear() {
    let session = SessionId::at(NOW);
    let (file, _) = file(1, session, &of_every_kind(session), 100);
    for word in ["swordfish", "ann", "rows", "shop", "operation", "closed"] {
        assert!(!file.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn long_texts_and_long_replies_are_cut_and_put_together() {
    let session = SessionId::at(NOW);
    let text: String = "SELECT * FROM orders; ".repeat(20_000);
    let reply: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
    let alert = note(Note::Alert { code: "PST-3003".to_owned(), message: text });
    let entries = vec![alert, shown(&reply), closed()];
    let (file, head) = file(1, session, &entries, 100);
    assert!(head.chunks > 10, "{head:?}");
    let (moments, reader, broken) = read(1, session, &file, 10_000);
    assert_eq!((joined(&moments), broken), (entries, None));
    assert!(reader.is_whole());
}

#[test]
fn one_under_way_is_not_whole_and_goes_on() {
    let session = SessionId::at(NOW);
    let entries = of_every_kind(session);
    let (file, head) = file(1, session, &entries, 1);
    let mut reader = Reader::new(&keys(1), session).unwrap();
    let mut seen = 0;
    for byte in &file {
        assert!(!reader.is_whole());
        reader.feed(std::slice::from_ref(byte));
        while let Some(moment) = reader.read().unwrap() {
            assert_eq!(moment.entry, entries[seen]);
            seen += 1;
        }
    }
    assert!(reader.is_whole() && reader.rest() == 0);
    assert_eq!((seen, reader.head()), (entries.len(), head));
}

/// A recording as this version made it. What is kept for years must be read by later ones.
const KEPT: &str = "505354524543310a019b74a0b0007000a000000000000001000000527403b847d3818078eb73a492070560bbcd28d31a14b7bd60d5\
                    0220762256c314b7c71130ab4051e003083cddc1f71cd7aa86bcd037b10ccb02550ff4a238b2aeba6ad1aa670e2f4c7021aefe43ea\
                    101806f3";

#[test]
fn what_was_kept_is_read_by_later_versions() {
    let session: SessionId = "ses_019b74a0b0007000a000000000000001".parse().unwrap();
    let file = data_encoding::HEXLOWER.decode(KEPT.as_bytes()).unwrap();
    let (moments, reader, broken) = read(7, session, &file, 10);
    assert_eq!((moments, broken), (vec![Moment { at: NOW, entry: closed() }], None));
    assert!(reader.is_whole());
    let hash = reader.head().hash.to_string();
    assert_eq!(hash, "a0cfcbf9b0c3f5ced42e29c6fdd214d2f96af659a10162a21f0331b12f25b5cf");
}

proptest! {
    #[test]
    fn any_replies_come_back(replies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 0..20), every in 1_usize..5, pieces in 1_usize..3_000) {
        let session = SessionId::at(NOW);
        let id = OperationId::at(NOW);
        let mut entries: Vec<Entry> = Vec::new();
        for (index, bytes) in replies.iter().filter(|bytes| !bytes.is_empty()).enumerate() {
            let operation = (index % 2 == 0).then_some(id);
            entries.push(Entry::Shown { operation, bytes: Bytes::copy_from_slice(bytes) });
        }
        entries.push(closed());
        let (file, _) = file(1, session, &entries, every);
        let (moments, reader, broken) = read(1, session, &file, pieces);
        prop_assert_eq!(broken, None);
        prop_assert!(reader.is_whole());
        prop_assert_eq!(joined(&moments), entries);
    }

    #[test]
    fn no_bytes_make_a_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..400), pieces in 1_usize..50) {
        let session = SessionId::at(NOW);
        let mut file = super::chunk::opening(session).to_vec();
        file.extend_from_slice(&bytes);
        prop_assert!(read(1, session, &file, pieces).0.is_empty());
        prop_assert!(read(1, session, &bytes, pieces).0.is_empty());
    }
}
