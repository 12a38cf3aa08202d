//! A gateway around the real protocol and a real sshd: everything else is a fake of the testkit.
//!
//! Enter at [`Gateway::start`].

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use postern_core::gate::Gate;
use postern_core::ports::{Client, Duplex, Encrypt, Encrypted, Later, Protocol as _};
use postern_core::{Code, Fault, Secret};
use postern_protocols::ssh::Ssh;
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use postern_testkit::sshd::{Options, SshServer, account, installed};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

/// The start of every policy: a bot, an approver, and the one target.
const PREAMBLE: &str = r#"
[[principal]]
name   = "bot"
kind   = "workload"
issuer = "corp"
claims = { sub = "bot" }
groups = ["ci"]

[[principal]]
name   = "dana"
kind   = "human"
issuer = "corp"
claims = { sub = "dana" }
groups = ["dba"]

[[target]]
name     = "web"
protocol = "ssh"
address  = "127.0.0.1:PORT"
host_key = "HOSTKEY"
login    = { user = "ACCOUNT", key = "env:KEY" }
"#;

/// The key of the injected account, which no client may ever see, and the line of it that is the secret.
const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
QyNTUxOQAAACCkKKHptffSTdiJXs8iHw52nn02PSINsD4fTc+R4qMdYwAAAJDTGkEX0xpB\n\
FwAAAAtzc2gtZWQyNTUxOQAAACCkKKHptffSTdiJXs8iHw52nn02PSINsD4fTc+R4qMdYw\n\
AAAEDqwLyyiGud6nMEdgi9JS6ErJHP6Q0PUvG4wv9U3bF0uKQooem199JN2IlezyIfDnae\n\
fTY9Ig2wPh9Nz5Hiox1jAAAAB3Jvb3RAdm0BAgMEBQY=\n\
-----END OPENSSH PRIVATE KEY-----\n\n";
pub(crate) const CREDENTIAL: &str = "AAAEDqwLyyiGud6nMEdgi9JS6ErJHP6Q0PUvG4wv9U3bF0uKQooem199JN2IlezyIfDnae";

/// What the gateway's own key is made of.
const SEED: [u8; 32] = [7; 32];

pub(crate) struct Gateway {
    pub(crate) server: SshServer,
    pub(crate) dwelling: Arc<Dwelling>,
    pub(crate) address: SocketAddr,
    policy: String,
    folder: tempfile::TempDir,
    _accepting: JoinSet<()>,
}

struct NoTls;

impl Encrypt for NoTls {
    fn encrypt(&self, _plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(async { Err(Fault::client(Code::ClientViolation, "there is no TLS here")) })
    }
}

/// What a program of OpenSSH did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: Option<i32>,
}

impl Gateway {
    /// A gateway with these rules in front of a server.
    pub(crate) async fn start(rules: &str) -> Result<Self> {
        Self::before(Options::default(), rules).await
    }

    /// The same in front of a server of this kind.
    pub(crate) async fn before(options: Options, rules: &str) -> Result<Self> {
        Self::leading(options, None, rules).await
    }

    /// The same, and another that poses as the server is what is reached.
    pub(crate) async fn leading(options: Options, elsewhere: Option<SocketAddr>, rules: &str) -> Result<Self> {
        let options = Options { key: Some(KEY), ..options };
        let server = tokio::task::spawn_blocking(move || SshServer::start(&options)).await??;
        let target = elsewhere.unwrap_or(server.address());
        let reach = Reach::by(move |_| {
            Box::pin(async move {
                let stream = TcpStream::connect(target).await;
                let stream = stream.map_err(|error| Fault::target(Code::TargetUnreachable, error.to_string()))?;
                stream.set_nodelay(true).ok();
                let stream: Box<dyn Duplex> = Box::new(stream);
                Ok(stream)
            })
        });
        let policy = format!("{PREAMBLE}{rules}")
            .replace(":PORT\"", &format!(":{}\"", target.port()))
            .replace("HOSTKEY", server.host_key())
            .replace("ACCOUNT", &account()?);
        let protocol = Arc::new(Ssh::new());
        let dwelling =
            Arc::new(HouseBuilder::new(policy.clone()).speaking([protocol.vocabulary()]).reaching(reach).build()?);
        dwelling.vault.put("env:KEY", server.key());
        dwelling.tokens.know("token-of-bot", "bot");
        dwelling.tokens.know("token-of-dana", "dana");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let folder = tempfile::tempdir()?;
        let key = protocol.proves(&Secret::new(SEED)).context("the gateway has no key")?;
        std::fs::write(folder.path().join("known_hosts"), format!("[127.0.0.1]:{} {key}\n", address.port()))?;
        std::fs::write(folder.path().join("askpass"), "#!/bin/sh\nprintf '%s\\n' \"$TOKEN\"\n")?;
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path().join("askpass"), executable)?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&dwelling), protocol));
        Ok(Self { server, dwelling, address, policy, folder, _accepting: accepting })
    }

    /// The policy that it began with.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    /// Forbids a program from now on.
    pub(crate) fn forbid(&self, program: &str) -> Result<()> {
        let rule = format!(
            "\n[[rule]]\nname = \"never\"\neffect = \"forbid\"\nwho = [\"*\"]\non = [\"*\"]\n\
             do = {{ actions = [\"ssh.exec\"], objects = [\"{program}\"] }}\n"
        );
        Ok(self.dwelling.change(&format!("{}{rule}", self.policy))?)
    }

    /// What every client of OpenSSH is told: no configuration of this machine, no keys, the gateway's own key alone.
    fn options(&self) -> Vec<String> {
        let known = self.folder.path().join("known_hosts");
        [
            "-F/dev/null".to_owned(),
            "-oIdentityFile=none".to_owned(),
            "-oIdentityAgent=none".to_owned(),
            "-oStrictHostKeyChecking=yes".to_owned(),
            format!("-oUserKnownHostsFile={}", known.display()),
            "-oGlobalKnownHostsFile=/dev/null".to_owned(),
            "-oPreferredAuthentications=password".to_owned(),
            "-oNumberOfPasswordPrompts=1".to_owned(),
            "-oLogLevel=ERROR".to_owned(),
        ]
        .into()
    }

    /// A program of OpenSSH that proves itself with a token.
    pub(crate) fn program(&self, program: &str, token: &str) -> Result<Command> {
        let mut command = Command::new(installed(program)?);
        command
            .args(self.options())
            .env("SSH_ASKPASS", self.folder.path().join("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("TOKEN", token)
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }

    /// `ssh`, as the bot, at the target.
    pub(crate) fn ssh(&self) -> Result<Command> {
        let mut ssh = self.program("ssh", "token-of-bot")?;
        ssh.args(["-p", &self.address.port().to_string(), "web@127.0.0.1"]);
        Ok(ssh)
    }

    /// Runs a command with `ssh`, as the bot.
    pub(crate) async fn run(&self, command: &str) -> Result<Ran> {
        let mut ssh = self.ssh()?;
        ssh.arg(command);
        ran(ssh).await
    }

    /// The same at the server itself.
    pub(crate) async fn run_directly(&self, command: &str) -> Result<Ran> {
        let mut ssh = Command::new(installed("ssh")?);
        let key = self.server.folder().join("key");
        ssh.args(["-F/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"])
            .arg("-i")
            .arg(key)
            .args(["-p", &self.server.address().port().to_string(), &format!("{}@127.0.0.1", account()?), command])
            .stdin(Stdio::null())
            .kill_on_drop(true);
        ran(ssh).await
    }
}

/// Runs a program to its end.
pub(crate) async fn ran(mut command: Command) -> Result<Ran> {
    let output = command.output().await.context("it does not run")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ran { out: text(&output.stdout), err: text(&output.stderr), status: output.status.code() })
}

async fn accept(listener: TcpListener, dwelling: Arc<Dwelling>, protocol: Arc<Ssh>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, address)) = listener.accept().await {
        let (house, protocol) = (Arc::clone(&dwelling.house), Arc::clone(&protocol));
        stream.set_nodelay(true).ok();
        sessions.spawn(async move {
            let client = Client {
                stream: Box::new(stream),
                address,
                tls: Arc::new(NoTls),
                host_seed: Arc::new(Secret::new(SEED)),
                domain: "gw.test".into(),
                plaintext: false,
            };
            protocol.serve(client, Gate::accept(house, "ssh", address)).await;
        });
    }
}
