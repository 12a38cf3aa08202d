//! Code that looks past rights and masks: functions that run as somebody else or outside the database, and views that run
//! functions.
//!
//! Whether a rule lets it run core says. Enter at [`functions`] and [`views`].

use postern_core::examination::{Finding, Gravity};
use postern_core::operation::{Effect, Object};
use postern_core::policy::Needs;

use super::questions::Question;
use super::rights::{Rights, SELECT};
use super::role::Role;
use super::sql::{is_plain, name};
use super::taking::{Holders, Taking};
use crate::postgres::catalog::{CatalogError, Cells, Row};

/// A function, and who may run it.
struct Function {
    schema: String,
    name: String,
    arguments: String,
    /// Whose rights it runs with, where they are not the caller's.
    runs_as: Option<String>,
    /// Its language, where that is not a trusted one.
    language: Option<String>,
    holders: Holders,
    /// Whether something else in the database calls it, which then needs the right.
    called: bool,
}

/// What is to be said of functions.
pub(super) fn functions(answers: &[Vec<Row>], role: &Role, needs: &Needs) -> Result<Vec<Finding>, CatalogError> {
    let all = Question::Functions.rows(answers).map(|cells| Function::of(&cells));
    all.map(|function| function.map(|function| function.finding(role, needs))).collect()
}

impl Function {
    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let some = |at| cells.text(at).map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        let (own, everybody) = (cells.flag(6)?, cells.flag(7)?);
        let holders = Holders { own, everybody, through: !own && !everybody };
        Ok(Self {
            schema: cells.text(0)?.to_owned(),
            name: cells.text(1)?.to_owned(),
            arguments: cells.text(2)?.to_owned(),
            runs_as: cells.flag(3)?.then(|| cells.text(4)).transpose()?.map(str::to_owned),
            language: some(5)?,
            holders,
            called: cells.flag(8)?,
        })
    }

    fn finding(&self, role: &Role, needs: &Needs) -> Finding {
        let shown = format!("{}.{}({})", self.schema, self.name, self.arguments);
        let (word, how, why) = match (&self.runs_as, &self.language) {
            (_, Some(language)) => (
                "function-untrusted",
                format!("which is in `{language}`, a language that reaches out of the database"),
                "it can read and write whatever the server can".to_owned(),
            ),
            (owner, None) => (
                "function-definer",
                format!("which runs with the rights of `{}`", owner.as_deref().unwrap_or_default()),
                "it reads whatever its owner can, masked columns too, and no right of the caller stops it".to_owned(),
            ),
        };
        let finding = |lets: &str| {
            let what = format!("`{}` may run `{shown}`, {how}{lets}", role.name);
            Finding::new(Gravity::Warning, word, what, &*why)
        };
        let object = Object::at([self.schema.as_str(), &self.name]).within(role.database.as_str());
        if needs.lets(Effect::Execute, &object) {
            let advice =
                "see what it shows; whom a mask binds Postern lets run it by no rule, others by those that let it";
            return finding("").advice(advice);
        }
        let finding = finding(", and no rule lets it");
        if !is_plain(&self.arguments) {
            return finding.advice("take the right from whoever it has it by");
        }
        let routine = format!("{}.{}({})", name(&self.schema), name(&self.name), self.arguments);
        let take = |holder: &str| format!("REVOKE EXECUTE ON ROUTINE {routine} FROM {holder};");
        let called = || "a view, a policy, a default or another function calls it".to_owned();
        Taking::of(&role.name, self.holders, take).mend(finding, self.called.then(called))
    }
}

/// What is to be said of views that masks cannot follow.
pub(super) fn views(rights: &Rights, role: &Role, needs: &Needs) -> Vec<Finding> {
    if !needs.is_masked() {
        return Vec::new();
    }
    let views = rights.tables.iter().filter(|table| table.is_view() && table.needs(SELECT, needs));
    let readable = views.filter(|view| !view.holders(SELECT).is_nobody());
    let unclear = readable.filter(|view| {
        let relation = &view.relation;
        relation.columns.iter().any(|column| relation.source(column).unknown)
    });
    unclear
        .map(|view| {
            let what = format!(
                "`{}` can read view `{}`, which runs functions that masks cannot follow",
                role.name,
                view.shown()
            );
            let why = "what they read nobody can say; Postern refuses it to whom a mask binds, the database does not";
            let finding =
                Finding::new(Gravity::Warning, "view-unclear", what, why).advice("see what the functions read");
            let take = |holder: &str| format!("REVOKE SELECT ON {} FROM {holder};", view.sql());
            Taking::of(&role.name, view.holders(SELECT), take).mend(finding, Some("a rule lets it be read".to_owned()))
        })
        .collect()
}
