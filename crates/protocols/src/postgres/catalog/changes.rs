//! What has changed in a database since its catalog was read, told without reading it again.
//!
//! One question, whose answer grows with what changed: which relations and types have rows in the server's catalog
//! that may be younger than a given transaction, each with a mark that is another one as soon as these rows are
//! others; which relations there are; and a mark over everything of the kinds that are read as a whole. Two answers
//! to it, from whatever moments and whichever way transactions ended between, differ wherever their databases do.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::rows::{Cells, Row};
use super::{Catalog, CatalogError};

/// What a database had come to at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The transaction from which on changes are told; nothing where none were ever asked for.
    since: Option<u32>,
    /// Which database of which server said it: their numbers mean nothing to each other.
    pub(super) database: String,
    /// Whether it was seen in a transaction that does not see what others commit meanwhile.
    repeatable: bool,
    /// The relations with rows as young as that, with what marks these.
    pub(super) relations: HashMap<u32, String>,
    /// The same of types.
    pub(super) types: HashMap<u32, String>,
    /// All relations and types that did not come with the server.
    pub(super) present: Present,
    /// All schemas by name.
    pub(super) schemas: BTreeMap<String, Schema>,
    /// A mark over all functions.
    pub(super) functions: String,
    /// The same over operators.
    pub(super) operators: String,
    /// The same over what extensions brought.
    pub(super) members: String,
    /// The same over rewrite rules.
    pub(super) rules: String,
}

/// A schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) oid: u32,
    /// Whether it is the connection's temporary one.
    pub(super) own: bool,
}

/// What there is, by OID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) relations: HashSet<u32>,
    /// Those that stand alone: neither arrays nor rows.
    pub(super) types: HashSet<u32>,
}

/// The first OID of what did not come with the server (`FirstNormalObjectId`).
pub(super) const FIRST: u32 = 16384;

/// The oldest transaction that was not over; only those from it on can change what is seen later.
const NOW: &str = "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.xid";

/// Whether the transaction that wrote a row may have ended after `since`. Rows of old keep their number when they are
/// frozen, and one that is further back than numbers reach counts as young.
macro_rules! young {
    ($row:literal) => {
        concat!("pg_catalog.age(", $row, ".xmin) OPERATOR(pg_catalog.<=) (SELECT pg_catalog.age(s.xid) FROM since s)")
    };
}

/// Which database of which server it is, in hexadecimal: another one after it was exchanged, restarted or promoted.
const DATABASE: &str = "(SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat(\
d.oid, ' ', pg_catalog.encode(pg_catalog.timestamptz_send(pg_catalog.pg_postmaster_start_time()), 'hex'), ' ', \
pg_catalog.pg_is_in_recovery()), 'UTF8')), 'hex') \
FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/// What tells a row from every other version of it that this connection may see, and from rows of other tables.
macro_rules! version {
    ($row:literal, $table:literal) => {
        concat!("pg_catalog.concat('", $table, " ', ", $row, ".xmin, ' ', ", $row, ".ctid)")
    };
}

/// A mark over texts: whoever can choose some of them cannot choose it.
macro_rules! mark {
    ($text:expr) => {
        concat!(
            "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(COALESCE(pg_catalog.string_agg(v.text, ', ' \
ORDER BY v.text COLLATE pg_catalog.\"C\"), ''), 'UTF8')), 'hex') FROM (SELECT ",
            $text
        )
    };
}

/// Young rows of one table of the server's catalog, each with the relation that it is about.
macro_rules! about {
    ($relation:literal, $table:literal) => {
        concat!(
            "SELECT r.",
            $relation,
            ", ",
            version!("r", $table),
            " FROM pg_catalog.",
            $table,
            " r WHERE r.",
            $relation,
            " OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid AND ",
            young!("r")
        )
    };
}

/// A mark over some of what one table of the server's catalog holds.
macro_rules! whole {
    ($kind:literal, $text:expr, $from:literal) => {
        concat!(
            " UNION ALL SELECT '",
            $kind,
            "', NULL, NULL, ",
            mark!(concat!($text, " AS text FROM pg_catalog.", $from)),
            ") AS v"
        )
    };
}

/// The question: what is told, of which OID, under which name, and what is told of it.
const QUESTION: &str = concat!(
    "WITH since(xid) AS (SELECT {since}), young(oid, text) AS (",
    about!("oid", "pg_class"),
    " UNION ALL ",
    about!("attrelid", "pg_attribute"),
    " UNION ALL ",
    about!("adrelid", "pg_attrdef"),
    " UNION ALL ",
    about!("ev_class", "pg_rewrite"),
    " UNION ALL ",
    about!("inhrelid", "pg_inherits"),
    " UNION ALL ",
    about!("inhparent", "pg_inherits"),
    // a view changes with the functions that it runs
    " UNION ALL SELECT v.ev_class, ",
    version!("p", "pg_proc"),
    " FROM pg_catalog.pg_proc p \
JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
AND d.refobjid OPERATOR(pg_catalog.=) p.oid \
AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
JOIN pg_catalog.pg_rewrite v ON v.oid OPERATOR(pg_catalog.=) d.objid WHERE ",
    young!("p"),
    ") SELECT 'since', NULL::pg_catalog.oid, NULL::pg_catalog.name, s.xid::pg_catalog.text FROM since s \
UNION ALL SELECT 'database', NULL, NULL, {database} \
UNION ALL SELECT 'isolation', NULL, NULL, pg_catalog.current_setting('transaction_isolation') \
UNION ALL SELECT 'relation', v.oid, NULL, ",
    mark!(
        "y.oid, y.text FROM young y) AS v GROUP BY v.oid \
UNION ALL SELECT 'type', r.oid, NULL, "
    ),
    version!("r", "pg_type"),
    " FROM pg_catalog.pg_type r LEFT JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) r.typelem \
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) \
CASE WHEN r.typtype OPERATOR(pg_catalog.=) 'c' THEN r.typrelid ELSE e.typrelid END \
WHERE r.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid \
AND (c.oid IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c') AND ",
    young!("r"),
    " UNION ALL SELECT 'types', NULL, NULL, pg_catalog.string_agg(t.oid::pg_catalog.text, ' ') \
FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid \
AND t.typtype OPERATOR(pg_catalog.<>) 'c' \
AND (t.typtype OPERATOR(pg_catalog.<>) 'b' OR t.typcategory OPERATOR(pg_catalog.<>) 'A') \
UNION ALL SELECT 'relations', NULL, NULL, pg_catalog.string_agg(c.oid::pg_catalog.text, ' ') \
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE c.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid AND c.relkind OPERATOR(pg_catalog.<>) 't' \
AND (n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
UNION ALL SELECT 'schema', n.oid, n.nspname, \
(n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())::pg_catalog.text \
FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()",
    whole!(
        "functions",
        version!("r", "pg_proc"),
        "pg_proc r WHERE r.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid"
    ),
    whole!(
        "operators",
        version!("r", "pg_operator"),
        "pg_operator r WHERE r.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid"
    ),
    whole!(
        "members",
        "pg_catalog.concat(d.classid, ' ', d.objid)",
        "pg_depend d WHERE d.deptype OPERATOR(pg_catalog.=) 'e'"
    ),
    whole!(
        "rules",
        "pg_catalog.concat(r.oid, ' ', r.ev_class)",
        "pg_rewrite r WHERE r.rulename OPERATOR(pg_catalog.<>) '_RETURN'"
    )
);

impl Changes {
    /// What to ask for what was changed lately, before a catalog is read.
    #[must_use]
    pub fn lately() -> String {
        QUESTION.replace("{since}", NOW).replace("{database}", DATABASE)
    }

    /// What the answer tells.
    ///
    /// # Errors
    ///
    /// Where a row does not have the shape of the question.
    pub fn of(rows: &[Row]) -> Result<Self, CatalogError> {
        let mut changes = Self::default();
        for row in rows {
            let cells = Cells::new(super::QUERIES.len(), row);
            match cells.text(0)? {
                "since" => changes.since = Some(cells.number(3)?),
                "database" => cells.hexadecimal(3)?.clone_into(&mut changes.database),
                "isolation" => changes.repeatable = !["read committed", "read uncommitted"].contains(&cells.text(3)?),
                "relation" => drop(changes.relations.insert(cells.number(1)?, cells.text(3)?.to_owned())),
                "type" => drop(changes.types.insert(cells.number(1)?, cells.text(3)?.to_owned())),
                "schema" => {
                    let schema = Schema { oid: cells.number(1)?, own: cells.text(3)? == "true" };
                    changes.schemas.insert(cells.text(2)?.to_owned(), schema);
                }
                // of none there is no list
                "relations" => changes.present.relations = cells.numbers(3)?,
                "types" => changes.present.types = cells.numbers(3)?,
                "functions" => cells.text(3)?.clone_into(&mut changes.functions),
                "operators" => cells.text(3)?.clone_into(&mut changes.operators),
                "members" => cells.text(3)?.clone_into(&mut changes.members),
                "rules" => cells.text(3)?.clone_into(&mut changes.rules),
                _ => return Err(cells.misfit()),
            }
        }
        Ok(changes)
    }

    /// Whether it was seen in a transaction that does not see what others commit meanwhile.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }
}

impl Catalog {
    /// What to ask for what was changed since this was read. Another database than the one that it was read of has no such
    /// moment, and tells what was changed there lately.
    #[must_use]
    pub fn changes(&self) -> String {
        let Changes { since: Some(since), database, .. } = &self.changes else { return Changes::lately() };
        let since = format!(
            "CASE WHEN {DATABASE} OPERATOR(pg_catalog.=) '{database}' THEN '{since}'::pg_catalog.xid ELSE {NOW} END"
        );
        QUESTION.replace("{since}", &since).replace("{database}", DATABASE)
    }

    /// The same catalog, which was read when its database had come this far.
    #[must_use]
    pub fn as_of(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }
}
