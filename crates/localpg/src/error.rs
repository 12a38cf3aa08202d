//! What can go wrong between finding a PostgreSQL and talking to it, and what to do about it.
//! Messages may hold lines of the server's log; none holds a password. Enter at [`Error`].

use std::io;
use std::path::PathBuf;

/// Why there is no running server, or no answer from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable installation of the wanted major version, or of any.
    #[error("no PostgreSQL{} found on this machine", .wanted.map(|major| format!(" {major}")).unwrap_or_default())]
    NotInstalled {
        /// The major version asked for; `None` where any would do.
        wanted: Option<u32>,
    },
    /// The server was found, its command line client was not.
    #[error("no `psql` found on this machine")]
    NoPsql,
    /// PostgreSQL refuses to run as root, and no other account is there to run it.
    #[error("neither a user `postgres` nor `nobody` exists to run PostgreSQL")]
    NoAccount,
    /// The account that runs the server may not enter a folder it needs.
    #[error("user `{user}` cannot enter `{}`", .folder.display())]
    Unreachable {
        /// The folder that must be entered.
        folder: PathBuf,
        /// The account that runs the server.
        user: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL did not start: {log}")]
    Start {
        /// The last lines of its log.
        log: String,
    },
    /// The server lives, but did not become ready in time.
    #[error("PostgreSQL is not ready after {seconds} s: {log}")]
    Slow {
        /// How long it was waited for.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The server refused a statement.
    #[error("{message}")]
    Sql {
        /// What psql printed.
        message: String,
    },
    /// The operating system refused.
    #[error("cannot {attempt} `{}`: {source}", .path.display())]
    Io {
        /// What was attempted, as a verb.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
}

impl Error {
    /// What the operator can do, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotInstalled { .. } => Some(
                "run scripts/setup, install PostgreSQL, or set POSTERN_PG_BIN to the folder that holds `postgres` and `initdb`",
            ),
            Self::NoPsql => Some("install the PostgreSQL client (on Debian: postgresql-client)"),
            Self::NoAccount => Some("run as an ordinary user instead of root"),
            Self::Unreachable { .. } => Some(
                "PostgreSQL refuses to run as root; choose a folder that other users may enter, such as one under /var/tmp",
            ),
            Self::Start { .. } | Self::Slow { .. } | Self::Sql { .. } | Self::Io { .. } => None,
        }
    }

    /// Wraps an [`io::Error`] with what was attempted on which path; for `map_err`.
    pub(crate) fn io(attempt: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { attempt, path, source }
    }
}
