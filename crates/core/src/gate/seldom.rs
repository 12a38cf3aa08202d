//! Awaiting what seldom comes beside what is busy.
//!
//! A session waits for a dozen things at once and is woken by two of them, thousands of times a second. Whatever else it
//! waits for is looked at only once it has something to say. Enter at [`seldom`].

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::ports::Later;

#[cfg(test)]
mod tests;

/// The same, polled only where it asked for that.
pub(super) fn seldom<'a, T: 'a>(mut later: Later<'a, T>) -> Later<'a, T> {
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), whom: Mutex::default() });
    let rings = Waker::from(Arc::clone(&bell));
    Box::pin(poll_fn(move |task| {
        // INVARIANT: whoever rings from here on wakes this task, and who rang before is heard
        bell.calls(task.waker());
        if bell.rung.swap(false, Ordering::AcqRel) {
            later.as_mut().poll(&mut Context::from_waker(&rings))
        } else {
            Poll::Pending
        }
    }))
}

/// What is rung by something that wants to be looked at.
struct Bell {
    rung: AtomicBool,
    /// Whom it wakes.
    whom: Mutex<Option<Waker>>,
}

impl Bell {
    fn calls(&self, waker: &Waker) {
        let mut whom = self.whom.lock().unwrap_or_else(PoisonError::into_inner);
        if !whom.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *whom = Some(waker.clone());
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let whom = self.whom.lock().unwrap_or_else(PoisonError::into_inner).clone();
        whom.iter().for_each(Waker::wake_by_ref);
    }
}
