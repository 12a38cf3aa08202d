//! What clients saw, in words that no protocol owns: what a protocol makes of its own recorded bytes.
//!
//! Text is as it was sent, not made fit for any place: whoever shows it escapes it.

use serde::Serialize;

use crate::id::OperationId;

/// One thing that a client saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shown {
    /// The columns of the rows to come.
    Columns {
        /// From left to right.
        columns: Vec<ShownColumn>,
    },
    /// A row.
    Row {
        /// Its cells as text; `None` is no value.
        cells: Vec<Option<String>>,
    },
    /// A piece of a bulk stream.
    Data {
        /// As text.
        text: String,
    },
    /// A piece of a stream of errors.
    Errors {
        /// As text.
        text: String,
    },
    /// What follows of the operation is shown in a terminal of this size.
    Window {
        /// How wide it is, in characters.
        columns: u32,
        /// How high.
        rows: u32,
    },
    /// A notice, or an error.
    Message(Message),
    /// Something was done.
    Done {
        /// The target's own word for it.
        note: String,
    },
    /// Bytes that are left out: too long to be put together, or none of the protocol's.
    LeftOut {
        /// How many.
        bytes: u64,
    },
}

/// A column of what was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the target's own word.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a target or the gateway said to the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message {
    /// How bad it is, in the protocol's own word.
    pub severity: String,
    /// The protocol's code for it.
    pub code: String,
    /// What was said.
    pub message: String,
    /// More of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Reads back what a protocol has shown to one client. Whatever the bytes are, it says something and goes on; it keeps no
/// more of them than one message of bounded length.
pub trait Replay: Send {
    /// Takes the next bytes that the client saw.
    fn shown(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown>;

    /// Takes what the protocol has noted for this; what of it is something that a client saw comes back.
    fn aside(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown>;
}
