//! Sessions that end although neither side wants it to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use postern_core::approval::Choice;
use postern_core::journal::{Event, Outcome};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::report::field;

use crate::gateway::Gateway;
use crate::raw::{Raw, describe, query};
use crate::{READS, SHOP};

/// It returns nothing, and never ends by itself.
const ENDLESS: &str = "WITH RECURSIVE r(n) AS (SELECT id FROM t UNION ALL SELECT n FROM r) SELECT count(n) FROM r";

/// Waits until so many of the endless statements run at the server.
async fn running(gateway: &Gateway, wanted: &str) -> Result<()> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH RECURSIVE r(n)%'";
    for _ in 0..100 {
        if gateway.server.run_sql("postgres", sql)?.trim() == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("there are not {wanted} of them")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_hears_why_and_leaves_nothing_running() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query(ENDLESS)]).await?;
    running(&gateway, "1").await?;
    gateway.dwelling.clock.advance(Duration::from_secs(8 * 3_600));
    let Backend::ErrorResponse(report) = raw.hear().await? else { bail!("it hears something else") };
    let said = |kind| report.field(kind).map(String::from_utf8_lossy).unwrap_or_default();
    assert_eq!((&*said(field::SEVERITY_PLAIN), &*said(field::CODE)), ("FATAL", "57P05"));
    assert_eq!(said(field::MESSAGE), "the session ends here: it has lasted as long as a session may");
    assert!(raw.hear().await.is_err(), "the connection is closed");
    running(&gateway, "0").await?;
    let closed = |event: &Event| matches!(event, Event::SessionClosed { .. });
    for _ in 0..100 {
        if gateway.dwelling.journal.events().iter().any(closed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let events = gateway.dwelling.journal.events();
    let [
        ..,
        Event::Finished { outcome: Outcome::Unknown, .. },
        Event::Recorded { .. },
        Event::SessionClosed { reason },
    ] = &events[..]
    else {
        bail!("the journal ends otherwise: {events:?}")
    };
    assert!(reason.starts_with("PST-5005"), "{reason}");
    Ok(())
}

/// Lets a human agree to something, so that the catalog is read again, from a target that says nothing any more.
async fn agreed(gateway: &Gateway) -> Result<Raw> {
    let mut raw = Raw::log_in(gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting for a human"));
    Ok(raw)
}

async fn answer_all(gateway: &Gateway) -> Result<()> {
    gateway.silent.store(true, Ordering::SeqCst);
    for asked in gateway.dwelling.approvals.all() {
        gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_does_not_wait_for_a_catalog() -> Result<()> {
    let gateway = crate::holding::gateway().await?;
    let mut raw = agreed(&gateway).await?;
    let before = gateway.dwelling.reach.dialled();
    answer_all(&gateway).await?;
    while gateway.dwelling.reach.dialled() == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gateway.dwelling.clock.advance(Duration::from_secs(8 * 3_600));
    assert_eq!(describe(&raw.hear().await?), "error 57P05");
    assert_eq!(crate::holding::left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_cannot_be_read_is_waited_for_once() -> Result<()> {
    let gateway = crate::holding::gateway().await?;
    let mut sessions = [agreed(&gateway).await?, agreed(&gateway).await?, agreed(&gateway).await?];
    let before = gateway.dwelling.reach.dialled();
    answer_all(&gateway).await?;
    for raw in &mut sessions {
        // twice the patience of one hearing, and less than twice the gateway's
        let first = raw.hear().await;
        let heard = if first.is_ok() { first } else { raw.hear().await };
        assert_eq!(describe(&heard?), "error 08006");
    }
    assert_eq!(gateway.dwelling.reach.dialled(), before + 1);
    Ok(())
}
