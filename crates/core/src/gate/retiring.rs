//! Removing recordings whose time is over.
//!
//! INVARIANT: that one is removed, and what it was, stands in the journal before it is gone; its head stays there, so that
//! the rest still verifies. Enter at [`House::retire`].

use crate::fault::Fault;
use crate::gate::House;
use crate::id::SessionId;
use crate::journal::Event;
use crate::record::{Head, Reader};

impl House {
    /// Removes every recording whose time is over; tells how many they were.
    ///
    /// # Errors
    /// Where they cannot be read or removed, or the journal fails; the rest stays for the next time.
    pub async fn retire(&self) -> Result<usize, Fault> {
        let mut removed = 0_usize;
        for session in self.record.over(self.clock.now()).await? {
            if self.live.has(session) {
                continue;
            }
            let Head { chunks, bytes, hash } = self.head_of(session).await?;
            let reason = "it was kept as long as it had to be".to_owned();
            self.write(None, Event::RecordingRemoved { session, chunks, bytes, head: hash, reason }).await?;
            self.record.remove(session).await?;
            removed = removed.saturating_add(1);
        }
        Ok(removed)
    }

    /// How much of a recording is there and as it was written.
    async fn head_of(&self, session: SessionId) -> Result<Head, Fault> {
        let mut reader = Reader::new(&self.record_keys, session)?;
        let mut from = 0_u64;
        while let Some(bytes) = self.record.fetch(session, from).await?.filter(|bytes| !bytes.is_empty()) {
            from = from.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            reader.feed(&bytes);
            // what was touched counts up to there
            while let Ok(Some(_)) = reader.read() {}
        }
        Ok(reader.head())
    }
}
