//! From text to statements: parse, read each one, put together what was found.
//!
//! The reader that all parts of the analysis share is defined here.

use std::collections::BTreeMap;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, RawStmt, SelectStmt};
use postern_core::operation::{Action, Deed, Effect, Output, Outputs};

use super::found::Found;
use super::query::Rows;
use super::scope::{Item, Scope};
use super::sites::Sites;
use super::work::Work;
use super::{Defined, Kind, Names, Statement, Unread, depth, encoding, facts, label, redact, syntax};
use crate::postgres::catalog::{Catalog, Path};
use crate::postgres::vocabulary::action;

/// The most statements that a text may have.
const MOST_STATEMENTS: usize = 1000;

/// Reads one statement.
pub(super) struct Reader<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) path: Path,
    /// The whole message; places in the tree are bytes of it.
    pub(super) text: &'a str,
    /// The part of it that is this statement.
    pub(super) own: &'a str,
    pub(super) found: Found,
    /// The statement as a whole has been recognised as a `SET`.
    pub(super) set_by_statement: bool,
    /// What is read is an expression that is kept for later: names in it are of rows that are not here.
    pub(super) loose: bool,
    /// Rows that are there already, and that what is kept is tried on at once.
    pub(super) tried: Option<Item>,
}

/// What a statement turned out to be, beside what was found in it.
pub(super) struct Outcome {
    pub(super) action: Action,
    pub(super) outputs: Outputs,
    pub(super) columns: Vec<Arc<str>>,
    pub(super) kind: Kind,
}

impl Outcome {
    /// A statement that shows nothing and leaves nothing to keep track of.
    pub(super) fn plain(action: Action) -> Self {
        Self::of(action, Kind::Plain)
    }

    /// A statement that shows nothing.
    pub(super) fn of(action: Action, kind: Kind) -> Self {
        Self { action, outputs: Outputs::Nothing, columns: Vec::new(), kind }
    }
}

pub(super) fn read(text: &str, names: &Names<'_>) -> Result<Vec<Statement>, Unread> {
    let raw = parse(text)?;
    names.encoding.check(text)?;
    if raw.is_empty() {
        return Ok(vec![empty(text, names)]);
    }
    if raw.len() > MOST_STATEMENTS {
        let why = format!("the text has {} statements and at most {MOST_STATEMENTS} are read", raw.len());
        return Err(Unread::Beyond(why));
    }
    let several = raw.len() > 1;
    let work = Work::whole();
    Ok(raw.iter().map(|raw| one(raw, text, names, several, work.clone())).collect())
}

/// The grammar is a C library behind a binding that asserts; a panic in it is a text that was not
/// read, like any other.
fn parse(text: &str) -> Result<Vec<RawStmt>, Unread> {
    depth::check(text)?;
    let beyond = |why: &str| Err(Unread::Beyond(why.to_owned()));
    match grammar(text) {
        Ok(Ok(result)) => Ok(result.protobuf.stmts),
        Ok(Err(pg_query::Error::Parse(message))) => {
            let position = syntax::position(text, &message);
            Err(Unread::Syntax { message, position })
        }
        Ok(Err(pg_query::Error::Decode(_))) => beyond("the statement nests too deep"),
        Ok(Err(_)) => beyond("the text is not SQL"),
        Err(_) => beyond("the grammar gave up on the text"),
    }
}

/// The grammar's answer, or that of a panic.
pub(super) fn grammar(text: &str) -> std::thread::Result<pg_query::Result<pg_query::ParseResult>> {
    std::panic::catch_unwind(|| pg_query::parse(text, 0))
}

fn empty(text: &str, names: &Names<'_>) -> Statement {
    let reader = Reader::new(text, text.trim(), names, Work::whole());
    reader.finish(Outcome::of(action::EMPTY, Kind::Empty), false)
}

fn one(raw: &RawStmt, text: &str, names: &Names<'_>, several: bool, work: Work) -> Statement {
    let mut reader = Reader::new(text, own_text(raw, text), names, work);
    let outcome = match raw.stmt.as_deref() {
        Some(node) => reader.top(node),
        None => Outcome::of(action::EMPTY, Kind::Empty),
    };
    reader.finish(outcome, several)
}

/// The part of the message that is this statement; a length of 0 means all the rest.
fn own_text<'t>(raw: &RawStmt, text: &'t str) -> &'t str {
    let start = usize::try_from(raw.stmt_location).unwrap_or_default();
    let length = usize::try_from(raw.stmt_len).unwrap_or_default();
    let end = if length == 0 { text.len() } else { start.saturating_add(length) };
    text.get(start..end).unwrap_or(text).trim()
}

/// See [`super::columns_of`].
pub(super) fn columns_of(definition: &str, catalog: &Catalog, path: &[Arc<str>]) -> Option<Defined> {
    encoding::is_uncut(definition).then_some(())?;
    let raw = parse(definition).ok()?;
    let [RawStmt { stmt: Some(statement), .. }] = raw.as_slice() else {
        return None;
    };
    let Some(NodeEnum::SelectStmt(select)) = &statement.node else {
        return None;
    };
    let names = Names::of(catalog, path, "");
    let mut reader = Reader::new(definition, definition, &names, Work::whole());
    let rows = reader.select(select, &Scope::default());
    let read = reader.found.charge(rows.weight()) && !reader.found.is_opaque() && rows.unlisted.is_none();
    let columns = rows.columns.iter().map(|column| (*column.source).clone()).collect();
    read.then_some(Defined { columns, multiplied: reader.found.multiplied })
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, own: &'a str, names: &'a Names<'a>, work: Work) -> Self {
        Self {
            names,
            path: Path::new(names.catalog, names.search_path, names.user),
            text,
            own,
            found: Found::within(work),
            set_by_statement: false,
            loose: false,
            tried: None,
        }
    }

    /// A statement on its own.
    fn top(&mut self, node: &Node) -> Outcome {
        match &node.node {
            Some(NodeEnum::SelectStmt(select)) if select.into_clause.is_none() => self.top_select(select),
            Some(
                NodeEnum::InsertStmt(_) | NodeEnum::UpdateStmt(_) | NodeEnum::DeleteStmt(_) | NodeEnum::MergeStmt(_),
            ) => self.query_outcome(node),
            Some(other) => self.utility(other),
            None => Outcome::of(action::EMPTY, Kind::Empty),
        }
    }

    fn top_select(&mut self, select: &SelectStmt) -> Outcome {
        let set = self.set_by_select(select);
        self.set_by_settings(select);
        let rows = self.select(select, &Scope::default());
        self.select_facts(select);
        let mut outcome = self.shown(action::SELECT, &rows);
        if let Some(kind) = set {
            outcome.kind = kind;
        }
        outcome
    }

    /// What is said of a statement that is a query and changes nothing.
    pub(super) fn select_facts(&mut self, select: &SelectStmt) {
        self.found.no_limit = facts::no_limit(select);
        if self.found.restriction.is_none()
            && let Some(restriction) = facts::of_query(select)
        {
            self.found.restrict(restriction);
        }
    }

    /// A query that runs when another statement says so: nobody keeps track of a setting that it changes.
    pub(super) fn later_outcome(&mut self, node: &Node) -> Outcome {
        if let Some(NodeEnum::SelectStmt(select)) = &node.node {
            let rows = self.select(select, &Scope::default());
            self.select_facts(select);
            return self.shown(action::SELECT, &rows);
        }
        self.query_outcome(node)
    }

    /// A query that stands inside another statement, or on its own: facts, action, outputs.
    pub(super) fn query_outcome(&mut self, node: &Node) -> Outcome {
        if let Some(NodeEnum::SelectStmt(select)) = &node.node {
            return self.top_select(select);
        }
        let rows = self.query(Some(node), &Scope::default());
        let returns = match &node.node {
            Some(NodeEnum::InsertStmt(insert)) => insert.returning_clause.is_some(),
            Some(NodeEnum::UpdateStmt(update)) => update.returning_clause.is_some(),
            Some(NodeEnum::DeleteStmt(delete)) => delete.returning_clause.is_some(),
            Some(NodeEnum::MergeStmt(merge)) => merge.returning_clause.is_some(),
            Some(_) | None => false,
        };
        if returns { self.shown(action::SELECT, &rows) } else { Outcome::plain(action::SELECT) }
    }

    fn shown(&mut self, action: Action, rows: &Rows) -> Outcome {
        Outcome {
            action,
            outputs: self.outputs(rows).map_or(Outputs::Unknown, Outputs::Cells),
            columns: match rows.unlisted {
                None => rows.columns.iter().map(|column| Arc::clone(&column.name)).collect(),
                Some(_) => Vec::new(),
            },
            kind: Kind::Plain,
        }
    }

    /// What each column comes from; none where nobody knows how many there are, or it would be too much to say.
    pub(super) fn outputs(&mut self, rows: &Rows) -> Option<Vec<Output>> {
        if !self.found.charge(rows.weight()) {
            return None;
        }
        let output = |column: &super::targets::Shown| {
            let label = || match column.at {
                Some(at) => label::expression(self.text, at),
                None => column.name.to_string(),
            };
            match (&column.source.bare, column.source.unknown) {
                (_, true) => Output::Unknown { label: label() },
                (Some(bare), false) => Output::Bare(bare.clone()),
                (None, false) => Output::Derived { label: label(), from: column.source.from.clone() },
            }
        };
        rows.unlisted.is_none().then(|| rows.columns.iter().map(output).collect())
    }

    /// One unit of work; false once too much has been done, and then the reading is opaque.
    pub(super) fn step(&mut self) -> bool {
        self.found.charge(1)
    }

    /// Something in the tree that is not understood.
    pub(super) fn unreadable(&mut self, what: &str, node: Option<&NodeEnum>) {
        let there = if node.is_some() { "of a kind that is not known" } else { "that is missing" };
        self.found.opaque(format!("{what} {there}"));
    }

    pub(super) fn finish(mut self, outcome: Outcome, several: bool) -> Statement {
        let found = self.found.actions();
        let (action, also) = gravest(outcome.action, found);
        if !self.found.touches_something() {
            self.found.whole(Effect::Session, session());
        }
        let (touches, runs) = (self.found.touches(), self.found.ran());
        self.found.uses.veils = self.veils(action, &touches, &runs);
        let mut sites = std::mem::take(&mut self.found.sites);
        if self.found.uses.veils.is_empty() && !sites.holds_crowded() {
            sites = Sites::default();
        } else {
            sites.of = (!several).then(|| self.text.into());
        }
        let deed = Deed {
            action,
            also,
            touches,
            outputs: outcome.outputs,
            uses: std::mem::take(&mut self.found.uses),
            facts: self.found.facts(several),
            reading: self.found.reading(),
            command: None,
        };
        Statement {
            deed: Arc::new(deed),
            names: outcome.columns,
            text: redact::passwords(self.own).into(),
            runs,
            sites: Arc::new(sites),
            positional: self.found.positional,
            kind: outcome.kind,
        }
    }
}

/// The client's own session, as an object.
pub(super) fn session() -> postern_core::operation::Object {
    postern_core::operation::Object::at(["session"])
}

/// The gravest of what a statement does, and the rest. A query gives its name to nothing that changes
/// rows; a statement of another kind keeps its own.
fn gravest(own: Action, mut found: Vec<Action>) -> (Action, Vec<Action>) {
    const RANKS: &[Action] = &[action::DELETE, action::MERGE, action::UPDATE, action::INSERT];
    if own != action::SELECT {
        found.retain(|action| *action != own);
        return (own, found);
    }
    let rank: BTreeMap<Action, usize> = RANKS.iter().copied().zip(0..).collect();
    found.sort_by_key(|action| rank.get(action).copied().unwrap_or(usize::MAX));
    match found.split_first() {
        None => (own, found),
        Some((first, rest)) => (*first, rest.to_vec()),
    }
}

/// The strings in a list of nodes; anything else is left out.
pub(super) fn strings(nodes: &[Node]) -> Vec<&str> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(text)) => Some(text.sval.as_str()),
            Some(_) | None => None,
        })
        .collect()
}
