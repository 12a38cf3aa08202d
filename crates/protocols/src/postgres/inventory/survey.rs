//! What a target answers to the gateway's own questions, asked where no client is served.
//!
//! INVARIANT: nothing is sent but a login and constants of this program; so it needs no permit, and there is no journal
//! that could make one. A session's catalog is read by [`super::super::catalogs`], and journalled.

use std::collections::BTreeSet;

use bytes::Bytes;
use postern_core::Fault;
use postern_core::inventory::Means;
use postern_core::target::{Login, Target};
use tokio::time::timeout;

use super::Inventory;
use super::database::{Account, Database};
use crate::postgres::catalog::{QUERIES, Row};
use crate::postgres::catalogs::{PATIENCE, answers, lost, unreadable};
use crate::postgres::login::settings::Settings;
use crate::postgres::login::{encoded, target};
use crate::postgres::session::{PATH, Standpoint};
use crate::postgres::wire::Frontend;

/// Where and as whom questions are asked.
struct Asking<'a> {
    target: &'a Target,
    means: &'a Means,
    database: &'a str,
}

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
            databases.push(asking.database().await?);
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

impl Asking<'_> {
    async fn database(&self) -> Result<Database, Fault> {
        let login = self.target.catalog_login.as_ref().or(self.target.logins().next()).ok_or_else(unreadable)?;
        let answers = self.ask(login, &Settings::own(), QUERIES).await?;
        let mut database = Database::of(self.database, &answers).map_err(|error| unreadable().cause(error))?;
        let mut asked = BTreeSet::new();
        for login in self.target.logins() {
            if asked.insert(&login.user) {
                let answers = self.ask(login, &Settings::bare(), &[PATH]).await?;
                let rows: Vec<Row> = answers.into_iter().flatten().collect();
                let Standpoint { user, path, .. } = Standpoint::of(&rows).ok_or_else(unreadable)?;
                let path = path.iter().map(ToString::to_string).collect();
                database.accounts.insert(login.user.clone(), Account { role: user, path });
            }
        }
        Ok(database)
    }

    async fn ask(
        &self,
        login: &Login,
        settings: &Settings,
        questions: &[&'static str],
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let asked = timeout(PATIENCE, self.exchange(login, settings, questions)).await;
        let in_vain = |_| lost().hint("the target did not answer in time");
        asked.map_err(in_vain).flatten().map_err(|fault| self.placed(login, fault))
    }

    async fn exchange(
        &self,
        login: &Login,
        settings: &Settings,
        questions: &[&'static str],
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let (lease, link) = self.means.lease(self.target, login).await?;
        let welcome = target::log_in(lease, link, self.database, settings).await?;
        let (mut inlet, mut outlet) = (welcome.inlet, welcome.outlet);
        for text in questions {
            outlet.push(&encoded(&Frontend::Query { text: Bytes::from_static(text.as_bytes()) }));
        }
        outlet.drain_all().await.map_err(|error| lost().cause(error))?;
        let answers = answers(&mut inlet, questions.len()).await?;
        outlet.push(&encoded(&Frontend::Terminate));
        outlet.finish().await;
        Ok(answers)
    }

    /// The fault with the place where it happened: whoever hears it has the configuration.
    fn placed(&self, login: &Login, mut fault: Fault) -> Fault {
        let database = if self.database.is_empty() { &login.user } else { self.database };
        fault.message = format!("{}, for account `{}` in database `{database}`", fault.message, login.user);
        fault
    }
}
