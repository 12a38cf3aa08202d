//! The list of sessions: who was where, from when to when. For people to look at; evidence is the journal's.
//!
//! Enter at [`Store::session_opened`] and [`Store::sessions`].

use postern_core::clock::Micros;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::identity::PrincipalSummary;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, moment, number, unavailable, unreachable, unreadable};

/// One session, past or present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Who.
    pub principal: PrincipalSummary,
    /// The target's name.
    pub target: String,
    /// The protocol's name.
    pub protocol: String,
    /// From where.
    pub client: String,
    /// When it began.
    pub started: Micros,
    /// When it ended; `None` while it lasts.
    pub ended: Option<Micros>,
    /// Why it ended.
    pub reason: Option<String>,
}

impl Store {
    /// Puts a session that begins on the list.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn session_opened(&self, session: &Session) -> Result<(), Fault> {
        let principal = serde_json::to_string(&session.principal)
            .map_err(|error| unavailable("a principal cannot be written").cause(error))?;
        let statement = "INSERT INTO sessions (id, principal, target, protocol, client, started, ended, reason) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(statement)
            .bind(session.id.to_string())
            .bind(principal)
            .bind(&session.target)
            .bind(&session.protocol)
            .bind(&session.client)
            .bind(number(session.started))
            .bind(session.ended.map(number))
            .bind(&session.reason)
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
    /// killed. Tells how many they were.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn sessions_lost(&self, at: Micros, reason: &str) -> Result<u64, Fault> {
        let done = sqlx::query("UPDATE sessions SET ended = $1, reason = $2 WHERE ended IS NULL")
            .bind(number(at))
            .bind(reason)
            .execute(&self.rows.pool)
            .await
            .map_err(unreachable)?;
        Ok(done.rows_affected())
    }

    /// At most `most` sessions, newest first, those before `before` where it is given.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn sessions(&self, before: Option<SessionId>, most: u32) -> Result<Vec<Session>, Fault> {
        // Names sort by time of birth; `~` comes after all of them.
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let rows = sqlx::query("SELECT * FROM sessions WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before)
            .bind(i64::from(most))
            .fetch_all(&self.rows.pool)
            .await
            .map_err(unreachable)?;
        rows.iter().map(read).collect()
    }

    /// One session.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, Fault> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.rows.pool)
            .await
            .map_err(unreachable)?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &SqliteRow) -> Result<Session, Fault> {
    let id: String = row.try_get("id").map_err(unreachable)?;
    let principal: String = row.try_get("principal").map_err(unreachable)?;
    let started: i64 = row.try_get("started").map_err(unreachable)?;
    let ended: Option<i64> = row.try_get("ended").map_err(unreachable)?;
    Ok(Session {
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
