//! Sealed secrets: one row for each, of which only the newest value is kept.
//!
//! Here they are text that nobody can read; sealing and opening is the vault's. Enter at [`Store::sealed`].

use postern_core::clock::Micros;
use postern_core::fault::Fault;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, moment, number, unreachable};

/// A sealed secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// What references call it.
    pub name: String,
    /// How many values it has had.
    pub version: u64,
    /// When it had its first.
    pub made: Micros,
    /// When it got the one it has.
    pub changed: Micros,
    /// The value, sealed.
    pub sealed: String,
}

impl Store {
    /// One sealed secret.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn sealed(&self, name: &str) -> Result<Option<SealedSecret>, Fault> {
        let query = sqlx::query("SELECT * FROM secrets WHERE name = $1").bind(name);
        let row = query.fetch_optional(&self.rows.pool).await.map_err(unreachable)?;
        row.as_ref().map(read).transpose()
    }

    /// Every sealed secret, by name.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn all_sealed(&self) -> Result<Vec<SealedSecret>, Fault> {
        let query = sqlx::query("SELECT * FROM secrets ORDER BY name");
        let rows = query.fetch_all(&self.rows.pool).await.map_err(unreachable)?;
        rows.iter().map(read).collect()
    }

    /// Keeps the first value of a secret. Tells whether it did: a name that is taken stays as it is.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn keep_sealed(&self, name: &str, sealed: &str) -> Result<bool, Fault> {
        let now = number(self.rows.clock.now());
        let statement = "INSERT INTO secrets (name, version, made, changed, sealed) VALUES ($1, 1, $2, $2, $3) \
                         ON CONFLICT (name) DO NOTHING";
        let query = sqlx::query(statement).bind(name).bind(now).bind(sealed);
        Ok(query.execute(&self.rows.pool).await.map_err(unreachable)?.rows_affected() == 1)
    }

    /// Puts another value in the place of version `seen`. Tells whether it did: somebody else may have been faster.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn renew_sealed(&self, name: &str, seen: u64, sealed: &str) -> Result<bool, Fault> {
        let statement = "UPDATE secrets SET version = $1, changed = $2, sealed = $3 WHERE name = $4 AND version = $5";
        let query = sqlx::query(statement)
            .bind(count(seen.saturating_add(1)))
            .bind(number(self.rows.clock.now()))
            .bind(sealed)
            .bind(name)
            .bind(count(seen));
        Ok(query.execute(&self.rows.pool).await.map_err(unreachable)?.rows_affected() == 1)
    }
}

fn count(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn read(row: &SqliteRow) -> Result<SealedSecret, Fault> {
    let version: i64 = row.try_get("version").map_err(unreachable)?;
    Ok(SealedSecret {
        name: row.try_get("name").map_err(unreachable)?,
        version: u64::try_from(version).unwrap_or(0),
        made: moment(row.try_get("made").map_err(unreachable)?),
        changed: moment(row.try_get("changed").map_err(unreachable)?),
        sealed: row.try_get("sealed").map_err(unreachable)?,
    })
}
