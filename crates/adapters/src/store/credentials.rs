//! Credentials that were issued: one row for each, of which only the holder of the seal key learns what it stands for.
//!
//! A row lets nobody in; checking and sealing is the verifier's. Enter at [`Store::credential`].

use postern_core::clock::Micros;
use postern_core::fault::Fault;
use postern_core::id::CredentialId;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, number, unreachable, unreadable};

/// A credential as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialRow {
    /// What it is found by: the hash of a token, or a user name.
    pub(crate) lookup: String,
    /// Its name.
    pub(crate) id: CredentialId,
    /// Whether it was taken back.
    pub(crate) revoked: bool,
    /// What it stands for, sealed.
    pub(crate) sealed: String,
}

/// A credential to be kept.
pub(crate) struct NewCredential<'a> {
    pub(crate) lookup: &'a str,
    pub(crate) id: CredentialId,
    pub(crate) owner: &'a str,
    pub(crate) expires: Micros,
    pub(crate) sealed: &'a str,
}

impl Store {
    /// Keeps a credential, unless its owner has had `most` whose time is not over. Tells whether it did.
    pub(crate) async fn keep_credential(&self, new: &NewCredential<'_>, most: u32) -> Result<bool, Fault> {
        let statement = "INSERT INTO credentials (lookup, id, owner, expires, sealed) SELECT $1, $2, $3, $4, $5 \
                         WHERE (SELECT count(*) FROM credentials \
                                WHERE owner = $3 AND expires > $6) < $7";
        let query = sqlx::query(statement)
            .bind(new.lookup)
            .bind(new.id.to_string())
            .bind(new.owner)
            .bind(number(new.expires))
            .bind(new.sealed)
            .bind(number(self.rows.clock.now()))
            .bind(i64::from(most));
        Ok(query.execute(&self.rows.pool).await.map_err(unreachable)?.rows_affected() == 1)
    }

    /// The credential that is found by this.
    pub(crate) async fn credential(&self, lookup: &str) -> Result<Option<CredentialRow>, Fault> {
        self.credential_where("SELECT * FROM credentials WHERE lookup = $1", lookup).await
    }

    /// The credential of this name.
    pub(crate) async fn credential_named(&self, id: CredentialId) -> Result<Option<CredentialRow>, Fault> {
        self.credential_where("SELECT * FROM credentials WHERE id = $1", &id.to_string()).await
    }

    /// Takes a credential back. Tells whether it was good until now.
    pub(crate) async fn revoke_credential(&self, id: CredentialId) -> Result<bool, Fault> {
        let query = sqlx::query("UPDATE credentials SET revoked = $1 WHERE id = $2 AND revoked IS NULL");
        let query = query.bind(number(self.rows.clock.now())).bind(id.to_string());
        Ok(query.execute(&self.rows.pool).await.map_err(unreachable)?.rows_affected() == 1)
    }

    async fn credential_where(&self, query: &'static str, value: &str) -> Result<Option<CredentialRow>, Fault> {
        let row = sqlx::query(query).bind(value).fetch_optional(&self.rows.pool).await.map_err(unreachable)?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &SqliteRow) -> Result<CredentialRow, Fault> {
    let id: String = row.try_get("id").map_err(unreachable)?;
    let revoked: Option<i64> = row.try_get("revoked").map_err(unreachable)?;
    Ok(CredentialRow {
        lookup: row.try_get("lookup").map_err(unreachable)?,
        id: id.parse().map_err(|error| unreadable(&id, error))?,
        revoked: revoked.is_some(),
        sealed: row.try_get("sealed").map_err(unreachable)?,
    })
}
