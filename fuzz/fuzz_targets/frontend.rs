//! What is read of a client's messages is written as the same bytes.
//!
//! Whatever the bytes: no panic, and no second way to read them.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::Frontend;
use postern_protocols::postgres::wire::frame::{self, Limit};

fuzz_target!(|stream: &[u8]| {
    let mut buffer = BytesMut::from(stream);
    while let Ok(Some(frame)) = frame::next(&mut buffer, Limit::CLIENT) {
        let Ok(message) = Frontend::decode(&frame) else {
            continue;
        };
        if let Frontend::Password(answer) = &message {
            let _ = answer.cleartext();
            let _ = answer.sasl_initial();
        }
        let mut written = BytesMut::new();
        message.encode(&mut written).expect("what was read can be written");
        assert_eq!(written, frame.raw);
    }
});
