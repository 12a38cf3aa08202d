//! A real PostgreSQL for a test, and psql as an ordinary client of it or of the gateway.
//!
//! The server comes from [`postern_localpg`]; what is added here is what tests want: a certificate, logins,
//! sample data, and the statements it has logged. Starting and stopping block for about a second.
//!
//! Enter at [`PostgresServer::start`].

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use postern_localpg::{Installation, Options as ServerOptions, Server, Tls as ServerTls};
use tempfile::TempDir;

use crate::certificates::{Authority, LOOPBACK, Leaf};

/// What kind of server a test wants. The default is PostgreSQL 18, with TLS, without logins or data.
pub struct Options {
    /// The major version: 15 or 18.
    pub version: u32,
    /// What it shows to clients that ask for TLS.
    pub tls: Tls,
    /// Roles that may log in with a SCRAM password: name and password.
    pub logins: Vec<(String, String)>,
    /// SQL run as superuser in database `postgres`, after the logins are made.
    pub script: String,
    /// Lines of `pg_hba.conf` for TCP, in place of "everybody needs a SCRAM password".
    pub host_rules: Vec<String>,
    /// Further settings of `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

/// The TLS side of a test server.
pub enum Tls {
    /// A good certificate for this machine's loopback names, of an authority of its own.
    Trusted,
    /// The given certificate, such as an expired one.
    With(Leaf),
    /// None: plain text only.
    Off,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: 18,
            tls: Tls::Trusted,
            logins: Vec::new(),
            script: String::new(),
            host_rules: Vec::new(),
            settings: Vec::new(),
        }
    }
}

impl Options {
    /// Adds a role that may log in.
    #[must_use]
    pub fn login(mut self, role: &str, password: &str) -> Self {
        self.logins.push((role.to_owned(), password.to_owned()));
        self
    }
}

/// A real server on a free port of 127.0.0.1. It logs every statement. It is gone when dropped.
pub struct PostgresServer {
    server: Server,
    authority: Authority,
    folder: TempDir,
}

impl PostgresServer {
    /// Starts a server, makes its logins and runs its script.
    ///
    /// # Errors
    /// Where the version is not installed (then the message says what to do), the server does not start, or the
    /// script fails.
    pub fn start(options: Options) -> Result<Self> {
        let installation = Installation::discover(Some(options.version)).map_err(explain)?;
        let authority = Authority::new("postern test database authority")?;
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("ca.crt"), authority.pem())?;
        let leaf = match options.tls {
            Tls::Trusted => Some(authority.leaf(LOOPBACK)?),
            Tls::With(leaf) => Some(leaf),
            Tls::Off => None,
        };
        let tls = leaf.map(|leaf| ServerTls { certificate: leaf.pem().to_owned(), key: leaf.key_pem() });
        let mut settings = vec![("log_statement".to_owned(), "all".to_owned())];
        settings.extend(options.settings);
        let server_options =
            ServerOptions { tls, host_rules: options.host_rules, settings, ..ServerOptions::default() };
        let server = Server::start(&installation, &server_options).map_err(explain)?;
        for (role, password) in &options.logins {
            server.create_login(role, password).map_err(explain)?;
        }
        server.run_sql("postgres", &options.script).map_err(explain)?;
        Ok(Self { server, authority, folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The authority that signed its certificate, where that is [`Tls::Trusted`].
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A file with that authority's certificate, PEM.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Runs SQL as superuser, behind the gateway's back, and returns its rows: `|` between columns.
    ///
    /// # Errors
    /// Where a statement fails.
    pub fn run_sql(&self, database: &str, script: &str) -> Result<String> {
        self.server.run_sql(database, script).map_err(explain)
    }

    /// The file it logs to.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.server.log_file()
    }

    /// Every statement it has begun for `role`, in order: simple ones and executed prepared ones.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn statements(&self, role: &str) -> Result<Vec<String>> {
        let path = self.server.log_file();
        let log = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(statements_in(&log, role))
    }

    /// The command line client that fits it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn psql(&self) -> Result<PathBuf> {
        self.server.installation().psql().map_err(explain)
    }

    /// Runs `sql` through psql as an ordinary client; see [`run_psql`].
    ///
    /// # Errors
    /// What psql says.
    pub fn query(&self, connection: &str, password: &str, sql: &str) -> Result<String> {
        run_psql(&self.psql()?, connection, password, sql)
    }

    /// Stops it, as dropping it does.
    pub fn stop(self) {
        drop(self);
    }
}

/// Runs `sql` through `psql` and returns its rows: `|` between columns. `connection` is a libpq connection string;
/// the password goes by the environment. Nothing else of the environment does.
///
/// # Errors
/// What psql says on standard error.
pub fn run_psql(psql: &Path, connection: &str, password: &str, sql: &str) -> Result<String> {
    let output = Command::new(psql)
        .args(["-X", "-A", "-t", "-q", "-c", sql, "-d", connection])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("PGPASSWORD", password)
        .output()
        .with_context(|| format!("cannot run `{}`", psql.display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// Finds statements in a log whose lines begin with `%m [%p] %u@%d `. Further lines of a statement begin with a tab.
fn statements_in(log: &str, role: &str) -> Vec<String> {
    let whose = format!("] {role}@");
    let mut statements: Vec<String> = Vec::new();
    let mut open = false;
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some(last) = statements.last_mut().filter(|_| open) {
                last.push('\n');
                last.push_str(more);
            }
            continue;
        }
        let statement = line.contains(&whose).then(|| statement_on(line)).flatten();
        open = statement.is_some();
        statements.extend(statement.map(str::to_owned));
    }
    statements
}

fn statement_on(line: &str) -> Option<&str> {
    let (_, entry) = line.split_once(" LOG:  ")?;
    match entry.strip_prefix("statement: ") {
        Some(simple) => Some(simple),
        // `execute NAME: …`, or `execute fetch from NAME: …`
        None => entry.strip_prefix("execute ")?.split_once(": ").map(|(_, text)| text),
    }
}

fn explain(refusal: postern_localpg::Error) -> anyhow::Error {
    match refusal.hint() {
        Some(hint) => anyhow::anyhow!("{refusal}; {hint}"),
        None => refusal.into(),
    }
}

#[cfg(test)]
mod tests;
