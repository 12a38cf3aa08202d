//! Portals that a Bind opened, under their names in SQL: what they show is decided and masked as what was bound.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::SHOP;
use crate::ends::unproved;
use crate::gateway::Gateway;
use crate::raw::{Raw, bind, execute, parse, query};

const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*"] }

[[mask]]
name    = "mail"
columns = ["public.t.email"]
kind    = "fixed"
"#;

fn opened(text: &str) -> Vec<Frontend> {
    vec![query("BEGIN"), parse("", text), bind("c", "", &[]), Sync]
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_moves_fetches_and_closes_what_a_message_opened() -> Result<()> {
    let data = format!("{SHOP}; INSERT INTO t VALUES (3, 'Cy', 'cy@example.com')");
    let gateway = Gateway::start(15, &data, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&opened("SELECT id, email FROM t ORDER BY id")).await?;
    assert_eq!(raw.ask(&[query("MOVE FORWARD 1 c")]).await?, ["MOVE 1", "ready in transaction"]);
    let heard = raw.ask(&[query("FETCH 1 FROM c")]).await?;
    assert_eq!(heard, ["fields id|email", "row 2|***", "FETCH 1", "ready in transaction"]);
    let heard = raw.ask(&[execute("c"), Sync]).await?;
    assert_eq!(heard, ["row 3|***", "SELECT 1", "ready in transaction"]);
    assert_eq!(raw.ask(&[query("CLOSE c")]).await?, ["CLOSE CURSOR", "ready in transaction"]);
    assert_eq!(raw.ask(&[execute("c"), Sync]).await?, ["error 34000", "ready in failed transaction"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_opened_is_not_fetched_from() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&opened("SELECT id FROM t")).await?;
    assert_eq!(raw.ask(&[query("FETCH 1 FROM d")]).await?, ["error 42501", "ready in failed transaction"]);
    Ok(())
}

/// A failed transaction takes nothing but its end, and the server says so before anybody asks whether it may.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_failed_transaction_the_server_speaks_first() -> Result<()> {
    let failed = ["BEGIN", "SELECT 1/0"].map(query);
    for version in [15, 18] {
        let gateway = unproved(version, SHOP, RULES).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let mut direct = Raw::log_in_directly(&gateway).await?;
        for text in [
            "FETCH 1 FROM d",
            "EXECUTE d",
            "DROP TABLE t",
            "SELECT pg_read_file('x')",
            "SELEC 1",
            "DROP TABLE t; ROLLBACK",
        ] {
            let by_message = [parse("", text), bind("", "", &[]), execute(""), Sync];
            for way in [&[query(text)][..], &by_message] {
                if text.contains(';') && way.len() > 1 {
                    continue;
                }
                let mut heard = Vec::new();
                for client in [&mut direct, &mut raw] {
                    client.ask(&failed).await?;
                    heard.push(client.ask(way).await?);
                    client.ask(&[query("ROLLBACK")]).await?;
                }
                assert_eq!(heard[0], heard[1], "{version}: `{text}`");
                let code = if text == "SELEC 1" { "error 42601" } else { "error 25P02" };
                assert_eq!(heard[0][0], code, "{version}: `{text}`");
            }
        }
        // what it is refused with that would end it is the gateway's
        raw.ask(&failed).await?;
        let heard = raw.ask(&[query("ROLLBACK; DROP TABLE t")]).await?;
        assert_eq!(heard, ["error 42501", "ready in failed transaction"], "{version}");
        raw.ask(&[query("ROLLBACK")]).await?;
        // what ends it in the same breath lets the gateway's own word be heard again
        raw.ask(&failed).await?;
        let heard = raw.ask(&[query("ROLLBACK"), query("DROP TABLE t")]).await?;
        assert_eq!(heard, ["ROLLBACK", "ready", "error 42501", "ready"], "{version}");
        raw.ask(&failed).await?;
        let pipeline = [parse("", "ROLLBACK"), bind("", "", &[]), execute(""), parse("", "DROP TABLE t"), Sync];
        let heard = raw.ask(&pipeline).await?;
        assert_eq!(heard, ["parsed", "bound", "ROLLBACK", "error 42501", "ready"], "{version}");
    }
    Ok(())
}

/// A portal goes with its transaction, and with whatever takes its name.
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_is_gone_lends_its_reading_to_nothing() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&opened("SELECT id FROM t")).await?;
    raw.ask(&[query("COMMIT")]).await?;
    assert_eq!(raw.ask(&[query("FETCH 1 FROM c")]).await?, ["error 42501", "ready"]);
    raw.ask(&opened("SELECT id FROM t")).await?;
    let heard = raw.ask(&[query("CLOSE c"), query("DECLARE c CURSOR FOR SELECT email FROM t")]).await?;
    assert_eq!(heard, ["CLOSE CURSOR", "ready in transaction", "DECLARE CURSOR", "ready in transaction"]);
    let heard = raw.ask(&[query("FETCH 1 FROM c")]).await?;
    assert_eq!(heard, ["fields email", "row ***", "FETCH 1", "ready in transaction"]);
    Ok(())
}

/// What the server looks up only as it runs is not fetched after its names have moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_whose_names_moved_is_not_fetched_from() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[query("PREPARE p AS SELECT id FROM t")]).await?;
    raw.ask(&opened("EXECUTE p")).await?;
    let redefined = [query("DEALLOCATE p"), query("PREPARE p AS SELECT 1")];
    raw.ask(&redefined).await?;
    assert_eq!(raw.ask(&[query("FETCH 1 FROM c")]).await?, ["error 42501", "ready in failed transaction"]);
    Ok(())
}
