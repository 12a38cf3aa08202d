//! A database by name alone, so that it can be written down: what the server numbers is named here.
//!
//! It is made of the answers to [`QUERIES`](crate::postgres::catalog::QUERIES) and gives such answers again, with numbers of its own, so that there is one
//! way from answers to a [`Catalog`]. What Postern knows by itself is left out: the functions that come with every server,
//! and types that no column has.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Name;
use crate::postgres::catalog::{Catalog, CatalogError};

/// The kinds of relations: how the server writes them (`pg_class.relkind`), and how a file does.
pub(super) const KINDS: &[(&str, &str)] = &[
    ("r", "table"),
    ("p", "partitioned"),
    ("v", "view"),
    ("m", "materialized"),
    ("f", "foreign"),
    ("S", "sequence"),
    ("c", "composite"),
    ("i", INDEX),
    ("I", INDEX),
];
/// The kind without columns.
pub(super) const INDEX: &str = "index";

/// A database.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Database {
    pub(super) name: String,
    /// Who sessions are, by the account that they log in as.
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) schemas: BTreeSet<String>,
    pub(super) relations: BTreeMap<Name, Relation>,
    pub(super) types: BTreeMap<Name, Type>,
    pub(super) functions: BTreeMap<Name, Routine>,
    pub(super) operators: BTreeMap<Name, Routine>,
}

/// Who a session is, and where it looks names up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The role that statements run as.
    pub(super) role: String,
    /// The schemas on its `search_path` that there are for it.
    pub(super) path: Vec<String>,
}

/// A table or something like it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Relation {
    /// As in [`KINDS`].
    pub(super) kind: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) inherits: Vec<Name>,
    /// Whether writing to it runs rewrite rules.
    pub(super) ruled: bool,
    /// A view's.
    pub(super) definition: Option<String>,
    /// What a view reads: columns, and relations as a whole.
    pub(super) reads: BTreeSet<(Name, Option<String>)>,
    /// Whether a view runs functions that may read data, or reads what is not here.
    pub(super) calls: bool,
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// Nothing where it is a row of a table, or an array of such.
    pub(super) kind: Option<Name>,
    /// -1 without one.
    pub(super) modifier: i32,
    /// What it is computed from, where it is; nothing where that is not on record.
    pub(super) generated: Option<Vec<String>>,
    /// Whether it is of the primary key.
    pub(super) key: bool,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: TypeKind,
    pub(super) category: char,
}

/// What kind of type it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TypeKind {
    Base,
    Enum,
    Range,
    Array(Name),
    Domain(Name),
    Row(Name),
}

/// A function or an operator: what is true of all that have its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Routine {
    pub(super) immutable: bool,
    pub(super) extension: bool,
    /// Whether any returns a set.
    pub(super) set: bool,
}

impl Database {
    /// The catalog that it describes.
    pub(super) fn catalog(&self) -> Result<Catalog, CatalogError> {
        Catalog::from_rows(&self.name, &self.rows())
    }
}

impl TypeKind {
    /// The type or relation that it is made of.
    pub(super) fn inside(&self) -> Option<&Name> {
        match self {
            Self::Base | Self::Enum | Self::Range => None,
            Self::Array(name) | Self::Domain(name) | Self::Row(name) => Some(name),
        }
    }
}
