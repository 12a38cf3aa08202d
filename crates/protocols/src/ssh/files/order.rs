//! Answers in the order of their requests, as OpenSSH's server gives them: some clients know of no other (PuTTY's `pscp`).
//!
//! It knows nothing of what is asked and answered. Enter at [`Order::takes`].

use std::collections::VecDeque;

use bytes::Bytes;

/// How many requests may have no answer yet, and how many bytes these may ask for; more wait.
///
/// THREAT: answers that are kept for one that takes its time.
const MOST_ASKED: usize = 512;
const MOST_BYTES: usize = 4 << 20;

/// Requests that the client has no answer to, the oldest first.
#[derive(Default)]
pub(super) struct Order {
    waiting: VecDeque<Waiting>,
    /// How many bytes they ask for.
    bytes: usize,
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
    pub(super) fn answered(&mut self, client: u32, answer: Bytes) -> Option<Bytes> {
        let mut open = self.waiting.iter_mut().filter(|waiting| waiting.answer.is_none());
        open.find(|waiting| waiting.client == client)?.answer = Some(answer);
        let mut ready = Vec::new();
        while let Some(first) = self.waiting.pop_front_if(|first| first.answer.is_some()) {
            self.bytes = self.bytes.saturating_sub(first.bytes);
            ready.extend(first.answer);
        }
        match ready.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(several.concat().into()),
        }
    }
}
