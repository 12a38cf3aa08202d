//! Tables that an account owns, or may do more to than any rule needs; and rights that it would lack without what it is.
//!
//! What masks hide of them is [`super::masked`]'s. Enter at [`Tables::findings`].

use std::collections::{BTreeMap, BTreeSet};

use postern_core::examination::{Finding, Gravity};
use postern_core::operation::Effect;
use postern_core::policy::Needs;

use super::masked::Masked;
use super::rights::{Rights, SELECT, Table};
use super::role::Role;
use super::sql::name;
use super::taking::{Holders, Taking};

/// What there is to say of the tables of one account.
pub(super) struct Tables<'a> {
    pub(super) role: &'a Role,
    pub(super) needs: &'a Needs,
    pub(super) rights: &'a Rights,
}

impl<'a> Tables<'a> {
    /// What is to be said of them.
    pub(super) fn findings(&self, masked: &Masked<'a>) -> Vec<Finding> {
        let tables = || self.rights.tables.iter();
        let owned: Vec<&Table> =
            tables().filter(|table| table.owned && !self.needs.lets(Effect::Define, &table.relation.object)).collect();
        let owner = (!owned.is_empty()).then(|| self.owner(&owned));
        let lent = tables().filter(|table| !self.needs.lets(Effect::Define, &table.relation.object));
        let lent = self.lent(lent.filter_map(|table| Some((table.owner.as_deref()?, table))));
        let unforced = owned.iter().filter(|table| table.policed && !table.forced).map(|table| self.unforced(table));
        let surplus = tables().filter(|table| !table.owned).filter_map(|table| self.surplus(table));
        owner.into_iter().chain(lent).chain(unforced).chain(surplus).chain(self.lacking(masked)).collect()
    }

    fn owner(&self, owned: &[&Table]) -> Finding {
        let (role, owner) = (name(&self.role.name), name(&format!("{}_owner", self.role.name)));
        let what = format!("`{}` owns {}, and no rule lets it change how they are made", self.role.name, listed(owned));
        let why = "an owner gives himself whatever right is taken from him, drops and changes what is his, and no row policy \
                   binds him unless it is forced";
        let mut advice = vec![
            "give it to a role that nobody logs in with, and the account the rights that rules need:".to_owned(),
            format!("CREATE ROLE {owner} NOLOGIN;"),
            format!("REASSIGN OWNED BY {role} TO {owner};"),
        ];
        for table in owned {
            let needed: Vec<&str> = ["SELECT", "INSERT", "UPDATE", "DELETE"]
                .into_iter()
                .filter(|one| table.needs(one, self.needs))
                .collect();
            if !needed.is_empty() {
                advice.push(format!("GRANT {} ON {} TO {role};", needed.join(", "), table.sql()));
            }
        }
        advice.push("and USAGE on the schemas, and on the sequences that it inserts by; then ask again".to_owned());
        Finding::new(Gravity::Warning, "owner", what, why).advice(advice.join("\n"))
    }

    /// What roles own of which the account is a member.
    fn lent<'t>(&self, owned: impl Iterator<Item = (&'t str, &'t Table)>) -> Vec<Finding> {
        let mut by_owner: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
        owned.for_each(|(owner, table)| by_owner.entry(owner).or_default().push(table));
        let finding = |(owner, owned): (&str, Vec<&Table>)| {
            let what = format!(
                "`{}` is a member of `{owner}`, which owns {}, and no rule lets it change how they are made",
                self.role.name,
                listed(&owned)
            );
            let why = "it may do what an owner may: give itself any right back, drop and change what is there";
            let advice = "take it out of that role, and give it the rights that rules need";
            Finding::new(Gravity::Warning, "owner", what, why).advice(advice)
        };
        by_owner.into_iter().map(finding).collect()
    }

    fn unforced(&self, table: &Table) -> Finding {
        let what = format!("the row policies of `{}` do not bind `{}`, which owns it", table.shown(), self.role.name);
        let why = "it sees and changes every row";
        let advice = format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY; sessions then see fewer rows", table.sql());
        Finding::new(Gravity::Warning, "row-security", what, why).advice(advice)
    }

    /// Rights on one table that no rule needs.
    fn surplus(&self, table: &Table) -> Option<Finding> {
        let surplus = table.surplus(self.needs);
        if surplus.is_empty() {
            return None;
        }
        let words: Vec<&str> = surplus.iter().map(|(word, _)| *word).collect();
        let what =
            format!("`{}` has {} on `{}`, and no rule needs it", self.role.name, words.join(", "), table.shown());
        let why = "whoever gets past the policy finds it open";
        let finding = Finding::new(Gravity::Warning, "surplus-right", what, why);
        let users = self.rights.users(table, None);
        let locks = words.contains(&"UPDATE") && table.needs(SELECT, self.needs);
        let locks = locks.then_some("SELECT … FOR UPDATE needs UPDATE, and is refused from then on");
        let finding = locks.into_iter().fold(finding, Finding::advice);
        let used = (!users.is_empty()).then(|| format!("{} may need it", users.join(", ")));
        Some(self.taking(table, &surplus).mend(finding, used))
    }

    fn taking(&self, table: &Table, surplus: &[(&'static str, Holders)]) -> Taking {
        let of = |holds: fn(&Holders) -> bool| {
            surplus.iter().filter(move |(_, holders)| holds(holders)).map(|(word, _)| *word).collect::<Vec<_>>()
        };
        let (own, everybody) = (of(|holders| holders.own), of(|holders| holders.everybody));
        let one = |words: Vec<&str>, holders: Holders| {
            let take = |holder: &str| format!("REVOKE {} ON {} FROM {holder};", words.join(", "), table.sql());
            Taking::of(&self.role.name, if words.is_empty() { Holders::default() } else { holders }, take)
        };
        let through = surplus.iter().any(|(_, holders)| holders.through);
        one(own, Holders { own: true, ..Holders::default() })
            .and(one(everybody, Holders { everybody: true, ..Holders::default() }))
            .and(Taking::of(&self.role.name, Holders { through, ..Holders::default() }, str::to_owned))
    }

    /// What the account may do only because of what it is, and would lack once it is that no longer.
    fn lacking(&self, masked: &Masked<'a>) -> Option<Finding> {
        let reads = self.role.is_superuser() || self.role.is_in("pg_read_all_data");
        let writes = self.role.is_superuser() || self.role.is_in("pg_write_all_data");
        let (role, mut schemas, mut mend) = (name(&self.role.name), BTreeSet::new(), Vec::new());
        for table in &self.rights.tables {
            let lacking = table.lacking(self.needs).into_iter();
            let words: Vec<&str> = lacking.filter(|word| if *word == SELECT { reads } else { writes }).collect();
            if words.is_empty() {
                continue;
            }
            schemas.extend(table.relation.object.path.first().cloned());
            let open = masked.open(table).filter(|columns| !columns.is_empty());
            let given = words.iter().map(|word| match &open {
                Some(columns) if *word == SELECT => {
                    let columns: Vec<String> = columns.iter().map(|column| name(column)).collect();
                    format!("{word} ({})", columns.join(", "))
                }
                Some(_) | None => (*word).to_owned(),
            });
            mend.push(format!("GRANT {} ON {} TO {role};", given.collect::<Vec<_>>().join(", "), table.sql()));
        }
        if mend.is_empty() {
            return None;
        }
        let usage = schemas.iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role};", name(schema)));
        let sequences = schemas
            .iter()
            .filter(|_| writes)
            .map(|schema| format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {role};", name(schema)));
        let mend: Vec<String> = usage.chain(sequences).chain(mend).collect();
        let what = format!("`{}` has no rights of its own to what rules let it use", self.role.name);
        let why = "it needs them once it is not what opens everything to it now";
        Some(Finding::new(Gravity::Note, "missing-right", what, why).mend(mend))
    }

    /// What an account may do that only reads the catalog: it needs none of it.
    pub(super) fn of_catalog_account(&self) -> Vec<Finding> {
        let own = |table: &&Table| table.surplus(self.needs).iter().any(|(_, holders)| holders.own || holders.through);
        let open: Vec<&Table> = self.rights.tables.iter().filter(own).collect();
        if open.is_empty() {
            return Vec::new();
        }
        let what = format!("`{}` only has to read the catalog, and has rights on {}", self.role.name, listed(&open));
        let why = "the catalog is open to every account; this one needs nothing but to connect";
        let finding = Finding::new(Gravity::Note, "catalog-right", what, why);
        let owned = open.iter().any(|table| table.owned);
        let mend = open.iter().filter(|table| !table.owned && table.surplus(self.needs).iter().any(|(_, one)| one.own));
        let mend: Vec<String> =
            mend.map(|table| format!("REVOKE ALL ON {} FROM {};", table.sql(), name(&self.role.name))).collect();
        vec![if owned { finding.advice("give what it owns to another role").mend(mend) } else { finding.mend(mend) }]
    }
}

/// How many tables are named.
const NAMED: usize = 5;

fn listed(tables: &[&Table]) -> String {
    let named: Vec<String> = tables.iter().take(NAMED).map(|table| format!("`{}`", table.shown())).collect();
    let more = tables.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}
