//! Where in the journal records of a kind stand: rows that say which blocks to look into, and prove nothing.
//!
//! What a row says may be too much, never too little: whoever looks reads the block itself. Enter at [`Store::places`].

use postern_core::fault::Fault;
use postern_core::journal::query::{Field, Query, Term, objects_for};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Store, number, unreachable};

/// One session, or what belongs to none, in one block of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The block.
    pub(crate) block: u64,
    /// The session's name, or nothing.
    pub(crate) session: String,
    /// Who, or nothing where that is not known.
    pub(crate) principal: String,
    /// On which target, or nothing where that is not known.
    pub(crate) target: String,
    /// Which verdicts occur, as bits.
    pub(crate) verdicts: u8,
    /// The earliest record, in microseconds.
    pub(crate) began: u64,
    /// The latest.
    pub(crate) ended: u64,
    /// What is touched.
    pub(crate) objects: Vec<Box<str>>,
}

/// The bits of verdicts; whatever else is said of an operation shares one.
const VERDICTS: [(&str, u8); 3] = [("allow", 1), ("hold", 2), ("deny", 4)];
const OTHER: u8 = 8;

/// The bit of a verdict's word.
pub(crate) fn bit(verdict: &str) -> u8 {
    VERDICTS.iter().find(|(word, _)| *word == verdict).map_or(OTHER, |(_, bit)| *bit)
}

impl Store {
    /// Adds to what is known, and states up to which record all is.
    pub(crate) async fn index(&self, places: &[Place], upto: u64) -> Result<(), Fault> {
        let mut all = self.rows.pool.begin().await.map_err(unreachable)?;
        for place in places {
            let statement = "INSERT INTO places (block, session, principal, target, verdicts, began, ended) \
                             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (block, session, principal, target) DO UPDATE SET \
                             verdicts = places.verdicts | excluded.verdicts, \
                             began = CASE WHEN excluded.began < places.began THEN excluded.began ELSE places.began END, \
                             ended = CASE WHEN excluded.ended > places.ended THEN excluded.ended ELSE places.ended END";
            sqlx::query(statement)
                .bind(signed(place.block))
                .bind(&place.session)
                .bind(&place.principal)
                .bind(&place.target)
                .bind(i64::from(place.verdicts))
                .bind(signed(place.began))
                .bind(signed(place.ended))
                .execute(&mut *all)
                .await
                .map_err(unreachable)?;
            for object in &place.objects {
                let statement =
                    "INSERT INTO touched (object, block, session) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                sqlx::query(statement)
                    .bind(&**object)
                    .bind(signed(place.block))
                    .bind(&place.session)
                    .execute(&mut *all)
                    .await
                    .map_err(unreachable)?;
            }
        }
        sqlx::query("UPDATE indexed SET upto = $1").bind(signed(upto)).execute(&mut *all).await.map_err(unreachable)?;
        all.commit().await.map_err(unreachable)
    }

    /// Up to which record all is indexed.
    pub(crate) async fn indexed(&self) -> Result<u64, Fault> {
        let row = sqlx::query("SELECT upto FROM indexed").fetch_one(&self.rows.pool).await.map_err(unreachable)?;
        Ok(unsigned(row.try_get("upto").map_err(unreachable)?))
    }

    /// Who a session is of, and on which target.
    pub(crate) async fn session_of(&self, session: &str) -> Result<Option<(String, String)>, Fault> {
        let statement = "SELECT principal, target FROM places WHERE session = $1 ORDER BY block LIMIT 1";
        let row = sqlx::query(statement).bind(session).fetch_optional(&self.rows.pool).await.map_err(unreachable)?;
        row.map(|row| {
            let text = |column| row.try_get::<String, _>(column).map_err(unreachable);
            Ok((text("principal")?, text("target")?))
        })
        .transpose()
    }

    /// The blocks that may hold what is looked for, newest first, at most `most`, and none behind `last`.
    pub(crate) async fn places(&self, query: &Query, last: u64, most: u32) -> Result<Vec<u64>, Fault> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT DISTINCT p.block FROM places p WHERE p.block <= ");
        sql.push_bind(signed(last));
        if let Some(since) = query.since {
            sql.push(" AND p.ended >= ").push_bind(number(since));
        }
        if let Some(until) = query.until {
            sql.push(" AND p.began <= ").push_bind(number(until));
        }
        for term in &query.terms {
            narrow(&mut sql, term);
        }
        sql.push(" ORDER BY p.block DESC LIMIT ").push_bind(i64::from(most));
        let rows = sql.build().fetch_all(&self.rows.pool).await.map_err(unreachable)?;
        rows.iter().map(|row| Ok(unsigned(row.try_get("block").map_err(unreachable)?))).collect()
    }

    /// Who and where each session of a block is.
    pub(crate) async fn sessions_in(&self, block: u64) -> Result<Vec<(String, String, String)>, Fault> {
        // what is done to a session from outside has no target
        let statement =
            "SELECT session, principal, target FROM places WHERE block = $1 AND session <> '' AND target <> ''";
        let rows = sqlx::query(statement).bind(signed(block)).fetch_all(&self.rows.pool).await.map_err(unreachable)?;
        let read = |row: &SqliteRow| {
            let text = |column| row.try_get::<String, _>(column).map_err(unreachable);
            Ok((text("session")?, text("principal")?, text("target")?))
        };
        rows.iter().map(read).collect()
    }
}

/// Leaves out blocks where a term can hold of nothing.
fn narrow(sql: &mut QueryBuilder<Sqlite>, term: &Term) {
    let column = match term.field {
        Field::Principal => "p.principal",
        Field::Target => "p.target",
        Field::Session => "p.session",
        Field::Verdict => {
            let bits = term.any.iter().fold(0, |bits, pattern| bits | bits_of(pattern));
            sql.push(" AND p.verdicts & ").push_bind(i64::from(bits)).push(" <> 0");
            return;
        }
        Field::Object => {
            sql.push(" AND EXISTS (SELECT 1 FROM touched t WHERE t.block = p.block AND t.session = p.session AND (");
            // what is asked for may name a column, which is not in the index
            either(sql, "t.object", term.any.iter().flat_map(|pattern| objects_for(pattern)));
            sql.push("))");
            return;
        }
        Field::Effect | Field::Action | Field::Rule | Field::Text => return,
    };
    sql.push(" AND (");
    either(sql, column, term.any.iter().map(String::as_str));
    sql.push(")");
}

fn either<'a>(sql: &mut QueryBuilder<Sqlite>, column: &str, patterns: impl Iterator<Item = &'a str>) {
    for (index, pattern) in patterns.enumerate() {
        sql.push(if index > 0 { " OR " } else { "" }).push(column);
        if pattern.contains('*') {
            sql.push(" LIKE ").push_bind(like(pattern)).push(" ESCAPE '\\'");
        } else {
            sql.push(" = ").push_bind(pattern.to_owned());
        }
    }
}

fn like(pattern: &str) -> String {
    pattern.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%")
}

fn bits_of(pattern: &str) -> u8 {
    let known = VERDICTS.iter().filter(|(word, _)| postern_core::identity::matches(pattern, word));
    let bits = known.fold(0, |bits, (_, bit)| bits | bit);
    if bits == 0 || pattern.contains('*') { bits | OTHER } else { bits }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
