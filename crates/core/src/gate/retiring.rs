//! Removing recordings whose time is over.
//!
//! INVARIANT: that one is removed, and what it was, stands in the journal before it is gone; its head stays there, so that
//! the rest still verifies. Enter at [`House::retire`].

use crate::fault::Fault;
use crate::gate::House;
use crate::id::SessionId;
use crate::journal::Event;
use crate::record::{Frames, Head};

impl House {
    /// Removes every recording whose time is over; tells how many they were.
    ///
    /// # Errors
    /// Where one cannot be read or removed, or the journal fails: the first of it. That one stays for the next time, and
    /// the others go.
    pub async fn retire(&self) -> Result<usize, Fault> {
        let (mut removed, mut failed) = (0_usize, None);
        for session in self.record.over(self.clock.now()).await? {
            if self.live.has(session) {
                continue;
            }
            match self.retire_one(session).await {
                Ok(()) => removed = removed.saturating_add(1),
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    async fn retire_one(&self, session: SessionId) -> Result<(), Fault> {
        let Head { chunks, bytes, hash } = self.head_of(session).await?;
        let reason = "it was kept as long as it had to be".to_owned();
        self.write(None, Event::RecordingRemoved { session, chunks, bytes, head: hash, reason }).await?;
        self.record.remove(session).await
    }

    /// How far a recording goes, as it is there.
    async fn head_of(&self, session: SessionId) -> Result<Head, Fault> {
        let mut frames = Frames::new(session);
        let mut from = 0_u64;
        while let Some(bytes) = self.record.fetch(session, from).await?.filter(|bytes| !bytes.is_empty()) {
            from = from.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            frames.feed(&bytes);
            loop {
                match frames.pass() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    // THREAT: behind what was touched anything may follow, of any length
                    Err(_) => return Ok(frames.head()),
                }
            }
        }
        Ok(frames.head())
    }
}
