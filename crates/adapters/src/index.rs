//! Finding records of the journal again, without reading all of it.
//!
//! What is written is noted in memory, block by block, and goes to the store once a second: which sessions say something
//! in a block, who they are, what they touch, how that was decided. Somebody who looks for something is led to the
//! blocks; what they get is read from the journal's files. A gateway that was killed, or that was too busy to note, makes
//! up for it from the same files. Enter at [`Index::open`].

mod noted;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::journal::query::{self, Entry, Query};
use postern_core::journal::{Draft, Record, Sealer, Unsealed};
use postern_core::ports::{Found, Hit, Later, Search};
use tokio::task::JoinSet;

use self::noted::{Noted, Who};
use crate::journal;
use crate::store::{Place, Store};

/// How many records are looked at together.
const BLOCK: u64 = 512;

/// How many blocks one search reads before it answers with what it has.
const PATIENCE: u32 = 64;

/// How often what was noted goes to the store.
const ROUND: Duration = Duration::from_secs(1);

/// How long it is looked again for a line that waits to be written, and how many times.
const SOON: Duration = Duration::from_millis(50);
const LOOKS: u32 = 20;

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

    async fn flush(self: &Arc<Self>) -> Result<(), Fault> {
        let _in_turn = self.flushing.lock().await;
        let taken = self.noted().give();
        // INVARIANT: what was given away and did not arrive is read from the journal, whoever stopped waiting for it
        let missing = Missing(Some(self));
        let taken = match taken {
            Some(taken) => Some(taken),
            None => {
                self.make_up().await?;
                self.noted().give()
            }
        };
        if let Some((places, upto)) = taken.filter(|(places, _)| !places.is_empty()) {
            self.store.index(&places, upto).await?;
        }
        missing.arrived();
        Ok(())
    }

    /// Notes from the journal's files what is not in the store, up to where nothing is missing.
    ///
    /// THREAT: read to its end, a journal that grows as fast is read for ever, record by record.
    async fn make_up(self: &Arc<Self>) -> Result<(), Fault> {
        let mut from = self.store.indexed().await?.saturating_sub(OVERLAP).saturating_add(1);
        let mut waited = 0_u32;
        loop {
            let noted = self.reading(move |desk| desk.noted_from(from)).await?;
            let (places, upto) = noted.unwrap_or_default();
            if !places.is_empty() {
                self.store.index(&places, upto).await?;
                from = upto.saturating_add(1);
            }
            match self.noted().whole() {
                Some(whole) if from <= whole => {}
                Some(_) => return Ok(()),
                None if places.is_empty() => return Ok(()),
                None => {}
            }
            // what has happened already is noted before its line is in the file
            if places.is_empty() {
                waited = waited.saturating_add(1);
                if waited > LOOKS {
                    let message = "the journal's files do not hold what was written to it";
                    return Err(Fault::gateway(Code::Internal, message));
                }
                tokio::time::sleep(SOON).await;
            }
        }
    }

    /// What there is to note of the next records; nothing where there are none.
    fn noted_from(&self, from: u64) -> io::Result<Option<(Vec<Place>, u64)>> {
        let (mut noted, mut count, mut failed) = (Noted::default(), 0_u64, Ok(()));
        let store = tokio::runtime::Handle::current();
        journal::range(&self.folder, from, |record| {
            if let Some(session) = record.session.filter(|session| !noted.knows(session)) {
                match store.block_on(self.store.session_of(&session.to_string())) {
                    Ok(Some((principal, target))) => noted.know(session, Who::new(&principal, &target)),
                    Ok(None) => {}
                    Err(fault) => failed = Err(io::Error::other(fault)),
                }
            }
            noted.take(record.seq, record.at, record.session, &record.event);
            count = count.saturating_add(1);
            if noted.is_full() || count == BLOCK || failed.is_err() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        failed?;
        Ok(noted.give())
    }

    async fn search(self: &Arc<Self>, query: &Query, before: Option<u64>, most: usize) -> Result<Found, Fault> {
        self.flush().await?;
        let mut before = before.unwrap_or(u64::MAX);
        let blocks = self.store.places(query, before.saturating_sub(1) / BLOCK, PATIENCE).await?;
        let all = blocks.len() < usize::try_from(PATIENCE).unwrap_or(usize::MAX);
        let mut hits = Vec::new();
        for block in blocks {
            let sessions = self.store.sessions_in(block).await?;
            let sessions = sessions.into_iter().map(|(session, principal, target)| (session, (principal, target)));
            let look = Look { query: query.clone(), sessions: sessions.collect(), block, before };
            let left = most.saturating_sub(hits.len());
            let (mut newest, more) = self.reading(move |desk| desk.look(&look, left)).await?;
            before = if more { newest.front().map_or(0, |hit| hit.record.seq) } else { block.saturating_mul(BLOCK) };
            while let Some(hit) = newest.pop_back() {
                hits.push(hit);
            }
            if hits.len() >= most {
                return Ok(Found { hits, next: Some(before) });
            }
        }
        Ok(Found { hits, next: Some(before).filter(|_| !all) })
    }

    /// The newest hits in a block, at most `most`, and whether there may be older ones in it.
    fn look(&self, look: &Look, most: usize) -> io::Result<(VecDeque<Hit>, bool)> {
        let (mut hits, mut more) = (VecDeque::new(), false);
        let from = look.block.saturating_mul(BLOCK);
        journal::range(&self.folder, from, |record| {
            if record.seq >= look.before || block_of(record.seq) > look.block {
                return ControlFlow::Break(());
            }
            hits.extend(self.hit(look, record));
            if hits.len() > most {
                hits.pop_front();
                more = true;
            }
            ControlFlow::Continue(())
        })?;
        Ok((hits, more))
    }

    /// The record, where it is what is looked for.
    fn hit(&self, look: &Look, mut record: Record) -> Option<Hit> {
        let session = record.session.and_then(|session| look.sessions.get(&session.to_string()));
        let known = |said: Option<&str>, noted: Option<&String>| {
            let noted = noted.map(String::as_str).filter(|noted| !noted.is_empty());
            said.or(noted).map(str::to_owned)
        };
        let principal = known(query::who(&record.event), session.map(|(principal, _)| principal));
        let target = known(query::target(&record.event), session.map(|(_, target)| target));
        let opened = look.query.reads_text().then(|| self.sealer.open_in(&record.event)).flatten();
        let entry = Entry {
            record: &record,
            principal: principal.as_deref(),
            target: target.as_deref(),
            opened: opened.as_ref(),
        };
        if !look.query.picks(&entry) {
            return None;
        }
        let opened = opened.or_else(|| self.sealer.open_in(&record.event)).map(shortened);
        // a page of them must not be as large as what was uploaded in them
        record.event.forget_sealed();
        Some(Hit { record, principal, target, opened })
    }

    /// Does something with the journal's files, where it keeps nobody waiting.
    async fn reading<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let desk = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || read(&desk)).await;
        read.map_err(io::Error::other).flatten().map_err(|error| {
            Fault::gateway(Code::Internal, "the journal cannot be searched")
                .hint("see that the gateway's account may read its files")
                .cause(error)
        })
    }
}

/// What is looked for in one block.
struct Look {
    query: Query,
    /// Who and where the sessions of the block are.
    sessions: HashMap<String, (String, String)>,
    block: u64,
    /// Only records before this one.
    before: u64,
}

/// A statement as far as a page of them shows it; `audit export --unseal` shows all of it.
fn shortened(mut opened: Unsealed) -> Unsealed {
    let cut = |text: &mut String, most: usize| {
        if text.len() > most {
            text.truncate(text.floor_char_boundary(most));
            text.push('…');
        }
    };
    cut(&mut opened.text, 64 * 1024);
    opened.values.parameters.truncate(64);
    opened.values.parameters.iter_mut().flatten().for_each(|value| cut(value, 1024));
    opened
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
