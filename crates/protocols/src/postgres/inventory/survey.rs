//! What the databases of a target hold, asked of it where no client is served.
//!
//! A session's catalog is read by [`super::super::catalogs`], and journalled.

use std::collections::BTreeSet;

use postern_core::Fault;
use postern_core::inventory::Means;
use postern_core::target::Target;

use super::Inventory;
use super::database::{Account, Database};
use crate::postgres::asking::Asking;
use crate::postgres::catalog::{QUERIES, Row};
use crate::postgres::catalogs::unreadable;
use crate::postgres::login::settings::Settings;
use crate::postgres::session::{PATH, Standpoint};

impl Inventory {
    /// The inventory of a target: every database that may be opened there, as its catalog account sees it, and where each
    /// account that sessions use looks names up.
    ///
    /// # Errors
    /// Where a database cannot be reached, logged in to or read.
    pub(in crate::postgres) async fn survey(target: &Target, means: &Means) -> Result<Self, Fault> {
        let mut databases = Vec::new();
        for name in opened(target) {
            let asking = Asking { target, means, database: name };
            databases.push(database(&asking).await?);
        }
        Self::of(databases).map_err(|error| unreadable().cause(error))
    }
}

/// The databases that may be opened, the default first.
pub(super) fn opened(target: &Target) -> Vec<&str> {
    let mut opened = vec![target.admits(None).unwrap_or_default()];
    for name in &target.databases {
        if !opened.contains(&name.as_str()) {
            opened.push(name);
        }
    }
    opened
}

async fn database(asking: &Asking<'_>) -> Result<Database, Fault> {
    let login = asking.target.catalog_login.as_ref().or(asking.target.logins().next()).ok_or_else(unreadable)?;
    let answers = asking.ask(login, &Settings::own(), QUERIES).await?.answers;
    let mut database = Database::of(asking.database, &answers).map_err(|error| unreadable().cause(error))?;
    let mut asked = BTreeSet::new();
    for login in asking.target.logins() {
        if asked.insert(&login.user) {
            let answers = asking.ask(login, &Settings::bare(), &[PATH]).await?.answers;
            let rows: Vec<Row> = answers.into_iter().flatten().collect();
            let Standpoint { user, path, .. } = Standpoint::of(&rows).ok_or_else(unreadable)?;
            let path = path.iter().map(ToString::to_string).collect();
            database.accounts.insert(login.user.clone(), Account { role: user, path });
        }
    }
    Ok(database)
}
