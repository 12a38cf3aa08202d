//! THREAT: a name that came to stand for something else between a human's yes and the run. Somebody else changes the
//! database while an operation waits; what was approved runs, or nothing does.

use anyhow::Result;
use postern_core::approval::Choice;
use postern_core::journal::{Decided, Event};
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::SHOP;
use crate::gateway::Gateway;
use crate::holding::{gateway, left};
use crate::raw::{Raw, bind, describe, execute, parse, query};

/// Another table where the approved one was.
const SWAPPED: &str = "BEGIN; ALTER TABLE t RENAME TO old; CREATE TABLE t (id int, name text, email text);
    INSERT INTO t VALUES (7, 'Eve', 'eve@example.com'), (8, 'Eve', 'eve@example.com'); GRANT ALL ON t TO app; COMMIT";

/// Sends something that a human must approve, lets somebody change the database, approves, and gives what was heard.
async fn approved_after(gateway: &Gateway, messages: &[Frontend], change: &str) -> Result<Vec<String>> {
    let mut raw = Raw::log_in(gateway).await?;
    raw.say(messages).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting for a human"));
    let asked = gateway.dwelling.approvals.asked().await;
    gateway.server.run_sql("postgres", change)?;
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    let heard = raw.until_ready(1).await?;
    // the session lives on either way
    let after = raw.ask(&[query("SELECT 1")]).await?;
    assert_eq!(after.last().map(String::as_str), Some("ready"), "{after:?}");
    Ok(heard)
}

fn piped(text: &str) -> Vec<Frontend> {
    vec![parse("", text), bind("", "", &[]), execute(""), Sync]
}

fn refused_as_changed(gateway: &Gateway) -> bool {
    let changed = |event: &Event| match event {
        Event::Operation { decided: Decided::Deny { code, .. }, .. } => code == "PST-3014",
        _ => false,
    };
    gateway.dwelling.journal.events().iter().any(changed)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_table_of_the_same_name_is_not_the_one_approved() -> Result<()> {
    let gateway = gateway().await?;
    let heard = approved_after(&gateway, &[query("DELETE FROM t")], SWAPPED).await?;
    assert_eq!(heard, ["error 42501", "ready"]);
    assert_eq!(left(&gateway)?, "2");
    assert!(refused_as_changed(&gateway));
    Ok(())
}

/// As drivers send it: the statement's Parse is in the same pipeline, so the server is asked in the middle of it.
#[tokio::test(flavor = "multi_thread")]
async fn nor_is_it_in_a_pipeline() -> Result<()> {
    let gateway = gateway().await?;
    let heard = approved_after(&gateway, &piped("DELETE FROM t"), SWAPPED).await?;
    assert_eq!(heard, ["parsed", "error 42501", "ready"]);
    assert_eq!(left(&gateway)?, "2");
    assert!(refused_as_changed(&gateway));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_comes_first_on_the_path_is_noticed() -> Result<()> {
    let gateway = gateway().await?;
    let first = "CREATE SCHEMA app; CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1);
        GRANT ALL ON SCHEMA app TO app; GRANT ALL ON app.t TO app";
    let heard = approved_after(&gateway, &[query("DELETE FROM t")], first).await?;
    assert_eq!(heard, ["error 42501", "ready"]);
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM app.t")?.trim(), "1");
    assert_eq!(left(&gateway)?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_over_something_else_is_another_view() -> Result<()> {
    let data = format!(
        "{SHOP}; CREATE TABLE other (id int, name text); INSERT INTO other VALUES (1, 'kept');
        CREATE VIEW v AS SELECT id, name FROM t; CREATE VIEW w AS SELECT id FROM v"
    );
    let gateway = Gateway::start(15, &data, crate::holding::RULES).await?;
    let heard =
        approved_after(&gateway, &[query("DELETE FROM w")], "CREATE OR REPLACE VIEW v AS SELECT id, name FROM other")
            .await?;
    assert_eq!(heard, ["error 42501", "ready"]);
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM other")?.trim(), "1");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_elsewhere_stands_in_nobodys_way() -> Result<()> {
    for messages in [vec![query("DELETE FROM t")], piped("DELETE FROM t")] {
        let gateway = gateway().await?;
        let elsewhere = "CREATE TABLE other (id int); CREATE SCHEMA later; ALTER TABLE t ADD more int";
        let heard = approved_after(&gateway, &messages, elsewhere).await?;
        assert!(heard.contains(&"DELETE 2".to_owned()), "{heard:?}");
        assert_eq!(left(&gateway)?, "0");
    }
    Ok(())
}

/// What must be asked in the middle of a pipeline commits nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_the_middle_of_a_pipeline_does_not_end_it() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, crate::READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let mut messages = piped("INSERT INTO t (id) VALUES (10)");
    messages.pop();
    for text in ["SET search_path = pg_catalog, public", "INSERT INTO t (id) VALUES (11)", "SELECT 1/0 FROM t"] {
        messages.extend(piped(text));
        messages.pop();
    }
    messages.push(Sync);
    let heard = raw.ask(&messages).await?;
    assert_eq!(heard.iter().filter(|line| *line == "INSERT 0 1").count(), 2, "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("error 22012")), "{heard:?}");
    assert_eq!(left(&gateway)?, "2", "a part of the pipeline was committed");
    Ok(())
}
