//! A catalog made of an earlier one: what changed is read, all else is kept.
//!
//! Enter at [`Revision::of`]. A view is read again with what it reads, and a parent with its children, because each
//! says something of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::changes::{self, FIRST};
use super::queries::{VIEWS, VIEWS_WITHIN};
use super::rows::Row;
use super::{Catalog, CatalogError, Changes, QUERIES, Schema, TEMPORARY, Type, TypeKind};

/// What must be read to have a catalog of now.
#[derive(Debug)]
pub struct Revision {
    from: Arc<Catalog>,
    changes: Changes,
    /// The relations that are no longer what they were, or no longer there.
    stale: BTreeSet<u32>,
    /// Those of them that are there.
    there: BTreeSet<u32>,
    types: BTreeSet<u32>,
    functions: bool,
    operators: bool,
    rules: bool,
}

/// The column of an answer that says which relation, or type, a row is about; none where all rows are wanted.
#[derive(Clone, Copy, Debug)]
enum About {
    Relation(&'static str),
    Type(&'static str),
    Functions,
    Operators,
    Rules,
    /// The path, for which views are printed.
    Searched,
    /// Told with the changes.
    Schemas,
}

/// What each of [`QUERIES`] is about.
const SUBJECTS: [About; 13] = [
    About::Schemas,
    About::Searched,
    About::Relation("oid"),
    About::Relation("attrelid"),
    About::Relation("inhrelid"),
    About::Relation("ev_class"),
    About::Relation("ev_class"),
    About::Relation("attrelid"),
    About::Rules,
    About::Functions,
    About::Operators,
    About::Type("oid"),
    About::Relation("oid"),
];

impl Revision {
    /// What differs between a catalog and what its database has come to since; nothing where nothing does. Inside of a
    /// transaction views that could not be printed still cannot be.
    #[must_use]
    pub fn of(from: &Arc<Catalog>, changes: Changes, within: bool) -> Option<Self> {
        let before = &from.changes;
        let elsewhere = before.database != changes.database;
        // a name that another schema has by now says nothing of what was in the one that had it
        let lost: BTreeSet<&str> = before
            .schemas
            .iter()
            .filter(|(name, schema)| elsewhere || changes.schemas.get(*name).map(|now| now.oid) != Some(schema.oid))
            .map(|(name, _)| name.as_str())
            .collect();
        let gone = |(oid, known): (&u32, &Type)| {
            (lost.contains(&*known.schema) || !from.has_type(*oid, known.kind, &changes)).then_some(*oid)
        };
        let types = differing(&before.types, &changes.types).chain(from.types.iter().filter_map(gone));
        let brought = before.members != changes.members || !lost.is_empty();
        let stale = from.stale(&changes, &lost, within);
        let revision = Self {
            there: stale.iter().copied().filter(|oid| changes.present.relations.contains(oid)).collect(),
            stale,
            types: types.collect(),
            functions: brought || before.functions != changes.functions,
            operators: brought || before.operators != changes.operators,
            rules: before.rules != changes.rules || elsewhere,
            from: Arc::clone(from),
            changes,
        };
        let same = revision.stale.is_empty()
            && revision.types.is_empty()
            && !(revision.functions || revision.operators || revision.rules)
            && lasting(&before.schemas).eq(lasting(&revision.changes.schemas));
        (!same).then_some(revision)
    }

    /// What is to be asked, and no more; `within` says that a transaction is open, or may be.
    #[must_use]
    pub fn questions(&self, within: bool) -> Vec<String> {
        let wanted = SUBJECTS.iter().zip(QUERIES).filter(|(about, _)| self.wants(**about));
        wanted.map(|(about, text)| self.question(*about, text, within)).collect()
    }

    fn wants(&self, about: About) -> bool {
        match about {
            About::Relation(_) | About::Searched => !self.there.is_empty(),
            About::Type(_) => !self.types.is_empty(),
            About::Functions => self.functions,
            About::Operators => self.operators,
            About::Rules => self.rules,
            About::Schemas => false,
        }
    }

    fn question(&self, about: About, text: &str, within: bool) -> String {
        let text = if within && text == VIEWS { VIEWS_WITHIN } else { text };
        match about {
            About::Relation(column @ "inhrelid") => {
                let list = listed(&self.there);
                format!(
                    "SELECT * FROM ({text}) AS q WHERE q.{column} OPERATOR(pg_catalog.=) ANY ({list}) \
                     OR q.inhparent OPERATOR(pg_catalog.=) ANY ({list})"
                )
            }
            About::Relation(column) => among(text, column, &self.there),
            About::Type(column) => among(text, column, &self.types),
            About::Functions | About::Operators | About::Rules | About::Searched | About::Schemas => text.to_owned(),
        }
    }

    /// The catalog of now, from the answers to [`Revision::questions`].
    ///
    /// # Errors
    ///
    /// Where an answer is missing or a row does not have the shape of its question.
    pub fn made(self, answers: Vec<Vec<Row>>) -> Result<Catalog, CatalogError> {
        let (wanted, given) = (SUBJECTS.iter().filter(|about| self.wants(**about)).count(), answers.len());
        if wanted != given {
            return Err(CatalogError::Answers { wanted, given });
        }
        let mut answers = answers.into_iter();
        let all: Vec<Vec<Row>> = SUBJECTS
            .iter()
            .map(|about| if self.wants(*about) { answers.next().unwrap_or_default() } else { Vec::new() })
            .collect();
        let mut catalog = Catalog::clone(&self.from);
        self.forget(&mut catalog);
        catalog.take(&all)?;
        Ok(catalog.as_of(self.changes))
    }

    /// Takes out what is read again, and what is there no longer.
    fn forget(&self, catalog: &mut Catalog) {
        for oid in &self.stale {
            catalog.forget(*oid);
        }
        for oid in &self.types {
            catalog.types.remove(oid);
        }
        if self.rules {
            catalog.ruled.clear();
        }
        if self.operators {
            catalog.schemas.values_mut().for_each(|schema| schema.operators = Arc::default());
        }
        if self.functions {
            catalog.schemas.values_mut().for_each(|schema| schema.functions = Arc::default());
        }
        let schemas = &self.changes.schemas;
        catalog.temporary = schemas.iter().find(|(_, schema)| schema.own).map(|(name, _)| name.as_str().into());
        let names: BTreeSet<&str> = lasting(schemas).collect();
        catalog.schemas.retain(|name, held| match &**name {
            TEMPORARY => *held != Schema::default(),
            name => names.contains(name),
        });
        for name in names {
            catalog.schemas.entry(name.into()).or_default();
        }
    }
}

impl Catalog {
    /// The relations that are not what they were, with whatever is told otherwise because of that.
    fn stale(&self, changes: &Changes, lost: &BTreeSet<&str>, within: bool) -> BTreeSet<u32> {
        let known = || self.by_oid.keys().copied().filter(|oid| *oid >= FIRST);
        let present = &changes.present.relations;
        let mut stale: BTreeSet<u32> = differing(&self.changes.relations, &changes.relations)
            .filter(|oid| present.contains(oid) || self.by_oid.contains_key(oid))
            .chain(known().filter(|oid| !present.contains(oid)))
            .chain(present.iter().copied().filter(|oid| !self.by_oid.contains_key(oid)))
            .chain(self.unprinted.iter().copied().filter(|_| !within))
            .collect();
        for schema in lost {
            let within = self.schemas.get(*schema).into_iter().flat_map(|schema| schema.relations.values());
            stale.extend(within.map(|relation| relation.oid).filter(|oid| *oid >= FIRST));
        }
        self.with_kin(stale)
    }

    /// Whether a type is still there: an array with what it holds, a row with its relation.
    fn has_type(&self, oid: u32, kind: TypeKind, changes: &Changes) -> bool {
        let (oid, kind) = match kind {
            // the kind of an array of rows of tables is not among those that are read
            TypeKind::Array(element) => (element, self.types.get(&element).map_or(TypeKind::Base, |known| known.kind)),
            TypeKind::Base | TypeKind::Domain(_) | TypeKind::Enum | TypeKind::Range | TypeKind::Composite(_) => {
                (oid, kind)
            }
        };
        match kind {
            TypeKind::Composite(relation) => relation < FIRST || changes.present.relations.contains(&relation),
            TypeKind::Array(_) | TypeKind::Base | TypeKind::Domain(_) | TypeKind::Enum | TypeKind::Range => {
                oid < FIRST || changes.present.types.contains(&oid)
            }
        }
    }

    /// These relations with their parents, and every view that reads one of them, or reads one that does.
    fn with_kin(&self, mut stale: BTreeSet<u32>) -> BTreeSet<u32> {
        let parents = stale.iter().filter_map(|oid| self.by_oid.get(oid)).flat_map(|relation| relation.parents.clone());
        stale.extend(parents.collect::<Vec<_>>());
        let mut readers: HashMap<u32, Vec<u32>> = HashMap::new();
        for (view, read) in &self.behind {
            read.iter().for_each(|(base, _)| readers.entry(*base).or_default().push(*view));
        }
        let mut open: Vec<u32> = stale.iter().copied().collect();
        while let Some(oid) = open.pop() {
            let views = readers.get(&oid).into_iter().flatten().copied();
            open.extend(views.filter(|view| stale.insert(*view)).collect::<Vec<_>>());
        }
        stale
    }

    fn forget(&mut self, oid: u32) {
        self.behind.remove(&oid);
        self.calling.remove(&oid);
        self.marks.remove(&oid);
        self.unprinted.remove(&oid);
        let Some(relation) = self.by_oid.remove(&oid) else { return };
        let [schema, name] = relation.object.path.as_slice() else { return };
        let Some(schema) = self.schemas.get_mut(schema) else { return };
        // another may have its name by now
        if schema.relations.get(name).is_some_and(|there| there.oid == oid) {
            Arc::make_mut(&mut schema.relations).remove(name);
        }
    }
}

/// The schemas that are there for every connection.
fn lasting(schemas: &BTreeMap<String, changes::Schema>) -> impl Iterator<Item = &str> {
    schemas.iter().filter(|(_, schema)| !schema.own).map(|(name, _)| name.as_str())
}

/// What is marked otherwise on one side than on the other.
fn differing<'a>(before: &'a HashMap<u32, String>, after: &'a HashMap<u32, String>) -> impl Iterator<Item = u32> + 'a {
    let changed = after.iter().filter(|(oid, mark)| before.get(oid) != Some(mark));
    let gone = before.iter().filter(|(oid, _)| !after.contains_key(oid));
    changed.chain(gone).map(|(oid, _)| *oid)
}

/// The rows of an answer that are about these.
fn among(text: &str, column: &str, wanted: &BTreeSet<u32>) -> String {
    format!("SELECT * FROM ({text}) AS q WHERE q.{column} OPERATOR(pg_catalog.=) ANY ({})", listed(wanted))
}

fn listed(wanted: &BTreeSet<u32>) -> String {
    let numbers: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    format!("'{{{}}}'::pg_catalog.oid[]", numbers.join(","))
}
