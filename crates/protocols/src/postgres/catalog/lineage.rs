//! What stands behind computed columns: those of views, materialised views, and generated ones.
//!
//! What the server records about a view says which base columns the whole view depends on. Reading
//! the view's definition says it column by column; where that reading is not wholly clear, the
//! server's record stands for every column of the view. A base column is never lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use postern_core::mask::Lineage;
use postern_core::operation::Column;

use super::rows::Behind;
use super::{Catalog, Relation, RelationKind};
use crate::postgres::analyze::{self, Source};

/// Generated columns, from (relation, column, input) numbers.
pub(super) fn generated(found: &mut HashMap<u32, Relation>, inputs: &[(u32, i16, i16)]) {
    for relation in found.values_mut() {
        // a generated column whose inputs are not on record is one that nobody can vouch for
        let unrecorded = relation.columns.iter().filter(|column| column.generated);
        let start: BTreeMap<i16, Source> = unrecorded
            .map(|column| {
                let recorded = inputs.iter().any(|(oid, number, _)| *oid == relation.oid && *number == column.number);
                let start = if recorded { Source::none() } else { constant_or_unknown(relation) };
                (column.number, start)
            })
            .collect();
        relation.computed = start;
    }
    for (oid, number, input) in inputs {
        let Some(relation) = found.get_mut(oid) else {
            continue;
        };
        let Some(column) = relation.columns.iter().find(|column| column.number == *input) else {
            continue;
        };
        let input = relation.column(&column.name);
        relation.computed.entry(*number).or_default().from.insert(input);
    }
}

/// A generated column without recorded inputs may be a constant; taking all columns of its row as
/// inputs is safe either way.
fn constant_or_unknown(relation: &Relation) -> Source {
    Source::computed(relation.columns.iter().map(|column| relation.column(&column.name)).collect())
}

/// Views, from the server's record: every column depends on all that the view depends on. What is behind them may be
/// among what was known before.
pub(super) fn views(
    found: &mut HashMap<u32, Relation>,
    known: &HashMap<u32, Arc<Relation>>,
    behind: &Behind,
    calling: &HashSet<u32>,
) {
    let mut closed: HashMap<u32, Source> = HashMap::new();
    for view in behind.keys().filter(|view| found.contains_key(view)) {
        let mut source = Source::none();
        let mut seen = HashSet::new();
        let mut open = vec![*view];
        while let Some(oid) = open.pop() {
            if !seen.insert(oid) {
                continue;
            }
            source.unknown |= calling.contains(&oid);
            for (base, number) in behind.get(&oid).into_iter().flatten() {
                match found.get(base).or_else(|| known.get(base).map(AsRef::as_ref)) {
                    Some(relation) => collect(relation, *number, &mut source),
                    None => source.unknown = true,
                }
                open.push(*base);
            }
        }
        closed.insert(*view, source);
    }
    for relation in found.values_mut() {
        let system = relation.object.path.first().is_some_and(|schema| is_system(schema));
        if system || !is_view(relation.kind) {
            continue;
        }
        let mut source = closed.remove(&relation.oid).unwrap_or_default();
        source.unknown |= calling.contains(&relation.oid);
        let all = relation.columns.iter().map(|column| (column.number, source.clone()));
        relation.computed = all.collect();
    }
}

/// Adds one dependency: a column and what it is generated from, or all columns for a whole row.
fn collect(relation: &Relation, number: i16, into: &mut Source) {
    for column in &relation.columns {
        if number != 0 && column.number != number {
            continue;
        }
        into.from.insert(relation.column(&column.name));
        if let Some(inputs) = relation.computed.get(&column.number) {
            into.take_in_copy(inputs);
        }
    }
}

fn is_view(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::View | RelationKind::Materialized)
}

/// The views of these schemas show the server's own tables; they are read as tables themselves.
fn is_system(schema: &str) -> bool {
    schema == super::SYSTEM || schema == "information_schema"
}

/// Reads the definitions of views, base first, and keeps what each column comes from.
pub(super) fn refine(catalog: &mut Catalog, searched: &[Arc<str>], mut waiting: HashMap<u32, String>) {
    loop {
        let ready: Vec<u32> = waiting.keys().copied().filter(|oid| !reads_any_of(catalog, *oid, &waiting)).collect();
        if ready.is_empty() {
            return;
        }
        for oid in ready {
            if let Some(definition) = waiting.remove(&oid) {
                refine_one(catalog, searched, oid, &definition);
            }
        }
    }
}

/// Whether a view reads another one whose definition has not been read yet.
fn reads_any_of(catalog: &Catalog, oid: u32, waiting: &HashMap<u32, String>) -> bool {
    let Some(relation) = catalog.by_oid.get(&oid) else {
        return false;
    };
    let behind = relation.computed.values().flat_map(|source| &source.from);
    let mut objects: Vec<_> = behind.map(|column| &column.object).collect();
    objects.dedup();
    objects.into_iter().any(|object| match object.path.as_slice() {
        [schema, name] => {
            catalog.relation(schema, name).is_some_and(|base| base.oid != oid && waiting.contains_key(&base.oid))
        }
        _ => false,
    })
}

fn refine_one(catalog: &mut Catalog, searched: &[Arc<str>], oid: u32, definition: &str) {
    let Some(relation) = catalog.by_oid.get(&oid) else {
        return;
    };
    let Some(defined) = analyze::columns_of(definition, catalog, searched) else {
        return;
    };
    if defined.columns.len() != relation.columns.len() {
        return;
    }
    let numbers = relation.columns.iter().map(|column| column.number);
    let refined = Relation {
        oid,
        object: relation.object.clone(),
        kind: relation.kind,
        columns: relation.columns.clone(),
        parents: relation.parents.clone(),
        children: relation.children.clone(),
        computed: numbers.zip(defined.columns).collect(),
        multiplied: defined.multiplied,
    };
    catalog.keep(oid, refined);
}

/// Every column that shows the data of `column` under another name: the same column of parents and
/// children, and columns of views and generated columns that are computed from it; and whether it holds the very values.
///
/// INVARIANT: where one way leads to a column by something that is made of the values, it does not hold them.
fn kin(catalog: &Catalog, column: &Column) -> BTreeMap<Column, bool> {
    let mut found: BTreeMap<Column, bool> = BTreeMap::new();
    let mut open = vec![(column.clone(), true)];
    while let Some((next, same)) = open.pop() {
        let family = family(catalog, &next).into_iter().map(|relative| (relative, same));
        let fed = catalog.feeds.get(&next).into_iter().flatten();
        let fed = fed.map(|(relative, copied)| (relative.clone(), same && *copied));
        for (relative, same) in family.chain(fed) {
            let known = found.get(&relative).copied();
            if relative != *column && known.is_none_or(|known| known && !same) {
                found.insert(relative.clone(), same);
                open.push((relative, same));
            }
        }
    }
    found
}

/// The column of the same name in parents and children.
fn family(catalog: &Catalog, column: &Column) -> Vec<Column> {
    let [schema, name] = column.object.path.as_slice() else {
        return Vec::new();
    };
    let Some(relation) = catalog.relation(schema, name) else {
        return Vec::new();
    };
    let relatives = relation.parents.iter().chain(&relation.children);
    relatives
        .filter_map(|oid| catalog.by_oid(*oid))
        .filter(|relative| relative.columns.iter().any(|other| other.name == column.name))
        .map(|relative| relative.column(&column.name))
        .collect()
}

/// Which columns go into which others, and whether as they are.
pub(super) fn feeds(catalog: &Catalog) -> HashMap<Column, BTreeMap<Column, bool>> {
    let mut feeds: HashMap<Column, BTreeMap<Column, bool>> = HashMap::new();
    for relation in catalog.by_oid.values() {
        let columns = if relation.computed.is_empty() { [].as_slice() } else { &relation.columns };
        for column in columns {
            let Some(behind) = relation.computed.get(&column.number) else { continue };
            for input in &behind.from {
                let fed = feeds.entry(input.clone()).or_default();
                fed.insert(relation.column(&column.name), behind.bare.is_some());
            }
        }
    }
    feeds
}

impl Lineage for Catalog {
    fn columns(&self) -> Vec<Column> {
        let relations = self.by_oid.values();
        let columns = |relation: &Arc<Relation>| -> Vec<Column> {
            relation.columns.iter().map(|column| relation.column(&column.name)).collect()
        };
        relations.flat_map(columns).collect()
    }

    fn kin(&self, column: &Column) -> Vec<Column> {
        kin(self, column).into_keys().collect()
    }

    fn copies(&self, column: &Column) -> Vec<Column> {
        kin(self, column).into_iter().filter(|(_, same)| *same).map(|(kin, _)| kin).collect()
    }
}
