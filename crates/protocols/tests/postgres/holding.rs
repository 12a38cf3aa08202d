//! Operations that wait for a human on their open connection.

use std::time::Duration;

use anyhow::{Context as _, Result};
use postern_core::approval::{Answered, Choice, State};
use postern_core::journal::{Decided, Event};
use postern_protocols::postgres::wire::Frontend::{self, Sync, Terminate};
use postern_protocols::postgres::wire::startup;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::SHOP;
use crate::gateway::{Gateway, Ran};
use crate::raw::{Raw, bind, describe, execute, parse, query};

pub(crate) const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write"], objects = ["public.*"] }

[[rule]]
name   = "deletes-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["public.*"] }
with   = { approvers = ["group:dba"], expires = "15m" }
"#;

pub(crate) async fn gateway() -> Result<Gateway> {
    Gateway::start(15, SHOP, RULES).await
}

pub(crate) fn left(gateway: &Gateway) -> Result<String> {
    gateway.server.run_sql("postgres", "SELECT count(*) FROM t").map(|out| out.trim().to_owned())
}

/// Runs SQL with psql and answers what it asks as somebody.
async fn answered(gateway: &Gateway, sql: &[&str], by: &str, choice: Choice) -> Result<(Ran, Answered)> {
    let answering = async {
        let asked = tokio::time::timeout(Duration::from_secs(10), gateway.dwelling.approvals.asked()).await;
        let asked = asked.context("nobody asked")?;
        assert_eq!(left(gateway)?, "2", "it ran before it was approved");
        anyhow::Ok(gateway.dwelling.answer(by, asked.id, choice).await?)
    };
    let (ran, answered) = tokio::join!(gateway.run(sql), answering);
    Ok((ran?, answered?))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_delete_runs_on_the_same_connection() -> Result<()> {
    let gateway = gateway().await?;
    let sql = &["SELECT pg_backend_pid() FROM t WHERE id = 1", "DELETE FROM t", "SELECT pg_backend_pid() FROM t"];
    let (ran, answered) = answered(&gateway, sql, "token-of-dana", Choice::Approve).await?;
    assert_eq!(answered, Answered::Counted(State::Granted));
    assert!(ran.out.contains("DELETE 2"), "{ran:?}");
    assert!(ran.err.contains("NOTICE") && ran.err.contains("https://gateway.test/approvals/apr_"), "{ran:?}");
    assert!(!ran.err.contains("ERROR"), "{ran:?}");
    assert_eq!(left(&gateway)?, "0");
    assert_eq!(gateway.dwelling.approvals.all().iter().map(|one| one.state).collect::<Vec<_>>(), [State::Used]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_delete_fails_with_the_reason_and_the_session_lives() -> Result<()> {
    let gateway = gateway().await?;
    let (ran, _) =
        answered(&gateway, &["DELETE FROM t", "SELECT name FROM t WHERE id = 1"], "token-of-dana", Choice::Deny)
            .await?;
    assert!(ran.err.contains("ERROR:  42501: dana denied it: a test said so"), "{ran:?}");
    assert_eq!(ran.out, "Ann");
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_withdraws_and_nothing_runs() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting for a human"));
    let mut cancel = TcpStream::connect(gateway.address).await?;
    let mut packet = bytes::BytesMut::new();
    startup::encode_cancel(raw.key.0, &raw.key.1, &mut packet)?;
    cancel.write_all(&packet).await?;
    assert_eq!(cancel.read(&mut [0; 8]).await?, 0, "a cancel request is not answered");
    assert_eq!(raw.until_ready(1).await?, ["error 57014", "ready"]);
    assert_eq!(gateway.dwelling.approvals.all().first().map(|one| one.state), Some(State::Withdrawn));
    assert_eq!(raw.ask(&[query("SELECT name FROM t WHERE id = 1")]).await?.last().map(String::as_str), Some("ready"));
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_cancel_key_withdraws_nothing() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    let mut cancel = TcpStream::connect(gateway.address).await?;
    let mut packet = bytes::BytesMut::new();
    startup::encode_cancel(raw.key.0, &[0, 0, 0, 0], &mut packet)?;
    cancel.write_all(&packet).await?;
    assert_eq!(cancel.read(&mut [0; 8]).await?, 0);
    assert_eq!(gateway.dwelling.approvals.all().first().map(|one| one.state), Some(State::Pending));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_withdraws_what_it_asked() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    // a half-closed connection counts as gone: nobody is left to take the answer
    raw.stream.shutdown().await?;
    withdrawn(&gateway).await?;
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

async fn withdrawn(gateway: &Gateway) -> Result<()> {
    let withdrawn = async {
        while gateway.dwelling.approvals.all().iter().any(|one| one.state == State::Pending) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), withdrawn).await.context("still pending")
}

/// Queries that a client sends without waiting for anything, so many bytes of them.
fn ahead(bytes: usize) -> Vec<Frontend> {
    let text = format!("SELECT name FROM t WHERE id = 1 /* {} */", "x".repeat(1000));
    vec![query(&text); bytes / text.len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_behind_what_it_sent_ahead_is_noticed() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    raw.say(&ahead(1 << 20)).await?;
    raw.stream.shutdown().await?;
    withdrawn(&gateway).await?;
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_more_ahead_than_is_kept_is_not_waited_for() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    let ahead = ahead(5 << 20);
    raw.say(&ahead).await?;
    assert_eq!(raw.until_ready(1).await?, ["error 57014", "ready"]);
    // and everything after it is answered
    let heard = raw.until_ready(ahead.len()).await?;
    assert_eq!(heard.iter().filter(|line| *line == "row Ann").count(), ahead.len());
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_a_transaction_it_is_refused_at_once() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[query("BEGIN"), query("INSERT INTO t (id) VALUES (9)")]).await?;
    assert_eq!(raw.ask(&[query("DELETE FROM t")]).await?, ["error 42501", "ready in failed transaction"]);
    assert_eq!(raw.ask(&[query("ROLLBACK")]).await?, ["ROLLBACK", "ready"]);
    // and inside the implicit one of a pipeline
    let messages = [
        parse("", "INSERT INTO t (id) VALUES (9)"),
        bind("", "", &[]),
        execute(""),
        parse("", "DELETE FROM t"),
        bind("", "", &[]),
        execute(""),
        Sync,
    ];
    assert_eq!(raw.ask(&messages).await?, ["parsed", "bound", "INSERT 0 1", "parsed", "error 42501", "ready"]);
    assert_eq!(left(&gateway)?, "2");
    assert!(gateway.dwelling.approvals.all().is_empty(), "nobody was asked");
    Ok(())
}

/// What was approved is what runs: parameters included, whatever comes after it on the connection.
#[tokio::test(flavor = "multi_thread")]
async fn an_approved_bind_runs_with_the_parameters_that_were_approved() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let first = [parse("d", "DELETE FROM t WHERE id = $1::int"), bind("", "d", &["1"]), execute(""), Sync];
    let second = [query("SELECT name FROM t ORDER BY id")];
    raw.say(&first).await?;
    raw.say(&second).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    let asked = gateway.dwelling.approvals.asked().await;
    assert_eq!(asked.parts[0].parameters, [Some("1".to_owned())]);
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    let heard = raw.until_ready(2).await?;
    assert_eq!(heard, ["parsed", "bound", "DELETE 1", "ready", "fields name", "row Bob", "SELECT 1", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_held_pipeline_reaches_the_server() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[parse("", "DELETE FROM t"), bind("", "", &[]), execute(""), Sync]).await?;
    let asked = gateway.dwelling.approvals.asked().await;
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 't'";
    assert_eq!(gateway.server.run_sql("postgres", locks)?.trim(), "0", "the wait holds a lock");
    assert!(!gateway.server.statements("app")?.iter().any(|text| text.contains("DELETE")));
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    let heard = raw.until_ready(1).await?;
    assert_eq!(heard.last().map(String::as_str), Some("ready"));
    assert_eq!(left(&gateway)?, "0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_operation() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    let asked = gateway.dwelling.approvals.asked().await;
    let answered = gateway.dwelling.answer("token-of-bot", asked.id, Choice::Approve).await?;
    assert!(matches!(answered, Answered::Refused(_)), "{answered:?}");
    raw.say(&[Terminate]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_of_hold_grant_and_run_in_order() -> Result<()> {
    let gateway = gateway().await?;
    let (_, _) = answered(&gateway, &["DELETE FROM t"], "token-of-dana", Choice::Approve).await?;
    let story: Vec<&str> = gateway
        .dwelling
        .journal
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Operation { decided: Decided::Hold { .. }, .. } => Some("held"),
            Event::Operation { decided: Decided::Allow { approval: Some(_), .. }, .. } => Some("allowed"),
            Event::ApprovalSettled { .. } => Some("settled"),
            Event::Finished { .. } => Some("finished"),
            _ => None,
        })
        .collect();
    assert_eq!(story, ["held", "settled", "allowed", "finished"]);
    Ok(())
}
