//! What a client's texts are read as, with the names that hold now; and making sure first that they do.
//!
//! It decides nothing. Where names may have changed, the server is asked on this very connection before anything is
//! read with them. Enter at `Session::read`.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds run what has a name")]

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use postern_core::gate::Flow;
use postern_core::{Code, Denial};

use super::super::analyze::{self, Kept, Kind, Names, Shape, Statement, setting};
use super::super::forward::Control;
use super::super::refuse;
use super::super::wire::{Report, TransactionStatus};
use super::names::{Stale, Standpoint};
use super::registry::{Found, Portal, Source};
use super::reply::{Answers, Reply};
use super::submission::{self, Meaning, Request, Wanted};
use super::{End, Pipeline, Session};

/// How many readings of statements a session keeps.
const MOST_KEPT: usize = 256;
/// How many names of statements it keeps what they stand for; one text looks up no more than it has statements.
const MOST_NAMED: usize = 1000;
/// The longest text whose reading is kept, in bytes.
const LONGEST_KEPT: usize = 16 << 10;
/// The heaviest reading that is kept, and how much all that are kept may weigh together: a short text may name many columns
/// many times.
const HEAVIEST_KEPT: usize = 2_000;
const MOST_HELD: usize = 50_000;

/// How often names have come to mean something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Generation(u64);

impl Generation {
    /// What names meant until now they mean no longer.
    pub(super) fn pass(&mut self) {
        self.0 = self.0.saturating_add(1);
    }
}

/// When something was read: what names of the database meant then, and what those of the session did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(Generation, Generation);

/// What texts were read as, with the names of one generation.
#[derive(Default)]
pub(super) struct Readings {
    kept: HashMap<Bytes, Arc<[Statement]>>,
    /// What all texts of a shape are read as.
    shapes: HashMap<Shape, Statement>,
    weight: usize,
    of: Generation,
}

impl Readings {
    fn find(&self, text: &Bytes, now: Generation) -> Option<Arc<[Statement]>> {
        // looking for a text costs as much as it is long
        if self.of != now || text.len() > LONGEST_KEPT {
            return None;
        }
        let alike = || self.shapes.get(&Shape::of(text)?).map(|one| Arc::from([one.of_same_shape(text)]));
        self.kept.get(text).map(Arc::clone).or_else(alike)
    }

    fn keep(&mut self, text: &Bytes, reading: &Arc<[Statement]>, now: Generation) {
        let weight = reading.iter().map(|one| one.deed.weight().saturating_add(one.names.len())).sum();
        let keeps = text.len() <= LONGEST_KEPT && weight <= HEAVIEST_KEPT && lasts(reading);
        let full = self.kept.len().saturating_add(self.shapes.len()) >= MOST_KEPT;
        if self.of != now || (keeps && (full || self.weight.saturating_add(weight) > MOST_HELD)) {
            *self = Self { of: now, ..Self::default() };
        }
        if !keeps {
            return;
        }
        self.weight = self.weight.saturating_add(weight);
        match Shape::of(text).zip(Shape::fits(text, reading)) {
            Some((shape, one)) => drop(self.shapes.insert(shape, one.clone())),
            None => drop(self.kept.insert(Bytes::copy_from_slice(text), Arc::clone(reading))),
        }
    }
}

/// What the names of statements stand for, as read at one moment.
#[derive(Default)]
pub(super) struct Named {
    kept: HashMap<String, Option<Kept>>,
    at: Option<Moment>,
}

impl Named {
    /// Forgets what was read at another moment, and what would be too much.
    fn begin(&mut self, at: Moment) {
        if self.at != Some(at) || self.kept.len() >= MOST_NAMED {
            self.kept.clear();
            self.at = Some(at);
        }
    }

    /// What a name stands for; or it is put among those that are still to be read.
    fn find(&self, name: &str, unread: &RefCell<BTreeSet<String>>) -> Option<Kept> {
        match self.kept.get(name) {
            Some(kept) => kept.clone(),
            None => {
                unread.borrow_mut().insert(name.to_owned());
                None
            }
        }
    }

    fn keep(&mut self, name: String, kept: Option<Kept>) {
        self.kept.insert(name, kept);
    }
}

/// Why a statement cannot be submitted as it stands.
pub(super) enum Obstacle {
    /// The target must answer first.
    NotYet,
    /// It must not be, for this reason; without one, the server says why.
    Refuse(Option<Report>),
}

impl Session<'_> {
    /// Reads a request's text with the names that hold now.
    pub(super) async fn read(&mut self, request: &Request) -> Result<Result<Arc<[Statement]>, Obstacle>, End> {
        if let Some(read) = self.as_walsender(request) {
            return Ok(read);
        }
        if let Some(obstacle) = self.freshen(request).await? {
            return Ok(Err(obstacle));
        }
        let reading = self.reading(request);
        if let Some(obstacle) = self.unconfirmed(&reading) {
            return Ok(Err(obstacle));
        }
        let unsettled = self.names.unsettled() || self.names.stale() != Stale::Nothing;
        let statements = analyze::in_order(reading, unsettled);
        if let Some(name) = statements.iter().find_map(submission::unpinned) {
            let message = format!("setting `{name}` stays as it is here, because it changes how statements are read");
            return Ok(Err(Obstacle::Refuse(Some(refuse::denial(&Denial::new(Code::SettingPinned, message))))));
        }
        if statements.iter().any(|statement| submission::poses(statement, &self.called)) {
            let denial = Denial::new(Code::SettingPinned, setting::POSING);
            return Ok(Err(Obstacle::Refuse(Some(refuse::denial(&denial)))));
        }
        Ok(Ok(statements))
    }

    /// What stands in the way of statements that run what another one named: the server has not said yet whether that,
    /// or what came after it, was done. It is asked to.
    pub(super) fn unconfirmed(&mut self, statements: &[Statement]) -> Option<Obstacle> {
        if self.replies.is_empty() || statements.iter().all(|statement| statement.runs.is_empty()) {
            return None;
        }
        if self.replies.settled() {
            if self.replies.may_take_copy() {
                return Some(after_copy());
            }
            self.to_target.control(&Control::Flush);
            self.replies.await_all();
        }
        Some(Obstacle::NotYet)
    }

    fn reading(&mut self, request: &Request) -> Arc<[Statement]> {
        let (text, now) = (&request.text, self.names.generation());
        if let Wanted::Bind { prepared, .. } = &request.wanted
            && prepared.of == now
            && lasts(&prepared.statements)
        {
            return Arc::clone(&prepared.statements);
        }
        if let Some(reading) = self.readings.find(text, now) {
            return reading;
        }
        let at = self.moment();
        self.named.begin(at);
        let mut budget = analyze::LONGEST;
        // what a text names is read as the server reads it now, however it was read when it got the name
        let reading = loop {
            let unread = RefCell::default();
            let reading = self.read_with(text, &|name| self.named.find(name, &unread));
            let unread: BTreeSet<String> = unread.into_inner();
            if unread.is_empty() {
                break reading;
            }
            for name in unread {
                let kept = self.prepared(&name, &mut budget);
                self.named.keep(name, kept);
            }
        };
        self.readings.keep(text, &reading, now);
        reading
    }

    fn read_with(&self, text: &Bytes, prepared: &dyn Fn(&str) -> Option<Kept>) -> Arc<[Statement]> {
        let (catalog, Standpoint { user, path, .. }) = (&self.names.catalog, &self.names.standpoint);
        let (encoding, cursors) = (self.names.encoding, &|name: &str| self.opened(name));
        submission::read(text, &Names { encoding, prepared, cursors, ..Names::of(catalog, path, user) })
    }

    /// What `EXECUTE name` runs. What that runs by name itself is not followed.
    ///
    /// THREAT: a short message that names many long texts. Together they are no longer than one message may be.
    fn prepared(&self, name: &str, budget: &mut usize) -> Option<Kept> {
        let source = self.registry.prepared(name)?;
        *budget = budget.checked_sub(source.text().len())?;
        let reading = self.read_with(source.text(), &|_| None);
        let [one] = &*reading else { return None };
        let statement = match (&source, &one.kind) {
            (Source::Sql(_), Kind::Prepare { inner, .. }) => Arc::clone(inner),
            (Source::Sql(_), _) => return None,
            (Source::Message(..), _) => Arc::new(one.clone()),
        };
        Some(Kept { statement, source: source.whole(), under: None })
    }

    /// Makes sure that names mean what the server takes them to mean, or says why that cannot be known now. What names
    /// nothing does not need to know: it may be what sets right why the server does not say, and a question before it in
    /// its transaction would be in its way.
    async fn freshen(&mut self, request: &Request) -> Result<Option<Obstacle>, End> {
        let within = self.within();
        let refusal = self.names.refusal();
        let postponed = refusal.is_some() || within || self.names.stale() == Stale::Path;
        if postponed && self.reading(request).iter().all(submission::names_nothing) {
            return Ok(None);
        }
        if let Some(report) = refusal {
            return Ok(Some(Obstacle::Refuse(Some(report))));
        }
        // a target that says nothing must not keep a session that is over
        tokio::select! {
            fault = &mut self.over => return Err(End::Fault(fault)),
            refreshed = self.names.refresh(self.catalogs, &mut self.gate) => refreshed?,
        }
        if self.names.stale() == Stale::Nothing {
            return Ok(None);
        }
        if !self.replies.settled() {
            return Ok(Some(Obstacle::NotYet));
        }
        if self.replies.may_take_copy() {
            return Ok(Some(after_copy()));
        }
        // a failed transaction refuses everything but its end, which means the same under any names
        if self.status == TransactionStatus::Failed && self.pipeline != Pipeline::Executed {
            return Ok(None);
        }
        let by_query = self.replication.is_some();
        if !by_query && self.has_done_nothing(request) {
            if !self.replies.is_empty() {
                self.to_target.control(&Control::Flush);
                self.replies.await_all();
                return Ok(Some(Obstacle::NotYet));
            }
            self.to_target.control(&Control::Sync);
            self.replies.expect(Reply::OwnSync);
            self.pipeline = Pipeline::None;
            self.registry.end_pipeline();
        }
        let question = self.names.question(self.within(), by_query);
        let permit = self.gate.own(&question.text, question.payload).await?;
        self.to_target.forward(permit);
        self.replies.expect(Reply::Own(Answers::to(question.answers, by_query)));
        // a Sync of the gateway's own would end the client's pipeline, and commit what was executed in it
        if by_query {
            self.replies.expect(Reply::OwnSync);
        } else if self.pipeline != Pipeline::None {
            self.to_target.control(&Control::Flush);
        } else {
            self.to_target.control(&Control::Sync);
            self.replies.expect(Reply::OwnSync);
        }
        Ok(Some(Obstacle::NotYet))
    }

    /// Whether the pipeline at hand can be ended before a request without anybody noticing. A question of the gateway's own
    /// would be one of its commands: with the second of them PostgreSQL 18 begins a transaction, which a Query does not end
    /// then, and in which some statements are refused.
    fn has_done_nothing(&self, request: &Request) -> bool {
        let ends = matches!(request.wanted, Wanted::Run | Wanted::Call);
        let nothing = self.pipeline == Pipeline::Prepared || (self.pipeline == Pipeline::Bound && ends);
        nothing && self.status == TransactionStatus::Idle
    }

    /// Whether a transaction is open, or may be.
    pub(super) fn within(&self) -> bool {
        self.status != TransactionStatus::Idle || self.pipeline != Pipeline::None
    }

    /// All that gives a request its meaning besides its parameters and the settings that it runs under; nothing where
    /// nobody here knows what it runs.
    pub(super) fn meaning(&self, request: &Request) -> Option<Bytes> {
        // a failed transaction is not asked what names mean, and may end in this very message
        if self.status == TransactionStatus::Failed && self.names.stale() != Stale::Nothing {
            return None;
        }
        let mut meaning = Meaning::of(&request.text, &request.types, &request.formats);
        let mut named = HashSet::new();
        for statement in request.statements.iter() {
            match &statement.kind {
                Kind::Prepare { name, .. } | Kind::DeclareCursor { name, .. } => drop(named.insert(name)),
                // its rows are not here yet
                Kind::CopyIn => return None,
                _ => {}
            }
            for run in &statement.runs {
                match &run.kept {
                    Some(kept) => meaning.part(&kept.source),
                    // what the same text names itself, that text says
                    None if named.contains(&run.name) => {}
                    None => return None,
                }
            }
            // THREAT: an approval of what was done to one row serves for the next, and for the next; or for what stands in
            // the same place of another session
            if statement.positional {
                meaning.part(self.gate.session().to_string());
                meaning.part(self.registry.ran().to_be_bytes());
            }
            for touch in &statement.touches {
                meaning.part(self.names.catalog.identity(&touch.object));
            }
        }
        Some(meaning.whole())
    }

    /// What `FETCH FROM name` shows: a cursor, or a portal that stands. Its parameters are those that it was opened with.
    fn opened(&self, name: &str) -> Option<Kept> {
        let kept = |statement, flow: &Flow| {
            let (source, under) = (Bytes::from(flow.id().to_string()), Some(Arc::clone(flow.masks())));
            Kept { statement, source, under }
        };
        if let Some(cursor) = self.registry.cursor(name) {
            return Some(kept(Arc::clone(&cursor.statement), &cursor.flow));
        }
        let Found::Is(portal) = self.registry.portal(&Bytes::copy_from_slice(name.as_bytes()), true) else {
            return None;
        };
        let [statement] = &*portal.statements else { return None };
        self.still_means(&portal).then(|| kept(Arc::new(statement.clone()), &portal.flow))
    }

    /// Whether what the server looks up as it runs a portal is what was read as it was bound, and stands where it stood.
    pub(super) fn still_means(&self, portal: &Portal) -> bool {
        let elsewhere = portal.ran.load(Ordering::Relaxed) != self.registry.ran();
        if elsewhere && portal.statements.iter().any(|statement| statement.positional) {
            return false;
        }
        let moved = self.names.stale() != Stale::Nothing || portal.at != self.moment();
        !(moved && portal.statements.iter().any(submission::resolves_late))
    }

    /// What names mean now.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.names.generation(), self.registry.generation())
    }
}

/// Whether a reading holds as long as the names of the database do: what `EXECUTE` and `FETCH` mean changes without them.
fn lasts(reading: &[Statement]) -> bool {
    reading.iter().all(|one| one.kind == Kind::Plain && one.runs.is_empty())
}

fn after_copy() -> Obstacle {
    let denial = Denial::new(Code::Unreadable, "a COPY before it in this pipeline must have its data first");
    Obstacle::Refuse(Some(refuse::denial(&denial.hint("end the pipeline with Sync before it"))))
}

#[cfg(test)]
mod tests;
