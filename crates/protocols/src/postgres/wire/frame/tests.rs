use bytes::BufMut;

use super::super::tag::server;
use super::*;

fn buffer(tag: u8, length: u32) -> BytesMut {
    let mut buffer = BytesMut::new();
    buffer.put_u8(tag);
    buffer.put_u32(length);
    buffer
}

#[test]
fn lengths_are_judged_before_the_body_is_awaited() {
    let short = |length| Err(WireError::TooShort { tag: Some(b'Q'), length });
    let long = |length, limit| Err(WireError::TooLong { tag: Some(b'Q'), length, limit });
    let client = Limit::client(100_000);
    let server = Limit::SERVER;
    let cases = [
        (0, client, short(0)),
        (3, client, short(3)),
        (4, client, Ok(Some(5))),
        (5, client, Ok(None)),
        (100_000, client, Ok(None)),
        (100_001, client, long(100_001, 100_000)),
        (0x7fff_ffff, client, long(0x7fff_ffff, 100_000)),
        (0x8000_0000, client, long(0x8000_0000, 100_000)),
        (0xffff_ffff, client, long(0xffff_ffff, 100_000)),
        (1 << 30, server, Ok(None)),
        ((1 << 30) + 1, server, long((1 << 30) + 1, 1 << 30)),
        (0x7fff_ffff, server, long(0x7fff_ffff, 1 << 30)),
        (0xffff_ffff, server, long(0xffff_ffff, 1 << 30)),
        (0xffff_ffff, Limit::server(usize::MAX), Ok(None)),
        (65_536, Limit::PASSWORD, Ok(None)),
        (65_537, Limit::PASSWORD, long(65_537, 65_536)),
    ];
    for (length, limit, expected) in cases {
        let seen = next(&mut buffer(b'Q', length), limit).map(|frame| frame.map(|f| f.raw.len()));
        assert_eq!(seen, expected, "length {length} under {limit:?}");
    }
}

#[test]
fn only_what_carries_data_may_be_long() {
    let judged = |tag, limit| next(&mut buffer(tag, 10_001), limit).is_ok();
    let long: String = (0..=u8::MAX).filter(|tag| judged(*tag, Limit::CLIENT)).map(char::from).collect();
    assert_eq!(long, "BFPQd");
    assert!((0..=u8::MAX).all(|tag| judged(tag, Limit::SERVER)));
}

#[test]
fn an_announced_length_reserves_nothing() {
    let mut buffer = BytesMut::with_capacity(64);
    buffer.put_slice(&self::buffer(b'Q', 60 << 20));
    let before = buffer.capacity();
    assert_eq!(next(&mut buffer, Limit::CLIENT), Ok(None));
    assert_eq!((buffer.capacity(), buffer.len()), (before, HEADER));
}

#[test]
fn a_frame_is_a_slice_of_the_buffer() {
    let mut buffer = BytesMut::from(&b"S\0\0\0\x04Q\0\0\0\x06a\0rest"[..]);
    let start = buffer.as_ptr();
    let first = next(&mut buffer, Limit::CLIENT).unwrap().unwrap();
    let second = next(&mut buffer, Limit::CLIENT).unwrap().unwrap();
    assert_eq!(first.raw.as_ptr(), start);
    assert_eq!((first.tag, &first.body()[..]), (b'S', &b""[..]));
    assert_eq!((second.tag, &second.body()[..]), (b'Q', &b"a\0"[..]));
    assert_eq!(buffer, &b"rest"[..]);
}

#[test]
fn the_body_of_a_frame_made_wrong_is_empty() {
    let frame = Frame { tag: b'S', raw: Bytes::from_static(b"S\0") };
    assert!(frame.body().is_empty());
}

#[test]
fn a_header_needs_its_five_bytes() {
    let whole = buffer(b'Z', 0xffff_fffe);
    for end in 0..HEADER {
        assert_eq!(header(&whole[..end]), None);
    }
    assert_eq!(header(&whole), Some((b'Z', 0xffff_fffe)));
}

#[test]
fn a_run_ends_before_what_does_not_pass() {
    let row = b"D\0\0\0\x06\0\0";
    let notice = b"N\0\0\0\x05\0";
    let pass = |tag| tag == server::DATA_ROW;
    let cases: [(&[&[u8]], u64); 8] = [
        (&[], 0),
        (&[row], 1),
        (&[row, row, row], 3),
        (&[row, notice, row], 1),
        (&[notice, row], 0),
        (&[row, row, b"D\0\0\0\x07\0\0"], 2),
        (&[row, b"D\0\0"], 1),
        (&[row, b"D\0\0\0\x03", row], 1),
    ];
    let rows = |messages: u64| Run { bytes: usize::try_from(messages).unwrap() * row.len(), messages };
    for (pieces, expected) in cases {
        for most in [u64::MAX, 3, 2, 1, 0] {
            assert_eq!(run(&pieces.concat(), most, pass), rows(expected.min(most)), "{pieces:?}");
        }
    }
    for length in [0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        assert_eq!(run(&buffer(b'D', length), u64::MAX, pass), rows(0));
    }
}

#[test]
fn a_run_cut_anywhere_ends_at_a_message() {
    let stream = b"D\0\0\0\x06\0\0D\0\0\0\x04C\0\0\0\x09DONE\0";
    let ends = [0, 7, 12, 22];
    for cut in 0..=stream.len() {
        let expected = ends.iter().rfind(|end| **end <= cut);
        assert_eq!(Some(&run(&stream[..cut], u64::MAX, |_| true).bytes), expected);
    }
}
