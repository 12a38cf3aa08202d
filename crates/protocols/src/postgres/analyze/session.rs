//! Statements about the session itself: transactions, settings, prepared statements, cursors.
//!
//! What the session must keep track of is in the kind of the statement; keeping it is the session's.

use std::sync::Arc;

use bytes::Bytes;
use pg_query::NodeEnum;
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{
    DeclareCursorStmt, DiscardMode, ExecuteStmt, FetchStmt, Node, PrepareStmt, TransactionStmt, TransactionStmtKind,
    VariableSetKind, VariableSetStmt, VariableShowStmt,
};
use postern_core::operation::{Action, Effect, Object, Output, Outputs};

use super::scan::{Tokens, Word};
use super::scope::Scope;
use super::setting::{self, Class};
use super::statement::{Outcome, Reader, session};
use super::work::Work;
use super::{Discard, Kind, Names, Statement};
use crate::postgres::catalog::SYSTEM;
use crate::postgres::vocabulary::action;

/// `CURSOR_OPT_HOLD` of the server's `parsenodes.h`.
const HOLD: i32 = 0x0020;

/// What a client sets as it connects, as a SET of it.
pub fn set_as_it_begins(name: &str, value: &str, names: &Names<'_>) -> Statement {
    // a list of names is no text of its own
    let list = setting::search_path(value).filter(|list| setting::is_list_of_names(name) && !list.is_empty());
    let named = |list: Vec<Arc<str>>| list.iter().map(|name| setting::quoted(name)).collect::<Vec<_>>().join(", ");
    let shown = list.map_or_else(|| format!("'{}'", value.replace('\'', "''")), named);
    let text = format!("SET {name} = {shown}");
    let mut reader = Reader::new(&text, &text, names, Work::whole());
    let outcome = reader.set_to(name.to_owned(), Some(value.to_owned()), false);
    reader.finish(outcome, false)
}

impl Reader<'_> {
    pub(super) fn transaction(&mut self, statement: &TransactionStmt) -> Outcome {
        let chain = statement.chain;
        let name = statement.savepoint_name.clone();
        match statement.kind() {
            TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart => {
                Outcome::of(action::BEGIN, Kind::Begin)
            }
            TransactionStmtKind::TransStmtCommit => Outcome::of(action::COMMIT, Kind::Commit { chain }),
            TransactionStmtKind::TransStmtRollback => Outcome::of(action::ROLLBACK, Kind::Rollback { chain }),
            TransactionStmtKind::TransStmtSavepoint => Outcome::of(action::SAVEPOINT, Kind::Savepoint(name)),
            TransactionStmtKind::TransStmtRelease => Outcome::of(action::SAVEPOINT, Kind::Release(name)),
            TransactionStmtKind::TransStmtRollbackTo => Outcome::of(action::SAVEPOINT, Kind::RollbackTo(name)),
            TransactionStmtKind::TransStmtPrepare => {
                self.found.whole(Effect::Unknown, Object::at([statement.gid.as_str()]));
                Outcome::of(action::TWO_PHASE, Kind::PrepareTransaction)
            }
            TransactionStmtKind::TransStmtCommitPrepared | TransactionStmtKind::TransStmtRollbackPrepared => {
                // it may be anybody's transaction
                self.found.whole(Effect::Unknown, Object::at([statement.gid.as_str()]));
                Outcome::plain(action::TWO_PHASE)
            }
            TransactionStmtKind::Undefined => self.unknown_statement(),
        }
    }

    pub(super) fn set(&mut self, set: &VariableSetStmt) -> Outcome {
        let name = set.name.to_ascii_lowercase();
        match set.kind() {
            VariableSetKind::VarSetValue => {
                let value = setting_value(&name, &set.args);
                self.set_to(name, value, set.is_local)
            }
            VariableSetKind::VarSetDefault | VariableSetKind::VarSetCurrent => {
                let action = self.setting_action(&name);
                Outcome::of(action, Kind::Set { name, value: None, local: set.is_local })
            }
            // TRANSACTION, SESSION CHARACTERISTICS, TRANSACTION SNAPSHOT: how the session runs
            VariableSetKind::VarSetMulti => Outcome::plain(action::SET),
            VariableSetKind::VarReset => {
                let action = self.setting_action(&name);
                Outcome::of(action, Kind::Reset(Some(name)))
            }
            VariableSetKind::VarResetAll => Outcome::of(action::SET, Kind::Reset(None)),
            VariableSetKind::Undefined => self.unknown_statement(),
        }
    }

    fn set_to(&mut self, name: String, value: Option<String>, local: bool) -> Outcome {
        let kept = value.as_deref().is_some_and(|value| setting::is_safe(&name, value));
        let action = if kept { action::SET } else { self.setting_action(&name) };
        Outcome::of(action, Kind::Set { name, value, local })
    }

    /// The action that changing a setting is, and the touch where the session is not all that notices.
    pub(super) fn setting_action(&mut self, name: &str) -> Action {
        let object = Object::at([name]);
        match setting::class(name) {
            Class::Harmless | Class::Tracked => action::SET,
            Class::Pinned => {
                self.found.whole(Effect::Unknown, object);
                action::SET_PINNED
            }
            Class::Role => {
                self.found.whole(Effect::Unknown, object);
                action::SET_ROLE
            }
            Class::Privileged => {
                self.found.whole(Effect::Unknown, object);
                action::SET_PRIVILEGED
            }
            Class::Unknown => {
                self.found.whole(Effect::Unknown, object);
                action::SET
            }
        }
    }

    pub(super) fn show(&mut self, show: &VariableShowStmt) -> Outcome {
        let label = |name: &str| Output::Derived { label: name.to_owned(), from: Default::default() };
        let all = show.name.eq_ignore_ascii_case("all");
        if !setting::is_open(&show.name) {
            let object = self.names.catalog.object([SYSTEM, "pg_settings"]);
            self.found.all(Effect::Read, object);
        }
        let names: Vec<&str> = if all { vec!["name", "setting", "description"] } else { vec![&show.name] };
        Outcome {
            outputs: Outputs::Cells(names.iter().copied().map(label).collect()),
            columns: names.into_iter().map(Into::into).collect(),
            ..Outcome::plain(action::SHOW)
        }
    }

    pub(super) fn discard(&mut self, mode: DiscardMode) -> Outcome {
        let what = match mode {
            DiscardMode::DiscardAll => Discard::All,
            DiscardMode::DiscardPlans => Discard::Plans,
            DiscardMode::DiscardSequences => Discard::Sequences,
            DiscardMode::DiscardTemp => Discard::Temporary,
            DiscardMode::Undefined => return self.unknown_statement(),
        };
        Outcome::of(action::DISCARD, Kind::Discard(what))
    }

    /// `PREPARE`: touches what the statement will touch, so that one that may never run is refused here.
    pub(super) fn prepare(&mut self, prepare: &PrepareStmt) -> Outcome {
        let Some(inner) = self.inner(prepare.query.as_deref()) else {
            return self.unknown_statement();
        };
        self.takes_in(&inner);
        let (name, source) = (prepare.name.clone(), Bytes::copy_from_slice(self.own.as_bytes()));
        Outcome::of(action::PREPARE, Kind::Prepare { name, inner: Arc::new(inner), source })
    }

    /// `EXECUTE`: does what was prepared under the name.
    pub(super) fn execute(&mut self, execute: &ExecuteStmt) -> Outcome {
        for parameter in &execute.params {
            let source = self.value(parameter, &Scope::default());
            self.found.consult(source);
        }
        let kind = Kind::Execute { name: execute.name.clone(), parameters: self.parameters(execute) };
        let Some(prepared) = self.found.runs(&execute.name, (self.names.prepared)(&execute.name)) else {
            self.found.opaque(format!("no statement `{}` has been prepared here", execute.name));
            self.found.dynamic = true;
            return Outcome { outputs: Outputs::Unknown, ..Outcome::of(action::EXECUTE, kind) };
        };
        self.runs_once_more(&prepared, &execute.name);
        self.give_parameters(&execute.params, &prepared);
        self.shows_as(&prepared, prepared.action, kind)
    }

    /// The text between the parentheses of `EXECUTE name (…)`, with them.
    fn parameters(&self, execute: &ExecuteStmt) -> String {
        if execute.params.is_empty() {
            return String::new();
        }
        let mut tokens = Tokens::new(self.own, 0);
        let open = tokens.find(|token| token.word == Word::Open);
        let text = open.and_then(|open| self.own.get(open.start..)).unwrap_or_default();
        text.trim_end_matches(|end: char| end == ';' || end.is_whitespace()).to_owned()
    }

    /// `DECLARE`: the query begins to run, and nothing is shown yet.
    pub(super) fn declare(&mut self, declare: &DeclareCursorStmt) -> Outcome {
        let Some(inner) = self.inner(declare.query.as_deref()) else {
            return self.unknown_statement();
        };
        self.takes_in(&inner);
        // it is written here, and what stands in it stands there as long as the cursor does
        self.found.sites = (*inner.sites).clone();
        let kind = Kind::DeclareCursor {
            name: declare.portalname.clone(),
            hold: declare.options & HOLD != 0,
            inner: Arc::new(inner),
        };
        Outcome::of(action::DECLARE, kind)
    }

    pub(super) fn fetch(&mut self, fetch: &FetchStmt) -> Outcome {
        let kind = Kind::Fetch { name: fetch.portalname.clone() };
        let Some(cursor) = self.found.runs(&fetch.portalname, (self.names.cursors)(&fetch.portalname)) else {
            self.found.opaque(format!("no cursor `{}` has been opened here", fetch.portalname));
            return Outcome { outputs: Outputs::Unknown, ..Outcome::of(action::FETCH, kind) };
        };
        self.runs_once_more(&cursor, &fetch.portalname);
        if fetch.ismove {
            return Outcome::of(action::FETCH, kind);
        }
        self.shows_as(&cursor, action::FETCH, kind)
    }

    /// A statement inside this one, read on its own.
    fn inner(&self, query: Option<&Node>) -> Option<Statement> {
        let node = query?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else can be prepared")]
        match node.node.as_ref()? {
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_) => {}
            _ => return None,
        }
        let mut reader = Reader::new(self.text, self.own, self.names, self.found.work().clone());
        let outcome = reader.later_outcome(node);
        Some(reader.finish(outcome, false))
    }

    /// What stands under a name runs. Nobody follows what it leaves behind in the session but its rows.
    fn runs_once_more(&mut self, named: &Statement, name: &str) {
        self.takes_in(named);
        if named.kind != Kind::Plain {
            self.found.opaque(format!("`{name}` is more than a query: send it as a statement of its own"));
            self.found.dynamic = true;
        }
    }

    /// What another statement would do, this one does.
    fn takes_in(&mut self, other: &Statement) {
        self.found.take_in(other);
    }

    /// What another statement would show, this one shows.
    fn shows_as(&mut self, other: &Statement, action: Action, kind: Kind) -> Outcome {
        let weight = match &other.outputs {
            Outputs::Nothing | Outputs::Unknown => 0,
            Outputs::Cells(outputs) | Outputs::Stream(outputs) => outputs.iter().map(weight).sum(),
        };
        if !self.found.charge(weight) {
            return Outcome { outputs: Outputs::Unknown, ..Outcome::of(action, kind) };
        }
        Outcome { action, outputs: other.outputs.clone(), columns: other.names.clone(), kind }
    }

    pub(super) fn unknown_statement(&mut self) -> Outcome {
        self.found.whole(Effect::Unknown, session());
        self.found.opaque("a statement that is not known here");
        Outcome { outputs: Outputs::Unknown, ..Outcome::plain(action::UNKNOWN) }
    }
}

/// How much there is in what a column is said to come from.
fn weight(output: &Output) -> usize {
    match output {
        Output::Bare(_) | Output::Unknown { .. } => 1,
        Output::Derived { from, .. } => from.len().saturating_add(1),
    }
}

/// The value of a setting as `SHOW` would print it: several values are separated by commas, and those
/// that are names are quoted where they have to be.
fn setting_value(name: &str, args: &[Node]) -> Option<String> {
    let values: Option<Vec<String>> = args.iter().map(one_value).collect();
    let mut values = values?;
    if setting::is_list_of_names(name) {
        for value in &mut values {
            *value = setting::quoted(value);
        }
    }
    Some(values.join(", "))
}

fn one_value(node: &Node) -> Option<String> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match constant.val.as_ref()? {
            Val::Sval(text) => Some(text.sval.clone()),
            Val::Ival(number) => Some(number.ival.to_string()),
            Val::Fval(number) => Some(number.fval.clone()),
            Val::Boolval(value) => Some(if value.boolval { "on" } else { "off" }.to_owned()),
            Val::Bsval(bits) => Some(bits.bsval.clone()),
        },
        Some(NodeEnum::TypeCast(cast)) => one_value(cast.arg.as_deref()?),
        Some(_) | None => None,
    }
}
