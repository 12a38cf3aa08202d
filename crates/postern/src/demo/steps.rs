//! The steps of the tour. Each does what a person would paste, and looks behind the gateway whether it is true.
//!
//! The truth comes from the server itself, over its private socket, never through the gateway.

mod evidence;

use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use postern_localpg::Server;
use tokio::process::Command;
use tokio::task::spawn_blocking;

use super::psql::{Psql, Said, Waiting, program};
use super::scene::{Actor, Scene};

/// How often, and how long, to look for something that happens soon.
const LOOKS: usize = 50;
const BETWEEN: Duration = Duration::from_millis(100);

/// Does steps.
pub(super) struct Steps<'s> {
    scene: &'s Scene,
    server: Arc<Server>,
    psql: Psql<'s>,
    postern: PathBuf,
}

/// What came of a step.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) title: &'static str,
    pub(super) commands: Vec<String>,
    pub(super) expected: &'static str,
    pub(super) seen: String,
    pub(super) ok: bool,
}

/// Whether it came out right, and what was seen.
type Seen = Result<(bool, String)>;

impl<'s> Steps<'s> {
    pub(super) fn new(scene: &'s Scene, server: Arc<Server>) -> Result<Self> {
        let psql = Psql::new(scene, program(server.installation())?);
        Ok(Self { scene, server, psql, postern: std::env::current_exe()? })
    }

    pub(super) async fn masked_select(&self) -> Outcome {
        let statement = "SELECT name, email, phone, born FROM customers ORDER BY id LIMIT 2";
        let seen = self.without_clear(statement, true).await;
        outcome("a SELECT comes masked", &[(Actor::CiBot, statement)], "both rows; no e-mail, phone or birthday", seen)
    }

    pub(super) async fn masked_alias(&self) -> Outcome {
        let statement = "SELECT c.email AS contact FROM customers AS c ORDER BY c.id LIMIT 2";
        let seen = self.without_clear(statement, true).await;
        outcome(
            "under another name it is masked all the same",
            &[(Actor::CiBot, statement)],
            "both rows; no e-mail",
            seen,
        )
    }

    pub(super) async fn masked_cast(&self) -> Outcome {
        let statement = "SELECT email::varchar(99) FROM customers ORDER BY id LIMIT 2";
        let seen = self.without_clear(statement, false).await;
        outcome("a cast shows no more", &[(Actor::CiBot, statement)], "masked, or refused with a reason", seen)
    }

    pub(super) async fn masked_json(&self) -> Outcome {
        let statement = "SELECT to_json(c) FROM customers AS c ORDER BY id LIMIT 2";
        let seen = self.without_clear(statement, false).await;
        outcome("nor does a whole row as JSON", &[(Actor::CiBot, statement)], "masked, or refused with a reason", seen)
    }

    pub(super) async fn clear_for_dana(&self) -> Outcome {
        let statement = "SELECT email FROM customers ORDER BY id LIMIT 1";
        let seen = async {
            let said = self.psql.run(Actor::Dana, statement).await?;
            let clear = self.truth("SELECT email FROM customers ORDER BY id LIMIT 1").await?;
            Ok((said.ok && said.out == clear, said.seen()))
        };
        outcome("the mask does not bind dana", &[(Actor::Dana, statement)], "the e-mail in clear", seen.await)
    }

    pub(super) async fn drop_refused(&self) -> Outcome {
        let statement = "DROP TABLE customers";
        let seen = async {
            let said = self.psql.run(Actor::CiBot, statement).await?;
            let there = self.truth("SELECT count(*) FROM pg_tables WHERE tablename = 'customers'").await?;
            let refused = !said.ok && said.err.contains("ERROR");
            Ok((
                refused && there == "1",
                format!("{}\nthe table is {}", said.seen(), if there == "1" { "there" } else { "GONE" }),
            ))
        };
        outcome("a DROP is refused", &[(Actor::CiBot, statement)], "an error, and the table is still there", seen.await)
    }

    pub(super) async fn delete_approved(&self) -> Outcome {
        let statement = "DELETE FROM orders WHERE status = 'cancelled'";
        let seen = async {
            let count = "SELECT count(*) FROM orders WHERE status = 'cancelled'";
            let before = self.truth(count).await?;
            let waiting = self.psql.hold(Actor::CiBot, statement).await?;
            let held = self.truth(count).await? == before && before != "0";
            let notice = waiting.notice.clone();
            let approved = self.answer(&waiting, &["approve", "--reason", "as planned"]).await?;
            let said = self.psql.ended(waiting).await?;
            let after = self.truth(count).await?;
            let ran = said.ok && said.out == format!("DELETE {before}") && after == "0";
            Ok((
                held && approved.status.success() && ran,
                format!("{notice}\n{}, {before} before, {after} after", said.seen()),
            ))
        };
        let mut outcome = outcome(
            "a bulk DELETE waits, is approved, and runs",
            &[(Actor::CiBot, statement)],
            "a notice; rows go once dana agrees",
            seen.await,
        );
        outcome.commands.push("dana: postern approvals approve APR_ID --reason 'as planned'".to_owned());
        outcome
    }

    pub(super) async fn delete_denied(&self) -> Outcome {
        const REASON: &str = "these are in use";
        let statement = "DELETE FROM api_tokens";
        let seen = async {
            let count = "SELECT count(*) FROM api_tokens";
            let before = self.truth(count).await?;
            let waiting = self.psql.hold(Actor::CiBot, statement).await?;
            self.answer(&waiting, &["deny", "--reason", REASON]).await?;
            let said = self.psql.ended(waiting).await?;
            let after = self.truth(count).await?;
            let told = !said.ok && said.err.contains(REASON);
            Ok((
                told && before == after && before != "0",
                format!("{}\n{before} rows before, {after} after", said.seen()),
            ))
        };
        let mut outcome = outcome(
            "another is denied",
            &[(Actor::CiBot, statement)],
            "an error with dana's reason; nothing deleted",
            seen.await,
        );
        outcome.commands.push(format!("dana: postern approvals deny APR_ID --reason '{REASON}'"));
        outcome
    }

    pub(super) async fn no_self_approval(&self) -> Outcome {
        let statement = "DELETE FROM cards";
        let seen = async {
            let before = self.truth("SELECT count(*) FROM cards").await?;
            let waiting = self.psql.hold(Actor::Agent, statement).await?;
            let refused = self.answer(&waiting, &["approve"]).await?;
            let why = first_line(&refused.stderr);
            let approval = waiting.approval.to_string();
            // the agent goes away, and takes its question along
            drop(waiting);
            let withdrawn = self.becomes(&approval, "withdrawn").await?;
            let after = self.truth("SELECT count(*) FROM cards").await?;
            let ok = refused.status.code() == Some(1) && why.contains("PST-3013") && withdrawn && before == after;
            Ok((ok, format!("{why}\nthen the agent hung up: withdrawn, {after} rows as before")))
        };
        let mut outcome = outcome(
            "nobody approves for their own agent",
            &[(Actor::Agent, statement)],
            "dana, for whom the agent acts, is refused",
            seen.await,
        );
        outcome.commands.push("dana: postern approvals approve APR_ID".to_owned());
        outcome
    }

    /// Runs a statement as the CI bot and looks for what must not be in the reply: any customer's clear values.
    async fn without_clear(&self, statement: &str, must_answer: bool) -> Seen {
        let said = self.psql.run(Actor::CiBot, statement).await?;
        let clear = self.truth("SELECT email || '|' || phone || '|' || born FROM customers").await?;
        let printed = format!("{}\n{}", said.out, said.err);
        let leaked = clear.split(['|', '\n']).find(|value| printed.contains(value));
        let answered = said.ok && said.out.lines().count() == 2;
        let refused = !must_answer && !said.ok && said.err.contains("ERROR:");
        match leaked {
            Some(value) => Ok((false, format!("in clear: {value}"))),
            None => Ok((answered || refused, said.seen())),
        }
    }

    /// What the server itself says.
    async fn truth(&self, query: &str) -> Result<String> {
        let (server, query) = (Arc::clone(&self.server), query.to_owned());
        Ok(spawn_blocking(move || server.run_sql("shop", &query)).await??)
    }

    /// Answers as dana, by the command that a person would use.
    async fn answer(&self, waiting: &Waiting, args: &[&str]) -> Result<Output> {
        let (verb, rest) = args.split_first().context("an answer is a verb")?;
        let id = waiting.approval.to_string();
        self.as_dana(&[&["approvals", verb, &id], rest].concat()).await
    }

    async fn becomes(&self, approval: &str, state: &str) -> Result<bool> {
        for _ in 0..LOOKS {
            let shown = self.as_dana(&["approvals", "show", approval, "--json"]).await?;
            let shown: serde_json::Value = serde_json::from_slice(&shown.stdout)?;
            if shown.get("state").is_some_and(|now| now == state) {
                return Ok(true);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(false)
    }

    async fn as_dana(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(&self.postern);
        command
            .args(args)
            .env("POSTERN_GATEWAY", self.scene.gateway())
            .env("POSTERN_CA_FILE", self.scene.authority())
            .env("POSTERN_TOKEN_FILE", self.scene.token(Actor::Dana));
        Ok(command.output().await?)
    }
}

impl Said {
    /// What is worth showing of it: the reply, or the error with its first addition.
    fn seen(&self) -> String {
        let text = if self.ok { &self.out } else { &self.err };
        let lines = text.lines().skip_while(|line| !self.ok && !line.starts_with("ERROR"));
        lines.take(2).collect::<Vec<_>>().join("\n")
    }
}

fn outcome(title: &'static str, statements: &[(Actor, &str)], expected: &'static str, seen: Seen) -> Outcome {
    let commands = statements.iter().map(|(actor, statement)| format!("{}: {statement}", actor.name())).collect();
    let (ok, seen) = seen.unwrap_or_else(|error| (false, format!("{error:#}")));
    Outcome { title, commands, expected, seen, ok }
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}
