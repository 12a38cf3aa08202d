//! How a server stands by itself: the way there, what the injected accounts may do beyond what the policy needs, and what
//! in the database looks past its masks.
//!
//! It asks, changes nothing, and decides nothing: what is needed and what is masked core says. Enter at [`examine`].

mod grounds;
mod questions;
mod role;
mod sql;
mod way;

use postern_core::Fault;
use postern_core::examination::{Examination, Finding, Subject};
use postern_core::policy::Needs;
use postern_core::target::Login;

use super::asking::{Asking, Heard};
use super::catalog::CatalogError;
use super::catalogs::unreadable;
use super::login::settings::Settings;
use grounds::Grounds;
use questions::QUESTIONS;
use role::Role;

/// An account, and what a server says of it.
struct Account<'a> {
    needs: &'a Needs,
    role: Role,
    grounds: Vec<Grounds>,
}

/// Asks as each account of a target what it could do there.
pub(super) async fn examine(subject: &Subject<'_>) -> Result<Examination, Fault> {
    let mut findings = Vec::new();
    for (at, needs) in subject.needs.iter().enumerate() {
        let heard = ask(subject, &needs.login).await?;
        let account = Account::of(needs, &heard).map_err(|error| unreadable().cause(error))?;
        if at == 0 {
            findings.extend(way::to_server(subject, &heard, &account.role));
        }
        findings.extend(way::of_account(&needs.login, &heard));
        findings.extend(account.findings());
    }
    if let Some(login) = catalog_login(subject) {
        let nothing = Needs::nothing(login, subject.target);
        let heard = ask(subject, login).await?;
        let account = Account::of(&nothing, &heard).map_err(|error| unreadable().cause(error))?;
        findings.extend(way::of_account(login, &heard));
        findings.extend(account.role.findings(&login.user));
    }
    let script = sql::script(&findings);
    findings.sort_by_key(|finding| finding.gravity);
    Ok(Examination { findings, script })
}

async fn ask(subject: &Subject<'_>, login: &Login) -> Result<Heard, Fault> {
    let asking = Asking { target: subject.target, means: subject.means, database: subject.space };
    asking.ask(login, &Settings::own(), QUESTIONS).await
}

/// The account that reads the catalog, where it is one of its own.
fn catalog_login<'a>(subject: &Subject<'a>) -> Option<&'a Login> {
    let login = subject.target.catalog_login.as_ref()?;
    (!subject.needs.iter().any(|needs| needs.login.user == login.user)).then_some(login)
}

impl<'a> Account<'a> {
    fn of(needs: &'a Needs, heard: &Heard) -> Result<Self, CatalogError> {
        let role = Role::of(&heard.answers)?;
        let grounds = Grounds::all(&heard.answers)?;
        Ok(Self { needs, role, grounds })
    }

    fn findings(&self) -> Vec<Finding> {
        let user = &self.needs.login.user;
        let grounds = self.grounds.iter().filter_map(|grounds| grounds.finding(&self.role, self.needs));
        self.role.findings(user).into_iter().chain(grounds).collect()
    }
}
