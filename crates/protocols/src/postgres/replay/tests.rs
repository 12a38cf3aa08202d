use bytes::{Bytes, BytesMut};
use postern_core::record::{Replay as _, Shown};
use postern_core::{Micros, OperationId};
use proptest::prelude::*;

use super::super::wire::{Backend, Field, Report, TransactionStatus};
use super::{LONGEST, MOST_TEXT, Reel, values};

fn field(name: &'static str, type_oid: u32, format: i16) -> Field {
    Field { name: name.into(), table_oid: 0, attribute: 0, type_oid, type_size: -1, type_modifier: -1, format }
}

fn bytes(messages: &[Backend]) -> Vec<u8> {
    let mut out = BytesMut::new();
    messages.iter().for_each(|message| message.encode(&mut out).unwrap());
    out.to_vec()
}

fn row(cells: &[Option<&[u8]>]) -> Backend {
    let mut out = BytesMut::new();
    super::row::encode(cells.iter().copied(), &mut out).unwrap();
    Backend::DataRow(out.freeze().slice(5..))
}

fn done(tag: &'static str) -> Backend {
    Backend::CommandComplete { tag: tag.into() }
}

fn ready() -> Backend {
    Backend::ReadyForQuery { status: TransactionStatus::Idle }
}

fn id() -> OperationId {
    OperationId::at(Micros(1_769_860_800_000_000))
}

/// A large object that leaves by its functions' numbers leaves in no row.
#[test]
fn what_a_function_called_by_number_returned_is_told() {
    for (bytes, text) in [(&b"V\0\0\0\x0b\0\0\0\x03abc"[..], "abc"), (b"V\0\0\0\x08\xff\xff\xff\xff", "")] {
        let shown = Reel::default().shown(None, bytes);
        assert!(matches!(shown.as_slice(), [Shown::Data { text: told }] if told == text), "{shown:?}");
    }
}

#[test]
fn what_a_client_saw_is_told_however_it_was_cut() {
    let messages = [
        Backend::ParameterStatus { name: "TimeZone".into(), value: "UTC".into() },
        Backend::RowDescription(vec![field("id", 23, 0), field("email", 25, 0)]),
        row(&[Some(b"1"), Some("a\u{e4}".as_bytes())]),
        row(&[Some(b"2"), None]),
        Backend::NoticeResponse(Report::notice("look").detail("here").hint("there")),
        done("SELECT 2"),
        Backend::ErrorResponse(Report::error("42501", "no")),
        Backend::NotificationResponse { process: 1, channel: "c".into(), payload: "p".into() },
        Backend::CopyData(Bytes::from_static(b"1\ta\n")),
        Backend::EmptyQueryResponse,
        ready(),
    ];
    let bytes = bytes(&messages);
    let mut seen = Vec::new();
    for size in [1, 2, 7, 100, bytes.len()] {
        let mut reel = Reel::default();
        let shown: Vec<Shown> = bytes.chunks(size).flat_map(|piece| reel.shown(None, piece)).collect();
        seen.push(shown);
    }
    assert!(seen.iter().all(|shown| *shown == seen[0]));
    insta::assert_json_snapshot!(seen[0]);
}

#[test]
fn columns_of_one_operation_are_not_those_of_another() {
    let mut reel = Reel::default();
    let (one, other) = (id(), id());
    let described = bytes(&[Backend::RowDescription(vec![field("n", 23, 1)])]);
    let four = bytes(&[row(&[Some(&[0, 0, 0, 4])])]);
    let cell = |shown: Vec<Shown>| match shown.last() {
        Some(Shown::Row { cells }) => cells[0].clone().unwrap(),
        other => panic!("{other:?}"),
    };
    reel.aside(Some(one), &described);
    let shown = reel.shown(Some(one), &four);
    assert!(matches!(&shown[..], [Shown::Columns { .. }, Shown::Row { .. }]), "{shown:?}");
    assert_eq!(cell(reel.shown(Some(one), &four)), "4");
    // nobody has said what these are
    assert_eq!(cell(reel.shown(Some(other), &four)), "\\x00000004");
    reel.aside(Some(other), b"no message");
    assert_eq!(cell(reel.shown(Some(other), &four)), "\\x00000004");
}

#[test]
fn overlong_messages_are_left_out_and_the_next_is_read() {
    let long = vec![b'x'; LONGEST];
    let mut stream = bytes(&[row(&[Some(&long)])]);
    let length = u64::try_from(stream.len()).unwrap();
    stream.extend(bytes(&[done("SELECT 1")]));
    for size in [1_000, 1_000_000, stream.len()] {
        let mut reel = Reel::default();
        let shown: Vec<Shown> = stream.chunks(size).flat_map(|piece| reel.shown(None, piece)).collect();
        assert_eq!(shown, [Shown::LeftOut { bytes: length }, Shown::Done { note: "SELECT 1".to_owned() }]);
        assert!(reel.buffer.len() < LONGEST);
    }
}

#[test]
fn what_is_no_message_is_left_out_for_good() {
    let mut reel = Reel::default();
    assert_eq!(reel.shown(None, b"D\0\0\0\x03"), [Shown::LeftOut { bytes: 5 }]);
    assert_eq!(reel.shown(None, &bytes(&[done("SELECT 1")])), [Shown::LeftOut { bytes: 14 }]);
    let mut reel = Reel::default();
    assert_eq!(reel.shown(None, b"D\xff\xff\xff\xff"), [Shown::LeftOut { bytes: 5 }]);
    // a message that is whole and wrong costs itself alone
    let mut reel = Reel::default();
    let mut stream = b"D\0\0\0\x08\0\x05\0\0".to_vec();
    stream.extend(bytes(&[done("SELECT 1")]));
    let shown = reel.shown(None, &stream);
    assert!(matches!(&shown[..], [Shown::LeftOut { .. }, Shown::Done { .. }]), "{shown:?}");
}

#[test]
fn binary_values_are_shown_as_their_types() {
    let numeric = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let cases: Vec<(u32, Vec<u8>, &str)> = vec![
        (16, vec![1], "t"),
        (16, vec![2], "\\x02"),
        (21, vec![0xff, 0xfe], "-2"),
        (23, vec![0, 0, 0, 42], "42"),
        (23, vec![0, 42], "\\x002a"),
        (20, (-5_i64).to_be_bytes().to_vec(), "-5"),
        (26, vec![0xff; 4], "4294967295"),
        (701, 1.5_f64.to_be_bytes().to_vec(), "1.5"),
        (700, 0.25_f32.to_be_bytes().to_vec(), "0.25"),
        (25, b"text".to_vec(), "text"),
        (25, vec![0xff], "\\xff"),
        (114, b"{}".to_vec(), "{}"),
        (3802, b"\x01{\"a\": 1}".to_vec(), "{\"a\": 1}"),
        (3802, b"{}".to_vec(), "\\x7b7d"),
        (17, vec![1, 2], "\\x0102"),
        (2950, (0..16).collect(), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (1082, 9_527_i32.to_be_bytes().to_vec(), "2026-01-31"),
        (1114, 823_176_000_000_000_i64.to_be_bytes().to_vec(), "2026-01-31 12:00:00.000000"),
        (1184, 823_176_000_000_000_i64.to_be_bytes().to_vec(), "2026-01-31T12:00:00.000000Z"),
        (1184, i64::MIN.to_be_bytes().to_vec(), "\\x8000000000000000"),
        (1700, numeric(&[2, 0, 0, 2, 12, 3400]), "12.34"),
        (1700, numeric(&[1, 0, 0x4000, 0, 7]), "-7"),
        (1700, numeric(&[0, 0, 0, 0]), "0"),
        (1700, numeric(&[1, 1, 0, 0, 5]), "50000"),
        (1700, numeric(&[1, 0xfffe, 0, 6, 1200]), "0.000012"),
        (1700, numeric(&[0, 0, 0xc000, 0]), "\\x00000000c0000000"),
        (1700, numeric(&[9, 0, 0, 0]), "\\x0009000000000000"),
        // more zeros than anybody reads, before the point and behind it
        (1700, numeric(&[1, 300, 0, 0, 1]), "\\x0001012c000000000001"),
        (1700, numeric(&[1, 0xfe00, 0, 2_100, 1]), "\\x0001fe00000008340001"),
        (99_999, vec![7], "\\x07"),
    ];
    for (oid, cell, shown) in cases {
        assert_eq!(values::shown(Some(&field("x", oid, 1)), &cell), shown, "{}", values::type_name(oid));
    }
    assert_eq!(values::shown(Some(&field("x", 23, 0)), b"42"), "42");
    assert_eq!(values::shown(None, b"a\0b"), "\\x610062");
    assert_eq!((values::type_name(1043).as_str(), values::type_name(99_999).as_str()), ("varchar", "oid 99999"));
}

#[test]
fn a_row_that_is_long_as_text_alone_is_left_out() {
    let words = [1_u16, 240, 0, 0, 1];
    let number: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let columns = |count| vec![field("n", 1700, 1); count];
    let one = values::shown(Some(&columns(1)[0]), &number).len();
    let rows = |count: usize| bytes(&[row(&vec![Some(&number[..]); count])]);
    let mut reel = Reel::default();
    let most = MOST_TEXT / one;
    reel.aside(None, &bytes(&[Backend::RowDescription(columns(most + 1))]));
    assert!(matches!(&reel.shown(None, &rows(most))[..], [Shown::Columns { .. }, Shown::Row { .. }]));
    let much = rows(most + 1);
    assert_eq!(reel.shown(None, &much), [Shown::LeftOut { bytes: u64::try_from(much.len() - 5).unwrap() }]);
    assert!(matches!(&reel.shown(None, &rows(1))[..], [Shown::Row { .. }]));
}

/// Bytes such as a server sends: whole messages of any sort and of too many, and what is none.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(any::<u8>(), 0..200);
    let message = (0_u32..256, prop::sample::select(b"DTECdZ".to_vec()), body);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        message.prop_map(|(wrong, tag, body)| {
            // one in eight says another length than it has
            let right = u32::try_from(body.len()).unwrap().saturating_add(4);
            let length = if wrong < 32 { wrong << 20 } else { right };
            [&[tag][..], &length.to_be_bytes(), &body].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_fall_or_grow(pieces in prop::collection::vec((any::<bool>(), piece(), 1_usize..200), 0..20)) {
        let mut reel = Reel::default();
        let operation = id();
        for (known, piece, times) in pieces {
            let operation = known.then_some(operation);
            reel.aside(operation, &piece);
            reel.shown(operation, &piece.repeat(times));
            // what is kept is the beginning of one message, which says how long it will be
            let (kept, header) = (reel.buffer.len(), super::frame::header(&reel.buffer));
            prop_assert!(header.map_or(kept < 5, |(_, length)| kept <= usize::try_from(length).unwrap()), "{kept}");
        }
    }

    #[test]
    fn any_cell_of_any_type_is_shown(oid in prop_oneof![0_u32..4_000, Just(701), Just(1_700)], format in 0_i16..3, cell in prop::collection::vec(any::<u8>(), 0..40)) {
        let shown = values::shown(Some(&field("x", oid, format)), &cell);
        prop_assert!(shown.len() <= 1_200, "{}", shown.len());
    }

    #[test]
    fn no_number_is_longer_than_its_bytes_allow(weight in any::<u16>(), scale in any::<u16>(), digits in prop::collection::vec(0_u16..10_000, 0..16)) {
        let words = [&[u16::try_from(digits.len()).unwrap(), weight, 0, scale][..], &digits].concat();
        let cell: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        prop_assert!(values::shown(Some(&field("x", 1_700, 1)), &cell).len() <= 1_200);
    }
}
