//! The gateway's own questions to a catalog, one SQL text each, for PostgreSQL 14 to 18.
//!
//! They hold under any search path: every name and operator is qualified, so that an object that a
//! user put in the way is never picked up. Other sessions' temporary objects are left out, the
//! connection's own are in, so that the same texts serve the gateway's connection and a client's.

/// The texts, in the order in which [`super::Catalog::from_rows`] wants their answers.
pub const QUERIES: &[&str] = &[
    SCHEMAS,
    SEARCHED,
    RELATIONS,
    COLUMNS,
    INHERITANCE,
    BEHIND,
    FUNCTIONS_BEHIND,
    GENERATED,
    RULED,
    FUNCTIONS,
    OPERATORS,
    TYPES,
    VIEWS,
];

/// What is asked about views, with the condition under which their definitions are printed.
macro_rules! views {
    ($printed:literal) => {
        concat!(
            "SELECT c.oid, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(r.ev_action::pg_catalog.text, \
pg_catalog.getdatabaseencoding())), 'hex'), CASE WHEN ",
            $printed,
            " THEN pg_catalog.pg_get_viewdef(c.oid) END \
FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) c.oid \
AND r.rulename OPERATOR(pg_catalog.=) '_RETURN' \
WHERE c.relkind OPERATOR(pg_catalog.~) '^[vm]$' \
AND n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog' \
AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema' \
AND (n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())"
        )
    };
}

/// Schemas: name, whether it is the connection's own temporary one.
const SCHEMAS: &str = "\
SELECT n.nspname, n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() \
FROM pg_catalog.pg_namespace n \
WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()";

/// The path that is in force while these run, in order; view definitions are printed for it.
const SEARCHED: &str = "\
SELECT s.name FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS s(name, place) \
ORDER BY s.place";

/// Relations: OID, schema, name, kind.
const RELATIONS: &str = "\
SELECT c.oid, n.nspname, c.relname, c.relkind \
FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE c.relkind OPERATOR(pg_catalog.<>) 't' \
AND (n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())";

/// Columns: relation, number, name, type, modifier, whether it is generated, whether it is of a primary key that holds at
/// once.
const COLUMNS: &str = "\
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attgenerated OPERATOR(pg_catalog.<>) '', \
k.conkey IS NOT NULL AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey) \
FROM pg_catalog.pg_attribute a \
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid OPERATOR(pg_catalog.=) a.attrelid \
AND k.contype OPERATOR(pg_catalog.=) 'p' AND NOT k.condeferrable \
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.attrelid \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped \
AND c.relkind OPERATOR(pg_catalog.~) '^[rpvmfcS]$' \
AND (n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
ORDER BY a.attrelid, a.attnum";

/// Inheritance and partitions: child, parent.
const INHERITANCE: &str = "\
SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i ORDER BY i.inhrelid, i.inhseqno";

/// Views outside the system schemas: view, relation it reads, column of that (0 for the whole row).
const BEHIND: &str = "\
SELECT DISTINCT r.ev_class, d.refobjid, d.refobjsubid \
FROM pg_catalog.pg_rewrite r \
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.ev_class \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) r.oid \
AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
WHERE r.rulename OPERATOR(pg_catalog.=) '_RETURN' \
AND d.refobjid OPERATOR(pg_catalog.<>) r.ev_class \
AND n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog' \
AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'";

/// Views outside the system schemas that run functions or operators which did not come with the server, but for what an
/// extension brought and calls immutable.
const FUNCTIONS_BEHIND: &str = "\
SELECT DISTINCT r.ev_class \
FROM pg_catalog.pg_rewrite r \
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.ev_class \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) r.oid \
AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
AND (d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
OR d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass) \
WHERE r.rulename OPERATOR(pg_catalog.=) '_RETURN' \
AND n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog' \
AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema' \
AND (NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
WHERE e.classid OPERATOR(pg_catalog.=) d.refclassid AND e.objid OPERATOR(pg_catalog.=) d.refobjid \
AND e.deptype OPERATOR(pg_catalog.=) 'e') \
OR EXISTS (SELECT 1 FROM pg_catalog.pg_proc p \
WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
AND p.oid OPERATOR(pg_catalog.=) d.refobjid AND p.provolatile OPERATOR(pg_catalog.<>) 'i'))";

/// Generated columns: relation, column, column that it is computed from. The dependency is recorded
/// on the default since PostgreSQL 15, on the column before.
const GENERATED: &str = "\
SELECT a.attrelid, a.attnum, d.refobjsubid \
FROM pg_catalog.pg_attribute a \
JOIN pg_catalog.pg_attrdef e ON e.adrelid OPERATOR(pg_catalog.=) a.attrelid \
AND e.adnum OPERATOR(pg_catalog.=) a.attnum \
JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
AND d.refobjid OPERATOR(pg_catalog.=) a.attrelid \
AND d.refobjsubid OPERATOR(pg_catalog.>) 0 \
AND d.refobjsubid OPERATOR(pg_catalog.<>) a.attnum \
AND ((d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
AND d.objid OPERATOR(pg_catalog.=) e.oid) \
OR (d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
AND d.objid OPERATOR(pg_catalog.=) a.attrelid \
AND d.objsubid OPERATOR(pg_catalog.=) a.attnum)) \
WHERE a.attgenerated OPERATOR(pg_catalog.<>) ''";

/// Relations on which a rewrite rule stands, other than the one that makes a view.
const RULED: &str = "\
SELECT DISTINCT r.ev_class FROM pg_catalog.pg_rewrite r \
WHERE r.rulename OPERATOR(pg_catalog.<>) '_RETURN'";

/// Functions: schema, name, whether all overloads are immutable, whether an extension brought them all, whether any of
/// them returns a set.
const FUNCTIONS: &str = "\
SELECT n.nspname, p.proname, \
pg_catalog.bool_and(p.provolatile OPERATOR(pg_catalog.=) 'i'), \
pg_catalog.bool_and(EXISTS (SELECT 1 FROM pg_catalog.pg_depend d \
WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e')), \
pg_catalog.bool_or(p.proretset) \
FROM pg_catalog.pg_proc p \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() \
GROUP BY n.nspname, p.proname";

/// Operators outside the system schema: schema, name, whether an extension brought them all.
const OPERATORS: &str = "\
SELECT n.nspname, o.oprname, \
pg_catalog.bool_and(EXISTS (SELECT 1 FROM pg_catalog.pg_depend d \
WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass \
AND d.objid OPERATOR(pg_catalog.=) o.oid AND d.deptype OPERATOR(pg_catalog.=) 'e')) \
FROM pg_catalog.pg_operator o \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace \
WHERE n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog' \
GROUP BY n.nspname, o.oprname";

/// Types: OID, schema, name, kind, element type of a true array, base type, relation, category.
/// The row types of tables, and arrays of them, are left out unless they stand alone.
const TYPES: &str = "\
SELECT t.oid, n.nspname, t.typname, t.typtype, \
CASE WHEN t.typcategory OPERATOR(pg_catalog.=) 'A' THEN t.typelem ELSE 0 END, \
t.typbasetype, t.typrelid, t.typcategory \
FROM pg_catalog.pg_type t \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
LEFT JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) t.typelem \
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) \
CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'c' THEN t.typrelid ELSE e.typrelid END \
WHERE t.typtype OPERATOR(pg_catalog.<>) 'p' \
AND (c.oid IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c')";

/// Views outside the system schemas: OID, what stays the same as long as the view does, its definition as printed for
/// the path in force.
///
/// The server locks a view and what it reads to print it. A definition is left out where that would have to wait for
/// somebody who keeps others from reading one of them, be it a prepared transaction, which has no process.
pub(super) const VIEWS: &str = views!(
    "NOT c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT r.ev_class FROM pg_catalog.pg_locks l \
JOIN pg_catalog.pg_depend d ON d.refobjid OPERATOR(pg_catalog.=) l.relation \
AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
JOIN pg_catalog.pg_rewrite r ON r.oid OPERATOR(pg_catalog.=) d.objid \
WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' \
AND (l.pid IS NULL OR l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid())))"
);

/// The same inside of a transaction, which keeps every lock that it takes to its end: only of the views that it made or changed, which it has locked, and what they read,
/// already.
pub(super) const VIEWS_WITHIN: &str = views!(
    "c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT l.relation FROM pg_catalog.pg_locks l \
WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' \
AND l.relation IS NOT NULL \
AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()))"
);
