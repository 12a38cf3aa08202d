//! Approvals: each is one row, and each change of it a compare-and-swap of the whole row by its version.
//!
//! What a change means, and whether it counts, [`Approval`] says. Those who wait hear of changes in this process at
//! once, and look for others' once a second.

use std::time::Duration;

use postern_core::approval::{Answered, Approval, Choice, Refusal, Settled, State};
use postern_core::fault::Fault;
use postern_core::id::ApprovalId;
use postern_core::identity::Principal;
use postern_core::ports::{Approvals, Later};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tokio::sync::broadcast::error::RecvError;

use super::{Rows, Store, number, unavailable, unreachable, unreadable};

/// How often those who wait look for themselves.
const LOOK: Duration = Duration::from_secs(1);

impl Approvals for Store {
    fn ask(&self, approval: Approval) -> Later<'_, Result<(), Fault>> {
        Box::pin(self.rows.insert(approval))
    }

    fn settled(&self, id: ApprovalId) -> Later<'_, Result<Settled, Fault>> {
        Box::pin(self.rows.settled(id))
    }

    fn withdraw(&self, id: ApprovalId) -> Later<'_, Result<(), Fault>> {
        Box::pin(async move { self.rows.change(id, Approval::withdraw).await.map(|_| ()) })
    }

    fn consume<'a>(&'a self, id: ApprovalId, digest: &'a str) -> Later<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let now = self.rows.clock.now();
            Ok(self.rows.change(id, |approval| approval.consume(digest, now)).await?.unwrap_or(false))
        })
    }

    fn about<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Vec<Approval>, Fault>> {
        Box::pin(self.rows.about(digest))
    }

    fn answer<'a>(
        &'a self,
        id: ApprovalId,
        by: &'a Principal,
        choice: Choice,
        reason: Option<&'a str>,
    ) -> Later<'a, Result<Answered, Fault>> {
        Box::pin(async move {
            let now = self.rows.clock.now();
            let answered = self.rows.change(id, |approval| approval.answer(by, choice, reason, now)).await?;
            Ok(answered.unwrap_or(Answered::Refused(Refusal::Unknown)))
        })
    }

    fn list(&self) -> Later<'_, Result<Vec<Approval>, Fault>> {
        Box::pin(self.rows.list())
    }

    fn show(&self, id: ApprovalId) -> Later<'_, Result<Option<Approval>, Fault>> {
        Box::pin(self.rows.show(id))
    }
}

impl Rows {
    async fn insert(&self, approval: Approval) -> Result<(), Fault> {
        let statement = "INSERT INTO approvals (id, state, digest, asked, expires, version, body) \
                         VALUES ($1, $2, $3, $4, $5, 1, $6)";
        sqlx::query(statement)
            .bind(approval.id.to_string())
            .bind(approval.state.word())
            .bind(&approval.digest)
            .bind(number(approval.asked))
            .bind(number(approval.expires))
            .bind(written(&approval)?)
            .execute(&self.pool)
            .await
            .map_err(unreachable)?;
        self.tell(approval.id);
        Ok(())
    }

    /// Changes an approval as it stands now, after letting it lapse where its time is over. Tells what the change
    /// gave; `None` where there is no such approval.
    async fn change<T>(&self, id: ApprovalId, change: impl Fn(&mut Approval) -> T) -> Result<Option<T>, Fault> {
        // Each turn that fails is one in which somebody else has succeeded, so this ends.
        loop {
            let Some((seen, version)) = self.find(id).await? else { return Ok(None) };
            let mut next = seen.clone();
            next.lapse(self.clock.now());
            let outcome = change(&mut next);
            if next == seen || self.swap(&next, version).await? {
                return Ok(Some(outcome));
            }
        }
    }

    async fn find(&self, id: ApprovalId) -> Result<Option<(Approval, i64)>, Fault> {
        let row = sqlx::query("SELECT id, body, version FROM approvals WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(unreachable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((read(&row)?, row.try_get("version").map_err(unreachable)?)))
    }

    /// INVARIANT: of all who have seen the same version, one succeeds.
    async fn swap(&self, next: &Approval, seen: i64) -> Result<bool, Fault> {
        let statement = "UPDATE approvals SET state = $1, body = $2, version = version + 1 \
                         WHERE id = $3 AND version = $4";
        let done = sqlx::query(statement)
            .bind(next.state.word())
            .bind(written(next)?)
            .bind(next.id.to_string())
            .bind(seen)
            .execute(&self.pool)
            .await
            .map_err(unreachable)?;
        let swapped = done.rows_affected() == 1;
        if swapped {
            self.tell(next.id);
        }
        Ok(swapped)
    }

    async fn settled(&self, id: ApprovalId) -> Result<Settled, Fault> {
        // Listening begins before looking, so that no change falls between the two.
        let mut changes = self.changed.subscribe();
        loop {
            let Some((approval, settled)) = self.change(id, |approval| (approval.clone(), approval.settled())).await?
            else {
                return Err(unavailable(format!("approval `{id}` is not in the store any more")));
            };
            if let Some(settled) = settled {
                return Ok(settled);
            }
            let left = approval.expires.since(self.clock.now());
            let changed = async {
                loop {
                    match changes.recv().await {
                        Ok(other) if other != id => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => return,
                        // The store itself is the sender.
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            let _ = tokio::time::timeout(left.clamp(Duration::from_millis(1), LOOK), changed).await;
        }
    }

    async fn about(&self, digest: &str) -> Result<Vec<Approval>, Fault> {
        let rows = sqlx::query("SELECT id, body FROM approvals WHERE digest = $1 ORDER BY asked DESC, id DESC")
            .bind(digest)
            .fetch_all(&self.pool)
            .await
            .map_err(unreachable)?;
        let now = self.clock.now();
        let mut found = self.lapsed(&rows)?;
        found.retain(|approval| match approval.state {
            State::Pending => true,
            State::Granted => approval.is_usable(now),
            State::Used => approval.serves_again(now),
            State::Denied | State::Expired | State::Withdrawn => false,
        });
        Ok(found)
    }

    async fn list(&self) -> Result<Vec<Approval>, Fault> {
        // All that wait, and of the others as many as anybody wants to look at.
        let statement = "SELECT id, body FROM approvals \
                         WHERE state = 'pending' OR id IN (SELECT id FROM approvals ORDER BY asked DESC LIMIT 1000) \
                         ORDER BY asked DESC, id DESC";
        let rows = sqlx::query(statement).fetch_all(&self.pool).await.map_err(unreachable)?;
        self.lapsed(&rows)
    }

    async fn show(&self, id: ApprovalId) -> Result<Option<Approval>, Fault> {
        self.change(id, |approval| approval.clone()).await
    }

    pub(super) async fn lapse_all(&self) -> Result<(), Fault> {
        let over = sqlx::query("SELECT id, body FROM approvals WHERE state = 'pending' AND expires <= $1")
            .bind(number(self.clock.now()))
            .fetch_all(&self.pool)
            .await
            .map_err(unreachable)?;
        for row in &over {
            self.change(read(row)?.id, |_| ()).await?;
        }
        Ok(())
    }

    /// The approvals in these rows, as they stand now.
    fn lapsed(&self, rows: &[SqliteRow]) -> Result<Vec<Approval>, Fault> {
        let now = self.clock.now();
        let mut approvals = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for approval in &mut approvals {
            approval.lapse(now);
        }
        Ok(approvals)
    }

    fn tell(&self, id: ApprovalId) {
        // Nobody may be listening.
        let _ = self.changed.send(id);
    }
}

fn written(approval: &Approval) -> Result<String, Fault> {
    serde_json::to_string(approval).map_err(|error| unavailable("an approval cannot be written").cause(error))
}

fn read(row: &SqliteRow) -> Result<Approval, Fault> {
    let id: String = row.try_get("id").map_err(unreachable)?;
    let body: String = row.try_get("body").map_err(unreachable)?;
    serde_json::from_str(&body).map_err(|error| unreadable(&id, error))
}
