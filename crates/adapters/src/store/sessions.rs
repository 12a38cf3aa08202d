//! The list of sessions: who was where, from when to when. For people to look at; evidence is the journal's.
//!
//! Enter at [`Store::session_opened`] and [`Sessions::list`].

use postern_core::clock::Micros;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::identity::PrincipalSummary;
use postern_core::ports::{Later, Listed, Sessions, Wanted};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Store, moment, number, unavailable, unreachable, unreadable};

impl Store {
    /// Puts a session that begins on the list.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn session_opened(&self, session: &Listed) -> Result<(), Fault> {
        let principal = serde_json::to_string(&session.principal)
            .map_err(|error| unavailable("a principal cannot be written").cause(error))?;
        let statement = "INSERT INTO sessions (id, principal, target, protocol, client, started, ended, reason, who, owner) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        sqlx::query(statement)
            .bind(session.id.to_string())
            .bind(principal)
            .bind(&session.target)
            .bind(&session.protocol)
            .bind(&session.client)
            .bind(number(session.started))
            .bind(session.ended.map(number))
            .bind(&session.reason)
            .bind(&session.principal.name)
            .bind(owner(&session.principal))
            .execute(&self.rows.pool)
            .await
            .map_err(unreachable)?;
        Ok(())
    }

    /// Says that a session is over, unless that was said before.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn session_closed(&self, id: SessionId, at: Micros, reason: &str) -> Result<(), Fault> {
        sqlx::query("UPDATE sessions SET ended = $1, reason = $2 WHERE id = $3 AND ended IS NULL")
            .bind(number(at))
            .bind(reason)
            .bind(id.to_string())
            .execute(&self.rows.pool)
            .await
            .map_err(unreachable)?;
        Ok(())
    }

    /// Says of all sessions that seem to last that they are over: for a gateway that starts, whose predecessor was
    /// killed. As far as is known each was over with the last that the journal's index has of it, or else `at`. Tells how
    /// many they were.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn sessions_lost(&self, at: Micros, reason: &str) -> Result<u64, Fault> {
        let statement = "UPDATE sessions SET reason = $2, ended = COALESCE(\
                         (SELECT max(places.ended) FROM places WHERE places.session = sessions.id), $1) WHERE ended IS NULL";
        let done =
            sqlx::query(statement).bind(number(at)).bind(reason).execute(&self.rows.pool).await.map_err(unreachable)?;
        Ok(done.rows_affected())
    }
}

impl Sessions for Store {
    fn list(&self, wanted: Wanted) -> Later<'_, Result<Vec<Listed>, Fault>> {
        Box::pin(async move {
            let rows = asked(&wanted).build().fetch_all(&self.rows.pool).await.map_err(unreachable)?;
            rows.iter().map(read).collect()
        })
    }

    fn show(&self, session: SessionId) -> Later<'_, Result<Option<Listed>, Fault>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
                .bind(session.to_string())
                .fetch_optional(&self.rows.pool)
                .await
                .map_err(unreachable)?;
            row.as_ref().map(read).transpose()
        })
    }
}

/// The statement that finds what is wanted. THREAT: a store that reads all its sessions for whoever asks; so nothing is in
/// it but what is asked for, and an index answers each of that.
pub(super) fn asked(wanted: &Wanted) -> QueryBuilder<Sqlite> {
    let Wanted { own, principal, target, live, before, most } = wanted;
    // names sort by time of birth; `~` comes after all of them
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let mut statement = QueryBuilder::new("SELECT * FROM sessions WHERE id < ");
    statement.push_bind(before);
    let filters = [("owner", own.as_ref().map(owner)), ("who", principal.clone()), ("target", target.clone())];
    for (column, value) in filters {
        if let Some(value) = value {
            statement.push(" AND ").push(column).push(" = ").push_bind(value);
        }
    }
    match live {
        Some(true) => drop(statement.push(" AND ended IS NULL")),
        Some(false) => drop(statement.push(" AND ended IS NOT NULL")),
        None => {}
    }
    statement.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(*most));
    statement
}

/// Who somebody is, whatever their groups: all parts, so that no two are one.
fn owner(principal: &PrincipalSummary) -> String {
    let PrincipalSummary { kind, name, issuer, subject, groups: _, acts_for } = principal;
    serde_json::json!([kind.word(), name, issuer, subject, acts_for]).to_string()
}

fn read(row: &SqliteRow) -> Result<Listed, Fault> {
    let id: String = row.try_get("id").map_err(unreachable)?;
    let principal: String = row.try_get("principal").map_err(unreachable)?;
    let started: i64 = row.try_get("started").map_err(unreachable)?;
    let ended: Option<i64> = row.try_get("ended").map_err(unreachable)?;
    Ok(Listed {
        principal: serde_json::from_str(&principal).map_err(|error| unreadable(&id, error))?,
        id: id.parse().map_err(|error| unreadable(&id, error))?,
        target: row.try_get("target").map_err(unreachable)?,
        protocol: row.try_get("protocol").map_err(unreachable)?,
        client: row.try_get("client").map_err(unreachable)?,
        started: moment(started),
        ended: ended.map(moment),
        reason: row.try_get("reason").map_err(unreachable)?,
    })
}
