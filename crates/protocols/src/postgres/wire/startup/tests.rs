use bytes::BytesMut;
use proptest::prelude::*;

use super::super::tests::{any, join};
use super::*;

const V3_0: &[u8] = &[0, 3, 0, 0];
const V3_2: &[u8] = &[0, 3, 0, 2];
const CANCEL_CODE: &[u8] = &[0x04, 0xd2, 0x16, 0x2e];
const SSL_CODE: &[u8] = &[0x04, 0xd2, 0x16, 0x2f];
const GSS_CODE: &[u8] = &[0x04, 0xd2, 0x16, 0x30];

fn read(parts: &[&[u8]]) -> Result<Startup, WireError> {
    decode(&Bytes::from(join(parts)))
}

#[test]
fn what_clients_say_first() {
    let packets = [
        read(&[SSL_CODE]),
        read(&[GSS_CODE]),
        read(&[CANCEL_CODE, &[0, 0, 0x30, 0x39], b"\x01\x02\x03\x04"]),
        read(&[CANCEL_CODE, &[0xff; 4], &[7; 32]]),
        read(&[V3_0, b"user\0bot\0database\0orders/shop\0\0"]),
        read(&[V3_2, "user\0bot\0application_name\0καλημέρα\0options\0\0\0".as_bytes()]),
        read(&[&[0, 3, 0x27, 0x0f], b"user\0bot\0_pq_.test_protocol_negotiation\0\0\0"]),
        read(&[V3_0, b"\0"]),
    ];
    let packets = packets.map(Result::unwrap);
    insta::assert_debug_snapshot!(packets);
}

#[test]
fn what_is_not_a_packet() {
    let truncated = WireError::Truncated { what: "startup packet" };
    let trailing = |count| WireError::Trailing { what: "startup packet", count };
    let malformed = |field| WireError::Malformed { what: "startup packet", field };
    let utf8 = malformed("parameter: it is not UTF-8");
    let key = malformed("length of the cancel key");
    let cases: [(&[&[u8]], WireError); 19] = [
        (&[], truncated.clone()),
        (&[&[0, 3]], truncated.clone()),
        (&[V3_0], truncated.clone()),
        (&[V3_0, b"user\0bot\0"], truncated.clone()),
        (&[V3_0, b"user\0bot"], truncated.clone()),
        (&[V3_0, b"user\0"], truncated.clone()),
        (&[V3_0, b"user"], truncated.clone()),
        (&[V3_0, b"user\0bot\0\0x"], trailing(1)),
        (&[V3_0, b"\0user\0bot\0\0"], trailing(10)),
        (&[V3_0, b"user\0a\0user\0b\0\0"], WireError::Duplicate { name: "user".to_owned() }),
        (&[V3_0, b"user\0\xff\0\0"], utf8.clone()),
        (&[V3_0, b"us\xc3\0bot\0\0"], utf8),
        (&[SSL_CODE, b"\0"], trailing(1)),
        (&[GSS_CODE, b"user"], trailing(4)),
        (&[CANCEL_CODE], truncated),
        (&[CANCEL_CODE, &[0; 4], &[0; 3]], key.clone()),
        (&[CANCEL_CODE, &[0; 4], &[0; 257]], key),
        (&[&[0, 2, 0, 0], b"user"], WireError::Version { major: 2, minor: 0 }),
        (&[&[0x04, 0xd2, 0, 0]], WireError::Version { major: 1234, minor: 0 }),
    ];
    for (parts, expected) in cases {
        assert_eq!(read(parts), Err(expected), "{parts:?}");
    }
}

#[test]
fn lengths_are_judged_before_the_packet_is_awaited() {
    let short = |length| Err(WireError::TooShort { tag: None, length });
    let long = |length| Err(WireError::TooLong { tag: None, length, limit: LIMIT });
    let cases = [
        (0, short(0)),
        (4, short(4)),
        (7, short(7)),
        (8, Ok(None)),
        (10_000, Ok(None)),
        (10_001, long(10_001)),
        // the first bytes of a TLS handshake, of an HTTP request
        (0x1603_0100, long(0x1603_0100)),
        (u32::from_be_bytes(*b"GET "), long(0x4745_5420)),
        (0x7fff_ffff, long(0x7fff_ffff)),
        (0x8000_0000, long(0x8000_0000)),
        (0xffff_ffff, long(0xffff_ffff)),
    ];
    for (length, expected) in cases {
        let mut buffer = BytesMut::with_capacity(16);
        buffer.put_u32(length);
        let capacity = buffer.capacity();
        assert_eq!(next(&mut buffer), expected, "length {length}");
        assert_eq!(buffer.capacity(), capacity);
    }
}

#[test]
fn a_packet_of_the_longest_length_is_read() {
    let mut out = BytesMut::new();
    // length field, version, `user`, its zero, the zero of the value, the zero of the list
    let value = "x".repeat(LIMIT - 4 - 4 - 5 - 1 - 1);
    encode_open(0, &[("user", value.as_str())], &mut out).unwrap();
    assert_eq!(out.len(), LIMIT);
    assert!(matches!(next(&mut out), Ok(Some(Startup::Open { .. }))));
    assert!(out.is_empty());

    let longer = format!("{value}x");
    assert_eq!(
        encode_open(0, &[("user", longer.as_str())], &mut out),
        Err(WireError::Unwritable { what: "startup packet", why: "it is longer than 10000 bytes" })
    );
    assert!(out.is_empty());
}

#[test]
fn what_cannot_be_written() {
    let mut out = BytesMut::new();
    assert!(encode_open(0, &[("", "x")], &mut out).is_err());
    assert!(encode_open(0, &[("us\0er", "x")], &mut out).is_err());
    assert!(encode_open(0, &[("user", "x\0database\0y")], &mut out).is_err());
    assert_eq!(
        encode_open(0, &[("user", "a"), ("user", "b")], &mut out),
        Err(WireError::Duplicate { name: "user".to_owned() })
    );
    assert!(encode_cancel(1, &[0; 3], &mut out).is_err());
    assert!(encode_cancel(1, &[0; 257], &mut out).is_err());
    let old = Startup::Open { major: 2, minor: 0, parameters: Vec::new() };
    assert_eq!(old.encode(&mut out), Err(WireError::Version { major: 2, minor: 0 }));
    assert!(out.is_empty());
}

#[test]
fn the_requests_as_they_stand_in_the_documentation() {
    let mut out = BytesMut::new();
    encode_ssl_request(&mut out);
    encode_gss_enc_request(&mut out);
    encode_cancel(1, b"abcd", &mut out).unwrap();
    let expected: Vec<u8> = [8_u32, 80_877_103, 8, 80_877_104, 16, 80_877_102, 1]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .chain(*b"abcd")
        .collect();
    assert_eq!(out, expected);
}

proptest! {
    #[test]
    fn what_is_written_is_read(packet in any::startup(), after in any::bytes(8)) {
        let mut whole = BytesMut::new();
        packet.encode(&mut whole).unwrap();
        for end in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..end]);
            prop_assert_eq!(next(&mut part), Ok(None));
            prop_assert_eq!(part.len(), end);
        }
        whole.put_slice(&after);
        prop_assert_eq!(next(&mut whole), Ok(Some(packet)));
        prop_assert_eq!(whole, after);
    }

    #[test]
    fn what_is_read_is_written_the_same(body in any::bytes(40)) {
        if let Ok(packet) = decode(&body) {
            let mut out = BytesMut::new();
            packet.encode(&mut out).unwrap();
            prop_assert_eq!(&out[LENGTH_FIELD..], &body[..]);
        }
    }

    #[test]
    fn a_parameter_list_cut_anywhere_is_an_error(packet in any::startup()) {
        prop_assume!(matches!(packet, Startup::Open { .. }));
        let mut whole = BytesMut::new();
        packet.encode(&mut whole).unwrap();
        let body = whole.freeze().slice(LENGTH_FIELD..);
        for end in 0..body.len() {
            prop_assert!(decode(&body.slice(..end)).is_err());
        }
    }
}
