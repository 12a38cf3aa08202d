//! Masked columns that an account can read at the database itself, and the column rights that would keep it from that.
//!
//! A constant that stands for a value needs no right to it; whatever is made of the value does. Enter at [`Masked::all`].

use std::sync::Arc;

use postern_core::examination::{Finding, Gravity};
use postern_core::mask::{MaskKind, Predicates};
use postern_core::operation::Effect;
use postern_core::policy::{Binding, Needs};

use super::rights::{Rights, SELECT, Table};
use super::role::Role;
use super::sql::name;
use super::taking::{Holders, Taking};
use crate::postgres::analyze::Encoding;
use crate::postgres::catalog::{Catalog, RelationColumn};
use crate::postgres::form::{Form, form};

/// What is masked for those who get one account.
pub(super) struct Masked<'a> {
    pub(super) role: &'a Role,
    pub(super) needs: &'a Needs,
    pub(super) rights: &'a Rights,
    pub(super) catalog: &'a Catalog,
    pub(super) encoding: Encoding,
    pub(super) bindings: &'a [Binding],
}

/// A column, and why the account needs to read it all the same.
struct Hidden<'a> {
    column: &'a RelationColumn,
    masks: Vec<&'a Binding>,
    kept: Vec<String>,
}

impl<'a> Masked<'a> {
    /// What is to be said of each table.
    pub(super) fn findings(&self) -> Vec<Finding> {
        // what it may not read at all by any rule is taken away as a whole
        let read = self.rights.tables.iter().filter(|table| table.needs(SELECT, self.needs));
        read.flat_map(|table| self.of_table(table)).collect()
    }

    fn of_table(&self, table: &'a Table) -> Vec<Finding> {
        let hidden: Vec<Hidden<'a>> = self.hidden(table).collect();
        let readable = |one: &&Hidden<'a>| !table.readers(&one.column.name).is_nobody();
        let (kept, free): (Vec<&Hidden<'a>>, Vec<&Hidden<'a>>) =
            hidden.iter().filter(readable).partition(|one| !one.kept.is_empty());
        let closed = (!free.is_empty()).then(|| self.closing(table, &free));
        closed.into_iter().chain(kept.into_iter().map(|one| self.kept(table, one))).collect()
    }

    /// The masked columns of a table.
    fn hidden(&self, table: &'a Table) -> impl Iterator<Item = Hidden<'a>> {
        let returning = || "rules let it change the table, and RETURNING reads what was there".to_owned();
        let lets = |effect| self.needs.lets(effect, &table.relation.object);
        let written = (lets(Effect::Write) || lets(Effect::Delete)).then(returning);
        table.relation.columns.iter().filter_map(move |column| {
            let named = table.relation.column(&column.name);
            let masks: Vec<&Binding> = self.bindings.iter().filter(|one| one.columns.of(&named).is_some()).collect();
            let kept = masks.iter().flat_map(|one| self.why_kept(column, one)).chain(written.clone()).collect();
            (!masks.is_empty()).then_some(Hidden { column, masks, kept })
        })
    }

    /// The columns that stay readable where a mask's columns are closed.
    pub(super) fn open(&self, table: &'a Table) -> Option<Vec<&'a Arc<str>>> {
        let closed: Vec<&str> =
            self.hidden(table).filter(|one| one.kept.is_empty()).map(|one| &*one.column.name).collect();
        let open = table.relation.columns.iter().map(|column| &column.name);
        (!closed.is_empty()).then(|| open.filter(|one| !closed.contains(&&***one)).collect())
    }

    /// Why sessions need to read a column that a mask hides.
    fn why_kept(&self, column: &RelationColumn, binding: &Binding) -> Vec<String> {
        let mask = &binding.mask;
        let mut why: Vec<String> = binding.spared.clone();
        let form = form(column.kind, self.catalog);
        let constant = match mask.kind {
            MaskKind::Null | MaskKind::Fixed => true,
            MaskKind::Partial { .. } => form == Form::Other,
            MaskKind::Bucket(_) | MaskKind::Stable(_) => false,
        };
        if !constant {
            why.push(format!("what mask `{}` shows is made of the value", mask.name));
        }
        if mask.predicates == Predicates::Allow {
            why.push(format!("mask `{}` lets conditions see the value", mask.name));
        }
        if form == Form::Texts {
            why.push("an array of text is masked on the wire".to_owned());
        }
        if self.encoding != Encoding::Utf8 {
            why.push("the database is not in UTF-8, and its columns are masked on the wire".to_owned());
        }
        why
    }

    /// Columns that nobody who gets the account needs to read.
    fn closing(&self, table: &Table, free: &[&Hidden<'_>]) -> Finding {
        let names: Vec<String> = free.iter().map(|one| format!("`{}`", one.column.name)).collect();
        let masks: Vec<String> = masks(free);
        let what = format!(
            "`{}` can read {} of `{}` at the database, which {} {} from everybody who gets it",
            self.role.name,
            names.join(", "),
            table.shown(),
            masks.join(", "),
            if masks.len() == 1 { "hides" } else { "hide" },
        );
        let why = if table.is_view() && !table.invoker {
            "whatever gets past the mask gets the values; a view reads with the rights of its owner, so rights on what is \
             under it do not help"
        } else {
            "whatever gets past the mask gets the values; without the right the database itself refuses"
        };
        let finding = Finding::new(Gravity::Warning, "mask-readable", what, why);
        let numbers: Vec<i16> = free.iter().map(|one| one.column.number).collect();
        let holders = free.iter().map(|one| table.readers(&one.column.name)).fold(Holders::default(), Holders::and);
        let users = self.rights.users(table, Some(&numbers));
        let against = match () {
            () if holders.through => Some("it has the right through a role that it is a member of".to_owned()),
            () if !users.is_empty() => Some(format!("{} may need it", users.join(", "))),
            () if self.left(table, free).is_empty() => {
                Some("no column would be left to read its rows by: add one, or take the right from the rule".to_owned())
            }
            () => None,
        };
        let advice = "what is masked on the wire alone is refused from then on: PREPARE, a sample, and COPY that name the columns; \
                      a column that is added later needs a GRANT of its own";
        self.taking(table, free).mend(finding.advice(advice), against)
    }

    /// The right to all columns is taken, and the right to the others given.
    fn taking(&self, table: &Table, free: &[&Hidden<'_>]) -> Taking {
        let take = |holder: &str| format!("REVOKE SELECT ON {} FROM {holder};", table.sql());
        let holders = Holders { through: false, ..table.holders(SELECT) };
        let (open, role) = (self.left(table, free), name(&self.role.name));
        let taking = Taking::of(&self.role.name, holders, take);
        if open.is_empty() {
            return taking;
        }
        taking.then(format!("GRANT SELECT ({}) ON {} TO {role};", open.join(", "), table.sql()))
    }

    /// The other columns that the account can read.
    fn left(&self, table: &Table, free: &[&Hidden<'_>]) -> Vec<String> {
        let closed = |column: &RelationColumn| free.iter().any(|one| one.column.number == column.number);
        let open = |column: &&RelationColumn| !closed(column) && !table.readers(&column.name).is_nobody();
        table.relation.columns.iter().filter(open).map(|column| name(&column.name)).collect()
    }

    /// A column that somebody needs to read.
    fn kept(&self, table: &Table, one: &Hidden<'_>) -> Finding {
        let what = format!(
            "`{}` can read `{}.{}` at the database, and needs to: {}",
            self.role.name,
            table.shown(),
            one.column.name,
            one.kept.join("; "),
        );
        let finding = Finding::new(Gravity::Note, "mask-needs-value", what, "here the mask alone hides the values");
        let Some(spared) = one.masks.iter().find(|binding| !binding.spared.is_empty()) else { return finding };
        finding.advice(second_login(&self.role.name, spared))
    }
}

/// An account for those whom a mask does not bind, so that the other can lose the right.
fn second_login(user: &str, binding: &Binding) -> String {
    let (whom, who, named) = if binding.clear.is_empty() {
        ("whom it binds", &binding.bound, format!("{user}_masked"))
    } else {
        ("whom it does not bind", &binding.clear, format!("{user}_clear"))
    };
    let who: Vec<String> = who.iter().map(|who| format!("\"{who}\"")).collect();
    format!(
        "give those {whom} an account of their own, before the present one, and ask again:\n[[target.login]]\nfor  = [{}]\nuser = '{named}'",
        who.join(", ")
    )
}

fn masks(hidden: &[&Hidden<'_>]) -> Vec<String> {
    let mut names: Vec<String> =
        hidden.iter().flat_map(|one| &one.masks).map(|binding| format!("mask `{}`", binding.mask.name)).collect();
    names.sort();
    names.dedup();
    names
}
