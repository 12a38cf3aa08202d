//! Whom the server's own log names, and that a client's words never pass for the gateway's there.

use std::fs;

use anyhow::Result;
use postern_core::Code;
use postern_core::journal::Event;
use postern_protocols::postgres::wire::Frontend::Sync;
use tokio::time::{Duration, sleep};

use crate::SHOP;
use crate::alike::ALL;
use crate::gateway::{Gateway, PREAMBLE};
use crate::raw::{Raw, extended, query};

const OWN: &str = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_log_names_the_principal_on_postgresql_15() -> Result<()> {
    the_servers_log_names_the_principal(15).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_log_names_the_principal_on_postgresql_18() -> Result<()> {
    the_servers_log_names_the_principal(18).await
}

async fn the_servers_log_names_the_principal(version: u32) -> Result<()> {
    let gateway = Gateway::start(version, SHOP, ALL).await?;
    gateway.server.run_sql("postgres", "ALTER SYSTEM SET log_line_prefix = '%a|'; SELECT pg_reload_conf()")?;
    while gateway.server.run_sql("postgres", "SHOW log_line_prefix")? != "%a|" {
        sleep(Duration::from_millis(20)).await;
    }
    let ran = gateway.run(&[OWN, "SELECT 'found in the log'"]).await?;
    assert_eq!(ran.out, "postern:bot (psql)\nfound in the log");
    let log = fs::read_to_string(gateway.server.log_file())?;
    assert!(log.contains("postern:bot (psql)|LOG:  statement: SELECT 'found in the log'"), "{log}");

    // what a client sets once it is connected is its own, and read back as such
    let ran = gateway.run(&["SET application_name = 'mine'", "SHOW application_name", "RESET ALL", OWN]).await?;
    assert_eq!((&*ran.out, &*ran.err), ("SET\nmine\nRESET\npostern:bot (psql)", ""));

    let port = gateway.server.port().to_string();
    let plain = PREAMBLE.replace("PORT", &port).replace("tls ", "application_name = \"client\"\ntls ");
    gateway.dwelling.change(&format!("{plain}{ALL}"))?;
    assert_eq!(gateway.run(&[OWN]).await?.out, "psql");
    Ok(())
}

/// THREAT: a principal whose doings the server's log puts down to another one.
#[tokio::test(flavor = "multi_thread")]
async fn no_client_calls_itself_what_the_gateway_calls_somebody() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let refused =
        Raw::log_in_with(&gateway, &[("user", "bot"), ("database", "shop"), ("application_name", "postern:dana")]);
    assert_eq!(refused.await.err().map(|error| error.to_string()).as_deref(), Some("error 0A000"));

    let mut raw = Raw::log_in(&gateway).await?;
    for text in [
        "SET application_name = 'postern:dana'",
        "SET application_name TO \"Postern:dana\"",
        "SET application_name = ' postern:dana'",
        "SET application_name = postern",
        "SELECT set_config('application_name', 'postern:dana', false)",
    ] {
        assert_eq!(raw.ask(&[query(text)]).await?, ["error 42501", "ready"], "{text}");
        assert_eq!(raw.ask(&[extended(text), vec![Sync]].concat()).await?, ["error 42501", "ready"], "{text}");
    }
    assert!(raw.ask(&[query(OWN)]).await?.contains(&"row postern:bot".to_owned()));
    // what it is called it may say again, as pools do that put things back
    assert_eq!(raw.ask(&[query("SET application_name = 'postern:bot'")]).await?, ["SET", "ready"]);
    // nor where nobody can read it ahead
    raw.say(&[query("SELECT set_config('application_name', 'post' || 'ern:dana', false), 1")]).await?;
    let heard = loop {
        match raw.hear().await {
            Ok(message) if crate::raw::describe(&message).starts_with("error") => break crate::raw::describe(&message),
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(heard, "error 0A000");
    let alert = |event: &Event| matches!(event, Event::Alert { code, .. } if *code == Code::SettingPinned.to_string());
    assert!(gateway.dwelling.journal.events().iter().any(alert), "{}", gateway.dwelling.journal.text());
    Ok(())
}
