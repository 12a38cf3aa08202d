//! The last words of a target that listens no more, or is gone: what it has said is the client's to hear.
//!
//! Nothing is asked of it from then on, so that no message of the client is taken and nothing that waits for a human goes
//! on. What is heard passes as ever: masked, recorded, and no faster than recorder and client take it. All of it together
//! has a bound, and whoever may end the session still may. Enter at `Session::hear_out`.

use std::convert::Infallible;

use tokio::time::{Instant, sleep_until};

use super::{End, GOODBYE, Session};

impl Session<'_> {
    /// Passes on what the target has said, and what it still says where there may be `more`.
    pub(super) async fn hear_out(&mut self, more: bool) -> Result<(), End> {
        match self.last_words(more).await {
            Ok(never) => match never {},
            Err(end) => Err(end),
        }
    }

    async fn last_words(&mut self, mut more: bool) -> Result<Infallible, End> {
        let now = Instant::now();
        let until = now.checked_add(GOODBYE).unwrap_or(now);
        loop {
            self.relay().await?;
            let behind = self.lagging || self.to_client.is_full();
            if !more && !behind {
                return Err(End::Target);
            }
            self.to_client.let_out(&self.gate)?;
            let Self { gate, over, lagging, to_client, from_target, .. } = self;
            let room = async { if *lagging { gate.room().await } else { std::future::pending().await } };
            tokio::select! {
                read = from_target.fill(), if more && !behind => more = read.is_ok_and(|bytes| bytes > 0),
                () = room => {}
                written = to_client.drain(), if !to_client.is_idle() => written.map_err(|_| End::Client)?,
                fault = over => return Err(End::Fault(fault)),
                () = sleep_until(until) => return Err(End::Target),
            }
        }
    }
}
