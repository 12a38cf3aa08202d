//! `COPY`, `EXPLAIN`, and queries whose rows are kept: `SELECT INTO`, `CREATE TABLE AS`, views that store.
//!
//! What they have in common: values leave the query for a place where no cell can be masked.

use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{CopyStmt, CreateTableAsStmt, ExplainStmt, IntoClause, Node, RefreshMatViewStmt, SelectStmt};
use postern_core::operation::{Columns, Effect, Object, Output, Outputs, Reading};

use super::Kind;
use super::query::Rows;
use super::relation::Named;
use super::scope::Scope;
use super::source::Source;
use super::statement::{Outcome, Reader, strings};
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    pub(super) fn copy_statement(&mut self, copy: &CopyStmt) -> Outcome {
        let (action, kind) = match (copy.is_program, copy.filename.is_empty(), copy.is_from) {
            (true, _, _) => (action::COPY_PROGRAM, Kind::Plain),
            (false, false, _) => (action::COPY_FILE, Kind::Plain),
            (false, true, true) => (action::COPY_IN, Kind::CopyIn),
            (false, true, false) => (action::COPY_OUT, Kind::CopyOut),
        };
        if copy.is_program {
            self.found.whole(Effect::Execute, Object::at([copy.filename.as_str()]));
        }
        if !copy.filename.is_empty() {
            self.found.whole(Effect::Transfer, Object::at([copy.filename.as_str()]));
        }
        let rows = match (&copy.relation, copy.query.as_deref()) {
            (Some(_), _) => self.copied_relation(copy),
            (None, Some(query)) => self.copied_query(query),
            (None, None) => return self.unknown_statement(),
        };
        if copy.is_from {
            return Outcome::of(action, kind);
        }
        let outputs = self.outputs(&rows);
        if kind == Kind::CopyOut {
            let outputs = outputs.map_or(Outputs::Unknown, Outputs::Stream);
            return Outcome { outputs, ..Outcome::of(action, kind) };
        }
        self.kept(&rows);
        Outcome::of(action, kind)
    }

    fn copied_query(&mut self, query: &Node) -> Rows {
        let rows = self.query(Some(query), &Scope::default());
        if let Some(NodeEnum::SelectStmt(select)) = &query.node {
            self.select_facts(select);
        }
        rows
    }

    fn copied_relation(&mut self, copy: &CopyStmt) -> Rows {
        let Some(relation) = &copy.relation else {
            return Rows::default();
        };
        let listed = strings(&copy.attlist);
        let scope = Scope::default();
        if copy.is_from {
            let named = self.named(relation);
            let target = self.target_item(relation, &named);
            let columns = if listed.is_empty() {
                Columns::All
            } else {
                Columns::Named(listed.iter().map(|name| (*name).into()).collect())
            };
            self.touch(Effect::Write, &named, &columns);
            let mut level = scope.inner();
            level.items.push(target);
            if let Some(condition) = &copy.where_clause {
                // it is asked of the rows that come in, and only its functions matter
                let before = std::mem::take(&mut self.found.uses.consulted);
                self.consult(condition, &level);
                self.found.uses.consulted = before;
            }
            return Rows::default();
        }
        self.found.no_limit = true;
        self.found.restrict(super::facts::Restriction::nothing());
        let mut level = scope.inner();
        let item = self.relation_item(relation);
        level.items.push(item);
        let mut rows = Rows::default();
        if listed.is_empty() {
            for item in std::mem::take(&mut level.items) {
                self.expand(&item.stored(), &mut rows);
            }
            self.copied(relation, rows.columns.iter().map(|column| Arc::clone(&column.name)).collect());
            return rows;
        }
        self.copied(relation, listed.iter().map(|name| (*name).into()).collect());
        for name in listed {
            let meaning = self.reference(&[name], &level);
            let mut shown = super::targets::Shown::new(name.into(), meaning.source);
            shown.shape = meaning.shape;
            rows.columns.push(shown);
        }
        rows
    }

    /// Rows that are put somewhere, all of them.
    fn kept(&mut self, rows: &Rows) {
        let named = Named { objects: Vec::new(), relation: None };
        for column in &rows.columns {
            self.copy(&column.source, Some(&column.name), &named, column.at);
        }
        if rows.unlisted.is_some() {
            let all = self.all(rows);
            self.copy(&all, None, &named, None);
        }
    }

    /// `SELECT INTO`, `CREATE TABLE AS`, `CREATE` and `REFRESH MATERIALIZED VIEW`.
    pub(super) fn stores(&mut self, node: &NodeEnum) -> Outcome {
        #[expect(clippy::wildcard_enum_match_arm, reason = "what is not known here is opaque")]
        match node {
            NodeEnum::SelectStmt(select) => self.select_into(select),
            NodeEnum::CreateTableAsStmt(create) => self.create_as(create),
            NodeEnum::RefreshMatViewStmt(refresh) => self.refresh(refresh),
            _ => self.unknown_statement(),
        }
    }

    fn select_into(&mut self, select: &SelectStmt) -> Outcome {
        self.made_by(select.into_clause.as_deref());
        let rows = self.select(select, &Scope::default());
        self.select_facts(select);
        self.kept(&rows);
        Outcome::of(action::CREATE, Kind::Define)
    }

    fn create_as(&mut self, create: &CreateTableAsStmt) -> Outcome {
        self.made_by(create.into.as_deref());
        match create.query.as_deref() {
            Some(Node { node: Some(NodeEnum::ExecuteStmt(execute)) }) => {
                let prepared = self.execute(execute);
                self.keep_outputs(prepared.outputs);
            }
            query => {
                let rows = self.query(query, &Scope::default());
                if let Some(NodeEnum::SelectStmt(select)) = query.and_then(|query| query.node.as_ref()) {
                    self.select_facts(select);
                }
                self.kept(&rows);
            }
        }
        Outcome::of(action::CREATE, Kind::Define)
    }

    /// What a statement shows is put into a table.
    fn keep_outputs(&mut self, outputs: Outputs) {
        let outputs = match outputs {
            Outputs::Nothing => return,
            Outputs::Cells(outputs) | Outputs::Stream(outputs) => outputs,
            Outputs::Unknown => vec![Output::Unknown { label: "*".to_owned() }],
        };
        for output in outputs {
            match output {
                Output::Bare(column) => self.found.uses.stored.extend([column]),
                Output::Derived { from, .. } => self.found.uses.stored.extend(from),
                Output::Unknown { label } => self.found.uses.hidden.extend([label]),
            }
        }
    }

    fn made_by(&mut self, into: Option<&IntoClause>) {
        match into.and_then(|into| into.rel.as_ref()) {
            Some(relation) => {
                let object = self.made(relation);
                self.found.table(&object);
                self.found.whole(Effect::Define, object);
            }
            None => self.found.opaque("a new table without a name"),
        }
    }

    /// A refresh runs the view's own query and keeps what it gives in the view.
    fn refresh(&mut self, refresh: &RefreshMatViewStmt) -> Outcome {
        if let Some(relation) = &refresh.relation {
            let named = self.named(relation);
            for object in &named.objects {
                self.found.table(object);
            }
            self.touch(Effect::Write, &named, &Columns::All);
        }
        Outcome::plain(action::REFRESH)
    }

    /// `EXPLAIN`: with `ANALYZE` the statement runs. Without, its plan shows estimates, and the
    /// constants that the client wrote itself.
    pub(super) fn explain(&mut self, explain: &ExplainStmt) -> Outcome {
        let analyze = explain.options.iter().any(turned_on);
        let Some(node) = explain.query.as_deref() else {
            return self.unknown_statement();
        };
        let inner = match &node.node {
            Some(
                NodeEnum::InsertStmt(_) | NodeEnum::UpdateStmt(_) | NodeEnum::DeleteStmt(_) | NodeEnum::MergeStmt(_),
            ) => self.query_outcome(node),
            Some(NodeEnum::SelectStmt(select)) if select.into_clause.is_none() => self.query_outcome(node),
            Some(
                other @ (NodeEnum::SelectStmt(_)
                | NodeEnum::CreateTableAsStmt(_)
                | NodeEnum::RefreshMatViewStmt(_)
                | NodeEnum::DeclareCursorStmt(_)
                | NodeEnum::ExecuteStmt(_)),
            ) => self.utility(other),
            Some(_) | None => return self.unknown_statement(),
        };
        let opaque = matches!(self.found.reading(), Reading::Opaque(_)) || (analyze && !self.runs_unseen(&inner));
        if analyze {
            if inner.action != action::SELECT {
                self.found.action(inner.action);
            }
        } else {
            self.found.only_planned();
        }
        let label = "QUERY PLAN".to_owned();
        let plan = if opaque {
            Output::Unknown { label }
        } else {
            Output::Derived { label, from: self.found.uses.consulted.clone() }
        };
        // a cursor that EXPLAIN declares is never opened
        let lasts = matches!(inner.kind, Kind::Set { .. } | Kind::Execute { .. } | Kind::Define);
        let kind = if analyze && lasts { inner.kind } else { Kind::Plain };
        Outcome {
            outputs: Outputs::Cells(vec![plan]),
            columns: vec!["QUERY PLAN".into()],
            ..Outcome::of(action::EXPLAIN, kind)
        }
    }
}

impl Reader<'_> {
    /// What a statement shows that runs where nobody sees its rows is computed all the same: how many there are, how it
    /// fails, and what functions do with what they are given tell of it. Answers whether it is known what that is.
    fn runs_unseen(&mut self, inner: &Outcome) -> bool {
        let outputs = if let Kind::DeclareCursor { inner, .. } = &inner.kind { &inner.outputs } else { &inner.outputs };
        match outputs {
            Outputs::Nothing => true,
            Outputs::Cells(outputs) | Outputs::Stream(outputs) => {
                for output in outputs {
                    if let Output::Derived { from, .. } = output {
                        self.found.compute(&Source::computed(from.clone()));
                    }
                }
                !outputs.iter().any(|output| matches!(output, Output::Unknown { .. }))
            }
            Outputs::Unknown => false,
        }
    }
}

/// Whether an option of `EXPLAIN` makes the statement run; one that cannot be read does.
fn turned_on(option: &Node) -> bool {
    let Some(NodeEnum::DefElem(option)) = &option.node else {
        return true;
    };
    if option.defname != "analyze" {
        return false;
    }
    match option.arg.as_deref().and_then(|arg| arg.node.as_ref()) {
        Some(NodeEnum::String(word)) => !["off", "false", "0"].contains(&word.sval.to_ascii_lowercase().as_str()),
        Some(NodeEnum::Boolean(value)) => value.boolval,
        Some(NodeEnum::Integer(number)) => number.ival != 0,
        Some(_) | None => true,
    }
}
