//! The catalogs of targets, read on connections of the gateway's own and shared between sessions for a while.
//!
//! One for each target, database and account that reads it: what one account may see is never shown by the
//! connection of another. Each question is journalled as the gateway's own.

#![expect(clippy::wildcard_enum_match_arm, reason = "of the gateway's own answers only rows and ends matter")]

use std::collections::HashMap;
use std::iter;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postern_core::gate::{Gate, Open};
use postern_core::{Code, Fault};
use tokio::time::timeout;

use super::catalog::{Catalog, Changes, QUERIES, Revision, Row};
use super::forward::{Control, Target};
use super::login::settings::Settings;
use super::login::{encoded, target};
use super::wire::{Backend, Frontend, Limit, frame, row};
use crate::wire::Inlet;

/// How long a target may take to tell its catalog.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// How long a catalog is made of an earlier one: the further back that is, the more counts as changed.
const WHOLE: Duration = Duration::from_secs(600);

/// A target, a database of it, and the account that reads its catalog.
type Key = (String, String, String);

/// What is known of one; the lock is held while it is read, so that it is read once for all who wait.
type Slot = Arc<tokio::sync::Mutex<Known>>;

/// What reading a catalog last came to.
#[derive(Default)]
struct Known {
    /// When it was asked for, and what it was.
    read: Option<(Instant, Arc<Catalog>)>,
    /// When it was last read as a whole.
    whole: Option<Instant>,
    /// When it could not be read, and why.
    failed: Option<(Instant, Fault)>,
}

/// The catalogs read so far.
#[derive(Default)]
pub(super) struct Catalogs {
    slots: Mutex<HashMap<Key, Slot>>,
}

impl Catalogs {
    /// The catalog of a session's database, no older than `fresh`. A failure is everybody's who waited for it, so that
    /// a target which is lost costs no session more than one wait.
    pub(super) async fn current(&self, gate: &Gate<Open>, fresh: Duration) -> Result<Arc<Catalog>, Fault> {
        let open = gate.target();
        let account = gate.catalog_login().user.clone();
        let key = (open.name.to_string(), gate.space().to_owned(), account);
        let slot = Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let came = Instant::now();
        let in_vain = |_| lost().hint("the target did not answer in time");
        let mut known = timeout(PATIENCE, slot.lock()).await.map_err(in_vain)?;
        if let Some((at, catalog)) = &known.read
            && at.elapsed() <= fresh
        {
            return Ok(Arc::clone(catalog));
        }
        if let Some((at, fault)) = &known.failed
            && *at >= came
        {
            return Err(fault.clone());
        }
        let asked = Instant::now();
        let left = PATIENCE.saturating_sub(came.elapsed());
        let lasts = known.whole.is_some_and(|at| at.elapsed() <= WHOLE);
        let earlier = known.read.as_ref().filter(|_| lasts).map(|(_, catalog)| Arc::clone(catalog));
        match timeout(left, read(gate, earlier.as_ref())).await.map_err(in_vain).flatten() {
            Ok(catalog) => {
                if earlier.is_none() {
                    known.whole = Some(asked);
                }
                known.read = Some((asked, Arc::clone(&catalog)));
                Ok(catalog)
            }
            Err(fault) => {
                known.failed = Some((Instant::now(), fault.clone()));
                Err(fault)
            }
        }
    }
}

/// Reads a catalog, or of an earlier one what has changed. It is the earlier one itself where nothing has, so that
/// whatever was read with it still holds.
async fn read(gate: &Gate<Open>, earlier: Option<&Arc<Catalog>>) -> Result<Arc<Catalog>, Fault> {
    let (lease, link) = gate.catalog_lease().await?;
    let welcome = target::log_in(&lease, link, gate.space(), &Settings::own()).await?;
    let mut line = Line { gate, inlet: welcome.inlet, target: Target::new(welcome.outlet) };
    let catalog = match earlier {
        Some(earlier) => line.revised(earlier).await?,
        None => line.whole().await?,
    };
    line.target.control(&Control::Terminate);
    line.target.let_out();
    line.target.finish().await;
    Ok(catalog)
}

/// A connection of the gateway's own.
struct Line<'a> {
    gate: &'a Gate<Open>,
    inlet: Inlet,
    target: Target,
}

impl Line<'_> {
    async fn whole(&mut self) -> Result<Arc<Catalog>, Fault> {
        // what changes while the rest is read is told as changed later
        let lately = Changes::lately();
        let mut answers = self.ask(iter::once(&*lately).chain(QUERIES.iter().copied())).await?.into_iter();
        let changes = Changes::of(&answers.next().unwrap_or_default()).map_err(|error| unreadable().cause(error))?;
        let catalog = Catalog::from_rows(self.gate.space(), answers.as_slice());
        Ok(Arc::new(catalog.map_err(|error| unreadable().cause(error))?.as_of(changes)))
    }

    async fn revised(&mut self, earlier: &Arc<Catalog>) -> Result<Arc<Catalog>, Fault> {
        let changes = self.ask(iter::once(&*earlier.changes())).await?.concat();
        let changes = Changes::of(&changes).map_err(|error| unreadable().cause(error))?;
        let Some(revision) = Revision::of(earlier, changes, false) else { return Ok(Arc::clone(earlier)) };
        let answers = self.ask(revision.questions(false).iter().map(AsRef::as_ref)).await?;
        Ok(Arc::new(revision.made(answers).map_err(|error| unreadable().cause(error))?))
    }

    async fn ask(&mut self, texts: impl Iterator<Item = &str> + Send) -> Result<Vec<Vec<Row>>, Fault> {
        let mut count = 0_usize;
        for text in texts {
            let payload = encoded(&Frontend::Query { text: Bytes::copy_from_slice(text.as_bytes()) });
            self.target.forward(self.gate.own(text, payload).await?);
            count = count.saturating_add(1);
        }
        self.target.let_out();
        self.target.drain_all().await.map_err(|error| lost().cause(error))?;
        answers(&mut self.inlet, count).await
    }
}

/// How much a target may say of its catalog, in bytes: a million columns take a third of it.
const MOST_SAID: usize = 256 << 20;

/// The answers to as many questions, in order.
pub(super) async fn answers(inlet: &mut Inlet, count: usize) -> Result<Vec<Vec<Row>>, Fault> {
    answers_within(inlet, count, MOST_SAID).await
}

/// THREAT: a target that answers for as long as anybody listens.
async fn answers_within(inlet: &mut Inlet, count: usize, most: usize) -> Result<Vec<Vec<Row>>, Fault> {
    let (mut answers, mut left) = (Vec::with_capacity(count), most);
    for _ in 0..count {
        answers.push(answer(inlet, &mut left).await?);
    }
    Ok(answers)
}

async fn answer(inlet: &mut Inlet, left: &mut usize) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    loop {
        let next = frame::next(&mut inlet.buffer, Limit::server(*left)).map_err(|error| unreadable().cause(error))?;
        let Some(frame) = next else {
            if inlet.fill().await.map_err(|error| lost().cause(error))? == 0 {
                return Err(lost());
            }
            continue;
        };
        *left = left.saturating_sub(frame.raw.len());
        match Backend::decode(&frame).map_err(|error| unreadable().cause(error))? {
            Backend::DataRow(body) => rows.push(texts(&body).ok_or_else(unreadable)?),
            Backend::ReadyForQuery { .. } => return Ok(rows),
            Backend::ErrorResponse(report) => {
                let said = report.message().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
                let hint = match report.code() {
                    // a database in SQL_ASCII, or in an encoding with letters that no other has, may hold such names
                    Some(b"22021" | b"22P05") => {
                        "something in the target's database has a name, or a text, that cannot be told in UTF-8: rename it"
                    }
                    _ => "the target's `catalog_login` must be able to read pg_catalog",
                };
                return Err(unreadable().cause(said).hint(hint));
            }
            _ => {}
        }
    }
}

/// A row's values as text.
pub(super) fn texts(body: &[u8]) -> Option<Row> {
    let text = |value: &[u8]| String::from_utf8(value.to_vec());
    row::cells(body).map(|cell| cell.ok()?.map(text).transpose().ok()).collect()
}

pub(super) fn unreadable() -> Fault {
    Fault::target(Code::TargetViolation, "the target's catalog cannot be read")
}

pub(super) fn lost() -> Fault {
    Fault::target(Code::TargetLost, "the connection to the target was lost while its catalog was read")
}

#[cfg(test)]
mod tests;
