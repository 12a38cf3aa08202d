//! One running server: its folder, its configuration, its process.
//!
//! Invariant: the server and its temporary folder end with their owner, however he ends.
//! `supervise.sh` sees to it from the other end of a pipe.

mod configuration;

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::account::Account;
use crate::{Error, Installation, sql};

/// The superuser of every server started here. It has no password: only the private socket lets it in.
pub const SUPERUSER: &str = "postgres";

const SUPERVISE: &str = include_str!("server/supervise.sh");
const PATIENCE: Duration = Duration::from_secs(60);
const PORT_ATTEMPTS: u32 = 5;

/// How to run a server. The default is a temporary one for tests.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the data live.
    pub data: Data,
    /// The port on 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// With this certificate the server speaks TLS, without it plain text only.
    pub tls: Option<Tls>,
    /// Lines of `pg_hba.conf` for TCP connections; where empty, everybody needs a SCRAM password.
    pub host_rules: Vec<String>,
    /// Further settings of `postgresql.conf`, such as `log_statement` = `all`. The last of a name wins.
    pub settings: Vec<(String, String)>,
}

/// Where the data of a server live, and how much they are worth.
#[derive(Debug, Clone, Default)]
pub enum Data {
    /// In a folder that goes with the server. Not synced to disk: fast, and lost with the power.
    #[default]
    Temporary,
    /// In this folder, made where it is missing, used again where it is there.
    Kept(PathBuf),
}

/// What the server proves itself with; both PEM.
#[derive(Clone)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub certificate: String,
    /// The private key of the leaf.
    pub key: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// A running PostgreSQL server on 127.0.0.1. Dropping it stops it, and waits until it has stopped.
#[derive(Debug)]
pub struct Server {
    supervisor: Child,
    home: TempDir,
    data: PathBuf,
    installation: Installation,
    port: u16,
    fresh: bool,
}

impl Server {
    /// Starts a server and waits until it takes connections; takes one to two seconds.
    ///
    /// # Errors
    /// [`Error::Start`] with the end of the server's log, [`Error::Slow`], [`Error::Unreachable`], [`Error::Io`].
    pub fn start(installation: &Installation, options: &Options) -> Result<Self, Error> {
        if let Some(port) = options.port {
            return Self::start_on(port, installation, options);
        }
        let mut attempt: u32 = 1;
        loop {
            match Self::start_on(free_port()?, installation, options) {
                // somebody else took the port between our asking and the server's binding
                Err(Error::Start { log }) if attempt < PORT_ATTEMPTS && log.contains("could not bind") => {
                    attempt = attempt.saturating_add(1);
                }
                outcome => return outcome,
            }
        }
    }

    fn start_on(port: u16, installation: &Installation, options: &Options) -> Result<Self, Error> {
        let account = Account::for_server()?;
        account.can_enter(installation.bin())?;
        let home = make_home(&account)?;
        let data = match &options.data {
            Data::Temporary => home.path().join("data"),
            Data::Kept(folder) => keep_folder(folder, &account)?,
        };
        let fresh = !data.join("PG_VERSION").exists();
        for (name, text) in configuration::files(home.path(), port, options) {
            write_private(&home.path().join(name), &text, &account)?;
        }
        let supervisor = supervise(home.path(), &data, installation, options, &account)?;
        let mut server = Self { supervisor, home, data, installation: installation.clone(), port, fresh };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket; whoever can enter it is let in as any role.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        self.home.path()
    }

    /// The file it logs to. It goes with the server.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// Whether its data were made by this start, rather than found in a kept folder.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// What it runs from.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Runs a script of SQL as superuser, and returns its rows: unaligned, `|` between columns.
    ///
    /// # Errors
    /// [`Error::Sql`] at the first statement that fails, [`Error::NoPsql`], [`Error::Io`].
    pub fn run_sql(&self, database: &str, script: &str) -> Result<String, Error> {
        sql::run(self, database, script)
    }

    /// Makes a role that may log in with `password`.
    ///
    /// # Errors
    /// As [`Server::run_sql`].
    pub fn create_login(&self, role: &str, password: &str) -> Result<(), Error> {
        let statement = format!("CREATE ROLE {} LOGIN PASSWORD {};", sql::identifier(role), sql::literal(password));
        self.run_sql("postgres", &statement).map(drop)
    }

    /// Stops it and waits until it has stopped, as dropping it does.
    pub fn stop(self) {
        drop(self);
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now().checked_add(PATIENCE);
        loop {
            if self.is_ready() {
                return Ok(());
            }
            let ended = self.supervisor.try_wait().map_err(Error::io("wait for", "/bin/sh"))?;
            if ended.is_some() {
                return Err(Error::Start { log: self.end_of_log() });
            }
            if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Err(Error::Slow { seconds: PATIENCE.as_secs(), log: self.end_of_log() });
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Line 8 of the server's own lock file tells its state, line 5 its socket folder (`miscadmin.h`).
    /// That folder is new with every start, so a file left behind by a crash is never taken for ours.
    fn is_ready(&self) -> bool {
        let Ok(lock) = fs::read_to_string(self.data.join("postmaster.pid")) else {
            return false;
        };
        let lines: Vec<&str> = lock.lines().map(str::trim).collect();
        lines.get(4).is_some_and(|folder| Path::new(folder) == self.home.path()) && lines.get(7) == Some(&"ready")
    }

    fn end_of_log(&self) -> String {
        const LINES: usize = 12;
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // bounded: the supervisor ends with SIGKILL what does not end by itself; an error means it is gone already
        let _gone = self.supervisor.wait();
    }
}

/// A folder for configuration, certificates, socket and log, closed to everybody but the server's account.
fn make_home(account: &Account) -> Result<TempDir, Error> {
    let root = account.temporary_root();
    let home = tempfile::Builder::new()
        .prefix("postern-pg-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(&root)
        .map_err(Error::io("make a folder in", root))?;
    account.own(home.path())?;
    Ok(home)
}

/// Makes a kept folder, gives it to the server's account while it is empty, and resolves it.
fn keep_folder(folder: &Path, account: &Account) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    let folder = folder.canonicalize().map_err(Error::io("resolve", folder))?;
    let mut entries = fs::read_dir(&folder).map_err(Error::io("read", &folder))?;
    if entries.next().is_none() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(Error::io("close", &folder))?;
        account.own(&folder)?;
    }
    account.can_enter(&folder)?;
    Ok(folder)
}

fn write_private(path: &Path, text: &str, account: &Account) -> Result<(), Error> {
    let mut file = create_private(path, account)?;
    file.write_all(text.as_bytes()).map_err(Error::io("write", path))
}

fn create_private(path: &Path, account: &Account) -> Result<File, Error> {
    let file =
        File::options().append(true).create_new(true).mode(0o600).open(path).map_err(Error::io("write", path))?;
    account.own(path)?;
    Ok(file)
}

/// Starts the shell that makes the data, runs the server, and ends both with us.
fn supervise(
    home: &Path,
    data: &Path,
    installation: &Installation,
    options: &Options,
    account: &Account,
) -> Result<Child, Error> {
    let log_path = home.join("server.log");
    let log = create_private(&log_path, account)?;
    let also = log.try_clone().map_err(Error::io("open", log_path))?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SUPERVISE, "postern-localpg"]).args([home, installation.bin(), data]).args([
        "--username",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    ]);
    if matches!(options.data, Data::Temporary) {
        command.arg("--no-sync");
    }
    // nothing of our environment reaches the server: PGDATA, PGPORT, LD_LIBRARY_PATH or a locale would change it
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").current_dir(home);
    account.run(&mut command);
    command.process_group(0).stdin(Stdio::piped()).stdout(log).stderr(also);
    command.spawn().map_err(Error::io("run", "/bin/sh"))
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::io("find a free port on", "127.0.0.1"))
}

#[cfg(test)]
mod tests;
