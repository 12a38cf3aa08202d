//! The role behind an account: its attributes, and what comes with the roles that it is a member of.
//!
//! What it owns and was given by name is [`super::grounds`]'s. Enter at [`Role::of`] and [`Role::findings`].

use postern_core::examination::{Finding, Gravity};

use super::questions::Question;
use super::sql::{is_plain, name};
use crate::postgres::catalog::{CatalogError, Cells, Row};

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

/// A role, and what is known of it.
pub(super) struct Role {
    /// Its name.
    pub(super) name: String,
    /// Whether it is the only one that is injected at its target.
    pub(super) alone: bool,
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
    function: bool,
    name: String,
    own: bool,
    everybody: bool,
}

impl Role {
    /// Of the answers to [`super::QUESTIONS`].
    pub(super) fn of(answers: &[Vec<Row>], alone: bool) -> Result<Self, CatalogError> {
        let mut rows = Question::Role.rows(answers);
        let empty = Row::new();
        let cells = rows.next().unwrap_or_else(|| Cells::new(0, &empty));
        let memberships = Question::Memberships.rows(answers).map(|cells| Membership::of(&cells));
        let closed = Question::Closed.rows(answers).map(|cells| Closed::of(&cells));
        Ok(Self {
            name: cells.text(0)?.to_owned(),
            alone,
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

    /// What speaks against taking a right from everybody.
    pub(super) fn shared(&self, everybody: bool) -> Option<String> {
        let needed = "everybody has it, and other accounts of this target may need it".to_owned();
        (everybody && !self.alone).then_some(needed)
    }

    /// What is to be said of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for ((word, is, gravity, why, without), has) in ATTRIBUTES.iter().zip(self.attributes) {
            if has {
                let mend = format!("ALTER ROLE {} {without};", name(&self.name));
                found.push(Finding::new(*gravity, word, format!("`{}` {is}", self.name), *why).mend([mend]));
            }
        }
        found.extend(self.memberships.iter().filter_map(|one| one.finding(&self.name)));
        // of a superuser it is said already
        let closed = self.closed.iter().filter(|_| !self.is_superuser());
        found.extend(closed.map(|one| one.finding(&self.name)));
        found.extend(self.bounds());
        found
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
    fn finding(&self, role: &str) -> Option<Finding> {
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
            return Some(Finding::new(gravity, "membership", what, why).mend([taken]));
        }
        let what = format!("`{role}` is a member of `{}` through `{}`", self.role, self.member);
        let advice = format!("take it out of `{}`; or for all that are in there: {taken}", self.member);
        Some(Finding::new(gravity, "membership", what, why).advice(advice))
    }
}

impl Closed {
    fn of(cells: &Cells<'_>) -> Result<Self, CatalogError> {
        let (function, name) = (cells.text(0)? == "FUNCTION", cells.text(1)?.to_owned());
        Ok(Self { function, name, own: cells.flag(2)?, everybody: cells.flag(3)? })
    }

    fn finding(&self, role: &str) -> Finding {
        let (does, why) = if self.function {
            ("run", "it reaches past the database: files, or the server itself")
        } else {
            ("read", "it holds password hashes, secrets of other servers, or samples of data")
        };
        let what = format!("`{role}` may {does} `pg_catalog.{}`", self.name);
        let kind = if self.function { "FUNCTION" } else { "TABLE" };
        let holders = [(self.own, name(role)), (self.everybody, "PUBLIC".to_owned())];
        let holders = holders.into_iter().filter(|(holds, _)| *holds && is_plain(&self.name));
        let mend = holders.map(|(_, holder)| format!("REVOKE ALL ON {kind} pg_catalog.{} FROM {holder};", self.name));
        Finding::new(Gravity::Grave, "system-right", what, why).mend(mend)
    }
}
