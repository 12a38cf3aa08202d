//! What an account may do to tables and views, beside what the policy needs and what its masks hide.
//!
//! What is needed and hidden core says; what would mend it is written here, and held back where something may need it that
//! this cannot see. Enter at [`Rights::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::operation::Effect;
use postern_core::policy::Needs;

use super::questions::Question;
use super::sql::name;
use super::taking::Holders;
use crate::postgres::catalog::{Catalog, CatalogError, Cells, Relation, RelationKind, Row};

/// The rights that there are on tables and views, each with what somebody does who needs it.
const NEEDED: &[(&str, &[Effect])] = &[
    ("SELECT", &[Effect::Read, Effect::Define]),
    ("INSERT", &[Effect::Write]),
    ("UPDATE", &[Effect::Write]),
    ("DELETE", &[Effect::Delete]),
    ("TRUNCATE", &[Effect::Delete]),
    ("REFERENCES", &[Effect::Define]),
    ("TRIGGER", &[Effect::Define]),
    ("MAINTAIN", &[Effect::Define, Effect::Write]),
];
/// To read.
pub(super) const SELECT: &str = "SELECT";

/// All that an account may do to tables and views.
pub(super) struct Rights {
    pub(super) tables: Vec<Table>,
    /// What builds statements of its own with the account's rights: it may need anything.
    builders: BTreeSet<String>,
}

/// A table or view, and what the account may do to it.
pub(super) struct Table {
    pub(super) relation: Arc<Relation>,
    pub(super) owned: bool,
    /// The role that owns it, where the account is a member of that.
    pub(super) owner: Option<String>,
    /// Whether a view reads with the rights of whoever asks.
    pub(super) invoker: bool,
    /// Whether row policies are on.
    pub(super) policed: bool,
    /// Whether they bind the owner as well.
    pub(super) forced: bool,
    rights: Vec<Right>,
    /// What reads it with the account's rights: which column, or 0 for any, and what it is.
    uses: Vec<(i16, String)>,
}

/// One right.
struct Right {
    /// On which column; on all of them where there is none.
    column: Option<String>,
    word: String,
    holders: Holders,
}

impl Rights {
    /// Of the answers to [`super::QUESTIONS`].
    pub(super) fn of(answers: &[Vec<Row>], catalog: &Catalog) -> Result<Self, CatalogError> {
        let mut tables = BTreeMap::new();
        let mut order = Vec::new();
        for cells in Question::Relations.rows(answers) {
            let oid: u32 = cells.number(0)?;
            let Some(relation) = catalog.by_oid(oid) else { continue };
            let (owned, invoker, policed, forced) = (cells.flag(1)?, cells.flag(2)?, cells.flag(3)?, cells.flag(4)?);
            let owner = Some(cells.text(5)?.to_owned()).filter(|owner| !owner.is_empty());
            let (relation, rights, uses) = (Arc::clone(relation), Vec::new(), Vec::new());
            tables.insert(oid, Table { relation, owned, owner, invoker, policed, forced, rights, uses });
            order.push(oid);
        }
        for cells in Question::Rights.rows(answers) {
            if let Some(table) = tables.get_mut(&cells.number(0)?) {
                table.rights.push(Right::of(&cells)?);
            }
        }
        let mut builders = BTreeSet::new();
        for cells in Question::Uses.rows(answers) {
            let (oid, column, what): (u32, i16, &str) = (cells.number(0)?, cells.number(1)?, cells.text(2)?);
            match tables.get_mut(&oid) {
                Some(table) => table.uses.push((column, what.to_owned())),
                None if oid == 0 => drop(builders.insert(what.to_owned())),
                None => {}
            }
        }
        Ok(Self { tables: order.iter().filter_map(|oid| tables.remove(oid)).collect(), builders })
    }

    /// What else may need a right on a table, or on these columns of it: code, views and row policies that run with the
    /// account's rights.
    pub(super) fn users<'a>(&'a self, table: &'a Table, columns: Option<&'a [i16]>) -> Vec<&'a str> {
        let reads = |column: i16| columns.is_none_or(|columns| column == 0 || columns.contains(&column));
        let uses = table.uses.iter().filter(|(column, _)| reads(*column)).map(|(_, what)| what.as_str());
        let mut all: Vec<&str> = uses.chain(self.builders.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Right {
    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let some = |at| cells.text(at).map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        let (column, word) = (some(1)?, cells.text(2)?.to_owned());
        let holders = Holders { own: cells.flag(3)?, everybody: cells.flag(4)?, through: some(5)?.is_some() };
        Ok(Self { column, word, holders })
    }
}

impl Table {
    /// Its name in SQL.
    pub(super) fn sql(&self) -> String {
        self.relation.object.path.iter().map(|part| name(part)).collect::<Vec<_>>().join(".")
    }

    /// Its name for people.
    pub(super) fn shown(&self) -> String {
        self.relation.object.path.join(".")
    }

    /// Whether it is a view of some kind.
    pub(super) fn is_view(&self) -> bool {
        matches!(self.relation.kind, RelationKind::View | RelationKind::Materialized)
    }

    /// Whether the policy may need this right on it.
    pub(super) fn needs(&self, word: &str, needs: &Needs) -> bool {
        let effects = NEEDED.iter().find(|(known, _)| *known == word).map_or(&[][..], |(_, effects)| effects);
        effects.iter().any(|effect| needs.lets(*effect, &self.relation.object))
    }

    /// Who gives the account a right, on the whole of it or on some column.
    pub(super) fn holders(&self, word: &str) -> Holders {
        of_all(self.rights.iter().filter(|right| right.word == word))
    }

    /// Who lets the account read a column.
    pub(super) fn readers(&self, column: &str) -> Holders {
        let reads = |right: &&Right| right.word == SELECT && right.column.as_deref().is_none_or(|one| one == column);
        of_all(self.rights.iter().filter(reads))
    }

    /// The rights that the policy needs none of, and who gives them.
    pub(super) fn surplus(&self, needs: &Needs) -> Vec<(&'static str, Holders)> {
        let unneeded = NEEDED.iter().filter(|(word, _)| !self.needs(word, needs));
        unneeded.map(|(word, _)| (*word, self.holders(word))).filter(|(_, holders)| !holders.is_nobody()).collect()
    }

    /// The rights that the policy needs and nobody gives.
    pub(super) fn lacking(&self, needs: &Needs) -> Vec<&'static str> {
        let given = ["SELECT", "INSERT", "UPDATE", "DELETE"];
        given.into_iter().filter(|word| self.needs(word, needs) && self.holders(word).is_nobody()).collect()
    }
}

fn of_all<'r>(rights: impl Iterator<Item = &'r Right>) -> Holders {
    rights.fold(Holders::default(), |all, right| all.and(right.holders))
}
