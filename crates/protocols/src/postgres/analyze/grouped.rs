//! Primary keys in `GROUP BY`: with one the server takes every other column of its relation for grouped as well.
//!
//! It knows that of a relation alone, and not of a query that stands for one: there the other columns have to be named, and
//! the groups stay what they are. Enter at `Reader::grouped` and `Grouped::change`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, SelectStmt};
use postern_core::operation::Object;

use super::expression::integer;
use super::query::Rows;
use super::replaced::Change;
use super::scope::{Item, Listed, Place, Scope};
use super::sites::{Placed, find};
use super::statement::{Reader, strings};
use super::targets::Shown;
use crate::postgres::catalog::{Catalog, RelationColumn, TypeKind};
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
    others: Vec<Other>,
}

/// A column that is not of the key.
#[derive(Clone, Debug, PartialEq)]
struct Other {
    /// What the rest of the query calls it, and what it is a column of there.
    called: (Arc<str>, Arc<str>),
    /// Its name in the relation.
    name: Arc<str>,
}

impl Reader<'_> {
    /// Rows are grouped.
    pub(super) fn grouped(&mut self, select: &SelectStmt, rows: &Rows, level: &Scope<'_>) {
        let named: BTreeSet<usize> = level.items.iter().flat_map(entries).collect();
        if named.is_empty() || select.group_clause.is_empty() {
            return;
        }
        let entries = select.group_clause.len().saturating_add(named.len());
        if !self.found.charge_search(entries.saturating_mul(level.width().saturating_add(rows.columns.len()))) {
            return;
        }
        let by = |node: &Node| Some((place_in_text(node)?, meant(node, select, rows, level)?));
        let by: Vec<(usize, Place)> = select.group_clause.iter().filter_map(by).collect();
        for entry in named {
            let Some(relation) = self.found.sites.at(entry).map(Arc::clone) else { continue };
            let at = |number: i16| by.iter().find(|(_, place)| *place == Place { entry, number }).map(|(at, _)| *at);
            let mut key =
                relation.columns.iter().filter(|column| column.key).map(|column| at(column.number)).peekable();
            let Some(Some(at)) = key.peek().copied() else { continue };
            if !key.all(|named| named.is_some()) || !self.found.charge(level.width()) {
                continue;
            }
            let mut names = names(entry, level);
            let others = relation.columns.iter();
            let others = others.filter(|column| !column.key && is_comparable(column.kind, self.names.catalog));
            let other = |column: &RelationColumn| {
                let called = names.remove(&column.number)?;
                Some(Other { called, name: Arc::clone(&column.name) })
            };
            let others = others.filter_map(other).collect();
            self.found.sites.grouped.push(Grouped { at, object: relation.object.clone(), others });
        }
    }
}

/// Where the relations are named of which an item has columns.
fn entries(item: &Item) -> Vec<usize> {
    match &item.listed {
        Listed::Relation(..) => item.entry.into_iter().collect(),
        Listed::Columns(columns) => columns.iter().filter_map(|known| known.place).map(|place| place.entry).collect(),
    }
}

fn place_in_text(node: &Node) -> Option<usize> {
    match &node.node {
        Some(NodeEnum::ColumnRef(reference)) => usize::try_from(reference.location).ok(),
        Some(NodeEnum::AConst(constant)) => usize::try_from(constant.location).ok(),
        Some(_) | None => None,
    }
}

/// The column that an entry of `GROUP BY` means: one in sight, or else one that is shown, by its place or its name.
fn meant(node: &Node, select: &SelectStmt, rows: &Rows, level: &Scope<'_>) -> Option<Place> {
    let known = rows.unlisted.is_none();
    if let Some(place) = integer(node) {
        return shown(rows.columns.get(place.checked_sub(1)?).filter(|_| known)?, select, level);
    }
    let Some(NodeEnum::ColumnRef(reference)) = &node.node else { return None };
    let names = strings(&reference.fields);
    if let [name] = names.as_slice()
        && !level.items.iter().any(|item| item.columns_in_sight && item.any_column(name).is_some())
    {
        let mut named = rows.columns.iter().filter(|column| *column.name == **name && known);
        return shown(named.next()?, select, level).filter(|_| named.next().is_none());
    }
    column(&names, level)
}

/// The column that is shown, where nothing is made of it.
fn shown(column: &Shown, select: &SelectStmt, level: &Scope<'_>) -> Option<Place> {
    let Some(at) = column.at else { return column.place };
    let targets = select.target_list.iter().filter_map(|target| match &target.node {
        Some(NodeEnum::ResTarget(target)) => Some(target),
        Some(_) | None => None,
    });
    let mut targets = targets.filter(|target| usize::try_from(target.location) == Ok(at));
    match &targets.next()?.val.as_deref()?.node {
        Some(NodeEnum::ColumnRef(reference)) => self::column(&strings(&reference.fields), level),
        Some(_) | None => None,
    }
}

/// The column of this level that a name means, and no other.
fn column(names: &[&str], level: &Scope<'_>) -> Option<Place> {
    match names {
        [name] => {
            let here = level.items.iter().filter(|item| item.columns_in_sight);
            let mut here = here.filter(|item| item.any_column(name).is_some());
            let one = here.next()?;
            one.only(name).filter(|_| here.next().is_none())?.place
        }
        [.., of, name] => {
            let one = level.item(None, of)?;
            level.items.iter().any(|item| std::ptr::eq(item, one)).then(|| one.only(name))??.place
        }
        [] => None,
    }
}

/// What the columns of an entry of `FROM` are called on a level, behind the name of what has them there.
fn names(entry: usize, level: &Scope<'_>) -> BTreeMap<i16, (Arc<str>, Arc<str>)> {
    let mut names = BTreeMap::new();
    for item in level.items.iter().filter(|item| item.name_in_sight && entries(item).contains(&entry)) {
        let Some(name) = &item.name else { continue };
        if !level.item(None, name).is_some_and(|named| std::ptr::eq(named, item)) {
            continue;
        }
        let columns = item.columns();
        let mut called: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for known in &columns {
            let times = called.entry(Arc::clone(&known.name)).or_default();
            *times = times.saturating_add(1);
        }
        for known in columns.into_iter().filter(|known| called.get(&known.name) == Some(&1)) {
            if let Some(place) = known.place.filter(|place| place.entry == entry) {
                names.entry(place.number).or_insert_with(|| (Arc::clone(name), known.name));
            }
        }
    }
    names
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
        for Other { called: (of, name), .. } in self.others.iter().filter(|other| is_read(&other.name)) {
            write!(instead, "{}.{}, ", quoted(of), quoted(name)).ok()?;
        }
        Some(Change { at, length: 0, instead })
    }
}
