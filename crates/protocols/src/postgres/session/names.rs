//! What the names in a session's statements mean: catalog, search path, account; and when that has to be found out
//! again.
//!
//! A statement that changes what names mean leaves them stale until the server itself has been asked on this very
//! connection, because only there are uncommitted changes and settings visible.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds change what names mean")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use postern_core::gate::{Gate, Open};
use postern_core::mask::Lineage;
use postern_core::operation::{Fact, Reading};
use postern_core::{Code, Fault};

use super::super::analyze::{Discard, Encoding, Kind, Statement};
use super::super::catalog::{Catalog, Changes, Revision, Row};
use super::super::catalogs::Catalogs;
use super::super::login::encoded;
use super::super::veil::Meaning;
use super::super::wire::{Frontend, Named, Report};
use super::own::Own;
use super::reading::Generation;
use super::submission;

/// How old the shared catalog may be where masks depend on it.
pub(super) const FRESH: Duration = Duration::from_secs(10);
/// How old it may be where only rules do.
const FRESH_WITHOUT_MASKS: Duration = Duration::from_secs(60);

/// Who the session is to the server, where it looks names up, and how it reads and writes values: the account first,
/// the schemas in their order, then what has the name of a setting beside it.
pub(in super::super) const PATH: &str = "SELECT n.name, n.setting FROM (\
    SELECT '0'::pg_catalog.int8 AS place, current_user::pg_catalog.text AS name, NULL::pg_catalog.text AS setting \
    UNION ALL SELECT s.place, s.name::pg_catalog.text, NULL FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) \
    WITH ORDINALITY AS s(name, place) \
    UNION ALL SELECT NULL, pg_catalog.current_setting(f.name), f.name FROM (VALUES ('datestyle'), ('intervalstyle'), \
    ('timezone'), ('timezone_abbreviations'), ('xmloption'), ('default_text_search_config'), ('lc_monetary'), \
    ('lc_numeric'), ('lc_time')) AS f(name)) AS n ORDER BY n.place NULLS LAST, n.setting USING OPERATOR(pg_catalog.<)";

/// The answer to [`PATH`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Standpoint {
    /// The account that statements run as.
    pub(in super::super) user: String,
    /// The schemas in which names are looked up.
    pub(in super::super) path: Vec<Arc<str>>,
    /// How values are read and written: what the same text means depends on it.
    forms: BTreeMap<String, String>,
}

impl Standpoint {
    /// Reads the answer; nothing where there is no account in it.
    pub(in super::super) fn of(rows: &[Row]) -> Option<Self> {
        let mut rows = rows.iter().map(|row| (row.first().cloned().flatten(), row.get(1).cloned().flatten()));
        let mut standpoint = Self { user: rows.next()?.0?, ..Self::default() };
        for (value, setting) in rows {
            match setting {
                None => standpoint.path.push(value?.into()),
                Some(name) => drop(standpoint.forms.insert(name, value?)),
            }
        }
        Some(standpoint)
    }

    fn settings(&self) -> Arc<BTreeMap<String, String>> {
        let path = self.path.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
        let mut settings = self.forms.clone();
        settings.extend([("search_path".to_owned(), path), ("user".to_owned(), self.user.clone())]);
        Arc::new(settings)
    }
}

/// Why names cannot be known before a transaction ends.
const OVERTAKEN: &str = "what names mean was changed by others since this transaction began, and it cannot see how";

/// What names mean now.
pub(super) struct Surroundings {
    pub(super) catalog: Arc<Catalog>,
    pub(super) standpoint: Standpoint,
    /// What of it changes the meaning of a text, by name.
    settings: Arc<BTreeMap<String, String>>,
    /// What the database keeps text in.
    pub(super) encoding: Encoding,
    /// The catalog that changes are told against: the same, or the one that is shared now.
    basis: Arc<Catalog>,
    /// The catalog that all share, as it was last handed out; and as it was when the open transaction began to look.
    shared: Arc<Catalog>,
    anchored: Option<Arc<Catalog>>,
    generation: Generation,
    /// When the basis was read; never, where it counts no longer.
    read_at: Option<Instant>,
    stale: Stale,
    /// What the open transaction changed, which its end may undo.
    inside: Stale,
    /// Whether the catalog was read on the session's own connection.
    own: bool,
    /// What the gateway's own questions are called.
    pub(super) names: Own,
    /// Why the server did not say what names mean, until whoever asked for it has heard.
    refusal: Option<Report>,
    /// What is to be read of what has changed.
    revision: Option<Revision>,
}

/// What must be asked again before the next decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stale {
    /// Nothing.
    Nothing,
    /// The search path and the account.
    Path,
    /// These, and the catalog as this session sees it.
    Catalog,
}

/// What the gateway asks the server on a session's connection.
pub(super) struct Question {
    /// Its texts, for the journal.
    pub(super) text: String,
    /// The messages that ask them, without the end of their pipeline.
    pub(super) payload: Bytes,
    /// How many answers there will be.
    pub(super) answers: usize,
}

impl Surroundings {
    /// What names in a text mean that is made now.
    pub(super) fn meaning(&self) -> Meaning {
        let Standpoint { user, path, .. } = &self.standpoint;
        Meaning { catalog: Arc::clone(&self.catalog), path: path.clone(), user: user.clone() }
    }

    pub(super) async fn new(
        catalogs: &Catalogs,
        gate: &mut Gate<Open>,
        user: String,
        encoding: Encoding,
    ) -> Result<Self, Fault> {
        let catalog = catalogs.current(gate, FRESH).await?;
        relate(gate, &catalog)?;
        let standpoint = Standpoint { user, ..Standpoint::default() };
        Ok(Self {
            settings: standpoint.settings(),
            standpoint,
            basis: Arc::clone(&catalog),
            shared: Arc::clone(&catalog),
            anchored: None,
            catalog,
            encoding,
            generation: Generation::default(),
            read_at: Some(Instant::now()),
            stale: Stale::Path,
            inside: Stale::Nothing,
            own: false,
            names: Own::new()?,
            refusal: None,
            revision: None,
        })
    }

    pub(super) fn stale(&self) -> Stale {
        self.stale
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// What changes the meaning of a text, by name.
    pub(super) fn settings(&self) -> &Arc<BTreeMap<String, String>> {
        &self.settings
    }

    /// Whatever names meant, it is asked again before anything else is read.
    pub(super) fn expire(&mut self) {
        self.read_at = None;
        self.changed(Stale::Path);
    }

    /// The server did not say what names mean.
    pub(super) fn refused(&mut self, report: Report) {
        self.revision = None;
        self.refusal = Some(report);
    }

    /// Why it did not, to be told once.
    pub(super) fn refusal(&mut self) -> Option<Report> {
        self.refusal.take()
    }

    /// Takes up the shared catalog where this one is too old.
    pub(super) async fn refresh(&mut self, catalogs: &Catalogs, gate: &mut Gate<Open>) -> Result<(), Fault> {
        let fresh = match self.read_at {
            None => Duration::ZERO,
            Some(_) if gate.masks().is_empty() => FRESH_WITHOUT_MASKS,
            Some(_) => FRESH,
        };
        if self.read_at.is_some_and(|at| at.elapsed() <= fresh) {
            return Ok(());
        }
        let catalog = catalogs.current(gate, fresh).await?;
        self.read_at = Some(Instant::now());
        if Arc::ptr_eq(&catalog, &self.shared) {
            return Ok(());
        }
        self.shared = Arc::clone(&catalog);
        self.basis = Arc::clone(&catalog);
        // what only this session can see is asked for in this session
        if self.own {
            self.changed(Stale::Catalog);
            return Ok(());
        }
        self.take_up(catalog, gate)
    }

    fn take_up(&mut self, catalog: Arc<Catalog>, gate: &mut Gate<Open>) -> Result<(), Fault> {
        self.generation.pass();
        relate(gate, &catalog)?;
        self.catalog = catalog;
        Ok(())
    }

    fn changed(&mut self, change: Stale) {
        if change != Stale::Nothing {
            self.revision = None;
        }
        self.stale = self.stale.max(change);
    }

    /// A statement is on its way that may change what names mean.
    pub(super) fn forwarded(&mut self, statement: &Statement, masked: bool) {
        if !matches!(statement.kind, Kind::Begin | Kind::Set { .. }) {
            self.anchored.get_or_insert_with(|| Arc::clone(&self.shared));
        }
        let change = match &statement.kind {
            Kind::Define => Stale::Catalog,
            // only a catalog of the session's own knows of its temporary tables
            Kind::Discard(Discard::All | Discard::Temporary) if self.own => Stale::Catalog,
            Kind::Set { .. } | Kind::Reset(_) | Kind::Discard(_) => Stale::Path,
            Kind::Commit { .. } | Kind::Rollback { .. } | Kind::RollbackTo(_) | Kind::PrepareTransaction => self.inside,
            // code that is not known may do any of it; what it makes matters to masks only
            _ if submission::runs_code(statement) && (masked || self.own && statement.reading != Reading::Clear) => {
                Stale::Catalog
            }
            _ if submission::runs_code(statement) || sets(statement) => Stale::Path,
            _ => Stale::Nothing,
        };
        self.changed(change);
        self.inside = self.inside.max(change);
    }

    /// The server waits for the next query, in no transaction: what was changed in one may have been undone.
    pub(super) fn outside(&mut self) {
        let inside = std::mem::replace(&mut self.inside, Stale::Nothing);
        self.changed(inside);
        self.anchored = None;
    }

    /// Whether the open transaction changed what names mean, so that its end changes it back.
    pub(super) fn unsettled(&self) -> bool {
        self.inside != Stale::Nothing
    }

    /// What to ask; `within` says that a transaction is open, or may be, and `by_query` that the server takes nothing but
    /// a Query.
    pub(super) fn question(&self, within: bool, by_query: bool) -> Question {
        let texts = match &self.revision {
            Some(revision) => revision.questions(within),
            None if self.stale == Stale::Catalog => vec![PATH.to_owned(), self.basis.changes()],
            None => vec![PATH.to_owned()],
        };
        let text = texts.join(";\n");
        let payload = if by_query {
            encoded(&Frontend::Query { text: Bytes::copy_from_slice(text.as_bytes()) })
        } else {
            pipeline(&texts, &self.names.question)
        };
        Question { text, payload, answers: texts.len() }
    }

    /// Takes the answers to [`Surroundings::question`].
    pub(super) fn answered(
        &mut self,
        answers: Vec<Vec<Row>>,
        within: bool,
        gate: &mut Gate<Open>,
    ) -> Result<(), Fault> {
        let unreadable =
            |error| Fault::target(Code::TargetViolation, "the target's catalog cannot be read").cause(error);
        if let Some(revision) = self.revision.take() {
            return self.revised(revision.made(answers).map_err(unreadable)?, gate);
        }
        let mut answers = answers.into_iter();
        let standpoint = answers.next().and_then(|rows| Standpoint::of(&rows)).ok_or_else(unanswered)?;
        if standpoint != self.standpoint {
            self.generation.pass();
            self.settings = standpoint.settings();
            self.standpoint = standpoint;
        }
        if let Some(changes) = answers.next() {
            let changes = Changes::of(&changes).map_err(unreadable)?;
            // THREAT: a transaction that sees what others have replaced as it was, while the server runs what it is now
            let overtaken = self.anchored.as_ref().is_some_and(|then| !Arc::ptr_eq(then, &self.shared));
            if within && changes.is_repeatable() && overtaken {
                self.refused(Report::error("0A000", OVERTAKEN).hint("end the transaction, and begin it again"));
                return Ok(());
            }
            match Revision::of(&self.basis, changes, within) {
                Some(revision) if revision.questions(within).is_empty() => {
                    return self.revised(revision.made(Vec::new()).map_err(unreadable)?, gate);
                }
                Some(revision) => {
                    self.revision = Some(revision);
                    return Ok(());
                }
                None if Arc::ptr_eq(&self.basis, &self.catalog) => {}
                None => {
                    // others have made it what it is here
                    self.own = false;
                    self.take_up(Arc::clone(&self.basis), gate)?;
                }
            }
        }
        self.stale = Stale::Nothing;
        Ok(())
    }

    fn revised(&mut self, catalog: Catalog, gate: &mut Gate<Open>) -> Result<(), Fault> {
        let catalog = Arc::new(catalog);
        self.own = true;
        self.basis = Arc::clone(&catalog);
        self.stale = Stale::Nothing;
        self.take_up(catalog, gate)
    }
}

fn relate(gate: &mut Gate<Open>, catalog: &Arc<Catalog>) -> Result<(), Fault> {
    let lineage: Arc<dyn Lineage> = Arc::<Catalog>::clone(catalog);
    gate.relate(lineage)
}

/// Whether a query changes settings by function; which, and to what, may be anybody's guess.
fn sets(statement: &Statement) -> bool {
    matches!(statement.facts.get("functions"), Some(Fact::List(names)) if names.iter().any(|name| name == "set_config"))
}

fn unanswered() -> Fault {
    Fault::target(Code::TargetViolation, "the target did not say what names mean in this session")
}

/// The messages that ask these texts one by one, under names of their own so that nothing of the client's is
/// replaced, and free before: a question that failed or was cancelled has left its own. The caller ends the pipeline.
fn pipeline(texts: &[String], own: &Bytes) -> Bytes {
    let free = [Named::Portal, Named::Statement].map(|kind| Frontend::Close { kind, name: own.clone() });
    let mut messages = free.to_vec();
    for text in texts {
        messages.extend([
            Frontend::Parse { name: own.clone(), text: Bytes::copy_from_slice(text.as_bytes()), types: Vec::new() },
            Frontend::Bind {
                portal: own.clone(),
                statement: own.clone(),
                parameter_formats: Vec::new(),
                parameters: Vec::new(),
                result_formats: Vec::new(),
            },
            Frontend::Execute { portal: own.clone(), max_rows: 0 },
        ]);
        messages.extend(free.clone());
    }
    let mut out = BytesMut::new();
    for message in messages {
        // constant text is always writable
        message.encode(&mut out).ok();
    }
    out.freeze()
}
