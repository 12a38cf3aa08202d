//! Reading back what a client saw: text, stream by stream as it came, and the size of the terminal that it came to.
//!
//! It knows no masks: what was recorded was masked. Which stream it was stands aside of it.

use std::collections::VecDeque;

use postern_core::id::OperationId;
use postern_core::record::{Replay, Shown};
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// How many operations are kept in mind: more than there are channels.
const MOST: usize = 256;

/// Reads one recording.
#[derive(Debug, Default)]
pub(super) struct Reel {
    streams: VecDeque<Stream>,
}

/// What is known of an operation.
#[derive(Debug)]
struct Stream {
    operation: Option<OperationId>,
    /// Whether what comes is errors.
    errors: bool,
    /// A character that is not whole.
    begun: Vec<u8>,
}

/// What is noted aside.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Noted {
    Stream(String),
    Terminal([u32; 2]),
    Resized([u32; 2]),
}

impl Replay for Reel {
    fn shown(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        let mut stream = self.take(operation);
        stream.begun.extend_from_slice(bytes);
        let begun = stream.begun.split_off(whole(&stream.begun));
        let shown = stream.text();
        self.keep(Stream { begun, ..stream });
        shown
    }

    fn aside(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        match serde_json::from_slice(bytes) {
            Ok(Noted::Terminal([columns, rows]) | Noted::Resized([columns, rows])) => {
                vec![Shown::Window { columns, rows }]
            }
            Ok(Noted::Stream(name)) => {
                let stream = self.take(operation);
                let shown = stream.text();
                self.keep(Stream { operation, errors: name == "stderr", begun: Vec::new() });
                shown
            }
            Err(_) => Vec::new(),
        }
    }
}

impl Reel {
    fn take(&mut self, operation: Option<OperationId>) -> Stream {
        let known = self.streams.iter().position(|stream| stream.operation == operation);
        let stream = known.and_then(|place| self.streams.remove(place));
        stream.unwrap_or_else(|| Stream { operation, errors: false, begun: Vec::new() })
    }

    fn keep(&mut self, stream: Stream) {
        self.streams.push_front(stream);
        self.streams.truncate(MOST);
    }
}

impl Stream {
    /// What has come of it.
    fn text(&self) -> Vec<Shown> {
        if self.begun.is_empty() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&self.begun).into_owned();
        vec![if self.errors { Shown::Errors { text } } else { Shown::Data { text } }]
    }
}

/// Where the last character begins that is not whole, or the end.
fn whole(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last().map(|chunk| chunk.invalid()).unwrap_or_default();
    let begun = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    bytes.len().saturating_sub(if begun { last.len() } else { 0 })
}
