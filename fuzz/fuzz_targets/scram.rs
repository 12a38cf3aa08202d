//! What is read of a client's SCRAM message is written as the same bytes.
//!
//! Whatever the bytes: no panic, and no second way to read them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_protocols::scram::{ClientFinal, ClientFirst};

fuzz_target!(|message: &[u8]| {
    if let Ok(first) = ClientFirst::read(message) {
        assert_eq!(first.to_string().as_bytes(), message);
    }
    if let Ok(last) = ClientFinal::read(message) {
        assert_eq!(last.to_string().as_bytes(), message);
    }
});
