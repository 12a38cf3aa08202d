//! THREAT: messages that were checked, and are kept until what they were checked against holds no more. Clients here
//! withhold the Sync, or lose the gateway its journal in the middle of what they sent at once.

use std::time::Duration;

use anyhow::{Result, bail};
use postern_core::approval::{Choice, State};
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::{Gateway, PREAMBLE};
use crate::holding::{gateway, left};
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};
use crate::{READS, SHOP};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete", "define"], objects = ["*"] }
"#;

const MASK: &str = r#"
[[mask]]
name    = "mail"
columns = ["public.t.email"]
kind    = "fixed"
"#;

/// Waits until the server answers this with that.
async fn until(gateway: &Gateway, sql: &str, wanted: &str) -> Result<()> {
    for _ in 0..100 {
        if gateway.server.run_sql("postgres", sql)?.trim() == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("`{sql}` never answered {wanted}")
}

/// How many locks sessions of the application have on something.
fn locks(on: &str) -> String {
    format!("SELECT count(*) > 0 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = '{on}'")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_executed_does_not_wait_for_the_sync() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, EVERYTHING).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&extended("DELETE FROM t WHERE id = 1")).await?;
    until(&gateway, &locks("t"), "t").await?;
    let policy = format!("{}{READS}", PREAMBLE.replace("PORT", &gateway.server.port().to_string()));
    gateway.dwelling.change(&policy)?;
    // what is sent from now on is decided by the other policy
    let heard = raw.ask(&[bind("", "", &[]), execute(""), Sync]).await?;
    assert_eq!(heard, ["parsed", "bound", "DELETE 1", "error 42501", "ready"]);
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bound_stands_for_what_it_was_read_as() -> Result<()> {
    let data = format!("{SHOP}; CREATE VIEW v AS SELECT id, name AS shown FROM t");
    let gateway = Gateway::start(15, &data, &format!("{EVERYTHING}{MASK}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("s", "SELECT shown FROM v ORDER BY id"), Sync]).await?;
    raw.say(&[bind("", "s", &[])]).await?;
    until(&gateway, &locks("v"), "t").await?;
    let swapped = "SET lock_timeout = '200ms'; CREATE OR REPLACE VIEW v AS SELECT id, email AS shown FROM t";
    assert!(gateway.server.run_sql("postgres", swapped).is_err(), "the view was replaced under what was bound");
    let heard = raw.ask(&[execute(""), Sync]).await?;
    assert_eq!(heard, ["bound", "row Ann", "row Bob", "SELECT 2", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_bound_at_once() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("d", "DELETE FROM t"), Sync]).await?;
    raw.say(&[bind("", "d", &[])]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting for a human"));
    let asked = gateway.dwelling.approvals.asked().await;
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    until(&gateway, &locks("t"), "t").await?;
    let swapped = "SET lock_timeout = '200ms'; ALTER TABLE t RENAME TO old";
    assert!(gateway.server.run_sql("postgres", swapped).is_err(), "the table was renamed under what was bound");
    assert_eq!(raw.ask(&[execute(""), Sync]).await?, ["bound", "DELETE 2", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_left_by_a_fault_never_does() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, EVERYTHING).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let prepared = [parse("d", "DELETE FROM t"), parse("c", "COMMIT"), parse("s", "SELECT 1 FROM t"), Sync];
    raw.ask(&prepared).await?;
    raw.ask(&[query("BEGIN")]).await?;
    // the first two are recorded, and the third ends the session
    gateway.dwelling.journal.fail_from(3);
    let run = |name: &str| vec![bind("", name, &[]), execute("")];
    raw.say(&[run("d"), run("c"), run("s"), vec![Sync]].concat()).await?;
    assert!(describe(&raw.hear().await?).starts_with("error"));
    assert!(raw.hear().await.is_err(), "the session goes on");
    until(&gateway, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'", "0").await?;
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

/// A query that is still running says nothing about the pipeline behind it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_bound_something_holds_locks() -> Result<()> {
    let delete = || vec![parse("", "DELETE FROM t"), bind("", "", &[]), execute(""), Sync];
    let select = vec![parse("a", "SELECT name FROM t"), bind("a", "a", &[])];
    let inserted = [vec![query("SELECT 1")], extended("INSERT INTO t (id) VALUES (9)")].concat();
    let cases: [(Vec<Frontend>, &[&str]); 2] = [
        (select, &["parsed", "bound", "parsed", "error 42501", "ready"]),
        (inserted, &["parsed", "bound", "INSERT 0 1", "parsed", "error 42501", "ready"]),
    ];
    for (before, expected) in cases {
        let gateway = gateway().await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let heard = raw.ask(&[before, delete()].concat()).await?;
        assert!(heard.ends_with(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()), "{heard:?}");
        assert_eq!(left(&gateway)?, "2");
        assert!(gateway.dwelling.approvals.all().is_empty(), "nobody was asked");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_not_waited_for_behind_an_error() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    // the server refuses the text only as it parses it, and has not seen it while a human is asked
    raw.say(&[parse("", "DELETE FROM t WHERE id = 'x'"), bind("", "", &[]), execute(""), Sync]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting for a human"));
    let asked = gateway.dwelling.approvals.asked().await;
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    assert_eq!(raw.until_ready(1).await?, ["error 22P02", "ready"]);
    assert_eq!(gateway.dwelling.approvals.all().first().map(|one| one.state), Some(State::Granted));
    Ok(())
}
