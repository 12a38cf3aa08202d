//! A gateway around the real protocol and a real server: everything else is a fake of the testkit.
//!
//! Clients connect in plain text on loopback, so that psql needs no certificate. Enter at [`Gateway::start`].

use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use postern_core::gate::{Allotment, Gate};
use postern_core::ports::{Client, Duplex, Encrypt, Encrypted, Later, Protocol as _};
use postern_core::{Code, Fault};
use postern_protocols::postgres::Postgres;
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use postern_testkit::postgres::{Options, PostgresServer, Tls};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::tap::Tap;

/// The injected account and its password, which no client may ever see.
pub(crate) const APP: &str = "app";
pub(crate) const PASSWORD: &str = "s3cret-Inject3d-Passw0rd";

/// The gateway's own name.
pub(crate) const DOMAIN: &str = "gw.test";

/// The start of every policy: a bot, an approver, and the one target.
pub(crate) const PREAMBLE: &str = r#"
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
name     = "shop"
protocol = "postgres"
address  = "127.0.0.1:PORT"
database = "postgres"
tls      = "disable"
login    = { user = "app", password = "env:APP" }
"#;

pub(crate) struct Gateway {
    pub(crate) server: PostgresServer,
    pub(crate) dwelling: Arc<Dwelling>,
    pub(crate) address: SocketAddr,
    /// Whether the target takes no more connections, without a word.
    pub(crate) silent: Arc<AtomicBool>,
    /// What the target hears first on each connection.
    pub(crate) tap: Tap,
    _accepting: JoinSet<()>,
}

pub(crate) struct NoTls;

impl Encrypt for NoTls {
    fn encrypt(&self, _plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(async { Err(Fault::client(Code::ClientViolation, "there is no TLS here")) })
    }
}

impl Gateway {
    /// A server of this version with this data, and a gateway with these rules and masks in front of it.
    pub(crate) async fn start(version: u32, script: &str, rules: &str) -> Result<Self> {
        let script = format!(
            "{script};\nGRANT ALL ON SCHEMA public TO {APP}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};"
        );
        Self::before(Options { version, tls: Tls::Off, script, ..Options::default() }, rules).await
    }

    /// The same before a server with these options, in which the injected account has what they give it.
    pub(crate) async fn before(options: Options, rules: &str) -> Result<Self> {
        Self::allotting(Allotment::USUAL, options, rules).await
    }

    /// The same where long messages may take up so many bytes.
    pub(crate) async fn allotting(bytes: usize, options: Options, rules: &str) -> Result<Self> {
        let options = options.login(APP, PASSWORD);
        let server = tokio::task::spawn_blocking(|| PostgresServer::start(options)).await??;
        let target = server.address();
        let silent = Arc::new(AtomicBool::new(false));
        let unheard = Arc::clone(&silent);
        let tap = Tap::default();
        let tapping = tap.clone();
        let reach = Reach::by(move |_| {
            let unheard = unheard.load(Ordering::SeqCst);
            let tap = tapping.clone();
            Box::pin(async move {
                if unheard {
                    std::future::pending::<()>().await;
                }
                let stream = TcpStream::connect(target).await;
                let stream = stream.map_err(|error| Fault::target(Code::TargetUnreachable, error.to_string()))?;
                let stream: Box<dyn Duplex> = Box::new(tap.on(stream));
                Ok(stream)
            })
        });
        let policy = format!("{PREAMBLE}{rules}").replace(":PORT\"", &format!(":{}\"", target.port()));
        let protocol = Arc::new(Postgres::new());
        let dwelling = Arc::new(
            HouseBuilder::new(policy).speaking([protocol.vocabulary()]).reaching(reach).allotting(bytes).build()?,
        );
        dwelling.vault.put("env:APP", PASSWORD);
        dwelling.tokens.know("token-of-bot", "bot");
        dwelling.tokens.know("token-of-dana", "dana");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&dwelling), protocol));
        Ok(Self { server, dwelling, address, silent, tap, _accepting: accepting })
    }

    /// psql's arguments for this gateway, as the bot.
    pub(crate) fn psql(&self) -> Result<Command> {
        self.psql_at(self.address, "user=bot dbname=shop", "token-of-bot")
    }

    fn psql_at(&self, address: SocketAddr, who: &str, password: &str) -> Result<Command> {
        let mut psql = Command::new(self.server.psql()?);
        psql.arg("-X")
            .args(["-v", "VERBOSITY=verbose", "-d"])
            .arg(format!("host=127.0.0.1 port={} {who} sslmode=disable", address.port()))
            .env("PGPASSWORD", password)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(psql)
    }

    /// Runs SQL with psql, one message a `-c`, and gives what it printed.
    pub(crate) async fn run(&self, commands: &[&str]) -> Result<Ran> {
        run(self.psql()?, commands).await
    }

    /// The same without the gateway, as the account that it injects.
    pub(crate) async fn run_directly(&self, commands: &[&str]) -> Result<Ran> {
        self.run_directly_as(&format!("user={APP} dbname=postgres"), commands).await
    }

    /// Runs SQL as the bot, with what else psql is to say as it connects.
    pub(crate) async fn run_as(&self, who: &str, commands: &[&str]) -> Result<Ran> {
        run(self.psql_at(self.address, who, "token-of-bot")?, commands).await
    }

    /// The same without the gateway.
    pub(crate) async fn run_directly_as(&self, who: &str, commands: &[&str]) -> Result<Ran> {
        run(self.psql_at(self.server.address(), who, PASSWORD)?, commands).await
    }
}

async fn run(mut psql: Command, commands: &[&str]) -> Result<Ran> {
    psql.args(["-A", "-t"]);
    for command in commands {
        psql.args(["-c", command]);
    }
    psql.output().await.map(Ran::of).context("psql does not run")
}

/// What psql printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        Self { out: text(&output.stdout), err: text(&output.stderr) }
    }
}

async fn accept(listener: TcpListener, dwelling: Arc<Dwelling>, protocol: Arc<Postgres>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, address)) = listener.accept().await {
        let (house, protocol) = (Arc::clone(&dwelling.house), Arc::clone(&protocol));
        sessions.spawn(async move {
            let client = Client {
                stream: Box::new(stream),
                address,
                tls: Arc::new(NoTls),
                host_seed: std::sync::Arc::new(postern_core::Secret::new([0_u8; 32])),
                domain: DOMAIN.into(),
                plaintext: true,
            };
            protocol.serve(client, Gate::accept(house, "postgres", address)).await;
        });
    }
}
