//! Builds a catalog from the answers to [`super::QUERIES`].
//!
//! The answers come from a server that may be hostile or merely odd: a row that does not fit is an
//! error, never a guess.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::lineage;
use super::{Catalog, Function, Operator, QUERIES, Relation, RelationColumn, RelationKind, Schema, Type, TypeKind};

/// One row of an answer, each value in its text form.
pub type Row = Vec<Option<String>>;

/// Why the answers are no catalog.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CatalogError {
    /// Not one answer for each question.
    #[error("the catalog has {wanted} questions and the target gave {given} answers")]
    Answers {
        /// How many questions there are.
        wanted: usize,
        /// How many answers came.
        given: usize,
    },
    /// A row does not have the shape that its question asks for.
    #[error("the target's answer to catalog question {question} has a row that does not fit it")]
    Row {
        /// Which question, from 0.
        question: usize,
    },
}

/// What stands behind a view according to `pg_depend`: relation and column, 0 for the whole row.
pub(super) type Behind = HashMap<u32, Vec<(u32, i16)>>;

impl Catalog {
    /// The catalog that these answers to [`QUERIES`] describe, in the same order.
    ///
    /// # Errors
    ///
    /// Where an answer is missing or a row does not have the shape of its question.
    pub fn from_rows(database: &str, answers: &[Vec<Row>]) -> Result<Self, CatalogError> {
        let mut catalog = Self::empty(database);
        catalog.assumed = false;
        catalog.take(answers)?;
        Ok(catalog)
    }

    /// Adds what these answers tell to what is known.
    pub(super) fn take(&mut self, answers: &[Vec<Row>]) -> Result<(), CatalogError> {
        let [
            schemas,
            searched,
            relations,
            columns,
            inheritance,
            behind,
            calling,
            generated,
            ruled,
            functions,
            operators,
            types,
            views,
        ] = answers
        else {
            return Err(CatalogError::Answers { wanted: QUERIES.len(), given: answers.len() });
        };
        self.take_schemas(schemas)?;
        let mut found = self.read_relations(relations)?;
        read_columns(&mut found, columns)?;
        read_inheritance(&mut found, inheritance)?;
        lineage::generated(&mut found, &read_generated(generated)?);
        self.calling.extend(oids(6, calling)?);
        self.behind.extend(read_behind(behind)?);
        self.ruled.extend(oids(8, ruled)?);
        lineage::views(&mut found, &self.by_oid, &self.behind, &self.calling);
        self.take_functions(functions)?;
        self.take_operators(operators)?;
        self.take_types(types)?;
        self.take_relations(found);
        let searched = read_names(1, searched)?;
        let (marks, definitions) = read_views(views)?;
        self.unprinted.extend(marks.keys().filter(|oid| !definitions.contains_key(oid)));
        self.marks.extend(marks);
        lineage::refine(self, &searched, definitions);
        self.feeds = lineage::feeds(self);
        Ok(())
    }

    fn take_schemas(&mut self, rows: &[Row]) -> Result<(), CatalogError> {
        for row in rows {
            let cells = Cells::new(0, row);
            let name: Arc<str> = cells.text(0)?.into();
            if cells.flag(1)? {
                self.temporary = Some(name);
            } else {
                self.schemas.entry(name).or_default();
            }
        }
        Ok(())
    }

    fn read_relations(&self, rows: &[Row]) -> Result<HashMap<u32, Relation>, CatalogError> {
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let cells = Cells::new(2, row);
            let Some(kind) = relation_kind(cells.text(3)?) else {
                continue;
            };
            let schema = self.spelled(cells.text(1)?);
            let oid = cells.number(0)?;
            let relation = Relation {
                oid,
                object: self.object([schema, cells.text(2)?]),
                kind,
                columns: Vec::new(),
                parents: Vec::new(),
                children: Vec::new(),
                computed: BTreeMap::new(),
                multiplied: BTreeSet::new(),
            };
            found.insert(oid, relation);
        }
        Ok(found)
    }

    fn schema(&mut self, name: &str) -> &mut Schema {
        let name: Arc<str> = self.spelled(name).into();
        self.schemas.entry(name).or_default()
    }

    fn take_functions(&mut self, rows: &[Row]) -> Result<(), CatalogError> {
        for row in rows {
            let cells = Cells::new(9, row);
            let function = Function { immutable: cells.flag(2)?, extension: cells.flag(3)?, set: cells.flag(4)? };
            let functions = &mut self.schema(cells.text(0)?).functions;
            Arc::make_mut(functions).entry(cells.text(1)?.into()).or_default().push(function);
        }
        Ok(())
    }

    fn take_operators(&mut self, rows: &[Row]) -> Result<(), CatalogError> {
        for row in rows {
            let cells = Cells::new(10, row);
            let operator = Operator { extension: cells.flag(2)? };
            let operators = &mut self.schema(cells.text(0)?).operators;
            Arc::make_mut(operators).insert(cells.text(1)?.into(), operator);
        }
        Ok(())
    }

    fn take_types(&mut self, rows: &[Row]) -> Result<(), CatalogError> {
        for row in rows {
            let cells = Cells::new(11, row);
            let element = cells.number(4)?;
            let kind = match cells.text(3)? {
                "d" => TypeKind::Domain(cells.number(5)?),
                "e" => TypeKind::Enum,
                "r" | "m" => TypeKind::Range,
                "c" => TypeKind::Composite(cells.number(6)?),
                _ if element != 0 => TypeKind::Array(element),
                _ => TypeKind::Base,
            };
            let known = Type {
                schema: self.spelled(cells.text(1)?).into(),
                name: cells.text(2)?.into(),
                kind,
                category: cells.text(7)?.chars().next().ok_or(CatalogError::Row { question: 11 })?,
            };
            self.types.insert(cells.number(0)?, known);
        }
        Ok(())
    }

    fn take_relations(&mut self, found: HashMap<u32, Relation>) {
        for (oid, relation) in found {
            self.keep(oid, relation);
        }
    }

    /// Puts a relation where names and row descriptions find it, in place of an older reading of it.
    pub(super) fn keep(&mut self, oid: u32, relation: Relation) {
        let relation = Arc::new(relation);
        if let [schema, name] = relation.object.path.as_slice() {
            let (schema, name) = (Arc::clone(schema), Arc::clone(name));
            let relations = &mut self.schemas.entry(schema).or_default().relations;
            Arc::make_mut(relations).insert(name, Arc::clone(&relation));
        }
        self.by_oid.insert(oid, relation);
    }
}

fn relation_kind(letter: &str) -> Option<RelationKind> {
    match letter {
        "r" => Some(RelationKind::Table),
        "p" => Some(RelationKind::Partitioned),
        "v" => Some(RelationKind::View),
        "m" => Some(RelationKind::Materialized),
        "f" => Some(RelationKind::Foreign),
        "S" => Some(RelationKind::Sequence),
        "i" | "I" => Some(RelationKind::Index),
        "c" => Some(RelationKind::Composite),
        _ => None,
    }
}

fn read_columns(found: &mut HashMap<u32, Relation>, rows: &[Row]) -> Result<(), CatalogError> {
    for row in rows {
        let cells = Cells::new(3, row);
        let column = RelationColumn {
            name: cells.text(2)?.into(),
            number: cells.number(1)?,
            kind: cells.number(3)?,
            modifier: cells.number(4)?,
            generated: cells.flag(5)?,
            key: cells.flag(6)?,
        };
        if let Some(relation) = found.get_mut(&cells.number(0)?) {
            relation.columns.push(column);
        }
    }
    found.values_mut().for_each(|relation| relation.columns.sort_by_key(|column| column.number));
    Ok(())
}

fn read_inheritance(found: &mut HashMap<u32, Relation>, rows: &[Row]) -> Result<(), CatalogError> {
    for row in rows {
        let cells = Cells::new(4, row);
        let (child, parent) = (cells.number(0)?, cells.number(1)?);
        if let Some(relation) = found.get_mut(&child) {
            relation.parents.push(parent);
        }
        if let Some(relation) = found.get_mut(&parent) {
            relation.children.push(child);
        }
    }
    Ok(())
}

fn read_behind(rows: &[Row]) -> Result<Behind, CatalogError> {
    let mut behind = Behind::new();
    for row in rows {
        let cells = Cells::new(5, row);
        behind.entry(cells.number(0)?).or_default().push((cells.number(1)?, cells.number(2)?));
    }
    behind.values_mut().for_each(|read| read.sort_unstable());
    Ok(behind)
}

fn read_generated(rows: &[Row]) -> Result<Vec<(u32, i16, i16)>, CatalogError> {
    let three = |row: &Row| {
        let cells = Cells::new(7, row);
        Ok((cells.number(0)?, cells.number(1)?, cells.number(2)?))
    };
    rows.iter().map(three).collect()
}

fn read_names(question: usize, rows: &[Row]) -> Result<Vec<Arc<str>>, CatalogError> {
    rows.iter().map(|row| Ok(Cells::new(question, row).text(0)?.into())).collect()
}

/// What tells a view from others of its name, and its definition, each by the view's OID.
type Views = (HashMap<u32, String>, HashMap<u32, String>);

fn read_views(rows: &[Row]) -> Result<Views, CatalogError> {
    let (mut marks, mut definitions) = Views::default();
    for row in rows {
        let cells = Cells::new(12, row);
        let oid = cells.number(0)?;
        marks.insert(oid, cells.text(1)?.to_owned());
        // it is null where it could not be had at once, or the view vanished while the question was answered
        if let Ok(definition) = cells.text(2) {
            definitions.insert(oid, definition.to_owned());
        }
    }
    Ok((marks, definitions))
}

fn oids(question: usize, rows: &[Row]) -> Result<HashSet<u32>, CatalogError> {
    rows.iter().map(|row| Cells::new(question, row).number(0)).collect()
}

/// The values of one row, each of which must be there and have its form.
pub(crate) struct Cells<'a> {
    question: usize,
    row: &'a Row,
}

impl<'a> Cells<'a> {
    pub(crate) fn new(question: usize, row: &'a Row) -> Self {
        Self { question, row }
    }

    pub(crate) fn text(&self, index: usize) -> Result<&'a str, CatalogError> {
        let cell = self.row.get(index).and_then(Option::as_deref);
        cell.ok_or(self.misfit())
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, index: usize) -> Result<N, CatalogError> {
        self.text(index)?.parse().map_err(|_| self.misfit())
    }

    pub(crate) fn flag(&self, index: usize) -> Result<bool, CatalogError> {
        match self.text(index)? {
            "t" => Ok(true),
            "f" => Ok(false),
            _ => Err(self.misfit()),
        }
    }

    /// Numbers with spaces between them; none where there is no value.
    pub(super) fn numbers<N: std::str::FromStr, L: FromIterator<N>>(&self, index: usize) -> Result<L, CatalogError> {
        let listed = self.row.get(index).and_then(Option::as_deref).unwrap_or_default();
        listed.split_ascii_whitespace().map(|number| number.parse().map_err(|_| self.misfit())).collect()
    }

    /// A text of hexadecimal digits.
    pub(super) fn hexadecimal(&self, index: usize) -> Result<&'a str, CatalogError> {
        let text = self.text(index)?;
        if text.bytes().all(|byte| byte.is_ascii_hexdigit()) { Ok(text) } else { Err(self.misfit()) }
    }

    pub(super) fn misfit(&self) -> CatalogError {
        CatalogError::Row { question: self.question }
    }
}
