//! An OpenID issuer for the demo: discovery, one key, and tokens that it wrote to files when it started.
//!
//! It has no login and no endpoint that issues anything: whoever can read the files is who they say.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::routing::get;
use axum::{Json, Router};
use data_encoding::BASE64URL_NOPAD;
use postern_adapters::clock::SystemClock;
use postern_core::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::failure::{Failure, reason};

use super::scene::{Actor, Scene, write_private};

/// How long the tokens serve, in seconds.
const LIFETIME: u64 = 8 * 60 * 60;
const KEY_ID: &str = "demo";

/// The issuer while it serves.
pub(super) struct Issuer {
    tasks: JoinSet<()>,
    end: Arc<Notify>,
}

impl Issuer {
    /// Writes everybody's token and serves the key that verifies them.
    pub(super) async fn start(port: u16, scene: &Scene) -> Result<Self> {
        let key = Ed25519KeyPair::generate().context("no key can be made")?;
        let url = scene.issuer();
        for actor in Actor::ALL {
            write_private(&scene.token(actor), &token(&key, &url, actor.claims()))?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| {
            Failure::new(format!("the issuer cannot listen on port {port}: {}", reason(&error)))
                .hint("see whether another process uses the ports: --listen-base takes others")
        })?;
        let discovery = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/keys"),
            "authorization_endpoint": format!("{url}/authorize"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        });
        let keys = json!({ "keys": [jwk(&key)] });
        let documents = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(discovery)))
            .route("/keys", get(async move || Json(keys)));
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let served = axum::serve(listener, documents).with_graceful_shutdown(async move { ended.notified().await });
            if let Err(error) = served.await {
                tracing::error!(%error, "the demo's issuer has ended");
            }
        });
        Ok(Self { tasks, end })
    }

    /// Stops it; a connection that idles is cut.
    pub(super) async fn stop(mut self) {
        self.end.notify_one();
        self.tasks.shutdown().await;
    }
}

/// A token of an actor, signed (RFC 7515, RFC 8037).
fn token(key: &Ed25519KeyPair, issuer: &str, mut claims: Value) -> String {
    let now = SystemClock.now().seconds();
    if let Some(claims) = claims.as_object_mut() {
        claims.insert("iss".to_owned(), issuer.into());
        claims.insert("aud".to_owned(), "postern".into());
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), now.saturating_add(LIFETIME).into());
    }
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = json!({ "alg": "EdDSA", "kid": KEY_ID, "typ": "JWT" });
    let message = format!("{}.{}", part(&header), part(&claims));
    let signature = BASE64URL_NOPAD.encode(key.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

/// The public key (RFC 8037, section 2).
fn jwk(key: &Ed25519KeyPair) -> Value {
    let public = BASE64URL_NOPAD.encode(key.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": public, "kid": KEY_ID, "alg": "EdDSA", "use": "sig" })
}
