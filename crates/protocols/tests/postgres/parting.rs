//! Targets that listen no more, or are gone in the middle of something: what they have said is heard, however slow the
//! client or the recorder is, what nobody learns the end of stands in the journal as that, and nobody is kept by them.

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use postern_core::OperationId;
use postern_core::journal::{Event, Outcome};
use postern_protocols::postgres::wire::Frontend::{self, Flush, Sync};
use postern_protocols::postgres::wire::report::Severity;
use postern_protocols::postgres::wire::{Backend, Report};
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::SHOP;
use crate::alike::ALL;
use crate::ends::until;
use crate::gateway::{Gateway, PREAMBLE};
use crate::raw::{Raw, bind, describe, extended, parse, query};

/// More rows than there is room for between a server and a client that does not read.
const ROWS: usize = 60_000;

const WRITES: &str = "SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'app' AND wait_event = 'ClientWrite'";
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'";

/// A client that has asked for more than it reads.
async fn asking(gateway: &Gateway) -> Result<Raw> {
    let mut raw = Raw::log_in(gateway).await?;
    let much = format!("SELECT repeat('x', 500) FROM generate_series(1, {ROWS})");
    raw.say(&[extended(&much), vec![Flush]].concat()).await?;
    until(gateway, WRITES).await?;
    Ok(raw)
}

/// Hears all the rows, and after them the server's last word.
async fn hears_all(gateway: &Gateway, raw: &mut Raw) -> Result<()> {
    let mut rows = 0;
    let done = loop {
        let heard = describe(&raw.hear().await.with_context(|| format!("after {rows} rows"))?);
        match heard.starts_with("row ") {
            true => rows += 1,
            false if heard.starts_with("SELECT") => break heard,
            false => {}
        }
    };
    assert_eq!((rows, done), (ROWS, format!("SELECT {ROWS}")));
    gateway.server.run_sql("postgres", TERMINATE)?;
    assert_eq!(describe(&raw.hear().await?), "error 57P01");
    assert!(raw.hear().await.is_err(), "the session goes on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_hears_all_of_a_target_that_listens_no_more() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut raw = asking(&gateway).await?;
    gateway.tap.deafen();
    raw.say(&[Sync]).await?;
    sleep(Duration::from_millis(500)).await;
    hears_all(&gateway, &mut raw).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_recorder_has_all_of_a_target_that_listens_no_more_and_takes_its_time() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    gateway.dwelling.recordings.stall(true);
    let much = format!("SELECT repeat('x', 500) FROM generate_series(1, {ROWS})");
    raw.say(&[extended(&much), vec![Flush]].concat()).await?;
    // whoever reads hears as much as the recorder has room for
    while timeout(Duration::from_millis(500), raw.hear()).await.is_ok() {}
    until(&gateway, WRITES).await?;
    gateway.tap.deafen();
    raw.say(&[Sync]).await?;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(gateway.server.run_sql("postgres", WRITES)?, "t", "it is read on, whatever the recorder has room for");
    gateway.dwelling.recordings.stall(false);
    let done = loop {
        let heard = describe(&raw.hear().await?);
        if !heard.starts_with("row ") {
            break heard;
        }
    };
    assert_eq!(done, format!("SELECT {ROWS}"));
    Ok(())
}

/// THREAT: whoever stands where the target stood keeps a session open that it can do nothing with.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_by_a_target_that_dribbles() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut patient = Raw::log_in(&gateway).await?;
    gateway.tap.dribble();
    gateway.tap.deafen();
    let begun = Instant::now();
    patient.say(&[query("SELECT 1")]).await?;
    assert!(patient.hear().await.is_err(), "there is nothing to hear");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_stay_does_not_wait_for_last_words() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    gateway.tap.dribble();
    gateway.tap.deafen();
    raw.say(&[query("SELECT 1")]).await?;
    sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    gateway.dwelling.change(&PREAMBLE.replace("PORT", &gateway.server.port().to_string()))?;
    assert_eq!(describe(&raw.hear().await?), "error 42501");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    Ok(())
}

/// How the operations ended that a human would ask about, as the journal has it.
async fn outcomes(gateway: &Gateway) -> Result<Vec<(OperationId, Outcome)>> {
    for _ in 0..100 {
        let events = gateway.dwelling.journal.events();
        if events.iter().any(|event| matches!(event, Event::SessionClosed { .. })) {
            let ended = |event| {
                if let Event::Finished { id, outcome } = event { Some((id, outcome)) } else { None }
            };
            return Ok(events.into_iter().filter_map(ended).collect());
        }
        sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the session is never closed: {}", gateway.dwelling.journal.text())
}

/// A client says this and the target's process is ended as it waits for that: how many of the session's operations stand in
/// the journal as unknown.
async fn unknown(messages: &[Frontend], heard: &str, waits: &str) -> Result<usize> {
    let slow = "CREATE FUNCTION slow() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT pg_sleep(60)::text'";
    let gateway = Gateway::start(15, &format!("{SHOP}; {slow}"), ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(messages).await?;
    while !heard.is_empty() && describe(&raw.hear().await?) != heard {}
    until(&gateway, &format!("SELECT wait_event = '{waits}' FROM pg_stat_activity WHERE usename = 'app'")).await?;
    gateway.server.run_sql("postgres", TERMINATE)?;
    while raw.hear().await.is_ok() {}
    let ended = outcomes(&gateway).await?;
    Ok(ended.iter().filter(|(_, outcome)| *outcome == Outcome::Unknown).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_planned_as_it_went_is_unknown() -> Result<()> {
    let messages = [parse("", "SELECT slow()"), bind("", "", &[]), Flush];
    assert_eq!(unknown(&messages, "", "PgSleep").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_had_done_a_part_of_is_unknown() -> Result<()> {
    let part = Frontend::Execute { portal: Bytes::from_static(b"p"), max_rows: 1 };
    let messages = [query("BEGIN"), parse("", "SELECT id FROM t"), bind("p", "", &[]), part, Flush];
    assert_eq!(unknown(&messages, "PortalSuspended", "ClientRead").await?, 1);
    Ok(())
}

/// THREAT: an error that ends nothing leaves open what it answers.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_one_or_the_end() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[query("SELECT 1")]).await?;
    let mut out = BytesMut::new();
    Backend::ErrorResponse(Report::new(Severity::Warning, "01000", "no more than that")).encode(&mut out)?;
    gateway.tap.interject(&out);
    raw.say(&[query("SELECT 1")]).await?;
    assert_eq!(describe(&raw.hear().await?), "error 08006");
    assert!(raw.hear().await.is_err(), "the session goes on");
    Ok(())
}
