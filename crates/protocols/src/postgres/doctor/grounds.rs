//! Where an account can make things of its own: in schemas, in the database, for the time of a session.
//!
//! Whether it needs to, the policy says. Enter at [`Grounds::all`].

use postern_core::examination::{Finding, Gravity};
use postern_core::operation::{Effect, Object};
use postern_core::policy::Needs;

use super::questions::Question;
use super::role::Role;
use super::sql::name;
use super::taking::{Holders, Taking};
use crate::postgres::catalog::{CatalogError, Cells, Row, TEMPORARY};

/// A right to make something somewhere.
pub(super) struct Grounds {
    schema: Option<String>,
    temporary: bool,
    owner: bool,
    holders: Holders,
}

impl Grounds {
    /// Of the answers to [`super::QUESTIONS`].
    pub(super) fn all(answers: &[Vec<Row>]) -> Result<Vec<Self>, CatalogError> {
        Question::Grounds.rows(answers).map(|cells| Self::of(&cells)).collect()
    }

    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let schema = (cells.text(0)? == "SCHEMA").then(|| cells.text(1)).transpose()?.map(str::to_owned);
        let temporary = cells.text(2)? == "TEMPORARY";
        let (own, everybody) = (cells.flag(4)?, cells.flag(5)?);
        let holders = Holders { own, everybody, through: !own && !everybody };
        Ok(Self { schema, temporary, owner: cells.flag(3)?, holders })
    }

    /// What is to be said of it, where the policy does not need it.
    pub(super) fn finding(&self, role: &Role, needs: &Needs) -> Option<Finding> {
        let within = |path: &[&str]| Object::at(path.iter().copied()).within(role.database.as_str());
        let needed = match &self.schema {
            Some(schema) => needs.lets(Effect::Define, &within(&[schema, "*"])),
            None if self.temporary => needs.lets(Effect::Define, &within(&[TEMPORARY, "*"])),
            None => needs.lets(Effect::Define, &within(&["*"])),
        };
        if needed {
            return None;
        }
        let (word, what, gravity, why) = match &self.schema {
            Some(schema) => (
                "create-in-schema",
                format!("`{}` may make things in schema `{schema}`, and no rule lets it", role.name),
                Gravity::Warning,
                "what it makes there can stand in for what others mean by the name (CVE-2018-1058)",
            ),
            None if self.temporary => (
                "temporary",
                format!("`{}` may make temporary tables, and no rule lets it", role.name),
                Gravity::Note,
                "they fill the disk, and stand in for tables whose schema is not named",
            ),
            None => (
                "create-in-database",
                format!("`{}` may make schemas in database `{}`, and no rule lets it", role.name, role.database),
                Gravity::Warning,
                "what it owns no right of others closes, and it may install trusted extensions",
            ),
        };
        let finding = Finding::new(gravity, word, what, why);
        if self.owner {
            let advice = "it owns it: give it to a role that nobody logs in with, by ALTER … OWNER TO";
            return Some(finding.advice(advice));
        }
        let place = match &self.schema {
            Some(schema) => format!("SCHEMA {}", name(schema)),
            None => format!("DATABASE {}", name(&role.database)),
        };
        let right = if self.temporary { "TEMPORARY" } else { "CREATE" };
        let taking = Taking::of(&role.name, self.holders, |holder| format!("REVOKE {right} ON {place} FROM {holder};"));
        Some(taking.mend(finding, None))
    }
}
