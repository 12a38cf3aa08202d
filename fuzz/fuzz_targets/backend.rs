//! What is read of a server's messages is written as the same bytes.
//!
//! Whatever the bytes: no panic. The server is not trusted either.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::frame::{self, Limit};
use postern_protocols::postgres::wire::{Authentication, Backend};

fuzz_target!(|stream: &[u8]| {
    let mut buffer = BytesMut::from(stream);
    while let Ok(Some(frame)) = frame::next(&mut buffer, Limit::SERVER) {
        let Ok(message) = Backend::decode(&frame) else {
            continue;
        };
        // of an unknown way of authentication only its number is kept
        if !matches!(message, Backend::Authentication(Authentication::Other(_))) {
            let mut written = BytesMut::new();
            message.encode(&mut written).expect("what was read can be written");
            assert_eq!(written, frame.raw);
        }
    }
});
