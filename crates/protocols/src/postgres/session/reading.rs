//! What a client's texts are read as, with the names that hold now; and making sure first that they do.
//!
//! It decides nothing. Where names may have changed, the server is asked on this very connection before anything is
//! read with them. Enter at `Session::read`.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds run what has a name")]

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use postern_core::{Code, Denial, OperationId};

use super::super::analyze::{self, Kind, Names, Statement};
use super::super::forward::Control;
use super::super::refuse;
use super::super::wire::{Report, TransactionStatus};
use super::names::Stale;
use super::registry::{Found, Portal};
use super::reply::{Answers, Reply};
use super::submission::{self, Meaning, Request, Wanted};
use super::{End, Pipeline, Session};

/// How many readings of statements a session keeps.
const MOST_KEPT: usize = 256;
/// The longest text whose reading is kept, in bytes.
const LONGEST_KEPT: usize = 16 << 10;

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
    of: Generation,
}

impl Readings {
    fn find(&self, text: &Bytes, now: Generation) -> Option<Arc<[Statement]>> {
        self.kept.get(text).filter(|_| self.of == now).map(Arc::clone)
    }

    fn keep(&mut self, text: &Bytes, reading: &Arc<[Statement]>, now: Generation) {
        if self.of != now || self.kept.len() >= MOST_KEPT {
            self.kept.clear();
            self.of = now;
        }
        if text.len() <= LONGEST_KEPT && lasts(reading) {
            self.kept.insert(Bytes::copy_from_slice(text), Arc::clone(reading));
        }
    }
}

/// Why a statement cannot be submitted as it stands.
pub(super) enum Obstacle {
    /// The target must answer first.
    NotYet,
    /// It must not be.
    Refuse(Report),
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
        let mut statements = analyze::in_order(self.reading(request), self.names.unsettled());
        if statements.iter().any(submission::names_another) && !self.replies.is_empty() {
            if !self.replies.settled() {
                return Ok(Err(Obstacle::NotYet));
            }
            let why = "what it names may be defined by the pipeline it stands in; end that with Sync before it";
            statements = statements.iter().map(|statement| analyze::doubtful(statement, why)).collect();
        }
        if let Some(name) = statements.iter().find_map(submission::unpinned) {
            let message = format!("setting `{name}` stays as it is here, because it changes how statements are read");
            return Ok(Err(Obstacle::Refuse(refuse::denial(&Denial::new(Code::SettingPinned, message)))));
        }
        Ok(Ok(statements))
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
        let names = Names {
            catalog: &self.names.catalog,
            search_path: &self.names.path,
            user: &self.names.user,
            prepared: &|name| self.registry.prepared(name),
            cursors: &|name| self.opened(name).map(|(statement, _)| statement),
        };
        let reading = submission::read(text, &names);
        self.readings.keep(text, &reading, now);
        reading
    }

    /// Makes sure that names mean what the server takes them to mean, or says why that cannot be known now. What names
    /// nothing does not need to know: it may be what sets right why the server does not say, and a question before it in
    /// its transaction would be in its way.
    async fn freshen(&mut self, request: &Request) -> Result<Option<Obstacle>, End> {
        let within = self.status != TransactionStatus::Idle || self.pipeline != Pipeline::None;
        let refusal = self.names.refusal();
        let postponed = refusal.is_some() || within || self.names.stale() == Stale::Path;
        if postponed && self.reading(request).iter().all(submission::names_nothing) {
            return Ok(None);
        }
        if let Some(report) = refusal {
            return Ok(Some(Obstacle::Refuse(report)));
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
            return Ok(Some(unreadable(
                "a COPY before it in this pipeline must have its data first",
                "end the pipeline with Sync before it",
            )));
        }
        // a failed transaction refuses everything but its end, which means the same under any names
        if self.status == TransactionStatus::Failed && self.pipeline != Pipeline::Executed {
            return Ok(None);
        }
        let by_query = self.replication.is_some();
        let question = self.names.question(within, by_query);
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

    /// All that gives a request its meaning besides its parameters and the settings that it runs under.
    pub(super) fn meaning(&self, request: &Request) -> Bytes {
        let mut meaning = Meaning::of(request);
        for statement in request.statements.iter() {
            match &statement.kind {
                Kind::Execute { name, .. } => {
                    meaning.part(self.registry.prepared(name).map(|named| named.text.to_string()).unwrap_or_default());
                }
                // its parameters are those that it was opened with
                Kind::Fetch { name } => {
                    meaning.part(self.opened(name).map(|(_, id)| id.to_string()).unwrap_or_default());
                }
                _ => {}
            }
            for touch in &statement.touches {
                meaning.part(self.names.catalog.identity(&touch.object));
            }
        }
        meaning.whole()
    }

    /// What `FETCH FROM name` shows, and the operation that opened it: a cursor, or a portal that stands.
    fn opened(&self, name: &str) -> Option<(Arc<Statement>, OperationId)> {
        if let Some(cursor) = self.registry.cursor(name) {
            return Some((Arc::clone(&cursor.statement), cursor.flow.id()));
        }
        let Found::Is(portal) = self.registry.portal(&Bytes::copy_from_slice(name.as_bytes()), true) else {
            return None;
        };
        let [statement] = &*portal.statements else { return None };
        self.still_means(&portal).then(|| (Arc::new(statement.clone()), portal.flow.id()))
    }

    /// Whether what the server looks up as it runs a portal is what was read as it was bound.
    pub(super) fn still_means(&self, portal: &Portal) -> bool {
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
    reading.iter().all(|one| one.kind == Kind::Plain)
}

fn unreadable(why: &str, hint: &str) -> Obstacle {
    Obstacle::Refuse(refuse::denial(&Denial::new(Code::Unreadable, why).hint(hint)))
}
