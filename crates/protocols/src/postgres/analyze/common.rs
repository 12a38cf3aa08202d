//! One query of a `WITH` clause: what its name shows to the queries after it.
//!
//! A recursive one is read until nothing new comes out of it; a column is never lost on the way.

use std::rc::Rc;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{CommonTableExpr, SelectStmt, SetOperation};

use super::from::renamed;
use super::query::Rows;
use super::scope::{Common, Known, Scope};
use super::source::Source;
use super::statement::{Reader, strings};

impl Reader<'_> {
    /// Reads a `WITH` query once; a recursive one until nothing new comes out of it.
    pub(super) fn common_rows(&mut self, common: &CommonTableExpr, recursive: bool, level: &Scope<'_>) -> Common {
        let query = common.ctequery.as_deref();
        let rows = match query.and_then(|query| query.node.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) if recursive && select.op() == SetOperation::SetopUnion => {
                self.recursive(common, select, level)
            }
            Some(_) | None => self.query_in(query, level),
        };
        let mut named = finished(common, rows);
        self.search_and_cycle(common, &mut named);
        named
    }

    /// A recursive query is a union whose second part reads the whole. Sources only grow, and there
    /// are finitely many columns, so this ends; the budget ends it sooner where that takes too long.
    fn recursive(&mut self, common: &CommonTableExpr, select: &SelectStmt, level: &Scope<'_>) -> Rows {
        let inner = self.with(&select.with_clause, level);
        let Some((first, rest)) = select.larg.as_deref().zip(select.rarg.as_deref()) else {
            return Rows::default();
        };
        // THREAT: a query of its own that takes the name
        if inner.commons.borrow().iter().any(|own| *own.name == *common.ctename) {
            self.found.opaque(format!("the WITH query `{}` has another of that name in it", common.ctename));
        }
        let mut rows = lost(self.select(first, &inner));
        loop {
            inner.commons.borrow_mut().push(finished(common, rows.clone()));
            let step = self.select(rest, &inner);
            let next = self.union(rows.clone(), step);
            if same(&next, &rows) || !self.step() {
                break;
            }
            rows = next;
        }
        if !select.all {
            self.consult_all(&rows);
        }
        self.tail(select, &rows, &inner);
        for column in &rows.columns {
            self.found.compute(&column.source);
        }
        rows
    }

    /// `SEARCH` and `CYCLE` add columns that are made of those that they name.
    fn search_and_cycle(&mut self, common: &CommonTableExpr, named: &mut Common) {
        if common.search_clause.is_some() || common.cycle_clause.is_some() {
            // a star has them in some places and not in others, and so has the query itself
            self.found.opaque("SEARCH or CYCLE adds columns to a WITH query");
        }
        let mut added: Vec<(&str, Vec<&str>)> = Vec::new();
        if let Some(search) = &common.search_clause {
            added.push((&search.search_seq_column, strings(&search.search_col_list)));
        }
        if let Some(cycle) = &common.cycle_clause {
            let columns = strings(&cycle.cycle_col_list);
            added.push((&cycle.cycle_mark_column, columns.clone()));
            added.push((&cycle.cycle_path_column, columns));
        }
        let mut columns = named.columns.to_vec();
        for (name, from) in added {
            let mut source = Source::none();
            let inputs = named.columns.iter().filter(|known| from.contains(&&*known.name));
            for known in inputs {
                source.take_in_copy(&known.source);
            }
            self.found.consult(source.clone());
            columns.push(Known { name: name.into(), source: Rc::new(source), shape: None, reads: None, place: None });
        }
        named.columns = columns.into();
    }
}

/// The rows under the names that the `WITH` clause gives them.
fn finished(common: &CommonTableExpr, rows: Rows) -> Common {
    let columns: Vec<Known> = rows.columns.iter().map(Known::from).collect();
    let names = strings(&common.aliascolnames);
    Common {
        name: Arc::from(common.ctename.as_str()),
        columns: renamed(&columns, &names, rows.unlisted.as_ref()),
        unlisted: rows.unlisted,
        ready: true,
    }
}

/// The server does not follow origins through recursion.
fn lost(mut rows: Rows) -> Rows {
    for column in &mut rows.columns {
        Rc::make_mut(&mut column.source).bare = None;
        column.shape = None;
    }
    rows
}

fn same(left: &Rows, right: &Rows) -> bool {
    let sources =
        |rows: &Rows| -> Vec<Rc<Source>> { rows.columns.iter().map(|column| Rc::clone(&column.source)).collect() };
    let loose = |rows: &Rows| rows.unlisted.as_ref().map(|unlisted| unlisted.source.clone());
    sources(left) == sources(right) && loose(left) == loose(right)
}
