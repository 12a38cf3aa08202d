//! Reading back what a client saw: text, stream by stream as it came.
//!
//! It knows no masks: what was recorded was masked. Which stream it was stands aside of it.

use postern_core::id::OperationId;
use postern_core::record::{Replay, Shown};

/// Reads one recording.
#[derive(Debug)]
pub(super) struct Reel;

impl Replay for Reel {
    fn shown(&mut self, _operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        vec![Shown::Data { text: String::from_utf8_lossy(bytes).into_owned() }]
    }

    fn aside(&mut self, _operation: Option<OperationId>, _bytes: &[u8]) {}
}
