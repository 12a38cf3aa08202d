//! How many sessions and how many operations a minute, as a client hears of them.

use std::time::Duration;

use anyhow::{Result, bail};
use postern_core::journal::Event;
use postern_protocols::postgres::wire::Frontend::{Sync, Terminate};
use postern_protocols::postgres::wire::report::field;
use postern_protocols::postgres::wire::{Backend, Report};

use crate::SHOP;
use crate::gateway::Gateway;
use crate::raw::{Raw, bind, execute, extended, parse, query};

fn rules(with: &str) -> String {
    format!(
        r#"
        [[rule]]
        name   = "few"
        effect = "allow"
        who    = ["group:ci"]
        on     = ["target:shop"]
        do     = {{ effects = ["read", "write"], objects = ["public.*"] }}
        with   = {{ {with} }}
        "#
    )
}

fn said(report: &Report, kind: u8) -> String {
    report.field(kind).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_too_many_hears_53300() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, &rules("sessions = 2")).await?;
    let (mut one, _two) = (Raw::log_in(&gateway).await?, Raw::log_in(&gateway).await?);
    let Err(refused) = Raw::log_in(&gateway).await else { bail!("it is let in") };
    assert_eq!(refused.to_string(), "error 53300");
    one.say(&[Terminate]).await?;
    let closed = |event: &Event| matches!(event, Event::SessionClosed { .. });
    while !gateway.dwelling.journal.events().iter().any(closed) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Raw::log_in(&gateway).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_operation_too_many_hears_when_to_come_back() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, &rules("per_minute = 3")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    // BEGIN and what prepares cost nothing
    raw.ask(&[query("BEGIN"), query("SELECT 1 FROM t"), query("COMMIT")]).await?;
    raw.ask(&[parse("s", "SELECT id FROM t WHERE id = 1"), Sync]).await?;
    let piped = |text: &str| extended(text).into_iter().chain([Sync]).collect::<Vec<_>>();
    raw.ask(&piped("SELECT id FROM t")).await?;
    let heard = raw.ask(&[bind("", "s", &[]), execute(""), execute(""), Sync]).await?.join(", ");
    assert_eq!(heard, "bound, row 1, SELECT 1, SELECT 0, ready");
    raw.say(&[query("SELECT id FROM t")]).await?;
    let Backend::ErrorResponse(report) = raw.hear().await? else { bail!("it hears something else") };
    assert_eq!((said(&report, field::SEVERITY), said(&report, field::CODE)), ("ERROR".to_owned(), "53400".to_owned()));
    assert_eq!(said(&report, field::DETAIL), "Rule \"few\" (PST-3018).");
    assert_eq!(said(&report, field::HINT), "send it again in 61 s");
    assert_eq!(raw.until_ready(1).await?, ["ready"]);
    let mut other = Raw::log_in(&gateway).await?;
    assert_eq!(other.ask(&[query("SELECT id FROM t")]).await?, ["error 53400", "ready"]);
    // in a transaction it fails as any error would
    other.ask(&[query("BEGIN")]).await?;
    assert_eq!(other.ask(&[query("SELECT id FROM t")]).await?, ["error 53400", "ready in failed transaction"]);
    gateway.dwelling.clock.advance(Duration::from_secs(61));
    let heard = raw.ask(&[query("SELECT id FROM t WHERE id = 2")]).await?.join(", ");
    assert_eq!(heard, "fields id, row 2, SELECT 1, ready");
    Ok(())
}
