//! What is read of a first packet is written as the same bytes.
//!
//! Whatever the bytes: no panic, and no second way to read them.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::startup;

fuzz_target!(|packet: &[u8]| {
    let mut buffer = BytesMut::from(packet);
    let Ok(Some(read)) = startup::next(&mut buffer) else {
        return;
    };
    let mut written = BytesMut::new();
    read.encode(&mut written).expect("what was read can be written");
    written.extend_from_slice(&buffer);
    assert_eq!(written, packet);
});
