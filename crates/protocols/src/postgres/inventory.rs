//! What the databases of a target hold, taken down by name: for trying a policy without the target, and checking it.
//!
//! It serves nobody and decides nothing. What comes of it is a [`Catalog`] like any other, made by the same code from
//! answers in the same form. Enter at [`Inventory::survey`] and [`Inventory::read`].

mod answers;
mod database;
mod name;
mod read;
mod rows;
mod survey;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use postern_core::document::{Findings, Reader};
use postern_core::inventory::{self as neutral, Supposition};
use postern_core::mask::Lineage;
use postern_core::operation::{Column, Object};
use postern_core::target::Target;
use postern_core::verdict::Duties;

use super::catalog::{Catalog, CatalogError, SYSTEM, TEMPORARY};
use super::{analyze, session};
use database::{Account, Database};

/// The format that is written, and read.
const FORMAT: u64 = 1;
/// What a file says that it is of.
const PROTOCOL: &str = "postgres";

/// The databases of a target, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    databases: BTreeMap<String, Known>,
}

/// A database, and what its names mean.
#[derive(Debug)]
struct Known {
    database: Database,
    catalog: Arc<Catalog>,
}

impl Inventory {
    /// The inventory that a file holds, unless there is a mistake in it.
    pub(super) fn read(findings: &mut Findings, document: Reader<'_>) -> Option<Self> {
        let place = document.place();
        let databases = read::read(findings, document)?;
        match Self::of(databases) {
            Ok(inventory) => Some(inventory),
            Err(error) => {
                findings.wrong(&place, format!("this is no schema: {error}"), None);
                None
            }
        }
    }

    fn of(databases: Vec<Database>) -> Result<Self, CatalogError> {
        let known = |database: Database| {
            let catalog = Arc::new(database.catalog()?);
            Ok((database.name.clone(), Known { database, catalog }))
        };
        Ok(Self { databases: databases.into_iter().map(known).collect::<Result<_, _>>()? })
    }
}

impl Known {
    fn objects(&self) -> Vec<Object> {
        let Self { database, catalog } = self;
        let schemas = database.schemas.iter().map(|schema| catalog.object([schema.as_str()]));
        let builtins = analyze::builtins().map(|name| catalog.object([SYSTEM, name]));
        // what sessions make for themselves comes and goes
        let temporary = catalog.object([TEMPORARY, "*"]);
        let named = database.relations.keys().chain(database.types.keys());
        let named = named.chain(database.functions.keys()).chain(database.operators.keys());
        let named = named.map(|name| catalog.object([name.schema.as_str(), &name.name]));
        schemas.chain(named).chain(builtins).chain([temporary]).collect()
    }
}

impl Inventory {
    /// What an account's names mean in a database.
    fn naming<T>(&self, space: &str, account: &str, with: impl FnOnce(&Arc<Catalog>, &analyze::Names<'_>) -> T) -> T {
        let usual = Account { role: account.to_owned(), path: vec!["public".to_owned()] };
        let known = self.databases.get(space);
        let account = known.and_then(|known| known.database.accounts.get(account)).unwrap_or(&usual);
        let path: Vec<Arc<str>> = account.path.iter().map(|name| name.as_str().into()).collect();
        let catalog = known.map_or_else(|| Arc::new(Catalog::empty(space)), |known| Arc::clone(&known.catalog));
        with(&catalog, &analyze::Names::of(&catalog, &path, &account.role))
    }
}

impl neutral::Inventory for Inventory {
    fn suppose(&self, space: &str, account: &str, text: &str) -> Vec<Supposition> {
        self.naming(space, account, |_, names| session::suppose(text, names))
    }

    fn sent(&self, space: &str, account: &str, text: &str, due: &Duties) -> Option<Arc<str>> {
        self.naming(space, account, |catalog, names| session::sent(text, catalog, names, due))
    }

    fn lineage(&self, space: &str) -> Option<Arc<dyn Lineage>> {
        let catalog: Arc<dyn Lineage> = Arc::<Catalog>::clone(&self.databases.get(space)?.catalog);
        Some(catalog)
    }

    fn objects(&self) -> Vec<Object> {
        self.databases.values().flat_map(Known::objects).collect()
    }

    fn columns(&self) -> Vec<Column> {
        self.databases.values().flat_map(|known| known.catalog.columns()).collect()
    }

    fn gaps(&self, target: &Target) -> Vec<String> {
        let mut gaps = Vec::new();
        for name in survey::opened(target) {
            let Some(known) = self.databases.get(name) else {
                gaps.push(format!("says nothing of database `{name}`"));
                continue;
            };
            let unknown = target.logins().filter(|login| !known.database.accounts.contains_key(&login.user));
            gaps.extend(unknown.map(|login| {
                format!("does not say where account `{}` looks names up in database `{name}`", login.user)
            }));
        }
        gaps
    }

    fn written(&self) -> String {
        write::written(self.databases.values().map(|known| &known.database))
    }
}
