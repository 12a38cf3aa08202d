//! Clients that have not proved who they are yet, the longest waiting first.
//!
//! It knows neither protocols nor sockets. Enter at [`Strangers::comes`].

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use tokio::task::AbortHandle;

/// Those of one listener.
#[derive(Default)]
pub(super) struct Strangers {
    waiting: VecDeque<(Weak<()>, AbortHandle)>,
}

impl Strangers {
    /// Somebody comes, and is a stranger for as long as `mark` is held on to.
    pub(super) fn comes(&mut self, mark: &Arc<()>, served: AbortHandle) {
        self.forget();
        self.waiting.push_back((Arc::downgrade(mark), served));
    }

    /// Sends away whoever has been a stranger for longest; tells whether there was anybody.
    ///
    /// THREAT: who opens connections and says nothing fills a listener, and nobody gets in any more. Whoever has proved who he
    /// is stays.
    pub(super) fn makes_room(&mut self) -> bool {
        self.forget();
        let Some((_, longest)) = self.waiting.pop_front() else { return false };
        longest.abort();
        true
    }

    /// Forgets those who are none any more, as far as nobody waits before them.
    fn forget(&mut self) {
        while self.waiting.pop_front_if(|(mark, _)| mark.strong_count() == 0).is_some() {}
    }
}
