//! A gateway of the real binary with a real PostgreSQL behind it, as a user would set both up: TLS on either leg,
//! tokens of an issuer, a certificate of its own.
//!
//! Enter at [`Served::new`].

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use postern_adapters::clock::SystemClock;
use postern_core::Clock as _;
use postern_testkit::issuer::AUDIENCE;
use postern_testkit::postgres::{Options, PostgresServer};

use crate::site::{Site, free_port};

/// The password that the gateway injects, and no client has.
pub(crate) const PASSWORD: &str = "injected-7f3a9c51e8d2";
/// Who clients are at the gateway.
pub(crate) const SUBJECT: &str = "ann";

/// A server, and a gateway's folder that is configured for it as target `shop`.
pub(crate) struct Served {
    pub(crate) site: Site,
    pub(crate) server: PostgresServer,
    pub(crate) port: u16,
}

/// Where a client goes, and what it shows there.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) authority: String,
}

impl Served {
    /// PostgreSQL of that version with a database `shop` that belongs to `app`, and a gateway in front of it that
    /// has yet to be started.
    pub(crate) fn new(version: u32, settings: &[(&str, &str)]) -> Self {
        let mut options = Options { version, ..Options::default() };
        options.settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::of(options)
    }

    /// The same with a server of any kind.
    pub(crate) fn of(options: Options) -> Self {
        let mut options = options.login("app", PASSWORD);
        options.script.insert_str(0, "CREATE DATABASE shop OWNER app;");
        let server = PostgresServer::start(options).unwrap();
        let site = Site::new();
        let served = Self { site, server, port: free_port() };
        served.site.write("password", PASSWORD);
        // for the gateway alone: it warns of secrets that others may read
        fs::set_permissions(served.site.path("password"), fs::Permissions::from_mode(0o600)).unwrap();
        served.site.write("policy.toml", POLICY);
        let shop =
            served.target("shop", "localhost", served.server.port(), &served.server.ca_file().display().to_string());
        served.configure(&shop);
        served
    }

    /// Writes the configuration with these targets.
    pub(crate) fn configure(&self, targets: &str) {
        let listening = self.site.config().replace("postgres = 0", &format!("postgres = {}", self.port));
        self.site.write("postern.toml", &format!("{listening}{targets}"));
    }

    /// A `[[target]]` that is logged into with the password in the site's folder.
    pub(crate) fn target(&self, name: &str, host: &str, port: u16, authority: &str) -> String {
        format!(
            r#"
[[target]]
name     = "{name}"
protocol = "postgres"
address  = "{host}:{port}"
database = "shop"
tls      = "verify-full"
ca       = "{authority}"
login    = {{ user = "app", password = "file:password" }}
"#
        )
    }

    /// Straight to the server, as the account that the gateway injects.
    pub(crate) fn direct(&self) -> Way {
        Way {
            port: self.server.port(),
            database: "shop".to_owned(),
            user: "app".to_owned(),
            password: PASSWORD.to_owned(),
            authority: self.server.ca_file().display().to_string(),
        }
    }

    /// Through the gateway, with a token in the password's place.
    pub(crate) fn through(&self) -> Way {
        let now = SystemClock.now().seconds();
        let token = self.site.issuer.token(&self.site.issuer.claims(SUBJECT, now)).unwrap();
        Way {
            port: self.port,
            database: "shop".to_owned(),
            user: SUBJECT.to_owned(),
            password: token,
            authority: self.site.path("state/tls.crt").display().to_string(),
        }
    }

    /// A token with these claims over the usual ones.
    pub(crate) fn claims(&self, other: &[(&str, serde_json::Value)]) -> serde_json::Value {
        let mut claims = self.site.issuer.claims(SUBJECT, SystemClock.now().seconds());
        assert_eq!(claims["aud"], AUDIENCE);
        for (name, value) in other {
            claims[*name] = value.clone();
        }
        claims
    }
}

impl Way {
    /// A program that takes libpq's environment, and nothing else of ours but the path.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("LC_ALL", "C.UTF-8")
            .env("PGHOST", "localhost")
            .env("PGPORT", self.port.to_string())
            .env("PGDATABASE", &self.database)
            .env("PGUSER", &self.user)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", &self.authority)
            .env("PGCONNECT_TIMEOUT", "30");
        command
    }

    /// Runs statements with psql, each sent by itself.
    pub(crate) fn psql(&self, statements: &[&str]) -> Output {
        let mut command = self.command("psql");
        command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        for statement in statements {
            command.arg("--command").arg(statement);
        }
        command.output().unwrap()
    }

    /// Whether it can log in and run something.
    pub(crate) fn works(&self) -> bool {
        self.psql(&["SELECT 1"]).stdout == b"1\n"
    }
}

/// Everybody may do everything.
pub(crate) const POLICY: &str = r#"
[[principal]]
name = "{sub}"
kind = "human"
issuer = "corp"

[[rule]]
name = "everything"
effect = "allow"
who = ["*"]
on = ["*"]
do = { effects = ["session", "read", "write", "delete", "define", "grant", "execute", "transfer"] }
"#;
