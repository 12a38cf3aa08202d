//! A stream is cut into the same messages however its bytes arrive, and a run is whole messages.
//!
//! Whatever the bytes: no panic, and no message longer than its limit.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::WireError;
use postern_protocols::postgres::wire::frame::{self, Frame, Limit};

/// The messages of a stream that comes in these pieces, what is left, and what ended it.
fn cut(pieces: [&[u8]; 2]) -> (Vec<Frame>, usize, Option<WireError>) {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    let mut wrong = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while wrong.is_none() {
            match frame::next(&mut buffer, Limit::CLIENT) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => wrong = Some(error),
            }
        }
    }
    (frames, buffer.len(), wrong)
}

fuzz_target!(|stream: &[u8]| {
    // the last byte also says where the stream is split
    let at = stream.last().map_or(0, |byte| usize::from(*byte).min(stream.len()));
    let (left, right) = stream.split_at(at);
    let whole = cut([stream, &[]]);
    assert_eq!(whole, cut([left, right]));

    let passed = frame::run(stream, u64::MAX, |tag| tag != b'Z').bytes;
    let (frames, rest, wrong) = cut([&stream[..passed], &[]]);
    if wrong.is_none() {
        assert_eq!(rest, 0);
    }
    assert!(frames.iter().all(|frame| frame.tag != b'Z'));
});
