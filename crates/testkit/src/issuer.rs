//! A *fake* OpenID Connect issuer: it signs whatever it is asked to, and serves its documents well or badly.
//!
//! It is a stand-in for an attacker, and for a provider on a bad day. It knows no flows, no clients, no users;
//! what a real provider does is asked of [`crate::openid_provider`]. It runs on its own threads, without a
//! runtime, so a paused or blocked runtime in the test does not stop it.
//!
//! Enter at [`Issuer::start`], then [`Issuer::token`]; for forged tokens at [`sign`].

mod key;
mod serve;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use serde_json::{Map, Value, json};

pub use self::key::{Algorithm, Key, Signer, sign};

/// The audience of the tokens made by [`Issuer::claims`].
pub const AUDIENCE: &str = "postern";

/// How long the tokens made by [`Issuer::claims`] are valid, in seconds.
pub const LIFETIME: u64 = 600;

/// What an issuer serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// The key set, at `/keys`.
    Keys,
}

/// How it serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    Serve,
    /// With 302 to another place.
    Redirect(String),
    /// With this status and no document.
    Status(u16),
    /// With 200 and these bytes in place of the document.
    Bytes(Vec<u8>),
    /// With 200 and white space without end, for as long as the client reads.
    Endless,
    /// Not at all: the request is taken and never answered.
    Hang,
    /// Not at all: the connection is closed.
    Close,
}

/// A fake issuer on a port of its own. It ends when dropped.
pub struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The first one signs, all are published.
    keys: Vec<Arc<Key>>,
    discovery: Map<String, Value>,
    when_discovery: Behaviour,
    when_keys: Behaviour,
    discovery_requests: usize,
    keys_requests: usize,
    ending: bool,
}

impl Issuer {
    /// Starts one with a key for ES256, which is quickly made.
    ///
    /// # Errors
    /// Where no port is free or no key could be made.
    pub fn start() -> Result<Self> {
        Self::start_with(Algorithm::Es256)
    }

    /// Starts one with a key for `algorithm`. Most providers use RS256.
    ///
    /// # Errors
    /// Where no port is free or no key could be made.
    pub fn start_with(algorithm: Algorithm) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}");
        let discovery = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
        });
        let state = State {
            keys: vec![Arc::new(Key::generate(algorithm, "first")?)],
            discovery: discovery.as_object().cloned().unwrap_or_default(),
            when_discovery: Behaviour::Serve,
            when_keys: Behaviour::Serve,
            discovery_requests: 0,
            keys_requests: 0,
            ending: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        let listening = thread::spawn(move || serve::listen(&listener, &serving));
        Ok(Self { address, shared, listening: Some(listening) })
    }

    /// Its identifier, the `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The claims of an ordinary token: `iss`, `sub`, `aud` = [`AUDIENCE`], `iat` and `exp`.
    /// `now` is in seconds since 1970.
    #[must_use]
    pub fn claims(&self, subject: &str, now: u64) -> Value {
        json!({
            "iss": self.url(),
            "sub": subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now.saturating_add(LIFETIME),
        })
    }

    /// A token with these claims, signed properly with the current key.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn token(&self, claims: &Value) -> Result<String> {
        let key = self.key()?;
        sign(&key.header(), claims, &Signer::Key(&key))
    }

    /// The key that signs.
    ///
    /// # Errors
    /// Where [`Issuer::set_keys`] left none.
    pub fn key(&self) -> Result<Arc<Key>> {
        let state = self.shared.lock();
        state.keys.first().cloned().ok_or_else(|| anyhow::anyhow!("the issuer has no key"))
    }

    /// Publishes these keys and no others; the first one signs.
    pub fn set_keys(&self, keys: Vec<Arc<Key>>) {
        self.shared.lock().keys = keys;
    }

    /// Replaces all keys by a new one.
    ///
    /// # Errors
    /// Where no key could be made.
    pub fn rotate(&self, algorithm: Algorithm, id: &str) -> Result<()> {
        self.set_keys(vec![Arc::new(Key::generate(algorithm, id)?)]);
        Ok(())
    }

    /// Lets the discovery document say something else.
    pub fn set_discovery(&self, field: &str, value: Value) {
        self.shared.lock().discovery.insert(field.to_owned(), value);
    }

    /// How `document` is served from now on. Requests that hang are let go.
    pub fn behave(&self, document: Document, behaviour: Behaviour) {
        *self.shared.lock().behaviour(document) = behaviour;
        self.shared.changed.notify_all();
    }

    /// How often `document` was asked for.
    #[must_use]
    pub fn requests(&self, document: Document) -> usize {
        let state = self.shared.lock();
        match document {
            Document::Discovery => state.discovery_requests,
            Document::Keys => state.keys_requests,
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.changed.notify_all();
        // wakes the accept; where it fails, the listener has ended by itself
        let _woken = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            // a panic there has been printed by its own thread
            let _ended = listening.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn behaviour(&mut self, document: Document) -> &mut Behaviour {
        match document {
            Document::Discovery => &mut self.when_discovery,
            Document::Keys => &mut self.when_keys,
        }
    }

    fn count(&mut self, document: Document) {
        let requests = match document {
            Document::Discovery => &mut self.discovery_requests,
            Document::Keys => &mut self.keys_requests,
        };
        *requests = requests.saturating_add(1);
    }

    fn document(&self, document: Document) -> String {
        match document {
            Document::Discovery => Value::Object(self.discovery.clone()).to_string(),
            Document::Keys => {
                let keys: Vec<Value> = self.keys.iter().map(|key| key.jwk()).collect();
                json!({ "keys": keys }).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests;
