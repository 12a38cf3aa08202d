//! The gateway: everything put together, started, and stopped in order.
//!
//! Here the ports of core get their adapters, and nowhere else. It decides nothing, and no protocol is named. Enter at
//! [`Gateway::start`], or at [`until_told`] for the whole process.

mod door;
mod https;
mod policy;
mod reload;
mod seal;
mod strangers;
mod witness;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use postern_adapters::blobs::Recordings;
use postern_adapters::certify::Accounts;
use postern_adapters::clock::SystemClock;
use postern_adapters::dial::Direct;
use postern_adapters::identity::{Credentials, Oidc, ProvenKeys};
use postern_adapters::index::Index;
use postern_adapters::journal::Journal;
use postern_adapters::store::Store;
use postern_adapters::tls::listener::Certificate;
use postern_adapters::vault::{Places, Sealed};
use postern_api::{Api, Counts};
use postern_core::gate::{Allotment, Halt, House, Live};
use postern_core::journal::{Keys, Sealer, VerifyKey};
use postern_core::mask::Pseudonyms;
use postern_core::policy::Rulebook;
use postern_core::ports::{Policy as _, Protocol};
use postern_core::record::RecordKeys;
use postern_core::seal::host_seed;
use postern_core::target::AccountKey;
use postern_core::{Clock, Code, Fault, Secret};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{self, Config, HTTPS, Tls};

use door::{Door, Guests, Shown};
use policy::{InForce, Verifiers};
use reload::Reloader;
use witness::Witness;

pub use seal::root_secret;
pub(crate) use seal::root_secret_of;

#[cfg(test)]
mod tests;

/// What the journal says of who writes it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long sessions have to end by themselves once the gateway stops.
const GRACE: Duration = Duration::from_secs(5);

/// How often recordings are looked through for those whose time is over.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// A gateway that serves.
pub struct Gateway {
    halt: watch::Sender<Halt>,
    tasks: JoinSet<()>,
    journal: Arc<Journal>,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    reloader: Reloader,
    /// What verifies its journal.
    pub verify_key: VerifyKey,
}

/// Runs the gateway of a configuration until it is told to stop. SIGTERM and SIGINT stop it, SIGHUP reloads.
///
/// # Errors
/// What keeps it from starting, or has ended it.
pub async fn until_told(file: &Path, protocols: Vec<Arc<dyn Protocol>>) -> Result<()> {
    let stop = Stop::listen()?;
    let vocabularies: Vec<_> = protocols.iter().map(|protocol| protocol.vocabulary()).collect();
    let config = config::read(file, &vocabularies)?;
    Gateway::start(file, config, protocols).await?.run(stop).await
}

impl Gateway {
    /// Starts what the configuration says. Everything that listens does so when this returns.
    ///
    /// # Errors
    /// What keeps it from starting; nothing listens then.
    pub async fn start(file: &Path, config: Config, protocols: Vec<Arc<dyn Protocol>>) -> Result<Self> {
        config.log_remarks();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let settings = &config.gateway;
        let root = seal::root_secret_of(settings)?;
        let keys = Keys::derive(&root)?;
        let verify_key = keys.verify_key();
        let journal = Journal::open(&settings.journal, keys, settings.durability, VERSION, Arc::clone(&clock))?;
        let journal = Arc::new(journal);
        let store = Arc::new(Store::open(&settings.store, Arc::clone(&clock)).await?);
        store.sessions_last(settings.lifetime.longest);
        let lost = store.sessions_lost(clock.now(), "the gateway ended before it").await?;
        if lost > 0 {
            tracing::warn!(sessions = lost, "the last gateway here did not stop in order");
        }
        let sealed = Sealed::new(Arc::clone(&store), &root)?;
        warn_of_absent(&config.rulebook, &sealed).await?;
        let record_keys = RecordKeys::derive(&root)?;
        let recordings = Recordings::open(&settings.blobs, record_keys.clone(), settings.durability, settings.keep)?;
        let certificate = certificate(&config, &*clock)?;
        let in_force = InForce::new(config.rulebook, Pseudonyms::derive(&root)?);
        let credentials = Arc::new(Credentials::new(Arc::clone(&store), &root, Arc::clone(&clock))?);
        let oidc = Oidc::new(config.issuers.clone(), Arc::clone(&clock))?;
        let keys = ProvenKeys::new(Arc::clone(&clock), settings.lifetime.longest);
        let verifiers = Verifiers::new(oidc, keys, Arc::clone(&credentials));
        let index = Arc::new(Index::open(&settings.journal, Arc::clone(&store), Sealer::derive(&root)?));
        let (halt, halted) = watch::channel(Halt::Running);
        let counts = Arc::new(Counts::default());
        let origin = origin(&config.gateway.domain, config.listeners.of(HTTPS).map(|one| one.address.port()));
        let house = Arc::new(House {
            policy: Arc::new(in_force.clone()),
            identify: Arc::new(verifiers.clone()),
            credentials,
            approvals: store.clone(),
            vault: Arc::new(Places::new(sealed)),
            dial: Arc::new(direct()),
            certify: Arc::new(authority(&root, &clock, &in_force)?),
            append: Arc::new(Witness::new(
                Arc::clone(&journal),
                Arc::clone(&store),
                Arc::clone(&index),
                Arc::clone(&counts),
            )),
            record: Arc::new(recordings),
            sessions: store.clone(),
            clock: Arc::clone(&clock),
            sealer: Sealer::derive(&root)?,
            usage: Arc::default(),
            credential_max: settings.token_max,
            record_keys,
            live: Live::default(),
            lifetime: settings.lifetime,
            allotment: Allotment::of(settings.long_messages),
            halt: halted.clone(),
            approvals_url: format!("{origin}/approvals/"),
        });
        let ports = config.listeners.iter().map(|one| (one.protocol, one.address.port()));
        let shown = Shown { certificate: &certificate, seed: Arc::new(host_seed(&root)?), domain: &settings.domain };
        let keys = protocols.iter().filter_map(|one| Some((one.vocabulary().protocol, one.proves(&shown.seed)?)));
        let api = Api::new(Arc::clone(&house), index, Arc::clone(&counts), origin).listening(&settings.domain, ports);
        let api = postern_api::router(api.known_by(keys).reading(protocols.clone()));
        let mut doors = Vec::new();
        for listener in config.listeners.iter() {
            let guests = match protocols.iter().find(|protocol| protocol.vocabulary().protocol == listener.protocol) {
                Some(protocol) => Guests::of_protocol(Arc::clone(protocol), Arc::clone(&house), &shown)?,
                None => Guests::of_https(api.clone(), halted.clone(), &certificate)?,
            };
            doors.push(Door::open(listener, guests).await?);
        }
        let mut tasks = JoinSet::new();
        for door in doors {
            door.announce();
            tasks.spawn(door.keep(halted.clone()));
        }
        tasks.spawn(clear_out(Arc::clone(&house), halted.clone()));
        tracing::info!(revision = %house.policy.rulebook().revision, key = %verify_key, "the gateway is ready");
        let reloader = Reloader::new(file, protocols, in_force, verifiers, counts, Arc::clone(&clock));
        let reloader = reloader.having(config.gateway, config.listeners, config.issuers, config.stamp);
        Ok(Self { halt, tasks, journal, store, clock, reloader, verify_key })
    }

    /// Serves until it is told to stop, and stops. Takes up changes of its configuration on the way.
    ///
    /// # Errors
    /// What has ended it otherwise.
    pub async fn run(mut self, mut stop: Stop) -> Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                name = stop.told() => {
                    tracing::info!(signal = name, "stopping; sessions have {} s", GRACE.as_secs());
                    return self.stop().await;
                }
                _ = hangup.recv() => self.reloader.reload(),
                () = self.reloader.changed() => self.reloader.reload(),
                () = self.journal.lost() => return self.lose().await,
            }
        }
    }

    /// Stops in order: no new clients, sessions end, the journal is signed and closed.
    ///
    /// # Errors
    /// Where the journal cannot be closed.
    pub async fn stop(mut self) -> Result<()> {
        self.end_sessions(Halt::Stopping).await;
        let journal = Arc::clone(&self.journal);
        let closed = tokio::task::spawn_blocking(move || journal.close()).await?;
        self.store.close().await;
        closed?;
        tracing::info!("stopped");
        Ok(())
    }

    /// Ends after the journal was lost.
    async fn lose(mut self) -> Result<()> {
        self.end_sessions(Halt::JournalLost).await;
        self.store.close().await;
        Err(Fault::gateway(Code::JournalUnavailable, "the journal was lost, so the gateway has ended")
            .hint("see the log for the cause; once it is gone, start the gateway again")
            .into())
    }

    async fn end_sessions(&mut self, why: Halt) {
        // nobody listening is nobody to be told
        let _heard = self.halt.send(why);
        while self.tasks.join_next().await.is_some() {}
        if let Err(fault) = self.store.sessions_lost(self.clock.now(), "the gateway stopped").await {
            tracing::warn!(%fault, cause = fault.cause, "the list of sessions was not closed");
        }
    }
}

/// The way to targets: it calls each protocol inside TLS as its clients do.
pub(crate) fn direct() -> Direct {
    let all = postern_protocols::all().into_iter();
    Direct::calling(all.filter_map(|protocol| Some((protocol.vocabulary().protocol, protocol.alpn()?))))
}

/// Whether a target is logged in to by certificates of the gateway's own.
pub(crate) fn certifies(rulebook: &Rulebook) -> bool {
    let mut logins = rulebook.targets.values().flat_map(|target| target.logins());
    logins.any(|login| login.key == Some(AccountKey::Issued))
}

/// The authority for accounts of hosts. It says which one they must trust, where some must.
fn authority(root: &Secret, clock: &Arc<dyn Clock>, in_force: &InForce) -> Result<Accounts, Fault> {
    let accounts = Accounts::derive(root, Arc::clone(clock))?;
    if certifies(&in_force.rulebook()) {
        tracing::info!(authority = accounts.public()?, "hosts that trust this authority let the gateway in");
    }
    Ok(accounts)
}

/// Removes recordings whose time is over, again and again.
async fn clear_out(house: Arc<House>, mut halt: watch::Receiver<Halt>) {
    loop {
        // never at once: a machine may start with a clock that is years ahead until somebody tells it the time
        let round = async {
            tokio::time::sleep(ROUND).await;
            house.retire().await
        };
        let retired = tokio::select! {
            () = over(&mut halt) => return,
            retired = round => retired,
        };
        match retired {
            Ok(0) => {}
            Ok(recordings) => tracing::info!(recordings, "removed what need not be kept any longer"),
            Err(fault) => tracing::warn!(%fault, cause = fault.cause, "recordings whose time is over were not removed"),
        }
    }
}

/// Resolves once the gateway does not go on.
async fn over(halt: &mut watch::Receiver<Halt>) {
    // without a sender there is no gateway any more
    drop(halt.wait_for(|halt| *halt != Halt::Running).await);
}

/// The signals that stop the gateway.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Listens for them from now on.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves to the name of the signal that came.
    pub(crate) async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn certificate(config: &Config, clock: &dyn Clock) -> Result<Certificate, Fault> {
    let gateway = &config.gateway;
    match &gateway.tls {
        Tls::Files { cert, key } => Certificate::load(cert, key),
        Tls::SelfSigned => {
            let folder = gateway.store.parent().map_or_else(PathBuf::new, Path::to_owned);
            let mut names =
                vec![gateway.domain.clone(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
            names.extend((!gateway.listen.is_unspecified()).then(|| gateway.listen.to_string()));
            // targets have names under it
            names.extend(gateway.domain.parse::<IpAddr>().is_err().then(|| format!("*.{}", gateway.domain)));
            names.sort();
            names.dedup();
            let certificate = Certificate::self_signed(&folder, &names, clock.now())?;
            tracing::info!(file = %folder.join("tls.crt").display(), "clients trust this self-signed certificate");
            Ok(certificate)
        }
    }
}

/// Says which sealed secrets of targets are not there. They may still come: a secret is fetched as a session opens.
async fn warn_of_absent(rulebook: &Rulebook, sealed: &Sealed) -> Result<(), Fault> {
    let kept = sealed.list().await?;
    for name in rulebook.sealed_secrets().filter(|name| !kept.iter().any(|one| one.name == *name)) {
        tracing::warn!(name, "there is no such sealed secret; see postern secrets");
    }
    Ok(())
}

/// What browsers know the gateway as.
fn origin(domain: &str, port: Option<u16>) -> String {
    match port {
        Some(443) | None => format!("https://{domain}"),
        Some(port) => format!("https://{domain}:{port}"),
    }
}
