//! Statements that change rows.
//!
//! What a clause only decides is kept apart from what is written, and what is copied from elsewhere is said.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    DeleteStmt, InferClause, InsertStmt, Node, OnConflictAction, OnConflictClause, ResTarget, ReturningClause,
    ReturningOptionKind, UpdateStmt,
};
use postern_core::operation::{Column, Columns, Effect};

use super::facts::{Limited, Restriction};
use super::label;
use super::query::Rows;
use super::relation::Named;
use super::scope::{Item, Known, Listed, Scope, Unlisted};
use super::source::Source;
use super::statement::Reader;
use super::targets::ends_in_star;
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    pub(super) fn insert(&mut self, insert: &InsertStmt, outer: &Scope<'_>) -> Rows {
        self.found.action(action::INSERT);
        let around = self.with(&insert.with_clause, outer);
        let mut level = around.inner();
        let Some(relation) = &insert.relation else {
            self.found.opaque("INSERT without a table");
            return Rows::default();
        };
        let named = self.named(relation);
        let target = self.target_item(relation, &named);
        let columns = self.target_columns(&insert.cols, &level);
        let written =
            if insert.cols.is_empty() { Columns::All } else { Columns::Named(columns.iter().cloned().collect()) };
        self.touch(Effect::Write, &named, &written);
        let mut brought = Rows::default();
        if insert.select_stmt.is_some() {
            let rows = self.query_in(insert.select_stmt.as_deref(), &level);
            if let Some(NodeEnum::SelectStmt(query)) = insert.select_stmt.as_ref().and_then(|query| query.node.as_ref())
            {
                self.give_rows(query, &filled(&columns, &target), &named);
            }
            self.stored(&rows, &columns, &named, &target);
            brought = rows;
        }
        level.items.push(target.clone());
        if let Some(conflict) = &insert.on_conflict_clause {
            let excluded = excluded(&target, &brought);
            self.on_conflict(conflict, &named, excluded, &level);
        }
        self.returning(insert.returning_clause.as_ref(), &target, &level)
    }

    /// Rows of a query go into the columns that are listed, or else into those of the table in order.
    pub(super) fn stored(&mut self, rows: &Rows, columns: &[Arc<str>], named: &Named, target: &Item) {
        let names = filled(columns, target);
        for (place, shown) in rows.columns.iter().enumerate() {
            self.copy(&shown.source, names.get(place), named, shown.at);
        }
        if rows.unlisted.is_some() {
            let all = self.all(rows);
            self.copy(&all, None, named, None);
        }
    }

    /// The names of the columns in a target list, and what their subscripts read.
    pub(super) fn target_columns(&mut self, list: &[Node], level: &Scope<'_>) -> Vec<Arc<str>> {
        let mut names = Vec::with_capacity(list.len());
        for node in list {
            match &node.node {
                Some(NodeEnum::ResTarget(target)) => {
                    self.subscripts(target, level);
                    names.push(target.name.as_str().into());
                }
                other => self.unreadable("a column list", other.as_ref()),
            }
        }
        names
    }

    fn subscripts(&mut self, target: &ResTarget, level: &Scope<'_>) {
        for step in &target.indirection {
            self.consult(step, level);
        }
    }

    fn on_conflict(&mut self, conflict: &OnConflictClause, named: &Named, excluded: Item, level: &Scope<'_>) {
        if let Some(infer) = &conflict.infer {
            self.infer(infer, level);
        }
        if conflict.action() != OnConflictAction::OnconflictUpdate {
            return;
        }
        self.found.action(action::UPDATE);
        let mut inner = level.showing(level.items.clone());
        inner.items.push(excluded);
        self.assignments(&conflict.target_list, named, &inner);
        if let Some(condition) = &conflict.where_clause {
            self.consult(condition, &inner);
        }
    }

    fn infer(&mut self, infer: &InferClause, level: &Scope<'_>) {
        for element in &infer.index_elems {
            match &element.node {
                Some(NodeEnum::IndexElem(element)) => match &element.expr {
                    Some(expression) => self.consult(expression, level),
                    None => {
                        let meaning = self.reference(&[&element.name], level);
                        self.found.consult(meaning.source);
                    }
                },
                other => self.unreadable("a conflict target", other.as_ref()),
            }
        }
        if let Some(condition) = &infer.where_clause {
            self.consult(condition, level);
        }
    }

    pub(super) fn update(&mut self, update: &UpdateStmt, outer: &Scope<'_>) -> Rows {
        self.found.action(action::UPDATE);
        let around = self.with(&update.with_clause, outer);
        let mut level = around.inner();
        let Some(relation) = &update.relation else {
            self.found.opaque("UPDATE without a table");
            return Rows::default();
        };
        let named = self.named(relation);
        let target = self.target_item(relation, &named);
        self.bring_in(&update.from_clause, &mut level);
        level.items.insert(0, target.clone());
        self.assignments(&update.target_list, &named, &level);
        let of = Limited { name: target.name.as_deref(), alone: update.from_clause.is_empty() };
        self.found.restrict(Restriction::of(update.where_clause.as_deref(), of));
        if let Some(condition) = &update.where_clause {
            self.consult(condition, &level);
        }
        self.returning(update.returning_clause.as_ref(), &target, &level)
    }

    /// `SET` lists: each column is written, and what goes into it from elsewhere is copied.
    pub(super) fn assignments(&mut self, list: &[Node], named: &Named, level: &Scope<'_>) {
        for node in list {
            let Some(NodeEnum::ResTarget(target)) = &node.node else {
                self.unreadable("an assignment", node.node.as_ref());
                continue;
            };
            self.subscripts(target, level);
            let name: Arc<str> = target.name.as_str().into();
            let written = Columns::Named(BTreeSet::from([Arc::clone(&name)]));
            self.touch(Effect::Write, named, &written);
            self.overwritten(named, &name);
            let source = match assigned(target.val.as_deref()) {
                Assigned::Alone(value) => {
                    self.give(value, &name, named);
                    self.optional(value, level)
                }
                // nobody counts here what a star stands for
                Assigned::OneOf(row) => {
                    let rows = self.cells(row, level);
                    self.all(&rows)
                }
            };
            let at = usize::try_from(target.location).ok();
            self.copy(&source, Some(&name), named, at);
        }
    }

    pub(super) fn delete(&mut self, delete: &DeleteStmt, outer: &Scope<'_>) -> Rows {
        self.found.action(action::DELETE);
        let around = self.with(&delete.with_clause, outer);
        let mut level = around.inner();
        let Some(relation) = &delete.relation else {
            self.found.opaque("DELETE without a table");
            return Rows::default();
        };
        let named = self.named(relation);
        let target = self.target_item(relation, &named);
        self.touch(Effect::Delete, &named, &Columns::None);
        self.bring_in(&delete.using_clause, &mut level);
        level.items.insert(0, target.clone());
        let of = Limited { name: target.name.as_deref(), alone: delete.using_clause.is_empty() };
        self.found.restrict(Restriction::of(delete.where_clause.as_deref(), of));
        if let Some(condition) = &delete.where_clause {
            self.consult(condition, &level);
        }
        self.returning(delete.returning_clause.as_ref(), &target, &level)
    }

    /// What comes back of the rows that were changed. The rows before and after have names of their
    /// own since PostgreSQL 18.
    pub(super) fn returning(&mut self, clause: Option<&ReturningClause>, target: &Item, level: &Scope<'_>) -> Rows {
        let Some(clause) = clause else {
            return Rows::default();
        };
        let mut inner = level.showing(level.items.clone());
        let (mut old, mut new) = ("old", "new");
        for option in &clause.options {
            match &option.node {
                Some(NodeEnum::ReturningOption(option)) => match option.option() {
                    ReturningOptionKind::ReturningOptionOld => old = &option.value,
                    ReturningOptionKind::ReturningOptionNew => new = &option.value,
                    ReturningOptionKind::Undefined => self.found.opaque("an unknown RETURNING option"),
                },
                other => self.unreadable("a RETURNING option", other.as_ref()),
            }
        }
        for name in [old, new] {
            let mut image = target.clone();
            image.name = Some(name.into());
            image.object = None;
            image.columns_in_sight = false;
            inner.items.push(image);
        }
        self.targets(&clause.exprs, &inner)
    }

    /// A value goes into a column. Where it was computed from other columns than that one, it has
    /// been copied out of the place that policies and masks know.
    pub(super) fn copy(&mut self, source: &Source, into: Option<&Arc<str>>, named: &Named, at: Option<usize>) {
        self.found.charge(source.from.len());
        self.found.compute(source);
        let own =
            |column: &Column| into.is_some_and(|name| *name == column.name) && named.objects.contains(&column.object);
        let from: BTreeSet<Column> = source.from.iter().filter(|column| !own(column)).cloned().collect();
        if from.is_empty() && !source.unknown {
            return;
        }
        self.found.uses.stored.extend(from);
        if source.unknown {
            let label = match (at, into) {
                (Some(at), _) => label::expression(self.text, at),
                (None, Some(name)) => name.to_string(),
                (None, None) => "*".to_owned(),
            };
            self.found.uses.hidden.insert(label);
        }
    }

    /// Values that stood in these columns are changed.
    pub(super) fn overwritten(&mut self, named: &Named, name: &Arc<str>) {
        let columns = named.objects.iter().map(|object| Column { object: object.clone(), name: Arc::clone(name) });
        self.found.uses.overwritten.extend(columns);
    }
}

/// What is assigned to one column.
enum Assigned<'n> {
    /// This, or something of it.
    Alone(Option<&'n Node>),
    /// One of these.
    OneOf(&'n [Node]),
}

/// What a column is given, alone or with others, of `(a, b) = (1, 2)`.
fn assigned(value: Option<&Node>) -> Assigned<'_> {
    let Some(NodeEnum::MultiAssignRef(several)) = value.and_then(|value| value.node.as_ref()) else {
        return Assigned::Alone(value);
    };
    let source = several.source.as_deref();
    let place = usize::try_from(several.colno).ok().and_then(|number| number.checked_sub(1));
    match (source.and_then(|source| source.node.as_ref()), place) {
        (Some(NodeEnum::RowExpr(row)), _) if row.args.iter().any(ends_in_star) => Assigned::OneOf(&row.args),
        (Some(NodeEnum::RowExpr(row)), Some(place)) => Assigned::Alone(row.args.get(place)),
        (_, _) => Assigned::Alone(source),
    }
}

/// The columns that rows go into: those that are listed, or else those of the table in order.
pub(super) fn filled(listed: &[Arc<str>], target: &Item) -> Vec<Arc<str>> {
    if listed.is_empty() { target.columns().into_iter().map(|known| known.name).collect() } else { listed.to_vec() }
}

/// The row that was to be inserted: whatever came may be in any of its columns.
fn excluded(target: &Item, rows: &Rows) -> Item {
    // what is computed of several is one of its columns as well
    let any = Rc::new(rows.all().derived());
    let columns = target.columns().into_iter().map(|known| Known {
        source: Rc::clone(&any),
        reads: None,
        place: None,
        shape: None,
        name: known.name,
    });
    let unlisted = target.unlisted.as_ref().map(|_| Unlisted { source: rows.all(), ..Unlisted::default() });
    Item {
        name: Some("excluded".into()),
        object: None,
        entry: None,
        listed: Listed::Columns(columns.collect()),
        unlisted,
        columns_in_sight: false,
        name_in_sight: true,
    }
}
