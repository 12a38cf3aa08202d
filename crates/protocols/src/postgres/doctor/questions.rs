//! What is asked of a server about the account that asks, one SQL text each, for PostgreSQL 14 to 18.
//!
//! They are asked where the search path is `pg_catalog` alone and the session has no temporary objects, so no name in them
//! is anybody else's. `session_user` is the account that is injected, whatever role it begins in.

use crate::postgres::catalog::{Cells, Row};

/// The texts, in the order of [`Question`].
pub(super) const QUESTIONS: &[&str] = &[ROLE, MEMBERSHIPS, GROUNDS, CLOSED];

/// Where the answers are.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Role,
    Memberships,
    Grounds,
    Closed,
}

impl Question {
    fn place(self) -> usize {
        match self {
            Self::Role => 0,
            Self::Memberships => 1,
            Self::Grounds => 2,
            Self::Closed => 3,
        }
    }

    /// The rows of its answer.
    pub(super) fn rows(self, answers: &[Vec<Row>]) -> impl Iterator<Item = Cells<'_>> {
        let rows = answers.get(self.place()).map_or(&[][..], Vec::as_slice);
        rows.iter().map(move |row| Cells::new(self.place(), row))
    }
}

/// The roles that the account is a member of, however far, and by which membership.
macro_rules! reached {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE reached(roleid, member, grantor) AS (\
SELECT m.roleid, m.member, m.grantor FROM pg_catalog.pg_auth_members m \
WHERE m.member = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user) \
UNION SELECT m.roleid, m.member, m.grantor FROM pg_catalog.pg_auth_members m JOIN reached ON m.member = reached.roleid\
), me(oid) AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user) ",
            $rest
        )
    };
}

/// The account: name, attributes, connection limit, whether its password lasts for ever, and of the server: database,
/// oldest version of TLS where the account may know, how it keeps passwords.
const ROLE: &str = "\
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole, r.rolcreatedb, r.rolconnlimit, \
r.rolvaliduntil IS NULL OR r.rolvaliduntil = 'infinity', current_database(), \
coalesce((SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'ssl_min_protocol_version'), 'unknown'), \
current_setting('password_encryption') \
FROM pg_catalog.pg_roles r WHERE r.rolname = session_user";

/// Memberships: role, member, whether that is the account itself, who granted it where that must be said to take it back,
/// attributes of the role.
const MEMBERSHIPS: &str = reached!(
    "SELECT g.rolname, h.rolname, h.rolname = session_user, \
CASE WHEN current_setting('server_version_num')::int >= 160000 AND by.oid <> 10 THEN by.rolname ELSE '' END, \
g.rolsuper, g.rolbypassrls, g.rolreplication, g.rolcreaterole, g.rolcreatedb FROM reached \
JOIN pg_catalog.pg_roles g ON g.oid = reached.roleid JOIN pg_catalog.pg_roles h ON h.oid = reached.member \
LEFT JOIN pg_catalog.pg_roles by ON by.oid = reached.grantor ORDER BY 1, 2"
);

/// Where something can be made: kind, name, right, whether the account owns it, has the right itself, and everybody has it.
const GROUNDS: &str = reached!(
    ", place(kind, name, owner, acl) AS (\
SELECT 'SCHEMA', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) FROM pg_catalog.pg_namespace n \
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
UNION ALL SELECT 'DATABASE', d.datname, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)) \
FROM pg_catalog.pg_database d WHERE d.datname = current_database()) \
SELECT place.kind, place.name, x.privilege_type, place.owner = me.oid, bool_or(x.grantee = me.oid), bool_or(x.grantee = 0) \
FROM place, me, aclexplode(place.acl) x WHERE x.privilege_type IN ('CREATE', 'TEMPORARY') \
AND (x.grantee = 0 OR x.grantee = me.oid OR x.grantee IN (SELECT reached.roleid FROM reached)) \
GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3"
);

/// Of what the server keeps from everybody, what the account has a right to: kind, name, whether it has it itself, and
/// everybody.
const CLOSED: &str = reached!(
    ", thing(kind, name, acl) AS (\
SELECT 'TABLE', c.oid::regclass::text, c.relacl FROM pg_catalog.pg_class c \
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname IN ('pg_authid', 'pg_shadow', 'pg_user_mapping', \
'pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_hba_file_rules', 'pg_file_settings', \
'pg_ident_file_mappings') \
UNION ALL SELECT 'FUNCTION', p.oid::regprocedure::text, p.proacl FROM pg_catalog.pg_proc p \
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', \
'pg_stat_file', 'lo_import', 'lo_export', 'pg_ls_logdir', 'pg_ls_waldir', 'pg_current_logfile', 'pg_reload_conf', \
'pg_rotate_logfile', 'pg_promote', 'pg_switch_wal', 'pg_create_restore_point')) \
SELECT thing.kind, thing.name, bool_or(x.grantee = me.oid), bool_or(x.grantee = 0) FROM thing, me, aclexplode(thing.acl) x \
WHERE x.privilege_type IN ('SELECT', 'EXECUTE') AND (x.grantee = 0 OR x.grantee = me.oid) \
GROUP BY 1, 2 ORDER BY 1, 2"
);
