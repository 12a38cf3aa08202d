//! A gateway of the real binary in a folder of its own, and what tests do to it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use postern_adapters::clock::SystemClock;
use postern_core::Clock as _;
use postern_testkit::issuer::Issuer;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How often to look, and how long to wait in between: 20 seconds in all.
const LOOKS: usize = 1_000;
const BETWEEN: Duration = Duration::from_millis(20);

/// A folder with a configuration, and the issuer it trusts.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) issuer: Issuer,
    pub(crate) https: u16,
}

/// A gateway that was started.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), issuer: Issuer::start().unwrap(), https: free_port() };
        site.write("postern.toml", &site.config());
        site.write("policy.toml", POLICY);
        site
    }

    pub(crate) fn config(&self) -> String {
        format!(
            r#"
include = ["policy.toml"]

[gateway]
domain = "localhost"
ports = {{ postgres = 0, https = {} }}
store = "sqlite:state/postern.db"
journal = "state/journal"
seal_key = "file:state/seal.key"
tls = {{ self-signed = true }}

[[issuer]]
name = "corp"
url = "{}"
audience = "postern"
"#,
            self.https,
            self.issuer.url()
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes a token for `subject` to a file, and answers its path.
    pub(crate) fn token_file(&self, subject: &str) -> PathBuf {
        let now = SystemClock.now().seconds();
        let token = self.issuer.token(&self.issuer.claims(subject, now)).unwrap();
        self.write(&format!("{subject}.token"), &format!("{token}\n"));
        self.path(&format!("{subject}.token"))
    }

    /// Starts the gateway, and waits until it is ready.
    pub(crate) fn start(&self) -> Running {
        self.start_by("exec")
    }

    /// Starts the gateway through a shell that says something first, and waits until it is ready.
    pub(crate) fn start_by(&self, shell: &str) -> Running {
        let mut running = self.launch(shell);
        running.until("it is not ready", |running| {
            assert!(running.child.try_wait().unwrap().is_none(), "it ended: {}", running.log());
            running.log().contains("the gateway is ready").then_some(())
        });
        running
    }

    /// Starts the gateway, and expects that it ends by itself.
    pub(crate) fn start_in_vain(&self) -> (ExitStatus, String) {
        let mut running = self.launch("exec");
        let status = running.ended();
        (status, self.relative(&running.log()))
    }

    fn launch(&self, shell: &str) -> Running {
        let log = self.path(&format!("log-{}", free_port()));
        let file = fs::File::create(&log).unwrap();
        let child = clean(Command::new("/bin/sh"))
            .args(["-c", &format!("{shell} \"$0\" serve --config \"$1\""), env!("CARGO_BIN_EXE_postern")])
            .arg(self.path("postern.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Running { child, log }
    }

    /// Runs a verb in the site's folder.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        postern().args(args).current_dir(self.folder.path()).output().unwrap()
    }

    /// Runs a verb as `subject`, against this gateway.
    pub(crate) fn run_as(&self, subject: &str, args: &[&str]) -> Output {
        self.verb_as(subject, args).output().unwrap()
    }

    /// The same, to be started.
    pub(crate) fn verb_as(&self, subject: &str, args: &[&str]) -> Command {
        let gateway = format!("https://localhost:{}", self.https);
        let token = self.token_file(subject);
        let mut command = postern();
        command.args(args).args(["--gateway", &gateway, "--ca-file"]).arg(self.path("state/tls.crt"));
        command.arg("--token-file").arg(token);
        command
    }

    /// The text with this site's folder and ports taken out.
    pub(crate) fn relative(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "SITE").replace(&self.https.to_string(), "HTTPS")
    }
}

impl Running {
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the log says something.
    pub(crate) fn says(&mut self, text: &str) {
        self.until(text, |running| running.log().contains(text).then_some(()));
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.until("it does not end", |running| running.child.try_wait().unwrap())
    }

    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        for _ in 0..LOOKS {
            if let Some(found) = look(self) {
                return found;
            }
            thread::sleep(BETWEEN);
        }
        panic!("{what}: {}", self.log());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended already
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

pub(crate) fn postern() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_postern")))
}

/// Without what the environment of the tests might say.
fn clean(mut command: Command) -> Command {
    for name in ["POSTERN_LOG", "POSTERN_GATEWAY", "POSTERN_CA_FILE", "POSTERN_TOKEN_FILE"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A copy of a folder of files.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

pub(crate) fn free_port() -> u16 {
    // Below the range from which outgoing connections take theirs, so that none of them sits on it before it is
    // listened on; each process begins somewhere else, so that tests side by side do not pick the same.
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(37);
    loop {
        let port = (begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % 18_000).wrapping_add(12_000);
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The first of `count` free ports in a row.
pub(crate) fn free_ports(count: u16) -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let base = free_port();
        if (0..count).all(|offset| base.checked_add(offset).is_some_and(free)) {
            return base;
        }
    }
}

const POLICY: &str = r#"
[[principal]]
name = "{sub}"
kind = "human"
issuer = "corp"
"#;
