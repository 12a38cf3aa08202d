//! THREAT: a client that never forgets a name: what a session keeps has a bound, and giving back makes room.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, parse, query};
use crate::{READS, SHOP};

/// Prepares statements, many at a time.
async fn prepare(raw: &mut Raw, names: std::ops::Range<usize>) -> Result<Vec<String>> {
    let names: Vec<usize> = names.collect();
    let mut heard = Vec::new();
    for some in names.chunks(1000) {
        let mut messages: Vec<Frontend> = some.iter().map(|name| parse(&format!("s{name}"), "SELECT 1")).collect();
        messages.push(Sync);
        heard.extend(raw.ask(&messages).await?);
    }
    Ok(heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_so_many_names_and_no_more() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = prepare(&mut raw, 0..10_000).await?;
    assert_eq!(heard.iter().filter(|line| *line == "parsed").count(), 10_000);
    assert_eq!(raw.ask(&[parse("more", "SELECT 1"), Sync]).await?, ["error 53400", "ready"]);
    assert_eq!(raw.ask(&[query("PREPARE more AS SELECT 1")]).await?, ["error 53400", "ready"]);
    assert_eq!(raw.ask(&[query("SELECT 1")]).await?, ["fields ?column?", "row 1", "SELECT 1", "ready"]);
    assert_eq!(raw.ask(&[close("s7"), Sync]).await?, ["closed", "ready"]);
    assert_eq!(raw.ask(&[query("PREPARE more AS SELECT 1")]).await?, ["PREPARE", "ready"]);
    assert_eq!(raw.ask(&[parse("s7", "SELECT 1"), Sync]).await?, ["error 53400", "ready"]);
    assert_eq!(raw.ask(&[query("DEALLOCATE ALL")]).await?, ["DEALLOCATE ALL", "ready"]);
    let heard = prepare(&mut raw, 0..2_000).await?;
    assert_eq!(heard.iter().filter(|line| *line == "parsed").count(), 2_000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_more_than_so_much_text() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let text = format!("SELECT 1 /* {} */", "x".repeat(1_000_000));
    for name in 0..16 {
        assert_eq!(raw.ask(&[parse(&format!("s{name}"), &text), Sync]).await?, ["parsed", "ready"], "{name}");
    }
    assert_eq!(raw.ask(&[parse("more", &text), Sync]).await?, ["error 53400", "ready"]);
    assert_eq!(raw.ask(&[close("s0"), Sync]).await?, ["closed", "ready"]);
    assert_eq!(raw.ask(&[parse("more", &text), Sync]).await?, ["parsed", "ready"]);
    Ok(())
}

/// What it was read as is kept with the statement, however long it is: a portal takes a name and no text.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_statement_is_read_once_for_all_its_portals() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let text = format!("SELECT name FROM t WHERE id = 1 /* {} */", "x".repeat(1_000_000));
    assert_eq!(raw.ask(&[parse("s", &text), Sync]).await?, ["parsed", "ready"]);
    let portals = (0..30).map(|portal| bind(&format!("p{portal}"), "s", &[]));
    let heard = raw.ask(&portals.chain([Sync]).collect::<Vec<_>>()).await?;
    assert_eq!(heard.iter().filter(|line| *line == "bound").count(), 30, "{heard:?}");
    Ok(())
}
