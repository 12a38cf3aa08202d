//! Prepared statements and portals by name, as the server knows them.
//!
//! THREAT: deciding about one statement while the server runs another of the same name. A name defined in the
//! pipeline at hand counts at once, because if its definition fails, the server skips whatever uses it; a name
//! defined before counts only once the server has confirmed it. What SQL in the pipeline at hand takes a name for is
//! nothing that messages can use before all of it is answered.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds change what names stand for")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use postern_core::gate::Flow;
use postern_core::operation::Reading;
use postern_core::{Effect, OperationId, Touch};

use super::super::analyze::{Discard, Kind, Replaced, Statement};
use super::super::cells::ColumnMasks;
use super::super::wire::{Field, Named};
use super::bounds::Tally;
use super::described::Description;
use super::reading::{Generation, Moment};
use super::room::{Room, Share};
use super::submission::Meaning;

/// A prepared statement.
pub(super) struct Prepared {
    /// Its text as sent, without the terminating zero byte.
    pub(super) text: Bytes,
    /// The same as it was sent to the server, where an image stands in it for a masked column.
    pub(super) sent: Option<Arc<Replaced>>,
    /// The declared types of its parameters.
    pub(super) types: Vec<u32>,
    /// What it was read as.
    pub(super) statements: Arc<[Statement]>,
    /// With which names of the database.
    pub(super) of: Generation,
    /// What lets questions about it through.
    pub(super) flow: Flow,
    /// What it returns, once the server has said so; `None` inside for nothing.
    pub(super) fields: OnceLock<Option<Vec<Field>>>,
    /// The same for the recording.
    pub(super) description: Description,
    asked: AtomicBool,
    _share: Share,
}

impl Prepared {
    pub(super) fn new(
        (text, sent, types): (Bytes, Option<Arc<Replaced>>, Vec<u32>),
        (statements, of): (Arc<[Statement]>, Generation),
        flow: Flow,
        share: Share,
    ) -> Self {
        let (fields, description, asked) = (OnceLock::new(), Description::default(), AtomicBool::new(false));
        Self { text, sent, types, statements, of, flow, fields, description, asked, _share: share }
    }

    /// Notes that the server was asked what the statement returns.
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// A statement with its parameters, ready to run or running.
pub(super) struct Portal {
    /// The statement.
    pub(super) prepared: Arc<Prepared>,
    /// When it was bound.
    pub(super) at: Moment,
    /// What it was read as then.
    pub(super) statements: Arc<[Statement]>,
    /// The formats that its results come in.
    pub(super) formats: Vec<i16>,
    /// What lets its execution through.
    pub(super) flow: Arc<Flow>,
    /// How many rows have come of it.
    pub(super) tally: Arc<Tally>,
    /// How many statements had been sent off as it was bound, or last run itself.
    pub(super) ran: AtomicU64,
    /// Whether there is more of it than was asked for so far.
    pub(super) suspended: AtomicBool,
    /// How its rows are masked, once that is known; `None` inside for not at all.
    pub(super) masks: OnceLock<Option<ColumnMasks>>,
    /// What its rows hold, for the recording.
    pub(super) description: Description,
    /// What it takes up of the session's room.
    pub(super) _share: Share,
}

impl Portal {
    /// The server's message that says what its rows hold, as far as that is known.
    pub(super) fn columns(&self) -> Option<&Bytes> {
        self.description.of_portal(&self.prepared.description, &self.formats)
    }
}

/// What was sent for a prepared statement.
pub(super) enum Source {
    /// `PREPARE`, whole.
    Sql(Bytes),
    /// The text of a Parse, and the types that it declared.
    Message(Bytes, Vec<u32>),
}

impl Source {
    /// The text to read.
    pub(super) fn text(&self) -> &Bytes {
        let (Self::Sql(text) | Self::Message(text, _)) = self;
        text
    }

    /// All of it, as bytes: the same for the same statement only.
    pub(super) fn whole(&self) -> Bytes {
        match self {
            Self::Sql(text) => Meaning::of(text, &[], &[]),
            Self::Message(text, types) => Meaning::of(text, types, &[]),
        }
        .whole()
    }
}

/// What a name stands for.
pub(super) enum Found<T> {
    /// This.
    Is(T),
    /// Nothing.
    Nothing,
    /// It cannot be said before the server has answered.
    Unconfirmed,
}

/// Names of one sort.
struct Names<T> {
    confirmed: HashMap<Bytes, Arc<T>>,
    /// What the latest message of the pipeline at hand made of it: nothing, where it took it away.
    ///
    /// INVARIANT: an answer takes nothing from here. It is that of one message, and the mark may be a later one's; all are
    /// taken away together, where the pipeline ends and where nothing is owed.
    current: HashMap<Bytes, Option<Arc<T>>>,
}

/// All names of a session.
#[derive(Default)]
pub(super) struct Registry {
    statements: Names<Prepared>,
    portals: Names<Portal>,
    /// What `PREPARE` named: it as it was sent.
    prepared: HashMap<String, (Bytes, Share)>,
    /// What `DECLARE` named.
    cursors: HashMap<String, Cursor>,
    generation: Generation,
    /// How many statements have been sent off to run.
    ran: u64,
    /// What all these names may take up.
    pub(super) room: Room,
}

/// A cursor that SQL opened. Its name is one of a portal too.
pub(super) struct Cursor {
    /// What it shows.
    pub(super) statement: Arc<Statement>,
    /// Whether it outlives its transaction.
    hold: bool,
    /// What lets questions about it through.
    pub(super) flow: Arc<Flow>,
    /// How many rows have come of it.
    tally: Arc<Tally>,
    _share: Share,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { confirmed: HashMap::new(), current: HashMap::new() }
    }
}

impl<T> Names<T> {
    fn find(&self, name: &Bytes, settled: bool) -> Found<Arc<T>> {
        match self.current.get(name) {
            Some(Some(one)) => Found::Is(Arc::clone(one)),
            Some(None) => Found::Nothing,
            None if !settled => Found::Unconfirmed,
            None => self.confirmed.get(name).map_or(Found::Nothing, |one| Found::Is(Arc::clone(one))),
        }
    }
}

impl<T> Names<T> {
    fn leave(&mut self, name: &str) {
        self.current.insert(Bytes::copy_from_slice(name.as_bytes()), None);
    }

    fn leave_all(&mut self) {
        self.current.values_mut().for_each(|one| *one = None);
        self.current.extend(self.confirmed.keys().map(|name| (name.clone(), None)));
    }
}

impl Registry {
    pub(super) fn statement(&self, name: &Bytes, settled: bool) -> Found<Arc<Prepared>> {
        self.statements.find(name, settled)
    }

    pub(super) fn portal(&self, name: &Bytes, settled: bool) -> Found<Arc<Portal>> {
        self.portals.find(name, settled)
    }

    /// Grows whenever a statement's or a cursor's name comes to mean something else.
    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// A Parse was forwarded.
    pub(super) fn parse(&mut self, name: &Bytes, prepared: &Arc<Prepared>) {
        self.renamed(name);
        self.statements.current.insert(name.clone(), Some(Arc::clone(prepared)));
    }

    /// A Bind was forwarded.
    pub(super) fn bind(&mut self, name: &Bytes, portal: &Arc<Portal>) {
        self.portals.current.insert(name.clone(), Some(Arc::clone(portal)));
    }

    /// A Close was forwarded.
    pub(super) fn close(&mut self, kind: Named, name: &Bytes) {
        self.renamed(name);
        match kind {
            Named::Statement => drop(self.statements.current.insert(name.clone(), None)),
            Named::Portal => drop(self.portals.current.insert(name.clone(), None)),
        }
    }

    /// The pipeline at hand ends, or nothing of it is owed: from now on its names count as they are confirmed.
    pub(super) fn end_pipeline(&mut self) {
        self.statements.current.clear();
        self.portals.current.clear();
    }

    /// How many names the pipeline at hand has made something of.
    pub(super) fn touched(&self) -> usize {
        self.statements.current.len().saturating_add(self.portals.current.len())
    }

    /// The server confirmed a Parse.
    pub(super) fn parsed(&mut self, name: Bytes, prepared: Arc<Prepared>) {
        self.forget_prepared(&name);
        self.renamed(&name);
        self.statements.confirmed.insert(name, prepared);
    }

    /// The server confirmed a Bind.
    pub(super) fn bound(&mut self, name: Bytes, portal: Arc<Portal>) {
        self.forget_cursor(&name);
        self.portals.confirmed.insert(name, portal);
    }

    /// The server confirmed a Close.
    pub(super) fn closed(&mut self, kind: Named, name: &Bytes) {
        match kind {
            Named::Statement => self.forget_prepared(name),
            Named::Portal => self.forget_cursor(name),
        }
    }

    // INVARIANT: statements have one set of names at the server, portals and cursors another, whether a message or SQL
    // made them; whatever takes a name takes it from both.
    fn forget_prepared(&mut self, name: &Bytes) {
        let by_message = self.statements.confirmed.remove(name).is_some();
        let by_sql = self.prepared.remove(&*String::from_utf8_lossy(name)).is_some();
        if by_message || by_sql {
            self.renamed(name);
        }
    }

    fn forget_cursor(&mut self, name: &Bytes) {
        let by_message = self.portals.confirmed.remove(name).is_some();
        let by_sql = self.cursors.remove(&*String::from_utf8_lossy(name)).is_some();
        if by_message || by_sql {
            self.renamed(name);
        }
    }

    /// A name comes to mean something else. What has none, SQL cannot name.
    fn renamed(&mut self, name: &Bytes) {
        if !name.is_empty() {
            self.generation.pass();
        }
    }

    /// A Query was forwarded: where it is not skipped, the unnamed statement and portal are gone for what follows.
    pub(super) fn leave_unnamed(&mut self) {
        self.statements.leave("");
        self.portals.leave("");
    }

    /// The server has run a Query, and has dropped the unnamed statement and portal for it.
    pub(super) fn drop_unnamed(&mut self) {
        self.statements.confirmed.remove(&Bytes::new());
        self.portals.confirmed.remove(&Bytes::new());
    }

    /// What was begun, and may be gone on with.
    pub(super) fn suspended(&self) -> impl Iterator<Item = OperationId> {
        let suspended = |portal: &&Arc<Portal>| portal.suspended.load(Ordering::Relaxed);
        self.portals.confirmed.values().filter(suspended).map(|portal| portal.flow.id())
    }

    /// No transaction is open: portals are gone, and cursors that do not outlive one.
    pub(super) fn end_transaction(&mut self) {
        self.portals.confirmed.clear();
        self.cursors.retain(|_, cursor| cursor.hold);
    }

    /// How many statements have been sent off to run: as long as it is the same, whatever is open stands where it stood.
    pub(super) fn ran(&self) -> u64 {
        self.ran
    }

    /// Statements are on their way.
    pub(super) fn set_off(&mut self, statements: &[Statement]) {
        self.ran = self.ran.saturating_add(1);
        statements.iter().for_each(|statement| self.forwarded(statement));
    }

    /// A statement is on its way in a pipeline. Whatever it takes a name from stands for nothing from here on; if it fails,
    /// the server skips what uses the name.
    pub(super) fn executed(&mut self, statement: &Statement) {
        match &statement.kind {
            Kind::Prepare { name, .. } | Kind::Deallocate(Some(name)) => self.statements.leave(name),
            Kind::Deallocate(None) => self.statements.leave_all(),
            Kind::Discard(Discard::All) => {
                self.statements.leave_all();
                self.portals.leave_all();
            }
            Kind::DeclareCursor { name, .. } | Kind::CloseCursor(Some(name)) => self.portals.leave(name),
            Kind::CloseCursor(None) | Kind::RollbackTo(_) => self.portals.leave_all(),
            Kind::Commit { .. } | Kind::Rollback { .. } | Kind::PrepareTransaction => self.portals.leave_all(),
            _ => {}
        }
    }

    /// A statement is on its way. What nobody could read may give the names of SQL to something else, even if it fails.
    fn forwarded(&mut self, statement: &Statement) {
        let unknown = |touch: &Touch| touch.effect == Effect::Unknown;
        if statement.reading != Reading::Clear || statement.touches.iter().any(unknown) {
            self.generation.pass();
            self.prepared.clear();
            self.cursors.clear();
        }
    }

    /// A statement was done that may change what names stand for.
    pub(super) fn done(&mut self, statement: &Statement, flow: &Arc<Flow>) {
        self.forwarded(statement);
        match &statement.kind {
            Kind::Prepare { name, source, .. } => {
                self.forget_prepared(&Bytes::copy_from_slice(name.as_bytes()));
                self.generation.pass();
                let share = self.room.share(source.len());
                self.prepared.insert(name.clone(), (source.clone(), share));
            }
            Kind::Deallocate(name) => self.deallocate(name.as_deref()),
            Kind::Discard(Discard::All) => {
                self.deallocate(None);
                self.cursors.clear();
                self.portals.confirmed.clear();
            }
            Kind::DeclareCursor { name, hold, inner } => {
                self.forget_cursor(&Bytes::copy_from_slice(name.as_bytes()));
                self.generation.pass();
                let share = self.room.share(inner.text.len());
                let (statement, flow, tally) = (Arc::clone(inner), Arc::clone(flow), Arc::default());
                let cursor = Cursor { statement, hold: *hold, flow, tally, _share: share };
                self.cursors.insert(name.clone(), cursor);
            }
            Kind::CloseCursor(Some(name)) => self.forget_cursor(&Bytes::copy_from_slice(name.as_bytes())),
            // what was opened since a savepoint is gone with it, and when each was opened is not kept
            Kind::CloseCursor(None) | Kind::RollbackTo(_) => {
                self.generation.pass();
                self.cursors.clear();
                self.portals.confirmed.clear();
            }
            _ => {}
        }
    }

    /// What `EXECUTE name` runs. Statements prepared by message share their names with those prepared by SQL.
    pub(super) fn prepared(&self, name: &str) -> Option<Source> {
        let by_message = || {
            let prepared = self.statements.confirmed.get(name.as_bytes())?;
            Some(Source::Message(prepared.text.clone(), prepared.types.clone()))
        };
        self.prepared.get(name).map(|(source, _)| Source::Sql(source.clone())).or_else(by_message)
    }

    /// The cursor of this name that SQL opened.
    pub(super) fn cursor(&self, name: &str) -> Option<&Cursor> {
        self.cursors.get(name)
    }

    /// How many rows have come of what `FETCH FROM name` shows.
    pub(super) fn tally(&self, name: &str) -> Option<Arc<Tally>> {
        let cursor = self.cursors.get(name).map(|cursor| &cursor.tally);
        let portal = || self.portals.confirmed.get(name.as_bytes()).map(|portal| &portal.tally);
        cursor.or_else(portal).map(Arc::clone)
    }

    fn deallocate(&mut self, name: Option<&str>) {
        self.generation.pass();
        match name {
            Some(name) => {
                self.prepared.remove(name);
                self.statements.confirmed.remove(name.as_bytes());
            }
            None => {
                self.prepared.clear();
                self.statements.confirmed.clear();
            }
        }
    }
}
