//! Finding records of the journal again, without reading all of it.
//!
//! What is written is noted in memory, block by block, and goes to the store once a second: which sessions say something
//! in a block, who they are, what they touch, how that was decided. Somebody who looks for something is led to the
//! blocks; what they get is read from the journal's files. A gateway that was killed, or that was too busy to note, makes
//! up for it from the same files. Enter at [`Index::open`].

mod noted;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::journal::query::{self, Entry, Query};
use postern_core::journal::{Draft, Record, Sealer};
use postern_core::ports::{Found, Hit, Later, Search};
use tokio::task::JoinSet;

use self::noted::{Noted, Who};
use crate::journal;
use crate::store::Store;

/// How many records are looked at together.
const BLOCK: u64 = 512;

/// How many blocks one search reads before it answers with what it has.
const PATIENCE: u32 = 64;

/// How often what was noted goes to the store.
const ROUND: Duration = Duration::from_secs(1);

/// Records that are read again after a kill: sessions side by side are not noted in the order of their records.
const OVERLAP: u64 = 4 * BLOCK;

/// The index of a journal. Its upkeep ends when it is dropped.
pub struct Index {
    desk: Arc<Desk>,
    _upkeep: JoinSet<()>,
}

struct Desk {
    folder: PathBuf,
    store: Arc<Store>,
    sealer: Sealer,
    noted: Mutex<Noted>,
    /// Held while what was noted goes to the store, so that it goes there in order.
    flushing: tokio::sync::Mutex<()>,
}

impl Index {
    /// The index of the journal in `folder`, kept in `store`. Makes up for what the last gateway has not noted by and by;
    /// a search waits for that.
    #[must_use]
    pub fn open(folder: &Path, store: Arc<Store>, sealer: Sealer) -> Self {
        let (noted, flushing) = (Mutex::new(Noted::behind()), tokio::sync::Mutex::default());
        let desk = Arc::new(Desk { folder: folder.to_owned(), store, sealer, noted, flushing });
        let mut upkeep = JoinSet::new();
        upkeep.spawn(keep_up(Arc::clone(&desk)));
        Self { desk, _upkeep: upkeep }
    }

    /// Notes drafts that were written; the last of them as record `last`.
    pub fn note(&self, last: u64, drafts: &[Draft]) {
        let mut noted = self.desk.noted();
        let before = u64::try_from(drafts.len()).unwrap_or(u64::MAX);
        let first = last.saturating_sub(before).saturating_add(1);
        for (seq, draft) in (first..).zip(drafts) {
            noted.take(seq, draft.at, draft.session, &draft.event);
        }
        if noted.is_full() {
            noted.overlook();
        }
    }

    /// Brings what was noted to the store.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn flush(&self) -> Result<(), Fault> {
        self.desk.flush().await
    }
}

impl Search for Index {
    fn search<'a>(&'a self, query: &'a Query, before: Option<u64>, most: usize) -> Later<'a, Result<Found, Fault>> {
        Box::pin(self.desk.search(query, before, most))
    }
}

async fn keep_up(desk: Arc<Desk>) {
    while !desk.store.is_closed() {
        tokio::time::sleep(ROUND).await;
        if let Err(fault) = desk.flush().await
            && !desk.store.is_closed()
        {
            tracing::warn!(%fault, cause = fault.cause, "the journal's index falls behind");
        }
    }
}

impl Desk {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn flush(&self) -> Result<(), Fault> {
        let _in_turn = self.flushing.lock().await;
        let taken = self.noted().give();
        // INVARIANT: what was given away and did not arrive is read from the journal, whoever stopped waiting for it
        let missing = Missing(Some(self));
        match taken {
            Some((places, _)) if places.is_empty() => {}
            Some((places, upto)) => self.store.index(&places, upto).await?,
            None => self.make_up().await?,
        }
        missing.arrived();
        Ok(())
    }

    /// Notes from the journal's files what is not in the store.
    async fn make_up(&self) -> Result<(), Fault> {
        let mut from = self.store.indexed().await?.saturating_sub(OVERLAP).saturating_add(1);
        loop {
            let records = self.read(from, from.saturating_add(BLOCK).saturating_sub(1)).await?;
            let Some(last) = records.last().map(|record| record.seq) else { return Ok(()) };
            let mut noted = Noted::default();
            for record in &records {
                if let Some(session) = record.session.filter(|session| !noted.knows(session))
                    && let Some((principal, target)) = self.store.session_of(&session.to_string()).await?
                {
                    noted.know(session, Who::new(&principal, &target));
                }
                noted.take(record.seq, record.at, record.session, &record.event);
                if noted.is_full() || record.seq == last {
                    let (places, upto) = noted.give().unwrap_or_default();
                    self.store.index(&places, upto).await?;
                }
            }
            from = last.saturating_add(1);
        }
    }

    async fn search(&self, query: &Query, before: Option<u64>, most: usize) -> Result<Found, Fault> {
        self.flush().await?;
        let before = before.unwrap_or(u64::MAX);
        let blocks = self.store.places(query, before.saturating_sub(1) / BLOCK, PATIENCE).await?;
        let all = blocks.len() < usize::try_from(PATIENCE).unwrap_or(usize::MAX);
        let mut hits = Vec::new();
        let mut next = None;
        for block in blocks {
            let from = block.saturating_mul(BLOCK);
            let sessions = self.store.sessions_in(block).await?;
            let sessions: HashMap<String, (String, String)> =
                sessions.into_iter().map(|(session, principal, target)| (session, (principal, target))).collect();
            let records = self.read(from, from.saturating_add(BLOCK).saturating_sub(1)).await?;
            for record in records.into_iter().rev().filter(|record| record.seq < before) {
                next = Some(record.seq);
                hits.extend(self.hit(query, record, &sessions));
                if hits.len() == most {
                    return Ok(Found { hits, next });
                }
            }
        }
        Ok(Found { hits, next: next.filter(|_| !all) })
    }

    /// The record, where it is what is looked for.
    fn hit(&self, query: &Query, record: Record, sessions: &HashMap<String, (String, String)>) -> Option<Hit> {
        let session = record.session.and_then(|session| sessions.get(&session.to_string()));
        let known = |said: Option<&str>, noted: Option<&String>| {
            let noted = noted.map(String::as_str).filter(|noted| !noted.is_empty());
            said.or(noted).map(str::to_owned)
        };
        let principal = known(query::who(&record.event), session.map(|(principal, _)| principal));
        let target = known(query::target(&record.event), session.map(|(_, target)| target));
        let opened = query.reads_text().then(|| self.sealer.open_in(&record.event)).flatten();
        let entry = Entry {
            record: &record,
            principal: principal.as_deref(),
            target: target.as_deref(),
            opened: opened.as_ref(),
        };
        if !query.picks(&entry) {
            return None;
        }
        let opened = opened.or_else(|| self.sealer.open_in(&record.event));
        Some(Hit { record, principal, target, opened })
    }

    async fn read(&self, from: u64, to: u64) -> Result<Vec<Record>, Fault> {
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || journal::range(&folder, from, to)).await;
        read.map_err(io::Error::other).flatten().map_err(|error| {
            Fault::gateway(Code::Internal, "the journal cannot be searched")
                .hint("see that the gateway's account may read its files")
                .cause(error)
        })
    }
}

/// What was taken to the store, and is missing there unless it is said to have arrived.
struct Missing<'a>(Option<&'a Desk>);

impl Missing<'_> {
    fn arrived(mut self) {
        self.0 = None;
    }
}

impl Drop for Missing<'_> {
    fn drop(&mut self) {
        if let Some(desk) = self.0 {
            desk.noted().overlook();
        }
    }
}

/// The block that a record stands in.
fn block_of(seq: u64) -> u64 {
    seq / BLOCK
}

/// A session's name as the store keeps it; nothing for what belongs to none.
fn name_of(session: Option<SessionId>) -> String {
    session.map(|session| session.to_string()).unwrap_or_default()
}
