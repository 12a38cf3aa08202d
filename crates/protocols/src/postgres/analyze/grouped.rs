//! Primary keys in `GROUP BY`: with one the server takes every other column of its relation for grouped as well.
//!
//! It knows that of a relation alone, and not of a query that stands for one: there the other columns have to be named, and
//! the groups stay what they are. Enter at `Reader::grouped` and `Grouped::change`.

use std::fmt::Write;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::Node;
use postern_core::operation::Object;

use super::replaced::Change;
use super::scope::{Item, Listed, Scope};
use super::sites::{Placed, find};
use super::statement::{Reader, strings};
use crate::postgres::catalog::{Catalog, Relation, TypeKind};
use crate::postgres::form::{oid, quoted};

/// Types of the server's whose values cannot be compared, so that nothing is grouped by them.
const INCOMPARABLE: &[u32] =
    &[oid::JSON, oid::XML, oid::POINT, oid::LSEG, oid::PATH, oid::BOX, oid::POLYGON, oid::LINE, oid::CIRCLE];

/// A relation by whose primary key rows are grouped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grouped {
    /// The byte at which a column of the key is named.
    at: usize,
    pub(super) object: Object,
    /// The name that the relation goes by there.
    alias: Arc<str>,
    /// Its other columns: what they are called there, and what in the relation.
    others: Vec<(Arc<str>, Arc<str>)>,
}

impl Reader<'_> {
    /// Rows are grouped by these.
    pub(super) fn grouped(&mut self, clause: &[Node], level: &Scope<'_>) {
        let named = |node: &Node| match &node.node {
            Some(NodeEnum::ColumnRef(reference)) => {
                let names: Vec<String> = strings(&reference.fields).into_iter().map(str::to_owned).collect();
                Some((usize::try_from(reference.location).ok()?, names))
            }
            Some(_) | None => None,
        };
        let named: Vec<(usize, Vec<String>)> = clause.iter().filter_map(named).collect();
        if !self.found.charge_search(named.len().saturating_mul(level.width())) {
            return;
        }
        for item in level.items.iter().filter(|item| item.name_in_sight) {
            let (Listed::Relation(relation, names), Some(alias)) = (&item.listed, &item.name) else { continue };
            let at = |place: usize| {
                let column = called(relation, names, place)?;
                named.iter().find(|(_, written)| means(written, item, &column, level)).map(|(at, _)| *at)
            };
            let mut key = relation.columns.iter().enumerate().filter(|(_, column)| column.key).peekable();
            let Some((first, _)) = key.peek() else { continue };
            let Some(begin) = at(*first) else { continue };
            if key.all(|(place, _)| at(place).is_some()) {
                let others = relation.columns.iter().enumerate();
                let others = others.filter(|(_, column)| !column.key && is_comparable(column.kind, self.names.catalog));
                let others = others
                    .filter_map(|(place, column)| Some((called(relation, names, place)?, Arc::clone(&column.name))));
                let grouped = Grouped {
                    at: begin,
                    object: relation.object.clone(),
                    alias: Arc::clone(alias),
                    others: others.collect(),
                };
                self.found.sites.grouped.push(grouped);
            }
        }
    }
}

/// What a column of a relation is called where some of its columns have other names.
fn called(relation: &Relation, names: &[Arc<str>], place: usize) -> Option<Arc<str>> {
    names.get(place).or(relation.columns.get(place).map(|column| &column.name)).cloned()
}

/// Whether a name means this column of an item, and no other's.
fn means(written: &[String], item: &Item, column: &str, level: &Scope<'_>) -> bool {
    match written {
        [name] => {
            let here = level.items.iter().filter(|item| item.columns_in_sight);
            let mut here = here.filter(|item| item.any_column(name).is_some());
            name == column && here.next().is_some_and(|one| std::ptr::eq(one, item)) && here.next().is_none()
        }
        [.., of, name] => name == column && level.item(None, of).is_some_and(|one| std::ptr::eq(one, item)),
        [] => false,
    }
}

fn is_comparable(kind: u32, catalog: &Catalog) -> bool {
    match catalog.kind_of(kind).map(|known| known.kind) {
        Some(TypeKind::Domain(base)) => is_comparable(base, catalog),
        Some(TypeKind::Array(element)) => is_comparable(element, catalog),
        Some(TypeKind::Base | TypeKind::Enum | TypeKind::Range) => !INCOMPARABLE.contains(&kind),
        Some(TypeKind::Composite(_)) | None => false,
    }
}

impl Grouped {
    /// The other columns that are read, before the key.
    pub(super) fn change(&self, tokens: &[Placed<'_>], is_read: impl Fn(&str) -> bool) -> Option<Change> {
        let at = find(tokens, self.at)?.start();
        let mut instead = String::new();
        for (called, _) in self.others.iter().filter(|(_, name)| is_read(name)) {
            write!(instead, "{}.{}, ", quoted(&self.alias), quoted(called)).ok()?;
        }
        Some(Change { at, length: 0, instead })
    }
}
