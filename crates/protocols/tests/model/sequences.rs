//! What a client sees of any sequence of messages is what the server says to it; and where the gateway refuses one, what
//! the server would say had it refused that itself.
//!
//! Three comparisons carry that. Real servers answer as the model does, so the model is right. A session before the model
//! answers as the model does, fast and cut anywhere. And a session before a real server answers as that one does.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use postern_core::ports::Duplex;
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_testkit::postgres::{Options, PostgresServer, Tls};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep};

use crate::cases::each;
use crate::chance::Chance;
use crate::client::{Client, bytes, describe, in_full, query};
use crate::messages::some;
use crate::server::{REFUSED, Server};
use crate::stage::{Stage, alone};

const USUALLY: u64 = 400;
/// With a server, where each case has two connections of its own.
const REAL: u64 = 40;
/// How long a server may take, in a process that has much else to do.
const PATIENCE: Duration = Duration::from_secs(10);

const RULES: &str = r#"
[[rule]]
name   = "works"
effect = "allow"
who    = ["*"]
on     = ["*"]
do     = { effects = ["session", "read", "write", "define", "execute", "transfer"], objects = ["*"] }

[[rule]]
name   = "deletes"
effect = "allow"
who    = ["*"]
on     = ["*"]
do     = { effects = ["delete"], objects = ["public.t"] }
"#;

const DATA: &str = "CREATE TABLE r (id int, name text); INSERT INTO r VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cem');
    CREATE TABLE w (id int); CREATE TABLE t (id int, name text); CREATE TABLE f (id int, name text); CREATE TABLE made ();
    CREATE ROLE app LOGIN; CREATE ROLE reader LOGIN; GRANT ALL ON SCHEMA public TO app; GRANT ALL ON ALL TABLES IN SCHEMA public TO app";

/// What no rule allows.
const FORBIDDEN: &str = "DELETE FROM f";

/// Messages that come to an end, with the data of each COPY that begins.
fn sequence(chance: &mut Chance) -> Vec<Frontend> {
    loop {
        let mut messages: Vec<Frontend> = (0..2 + chance.below(10)).flat_map(|_| some(chance)).collect();
        // whatever state that has led to
        messages.extend([Sync, query("ROLLBACK"), query("SELECT id, name FROM r")]);
        if !model(&messages).strayed {
            return messages;
        }
    }
}

/// The model behind messages.
fn model(messages: &[Frontend]) -> Server {
    let mut server = Server::forbidding(FORBIDDEN);
    messages.iter().for_each(|message| drop(server.hear(message)));
    server
}

/// What the model says of messages, where the server itself refuses what the rules forbid.
fn expected(messages: &[Frontend]) -> Vec<String> {
    let mut server = Server::forbidding(FORBIDDEN);
    messages.iter().flat_map(|message| server.hear(message)).map(|message| describe(&message)).collect()
}

/// What clients see of it, where settings and notifications may come at any time.
fn seen(heard: &[Backend]) -> Vec<String> {
    heard.iter().filter(|one| is_seen(one)).map(describe).collect()
}

fn is_seen(message: &Backend) -> bool {
    !matches!(message, Backend::ParameterStatus { .. })
}

fn ends(seen: &[String]) -> usize {
    seen.iter().filter(|one| one.starts_with("ready")).count()
}

/// Whether a client acts on two answers in the same way. What the server refuses because its transaction has failed, or
/// because it was done before, the gateway may have refused for a reason of its own: that names have moved, or that a
/// Query took the unnamed portal along, which a server keeps where that Query has failed.
fn alike(seen: &str, expected: &str) -> bool {
    let own = match expected {
        "error 25P02" => &["error 34000"][..],
        "error 55000" => &["error 42501"],
        _ => &[],
    };
    seen == expected || own.contains(&seen)
}

fn same(messages: &[Frontend], heard: &[Backend], expected: &[String]) -> Result<()> {
    let seen = seen(heard);
    let at = seen.iter().zip(expected).take_while(|(one, other)| alike(one, other)).count();
    if at == seen.len() && at == expected.len() {
        return Ok(());
    }
    let messages: Vec<String> = messages.iter().map(|one| format!("{one:?}")).collect();
    let heard: Vec<String> = heard.iter().filter(|one| is_seen(one)).map(in_full).collect();
    let (heard, expected) = (heard.get(at..).unwrap_or_default(), expected.get(at..).unwrap_or_default());
    bail!("it differs from answer {at} on\nsaid {messages:#?}\nheard {heard:?}\nexpected {expected:?}")
}

async fn before_the_model(number: u64) -> Result<()> {
    let mut chance = Chance::new(number);
    let messages = sequence(&mut chance);
    let mut stage = Stage::new(RULES, chance.apart())?;
    let mut client = stage.log_in(&mut chance).await?;
    client.say(&messages, &mut chance).await;
    stage.settle().await;
    stage.examine()?;
    same(&messages, &client.heard(), &expected(&messages))
}

#[test]
fn a_session_answers_as_the_model_of_a_server_does() -> Result<()> {
    each("sequences", USUALLY, |number| alone(before_the_model(number)))
}

/// Says messages, and hears as many ends of pipelines as are expected.
async fn ask(
    client: &mut Client,
    messages: &[Frontend],
    ends_expected: usize,
    chance: &mut Chance,
) -> Result<Vec<Backend>> {
    let talk = client.say(messages, chance);
    tokio::time::timeout(PATIENCE, talk).await.context("nobody takes what is said")?;
    let (mut heard, until) = (Vec::new(), Instant::now() + PATIENCE);
    while ends(&seen(&heard)) < ends_expected && Instant::now() < until && !client.is_over() {
        sleep(Duration::from_millis(1)).await;
        heard.extend(client.heard());
    }
    // and nothing more than that
    sleep(Duration::from_millis(2)).await;
    heard.extend(client.heard());
    Ok(heard)
}

async fn directly(server: &PostgresServer) -> Result<Client> {
    let stream: Box<dyn Duplex> = Box::new(TcpStream::connect(server.address()).await?);
    Client::log_in_as(stream, &[("user", "app"), ("database", "postgres")], &mut Chance::new(0)).await
}

/// A message in which the server refuses what the rules forbid: one that it cannot run in its place.
fn failing(message: &Frontend) -> Frontend {
    let forbidden = |text: &[u8]| text.windows(FORBIDDEN.len()).any(|part| part == FORBIDDEN.as_bytes());
    match message {
        Frontend::Query { text } if forbidden(text) => query(REFUSED),
        Frontend::Parse { name, text, types } if forbidden(text) => {
            Frontend::Parse { name: name.clone(), text: bytes(REFUSED), types: types.clone() }
        }
        other => other.clone(),
    }
}

async fn before_a_server(server: Arc<PostgresServer>, number: u64) -> Result<()> {
    let mut chance = Chance::new(number);
    let messages = sequence(&mut chance);
    if model(&messages).uneven {
        return Ok(());
    }
    let expected = expected(&messages);
    // the code is all that tells a refusal from an error
    let plain = |seen: Vec<String>| -> Vec<String> {
        seen.into_iter().map(|one| if one == "error 42501" { "error 42703".to_owned() } else { one }).collect()
    };
    let instead: Vec<Frontend> = messages.iter().map(failing).collect();
    let heard = ask(&mut directly(&server).await?, &instead, ends(&expected), &mut chance).await?;
    same(&instead, &heard, &plain(expected.clone())).context("a real server and the model")?;
    let mut stage = Stage::before(RULES, server.address())?;
    let mut client = stage.log_in(&mut chance).await?;
    let heard = ask(&mut client, &messages, ends(&expected), &mut chance).await?;
    same(&messages, &heard, &expected).context("a session before a real server, and the model")
}

#[test]
fn real_servers_answer_as_the_model_does_with_a_session_before_them_or_without() -> Result<()> {
    for version in [15, 18] {
        let rules = vec!["host all all 127.0.0.1/32 trust".to_owned()];
        let options =
            Options { version, tls: Tls::Off, script: DATA.to_owned(), host_rules: rules, ..Options::default() };
        let server = Arc::new(PostgresServer::start(options)?);
        each(&format!("sequences before PostgreSQL {version}"), REAL, |number| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(before_a_server(Arc::clone(&server), number))
        })?;
    }
    Ok(())
}
