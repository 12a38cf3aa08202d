//! A real OpenSSH server for a test, on loopback, as whoever runs the test.
//!
//! It takes the keys that it is given for the account of the test itself, and can write down which commands it was asked to
//! run. Enter at [`SshServer::start`].

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where it finds the authority whose certificates it takes.
const AUTHORITY: &str = "authority.pub";

/// What kind of server a test wants.
#[derive(Default)]
pub struct Options {
    /// Whether every command is written down before it runs. Subsystems are then commands like any other.
    pub noted: bool,
    /// Further lines of `sshd_config`, which stand before its own: the first that says something counts.
    pub settings: Vec<String>,
    /// The private key that it takes; one of its own where there is none here.
    pub key: Option<&'static str>,
}

/// A server that ends with this.
pub struct SshServer {
    folder: TempDir,
    address: SocketAddr,
    host_key: String,
    key: String,
    process: Child,
}

impl SshServer {
    /// Starts one.
    ///
    /// # Errors
    /// Where there is no `sshd`, or it does not listen.
    pub fn start(options: &Options) -> Result<Self> {
        let sshd = installed("sshd")?;
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let host_key = made(&at("host_key"), "ed25519")?;
        let public = match options.key {
            Some(key) => given(&at("key"), key)?,
            None => made(&at("key"), "ed25519")?,
        };
        fs::write(at("authorized_keys"), public)?;
        fs::write(at(AUTHORITY), "")?;
        let noted = at("commands");
        fs::write(&noted, "")?;
        // sshd, started by root, wants the folder of its unprivileged half
        if fs::metadata("/run/sshd").is_err() {
            fs::create_dir("/run/sshd").ok();
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut settings = options.settings.clone();
        settings.extend([
            format!("ListenAddress {address}"),
            format!("HostKey {}", at("host_key").display()),
            format!("AuthorizedKeysFile {}", at("authorized_keys").display()),
            format!("TrustedUserCAKeys {}", at(AUTHORITY).display()),
            "StrictModes no".to_owned(),
            "UsePAM no".to_owned(),
            "PasswordAuthentication no".to_owned(),
            "KbdInteractiveAuthentication no".to_owned(),
            "PermitRootLogin yes".to_owned(),
            "PidFile none".to_owned(),
            "AcceptEnv *".to_owned(),
            "PrintMotd no".to_owned(),
            "MaxSessions 100".to_owned(),
            "MaxStartups 100".to_owned(),
            "Subsystem sftp internal-sftp".to_owned(),
        ]);
        if options.noted {
            let script = at("note");
            let text = "#!/bin/sh\nprintf '%s\\n' \"$SSH_ORIGINAL_COMMAND\" >> COMMANDS\nexec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n";
            fs::write(&script, text.replace("COMMANDS", &noted.display().to_string()))?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
            settings.push(format!("ForceCommand {}", script.display()));
        }
        fs::write(at("sshd_config"), settings.join("\n") + "\n")?;
        let log = fs::File::create(at("log"))?;
        // sshd closes every file that there may be before it runs anything, one by one
        let process = Command::new("/bin/sh")
            .args(["-c", "ulimit -n 1024; exec \"$0\" -D -e -f \"$1\""])
            .arg(sshd)
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("sshd does not start")?;
        let host_key = words(&host_key);
        let key = fs::read_to_string(at("key"))?;
        let mut server = Self { folder, address, host_key, key, process };
        server.listens()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its own public key: type and base64.
    #[must_use]
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// The private key that it takes.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Takes certificates of this authority from now on.
    ///
    /// # Errors
    /// Where that cannot be written down.
    pub fn trust(&self, authority: &str) -> Result<()> {
        Ok(fs::write(self.folder().join(AUTHORITY), authority)?)
    }

    /// A folder of its own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The commands that it was asked to run, where it writes them down.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn commands(&self) -> Result<Vec<String>> {
        Ok(fs::read_to_string(self.folder().join("commands"))?.lines().map(str::to_owned).collect())
    }

    /// What it has logged.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder().join("log"))?)
    }

    fn listens(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("sshd ended, {status}: {}", self.log()?);
            }
            ensure!(started.elapsed() < PATIENCE, "sshd does not listen: {}", self.log()?);
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The account that a test runs as, and so the only one that its servers let in.
///
/// # Errors
/// Where `id` does not say.
pub fn account() -> Result<String> {
    let output = Command::new("id").arg("-un").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Where a program of OpenSSH is.
///
/// # Errors
/// Where it is not installed.
pub fn installed(program: &str) -> Result<PathBuf> {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = places.iter().map(|place| Path::new(place).join(program)).find(|path| path.exists());
    found.with_context(|| format!("`{program}` is not installed: run scripts/setup test"))
}

/// Makes a key of this type; its public half.
///
/// # Errors
/// Where `ssh-keygen` makes none.
pub fn made(file: &Path, kind: &str) -> Result<String> {
    let status = Command::new(installed("ssh-keygen")?)
        .args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "ssh-keygen made no key");
    Ok(fs::read_to_string(file.with_extension("pub"))?)
}

/// Writes a private key down; its public half.
fn given(file: &Path, key: &str) -> Result<String> {
    fs::write(file, key)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
    let output = Command::new(installed("ssh-keygen")?).arg("-y").arg("-f").arg(file).output()?;
    ensure!(output.status.success(), "ssh-keygen cannot read the key");
    Ok(String::from_utf8(output.stdout)?)
}

/// The first two words of a public key.
fn words(public: &str) -> String {
    public.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
