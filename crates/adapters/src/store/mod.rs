//! What must outlive a restart and is not evidence: approvals that wait for humans, the list of sessions, and, sealed,
//! secrets and credentials.
//!
//! SQLite, in a subset of SQL that PostgreSQL reads alike. What an approval's states mean is core's; here a state is
//! only ever replaced by the next one in a compare-and-swap. Enter at [`Store::open`].

mod approvals;
mod credentials;
mod places;
mod secrets;
mod sessions;

#[cfg(test)]
mod tests;

pub(crate) use credentials::{CredentialRow, NewCredential};
pub(crate) use places::{Place, bit};
pub use secrets::SealedSecret;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::id::ApprovalId;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a writer waits for another one, and anybody for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long approvals that are over are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a credential that is over is still known after the last session that it may have opened: whoever comes with
/// it hears why it is refused.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How long sessions that are over stay on the list: those of a year, whose recordings may well be kept.
const LISTED: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How often the store looks for questions whose time is over, and for what it need not keep.
const ROUND: Duration = Duration::from_secs(5);

/// The gateway's store. Its housekeeping ends when it is dropped.
pub struct Store {
    rows: Arc<Rows>,
    _housekeeping: JoinSet<()>,
}

/// The tables, and who in this process wants to hear of changes.
struct Rows {
    pool: SqlitePool,
    clock: Arc<dyn Clock>,
    changed: broadcast::Sender<ApprovalId>,
    /// The longest that a session lasts, in seconds.
    longest: AtomicU64,
}

impl Store {
    /// Opens the store in the file `path`, and makes it where it is missing. Only the gateway's own account may read
    /// it.
    ///
    /// # Errors
    /// [`Code::StoreUnavailable`], and why.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        prepare(path).map_err(|error| {
            unavailable(format!("the store `{}` cannot be written", path.display()))
                .hint(format!("see that the gateway's account may write there: {error}"))
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // An approval that was used must not be unused again by a power loss.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let broken = |error: &dyn std::error::Error| {
            unavailable(format!("the store `{}` cannot be used", path.display()))
                .hint("restore it from a backup, or move it away: a new one is made")
                .cause(crate::tls::chain(error))
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|error| broken(&error))?;
        MIGRATIONS.run(&pool).await.map_err(|error| broken(&error))?;
        let (changed, _) = broadcast::channel(256);
        let rows = Arc::new(Rows { pool, clock, changed, longest: AtomicU64::new(0) });
        let mut housekeeping = JoinSet::new();
        housekeeping.spawn(keep_house(Arc::clone(&rows)));
        Ok(Self { rows, _housekeeping: housekeeping })
    }

    /// States how long a session lasts at most: what can end one when it is taken back is known for as long.
    pub fn sessions_last(&self, longest: Duration) {
        self.rows.longest.store(longest.as_secs(), Ordering::Relaxed);
    }

    /// Finishes what is being written and closes the store; it is of no use afterwards.
    pub async fn close(&self) {
        self.rows.pool.close().await;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.rows.pool.is_closed()
    }

    /// Hears of every approval that is asked or changed in this process.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<ApprovalId> {
        self.rows.changed.subscribe()
    }
}

async fn keep_house(rows: Arc<Rows>) {
    while !rows.pool.is_closed() {
        tokio::time::sleep(ROUND).await;
        if let Err(fault) = rows.tidy().await
            && !rows.pool.is_closed()
        {
            tracing::warn!(%fault, cause = fault.cause, "the store's housekeeping failed");
        }
    }
}

impl Rows {
    /// Lets questions lapse whose time is over, and forgets what has been over for long.
    async fn tidy(&self) -> Result<(), Fault> {
        self.lapse_all().await?;
        let session = Duration::from_secs(self.longest.load(Ordering::Relaxed));
        for (statement, kept) in [
            ("DELETE FROM approvals WHERE state <> 'pending' AND expires < $1", KEPT),
            ("DELETE FROM sessions WHERE ended < $1", LISTED),
            ("DELETE FROM credentials WHERE expires < $1", REMEMBERED.saturating_add(session)),
        ] {
            let before = Micros(self.clock.now().0.saturating_sub(Micros(0).after(kept).0));
            sqlx::query(statement).bind(number(before)).execute(&self.pool).await.map_err(unreachable)?;
        }
        Ok(())
    }
}

/// Makes the file, so that it is nobody else's before anything is in it; the files beside it get the same mode.
fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

fn unavailable(message: impl Into<String>) -> Fault {
    Fault::gateway(Code::StoreUnavailable, message)
}

/// The store does not answer.
fn unreachable(error: sqlx::Error) -> Fault {
    unavailable("the gateway's store does not answer").hint("try again; see the gateway's log").cause(error)
}

/// What is stored is not what this version stores.
fn unreadable(id: &str, error: impl std::fmt::Display) -> Fault {
    unavailable(format!("the gateway's store holds something unreadable under `{id}`")).cause(error)
}

fn number(moment: Micros) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

fn moment(number: i64) -> Micros {
    Micros(u64::try_from(number).unwrap_or(0))
}
