//! What stands behind computed columns: those of views, materialised views, and generated ones.
//!
//! What the server records about a view says which base columns the whole view depends on. Reading
//! the view's definition says it column by column; where that reading is not wholly clear, the
//! server's record stands for every column of the view. A base column is never lost.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
    let Some(sources) = analyze::columns_of(definition, catalog, searched) else {
        return;
    };
    if sources.len() != relation.columns.len() {
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
        computed: numbers.zip(sources).collect(),
    };
    catalog.keep(oid, refined);
}

/// Every column that shows the data of `column` under another name: the same column of parents and
/// children, and columns of views and generated columns that are computed from it.
fn kin(catalog: &Catalog, column: &Column) -> BTreeSet<Column> {
    let mut found = BTreeSet::new();
    let mut open = vec![column.clone()];
    while let Some(next) = open.pop() {
        for relative in
            family(catalog, &next).into_iter().chain(catalog.feeds.get(&next).into_iter().flatten().cloned())
        {
            if relative != *column && found.insert(relative.clone()) {
                open.push(relative);
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

/// Which columns go into which others.
pub(super) fn feeds(catalog: &Catalog) -> HashMap<Column, BTreeSet<Column>> {
    let mut feeds: HashMap<Column, BTreeSet<Column>> = HashMap::new();
    for relation in catalog.by_oid.values() {
        let columns = if relation.computed.is_empty() { [].as_slice() } else { &relation.columns };
        for column in columns {
            let behind = relation.computed.get(&column.number);
            for input in behind.into_iter().flat_map(|source| &source.from) {
                feeds.entry(input.clone()).or_default().insert(relation.column(&column.name));
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
        kin(self, column).into_iter().collect()
    }
}
