//! What a server says by itself: that settings changed, that it ends a session, that it stops or has crashed. A client of
//! the gateway hears it byte by byte as one without, in whatever it is doing, and then the connection ends.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use postern_protocols::postgres::wire::{Backend, Frontend, Frontend::Flush, report::field};
use postern_testkit::postgres::{Options, Tls};
use tokio::time::{Duration, sleep};

use crate::SHOP;
use crate::alike::ALL;
use crate::gateway::{APP, Gateway, PREAMBLE};
use crate::raw::{Raw, describe, extended, parse, query};

/// A gateway before a server whose account needs no password, so that a test can also go straight to it.
pub(crate) async fn gateway(version: u32) -> Result<Gateway> {
    let script = format!("{SHOP}; CREATE TABLE filled (id int); GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};");
    unproved(version, &script, ALL).await
}

/// The same with any data, rules and masks.
pub(crate) async fn unproved(version: u32, script: &str, rules: &str) -> Result<Gateway> {
    let host_rules = vec!["host all all 127.0.0.1/32 trust".to_owned()];
    let options = Options { version, tls: Tls::Off, script: script.to_owned(), host_rules, ..Options::default() };
    let gateway = Gateway::before(options, rules).await?;
    // who has a password takes no server for the target that asks for none
    let port = gateway.server.port().to_string();
    let policy = format!("{PREAMBLE}{rules}").replace("PORT", &port).replace(", password = \"env:APP\"", "");
    gateway.dwelling.change(&policy)?;
    Ok(gateway)
}

/// What a client may be doing when the server has something to say.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Nothing,
    Transaction,
    Listening,
    Query,
    CopyIn,
    /// Some of it is answered, and its end is not in sight.
    Pipeline,
}

const EVERYTHING: &[Doing] =
    &[Doing::Nothing, Doing::Transaction, Doing::Listening, Doing::Query, Doing::CopyIn, Doing::Pipeline];

impl Doing {
    /// What is said, and what is waited for of the answers, in order.
    fn begins(self) -> (Vec<Frontend>, &'static [&'static str]) {
        let data = Frontend::CopyData(Bytes::from_static(b"1\n"));
        match self {
            Self::Nothing => (Vec::new(), &[]),
            Self::Transaction => (vec![query("BEGIN")], &["ready in transaction"]),
            Self::Listening => (vec![query("LISTEN bell")], &["ready"]),
            Self::Query => (vec![query("SELECT pg_sleep(60)")], &[]),
            Self::CopyIn => (vec![query("COPY filled FROM STDIN"), data], &["CopyInResponse"]),
            Self::Pipeline => {
                ([extended("SELECT 1"), vec![parse("next", "SELECT 2"), Flush]].concat(), &["SELECT 1", "parsed"])
            }
        }
    }
}

impl Doing {
    /// Has a client begin, until the server waits for it, or works for it.
    async fn begin(self, gateway: &Gateway, client: &mut Raw) -> Result<()> {
        let (messages, answers) = self.begins();
        client.say(&messages).await?;
        for expected in answers {
            while describe(&client.hear().await?) != *expected {}
        }
        let wanted = if matches!(self, Self::Query) { "PgSleep" } else { "ClientRead" };
        let waits = format!("SELECT wait_event = '{wanted}' FROM pg_stat_activity WHERE pid = {}", client.key.0);
        until(gateway, &waits).await
    }
}

/// Two clients that do the same, one direct and one through.
struct Pair {
    doing: Doing,
    clients: [Raw; 2],
}

impl Pair {
    async fn doing(gateway: &Gateway, doing: Doing) -> Result<Self> {
        let mut clients = [Raw::log_in_directly(gateway).await?, Raw::log_in(gateway).await?];
        for client in &mut clients {
            doing.begin(gateway, client).await?;
        }
        Ok(Self { doing, clients })
    }

    /// What both hear to the end; it must be the same.
    async fn end(self, event: &str) -> Result<Vec<String>> {
        let [direct, through] = self.clients;
        let (direct, through) = (to_the_end(direct).await?, to_the_end(through).await?);
        assert_eq!(through, direct, "{event} while {:?}", self.doing);
        // the query's columns, which it has not sent before it has to end
        let heard = direct.into_iter().map(|(described, _)| described);
        Ok(heard.filter(|described| described != "fields pg_sleep").collect())
    }
}

/// Everything up to the end of the connection: what it is, and its bytes.
async fn to_the_end(mut raw: Raw) -> Result<Vec<(String, Bytes)>> {
    let mut heard = Vec::new();
    loop {
        match raw.hear_frame().await {
            Ok(frame) => heard.push((short(&Backend::decode(&frame)?), frame.raw)),
            Err(error) => {
                ensure!(!error.to_string().contains("nothing was heard"), "the connection does not end: {heard:?}");
                return Ok(heard);
            }
        }
    }
}

fn short(message: &Backend) -> String {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    match message {
        Backend::ErrorResponse(report) | Backend::NoticeResponse(report) => {
            format!("{} {}", text(report.field(field::SEVERITY)), text(report.field(field::CODE)))
        }
        other => describe(other),
    }
}

/// Waits until the server says that this is so.
pub(crate) async fn until(gateway: &Gateway, question: &str) -> Result<()> {
    for _ in 0..1_000 {
        // it may be recovering from a crash
        if gateway.server.run_sql("postgres", question).is_ok_and(|answer| answer == "t") {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("never: {question}")
}

const SERVES: &str = "SELECT NOT pg_is_in_recovery()";

fn signal(name: &str, process: &str) -> Result<()> {
    let status = Command::new("kill").args([&format!("-{name}"), process]).status().context("there is no `kill`")?;
    ensure!(status.success(), "kill -{name} {process}");
    Ok(())
}

/// Signals the server's first process.
fn signal_server(gateway: &Gateway, name: &str) -> Result<()> {
    let file = gateway.server.run_sql("postgres", "SELECT pg_read_file('postmaster.pid')")?;
    signal(name, file.lines().next().unwrap_or_default())
}

async fn all_doing(gateway: &Gateway) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for doing in EVERYTHING {
        pairs.push(Pair::doing(gateway, *doing).await?);
    }
    Ok(pairs)
}

async fn all_hear(pairs: Vec<Pair>, event: &str, expected: &[&str]) -> Result<()> {
    for pair in pairs {
        let doing = pair.doing;
        assert_eq!(pair.end(event).await?, expected, "{event} while {doing:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_as_without_the_gateway_on_postgresql_15() -> Result<()> {
    a_session_is_ended_as_without_the_gateway(15).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_as_without_the_gateway_on_postgresql_18() -> Result<()> {
    a_session_is_ended_as_without_the_gateway(18).await
}

async fn a_session_is_ended_as_without_the_gateway(version: u32) -> Result<()> {
    let gateway = gateway(version).await?;
    let pairs = all_doing(&gateway).await?;
    for client in pairs.iter().flat_map(|pair| &pair.clients) {
        gateway.server.run_sql("postgres", &format!("SELECT pg_terminate_backend({})", client.key.0))?;
    }
    all_hear(pairs, "pg_terminate_backend", &["FATAL 57P01"]).await?;

    for (since, setting, doing, expected) in [
        (14, "idle_session_timeout", Doing::Nothing, ["SET", "ready", "FATAL 57P05"]),
        (14, "idle_session_timeout", Doing::Listening, ["SET", "ready", "FATAL 57P05"]),
        (14, "idle_in_transaction_session_timeout", Doing::Transaction, ["SET", "ready in transaction", "FATAL 25P03"]),
        (17, "transaction_timeout", Doing::Transaction, ["SET", "ready in transaction", "FATAL 25P04"]),
    ] {
        if since <= version {
            let mut pair = Pair::doing(&gateway, doing).await?;
            for client in &mut pair.clients {
                client.say(&[query(&format!("SET {setting} = '100ms'"))]).await?;
            }
            all_hear(vec![pair], setting, &expected).await?;
        }
    }

    let pairs = all_doing(&gateway).await?;
    signal_server(&gateway, "INT")?;
    all_hear(pairs, "a fast stop", &["FATAL 57P01"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_sounds_as_without_the_gateway_on_postgresql_15() -> Result<()> {
    a_crash_sounds_as_without_the_gateway(15).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_sounds_as_without_the_gateway_on_postgresql_18() -> Result<()> {
    a_crash_sounds_as_without_the_gateway(18).await
}

async fn a_crash_sounds_as_without_the_gateway(version: u32) -> Result<()> {
    let gateway = gateway(version).await?;
    // one process of the server is gone, and it ends all the others
    let victim = Raw::log_in_directly(&gateway).await?;
    let pairs = all_doing(&gateway).await?;
    signal("KILL", &victim.key.0.to_string())?;
    all_hear(pairs, "a crash", &["WARNING 57P02"]).await?;

    // the process that serves a client has no time for a word, whatever is owed
    for doing in [Doing::Nothing, Doing::Query] {
        for through in [false, true] {
            until(&gateway, SERVES).await?;
            let bystander = Raw::log_in_directly(&gateway).await?;
            let mut client =
                if through { Raw::log_in(&gateway).await? } else { Raw::log_in_directly(&gateway).await? };
            doing.begin(&gateway, &mut client).await?;
            signal("KILL", &client.key.0.to_string())?;
            assert_eq!(to_the_end(client).await?, [], "{doing:?}, through: {through}");
            // the server has noticed
            assert_eq!(to_the_end(bystander).await?.len(), 1);
        }
    }
    until(&gateway, SERVES).await?;

    let pairs = all_doing(&gateway).await?;
    signal_server(&gateway, "QUIT")?;
    all_hear(pairs, "an immediate stop", &["WARNING 57P01"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_are_reported_on_postgresql_15() -> Result<()> {
    settings_that_change_are_reported(15).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_are_reported_on_postgresql_18() -> Result<()> {
    settings_that_change_are_reported(18).await
}

/// The bytes of everything up to the next `ReadyForQuery`, and the settings in it.
async fn asked(client: &mut Raw, text: &str) -> Result<(Vec<Bytes>, Vec<String>)> {
    client.say(&[query(text)]).await?;
    let (mut heard, mut settings) = (Vec::new(), Vec::new());
    loop {
        let frame = client.hear_frame().await?;
        heard.push(frame.raw.clone());
        match Backend::decode(&frame)? {
            Backend::ParameterStatus { name, .. } => settings.push(String::from_utf8_lossy(&name).into_owned()),
            Backend::ReadyForQuery { .. } => return Ok((heard, settings)),
            _ => {}
        }
    }
}

async fn settings_that_change_are_reported(version: u32) -> Result<()> {
    let gateway = gateway(version).await?;
    let mut direct = Raw::log_in_directly(&gateway).await?;
    let mut through = Raw::log_in(&gateway).await?;
    // the gateway's own question what names mean would be answered by what changed, too
    for client in [&mut direct, &mut through] {
        asked(client, "SELECT 1").await?;
    }
    // whoever is idle when the server's configuration changes hears of it with the next answer
    gateway.server.run_sql("postgres", "ALTER SYSTEM SET intervalstyle = 'sql_standard'; SELECT pg_reload_conf()")?;
    until(&gateway, "SELECT current_setting('intervalstyle') = 'sql_standard'").await?;
    let path: &[&str] = if version >= 18 { &["search_path"] } else { &[] };
    for (text, expected) in [
        ("SELECT 1", &["IntervalStyle"][..]),
        ("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'", &["DateStyle", "TimeZone"]),
        ("SET application_name = 'mine'", &["application_name"]),
        ("BEGIN; SET LOCAL timezone = 'UTC'", &["TimeZone"]),
        ("ROLLBACK", &["TimeZone"]),
        ("SET default_transaction_read_only = on", &["default_transaction_read_only"]),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", &["default_transaction_read_only"]),
        ("SELECT set_config('timezone', 'UTC', false)", &["TimeZone"]),
        ("SET search_path = pg_catalog", path),
        ("RESET search_path", path),
    ] {
        let (direct, through) = (asked(&mut direct, text).await?, asked(&mut through, text).await?);
        assert_eq!(through, direct, "{text}");
        let mut settings = direct.1;
        settings.sort();
        assert_eq!(settings, expected, "{text}");
    }
    Ok(())
}
