//! THREAT: an approval for one thing is used for another that is written in the same words. A grant here lasts until
//! the same operation comes again.

use anyhow::Result;
use postern_core::approval::{Choice, State};
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, execute, parse, query};

const DATA: &str = "CREATE TABLE users (id int, password text, at date, score real);
    INSERT INTO users VALUES (1, 'old', '2026-01-02', 1), (2, 'old', '2026-02-01', 2)";

const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "define"], objects = ["public.*"] }

[[rule]]
name   = "changes-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["write", "delete", "unknown"] }
with   = { approvers = ["group:dba"], expires = "15m", hold = "retry" }
"#;

async fn gateway() -> Result<Gateway> {
    Gateway::start(15, DATA, RULES).await
}

fn asked(gateway: &Gateway) -> usize {
    gateway.dwelling.approvals.all().len()
}

async fn grant_all(gateway: &Gateway) -> Result<()> {
    for one in gateway.dwelling.approvals.all().iter().filter(|one| one.state == State::Pending) {
        gateway.dwelling.answer("token-of-dana", one.id, Choice::Approve).await?;
    }
    Ok(())
}

/// Asks for `last` behind `first`, lets a human agree, and asks again behind `first` and then `second`: the grant must
/// serve without `second` and not with it.
async fn is_bound_to(first: &[Frontend], second: &[Frontend], last: &str) -> Result<()> {
    let nothing: &[Frontend] = &[];
    for (between, ran) in [(nothing, true), (second, false)] {
        let gateway = gateway().await?;
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(first).await?;
        assert!(!changed(&raw.ask(&[query(last)]).await?));
        assert_eq!(asked(&gateway), 1);
        grant_all(&gateway).await?;
        raw.ask(between).await?;
        let heard = raw.ask(&[query(last)]).await?;
        assert_eq!(changed(&heard), ran, "{last}: {heard:?}");
        assert_eq!(asked(&gateway), if ran { 1 } else { 2 }, "{last}");
    }
    Ok(())
}

fn changed(heard: &[String]) -> bool {
    heard.iter().any(|line| line.starts_with("UPDATE") || line.starts_with("DELETE"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_under_a_name_is_part_of_what_was_approved() -> Result<()> {
    let update = |word: &str| parse("p", &format!("UPDATE users SET password = '{word}' WHERE id = 1"));
    // their texts are the same to people, who do not see passwords
    is_bound_to(&[update("A"), Sync], &[close("p"), update("B"), Sync], "EXECUTE p").await?;
    let declared = |oid: u32| Frontend::Parse {
        name: "p".into(),
        text: "DELETE FROM users WHERE score = $1".into(),
        types: vec![oid],
    };
    // float4 and float8 take the same words for different numbers
    is_bound_to(&[declared(700), Sync], &[close("p"), declared(701), Sync], "EXECUTE p(0.1)").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_a_table_is_part_of_it() -> Result<()> {
    let tables = ["CREATE TABLE logs (id int)", "CREATE TABLE old (id int)"].map(query);
    is_bound_to(&tables, &[query("ALTER TABLE old INHERIT logs")], "DELETE FROM logs").await?;
    let tables = ["CREATE TABLE days (id int) PARTITION BY LIST (id)", "CREATE TABLE first (id int)"].map(query);
    is_bound_to(&tables, &[query("ALTER TABLE days ATTACH PARTITION first DEFAULT")], "DELETE FROM days").await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_what_words_mean_are_part_of_it() -> Result<()> {
    for (one, other) in [
        ("SET datestyle = 'ISO, MDY'", "SET datestyle = 'ISO, DMY'"),
        ("SET timezone = 'UTC'", "SET timezone = 'Asia/Tokyo'"),
    ] {
        is_bound_to(&[query(one)], &[query(other)], "DELETE FROM users WHERE at < '01/02/2026'").await?;
        is_bound_to(&[query(one)], &[query("BEGIN"), query(other)], "DELETE FROM users WHERE at = '01/02/2026'")
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_a_query_changes_are_part_of_it() -> Result<()> {
    let last = "DELETE FROM users WHERE at < '01/02/2026'";
    let other = [query("SELECT set_config('datestyle', 'ISO, ' || 'DMY', false), 1")];
    is_bound_to(&[query("SET datestyle = 'ISO, MDY'")], &other, last).await?;
    let prepared = ["PREPARE p AS SELECT set_config('datestyle', 'ISO, DMY', false)", "EXECUTE p"].map(query);
    is_bound_to(&[query("SET datestyle = 'ISO, MDY'")], &prepared, last).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_names_that_a_failed_transaction_keeps() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let before = ["SELECT 1 FROM users", "SET search_path = other, public", "BEGIN", "ROLLBACK TO no"].map(query);
    raw.ask(&before).await?;
    let heard = raw.ask(&[query("ROLLBACK; DELETE FROM users")]).await?;
    assert!(heard.iter().any(|line| line == "error 42501"), "{heard:?}");
    assert_eq!(asked(&gateway), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_that_a_cursor_is_on_is_part_of_it() -> Result<()> {
    let cursor = |id: u32| {
        let declared = format!("DECLARE c CURSOR FOR SELECT id FROM users WHERE id = {id}");
        ["BEGIN", &declared, "FETCH c"].map(query).to_vec()
    };
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&cursor(1)).await?;
    let last = "DELETE FROM users WHERE CURRENT OF c";
    assert!(!changed(&raw.ask(&[query(last), query("ROLLBACK")]).await?));
    grant_all(&gateway).await?;
    raw.ask(&cursor(2)).await?;
    assert!(!changed(&raw.ask(&[query(last)]).await?));
    Ok(())
}

/// Asks for something on the open connection, and lets a human agree if one is asked. Tells what was heard, and whether one was.
async fn waited(gateway: &Gateway, raw: &mut Raw, text: &str) -> Result<(Vec<String>, bool)> {
    waited_for(gateway, raw, &[query(text)]).await
}

async fn waited_for(gateway: &Gateway, raw: &mut Raw, answers: &[Frontend]) -> Result<(Vec<String>, bool)> {
    let before = asked(gateway);
    let answered = async {
        while asked(gateway) == before {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        grant_all(gateway).await
    };
    let heard = raw.ask(answers);
    tokio::pin!(heard);
    tokio::select! {
        heard = &mut heard => Ok((heard?, false)),
        granted = answered => { granted?; Ok((heard.await?, true)) }
    }
}

/// THREAT: one approval for the row that a cursor is on, used for one row after the other; and the same of large objects.
#[tokio::test(flavor = "multi_thread")]
async fn where_something_stands_is_part_of_it() -> Result<()> {
    let rules = RULES.replace("hold = \"retry\"", "hold_in_transaction = \"wait\", reuse = \"15m\"");
    let rules = rules.replace("\"write\", \"delete\"", "\"write\", \"delete\", \"execute\"");
    let gateway = Gateway::start(15, DATA, &rules).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&["BEGIN", "DECLARE c CURSOR FOR SELECT id FROM users", "FETCH c"].map(query)).await?;
    let current = "UPDATE users SET score = 0 WHERE CURRENT OF c";
    for _ in 0..2 {
        let (heard, a_human) = waited(&gateway, &mut raw, current).await?;
        assert!(changed(&heard) && a_human, "{heard:?}");
        raw.ask(&[query("FETCH c")]).await?;
    }
    // what stands nowhere is served by the first approval
    for a_human_first in [true, false] {
        let (heard, a_human) = waited(&gateway, &mut raw, "UPDATE users SET score = 0 WHERE id = 2").await?;
        assert!(changed(&heard) && a_human == a_human_first, "{heard:?}");
    }
    raw.ask(&["CLOSE c", "DECLARE c CURSOR FOR SELECT id FROM users", "FETCH c"].map(query)).await?;
    waited(&gateway, &mut raw, "PREPARE p AS DELETE FROM users WHERE CURRENT OF c").await?;
    for _ in 0..2 {
        let (heard, a_human) = waited(&gateway, &mut raw, "EXECUTE p").await?;
        assert!(changed(&heard) && a_human, "{heard:?}");
        raw.ask(&[query("FETCH c")]).await?;
    }
    let (opened, _) = waited(&gateway, &mut raw, "SELECT lo_open(lo_create(0), 131072)").await?;
    assert!(opened.contains(&"row 0".to_owned()), "{opened:?}");
    for _ in 0..2 {
        let (heard, a_human) = waited(&gateway, &mut raw, "SELECT lowrite(0, 'x')").await?;
        assert!(heard.contains(&"row 1".to_owned()) && a_human, "{heard:?}");
    }
    // two sessions that come to the same place by the same way
    for opens_first in [true, false] {
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(&[query("BEGIN")]).await?;
        let (_, opens) = waited(&gateway, &mut raw, "SELECT lo_open(lo_create(0), 262144 + 131072)").await?;
        let (heard, a_human) = waited(&gateway, &mut raw, "SELECT lowrite(0, 'y')").await?;
        assert!(opens == opens_first && a_human, "{heard:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_cannot_be_told() -> Result<()> {
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for text in ["EXECUTE nobody", "COPY users FROM STDIN", "FETCH ALL FROM nobody"] {
        let heard = raw.ask(&[query(text)]).await?;
        assert_eq!(heard, ["error 42501", "ready"], "{text}");
    }
    assert_eq!(asked(&gateway), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_name_stands_for_is_shown_to_the_human() -> Result<()> {
    let gateway = gateway().await?;
    gateway.run(&["PREPARE p AS DELETE FROM users WHERE id = 1", "SELECT 1"]).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("p", "DELETE FROM users WHERE id = 1"), Sync, query("EXECUTE p")]).await?;
    let all = gateway.dwelling.approvals.all();
    let texts: Vec<&str> = all.iter().flat_map(|one| &one.parts).map(|part| part.text.as_str()).collect();
    assert!(texts.contains(&"EXECUTE p\n-- p: DELETE FROM users WHERE id = 1"), "{texts:?}");
    Ok(())
}

/// THREAT: what was approved as it was bound, run where a cursor has gone since.
#[tokio::test(flavor = "multi_thread")]
async fn where_something_stood_as_it_was_bound_it_stands_as_it_runs() -> Result<()> {
    let rules = RULES.replace("hold = \"retry\"", "hold_in_transaction = \"wait\"");
    let gateway = Gateway::start(15, DATA, &rules).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&["BEGIN", "DECLARE c CURSOR FOR SELECT id FROM users", "FETCH c"].map(query)).await?;
    let bound = [parse("u", "UPDATE users SET score = 0 WHERE CURRENT OF c"), bind("p", "u", &[]), Sync];
    let (heard, a_human) = waited_for(&gateway, &mut raw, &bound).await?;
    assert!(a_human, "{heard:?}");
    raw.ask(&[query("FETCH c")]).await?;
    let heard = raw.ask(&[execute("p"), Sync]).await?;
    assert!(!changed(&heard) && heard.iter().any(|line| line.starts_with("error")), "{heard:?}");
    raw.ask(&["ROLLBACK", "BEGIN", "DECLARE c CURSOR FOR SELECT id FROM users", "FETCH c"].map(query)).await?;
    raw.ask(&[close("u"), Sync]).await?;
    let at_once = [&bound[..2], &[execute("p"), Sync]].concat();
    let (heard, a_human) = waited_for(&gateway, &mut raw, &at_once).await?;
    assert!(changed(&heard) && a_human, "{heard:?}");
    Ok(())
}
