//! Sessions that end although neither side wants it to.

use std::time::Duration;

use anyhow::{Result, bail};
use postern_core::journal::{Event, Outcome};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::report::field;

use crate::gateway::Gateway;
use crate::raw::{Raw, query};
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
    let events = gateway.dwelling.journal.events();
    let [.., Event::Finished { outcome: Outcome::Unknown, .. }, Event::SessionClosed { reason }] = &events[..] else {
        bail!("the journal ends otherwise: {events:?}")
    };
    assert!(reason.starts_with("PST-5005"), "{reason}");
    Ok(())
}
