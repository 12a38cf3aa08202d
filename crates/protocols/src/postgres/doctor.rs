//! How a server stands by itself: the way there, what the injected accounts may do beyond what the policy needs, and what
//! in the database looks past its masks.
//!
//! It asks, changes nothing, and decides nothing: what is needed and what is masked core says. Enter at [`examine`].

mod code;
mod grounds;
mod masked;
mod questions;
mod rights;
mod role;
mod sql;
mod tables;
mod taking;
mod way;

use postern_core::Fault;
use postern_core::examination::{Examination, Finding, Subject};
use postern_core::policy::Needs;
use postern_core::target::Login;

use super::asking::{Asking, Heard};
use super::catalog::{Catalog, CatalogError, QUERIES};
use super::catalogs::unreadable;
use super::login::settings::Settings;
use grounds::Grounds;
use masked::Masked;
use questions::QUESTIONS;
use rights::Rights;
use role::Role;
use tables::Tables;

/// An account, and what a server says of it.
struct Account<'a> {
    needs: &'a Needs,
    heard: Heard,
    role: Role,
    catalog: Catalog,
    rights: Rights,
}

/// Asks as each account of a target what it could do there.
pub(super) async fn examine(subject: &Subject<'_>) -> Result<Examination, Fault> {
    let mut findings = Vec::new();
    for (at, needs) in subject.needs.iter().enumerate() {
        let account = Account::ask(subject, needs).await?;
        if at == 0 {
            findings.extend(way::to_server(subject, &account.heard, &account.role));
        }
        findings.extend(account.findings().map_err(|error| unreadable().cause(error))?);
    }
    if let Some(login) = catalog_login(subject) {
        let nothing = Needs::nothing(login, subject.target);
        findings.extend(Account::ask(subject, &nothing).await?.catalog_findings());
    }
    let script = sql::script(&findings);
    findings.sort_by_key(|finding| finding.gravity);
    Ok(Examination { findings, script, language: "sql" })
}

/// The account that reads the catalog, where it is one of its own.
fn catalog_login<'a>(subject: &Subject<'a>) -> Option<&'a Login> {
    let login = subject.target.catalog_login.as_ref()?;
    (!subject.needs.iter().any(|needs| needs.login.user == login.user)).then_some(login)
}

impl<'a> Account<'a> {
    async fn ask(subject: &Subject<'_>, needs: &'a Needs) -> Result<Self, Fault> {
        let asking = Asking { target: subject.target, means: subject.means, database: subject.space };
        let questions = [QUESTIONS, QUERIES].concat();
        let heard = asking.ask(&needs.login, &Settings::own(), &questions).await?;
        Self::of(needs, heard).map_err(|error| unreadable().cause(error))
    }

    fn of(needs: &'a Needs, heard: Heard) -> Result<Self, CatalogError> {
        let role = Role::of(&heard.answers)?;
        let catalog = Catalog::from_rows(&role.database, heard.answers.get(QUESTIONS.len()..).unwrap_or_default())?;
        let rights = Rights::of(&heard.answers, &catalog)?;
        Ok(Self { needs, heard, role, catalog, rights })
    }

    fn findings(&self) -> Result<Vec<Finding>, CatalogError> {
        let Self { needs, heard, role, catalog, rights } = self;
        let bindings = needs.bindings(catalog);
        let encoding = heard.encoding;
        let masked = Masked { role, needs, rights, catalog, encoding, bindings: &bindings };
        let mut found: Vec<Finding> = way::of_account(&needs.login, heard).into_iter().collect();
        for grounds in Grounds::all(&heard.answers)? {
            found.extend(grounds.finding(role, needs));
        }
        found.extend(Tables { role, needs, rights }.findings(&masked));
        found.extend(masked.findings());
        found.extend(code::functions(&heard.answers, role, needs)?);
        found.extend(code::views(rights, role, needs));
        // INVARIANT: whoever runs the script as this very role loses nothing that the rest of it needs
        found.extend(role.findings(needs, rights));
        Ok(found.into_iter().map(|finding| finding.about(&needs.login.user)).collect())
    }

    /// Of an account that reads the catalog and is injected for nobody.
    fn catalog_findings(&self) -> Vec<Finding> {
        let Self { needs, heard, role, rights, .. } = self;
        let mut found: Vec<Finding> = way::of_account(&needs.login, heard).into_iter().collect();
        found.extend(role.findings(needs, rights));
        found.extend(Tables { role, needs, rights }.of_catalog_account());
        found.into_iter().map(|finding| finding.about(&needs.login.user)).collect()
    }
}
