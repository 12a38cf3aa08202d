//! The role behind an account: its attributes, and what comes with the roles that it is a member of.
//!
//! What it owns and was given by name is [`super::grounds`]'s. Enter at [`Role::of`] and [`Role::findings`].

use postern_core::examination::{Finding, Gravity};
use postern_core::operation::{Effect, Object};
use postern_core::policy::Needs;

use super::questions::Question;
use super::rights::{Rights, SELECT};
use super::sql::name;
use super::taking::{Holders, Taking};
use crate::postgres::catalog::{CatalogError, Cells, Row, SYSTEM};

/// What is wrong with an attribute: its column in the answers, its words, how bad it is, and why.
type Attribute = (&'static str, &'static str, Gravity, &'static str, &'static str);

/// The attributes, in the order in which the questions ask for them.
const ATTRIBUTES: [Attribute; 5] = [
    (
        "superuser",
        "is a superuser",
        Gravity::Grave,
        "nothing on the server is closed to it: no right, no row policy, no file",
        "NOSUPERUSER",
    ),
    (
        "bypassrls",
        "passes by row policies (BYPASSRLS)",
        Gravity::Grave,
        "row-level security shows it every row",
        "NOBYPASSRLS",
    ),
    (
        "replication",
        "may replicate (REPLICATION)",
        Gravity::Grave,
        "it can copy the whole server, past every right and mask",
        "NOREPLICATION",
    ),
    (
        "createrole",
        "may make and change roles (CREATEROLE)",
        Gravity::Grave,
        "it can give itself, or a role of its own, the rights of others",
        "NOCREATEROLE",
    ),
    (
        "createdb",
        "may make databases (CREATEDB)",
        Gravity::Warning,
        "what is put into one is under no rule of this target, and fills the disk",
        "NOCREATEDB",
    ),
];

/// The roles that come with a server and open what rights keep closed: name, how bad, why.
const PREDEFINED: &[(&str, Gravity, &str)] = &[
    ("pg_execute_server_program", Gravity::Grave, "it runs programs on the server's machine"),
    ("pg_write_server_files", Gravity::Grave, "it writes files on the server's machine, and so takes the server over"),
    ("pg_read_server_files", Gravity::Grave, "it reads any file of the server, data and keys included"),
    ("pg_read_all_data", Gravity::Grave, "it reads every table, whatever rights and masks say"),
    ("pg_write_all_data", Gravity::Grave, "it writes every table, whatever rights say"),
    (
        "pg_create_subscription",
        Gravity::Warning,
        "it lets the server log in elsewhere, and write what comes from there",
    ),
    ("pg_monitor", Gravity::Warning, "it sees the statements of others, with the values in them"),
    ("pg_read_all_stats", Gravity::Warning, "it sees the statements of others, with the values in them"),
    ("pg_read_all_settings", Gravity::Warning, "it sees settings that may hold secrets"),
    ("pg_stat_scan_tables", Gravity::Warning, "it runs functions that lock and read whole tables"),
    ("pg_signal_backend", Gravity::Warning, "it ends the sessions of others"),
    ("pg_maintain", Gravity::Warning, "it locks and rewrites every table"),
    ("pg_checkpoint", Gravity::Note, "it makes the server write everything out at once"),
    ("pg_use_reserved_connections", Gravity::Note, "it takes the connections that are kept for administrators"),
];

/// What sessions do by way of such a role, where that is one thing.
const OPENED: &[(&str, Effect, &str)] = &[
    ("pg_monitor", Effect::Read, "pg_stat_activity"),
    ("pg_read_all_stats", Effect::Read, "pg_stat_activity"),
    ("pg_read_all_settings", Effect::Read, "pg_settings"),
    ("pg_signal_backend", Effect::Execute, "pg_terminate_backend"),
];

/// A role, and what is known of it.
pub(super) struct Role {
    /// Its name.
    pub(super) name: String,
    /// Whether it has to stay what it is: the server's first role, or its only superuser.
    fixed: bool,
    /// The database that is examined.
    pub(super) database: String,
    /// The oldest version of TLS that the server takes.
    pub(super) oldest_tls: String,
    attributes: [bool; 5],
    unlimited: bool,
    lasting: bool,
    md5: bool,
    memberships: Vec<Membership>,
    closed: Vec<Closed>,
}

/// A membership, of the role or of one that it is a member of.
struct Membership {
    role: String,
    member: String,
    /// Whether the member is the role itself.
    direct: bool,
    /// Who has to be named to take it back.
    grantor: Option<String>,
    attributes: [bool; 5],
}

/// Something that the server keeps from everybody, and that this role has a right to.
struct Closed {
    thing: Thing,
    holders: Holders,
}

enum Thing {
    Table(String),
    /// With its arguments.
    Function(String),
    /// Any of the server's settings.
    Parameter,
}

impl Role {
    /// Of the answers to [`super::QUESTIONS`].
    pub(super) fn of(answers: &[Vec<Row>]) -> Result<Self, CatalogError> {
        let mut rows = Question::Role.rows(answers);
        let empty = Row::new();
        let cells = rows.next().unwrap_or_else(|| Cells::new(0, &empty));
        let memberships = Question::Memberships.rows(answers).map(|cells| Membership::of(&cells));
        let closed = Question::Closed.rows(answers).map(|cells| Closed::of(&cells));
        Ok(Self {
            name: cells.text(0)?.to_owned(),
            fixed: cells.flag(11)?,
            attributes: attributes(&cells, 1)?,
            unlimited: cells.number::<i64>(6)? < 0,
            lasting: cells.flag(7)?,
            database: cells.text(8)?.to_owned(),
            oldest_tls: cells.text(9)?.to_owned(),
            md5: cells.text(10)? == "md5",
            memberships: memberships.collect::<Result<_, _>>()?,
            closed: closed.collect::<Result<_, _>>()?,
        })
    }

    /// Whether nothing is closed to it.
    pub(super) fn is_superuser(&self) -> bool {
        matches!(self.attributes, [true, ..])
    }

    /// Whether it is a member of a role, itself or through others.
    pub(super) fn is_in(&self, role: &str) -> bool {
        self.memberships.iter().any(|one| one.role == role)
    }

    /// What is to be said of it.
    pub(super) fn findings(&self, needs: &Needs, rights: &Rights) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.memberships.iter().filter_map(|one| one.finding(self, needs)).collect();
        // of a superuser it is said already
        let closed = self.closed.iter().filter(|_| !self.is_superuser());
        found.extend(closed.map(|one| one.finding(self, needs)));
        found.extend(self.bounds());
        // what opens everything goes last, so that nothing else is lacking before
        let attributes = ATTRIBUTES.iter().zip(self.attributes).filter(|(_, has)| *has).rev();
        found.extend(attributes.map(|(attribute, _)| self.attribute(attribute, needs, rights)));
        found
    }

    /// One attribute that it has.
    fn attribute(&self, attribute: &Attribute, needs: &Needs, rights: &Rights) -> Finding {
        let (word, is, gravity, why, without) = *attribute;
        let needed = match word {
            "replication" => needs.lets(Effect::Transfer, &Object::everything()),
            // roles and databases are the server's, and in no schema
            "createrole" => needs.lets(Effect::Define, &Object::at([self.name.as_str()])),
            "createdb" => needs.lets(Effect::Define, &Object::at([self.database.as_str()])),
            _ => false,
        };
        let finding = Finding::new(gravity, word, format!("`{}` {is}", self.name), why);
        let statement = format!("ALTER ROLE {} {without};", name(&self.name));
        let read = rights.tables.iter().filter(|table| table.policed && table.needs(SELECT, needs));
        let policed: Vec<String> = read.map(|table| format!("`{}`", table.shown())).collect();
        let against = match word {
            _ if needed => return used(finding, &statement),
            _ if self.fixed && self.is_superuser() => {
                let advice = "it has to stay so, as the server's first role or its only superuser: make another account for \
                              Postern, and name it in `login`";
                return finding.advice(advice);
            }
            "superuser" | "bypassrls" if !policed.is_empty() => {
                Some(format!("sessions then see only the rows of {} that row policies let it see", policed.join(", ")))
            }
            _ => None,
        };
        let holders = Holders { own: true, ..Holders::default() };
        Taking::of(&self.name, holders, |_| statement.clone()).mend(finding, against)
    }

    /// What bounds the harm of a stolen password.
    fn bounds(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.md5 {
            let what = "the server keeps new passwords as MD5 (`password_encryption`)";
            let why = "what is kept so is enough to log in with";
            let advice = "by itself: ALTER SYSTEM SET password_encryption = 'scram-sha-256'; then reload the server";
            found.push(Finding::new(Gravity::Warning, "password-encryption", what, why).advice(advice));
        }
        if self.unlimited {
            let what = format!("`{}` may have any number of connections", self.name);
            let why = "whoever has its password can take all that the server has";
            let advice = format!("ALTER ROLE {} CONNECTION LIMIT, with as many as sessions need", name(&self.name));
            found.push(Finding::new(Gravity::Note, "connection-limit", what, why).advice(advice));
        }
        if self.lasting {
            let what = format!("the password of `{}` lasts for ever", self.name);
            let why = "one that was stolen long ago still opens";
            let advice = format!("ALTER ROLE {} VALID UNTIL, and rotate it before", name(&self.name));
            found.push(Finding::new(Gravity::Note, "valid-until", what, why).advice(advice));
        }
        found
    }
}

/// What rules need is not taken away, and is no less dangerous to whoever has the password.
fn used(finding: Finding, statement: &str) -> Finding {
    let advice = format!(
        "a rule lets sessions use it: give those that need it an account of their own, by a second [[target.login]], and take \
         it from this one: {statement}"
    );
    Finding { gravity: finding.gravity.max(Gravity::Warning), ..finding.advice(advice) }
}

fn attributes(cells: &Cells<'_>, first: usize) -> Result<[bool; 5], CatalogError> {
    let flag = |at: usize| cells.flag(first.saturating_add(at));
    Ok([flag(0)?, flag(1)?, flag(2)?, flag(3)?, flag(4)?])
}

impl Membership {
    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let grantor = Some(cells.text(3)?).filter(|grantor| !grantor.is_empty()).map(str::to_owned);
        let (role, member) = (cells.text(0)?.to_owned(), cells.text(1)?.to_owned());
        Ok(Self { role, member, direct: cells.flag(2)?, grantor, attributes: attributes(cells, 4)? })
    }

    /// What comes with the role, where that is too much.
    fn finding(&self, of: &Role, needs: &Needs) -> Option<Finding> {
        let role = &of.name;
        // what comes with a role of the server's own is said of that one
        if PREDEFINED.iter().any(|(known, ..)| *known == self.member) {
            return None;
        }
        let predefined = PREDEFINED.iter().find(|(known, ..)| *known == self.role);
        let attribute = ATTRIBUTES.iter().zip(self.attributes).find(|(_, has)| *has);
        let (gravity, why) = match (predefined, attribute) {
            (Some((_, gravity, why)), _) => (*gravity, (*why).to_owned()),
            (None, Some(((_, is, gravity, why, _), _))) => {
                (*gravity, format!("with SET ROLE it is what that role is, which {is}: {why}"))
            }
            (None, None) => return None,
        };
        let by = self.grantor.as_ref().map(|grantor| format!(" GRANTED BY {}", name(grantor))).unwrap_or_default();
        let taken = format!("REVOKE {} FROM {}{by};", name(&self.role), name(&self.member));
        if self.direct {
            let what = format!("`{role}` is a member of `{}`", self.role);
            let finding = Finding::new(gravity, "membership", what, why);
            let used_by_rules = OPENED
                .iter()
                .filter(|(known, ..)| *known == self.role)
                .any(|(_, effect, name)| needs.lets(*effect, &Object::at([SYSTEM, name]).within(of.database.as_str())));
            return Some(if used_by_rules { used(finding, &taken) } else { finding.mend([taken]) });
        }
        let what = format!("`{role}` is a member of `{}` through `{}`", self.role, self.member);
        let advice = format!("take it out of `{}`; or for all that are in there: {taken}", self.member);
        Some(Finding::new(gravity, "membership", what, why).advice(advice))
    }
}

impl Closed {
    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let name = cells.text(1)?.to_owned();
        let thing = match cells.text(0)? {
            "FUNCTION" => Thing::Function(name),
            "PARAMETER" => Thing::Parameter,
            _ => Thing::Table(name),
        };
        let holders = Holders { own: cells.flag(2)?, everybody: cells.flag(3)?, through: cells.flag(4)? };
        Ok(Self { thing, holders })
    }

    fn finding(&self, role: &Role, needs: &Needs) -> Finding {
        let (does, why, kind, name, effect) = match &self.thing {
            Thing::Function(name) => {
                ("run", "it reaches past the database: files, or the server itself", "FUNCTION", name, Effect::Execute)
            }
            Thing::Table(name) => (
                "read",
                "it holds password hashes, secrets of other servers, or samples of data",
                "TABLE",
                name,
                Effect::Read,
            ),
            Thing::Parameter => {
                let what = format!("`{}` may change settings of the server that are kept from others", role.name);
                let why = "with some of them it runs programs on the server's machine, such as `archive_command`";
                let advice = "pg_catalog.pg_parameter_acl says which and by whom: REVOKE ALL ON PARAMETER … FROM …";
                return Finding::new(Gravity::Grave, "system-right", what, why).advice(advice);
            }
        };
        let what = format!("`{}` may {does} `pg_catalog.{name}`", role.name);
        let finding = Finding::new(Gravity::Grave, "system-right", what, why);
        if !is_catalog_name(name) {
            return finding.advice("take the right from whoever it has it by");
        }
        let take = |holder: &str| format!("REVOKE ALL ON {kind} pg_catalog.{name} FROM {holder};");
        let plain = name.split('(').next().unwrap_or(name);
        if self.holders.own && needs.lets(effect, &Object::at([SYSTEM, plain]).within(role.database.as_str())) {
            return used(finding, &take(&super::sql::name(&role.name)));
        }
        Taking::of(&role.name, self.holders, take).mend(finding, None)
    }
}

/// Whether a name is one of the server's own, with the types of a function's arguments.
///
/// THREAT: a server that names its own things so that a statement of the script says something else.
fn is_catalog_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_(),".contains(&byte))
}
