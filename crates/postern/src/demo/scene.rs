//! The demo's folder: configuration, policy, tokens, and the one password that nobody but the gateway uses.
//!
//! Files that a person may have changed since (the policy) are left as they are.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use rcgen::CertifiedKey;

use crate::failure::Failure;

const POLICY: &str = include_str!("policy.toml");

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) postgres: u16,
    pub(super) https: u16,
    pub(super) issuer: u16,
    pub(super) server: u16,
}

impl Ports {
    /// Four in a row. The command line takes no base that leaves too few.
    pub(super) fn from_base(base: u16) -> Self {
        let port = |offset: u16| base.saturating_add(offset);
        Self { postgres: base, https: port(1), issuer: port(2), server: port(3) }
    }
}

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    /// A CI job.
    CiBot,
    /// An AI agent that acts for dana.
    Agent,
    /// Who approves, and may see everything.
    Dana,
}

impl Actor {
    pub(super) const ALL: [Self; 3] = [Self::CiBot, Self::Agent, Self::Dana];

    /// The name it goes by, here and in the policy.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CiBot => "ci-bot",
            Self::Agent => "assistant",
            Self::Dana => "dana",
        }
    }

    /// What its issuer says of it.
    pub(super) fn claims(self) -> serde_json::Value {
        match self {
            Self::CiBot => serde_json::json!({ "sub": "repo:acme/shop:ref:refs/heads/main", "groups": [] }),
            Self::Agent => serde_json::json!({ "sub": "agent:assistant", "groups": [], "on_behalf_of": "dana" }),
            Self::Dana => serde_json::json!({ "sub": "dana", "groups": ["dba"], "email": "dana@acme.example" }),
        }
    }
}

/// The folder and what is in it.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) folder: PathBuf,
    pub(super) ports: Ports,
    /// Of the account at the target: the one that is injected.
    pub(super) password: String,
}

impl Scene {
    /// Writes what the gateway starts from.
    pub(super) fn lay_out(folder: &Path, ports: Ports) -> Result<Self> {
        for below in ["state", "secrets", "tokens"] {
            fs::create_dir_all(folder.join(below))?;
        }
        let secret = folder.join("secrets/app");
        let password = match fs::read_to_string(&secret) {
            Ok(password) => password.trim().to_owned(),
            Err(_) => {
                let password = random()?;
                write_private(&secret, &password)?;
                password
            }
        };
        let scene = Self { folder: folder.to_owned(), ports, password };
        fs::write(scene.config(), scene.config_text())?;
        if !scene.policy().exists() {
            fs::write(scene.policy(), POLICY)?;
        }
        Ok(scene)
    }

    /// The configuration.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("postern.toml")
    }

    /// The policy.
    pub(super) fn policy(&self) -> PathBuf {
        self.folder.join("policy.toml")
    }

    pub(super) fn policy_text(&self) -> Result<String> {
        Ok(fs::read_to_string(self.policy())?)
    }

    /// What the gateway logs to.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("gateway.log")
    }

    /// What clients trust.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.join("state/tls.crt")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join("state/journal")
    }

    /// The file with an actor's token.
    pub(super) fn token(&self, actor: Actor) -> PathBuf {
        self.folder.join("tokens").join(actor.name())
    }

    /// The gateway's address for the API.
    pub(super) fn gateway(&self) -> String {
        format!("https://localhost:{}", self.ports.https)
    }

    /// The issuer's identifier.
    pub(super) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.issuer)
    }

    /// A certificate for the server, which the gateway is told to trust.
    pub(super) fn target_certificate(&self) -> Result<(String, String)> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        fs::write(self.folder.join("state/target.crt"), cert.pem())?;
        Ok((cert.pem(), signing_key.serialize_pem()))
    }

    fn config_text(&self) -> String {
        let Ports { postgres, https, server, .. } = self.ports;
        let issuer = self.issuer();
        format!(
            r#"# Written anew by every `postern demo`: the gateway, whom it believes, what stands behind it.
include = ["policy.toml"]

[gateway]
listen   = "127.0.0.1"
domain   = "localhost"
ports    = {{ postgres = {postgres}, https = {https} }}
store    = "sqlite:state/postern.db"
journal  = "state/journal"
seal_key = "file:state/seal.key"
tls      = {{ self-signed = true }}

[[issuer]]
name         = "demo"
kind         = "oidc"
url          = "{issuer}"
audience     = "postern"
groups_claim = "groups"

[[target]]
name     = "shop"
protocol = "postgres"
address  = "localhost:{server}"
database = "shop"
tls      = "verify-full"
ca       = "state/target.crt"
login    = {{ user = "app", password = "file:secrets/app" }}
"#
        )
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(file: &Path, text: &str) -> Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    let mut opened = opened.with_context(|| format!("`{}` cannot be written", file.display()))?;
    Ok(opened.write_all(text.as_bytes())?)
}

fn random() -> Result<String> {
    let mut bytes = [0_u8; 24];
    rand::fill(&mut bytes).map_err(|_| Failure::new("this machine has no randomness"))?;
    Ok(HEXLOWER.encode(&bytes))
}
