use bytes::BytesMut;
use proptest::prelude::*;

use super::super::tests::{any, frame, join};
use super::super::{BINARY, report};
use super::*;

fn read(tag: u8, parts: &[&[u8]]) -> Result<Backend, WireError> {
    Backend::decode(&frame(tag, &join(parts)))
}

#[test]
fn how_servers_open_a_session() {
    let messages = [
        read(b'R', &[&[0, 0, 0, 0]]),
        read(b'R', &[&[0, 0, 0, 3]]),
        read(b'R', &[&[0, 0, 0, 5], &[1, 2, 3, 4]]),
        read(b'R', &[&[0, 0, 0, 10], b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"]),
        read(b'R', &[&[0, 0, 0, 11], b"r=abc,s=QSXCR,i=4096"]),
        read(b'R', &[&[0, 0, 0, 12], b"v=6rriTRBi"]),
        read(b'R', &[&[0, 0, 0, 7]]),
        read(b'v', &[&[0, 3, 0, 0], &[0, 0, 0, 1], b"_pq_.test\0"]),
        read(b'K', &[&[0, 0, 0x30, 0x39], b"\x01\x02\x03\x04"]),
        read(b'K', &[&[0xff; 4], &[9; 32]]),
        read(b'S', &[b"server_version\x0018.1\0"]),
        read(b'Z', &[b"I"]),
    ];
    insta::assert_debug_snapshot!(messages.map(Result::unwrap));
}

#[test]
fn how_servers_answer() {
    let id = [b"id\0".as_slice(), &[0, 0, 0x40, 1, 0, 1], &[0, 0, 0, 23, 0, 4], &[0xff; 4], &[0, 1]];
    let sum = [b"sum\0".as_slice(), &[0, 0, 0, 0, 0, 0], &[0, 0, 6, 164, 0xff, 0xff], &[0xff; 4], &[0, 0]];
    let messages = [
        read(b'1', &[]),
        read(b'2', &[]),
        read(b'3', &[]),
        read(b'n', &[]),
        read(b's', &[]),
        read(b'I', &[]),
        read(b't', &[&[0, 2], &[0, 0, 0, 23], &[0, 0, 0, 25]]),
        read(b'T', &[&[0, 2], &join(&id), &join(&sum)]),
        read(b'D', &[&[0, 1], &[0, 0, 0, 1], b"7"]),
        read(b'C', &[b"SELECT 1\0"]),
        read(b'E', &[b"SERROR\0VERROR\0C42601\0Msyntax error\0P8\0\0"]),
        read(b'N', &[b"SNOTICE\0C00000\0Mhello\0\0"]),
        read(b'G', &[&[0], &[0, 2], &[0, 0, 0, 0]]),
        read(b'H', &[&[1], &[0, 1], &[0, 1]]),
        read(b'W', &[&[0], &[0, 0]]),
        read(b'd', &[b"1\tone\n"]),
        read(b'c', &[]),
        read(b'A', &[&[0, 0, 0, 7], b"jobs\0job 12\0"]),
        read(b'Z', &[b"T"]),
        read(b'Z', &[b"E"]),
    ];
    insta::assert_debug_snapshot!(messages.map(Result::unwrap));
}

#[test]
fn what_does_not_open_a_session() {
    let truncated = |what| WireError::Truncated { what };
    let malformed = |what, field| WireError::Malformed { what, field };
    let trailing = |what, count| WireError::Trailing { what, count };
    let key = malformed("backend key data", "length of the cancel key");
    let cases: [(u8, &[&[u8]], WireError); 14] = [
        (b'R', &[&[0, 0, 0]], truncated("authentication")),
        (b'R', &[&[0; 5]], trailing("authentication", 1)),
        (b'R', &[&[0, 0, 0, 3, 0]], trailing("authentication", 1)),
        (b'R', &[&[0, 0, 0, 5], &[1, 2, 3]], truncated("authentication")),
        (b'R', &[&[0, 0, 0, 10], b"SCRAM-SHA-256\0"], truncated("authentication")),
        (b'R', &[&[0, 0, 0, 10], b"\0SCRAM-SHA-256\0"], trailing("authentication", 14)),
        (b'K', &[&[0; 4], &[0; 3]], key.clone()),
        (b'K', &[&[0; 4], &[0; 257]], key),
        (b'K', &[&[0; 3]], truncated("backend key data")),
        (b'S', &[b"a\0b"], truncated("parameter status")),
        (b'S', &[b"a\0b\0c\0"], trailing("parameter status", 2)),
        (b'Z', &[], truncated("ready for query")),
        (b'Z', &[b"X"], malformed("ready for query", "transaction status")),
        (b'Z', &[b"II"], trailing("ready for query", 1)),
    ];
    for (tag, parts, expected) in cases {
        assert_eq!(read(tag, parts), Err(expected), "{} {parts:?}", char::from(tag));
    }
}

#[test]
fn what_is_not_an_answer() {
    let truncated = |what| WireError::Truncated { what };
    let malformed = |what, field| WireError::Malformed { what, field };
    let count = |what, count| WireError::Count { what, count };
    let options = malformed("negotiate protocol version", "number of options");
    let cases: [(u8, &[&[u8]], WireError); 13] = [
        (b'T', &[&[0xff, 0xff], &[0; 1000]], count("row description", 65_535)),
        (b'T', &[&[0, 2], &[0; 37]], count("row description", 2)),
        (b'T', &[&[0, 1], b"a\0", &[0; 17]], truncated("row description")),
        (b'T', &[&[0, 1], &[0; 17], &[0, 2]], malformed("row description", "format code")),
        (b't', &[&[0x7f, 0xff]], count("parameter description", 32_767)),
        (b'C', &[b"SELECT 1"], truncated("command complete")),
        (b'E', &[b"SERROR\0"], truncated("error or notice")),
        (b'G', &[&[2, 0, 0]], malformed("copy response", "format code")),
        (b'H', &[&[0, 0, 1, 0, 3]], malformed("copy response", "format code")),
        (b'v', &[&[0, 3, 0, 0], &[0x7f, 0xff, 0xff, 0xff], b"a\0"], options.clone()),
        (b'v', &[&[0, 3, 0, 0], &[0xff; 4], b"a\0"], options),
        (b'A', &[&[0, 0, 0, 7], b"jobs\0"], truncated("notification")),
        (b'V', &[&[0xff; 4]], WireError::UnknownMessage(b'V')),
    ];
    for (tag, parts, expected) in cases {
        assert_eq!(read(tag, parts), Err(expected), "{} {parts:?}", char::from(tag));
    }
}

#[test]
fn what_cannot_be_written() {
    let bytes = Bytes::from_static;
    let zero = || bytes(b"a\0b");
    let field = Field {
        name: zero(),
        table_oid: 0,
        attribute: 0,
        type_oid: 25,
        type_size: -1,
        type_modifier: -1,
        format: BINARY,
    };
    let sasl = |name| Authentication::Sasl { mechanisms: vec![name] };
    let report = |kind, text| Report { fields: vec![(kind, text)] };
    let messages = [
        Backend::ParameterStatus { name: bytes(b"a"), value: zero() },
        Backend::BackendKeyData { process: 1, key: bytes(b"abc") },
        Backend::RowDescription(vec![field]),
        Backend::ParameterDescription(vec![0; 65_536]),
        Backend::Authentication(sasl(zero())),
        Backend::Authentication(sasl(Bytes::new())),
        Backend::ErrorResponse(report(report::field::MESSAGE, zero())),
        Backend::ErrorResponse(report(0, bytes(b"a"))),
        Backend::NotificationResponse { process: 1, channel: zero(), payload: Bytes::new() },
    ];
    let mut out = BytesMut::new();
    for message in messages {
        assert!(message.encode(&mut out).is_err(), "{message:?}");
        assert!(out.is_empty());
    }
}

proptest! {
    #[test]
    fn a_message_cut_anywhere_or_continued_is_an_error(
        message in any::delimited_backend(),
        more: u8,
    ) {
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        let body = out.freeze().slice(5..);
        for end in 0..body.len() {
            let cut = frame(message.tag(), &body[..end]);
            prop_assert!(Backend::decode(&cut).is_err(), "{} bytes of {:?}", end, message);
        }
        let continued = frame(message.tag(), &[&body[..], &[more]].concat());
        prop_assert!(Backend::decode(&continued).is_err());
    }

    #[test]
    fn what_is_read_is_written_the_same(tag: u8, body in any::bytes(60)) {
        let frame = frame(tag, &body);
        let Ok(message) = Backend::decode(&frame) else { return Ok(()) };
        // what belongs to an unknown way of authentication is dropped
        prop_assume!(!matches!(message, Backend::Authentication(Authentication::Other(_))));
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        prop_assert_eq!(&out[..], &frame.raw[..]);
    }

    #[test]
    fn any_bytes_in_a_row_description_are_survived(count in 0..4_u16, body in any::bytes(80)) {
        let _ = read(b'T', &[&count.to_be_bytes(), &body]);
    }
}
