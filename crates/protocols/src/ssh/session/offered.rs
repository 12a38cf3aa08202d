//! Commands that rules offer: the host is given a line that is put together here, and none of the client's.
//!
//! It knows no rule: whether one offers the command, the duties say. Enter at [`payload`].

use std::sync::Arc;

use bytes::Bytes;
use postern_core::gate::{Payload, Sent, Wording};
use postern_core::verdict::Duties;
use postern_core::{Denial, Operation};

use crate::ssh::analyze;
use crate::ssh::transport::Task;
use crate::ssh::wire::order::Order;

/// What the host is told to begin.
pub(super) fn payload(task: Task, operation: &Operation) -> Payload {
    let asked = Order::Begin(task).encoded();
    match &operation.command {
        Some(words) => Payload::Worded(Arc::new(Command { asked, words: words.clone() })),
        None => asked.into(),
    }
}

/// A command whose words are known.
#[derive(Debug)]
struct Command {
    /// As the client asked for it.
    asked: Bytes,
    words: Vec<String>,
}

impl Wording for Command {
    fn under(&self, due: &Duties) -> Result<Sent, Denial> {
        if !due.offered {
            return Ok(Sent { bytes: self.asked.clone(), text: None });
        }
        let line = analyze::written(&self.words);
        let bytes = Order::Begin(Task::Exec(Bytes::copy_from_slice(line.as_bytes()))).encoded();
        Ok(Sent { bytes, text: Some(line.into()) })
    }
}
