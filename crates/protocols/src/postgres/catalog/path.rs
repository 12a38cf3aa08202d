//! The order in which schemas are searched for a name that has none.
//!
//! The rules are those of the PostgreSQL documentation, section 20.11.1, `search_path`: the system
//! schema comes first unless it is listed, and before it the temporary one, which is never searched
//! for functions or operators.

use std::sync::Arc;

use super::{Catalog, SYSTEM, TEMPORARY};

/// The schemas that are searched, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    schemas: Vec<Arc<str>>,
}

impl Path {
    /// The path that a session with this setting searches. Schemas that do not exist are passed over,
    /// as the server passes over them.
    pub(crate) fn new(catalog: &Catalog, listed: &[Arc<str>], user: &str) -> Self {
        let mut schemas: Vec<Arc<str>> = Vec::with_capacity(listed.len().saturating_add(2));
        for entry in listed {
            let entry: Arc<str> = match &**entry {
                "$user" => user.into(),
                other => catalog.spelled(other).into(),
            };
            let known = *entry == *TEMPORARY || *entry == *SYSTEM || catalog.has_schema(&entry);
            if known && !schemas.contains(&entry) {
                schemas.push(entry);
            }
        }
        if listed.is_empty() && catalog.is_assumed() {
            schemas.push("public".into());
        }
        if !schemas.iter().any(|schema| **schema == *SYSTEM) {
            schemas.insert(0, SYSTEM.into());
        }
        if !schemas.iter().any(|schema| **schema == *TEMPORARY) {
            schemas.insert(0, TEMPORARY.into());
        }
        Self { schemas }
    }

    /// Where relations and types are looked for.
    pub(crate) fn for_relations(&self) -> impl Iterator<Item = &Arc<str>> {
        self.schemas.iter()
    }

    /// Where functions and operators are looked for.
    pub(crate) fn for_functions(&self) -> impl Iterator<Item = &Arc<str>> {
        self.schemas.iter().filter(|schema| ***schema != *TEMPORARY)
    }

    /// The schemas in which an unknown name may have been made since the snapshot, first the one in
    /// which the server would make it.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &Arc<str>> {
        self.for_functions().filter(|schema| ***schema != *SYSTEM)
    }

    /// Where a new object without a schema is made.
    pub(crate) fn creation(&self) -> Option<&Arc<str>> {
        self.candidates().next()
    }
}
