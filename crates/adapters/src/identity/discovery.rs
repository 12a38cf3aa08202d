//! Keeps one issuer's keys current: OpenID Connect Discovery, then its key set.
//!
//! Fetching is bounded in size and time, follows no redirect, and is rate-limited by the gateway's clock. It runs in a
//! task that the keyring owns, so a client that goes away cannot cut it short. Enter at [`Keyring::current`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use postern_core::clock::{Clock, Micros};
use postern_core::code::Code;
use postern_core::fault::Fault;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::keys::Keys;
use super::{Issuer, shown};
use crate::tls;

const DISCOVERY_BOUND: usize = 64 * 1024;
const KEYS_BOUND: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Keys this old are used, and renewed meanwhile.
const AGEING: Duration = Duration::from_secs(10 * 60);
/// Keys older than this are not used: what the issuer has withdrawn must stop working.
const TOO_OLD: Duration = Duration::from_secs(60 * 60);
/// The least time between two fetches that strangers can cause while there are keys.
const PAUSE: Duration = Duration::from_secs(10);
/// The least time between two fetches while there are no keys at all.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(1);

/// The keys of one issuer.
pub(super) struct Keyring {
    source: Arc<Source>,
    fetching: Mutex<JoinSet<()>>,
}

struct Source {
    name: String,
    issuer: String,
    discovery: Url,
    http: Client,
    clock: Arc<dyn Clock>,
    held: watch::Sender<Held>,
}

#[derive(Default)]
struct Held {
    keys: Option<(Arc<Keys>, Micros)>,
    tried: Option<Micros>,
    running: bool,
    trouble: Option<Trouble>,
}

/// Why fetching failed: what a client may hear, and what only the log says.
#[derive(Clone, Debug)]
struct Trouble {
    what: String,
    cause: String,
}

impl Keyring {
    pub(super) fn new(issuer: &Issuer, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let unusable = |what: &str| {
            Fault::gateway(Code::IssuerUnknown, format!("issuer `{}`: the url `{}` {what}", issuer.name, issuer.url))
        };
        let url = Url::parse(&issuer.url).map_err(|error| unusable("cannot be read").cause(error))?;
        if !guarded(&url, true) {
            return Err(unusable("is not https").hint("plain http is taken for loopback addresses only"));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(unusable("has more than scheme, host, port and path"));
        }
        let discovery = format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
        let discovery = Url::parse(&discovery).map_err(|error| unusable("cannot be read").cause(error))?;
        let source = Source {
            name: issuer.name.clone(),
            issuer: issuer.url.clone(),
            discovery,
            http: client(issuer)?,
            clock,
            held: watch::Sender::new(Held::default()),
        };
        Ok(Self { source: Arc::new(source), fetching: Mutex::default() })
    }

    /// Where the issuer's metadata lies.
    pub(super) fn discovery(&self) -> &str {
        self.source.discovery.as_str()
    }

    /// The keys to verify with now; fetched first where there are none that are young enough.
    pub(super) async fn current(&self) -> Result<Arc<Keys>, Fault> {
        match self.source.usable() {
            Some((keys, age)) if age < AGEING => Ok(keys),
            Some((keys, _)) => {
                self.fetch(PAUSE);
                Ok(keys)
            }
            None => {
                self.fetch(PAUSE_WITHOUT_KEYS);
                self.settled().await;
                match self.source.usable() {
                    Some((keys, _)) => Ok(keys),
                    None => Err(self.source.unreachable()),
                }
            }
        }
    }

    /// Newer keys than `known`, where the issuer has any and may be asked again already.
    pub(super) async fn newer_than(&self, known: &Arc<Keys>) -> Result<Option<Arc<Keys>>, Fault> {
        let asked = self.fetch(PAUSE);
        self.settled().await;
        match self.source.usable() {
            Some((keys, _)) if !Arc::ptr_eq(&keys, known) => Ok(Some(keys)),
            _ if asked => Err(self.source.unreachable()),
            _ => Ok(None),
        }
    }

    /// Starts a fetch unless one is running or the last is less than `pause` ago. Says whether it did.
    fn fetch(&self, pause: Duration) -> bool {
        let now = self.source.clock.now();
        let begun = self.source.held.send_if_modified(|held| {
            let due = held.tried.is_none_or(|tried| now.since(tried) >= pause);
            let begin = due && !held.running;
            if begin {
                held.tried = Some(now);
                held.running = true;
            }
            begin
        });
        if begun {
            let attempt = Attempt(Arc::clone(&self.source));
            let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
            while fetching.try_join_next().is_some() {}
            fetching.spawn(attempt.run());
        }
        begun
    }

    /// Waits while a fetch is running.
    async fn settled(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.source.held.subscribe().wait_for(|held| !held.running).await;
    }
}

/// One fetch. However it ends, those who wait for it go on.
struct Attempt(Arc<Source>);

impl Attempt {
    async fn run(self) {
        let source = &self.0;
        let outcome = source.fetch().await;
        let now = source.clock.now();
        source.held.send_modify(|held| match outcome {
            Ok(keys) => {
                held.keys = Some((Arc::new(keys), now));
                held.trouble = None;
            }
            Err(trouble) => {
                tracing::warn!(issuer = source.name, what = trouble.what, cause = trouble.cause, "no keys fetched");
                held.trouble = Some(trouble);
            }
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.held.send_modify(|held| held.running = false);
    }
}

impl Source {
    fn usable(&self) -> Option<(Arc<Keys>, Duration)> {
        let now = self.clock.now();
        let held = self.held.borrow();
        let (keys, fetched) = held.keys.as_ref()?;
        let age = now.since(*fetched);
        (age < TOO_OLD).then(|| (Arc::clone(keys), age))
    }

    fn unreachable(&self) -> Fault {
        let trouble = self.held.borrow().trouble.clone();
        let Trouble { what, cause } = trouble.unwrap_or_else(|| Trouble::new("its keys are not known yet", ""));
        Fault::gateway(
            Code::IssuerUnreachable,
            format!("the token cannot be verified now, for want of the keys of issuer `{}`: {what}", self.name),
        )
        .hint("try again in a moment; if it stays so, tell those who run the gateway")
        .cause(cause)
    }

    async fn fetch(&self) -> Result<Keys, Trouble> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            jwks_uri: String,
        }
        let document = self.get(&self.discovery, DISCOVERY_BOUND, "discovery document").await?;
        let document: Document = serde_json::from_slice(&document)
            .map_err(|error| Trouble::new("its discovery document cannot be read", error))?;
        if document.issuer != self.issuer {
            let other = shown(&document.issuer);
            return Err(Trouble::new(
                format!("its discovery document is that of another issuer, `{other}`"),
                format!("configured is `{}`; both must be equal to the last character", self.issuer),
            ));
        }
        let keys = Url::parse(&document.jwks_uri).ok().filter(|url| guarded(url, self.discovery.scheme() == "http"));
        let Some(keys) = keys else {
            return Err(Trouble::new("its discovery document names no https place of its keys", document.jwks_uri));
        };
        let keys = self.get(&keys, KEYS_BOUND, "key set").await?;
        match Keys::parse(&keys) {
            Some(keys) if !keys.is_empty() => Ok(keys),
            Some(_) => Err(Trouble::new("its key set has no key that can verify a signature", "")),
            None => Err(Trouble::new("its key set cannot be read", "")),
        }
    }

    async fn get(&self, url: &Url, bound: usize, what: &str) -> Result<Vec<u8>, Trouble> {
        let answer = tokio::time::timeout(PATIENCE, self.body(url, bound, what)).await;
        answer.unwrap_or_else(|_| Err(Trouble::new("it does not answer in time", format!("{url}: over 5 seconds"))))
    }

    async fn body(&self, url: &Url, bound: usize, what: &str) -> Result<Vec<u8>, Trouble> {
        let lost = |error: reqwest::Error| Trouble::new("it cannot be reached", tls::chain(&error));
        let mut response =
            self.http.get(url.clone()).header("accept", "application/json").send().await.map_err(lost)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Trouble::new(format!("its {what} is a redirect, and none is followed"), url));
        }
        if status != StatusCode::OK {
            return Err(Trouble::new(format!("its {what} came with status {}", status.as_u16()), url));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(lost)? {
            if body.len().saturating_add(piece.len()) > bound {
                return Err(Trouble::new(format!("its {what} is larger than {} KiB", bound / 1024), url));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

impl Trouble {
    fn new(what: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self { what: what.into(), cause: cause.to_string() }
    }
}

fn client(issuer: &Issuer) -> Result<Client, Fault> {
    let broken = |message: String| Fault::gateway(Code::IssuerUnreachable, message);
    let authorities = tls::Authorities::read(issuer.ca_file.as_deref()).map_err(|unreadable| {
        broken(format!("issuer `{}`: {}", issuer.name, unreadable.what)).cause(unreadable.cause)
    })?;
    let tls =
        tls::verified_by(authorities.roots).map_err(|error| broken(format!("issuer `{}`: {error}", issuer.name)))?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent("postern")
        .build()
        .map_err(|error| broken(format!("issuer `{}`: no client for it could be made", issuer.name)).cause(error))
}

/// Whether nobody on the way can answer in the place of this URL's host.
fn guarded(url: &Url, loopback_too: bool) -> bool {
    url.scheme() == "https" || (loopback_too && url.scheme() == "http" && url.host_str().is_some_and(is_loopback))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
