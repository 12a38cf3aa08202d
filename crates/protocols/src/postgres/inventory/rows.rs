//! From a [`Database`] to answers as a server would give them, with numbers that hold in them alone.
//!
//! What refers to something that the database does not hold is left out; a file is checked before. Enter at
//! [`Database::rows`].

use std::collections::BTreeMap;

use super::database::{Database, KINDS, Relation, TypeKind};
use super::name::Name;
use crate::postgres::analyze;
use crate::postgres::catalog::{PLAIN_TYPES, Row, SYSTEM};

/// The first number that a server gives to what others make (`FirstNormalObjectId`, transam.h).
const FIRST: u32 = 16384;

impl Database {
    /// Answers to [`QUERIES`](crate::postgres::catalog::QUERIES) that describe it.
    pub(super) fn rows(&self) -> Vec<Vec<Row>> {
        let numbers = Numbers::of(self);
        let listed = |rows: fn(&Numbers<'_>, &Relation, &str) -> Vec<Row>| -> Vec<Row> {
            let relations = self.relations.values().zip(FIRST..);
            relations.flat_map(|(relation, number)| rows(&numbers, relation, &number.to_string())).collect()
        };
        vec![
            self.schemas.iter().map(|name| row([name.as_str(), "f"])).collect(),
            // the gateway's own connections search nothing else, and definitions are printed for that
            vec![row([SYSTEM])],
            numbers.relations(),
            numbers.columns(),
            listed(|numbers, relation, number| numbers.inheritance(relation, number)),
            listed(|numbers, relation, number| numbers.behind(relation, number)),
            listed(|_, relation, number| flagged(relation.calls, number)),
            listed(|_, relation, number| generated(relation, number)),
            listed(|_, relation, number| flagged(relation.ruled, number)),
            self.functions(),
            self.operators.iter().map(|(name, one)| row([&*name.schema, &name.name, flag(one.extension)])).collect(),
            numbers.types(),
            listed(|_, relation, number| {
                relation.definition.iter().map(|definition| row([number, definition, definition])).collect()
            }),
        ]
    }

    /// Its own functions, and those that come with every server.
    fn functions(&self) -> Vec<Row> {
        let known = analyze::builtins().map(|name| row([SYSTEM, name, "f", "f", "f"]));
        let own = self.functions.iter().map(|(name, one)| {
            row([&*name.schema, &name.name, flag(one.immutable), flag(one.extension), flag(one.set)])
        });
        known.chain(own).collect()
    }
}

/// The numbers that relations and types have in the answers.
struct Numbers<'d> {
    database: &'d Database,
    relations: BTreeMap<&'d Name, u32>,
    types: BTreeMap<&'d Name, u32>,
}

impl<'d> Numbers<'d> {
    fn of(database: &'d Database) -> Self {
        let plain = |name: &Name| {
            let known = PLAIN_TYPES.iter().find(|(known, _)| name.schema == SYSTEM && name.name == *known);
            known.map(|(_, number)| *number)
        };
        let types = database.types.keys().zip(FIRST..).map(|(name, number)| (name, plain(name).unwrap_or(number)));
        Self { database, relations: database.relations.keys().zip(FIRST..).collect(), types: types.collect() }
    }

    fn relations(&self) -> Vec<Row> {
        let letter = |kind: &str| KINDS.iter().find(|(_, word)| *word == kind).map_or("", |(letter, _)| letter);
        let relations = self.database.relations.iter().zip(FIRST..);
        relations
            .map(|((name, relation), number)| {
                row([&*number.to_string(), &name.schema, &name.name, letter(relation.kind)])
            })
            .collect()
    }

    fn columns(&self) -> Vec<Row> {
        // INVARIANT: a type that is not known is the same as no other
        let mut unknown = (FIRST..).skip(self.types.len());
        let mut rows = Vec::new();
        for (relation, number) in self.database.relations.values().zip(FIRST..) {
            for (column, place) in relation.columns.iter().zip(1..=i16::MAX) {
                let kind = column.kind.as_ref().and_then(|kind| self.types.get(kind)).copied();
                let kind = kind.or_else(|| unknown.next()).unwrap_or_default();
                rows.push(row([
                    &*number.to_string(),
                    &place.to_string(),
                    &column.name,
                    &kind.to_string(),
                    &column.modifier.to_string(),
                    flag(column.generated.is_some()),
                    flag(column.key),
                ]));
            }
        }
        rows
    }

    fn inheritance(&self, relation: &Relation, number: &str) -> Vec<Row> {
        let parents = relation.inherits.iter().filter_map(|parent| self.relations.get(parent));
        parents.map(|parent| row([number, &parent.to_string()])).collect()
    }

    /// What a view reads; column 0 is the whole row.
    fn behind(&self, relation: &Relation, number: &str) -> Vec<Row> {
        let rows = relation.reads.iter().filter_map(|(name, column)| {
            let base = self.database.relations.get(name)?;
            let place = match column {
                Some(column) => place(base, column)?,
                None => 0,
            };
            Some(row([number, &self.relations.get(name)?.to_string(), &place.to_string()]))
        });
        rows.collect()
    }

    fn types(&self) -> Vec<Row> {
        let rows = self.database.types.iter().filter_map(|(name, known)| {
            let number = |inside: &Name| self.types.get(inside).copied().unwrap_or_default();
            let (letter, element, base, of) = match &known.kind {
                TypeKind::Base => ("b", 0, 0, 0),
                TypeKind::Enum => ("e", 0, 0, 0),
                TypeKind::Range => ("r", 0, 0, 0),
                TypeKind::Array(inside) => ("b", number(inside), 0, 0),
                TypeKind::Domain(inside) => ("d", 0, number(inside), 0),
                TypeKind::Row(inside) => ("c", 0, 0, self.relations.get(inside).copied().unwrap_or_default()),
            };
            let [number, element, base, of] =
                [*self.types.get(name)?, element, base, of].map(|number| number.to_string());
            let category = known.category.to_string();
            Some(row([&*number, &name.schema, &name.name, letter, &element, &base, &of, &category]))
        });
        rows.collect()
    }
}

/// What the computed columns of a relation are computed from.
fn generated(relation: &Relation, number: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (column, own) in relation.columns.iter().zip(1..=i16::MAX) {
        let inputs = column.generated.iter().flatten().filter_map(|input| place(relation, input));
        rows.extend(inputs.map(|input| row([number, &own.to_string(), &input.to_string()])));
    }
    rows
}

/// The number of a column.
fn place(relation: &Relation, column: &str) -> Option<i16> {
    relation.columns.iter().zip(1..=i16::MAX).find(|(one, _)| one.name == column).map(|(_, place)| place)
}

fn flagged(flag: bool, number: &str) -> Vec<Row> {
    if flag { vec![row([number])] } else { Vec::new() }
}

fn flag(flag: bool) -> &'static str {
    if flag { "t" } else { "f" }
}

fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.map(|cell| Some(cell.to_owned())).to_vec()
}
