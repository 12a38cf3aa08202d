//! What holds for packets of either side.

mod any;

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

use super::frame::MOST;
use super::*;

/// A packet with this kind and these fields, as if it had come over the wire.
fn packet(kind: u8, fields: &[&[u8]]) -> Frame {
    let body = fields.concat();
    let mut buffer = BytesMut::new();
    buffer.put_u32(u32::try_from(body.len()).unwrap().strict_add(1));
    buffer.put_u8(kind);
    buffer.put_slice(&body);
    frame::next(&mut buffer).unwrap().unwrap()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// All packets of a stream that comes in these pieces.
fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.put_slice(piece);
        while let Some(frame) = frame::next(&mut buffer).unwrap() {
            frames.push(frame);
        }
    }
    assert!(buffer.is_empty(), "{} bytes are left", buffer.len());
    frames
}

proptest! {
    #[test]
    fn requests_split_anywhere_are_the_same(requests in prop::collection::vec(any::request(), 1..5)) {
        let mut stream = BytesMut::new();
        requests.iter().for_each(|request| request.encode(&mut stream).unwrap());
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            let decoded: Vec<_> = frames(&[left, right]).iter().map(|frame| Request::decode(frame).unwrap()).collect();
            prop_assert_eq!(&decoded, &requests);
        }
    }

    #[test]
    fn replies_split_anywhere_are_the_same(replies in prop::collection::vec(any::reply(), 1..5)) {
        let mut stream = BytesMut::new();
        replies.iter().for_each(|reply| reply.encode(&mut stream).unwrap());
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            let decoded: Vec<_> = frames(&[left, right]).iter().map(|frame| Reply::decode(frame).unwrap()).collect();
            prop_assert_eq!(&decoded, &replies);
        }
    }

    #[test]
    fn hellos_are_the_same(hello in any::hello()) {
        let mut stream = BytesMut::new();
        hello.encode(&mut stream).unwrap();
        prop_assert_eq!(Hello::decode(&frames(&[&stream])[0]), Ok(hello));
    }

    #[test]
    fn a_packet_with_a_byte_more_or_less_is_none(request in any::request(), reply in any::reply()) {
        let mut out = BytesMut::new();
        request.encode(&mut out).unwrap();
        let open = matches!(
            request.call,
            Call::Unknown { .. } | Call::Extended(Extension::Unknown { .. })
        );
        let body = out.split().freeze().slice(5..);
        let decode = |body: &[u8]| Request::decode(&packet(request.call.kind(), &[body]));
        prop_assert_eq!(decode(&body), Ok(request.clone()));
        prop_assert_eq!(decode(&[&body[..], b"x"].concat()).is_ok(), open);
        prop_assert!(decode(&body[..body.len().strict_sub(1)]).is_err() || open);

        reply.encode(&mut out).unwrap();
        let kind = out[4];
        let open = matches!(reply.answer, Answer::Unknown { .. } | Answer::Extended(_));
        let body = out.split().freeze().slice(5..);
        let decode = |body: &[u8]| Reply::decode(&packet(kind, &[body]));
        prop_assert_eq!(decode(&[&body[..], b"x"].concat()).is_ok(), open);
        prop_assert!(decode(&body[..body.len().strict_sub(1)]).is_err() || open);
    }

    #[test]
    fn whatever_comes_nothing_panics(kind: u8, body in prop::collection::vec(any::byte(), 0..64)) {
        let frame = packet(kind, &[&body]);
        // what is read is written as what is read the same
        if let Ok(request) = Request::decode(&frame) {
            let mut out = BytesMut::new();
            request.encode(&mut out).unwrap();
            prop_assert_eq!(Request::decode(&frames(&[&out])[0]), Ok(request));
        }
        if let Ok(reply) = Reply::decode(&frame) {
            let mut out = BytesMut::new();
            reply.encode(&mut out).unwrap();
            prop_assert_eq!(Reply::decode(&frames(&[&out])[0]), Ok(reply));
        }
        let _ = Hello::decode(&frame);
    }
}

#[test]
fn lengths_are_refused_before_there_is_room_for_them() {
    let next = |bytes: &[u8]| frame::next(&mut BytesMut::from(bytes));
    let most = u32::try_from(MOST).unwrap();
    assert_eq!(next(&most.to_be_bytes()), Ok(None));
    for length in [most + 1, 1 << 20, u32::MAX] {
        assert_eq!(next(&length.to_be_bytes()), Err(SftpError::TooLong { length, most: MOST }));
    }
    assert_eq!(next(&[0, 0, 0, 0]), Err(SftpError::Empty));
    assert_eq!(next(&[0, 0, 0]), Ok(None));
    let mut buffer = BytesMut::from(&most.to_be_bytes()[..]);
    let room = buffer.capacity();
    assert_eq!(frame::next(&mut buffer), Ok(None));
    assert_eq!(buffer.capacity(), room);
}

#[test]
fn counts_are_refused_before_there_is_room_for_them() {
    let id = [0, 0, 0, 7];
    let much = u32::MAX.to_be_bytes();
    let malformed = |what, field| SftpError::Malformed { what, field };
    assert_eq!(Reply::decode(&packet(104, &[&id, &much])), Err(malformed("NAME", "count")));
    assert_eq!(Reply::decode(&packet(104, &[&id, &[0, 0, 0, 1]])), Err(malformed("NAME", "count")));
    let extended = packet(105, &[&id, &[0x80, 0, 0, 0], &much]);
    assert_eq!(Reply::decode(&extended), Err(malformed("ATTRS", "count")));
    let flags = packet(105, &[&id, &[0, 0, 0, 0x10]]);
    assert_eq!(Reply::decode(&flags), Err(malformed("ATTRS", "flag of attributes")));
    let handle = packet(4, &[&id, &string(&[0; 257])]);
    assert_eq!(Request::decode(&handle), Err(malformed("CLOSE", "handle")));
    assert!(Request::decode(&packet(4, &[&id, &string(&[0; 256])])).is_ok());
    let string = packet(17, &[&id, &much, b"abc"]);
    assert_eq!(Request::decode(&string), Err(SftpError::Truncated { what: "STAT" }));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut out = BytesMut::from(&b"before"[..]);
    let data = |length: usize| Reply { id: 1, answer: Answer::Data(Bytes::from(vec![0; length])) };
    assert_eq!(data(MOST).encode(&mut out), Err(SftpError::Unwritable { what: "DATA" }));
    let close = Request { id: 1, call: Call::Close(Bytes::from(vec![0; 257])) };
    assert_eq!(close.encode(&mut out), Err(SftpError::Unwritable { what: "CLOSE" }));
    assert_eq!(&out[..], b"before");
    assert_eq!(data(256 << 10).encode(&mut out), Ok(()));
}

/// Bytes as OpenSSH 9.2's `sftp` and `sftp-server` send them.
#[test]
fn packets_of_openssh() {
    let id = [0, 0, 0, 1];
    let open = packet(3, &[&id, &string(b"/etc/motd"), &[0, 0, 0, 1], &[0, 0, 0, 0]]);
    assert_eq!(&open.raw[..], b"\0\0\0\x1a\x03\0\0\0\x01\0\0\0\x09/etc/motd\0\0\0\x01\0\0\0\0");
    let call = Call::Open { path: "/etc/motd".into(), access: Access::READ, attributes: Attributes::default() };
    assert_eq!(Request::decode(&open), Ok(Request { id: 1, call }));

    let symlink = packet(20, &[&id, &string(b"target"), &string(b"link")]);
    let call = Call::Symlink { target: "target".into(), link: "link".into() };
    assert_eq!(Request::decode(&symlink), Ok(Request { id: 1, call }));

    let rename = packet(200, &[&id, &string(b"posix-rename@openssh.com"), &string(b"a"), &string(b"b")]);
    let call = Call::Extended(Extension::PosixRename { from: "a".into(), to: "b".into() });
    assert_eq!(Request::decode(&rename), Ok(Request { id: 1, call }));

    let attributes = [
        &[0, 0, 0, 0x0f][..],
        &[0, 0, 0, 0, 0, 0, 1, 0],
        &[0, 0, 0, 1, 0, 0, 0, 2],
        &[0, 0, 0x81, 0xa4],
        &[0, 0, 0, 3, 0, 0, 0, 4],
    ];
    let attrs = packet(105, &[&id[..], &attributes.concat()]);
    let expected = Attributes {
        size: Some(256),
        owner: Some((1, 2)),
        permissions: Some(0o100_644),
        times: Some((3, 4)),
        extended: Vec::new(),
    };
    assert_eq!(Reply::decode(&attrs), Ok(Reply { id: 1, answer: Answer::Attributes(expected) }));

    let status = packet(101, &[&id, &[0, 0, 0, 2], &string(b"No such file"), &string(b"")]);
    let answer =
        Answer::Status { code: reply::status::NO_SUCH_FILE, message: "No such file".into(), language: Bytes::new() };
    assert_eq!(Reply::decode(&status), Ok(Reply { id: 1, answer }));
}

#[test]
fn what_is_not_known_is_said_to_neither_side() {
    let pair =
        |name: &str, value: &str| (Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    let known = [
        pair("posix-rename@openssh.com", "1"),
        pair("statvfs@openssh.com", "2"),
        pair("fstatvfs@openssh.com", "2"),
        pair("hardlink@openssh.com", "1"),
        pair("fsync@openssh.com", "1"),
        pair("lsetstat@openssh.com", "1"),
        pair("limits@openssh.com", "1"),
        pair("copy-data", "1"),
    ];
    let others = [
        pair("posix-rename@openssh.com", "2"),
        pair("statvfs@openssh.com", "1"),
        pair("copy-file", "1"),
        pair("expand-path@openssh.com", "1"),
        pair("home-directory", "1"),
        pair("users-groups-by-id@openssh.com", "1"),
        pair("check-file", ""),
        pair("", "1"),
        pair("limits", "1"),
    ];
    let hello = Hello { answers: true, version: 6, extensions: [&others[..], &known, &others].concat() };
    assert_eq!(hello.known(), Hello { answers: true, version: 3, extensions: known.to_vec() });
    assert_eq!(Hello { answers: false, version: 2, extensions: Vec::new() }.known().version, 2);
    let wrong = packet(3, &[&[0, 0, 0, 3]]);
    assert_eq!(Hello::decode(&wrong), Err(SftpError::Unexpected { what: "INIT or VERSION", kind: 3 }));
}

#[test]
fn nothing_of_a_file_is_printed_of_a_packet() {
    assert_eq!(format!("{:?}", packet(103, &[b"secret"])), "Frame(103, 11 bytes)");
}

#[test]
fn how_a_file_is_opened() {
    assert!(!Access::READ.changes() && Access::READ.is_known());
    for access in [Access::WRITE, Access::APPEND, Access::CREATE, Access::TRUNCATE, Access::EXCLUSIVE, Access(0x3)] {
        assert!(access.changes() && access.is_known(), "{access:?}");
    }
    assert!(!Access(0x40).is_known() && !Access(0x40).changes());
}

#[test]
fn which_files_a_request_is_about() {
    let (a, b): (Bytes, Bytes) = ("a".into(), "b".into());
    let open = |access| Call::Open { path: "a".into(), access: Access(access), attributes: Attributes::default() };
    let attributes = Attributes::default;
    let extended = |extension| Call::Extended(extension);
    let table = [
        (open(0x01), About::Followed(&a), About::Nothing),
        (open(0x0a), About::Followed(&a), About::Nothing),
        (open(0x2a), About::Itself(&a), About::Nothing),
        (open(0x22), About::Followed(&a), About::Nothing),
        (Call::Write { handle: a.clone(), offset: 0, data: b.clone() }, About::Handle(&a), About::Nothing),
        (Call::Fsetstat { handle: a.clone(), attributes: attributes() }, About::Handle(&a), About::Nothing),
        (Call::Setstat { path: a.clone(), attributes: attributes() }, About::Followed(&a), About::Nothing),
        (Call::Stat(a.clone()), About::Followed(&a), About::Nothing),
        (Call::Lstat(a.clone()), About::Itself(&a), About::Nothing),
        (Call::Remove(a.clone()), About::Itself(&a), About::Nothing),
        (Call::Rename { from: a.clone(), to: b.clone() }, About::Itself(&a), About::Itself(&b)),
        (Call::Symlink { target: b.clone(), link: a.clone() }, About::Itself(&a), About::Nothing),
        (extended(Extension::PosixRename { from: a.clone(), to: b.clone() }), About::Itself(&a), About::Itself(&b)),
        (
            extended(Extension::Lsetstat { path: a.clone(), attributes: attributes() }),
            About::Itself(&a),
            About::Nothing,
        ),
        (
            extended(Extension::CopyData { from: a.clone(), from_offset: 0, length: 0, to: b.clone(), to_offset: 0 }),
            About::Handle(&a),
            About::Handle(&b),
        ),
        (Call::Unknown { kind: 99, body: a.clone() }, About::Nothing, About::Nothing),
    ];
    for (call, first, other) in &table {
        assert_eq!(call.about(), [*first, *other], "{call:?}");
    }
}
