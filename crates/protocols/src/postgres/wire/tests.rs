//! What the tests of all messages share, and what holds for any of them.

pub(super) mod any;
mod corpus;

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

use super::*;

/// A frame with this body, as if it had come over the wire.
pub(super) fn frame(tag: u8, body: &[u8]) -> Frame {
    let mut buffer = BytesMut::new();
    buffer.put_u8(tag);
    buffer.put_u32(u32::try_from(body.len()).unwrap().strict_add(4));
    buffer.put_slice(body);
    Frame { tag, raw: buffer.freeze() }
}

/// Bytes written as text, `\0` and all, with numbers in between.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// All frames of a stream that comes in these pieces.
fn frames(pieces: &[&[u8]], limit: Limit) -> Vec<Frame> {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.put_slice(piece);
        while let Some(frame) = frame::next(&mut buffer, limit).unwrap() {
            frames.push(frame);
        }
    }
    assert!(buffer.is_empty(), "{} bytes are left", buffer.len());
    frames
}

fn encoded(messages: &[impl Encode]) -> Vec<u8> {
    let mut out = BytesMut::new();
    messages.iter().for_each(|message| message.encode_into(&mut out));
    out.to_vec()
}

trait Encode {
    fn encode_into(&self, out: &mut BytesMut);
}

impl Encode for Frontend {
    fn encode_into(&self, out: &mut BytesMut) {
        self.encode(out).unwrap();
    }
}

impl Encode for Backend {
    fn encode_into(&self, out: &mut BytesMut) {
        self.encode(out).unwrap();
    }
}

proptest! {
    #[test]
    fn a_client_stream_split_anywhere_gives_the_same_messages(
        messages in prop::collection::vec(any::frontend(), 1..6),
    ) {
        let stream = encoded(&messages);
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            let decoded: Vec<_> = frames(&[left, right], Limit::CLIENT)
                .iter()
                .map(|frame| Frontend::decode(frame).unwrap())
                .collect();
            prop_assert_eq!(&decoded, &messages);
        }
    }

    #[test]
    fn a_server_stream_split_anywhere_gives_the_same_messages(
        messages in prop::collection::vec(any::backend(), 1..6),
    ) {
        let stream = encoded(&messages);
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            let decoded: Vec<_> = frames(&[left, right], Limit::SERVER)
                .iter()
                .map(|frame| Backend::decode(frame).unwrap())
                .collect();
            prop_assert_eq!(&decoded, &messages);
        }
    }

    #[test]
    fn a_stream_in_single_bytes_gives_the_same_messages(
        messages in prop::collection::vec(any::frontend(), 1..6),
    ) {
        let stream = encoded(&messages);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        let again: Vec<u8> =
            frames(&bytes, Limit::CLIENT).iter().flat_map(|frame| frame.raw.to_vec()).collect();
        prop_assert_eq!(again, stream);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(tag: u8, body in any::bytes(200)) {
        let frame = frame(tag, &body);
        let _ = Frontend::decode(&frame);
        let _ = Backend::decode(&frame);
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let errors = [
        WireError::TooLong { tag: Some(b'Q'), length: 0x7fff_ffff, limit: 10_000 },
        WireError::TooLong { tag: None, length: 10_001, limit: 10_000 },
        WireError::TooShort { tag: Some(1), length: 3 },
        WireError::TooLong { tag: Some(0), length: 10_001, limit: 10_000 },
        WireError::UnknownMessage(b'?'),
        WireError::UnknownMessage(0x16),
        WireError::Truncated { what: "bind" },
        WireError::Trailing { what: "bind", count: 2 },
        WireError::Count { what: "bind", count: 65_535 },
        WireError::Malformed { what: "bind", field: "format code" },
        WireError::Duplicate { name: "us\u{202e}er".to_owned() },
        WireError::Version { major: 2, minor: 0 },
        WireError::Unwritable { what: "statement", why: "it contains a zero byte" },
    ];
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_frame_never_prints_its_body() {
    let frame = frame(b'p', b"hunter2\0");
    assert_eq!(format!("{frame:?}"), "Frame(p, 13 bytes)");
}

#[test]
fn a_message_that_cannot_be_written_leaves_the_buffer_as_it_was() {
    let mut out = BytesMut::from(&b"before"[..]);
    let text = Bytes::from_static(b"select 1\0; drop table t");
    assert_eq!(
        Frontend::Query { text: text.clone() }.encode(&mut out),
        Err(WireError::Unwritable { what: "statement", why: "it contains a zero byte" })
    );
    assert!(Backend::CommandComplete { tag: text.clone() }.encode(&mut out).is_err());
    assert!(startup::encode_open(0, &[("user", "a\0b")], &mut out).is_err());
    assert!(password::encode_password(&text, &mut out).is_err());
    assert_eq!(out, &b"before"[..]);
}
