//! However a stream is cut, the same is heard in it, and until then it leaves whole and in order.
//!
//! The first byte is how long the secret is, the second how long the pieces are; then the secret, then the stream.
#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use postern_core::Secret;
use postern_core::mask::MaskSet;
use postern_core::mask::echo::{Echo, SHORTEST};
use postern_core::mask::stream::{Echoed, Filter, Width};

fuzz_target!(|input: &[u8]| {
    let [length, piece, rest @ ..] = input else { return };
    let (secret, stream) = rest.split_at(rest.len().min(usize::from(*length)));
    let echo = Arc::new(Echo::of([&Secret::new(secret)]));
    assert_eq!(echo.is_empty(), secret.len() < SHORTEST);
    let within = echo.within(stream);

    let (mut filter, mut left, mut came) = (Filter::new(Arc::clone(&echo), &MaskSet::default(), Width::Any), 0, 0);
    for piece in stream.chunks(usize::from(*piece).max(1)) {
        came += piece.len();
        match filter.pass(Bytes::copy_from_slice(piece)) {
            Ok(leaves) => {
                assert!(stream[left..].starts_with(&leaves));
                left += leaves.len();
                assert_eq!(left + filter.held(), came);
            }
            // it may have been in what a terminal shows of the stream as well
            Err(Echoed) => {
                assert!(!echo.within(&stream[..left]), "it has left");
                return;
            }
        }
    }
    assert!(!within);
    assert_eq!(filter.end().as_deref(), Ok(&stream[left..]));
});
