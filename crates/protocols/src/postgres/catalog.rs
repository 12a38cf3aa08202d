//! What a database holds, as it stood when it was asked: relations, columns, views, functions.
//!
//! A snapshot never changes. It answers what a name means under a search path, and which base
//! columns stand behind a view's or a generated column. It does no IO: the session runs
//! [`QUERIES`] on a connection of its choice and gives the rows to [`Catalog::from_rows`]; what came later it asks for
//! with [`Catalog::changes`], and makes another catalog of it with [`Revision`].
//! It must never know a policy or a mask.

mod changes;
mod identity;
mod lineage;
#[cfg(test)]
pub(crate) mod literal;
mod path;
mod queries;
mod revision;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use postern_core::operation::{Column, Object};

use super::analyze::Source;

use rows::Behind;

pub use changes::Changes;
pub(crate) use path::Path;
pub use queries::QUERIES;
pub use revision::Revision;
pub(crate) use rows::Cells;
pub use rows::{CatalogError, Row};

/// The schema of everything that comes with the server.
pub(crate) const SYSTEM: &str = "pg_catalog";
/// The schema of the session's own temporary objects, whatever the server really calls it.
pub(crate) const TEMPORARY: &str = "pg_temp";

/// Types of the system schema that are told by their OIDs, which never change (`pg_type.dat`).
pub(crate) const PLAIN_TYPES: &[(&str, u32)] =
    &[("bool", 16), ("int8", 20), ("int4", 23), ("text", 25), ("json", 114), ("jsonb", 3802), ("uuid", 2950)];

/// A database as it stood at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) database: Arc<str>,
    assumed: bool,
    temporary: Option<Arc<str>>,
    schemas: BTreeMap<Arc<str>, Schema>,
    by_oid: HashMap<u32, Arc<Relation>>,
    types: HashMap<u32, Type>,
    /// The columns that a column goes into, in views and generated columns.
    feeds: HashMap<Column, BTreeMap<Column, bool>>,
    /// Relations on which a rewrite rule stands, other than the one that makes a view.
    ruled: HashSet<u32>,
    /// What views read, according to the server.
    behind: Behind,
    /// Views that run code which nobody has read, and which may read anything.
    calling: HashSet<u32>,
    /// What the server says of a view that changes with its definition.
    marks: HashMap<u32, String>,
    /// Views whose definitions could not be printed when they were read.
    unprinted: HashSet<u32>,
    /// How far its database had come when this was read.
    changes: Changes,
}

/// What one schema holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Schema {
    relations: Arc<HashMap<Arc<str>, Arc<Relation>>>,
    functions: Arc<HashMap<Arc<str>, Vec<Function>>>,
    operators: Arc<HashMap<Arc<str>, Operator>>,
}

/// What kind of relation it is (`pg_class.relkind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table.
    Partitioned,
    /// A view.
    View,
    /// A materialised view.
    Materialized,
    /// A foreign table.
    Foreign,
    /// A sequence.
    Sequence,
    /// An index, partitioned or not.
    Index,
    /// A composite type standing alone.
    Composite,
}

/// A table or something like it.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Its `pg_class.oid`, as row descriptions name it.
    pub oid: u32,
    /// Its schema and name.
    pub object: Object,
    /// What it is.
    pub kind: RelationKind,
    /// Its columns in the order that `*` gives them; dropped ones are left out.
    pub columns: Vec<RelationColumn>,
    /// What it inherits from or is a partition of, one step up.
    pub parents: Vec<u32>,
    /// What inherits from it or is a partition of it, one step down.
    pub children: Vec<u32>,
    /// What stands behind those of its columns that are computed, by attribute number.
    computed: BTreeMap<i16, Source>,
    /// For a view: columns that its rows are made of, so that their number tells of them.
    pub(crate) multiplied: BTreeSet<Column>,
}

/// One column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its attribute number, as row descriptions name it.
    pub number: i16,
    /// The OID of its type.
    pub kind: u32,
    /// Its type's modifier, -1 without one.
    pub modifier: i32,
    /// Whether the server computes it from other columns of the row.
    pub generated: bool,
    /// Whether it is of the primary key.
    pub key: bool,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Whether the server promises that it reads nothing and always answers the same.
    pub(crate) immutable: bool,
    /// Whether an extension brought it.
    pub(crate) extension: bool,
    /// Whether it makes rows.
    pub(crate) set: bool,
}

/// An operator that did not come with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    /// Whether an extension brought every operator of this name.
    pub(crate) extension: bool,
}

/// A type, as far as masks need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its schema.
    pub schema: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What kind of type it is.
    pub kind: TypeKind,
    /// Its category (`pg_type.typcategory`): `S` is string-like, `N` numeric.
    pub category: char,
}

/// What kind of type it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// A base type.
    Base,
    /// An array of this element type.
    Array(u32),
    /// A domain over this type.
    Domain(u32),
    /// An enumeration.
    Enum,
    /// A range or multirange.
    Range,
    /// A row of this relation.
    Composite(u32),
}

impl Catalog {
    /// A database of which nothing is known: unqualified names are taken to be in `public`, and
    /// every column that a statement names is taken to exist.
    #[must_use]
    pub fn empty(database: &str) -> Self {
        Self {
            database: database.into(),
            assumed: true,
            temporary: None,
            schemas: BTreeMap::new(),
            by_oid: HashMap::new(),
            types: HashMap::new(),
            feeds: HashMap::new(),
            ruled: HashSet::new(),
            behind: Behind::new(),
            calling: HashSet::new(),
            marks: HashMap::new(),
            unprinted: HashSet::new(),
            changes: Changes::default(),
        }
    }

    /// Whether nothing is known and everything is assumed.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The relation of this name.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Arc<Relation>> {
        self.schemas.get(self.spelled(schema))?.relations.get(name)
    }

    /// The relation with this OID.
    #[must_use]
    pub fn by_oid(&self, oid: u32) -> Option<&Arc<Relation>> {
        self.by_oid.get(&oid)
    }

    /// All relations, in no particular order.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.by_oid.values()
    }

    /// Whether writing to a relation runs rewrite rules.
    pub(crate) fn is_ruled(&self, oid: u32) -> bool {
        self.ruled.contains(&oid)
    }

    /// Whether reading a relation shows what code made that nobody has read: its own, or that of a view behind it.
    pub(crate) fn runs_code(&self, oid: u32) -> bool {
        let mut seen = HashSet::new();
        let mut open = if self.calling.is_empty() { Vec::new() } else { vec![oid] };
        while let Some(next) = open.pop() {
            if self.calling.contains(&next) {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.behind.get(&next).into_iter().flatten().map(|(base, _)| *base));
            }
        }
        false
    }

    /// The column that a row description calls (`oid`, `number`).
    #[must_use]
    pub fn origin(&self, oid: u32, number: i16) -> Option<Column> {
        let relation = self.by_oid.get(&oid)?;
        let column = relation.columns.iter().find(|column| column.number == number)?;
        Some(relation.column(&column.name))
    }

    /// The type with this OID.
    #[must_use]
    pub fn kind_of(&self, oid: u32) -> Option<&Type> {
        self.types.get(&oid)
    }

    /// Whether it is a relation that the catalog holds; where all is assumed, every one is.
    pub(crate) fn knows(&self, object: &Object) -> bool {
        match object.path.as_slice() {
            [schema, name] if object.space.as_deref() == Some(&*self.database) => {
                self.assumed || self.relation(schema, name).is_some()
            }
            _ => false,
        }
    }

    /// Whether a type is an array, and its elements are not rows.
    pub(crate) fn is_array_of_scalars(&self, oid: u32) -> bool {
        let Some(TypeKind::Array(element)) = self.types.get(&oid).map(|known| known.kind) else {
            return false;
        };
        self.is_scalar(element)
    }

    /// Whether the values of a type are known to be no rows and no arrays.
    pub(crate) fn is_scalar(&self, oid: u32) -> bool {
        self.types.get(&oid).is_some_and(|known| match known.kind {
            TypeKind::Base | TypeKind::Enum | TypeKind::Range => true,
            TypeKind::Array(_) | TypeKind::Domain(_) | TypeKind::Composite(_) => false,
        })
    }

    /// Whether a type of this name is not the server's own.
    pub(crate) fn has_own_type(&self, name: &str) -> bool {
        // a relation is a type as well
        let mut own = self.own_schemas();
        own.any(|schema| schema.relations.contains_key(name))
            || self.types.values().any(|known| *known.name == *name && *known.schema != *SYSTEM)
    }

    /// Whether a function of this name is not the server's own.
    pub(crate) fn has_own_function(&self, name: &str) -> bool {
        self.own_schemas().any(|schema| schema.functions.contains_key(name))
    }

    fn own_schemas(&self) -> impl Iterator<Item = &Schema> {
        self.schemas.iter().filter(|(name, _)| ***name != *SYSTEM).map(|(_, schema)| schema)
    }

    /// All that is in the database.
    pub(crate) fn everything(&self) -> Object {
        Object::everything().within(Arc::clone(&self.database))
    }

    /// An object of this database.
    pub(crate) fn object<S: Into<Arc<str>>>(&self, path: impl IntoIterator<Item = S>) -> Object {
        Object::at(path).within(Arc::clone(&self.database))
    }

    /// Whether there is such a schema; always, where nothing is known.
    pub(crate) fn has_schema(&self, name: &str) -> bool {
        self.assumed || self.schemas.contains_key(self.spelled(name))
    }

    /// The functions of this name in one schema.
    pub(crate) fn functions(&self, schema: &str, name: &str) -> &[Function] {
        self.schemas.get(self.spelled(schema)).and_then(|schema| schema.functions.get(name)).map_or(&[], Vec::as_slice)
    }

    /// The operators of this name in one schema, where they did not come with the server.
    pub(crate) fn operator(&self, schema: &str, name: &str) -> Option<Operator> {
        self.schemas.get(self.spelled(schema))?.operators.get(name).copied()
    }

    /// The session's own temporary schema has two names; objects carry the short one.
    pub(crate) fn spelled<'n>(&self, schema: &'n str) -> &'n str {
        match &self.temporary {
            Some(own) if **own == *schema => TEMPORARY,
            Some(_) | None => schema,
        }
    }
}

/// Whether both say the same, whenever they were read.
impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        // nothing is told by the name of a schema that holds nothing
        let temporary = |catalog: &Self| catalog.temporary.clone().filter(|_| catalog.schemas.contains_key(TEMPORARY));
        let names = |catalog: &Self| (Arc::clone(&catalog.database), catalog.assumed, temporary(catalog));
        names(self) == names(other)
            && self.schemas == other.schemas
            && self.by_oid == other.by_oid
            && self.types == other.types
            && self.feeds == other.feeds
            && (&self.ruled, &self.behind, &self.calling, &self.marks)
                == (&other.ruled, &other.behind, &other.calling, &other.marks)
    }
}

impl Relation {
    /// One of its columns.
    #[must_use]
    pub fn column(&self, name: &Arc<str>) -> Column {
        Column { object: self.object.clone(), name: Arc::clone(name) }
    }

    /// Where a value read from this column comes from.
    pub(crate) fn source(&self, column: &RelationColumn) -> Source {
        let itself = self.column(&column.name);
        let Some(behind) = self.computed.get(&column.number) else {
            return Source::column(itself);
        };
        // a view's column that is a base column unchanged carries the view's own origin
        let mut source = behind.clone();
        source.bare = behind.bare.is_some().then(|| itself.clone());
        source.from.insert(itself);
        source
    }
}
