//! A *real* OpenID provider: npm `oidc-provider`, run by `e2e/oidc/provider.mjs` on loopback.
//!
//! It shows that what we verify is what providers issue. Its tokens cannot be bent; for wrong, expired and
//! forged ones there is [`crate::issuer`]. It needs Node and `npm ci` in `e2e/oidc`, which `scripts/setup` does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

use crate::issuer::Algorithm;

/// A workload the provider knows, in groups `ci` and `deployers`, of repository `acme/shop`.
pub const WORKLOAD: &str = "deploy-bot";

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/oidc");
const PATIENCE: Duration = Duration::from_secs(30);

/// A running provider. It ends when dropped, and when this process does.
pub struct OpenidProvider {
    _node: Node,
    description: Description,
}

/// What `provider.mjs` prints when it is ready.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    clients: BTreeMap<String, Client>,
}

#[derive(Deserialize)]
struct Client {
    secret: String,
}

/// Ends with the end of its input, or when dropped.
struct Node(Child);

impl OpenidProvider {
    /// Starts one whose tokens are signed by `algorithm`.
    ///
    /// # Errors
    /// Where Node or the package is missing; then the message says what to run.
    pub fn start(algorithm: Algorithm) -> Result<Self> {
        let installed = Path::new(FOLDER).join("node_modules/oidc-provider");
        ensure!(installed.is_dir(), "{} is missing: run scripts/setup", installed.display());
        let mut log = tempfile::tempfile()?;
        let mut node = Command::new("node")
            .arg("provider.mjs")
            .env("TOKEN_ALG", algorithm.name())
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone()?)
            .spawn()
            .map(Node)
            .context("cannot run node")?;
        let output = node.0.stdout.take().context("node has no output")?;
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            told.send(read.map(|_| line)).ok();
        });
        let Ok(line) = heard.recv_timeout(PATIENCE) else {
            node.0.kill()?;
            bail!("the OpenID provider has not said within {} s that it is ready", PATIENCE.as_secs());
        };
        let line = line?;
        let Ok(description) = serde_json::from_str(&line) else {
            let mut complaint = String::new();
            log.rewind()?;
            log.read_to_string(&mut complaint)?;
            bail!("the OpenID provider did not start: {complaint}");
        };
        Ok(Self { _node: node, description })
    }

    /// Its identifier, the `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.description.issuer
    }

    /// A signed access token (RFC 9068) of [`WORKLOAD`] for audience `postern`, by client credentials.
    ///
    /// # Errors
    /// Where the provider refuses.
    pub fn access_token(&self) -> Result<String> {
        let credentials = BASE64.encode(format!("{WORKLOAD}:{}", self.secret(WORKLOAD)?).as_bytes());
        let authority = self.url().strip_prefix("http://").context("the provider is not on plain HTTP")?;
        let body = "grant_type=client_credentials";
        // HTTP/1.0, so that the answer is not chunked
        let request = format!(
            "POST /token HTTP/1.0\r\nHost: {authority}\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = TcpStream::connect(authority)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("the provider gave no answer")?;
        let answer: Value = serde_json::from_str(body)?;
        answer
            .get("access_token")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("no token: {answer}"))
    }

    /// An ID token of `alice` (in group `developers`) or `carol` (in group `dba`) for audience `postern`, by the
    /// authorization code flow.
    ///
    /// # Errors
    /// Where the provider refuses, such as a person it does not know.
    pub fn id_token(&self, person: &str) -> Result<String> {
        let login = Command::new("node")
            .args([PathBuf::from(FOLDER).join("login.mjs").as_os_str(), self.url().as_ref(), person.as_ref()])
            .env("CLIENT_SECRET", self.secret("postern")?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run node")?;
        let output = ended(login, PATIENCE).with_context(|| format!("the login of `{person}` hangs"))?;
        if !output.status.success() {
            bail!("no ID token for `{person}`: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn secret(&self, client: &str) -> Result<&str> {
        let client = self.description.clients.get(client).context("the provider has no such client")?;
        Ok(&client.secret)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // it exits at the end of its input; an error means that it has already gone
        if exits(&mut self.0, PATIENCE).is_err() {
            self.0.kill().ok();
            self.0.wait().ok();
        }
    }
}

/// What a program came to that prints little. One that takes longer is killed, and the error holds what it complained of.
fn ended(mut program: Child, patience: Duration) -> Result<Output> {
    let ended = exits(&mut program, patience);
    if ended.is_err() {
        program.kill()?;
    }
    let output = program.wait_with_output()?;
    ended.with_context(|| format!("it said: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
    Ok(output)
}

fn exits(program: &mut Child, patience: Duration) -> Result<()> {
    let started = Instant::now();
    while program.try_wait()?.is_none() {
        ensure!(started.elapsed() < patience, "node has not ended within {patience:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
