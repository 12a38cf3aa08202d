//! PostgreSQL under the suite that every protocol passes: a real server, and a client that speaks the raw protocol.

use anyhow::Result;
use postern_protocols::postgres::wire::Backend;
use postern_testkit::conformance;
use postern_testkit::conformance::{Ask, Heard, Subject};
use postern_testkit::fakes::Dwelling;
use tokio::io::AsyncWriteExt as _;

use crate::gateway::{APP, Gateway, PASSWORD};
use crate::raw::{Raw, describe, query};

const DATA: &str =
    "CREATE TABLE t (id int PRIMARY KEY, email text); INSERT INTO t VALUES (1, 'whole-secret@example.com')";
/// Where somebody has kept the injected password.
const KEPT: &str = "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('PASSWORD')";

const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*"] }

[[rule]]
name   = "deletes-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["public.*"] }
with   = { approvers = ["group:dba"] }

[[mask]]
name      = "mail"
columns   = ["public.t.email"]
kind      = "partial"
keep_last = 4
"#;

struct Postgres(Gateway);

fn text(ask: Ask) -> &'static str {
    match ask {
        Ask::Allowed => "SELECT 'allowed', id FROM t",
        Ask::Denied => "DROP TABLE t",
        Ask::Held => "DELETE FROM t WHERE id = 1",
        Ask::Masked => "SELECT id, email FROM t",
        Ask::Echoed => "SELECT word FROM kept",
        Ask::Malformed => "",
    }
}

impl Subject for Postgres {
    type Session = Raw;

    const SHOWN: &'static str = "allowed";
    const SECRET: &'static str = "whole-secret";
    const CREDENTIAL: &'static str = PASSWORD;

    async fn start() -> Result<Self> {
        Gateway::start(15, &format!("{DATA}; {}", KEPT.replace("PASSWORD", PASSWORD)), RULES).await.map(Self)
    }

    fn dwelling(&self) -> &Dwelling {
        &self.0.dwelling
    }

    async fn open(&self) -> Result<Raw> {
        Raw::log_in(&self.0).await
    }

    async fn ask(&self, session: &mut Raw, ask: Ask) -> Result<Heard> {
        match ask {
            Ask::Malformed => session.stream.write_all(b"Q\x7f\xff\xff\xff").await?,
            _ => session.say(&[query(text(ask))]).await?,
        }
        let mut heard = Heard { text: String::new(), done: false };
        loop {
            let Ok(message) = session.hear().await else { return Ok(heard) };
            heard.text.push_str(&describe(&message));
            heard.text.push_str(&format!("{message:?}\n"));
            match message {
                Backend::CommandComplete { .. } => heard.done = true,
                Backend::ReadyForQuery { .. } => return Ok(heard),
                _ => {}
            }
        }
    }

    fn reached(&self, ask: Ask) -> Result<bool> {
        Ok(self.0.server.statements(APP)?.iter().any(|statement| statement.contains(sent(ask))))
    }
}

/// What the server sees of it: what is masked is read with an image in its place.
fn sent(ask: Ask) -> &'static str {
    match ask {
        Ask::Masked => "SELECT id, email FROM (SELECT ",
        other => text(other),
    }
}

conformance!(Postgres);
