//! The machine's clock, behind the port that everything else asks.
//! The one place that knows how a machine tells the time. Enter at [`SystemClock`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use postern_core::clock::{Clock, Micros};
use postern_core::ports::Later;

/// How long a wait goes by without a look at the clock: somebody may set it, and it goes on while the machine sleeps.
const LOOK: Duration = Duration::from_secs(5);

/// The time of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation, which everything else asks")]
    fn now(&self) -> Micros {
        // A machine whose clock stands before 1970 is at the epoch: tokens are then refused as not yet valid.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    fn until(&self, moment: Micros) -> Later<'_, ()> {
        Box::pin(async move {
            while self.now() < moment {
                tokio::time::sleep(moment.since(self.now()).min(LOOK)).await;
            }
        })
    }
}
