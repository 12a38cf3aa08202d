//! Queries: what a `SELECT`, `VALUES` or `TABLE` shows, and what decides about it.
//!
//! Enter at `query_in` for a query inside another statement.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, SelectStmt, SetOperation, WithClause};

use super::scope::{Common, Known, Scope, Unlisted};
use super::source::Source;
use super::statement::Reader;
use super::targets::Shown;

pub(super) use super::targets::column_name;

/// What a query shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<Shown>,
    /// Columns beyond those, of which nobody knows the number.
    pub(super) unlisted: Option<Unlisted>,
}

impl Rows {
    /// How much there is in them: columns, and what goes into each.
    pub(super) fn weight(&self) -> usize {
        let of = |column: &Shown| column.source.from.len().saturating_add(1);
        self.columns.iter().map(of).fold(0, usize::saturating_add)
    }

    /// All columns as one value.
    pub(super) fn all(&self) -> Source {
        let mut source = Source::none();
        for column in &self.columns {
            source.take_in_copy(&column.source);
        }
        if let Some(unlisted) = &self.unlisted {
            source.take_in_copy(&unlisted.source);
            source.unknown |= !unlisted.objects.is_empty();
        }
        source
    }
}

impl Reader<'_> {
    /// A query, or a changing statement that returns rows, inside `outer`.
    pub(super) fn query_in(&mut self, node: Option<&Node>, outer: &Scope<'_>) -> Rows {
        let rows = self.query(node, outer);
        // INVARIANT: the server computes what nobody shows as well, and fails by it, or makes several rows of one
        for column in &rows.columns {
            self.found.compute(&column.source);
        }
        rows
    }

    /// A query whose rows are shown, or kept, as they are.
    pub(super) fn query(&mut self, node: Option<&Node>, outer: &Scope<'_>) -> Rows {
        if !self.step() {
            return Rows::default();
        }
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) => {
                if select.into_clause.is_some() {
                    self.found.opaque("INTO inside another statement");
                }
                self.select(select, outer)
            }
            Some(NodeEnum::InsertStmt(insert)) => self.insert(insert, outer),
            Some(NodeEnum::UpdateStmt(update)) => self.update(update, outer),
            Some(NodeEnum::DeleteStmt(delete)) => self.delete(delete, outer),
            Some(NodeEnum::MergeStmt(merge)) => self.merge_into(merge, outer),
            other => {
                self.unreadable("a query", other);
                Rows::default()
            }
        }
    }

    /// A `SELECT` in any of its forms.
    pub(super) fn select(&mut self, select: &SelectStmt, outer: &Scope<'_>) -> Rows {
        if !self.step() {
            return Rows::default();
        }
        let around = self.with(&select.with_clause, outer);
        let mut level = around.inner();
        if !select.locking_clause.is_empty() {
            self.found.locks = true;
        }
        let operation = SetOperation::try_from(select.op).unwrap_or(SetOperation::Undefined);
        let rows = match operation {
            SetOperation::SetopNone if !select.values_lists.is_empty() => self.values(select, &mut level),
            SetOperation::SetopNone => {
                self.bring_in(&select.from_clause, &mut level);
                if let Some(condition) = &select.where_clause {
                    self.consult(condition, &level);
                }
                let rows = self.targets(&select.target_list, &level);
                self.grouping(select, &rows, &level);
                rows
            }
            SetOperation::SetopUnion | SetOperation::SetopIntersect | SetOperation::SetopExcept => {
                self.combined(select, operation, &mut level)
            }
            SetOperation::Undefined => {
                self.found.opaque("an unknown set operation");
                Rows::default()
            }
        };
        self.tail(select, &rows, &level);
        rows
    }

    /// What follows the rows: their order and their number.
    pub(super) fn tail(&mut self, select: &SelectStmt, rows: &Rows, level: &Scope<'_>) {
        self.order(&select.sort_clause, rows, level);
        for bound in select.limit_count.iter().chain(&select.limit_offset) {
            self.consult(bound, level);
        }
    }

    /// Rows that are written out. Their columns are in sight of what orders them.
    fn values(&mut self, select: &SelectStmt, level: &mut Scope<'_>) -> Rows {
        let mut columns: Vec<Shown> = Vec::new();
        for row in &select.values_lists {
            let Some(NodeEnum::List(row)) = &row.node else {
                self.unreadable("a row of VALUES", row.node.as_ref());
                continue;
            };
            let row = self.cells(&row.items, level);
            if row.unlisted.is_some() {
                self.found.opaque("nobody knows how many columns a row of VALUES has");
            }
            for (place, cell) in row.columns.into_iter().enumerate() {
                match columns.get_mut(place) {
                    Some(column) => Rc::make_mut(&mut column.source).take_in_copy(&cell.source),
                    None => {
                        let name = format!("column{}", place.saturating_add(1));
                        columns.push(Shown::new(name.into(), Rc::unwrap_or_clone(cell.source).derived()));
                    }
                }
            }
        }
        let rows = Rows { columns, unlisted: None };
        let mut item = rows.clone().item();
        item.name = Some("*VALUES*".into());
        level.items.push(item);
        rows
    }

    /// `UNION` and its like. The server forgets the origin of every column; where rows are compared,
    /// every column decides which rows there are.
    fn combined(&mut self, select: &SelectStmt, operation: SetOperation, level: &mut Scope<'_>) -> Rows {
        let left = select.larg.as_deref().map(|left| self.select(left, level));
        let right = select.rarg.as_deref().map(|right| self.select(right, level));
        let (Some(left), Some(right)) = (left, right) else {
            self.found.opaque("a set operation with one side");
            return Rows::default();
        };
        let compares = !(select.all && operation == SetOperation::SetopUnion);
        let rows = self.union(left, right);
        if compares {
            self.consult_all(&rows);
        }
        level.items.push(rows.clone().item());
        rows
    }

    fn grouping(&mut self, select: &SelectStmt, rows: &Rows, level: &Scope<'_>) {
        for group in &select.group_clause {
            self.group(group, rows, level);
        }
        self.grouped(select, rows, level);
        if let Some(condition) = &select.having_clause {
            self.consult(condition, level);
        }
        for window in &select.window_clause {
            match &window.node {
                Some(NodeEnum::WindowDef(window)) => self.window(window, level),
                other => self.unreadable("a window", other.as_ref()),
            }
        }
        for distinct in &select.distinct_clause {
            match distinct.node {
                Some(_) => self.ordered_by(distinct, rows, level),
                // a plain DISTINCT compares whole rows
                None => self.consult_all(rows),
            }
        }
    }

    /// One entry of `GROUP BY`: a column in sight goes before a column that is shown.
    fn group(&mut self, group: &Node, rows: &Rows, level: &Scope<'_>) {
        if !self.step() {
            return;
        }
        match &group.node {
            Some(NodeEnum::GroupingSet(set)) => {
                for member in &set.content {
                    self.group(member, rows, level);
                }
            }
            Some(NodeEnum::RowExpr(row)) => {
                for member in &row.args {
                    self.group(member, rows, level);
                }
            }
            Some(NodeEnum::ColumnRef(_)) => {
                let name = super::expression::lone_name(group).unwrap_or_default();
                let mut here = level.items.iter().filter(|item| item.columns_in_sight);
                self.found.charge_search(level.width());
                if here.clone().any(|item| item.any_column(name).is_some()) {
                    self.consult(group, level);
                }
                // INVARIANT: what stands on a level further out is no column in sight, and what is not known may be another
                if here.all(|item| item.column(name).is_none()) {
                    self.ordered_by(group, rows, level);
                }
            }
            Some(_) | None => self.ordered_by(group, rows, level),
        }
    }

    fn order(&mut self, clause: &[Node], rows: &Rows, level: &Scope<'_>) {
        for entry in clause {
            match &entry.node {
                Some(NodeEnum::SortBy(sort)) => {
                    self.operator(&sort.use_op);
                    if let Some(node) = &sort.node {
                        self.ordered_by(node, rows, level);
                    }
                }
                other => self.unreadable("an ORDER BY entry", other.as_ref()),
            }
        }
    }

    /// An entry of `ORDER BY` or `DISTINCT ON`: the place or the name of a shown column goes before a
    /// column in sight.
    fn ordered_by(&mut self, node: &Node, rows: &Rows, level: &Scope<'_>) {
        if !self.found.charge_search(rows.columns.len().saturating_add(1)) {
            return;
        }
        if let Some(place) = super::expression::integer(node) {
            let shown = place.checked_sub(1).and_then(|place| rows.columns.get(place));
            match (shown, &rows.unlisted) {
                (Some(column), None) => self.found.consult((*column.source).clone()),
                (_, _) => self.consult_all(rows),
            }
            return;
        }
        if let Some(name) = super::expression::lone_name(node) {
            let named: Vec<&Shown> = rows.columns.iter().filter(|column| *column.name == *name).collect();
            for column in &named {
                self.found.consult((*column.source).clone());
            }
            if !named.is_empty() && rows.unlisted.is_none() {
                return;
            }
        }
        self.consult(node, level);
    }

    /// All columns of rows as one value.
    pub(super) fn all(&mut self, rows: &Rows) -> Source {
        if self.found.charge(rows.weight()) { rows.all() } else { Source::unknown() }
    }

    /// Every column decides.
    pub(super) fn consult_all(&mut self, rows: &Rows) {
        let all = self.all(rows);
        self.found.consult(all);
    }

    /// Rows of two queries under the names of the first.
    pub(super) fn union(&mut self, left: Rows, right: Rows) -> Rows {
        let weight = left.weight().saturating_add(right.weight());
        if self.found.charge(weight) { union(left, right) } else { left }
    }

    /// A level inside `outer` on which the queries of a `WITH` clause are in sight.
    pub(super) fn with<'s>(&mut self, clause: &Option<WithClause>, outer: &'s Scope<'s>) -> Scope<'s> {
        let level = outer.inner();
        if let Some(with) = clause {
            self.with_clause(with, &level);
        }
        level
    }

    /// Each query of the clause sees those before it.
    fn with_clause(&mut self, with: &WithClause, level: &Scope<'_>) {
        if with.recursive {
            // all names hide relations from the start, and only those before are ready to be read
            for node in &with.ctes {
                if let Some(NodeEnum::CommonTableExpr(common)) = &node.node {
                    level.commons.borrow_mut().push(Common {
                        name: common.ctename.as_str().into(),
                        columns: Rc::from([]),
                        unlisted: None,
                        ready: false,
                    });
                }
            }
        }
        for node in &with.ctes {
            match &node.node {
                Some(NodeEnum::CommonTableExpr(common)) => {
                    let rows = self.common_rows(common, with.recursive, level);
                    level.commons.borrow_mut().push(rows);
                }
                other => self.unreadable("a WITH query", other.as_ref()),
            }
        }
    }

    /// The `WITH` query of this name, where one is in sight.
    pub(super) fn common(&mut self, name: &str, scope: &Scope<'_>) -> Option<Common> {
        self.found.charge_search(scope.breadth());
        let common = scope.common(name)?;
        if !common.ready {
            self.found.opaque(format!("the WITH query `{name}` is used before it is defined"));
        }
        Some(common)
    }
}

/// Rows of two queries under the names of the first, column by column.
fn union(left: Rows, right: Rows) -> Rows {
    let unlisted = match (left.unlisted.clone(), right.unlisted.clone()) {
        (None, None) => None,
        (_, _) => Some(Unlisted {
            source: {
                let mut source = left.all();
                source.take_in(right.all());
                source
            },
            objects: Vec::new(),
            assumed: false,
        }),
    };
    let loose = unlisted.as_ref().map(|unlisted| unlisted.source.clone());
    let mut columns = left.columns;
    for (place, column) in columns.iter_mut().enumerate() {
        let source = Rc::make_mut(&mut column.source);
        source.bare = None;
        column.shape = None;
        if let Some(loose) = &loose {
            // where the number of columns is open, nobody knows which meets which
            source.take_in_copy(loose);
        } else if let Some(other) = right.columns.get(place) {
            source.take_in_copy(&other.source);
        } else {
            source.unknown = true;
        }
    }
    Rows { columns, unlisted }
}

impl From<&Shown> for Known {
    fn from(column: &Shown) -> Self {
        Self {
            name: Arc::clone(&column.name),
            source: Rc::clone(&column.source),
            shape: column.shape,
            reads: None,
            place: None,
        }
    }
}
