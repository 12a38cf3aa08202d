//! Answers in the order of their requests, as OpenSSH's server gives them: some clients know of no other (PuTTY's `pscp`).
//!
//! It knows nothing of what is asked and answered. Enter at [`Order::takes`].

use std::collections::VecDeque;

use bytes::Bytes;

use super::Broken;

/// How many requests may have no answer yet, and how many bytes these may ask for; more wait.
const MOST_ASKED: usize = 512;
const MOST_BYTES: usize = 4 << 20;

/// How many bytes of answers are kept for one before them. What is asked for is bound to a quarter of it.
///
/// THREAT: a host that never gives one answer, and long ones to all that is asked behind it.
const MOST_KEPT: usize = 16 << 20;

/// Requests that the client has no answer to, the oldest first.
#[derive(Default)]
pub(super) struct Order {
    waiting: VecDeque<Waiting>,
    /// How many bytes they ask for.
    bytes: usize,
    /// How many bytes of answers wait for one before them.
    kept: usize,
}

struct Waiting {
    client: u32,
    bytes: usize,
    answer: Option<Bytes>,
}

impl Order {
    /// A request comes, by the client's name for it, which asks for so many bytes.
    pub(super) fn takes(&mut self, client: u32, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.waiting.push_back(Waiting { client, bytes, answer: None });
    }

    /// Whether no more may come before some are answered.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_ASKED || self.bytes >= MOST_BYTES
    }

    /// A request has its answer. Tells what may go to the client by that, where anything may.
    pub(super) fn answered(&mut self, client: u32, answer: Bytes) -> Result<Option<Bytes>, Broken> {
        let mut open = self.waiting.iter_mut().filter(|waiting| waiting.answer.is_none());
        let Some(waiting) = open.find(|waiting| waiting.client == client) else { return Ok(None) };
        self.kept = self.kept.saturating_add(answer.len());
        waiting.answer = Some(answer);
        let mut ready = Vec::new();
        while let Some(first) = self.waiting.pop_front_if(|first| first.answer.is_some()) {
            self.bytes = self.bytes.saturating_sub(first.bytes);
            self.kept = self.kept.saturating_sub(first.answer.as_ref().map_or(0, Bytes::len));
            ready.extend(first.answer);
        }
        if self.kept > MOST_KEPT {
            return Err(Broken::Target(
                "it leaves a request without an answer, and too many behind it have one".to_owned(),
            ));
        }
        Ok(match ready.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(several.concat().into()),
        })
    }
}
