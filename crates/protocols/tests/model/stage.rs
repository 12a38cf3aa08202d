//! The real protocol between a client and the model, all in one process. Enter at [`Stage::new`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use bytes::BytesMut;
use postern_core::gate::Gate;
use postern_core::ports::{Client as Caller, Duplex, Encrypt, Encrypted, Later, Protocol as _};
use postern_core::{Code, Fault};
use postern_protocols::postgres::Postgres;
use postern_protocols::postgres::wire::startup;
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Duration;

use crate::chance::Chance;
use crate::client::Client;
use crate::target::{Course, cut, serve};

/// How much either side may write ahead of the other.
const AHEAD: usize = 4096;

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
name     = "shop"
protocol = "postgres"
address  = "127.0.0.1:5432"
database = "postgres"
tls      = "disable"
login    = { user = "app" }
catalog_login = { user = "reader" }
"#;

pub(crate) struct Stage {
    pub(crate) dwelling: Dwelling,
    pub(crate) course: Course,
    protocol: Arc<Postgres>,
    /// The gateway's sessions, and the target's.
    gateway: JoinSet<()>,
    target: Arc<Mutex<JoinSet<Result<()>>>>,
}

struct NoTls;

impl Encrypt for NoTls {
    fn encrypt(&self, _plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(async { Err(Fault::client(Code::ClientViolation, "there is no TLS here")) })
    }
}

thread_local! {
    /// One for all cases of a thread, so that the catalog is not read in each. Threads have times of their own.
    static PROTOCOL: Arc<Postgres> = Arc::default();
}

fn protocol() -> Arc<Postgres> {
    PROTOCOL.with(Arc::clone)
}

impl Stage {
    /// A gateway with these rules before the model.
    pub(crate) fn new(rules: &str, chance: Chance) -> Result<Self> {
        Self::of(rules, chance, false)
    }

    /// The same before one that breaks the protocol in every way, but to whoever reads the catalog, which outlives the case.
    pub(crate) fn hostile(rules: &str, chance: Chance) -> Result<Self> {
        Self::of(rules, chance, true)
    }

    fn of(rules: &str, chance: Chance, hostile: bool) -> Result<Self> {
        let (course, target) = (Course::default(), Arc::new(Mutex::new(JoinSet::new())));
        let (noted, serving, chance) = (course.clone(), Arc::downgrade(&target), Arc::new(Mutex::new(chance)));
        let reach = Reach::by(move |_| {
            let (near, far) = tokio::io::duplex(AHEAD);
            if let Some(serving) = serving.upgrade() {
                let serve = serve(far, noted.clone(), Arc::clone(&chance), hostile);
                serving.lock().unwrap_or_else(PoisonError::into_inner).spawn(serve);
            }
            let near: Box<dyn Duplex> = Box::new(near);
            Box::pin(async move { Ok(near) })
        });
        let stage = Self::reaching(reach, rules, protocol())?;
        course.beside(&stage.dwelling.journal);
        Ok(Self { course, target, ..stage })
    }

    /// A gateway with these rules before a real server.
    pub(crate) fn before(rules: &str, server: SocketAddr) -> Result<Self> {
        let reach = Reach::by(move |_| {
            Box::pin(async move {
                let stream = TcpStream::connect(server).await;
                let stream = stream.map_err(|error| Fault::target(Code::TargetUnreachable, error.to_string()))?;
                let stream: Box<dyn Duplex> = Box::new(stream);
                Ok(stream)
            })
        });
        // servers have numbers of their own for what is the same
        Self::reaching(reach, rules, Arc::default())
    }

    fn reaching(reach: Reach, rules: &str, protocol: Arc<Postgres>) -> Result<Self> {
        let builder = HouseBuilder::new(format!("{PREAMBLE}{rules}")).speaking([protocol.vocabulary()]);
        let dwelling = builder.reaching(reach).build()?;
        dwelling.tokens.know("token-of-bot", "bot");
        dwelling.tokens.know("token-of-dana", "dana");
        Ok(Self { dwelling, course: Course::default(), protocol, gateway: JoinSet::new(), target: Arc::default() })
    }

    /// Puts other rules in force.
    pub(crate) fn change(&self, rules: &str) -> Result<()> {
        Ok(self.dwelling.change(&format!("{PREAMBLE}{rules}"))?)
    }

    fn connect(&mut self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(AHEAD);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_123));
        let client = Caller {
            stream: Box::new(far),
            address,
            tls: Arc::new(NoTls),
            host_seed: std::sync::Arc::new(postern_core::Secret::new([0_u8; 32])),
            domain: "gw.test".into(),
            plaintext: true,
        };
        let gate = Gate::accept(Arc::clone(&self.dwelling.house), "postgres", address);
        let protocol = Arc::clone(&self.protocol);
        self.gateway.spawn(async move { protocol.serve(client, gate).await });
        near
    }

    pub(crate) async fn log_in(&mut self, chance: &mut Chance) -> Result<Client> {
        let stream = self.connect();
        Client::log_in(Box::new(stream), chance).await
    }

    /// Asks that what a client runs be given up, and waits until the gateway has heard.
    pub(crate) async fn cancel(&mut self, client: &Client, chance: &mut Chance) -> Result<()> {
        let mut stream = self.connect();
        let mut packet = BytesMut::new();
        startup::encode_cancel(client.key.0, &client.key.1, &mut packet)?;
        cut(&mut stream, &packet, chance).await?;
        if chance.one_in(2) {
            stream.read_buf(&mut BytesMut::new()).await?;
        }
        Ok(())
    }

    /// Lets everybody go on until nobody can.
    pub(crate) async fn settle(&self) {
        // time stands still for as long as any task has something to do
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Whether anything went wrong at the gateway or the target, in which case the model is not what it is to be.
    pub(crate) fn examine(&mut self) -> Result<()> {
        while let Some(ended) = self.gateway.try_join_next() {
            ended.map_err(|error| anyhow!("a session of the gateway fell: {error}"))?;
        }
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = target.try_join_next() {
            match ended {
                Err(error) if error.is_cancelled() => {}
                ended => ended.map_err(|error| anyhow!("the model fell: {error}"))??,
            }
        }
        Ok(())
    }

    /// Ends all connections to the target, wherever they are.
    pub(crate) fn lose_target(&self) {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// How many sessions the gateway serves.
    pub(crate) fn sessions(&self) -> usize {
        self.gateway.len()
    }
}

/// Runs one case in a runtime of its own, whose time stands still while anybody has something to do.
pub(crate) fn alone(case: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(case)
}
