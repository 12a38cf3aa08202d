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
    /// The relations with rows as young as that, with what marks these.
    pub(super) relations: HashMap<u32, String>,
    /// The same of types.
    pub(super) types: HashMap<u32, String>,
    /// All relations and types that did not come with the server.
    pub(super) present: Present,
    /// All schemas by name, with whether it is the connection's temporary one.
    pub(super) schemas: BTreeMap<String, bool>,
    /// A mark over all functions, and what extensions brought.
    pub(super) functions: String,
    /// The same over operators.
    pub(super) operators: String,
    /// The same over rewrite rules.
    pub(super) rules: String,
}

/// What there is, by OID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) relations: HashSet<u32>,
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

/// What tells a row from every other version of it that this connection may see.
macro_rules! version {
    ($row:literal) => {
        concat!("pg_catalog.concat(", $row, ".xmin, ' ', ", $row, ".cmin, ' ', ", $row, ".ctid)")
    };
}

/// A mark over texts, in whatever order they come.
macro_rules! mark {
    ($text:expr) => {
        concat!(
            "pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(pg_catalog.hashtextextended(",
            $text,
            ", 0)))"
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
            version!("r"),
            " FROM pg_catalog.",
            $table,
            " r WHERE r.",
            $relation,
            " OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid AND ",
            young!("r")
        )
    };
}

/// A mark over all that one table of the server's catalog holds besides what came with it.
macro_rules! whole {
    ($kind:literal, $table:literal) => {
        concat!(
            "SELECT '",
            $kind,
            "', NULL, ",
            mark!(concat!("pg_catalog.concat(r.oid, ' ', ", version!("r"), ")")),
            " FROM pg_catalog.",
            $table,
            " r WHERE r.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid"
        )
    };
}

/// The question: what is told, of which OID or name, and what is told of it.
const QUESTION: &str = concat!(
    "WITH since(xid) AS (SELECT {since}), young(oid, version) AS (",
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
    version!("p"),
    " FROM pg_catalog.pg_proc p \
JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
AND d.refobjid OPERATOR(pg_catalog.=) p.oid \
AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
JOIN pg_catalog.pg_rewrite v ON v.oid OPERATOR(pg_catalog.=) d.objid WHERE ",
    young!("p"),
    ") SELECT 'since', NULL, s.xid::pg_catalog.text FROM since s \
UNION ALL SELECT 'relation', y.oid::pg_catalog.text, ",
    mark!("y.version"),
    " FROM young y GROUP BY y.oid UNION ALL SELECT 'type', r.oid::pg_catalog.text, ",
    version!("r"),
    " FROM pg_catalog.pg_type r WHERE r.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid AND ",
    young!("r"),
    " UNION ALL SELECT 'types', NULL, pg_catalog.string_agg(t.oid::pg_catalog.text, ' ') FROM pg_catalog.pg_type t \
WHERE t.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid \
UNION ALL SELECT 'relations', NULL, pg_catalog.string_agg(c.oid::pg_catalog.text, ' ') FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE c.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid AND c.relkind OPERATOR(pg_catalog.<>) 't' \
AND (n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
UNION ALL SELECT 'schema', n.nspname, (n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())::pg_catalog.text \
FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
OR n.oid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() UNION ALL ",
    whole!("functions", "pg_proc"),
    " UNION ALL ",
    whole!("operators", "pg_operator"),
    " UNION ALL SELECT 'members', NULL, ",
    mark!("pg_catalog.concat(d.classid, ' ', d.objid)"),
    " FROM pg_catalog.pg_depend d WHERE d.deptype OPERATOR(pg_catalog.=) 'e' UNION ALL SELECT 'rules', NULL, ",
    mark!("pg_catalog.concat(r.oid, ' ', r.ev_class)"),
    " FROM pg_catalog.pg_rewrite r WHERE r.rulename OPERATOR(pg_catalog.<>) '_RETURN'"
);

impl Changes {
    /// What to ask for what was changed lately, before a catalog is read.
    #[must_use]
    pub fn lately() -> String {
        QUESTION.replace("{since}", NOW)
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
                "since" => changes.since = Some(cells.number(2)?),
                "relation" => drop(changes.relations.insert(cells.number(1)?, cells.text(2)?.to_owned())),
                "type" => drop(changes.types.insert(cells.number(1)?, cells.text(2)?.to_owned())),
                "schema" => drop(changes.schemas.insert(cells.text(1)?.to_owned(), cells.text(2)? == "true")),
                // of none there is no list
                "relations" => changes.present.relations = cells.numbers(2)?,
                "types" => changes.present.types = cells.numbers(2)?,
                "functions" => changes.functions.push_str(cells.text(2)?),
                "operators" => changes.operators.push_str(cells.text(2)?),
                "members" => {
                    changes.functions.push_str(cells.text(2)?);
                    changes.operators.push_str(cells.text(2)?);
                }
                "rules" => cells.text(2)?.clone_into(&mut changes.rules),
                _ => return Err(cells.misfit()),
            }
        }
        Ok(changes)
    }
}

impl Catalog {
    /// What to ask for what was changed since this was read.
    #[must_use]
    pub fn changes(&self) -> String {
        let since = self.changes.since.map(|xid| format!("'{xid}'::pg_catalog.xid"));
        QUESTION.replace("{since}", since.as_deref().unwrap_or(NOW))
    }

    /// The same catalog, which was read when its database had come this far.
    #[must_use]
    pub fn as_of(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }
}
