//! The real psql, pointed at the gateway as one of the actors, exactly as a person would.
//!
//! All that it ever prints is kept, to be searched for what no client should see.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use postern_core::ApprovalId;
use postern_localpg::Installation;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::failure::Failure;

use super::scene::{Actor, Scene};

/// Longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client that goes with an installation.
pub(super) fn program(installation: &Installation) -> Result<PathBuf> {
    installation.psql().map_err(|error| Failure::new(error.to_string()).hint("install PostgreSQL's client").into())
}

/// How psql is told where to go.
pub(super) fn connection(scene: &Scene, actor: Actor) -> String {
    format!(
        "host=localhost port={} dbname=shop user={} sslmode=verify-full sslrootcert={}",
        scene.ports.postgres,
        actor.name(),
        scene.authority().display()
    )
}

/// Runs psql, and remembers what it said.
pub(super) struct Psql<'s> {
    scene: &'s Scene,
    program: PathBuf,
    heard: Mutex<Vec<u8>>,
}

/// What psql printed.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) ok: bool,
    pub(super) out: String,
    pub(super) err: String,
}

/// A psql whose statement waits for a human.
pub(super) struct Waiting {
    child: Child,
    err: Lines<BufReader<ChildStderr>>,
    heard: String,
    pub(super) approval: ApprovalId,
    pub(super) notice: String,
}

impl<'s> Psql<'s> {
    pub(super) fn new(scene: &'s Scene, program: PathBuf) -> Self {
        Self { scene, program, heard: Mutex::default() }
    }

    /// Runs a statement to its end.
    pub(super) async fn run(&self, actor: Actor, statement: &str) -> Result<Said> {
        let mut command = self.command(actor, statement)?;
        let output = timeout(PATIENCE, command.arg("--tuples-only").output()).await;
        let output = output.context("psql did not end")?.context("psql does not run")?;
        self.hear(&output.stdout);
        self.hear(&output.stderr);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        Ok(Said { ok: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// Runs a statement until it is told that it waits for a human.
    pub(super) async fn hold(&self, actor: Actor, statement: &str) -> Result<Waiting> {
        let mut child = self.command(actor, statement)?.spawn().context("psql does not run")?;
        let err = child.stderr.take().context("psql has no standard error")?;
        let mut err = BufReader::new(err).lines();
        let mut heard = String::new();
        while let Some(line) = timeout(PATIENCE, err.next_line()).await.context("psql was not told anything")?? {
            self.hear(line.as_bytes());
            heard.push_str(&line);
            heard.push('\n');
            if let Some(approval) = approval_in(&line) {
                return Ok(Waiting { child, err, heard, approval, notice: line });
            }
        }
        Err(Failure::new(format!("it was not held: {}", heard.trim())).into())
    }

    /// Waits for what has become of a statement that was held.
    pub(super) async fn ended(&self, waiting: Waiting) -> Result<Said> {
        let Waiting { mut child, mut err, mut heard, .. } = waiting;
        let mut out = Vec::new();
        let mut stdout = child.stdout.take().context("psql has no standard output")?;
        let rest = async {
            while let Some(line) = err.next_line().await? {
                heard.push_str(&line);
                heard.push('\n');
            }
            stdout.read_to_end(&mut out).await?;
            child.wait().await
        };
        let status = timeout(PATIENCE, rest).await.context("psql did not end")??;
        self.hear(heard.as_bytes());
        self.hear(&out);
        let out = String::from_utf8_lossy(&out).trim_end().to_owned();
        Ok(Said { ok: status.success(), out, err: heard.trim_end().to_owned() })
    }

    /// All that was ever printed.
    pub(super) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, bytes: &[u8]) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }

    /// The token goes through the environment of this one process, never through its arguments.
    fn command(&self, actor: Actor, statement: &str) -> Result<Command> {
        let token = std::fs::read_to_string(self.scene.token(actor))?;
        let mut command = Command::new(&self.program);
        command
            .args(["--no-psqlrc", "--no-align", "--command"])
            .arg(statement)
            .arg("--dbname")
            .arg(connection(self.scene, actor))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("PGPASSWORD", token)
            .env("PGCONNECT_TIMEOUT", "20")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }
}

/// The approval that a line names.
fn approval_in(line: &str) -> Option<ApprovalId> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| word.parse().ok()).next()
}
