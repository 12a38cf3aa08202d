//! What is asked of a server about the account that asks, one SQL text each, for PostgreSQL 14 to 18.
//!
//! They are asked where the search path is `pg_catalog` alone and the session has no temporary objects, so no name in them
//! is anybody else's. `session_user` is the account that is injected, whatever role it begins in.

use crate::postgres::catalog::{Cells, Row};

/// The texts, in the order of [`Question`].
pub(super) const QUESTIONS: &[&str] = &[ROLE, MEMBERSHIPS, GROUNDS, CLOSED, RELATIONS, RIGHTS, USES, FUNCTIONS];

/// Where the answers are.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Role,
    Memberships,
    Grounds,
    Closed,
    Relations,
    Rights,
    Uses,
    Functions,
}

impl Question {
    fn place(self) -> usize {
        match self {
            Self::Role => 0,
            Self::Memberships => 1,
            Self::Grounds => 2,
            Self::Closed => 3,
            Self::Relations => 4,
            Self::Rights => 5,
            Self::Uses => 6,
            Self::Functions => 7,
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
/// oldest version of TLS where the account may know, how it keeps passwords, whether the account has to stay what it is: the
/// server's first one, or its only superuser.
const ROLE: &str = "\
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole, r.rolcreatedb, r.rolconnlimit, \
r.rolvaliduntil IS NULL OR r.rolvaliduntil = 'infinity', current_database(), \
coalesce((SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'ssl_min_protocol_version'), 'unknown'), \
current_setting('password_encryption'), r.oid = 10 OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles o \
WHERE o.rolsuper AND o.rolcanlogin AND o.oid <> r.oid) \
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

/// Of what the server keeps from everybody, what the account has a right to, to all of it or to a column: kind, name, whether
/// it has it itself, everybody, and through a role that did not come with the server. Rights on parameters are known by the
/// roles that depend on them, which older servers can be asked for as well.
const CLOSED: &str = reached!(
    ", thing(kind, name, acl) AS (\
SELECT 'TABLE', c.relname::text, s.acl FROM pg_catalog.pg_class c CROSS JOIN LATERAL (SELECT c.relacl \
UNION ALL SELECT a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL \
AND (c.relname <> 'pg_subscription' OR a.attname = 'subconninfo')) s(acl) \
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname IN ('pg_authid', 'pg_shadow', 'pg_user_mapping', \
'pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_hba_file_rules', 'pg_file_settings', \
'pg_ident_file_mappings', 'pg_subscription') \
UNION ALL SELECT 'FUNCTION', p.oid::regprocedure::text, p.proacl FROM pg_catalog.pg_proc p \
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', \
'pg_stat_file', 'lo_import', 'lo_export', 'pg_ls_logdir', 'pg_ls_waldir', 'pg_ls_tmpdir', 'pg_ls_archive_statusdir', 'pg_current_logfile', 'pg_reload_conf', \
'pg_rotate_logfile', 'pg_promote', 'pg_switch_wal', 'pg_create_restore_point'))\
, others(oid) AS (SELECT g.oid FROM pg_catalog.pg_roles g \
WHERE g.oid IN (SELECT reached.roleid FROM reached) AND g.rolname !~ '^pg_') \
SELECT thing.kind, thing.name, bool_or(x.grantee = me.oid), bool_or(x.grantee = 0), \
bool_or(x.grantee IN (SELECT others.oid FROM others)) FROM thing, me, aclexplode(thing.acl) x \
WHERE x.privilege_type IN ('SELECT', 'EXECUTE') \
AND (x.grantee = 0 OR x.grantee = me.oid OR x.grantee IN (SELECT others.oid FROM others)) GROUP BY 1, 2 \
UNION ALL SELECT 'PARAMETER', '', bool_or(d.refobjid = me.oid), false, bool_or(d.refobjid <> me.oid) \
FROM pg_catalog.pg_shdepend d, me WHERE d.classid = 6243 AND d.deptype = 'a' \
AND (d.refobjid = me.oid OR d.refobjid IN (SELECT others.oid FROM others)) HAVING count(*) > 0 ORDER BY 1, 2"
);

/// Tables and views: OID, whether the account owns it, whether a view reads with the rights of whoever asks, whether row
/// policies are on, whether they bind the owner too, the role that owns it where the account is a member of that.
const RELATIONS: &str = reached!(
    "SELECT c.oid, c.relowner = me.oid, \
coalesce((SELECT bool_or(o.option_value::bool) FROM pg_options_to_table(c.reloptions) o \
WHERE o.option_name = 'security_invoker'), false), c.relrowsecurity, c.relforcerowsecurity, \
coalesce((SELECT o.rolname FROM pg_catalog.pg_roles o WHERE o.oid = c.relowner AND NOT o.rolsuper \
AND o.oid IN (SELECT reached.roleid FROM reached)), '') \
FROM me CROSS JOIN pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
ORDER BY n.nspname, c.relname"
);

/// Rights on them: relation, column or nothing for all of them, right, whether the account has it itself, everybody has it,
/// and a role through which it comes, or nothing.
const RIGHTS: &str = reached!(
    ", given(oid, name, acl) AS (\
SELECT c.oid, '', coalesce(c.relacl, acldefault('r', c.relowner)) FROM pg_catalog.pg_class c \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
UNION ALL SELECT a.attrelid, a.attname, a.attacl FROM pg_catalog.pg_attribute a \
WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped) \
SELECT given.oid, given.name, x.privilege_type, bool_or(x.grantee = me.oid), bool_or(x.grantee = 0), \
coalesce(min(g.rolname) FILTER (WHERE x.grantee <> me.oid), '') \
FROM given JOIN pg_catalog.pg_class c ON c.oid = given.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
CROSS JOIN me CROSS JOIN LATERAL aclexplode(given.acl) x LEFT JOIN pg_catalog.pg_roles g ON g.oid = x.grantee \
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
AND (x.grantee = 0 OR x.grantee = me.oid OR x.grantee IN (SELECT reached.roleid FROM reached)) \
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
);

/// What reads a relation with the rights of the account whenever it runs for it: relation or 0 for any, column or 0 for
/// any, what it is. Code is looked at for names, and may build others.
const USES: &str = "\
WITH me(oid) AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user), \
code(oid, name, source, body) AS (SELECT p.oid, format('function %I.%I', n.nspname, p.proname), lower(p.prosrc), \
p.prosqlbody IS NOT NULL FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND l.lanname NOT IN ('internal', 'c') AND NOT p.prosecdef \
AND (p.prorettype = 'trigger'::regtype OR has_function_privilege(session_user, p.oid, 'EXECUTE')) \
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid \
AND d.deptype = 'e')), \
ours(oid, name) AS (SELECT c.oid, lower(c.relname) FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') \
SELECT 0, 0, code.name FROM code WHERE strpos(code.source, 'execute') > 0 \
UNION SELECT ours.oid, 0, code.name FROM ours, code WHERE strpos(code.source, ours.name) > 0 \
UNION SELECT d.refobjid, 0, code.name FROM code JOIN pg_catalog.pg_depend d ON d.classid = 'pg_proc'::regclass \
AND d.objid = code.oid AND d.refclassid = 'pg_class'::regclass WHERE code.body \
UNION SELECT d.refobjid, d.refobjsubid, format('row policy %I of %s', o.polname, o.polrelid::regclass) \
FROM pg_catalog.pg_policy o JOIN pg_catalog.pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = o.oid \
AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> o.polrelid \
UNION SELECT d.refobjid, d.refobjsubid, format('view %I.%I', n.nspname, v.relname) FROM me, pg_catalog.pg_class v \
JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid \
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid \
WHERE v.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
AND (v.relowner = me.oid OR EXISTS (SELECT 1 FROM pg_options_to_table(v.reloptions) o \
WHERE o.option_name = 'security_invoker' AND o.option_value::bool)) ORDER BY 1, 2, 3";

/// Functions that came with no extension and run as somebody else, or with more than the database: schema, name,
/// arguments as they are named to take a right away, whether it runs with its owner's rights, the owner, the language where
/// it is one that is not trusted, and whether the account has the right itself, everybody has it, something else calls it.
const FUNCTIONS: &str = reached!(
    "SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.prosecdef, o.rolname, \
CASE WHEN l.lanpltrusted THEN '' ELSE l.lanname END, bool_or(x.grantee = me.oid), bool_or(x.grantee = 0), \
EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid) \
OR EXISTS (SELECT 1 FROM pg_catalog.pg_proc q JOIN pg_catalog.pg_namespace s ON s.oid = q.pronamespace \
WHERE s.nspname !~ '^pg_' AND s.nspname <> 'information_schema' AND q.oid <> p.oid AND NOT q.prosecdef \
AND strpos(lower(q.prosrc), lower(p.proname)) > 0) \
FROM me, pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles o ON o.oid = p.proowner \
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x \
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
AND (p.prosecdef AND p.proowner <> me.oid OR NOT l.lanpltrusted) \
AND p.prorettype <> 'trigger'::regtype \
AND (x.grantee = 0 OR x.grantee = me.oid OR x.grantee IN (SELECT reached.roleid FROM reached)) \
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid \
AND d.deptype = 'e') GROUP BY p.oid, 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3"
);
