use bytes::BytesMut;
use proptest::prelude::*;

use super::super::tests::{any, frame, join};
use super::*;

fn read(tag: u8, parts: &[&[u8]]) -> Result<Frontend, WireError> {
    Frontend::decode(&frame(tag, &join(parts)))
}

#[test]
fn what_clients_say() {
    let messages = [
        read(b'Q', &[b"select 1; select 2\0"]),
        read(b'Q', &[b"\0"]),
        read(b'P', &[b"s1\0select $1::int\0", &[0, 1, 0, 0, 0, 23]]),
        read(b'P', &[b"\0\0", &[0, 0]]),
        read(
            b'B',
            &[b"p1\0s1\0", &[0, 2, 0, 0, 0, 1], &[0, 2, 0, 0, 0, 2, b'4', b'2', 0xff, 0xff, 0xff, 0xff], &[0, 1, 0, 1]],
        ),
        read(b'B', &[b"\0\0", &[0; 6]]),
        read(b'D', &[b"Ss1\0"]),
        read(b'D', &[b"P\0"]),
        read(b'E', &[b"p1\0", &[0, 0, 0, 100]]),
        read(b'E', &[b"\0", &[0xff; 4]]),
        read(b'C', &[b"Pp1\0"]),
        read(b'H', &[]),
        read(b'S', &[]),
        read(b'd', &[b"1\tone\n"]),
        read(b'c', &[]),
        read(b'f', &[b"no more\0"]),
        read(b'F', &[&[0, 0, 3, 0xbc, 0, 1, 0, 1], &[0, 2, 0, 0, 0, 1, b'7', 0xff, 0xff, 0xff, 0xff], &[0, 1]]),
        read(b'p', &[b"hunter2\0"]),
        read(b'X', &[]),
    ];
    let messages = messages.map(Result::unwrap);
    let printed = format!("{messages:#?}");
    assert!(!printed.contains("hunter2"));
    insta::assert_snapshot!(printed);
}

#[test]
fn what_is_not_a_message() {
    let truncated = |what| WireError::Truncated { what };
    let malformed = |what, field| WireError::Malformed { what, field };
    let trailing = |what, count| WireError::Trailing { what, count };
    let count = |what, count| WireError::Count { what, count };
    let many = [0x7f, 0xff];
    let cases: [(u8, &[&[u8]], WireError); 30] = [
        (b'Q', &[], truncated("query")),
        (b'Q', &[b"select 1"], truncated("query")),
        (b'Q', &[b"select 1\0; drop\0"], trailing("query", 7)),
        (b'P', &[b"\0select 1\0"], truncated("parse")),
        (b'P', &[b"\0select 1\0", &[0]], truncated("parse")),
        (b'P', &[b"\0select 1\0", &[0, 1]], count("parse", 1)),
        (b'P', &[b"\0select 1\0", &[0xff, 0xff]], count("parse", 65_535)),
        (b'P', &[b"\0select 1\0", &[0, 0, 0]], trailing("parse", 1)),
        (b'B', &[b"\0\0", &many], count("bind", 32_767)),
        (b'B', &[b"\0\0", &[0, 0], &many], count("bind", 32_767)),
        (b'B', &[b"\0\0", &[0; 4], &many], count("bind", 32_767)),
        (b'B', &[b"\0\0", &[0, 1, 0, 2, 0, 0, 0, 0]], malformed("bind", "format code")),
        (b'B', &[b"\0\0", &[0, 1, 0xff, 0xff, 0, 0, 0, 0]], malformed("bind", "format code")),
        (
            b'B',
            &[b"\0\0", &[0, 2, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0], &[0, 0]],
            malformed("bind", "number of parameter formats"),
        ),
        (b'B', &[b"\0\0\0\0", &[0, 1], &[0xff, 0xff, 0xff, 0xfe], &[0, 0]], malformed("bind", "value length")),
        (b'B', &[b"\0\0\0\0", &[0, 1], &[0x80, 0, 0, 0], &[0, 0]], malformed("bind", "value length")),
        (b'B', &[b"\0\0\0\0", &[0, 1], &[0x7f, 0xff, 0xff, 0xff], &[0, 0]], truncated("bind")),
        (b'B', &[b"\0\0", &[0; 7]], trailing("bind", 1)),
        (b'D', &[], truncated("describe")),
        (b'D', &[b"X\0"], malformed("describe", "kind")),
        (b'D', &[b"S"], truncated("describe")),
        (b'C', &[b"s\0"], malformed("close", "kind")),
        (b'C', &[b"S\0\0"], trailing("close", 1)),
        (b'E', &[b"p\0", &[0, 0, 0]], truncated("execute")),
        (b'E', &[b"p\0", &[0; 5]], trailing("execute", 1)),
        (b'H', &[b"\0"], trailing("flush", 1)),
        (b'S', &[b"Q"], trailing("sync", 1)),
        (b'X', &[b"\0\0"], trailing("terminate", 2)),
        (b'f', &[b"why"], truncated("copy fail")),
        (b'Z', &[b"I"], WireError::UnknownMessage(b'Z')),
    ];
    for (tag, parts, expected) in cases {
        assert_eq!(read(tag, parts), Err(expected), "{} {parts:?}", char::from(tag));
    }
}

#[test]
fn all_parameters_that_a_server_takes_are_read() {
    let parameters = vec![None; 65_535];
    let bind = |parameters| Frontend::Bind {
        portal: Bytes::new(),
        statement: Bytes::new(),
        parameter_formats: Vec::new(),
        parameters,
        result_formats: Vec::new(),
    };
    let message = bind(parameters.clone());
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    let frame = Frame { tag: message.tag(), raw: out.split().freeze() };
    assert_eq!(Frontend::decode(&frame), Ok(message));

    let more = bind([parameters, vec![None]].concat());
    assert!(more.encode(&mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn text_is_a_slice_of_the_frame() {
    let frame = frame(b'Q', b"select 1\0");
    let Ok(Frontend::Query { text }) = Frontend::decode(&frame) else { panic!() };
    assert_eq!(text.as_ptr(), frame.body().as_ptr());
}

proptest! {
    #[test]
    fn a_message_cut_anywhere_or_continued_is_an_error(
        message in any::delimited_frontend(),
        more: u8,
    ) {
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        let body = out.freeze().slice(5..);
        for end in 0..body.len() {
            let cut = frame(message.tag(), &body[..end]);
            prop_assert!(Frontend::decode(&cut).is_err(), "{} bytes of {:?}", end, message);
        }
        let continued = frame(message.tag(), &[&body[..], &[more]].concat());
        prop_assert!(Frontend::decode(&continued).is_err());
    }

    #[test]
    fn what_is_read_is_written_the_same(tag: u8, body in any::bytes(60)) {
        let frame = frame(tag, &body);
        if let Ok(message) = Frontend::decode(&frame) {
            let mut out = BytesMut::new();
            message.encode(&mut out).unwrap();
            prop_assert_eq!(&out[..], &frame.raw[..]);
        }
    }

    #[test]
    fn any_bytes_in_a_bind_are_survived(
        head in any::string(),
        counts: [u16; 2],
        body in any::bytes(60),
    ) {
        let [formats, parameters] = counts.map(|count| (count % 4).to_be_bytes());
        let _ = read(b'B', &[&head, b"\0\0", &formats, &body]);
        let _ = read(b'B', &[&head, b"\0\0\0\0", &parameters, &body]);
    }
}
