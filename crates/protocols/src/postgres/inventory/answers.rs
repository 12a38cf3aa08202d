//! From a server's answers to a [`Database`].
//!
//! A row that does not fit is an error, never a guess.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::database::{Column, Database, KINDS, Relation, Routine, Type, TypeKind};
use super::name::Name;
use crate::postgres::analyze;
use crate::postgres::catalog::{CatalogError, Cells, QUERIES, Row, SYSTEM};

/// Where the places of the answers are, in the order of [`QUERIES`].
mod question {
    pub(super) const SCHEMAS: usize = 0;
    pub(super) const RELATIONS: usize = 2;
    pub(super) const COLUMNS: usize = 3;
    pub(super) const INHERITANCE: usize = 4;
    pub(super) const BEHIND: usize = 5;
    pub(super) const CALLING: usize = 6;
    pub(super) const GENERATED: usize = 7;
    pub(super) const RULED: usize = 8;
    pub(super) const FUNCTIONS: usize = 9;
    pub(super) const OPERATORS: usize = 10;
    pub(super) const TYPES: usize = 11;
    pub(super) const VIEWS: usize = 12;
}

/// A database under construction, and what the server's numbers in the answers stand for.
struct Draft<'a> {
    answers: &'a [Vec<Row>],
    database: Database,
    relations: HashMap<u32, Name>,
    columns: HashMap<(u32, i16), String>,
    types: HashMap<u32, (Name, Type)>,
}

impl Database {
    /// The database of this name that answers to [`QUERIES`] describe.
    pub(super) fn of(name: &str, answers: &[Vec<Row>]) -> Result<Self, CatalogError> {
        if answers.len() != QUERIES.len() {
            return Err(CatalogError::Answers { wanted: QUERIES.len(), given: answers.len() });
        }
        let mut draft = Draft {
            answers,
            database: Self { name: name.to_owned(), ..Self::default() },
            relations: HashMap::new(),
            columns: HashMap::new(),
            types: HashMap::new(),
        };
        draft.read_schemas()?;
        draft.read_relations()?;
        draft.read_types()?;
        draft.read_columns()?;
        draft.read_generated()?;
        draft.read_inheritance()?;
        draft.read_views()?;
        draft.read_routines()?;
        draft.keep_types();
        Ok(draft.database)
    }
}

impl<'a> Draft<'a> {
    fn rows(&self, question: usize) -> impl Iterator<Item = Cells<'a>> + use<'a> {
        let rows = self.answers.get(question).map_or(&[][..], Vec::as_slice);
        rows.iter().map(move |row| Cells::new(question, row))
    }

    /// The relation with this number; nothing where it has none of the kinds that count, or was gone by then.
    fn relation(&mut self, number: u32) -> Option<&mut Relation> {
        self.database.relations.get_mut(self.relations.get(&number)?)
    }

    fn read_schemas(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::SCHEMAS) {
            // temporary ones are of the connection that asked
            if !cells.flag(1)? {
                self.database.schemas.insert(cells.text(0)?.to_owned());
            }
        }
        Ok(())
    }

    fn read_relations(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::RELATIONS) {
            let letter = cells.text(3)?;
            let name = Name::new(cells.text(1)?, cells.text(2)?);
            let number = cells.number(0)?;
            let kind = KINDS.iter().find(|(known, _)| *known == letter);
            if let Some((_, kind)) = kind.filter(|_| self.database.schemas.contains(&name.schema)) {
                self.relations.insert(number, name.clone());
                self.database.relations.insert(name, Relation { kind, ..Relation::default() });
            }
        }
        Ok(())
    }

    fn read_types(&mut self) -> Result<(), CatalogError> {
        let mut names = HashMap::new();
        for cells in self.rows(question::TYPES) {
            names.insert(cells.number::<u32>(0)?, Name::new(cells.text(1)?, cells.text(2)?));
        }
        for cells in self.rows(question::TYPES) {
            let number: u32 = cells.number(0)?;
            let (element, base, row): (u32, u32, u32) = (cells.number(4)?, cells.number(5)?, cells.number(6)?);
            let kind = match cells.text(3)? {
                "d" => names.get(&base).cloned().map(TypeKind::Domain),
                "e" => Some(TypeKind::Enum),
                "r" | "m" => Some(TypeKind::Range),
                "c" => self.relations.get(&row).cloned().map(TypeKind::Row),
                _ if element != 0 => names.get(&element).cloned().map(TypeKind::Array),
                _ => Some(TypeKind::Base),
            };
            let category = cells.text(7)?.chars().next().unwrap_or('U');
            if let (Some(kind), Some(name)) = (kind, names.get(&number)) {
                self.types.insert(number, (name.clone(), Type { kind, category }));
            }
        }
        Ok(())
    }

    fn read_columns(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::COLUMNS) {
            let (relation, number): (u32, i16) = (cells.number(0)?, cells.number(1)?);
            let kind: u32 = cells.number(3)?;
            let column = Column {
                name: cells.text(2)?.to_owned(),
                kind: self.types.get(&kind).map(|(name, _)| name.clone()),
                modifier: cells.number(4)?,
                generated: cells.flag(5)?.then(Vec::new),
                key: cells.flag(6)?,
            };
            self.columns.insert((relation, number), column.name.clone());
            if let Some(relation) = self.relation(relation) {
                relation.columns.push(column);
            }
        }
        Ok(())
    }

    fn read_generated(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::GENERATED) {
            let (relation, number, input): (u32, i16, i16) = (cells.number(0)?, cells.number(1)?, cells.number(2)?);
            let of = |number| self.columns.get(&(relation, number)).cloned();
            let (name, input) = (of(number), of(input));
            let columns = self.relation(relation).map(|relation| relation.columns.iter_mut());
            let column = columns.and_then(|mut all| all.find(|column| name.as_ref() == Some(&column.name)));
            if let Some(inputs) = column.and_then(|column| column.generated.as_mut()) {
                inputs.extend(input);
                inputs.sort();
                inputs.dedup();
            }
        }
        Ok(())
    }

    fn read_inheritance(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::INHERITANCE) {
            let parent = self.relations.get(&cells.number(1)?).cloned();
            if let Some(child) = self.relation(cells.number(0)?) {
                child.inherits.extend(parent);
            }
        }
        for cells in self.rows(question::RULED) {
            if let Some(relation) = self.relation(cells.number(0)?) {
                relation.ruled = true;
            }
        }
        Ok(())
    }

    fn read_views(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::BEHIND) {
            let (base, number): (u32, i16) = (cells.number(1)?, cells.number(2)?);
            let (name, column) = (self.relations.get(&base).cloned(), self.columns.get(&(base, number)).cloned());
            let Some(view) = self.relation(cells.number(0)?) else { continue };
            match name {
                // a column that is none of those listed is one of the server's own, such as ctid
                Some(_) if number != 0 && column.is_none() => {}
                Some(name) => drop(view.reads.insert((name, column))),
                None => view.calls = true,
            }
        }
        for cells in self.rows(question::CALLING) {
            if let Some(view) = self.relation(cells.number(0)?) {
                view.calls = true;
            }
        }
        for cells in self.rows(question::VIEWS) {
            let view = self.relation(cells.number(0)?);
            // a definition is null where it could not be had at once
            if let (Some(view), Ok(definition)) = (view, cells.text(2)) {
                view.definition = Some(definition.to_owned());
            }
        }
        Ok(())
    }

    fn read_routines(&mut self) -> Result<(), CatalogError> {
        for cells in self.rows(question::FUNCTIONS) {
            let name = Name::new(cells.text(0)?, cells.text(1)?);
            let routine = Routine { immutable: cells.flag(2)?, extension: cells.flag(3)?, set: cells.flag(4)? };
            if !is_known(&name) && self.database.schemas.contains(&name.schema) {
                self.database.functions.insert(name, routine);
            }
        }
        for cells in self.rows(question::OPERATORS) {
            let name = Name::new(cells.text(0)?, cells.text(1)?);
            let routine = Routine { extension: cells.flag(2)?, ..Routine::default() };
            self.database.operators.insert(name, routine);
        }
        Ok(())
    }

    /// Keeps the types of columns, and those that they are made of.
    fn keep_types(&mut self) {
        let named: HashMap<&Name, &Type> = self.types.values().map(|(name, kind)| (name, kind)).collect();
        let columns = self.database.relations.values().flat_map(|relation| &relation.columns);
        let mut open: BTreeSet<&Name> = columns.filter_map(|column| column.kind.as_ref()).collect();
        let mut kept = BTreeMap::new();
        while let Some(name) = open.pop_first() {
            let Some(kind) = named.get(name) else { continue };
            if kept.insert(name.clone(), (*kind).clone()).is_none() {
                open.extend(kind.kind.inside().and_then(|inside| named.get_key_value(inside)).map(|(name, _)| *name));
            }
        }
        self.database.types = kept;
    }
}

/// Whether it is a function that Postern knows without being told.
fn is_known(name: &Name) -> bool {
    name.schema == SYSTEM && analyze::is_builtin(&name.name)
}
