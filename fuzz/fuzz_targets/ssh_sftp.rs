//! Packets of either side are read, and what was read is written as what is read the same.
//!
//! Whatever the bytes: no panic, and each request is an operation that touches something, or none.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use postern_protocols::ssh::analyze::sftp;
use postern_protocols::ssh::vocabulary::VOCABULARY;
use postern_protocols::ssh::wire::sftp::frame::{self, Frame};
use postern_protocols::ssh::wire::sftp::{Hello, Reply, Request};

fn again(encode: impl FnOnce(&mut BytesMut)) -> Frame {
    let mut written = BytesMut::new();
    encode(&mut written);
    let frame = frame::next(&mut written).expect("what was read can be written").expect("it is whole");
    assert!(written.is_empty(), "it is one packet");
    frame
}

fuzz_target!(|stream: &[u8]| {
    let mut buffer = BytesMut::from(stream);
    while let Ok(Some(frame)) = frame::next(&mut buffer) {
        if let Ok(hello) = Hello::decode(&frame) {
            let written = again(|out| hello.encode(out).expect("what was read can be written"));
            assert_eq!(written.raw, frame.raw);
            assert_eq!(hello.known().known(), hello.known());
        }
        if let Ok(request) = Request::decode(&frame) {
            let written = again(|out| request.encode(out).expect("what was read can be written"));
            assert_eq!(Request::decode(&written), Ok(request.clone()));
            let body = frame.body();
            for other in [None, Some(&body[..])] {
                let Some(operation) = sftp(&request.call, &body, other) else { continue };
                assert!(!operation.touches.is_empty(), "nothing is touched");
                assert!(VOCABULARY.actions.contains(&operation.action.0));
            }
        }
        if let Ok(reply) = Reply::decode(&frame) {
            let written = again(|out| reply.encode(out).expect("what was read can be written"));
            assert_eq!(Reply::decode(&written), Ok(reply));
        }
    }
});
