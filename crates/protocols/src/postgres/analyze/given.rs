//! What a statement itself brings for columns: constants, and parameters in their places.
//!
//! It looks at no value more than to tell whether it may be an image of one. Enter at `Reader::give`.

use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, SelectStmt, a_const};
use postern_core::mask::may_be_shown;
use postern_core::operation::{Column, Given, Value};

use super::Statement;
use super::relation::Named;
use super::statement::Reader;
use super::targets::ends_in_star;
use crate::postgres::form::{Form, form};

impl Reader<'_> {
    /// The rows of `VALUES`, or of a query without tables, go into columns.
    pub(super) fn give_rows(&mut self, query: &SelectStmt, columns: &[Arc<str>], named: &Named) {
        for row in &query.values_lists {
            if let Some(NodeEnum::List(row)) = &row.node {
                self.give_row(&row.items, columns, named);
            }
        }
        let value = |target: &Node| match &target.node {
            Some(NodeEnum::ResTarget(target)) => target.val.as_deref().cloned(),
            Some(_) | None => None,
        };
        let targets: Vec<Node> = query.target_list.iter().map_while(value).collect();
        self.give_row(&targets, columns, named);
    }

    /// A row goes into columns, as far as it is known which cell goes into which.
    pub(super) fn give_row(&mut self, row: &[Node], columns: &[Arc<str>], named: &Named) {
        let cells = row.iter().take_while(|cell| !ends_in_star(cell));
        cells.zip(columns).for_each(|(value, column)| self.give(Some(value), column, named));
    }

    /// These go into columns where another statement has parameters.
    pub(super) fn give_parameters(&mut self, parameters: &[Node], to: &Statement) {
        for (column, given) in &to.uses.given {
            for one in given {
                let Value::Parameter(place) = one.value else { continue };
                if let Some(value) = parameters.get(place).and_then(constant) {
                    self.found.give(column.clone(), Given { value, textual: one.textual });
                }
            }
        }
    }

    /// A value goes into a column.
    pub(super) fn give(&mut self, value: Option<&Node>, column: &Arc<str>, named: &Named) {
        if !self.found.charge(1) {
            return;
        }
        let Some(value) = value.and_then(constant) else { return };
        let catalog = self.names.catalog;
        let known = named.relation.iter().flat_map(|relation| &relation.columns).find(|known| known.name == *column);
        let textual = known.is_none_or(|known| form(known.kind, catalog) != Form::Other);
        for object in &named.objects {
            let column = Column { object: object.clone(), name: Arc::clone(column) };
            self.found.give(column, Given { value: value.clone(), textual });
        }
    }
}

/// A parameter, NULL, or a text that may be an image, whatever type it is taken for.
fn constant(node: &Node) -> Option<Value> {
    match &node.node {
        Some(NodeEnum::TypeCast(cast)) => constant(cast.arg.as_deref()?),
        Some(NodeEnum::ParamRef(parameter)) => {
            Some(Value::Parameter(usize::try_from(parameter.number).ok()?.checked_sub(1)?))
        }
        Some(NodeEnum::AConst(constant)) if constant.isnull => Some(Value::Null),
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Sval(text)) if may_be_shown(&text.sval) => Some(Value::Text(text.sval.as_str().into())),
            Some(_) | None => None,
        },
        Some(_) | None => None,
    }
}
