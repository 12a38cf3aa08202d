//! Another policy comes in force while statements run, wait at the target, or stand half executed.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use postern_core::approval::Choice;
use postern_core::journal::Event;
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_protocols::postgres::wire::report::field;
use tokio::time::Instant;

use crate::gateway::{Gateway, PREAMBLE};
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};

const DATA: &str = "CREATE TABLE t (id int, email text); INSERT INTO t VALUES (1, 'ann@example.com');
    CREATE TABLE u (id int); INSERT INTO u VALUES (1);
    CREATE FUNCTION slow(seconds float8) RETURNS text LANGUAGE sql AS 'SELECT pg_sleep($1)::text'";

const BOTH: &str = r#"
[[rule]]
name   = "t"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write"], objects = ["public.t"] }

[[rule]]
name   = "u"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "execute"], objects = ["public.u", "public.slow", "pg_catalog.*"] }
"#;

const ENDLESS: &str = "WITH RECURSIVE r(n) AS (SELECT id FROM t UNION ALL SELECT n FROM r) SELECT count(n) FROM r";

/// It takes a while, and ends.
const LONG: &str = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3000000)
    SELECT email FROM t, (SELECT max(n) FROM r) AS m";

async fn start(version: u32) -> Result<(Gateway, Raw)> {
    let gateway = Gateway::start(version, DATA, BOTH).await?;
    let raw = Raw::log_in(&gateway).await?;
    Ok((gateway, raw))
}

fn change(gateway: &Gateway, rules: &str) -> Result<()> {
    Ok(gateway.dwelling.change(&format!("{}{rules}", PREAMBLE.replace("PORT", &gateway.server.port().to_string())))?)
}

/// The rules without the one for `t`.
fn without_t() -> String {
    BOTH.replace("public.t\"", "public.gone\"")
}

/// Waits until so many statements that hold this text run at the server.
async fn running(gateway: &Gateway, text: &str, wanted: &str) -> Result<()> {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE '%{text}%'"
    );
    for _ in 0..200 {
        if gateway.server.run_sql("postgres", &sql)?.trim() == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!("there are not {wanted} of them")
}

fn piped(text: &str) -> Vec<Frontend> {
    extended(text).into_iter().chain([Sync]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_lost_its_right_is_cancelled_and_hears_why() -> Result<()> {
    for version in [15, 18] {
        let (gateway, mut raw) = start(version).await?;
        for messages in [vec![query(ENDLESS)], piped(ENDLESS)] {
            raw.say(&messages).await?;
            running(&gateway, "RECURSIVE", "1").await?;
            let before = Instant::now();
            change(&gateway, &without_t())?;
            let report = loop {
                if let Backend::ErrorResponse(report) = raw.hear().await? {
                    break report;
                }
            };
            assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
            let said = |kind| report.field(kind).map(String::from_utf8_lossy).unwrap_or_default();
            assert_eq!((&*said(field::SEVERITY), &*said(field::CODE)), ("ERROR", "42501"));
            assert!(
                said(field::MESSAGE)
                    .starts_with("the policy changed while this ran: no rule allows `read` on public.t")
            );
            assert_eq!(raw.until_ready(1).await?, ["ready"]);
            running(&gateway, "RECURSIVE", "0").await?;
            assert!(raw.ask(&[query("SELECT id FROM u")]).await?.contains(&"row 1".to_owned()), "the session lives on");
            change(&gateway, BOTH)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_have_to_ask_a_human_now_is_cancelled() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    raw.say(&[query("BEGIN"), query(ENDLESS)]).await?;
    running(&gateway, "RECURSIVE", "1").await?;
    let asking = BOTH.replacen("effect = \"allow\"", "effect = \"approve\"\nwith = { approvers = [\"group:dba\"] }", 1);
    change(&gateway, &asking)?;
    let expected = ["BEGIN", "ready in transaction", "fields count", "error 42501", "ready in failed transaction"];
    assert_eq!(raw.until_ready(2).await?, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_its_right_goes_on() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    raw.say(&[query("SELECT slow(1) FROM u")]).await?;
    running(&gateway, "slow", "1").await?;
    change(&gateway, &without_t())?;
    assert!(raw.until_ready(1).await?.contains(&"SELECT 1".to_owned()));
    // what a human agreed to under terms that still stand, too
    let asking = BOTH.replace(
        "name   = \"u\"\neffect = \"allow\"",
        "name = \"u\"\neffect = \"approve\"\nwith = { approvers = [\"group:dba\"] }",
    );
    change(&gateway, &asking)?;
    raw.say(&[query("SELECT slow(1) FROM u")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting"));
    let asked = gateway.dwelling.approvals.asked().await;
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    running(&gateway, "slow", "1").await?;
    change(&gateway, &format!("{asking}# said otherwise\n"))?;
    assert!(raw.until_ready(1).await?.contains(&"SELECT 1".to_owned()));
    Ok(())
}

/// A cancel hits what has lost its right, and not what is before it.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_is_stopped_when_its_turn_comes() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    raw.say(&[piped(&LONG.replace("email FROM t,", "m FROM u,")), piped(ENDLESS), piped("SELECT id FROM u")].concat())
        .await?;
    running(&gateway, "max(n)", "1").await?;
    // all three are prepared and bound
    let decided = |event: &Event| matches!(event, Event::Operation { .. });
    while gateway.dwelling.journal.events().iter().filter(|event| decided(event)).count() < 6 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    change(&gateway, &without_t())?;
    let heard = raw.until_ready(3).await?.join(", ");
    let expected = "parsed, bound, row (3000000), SELECT 1, ready, parsed, bound, error 42501, ready, parsed, bound, row 1, SELECT 1, ready";
    assert_eq!(heard, expected);
    // in one pipeline the server keeps its answers back, and all of it fails together
    change(&gateway, BOTH)?;
    let together = [extended("INSERT INTO t VALUES (2)"), extended(ENDLESS), vec![Sync]].concat();
    raw.say(&together).await?;
    running(&gateway, "RECURSIVE", "1").await?;
    change(&gateway, &without_t())?;
    let heard = raw.until_ready(1).await?;
    assert!(heard.ends_with(&["error 42501".to_owned(), "ready".to_owned()]), "{heard:?}");
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM t")?.trim(), "1");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_come_masked_now_is_cancelled() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    let masked =
        |kind: &str| format!("{BOTH}[[mask]]\nname = \"mail\"\ncolumns = [\"public.t.{kind}\"]\nkind = \"fixed\"\n");
    for (column, expected) in [("email", "error 42501"), ("id", "SELECT 1")] {
        change(&gateway, BOTH)?;
        raw.say(&[query(LONG)]).await?;
        running(&gateway, "RECURSIVE", "1").await?;
        change(&gateway, &masked(column))?;
        let heard = raw.until_ready(1).await?;
        assert!(heard.contains(&expected.to_owned()), "{column}: {heard:?}");
    }
    Ok(())
}

/// The server does not hear of a cancel while it waits for its client.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_has_lost_its_right_ends_in_time() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    raw.say(&[query("COPY t FROM STDIN")]).await?;
    raw.hear().await?;
    raw.say(&[Frontend::CopyData(Bytes::from_static(b"7\tseven\n"))]).await?;
    let before = Instant::now();
    change(&gateway, &without_t())?;
    let heard = describe(&raw.hear().await?);
    assert_eq!(heard, "error 42501");
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    running(&gateway, "COPY", "0").await?;
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM t")?.trim(), "1");
    Ok(())
}

/// What is bound by day is not executed by night.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_is_asked_again_as_a_portal_runs() -> Result<()> {
    let (gateway, mut raw) = start(15).await?;
    let now = gateway.dwelling.house.clock.now();
    let until = now.after(Duration::from_secs(60));
    let timed = BOTH.replacen("do     =", &format!("when   = \"now < timestamp('{until}')\"\ndo     ="), 1);
    change(&gateway, &timed)?;
    let portion = Frontend::Execute { portal: "p".into(), max_rows: 1 };
    raw.ask(&[query("BEGIN"), query("INSERT INTO t VALUES (2), (3)")]).await?;
    let messages = [parse("s", "SELECT id FROM t ORDER BY id"), bind("p", "s", &[]), portion.clone(), Sync];
    assert_eq!(raw.ask(&messages).await?.join(", "), "parsed, bound, row 1, PortalSuspended, ready in transaction");
    assert_eq!(raw.ask(&[portion.clone(), Sync]).await?.join(", "), "row 2, PortalSuspended, ready in transaction");
    gateway.dwelling.clock.advance(Duration::from_secs(61));
    assert_eq!(raw.ask(&[portion, Sync]).await?.join(", "), "error 42501, ready in failed transaction");
    raw.ask(&[query("ROLLBACK")]).await?;
    // where no rule speaks of the time, it is not asked
    change(&gateway, BOTH)?;
    assert_eq!(raw.ask(&[bind("", "s", &[]), execute(""), Sync]).await?.join(", "), "bound, row 1, SELECT 1, ready");
    Ok(())
}
