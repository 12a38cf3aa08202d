//! A policy that allows everything: the gateway is noticed in nothing.

use anyhow::Result;
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{Flush, Sync};
use tokio::time::{Duration, sleep};

use crate::gateway::Gateway;
use crate::raw::{Raw, describe, parse, query};
use crate::{READS, SHOP};

pub(crate) const ALL: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["*"]
on     = ["*"]
do     = { effects = ["session", "read", "write", "delete", "define", "grant", "execute", "transfer", "unknown"] }
"#;

const VIEW: &str = "CREATE TABLE t (id int, name text); CREATE VIEW v AS SELECT name FROM t";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_known_runs_where_that_is_allowed_and_nowhere_else() -> Result<()> {
    let text = "CREATE TABLE made (id int); INSERT INTO made VALUES (7); PREPARE p AS SELECT id FROM made; EXECUTE p";
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    assert_eq!(gateway.run(&[text]).await?.out, "CREATE TABLE\nINSERT 0 1\nPREPARE\n7");

    let gateway = Gateway::start(15, SHOP, &ALL.replace(", \"unknown\"", "")).await?;
    let ran = gateway.run(&[text, "SELECT to_regclass('made') IS NULL"]).await?;
    assert!(ran.err.contains("PST-3012") && ran.err.contains("send the statements one by one"), "{ran:?}");
    assert_eq!(ran.out, "t");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_go_through_as_their_functions_in_a_select_would() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let folder = tempfile::tempdir()?;
    let [file, copy] = ["file", "copy"].map(|name| folder.path().join(name));
    std::fs::write(&file, [b"a\0b".repeat(5000), vec![0xff]].concat())?;
    let made = gateway.run(&[&format!("\\lo_import {}", file.display())]).await?;
    let number = made.out.strip_prefix("lo_import ").unwrap_or_else(|| panic!("{made:?}")).to_owned();
    assert_eq!(gateway.run(&[&format!("SELECT length(lo_get({number}))")]).await?.out, "15001");
    gateway.run(&[&format!("\\lo_export {number} {}", copy.display())]).await?;
    assert!(std::fs::read(&file)? == std::fs::read(&copy)?);
    assert_eq!(gateway.run(&[&format!("\\lo_unlink {number}")]).await?.out, format!("lo_unlink {number}"));

    let gateway = Gateway::start(15, SHOP, READS).await?;
    let refused = gateway.run(&[&format!("\\lo_import {}", file.display())]).await?;
    assert!(refused.err.contains("no rule allows `execute` on pg_catalog.lo_creat"), "{refused:?}");
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM pg_largeobject_metadata")?.trim(), "0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_heard_before_the_pipeline_ends() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[parse("", "DROP TABLE t"), Flush]).await?;
    assert_eq!(describe(&raw.hear().await?), "error 42501");
    assert_eq!(raw.ask(&[Sync]).await?, ["ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_the_gateways_own_that_failed_leaves_nothing_behind() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    // not enough for all of the catalog's questions
    let heard = raw.ask(&[query("CREATE TABLE made (); SET statement_timeout = 1"), query("SELECT 1")]).await?;
    assert_eq!(heard, ["CREATE TABLE", "SET", "ready", "error 57014", "ready"]);
    // nor always for this, where the machine is busy
    while raw.ask(&[query("SET statement_timeout = 0")]).await? != ["SET", "ready"] {}
    assert_eq!(raw.ask(&[query("SELECT 1")]).await?, ["fields ?column?", "row 1", "SELECT 1", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_begins_with_what_the_client_says_first_in_it() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let first = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    let ran = gateway.run(&["BEGIN", "SET LOCAL search_path = public", first, "SHOW transaction_isolation"]).await?;
    assert_eq!((&*ran.out, &*ran.err), ("BEGIN\nSET\nSET\nserializable", ""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_views_keeps_nobody_out_of_their_tables() -> Result<()> {
    let gateway = Gateway::start(15, VIEW, ALL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[query("BEGIN"), query("CREATE VIEW w AS SELECT id FROM v, t"), query("SELECT 1")]).await?;
    let locks = "SELECT relation::regclass, mode FROM pg_locks WHERE relation IN ('t'::regclass, 'v'::regclass)";
    let held = gateway.server.run_sql("postgres", &format!("{locks} ORDER BY 1"))?;
    // those of CREATE VIEW itself
    assert_eq!(held.trim(), "t|AccessShareLock\nv|AccessShareLock");
    raw.ask(&[query("ROLLBACK; BEGIN"), query("CREATE TABLE made ()"), query("SELECT 1")]).await?;
    assert_eq!(gateway.server.run_sql("postgres", locks)?.trim(), "");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_a_table_locked_keeps_nobody_from_logging_in() -> Result<()> {
    let gateway = Gateway::start(15, VIEW, ALL).await?;
    let locked = async {
        let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 't'::regclass";
        while gateway.server.run_sql("postgres", held)?.trim() != "1" {
            sleep(Duration::from_millis(20)).await;
        }
        Raw::log_in(&gateway).await?.ask(&[query("SELECT 1")]).await
    };
    let holds = ["BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(30)"];
    tokio::select! {
        heard = locked => assert_eq!(heard?, ["fields ?column?", "row 1", "SELECT 1", "ready"]),
        ran = gateway.run_directly(&holds) => panic!("{ran:?}"),
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_the_number_that_sql_shows() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, ALL).await?;
    let [mut one, mut other] = [Raw::log_in(&gateway).await?, Raw::log_in(&gateway).await?];
    let heard = one.ask(&[query("SELECT pg_backend_pid()"), query("LISTEN bell")]).await?;
    assert!(heard.contains(&format!("row {}", one.key.0)), "{heard:?} as {}", one.key.0);
    other.ask(&[query("NOTIFY bell, 'ding'")]).await?;
    let Backend::NotificationResponse { process, .. } = one.hear().await? else { panic!("no notification") };
    assert_eq!(process, other.key.0);
    Ok(())
}
