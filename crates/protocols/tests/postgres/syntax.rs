//! What is no SQL: the client sees what the server would have said, and where, and nothing of it runs.

use anyhow::Result;
use postern_protocols::postgres::wire::{Backend, Frontend, report::field};

use crate::gateway::Gateway;
use crate::raw::{Raw, parse, query};
use crate::{READS, SHOP};

const MISTAKES: &[&str] = &[
    "SELEC 1",
    "SELECT * FORM t",
    "SELECT id\nFROM t\nWHERE id = 1 WHERE id = 2",
    "SELECT 'WHERE', id /* WHERE */ FROM t WHERE id = 1 WHERE id = 'WHERE'",
    "SELECT 'żółć', '日本語', FROM t",
    "SELECT (1",
    "SELECT (1   ",
    "SELECT 1)",
    "SELECT ''a''b''",
    "SELECT 1, 'abc",
    "SELECT 1 /* abc",
    "SELECT 1 AS \"abc",
    "SELECT 1 AS \"\"",
    "INSERT INTO t VALUES (10); DELEETE FROM t",
    "CREATE TABLE",
    "INSERT INTO t (id) VALUES (11,)",
    "UPDATE t SET WHERE id = 1",
    "SELECT $a$ b",
    "SELECT id FROM t ORDER BY id LIMIT LIMIT",
    "EXPLAIN (ANALYZE) SELEC 1",
];

/// What psql prints of errors, but for the line that says where in the server's source, and the gateway's own code.
fn shown(err: &str) -> Vec<String> {
    let ours = |line: &&str| !line.starts_with("LOCATION:") && !line.starts_with("DETAIL:");
    err.lines().filter(ours).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_looks_as_it_does_without_the_gateway() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, SHOP, READS).await?;
        let (through, direct) = (gateway.run(MISTAKES).await?, gateway.run_directly(MISTAKES).await?);
        assert_eq!(shown(&through.err), shown(&direct.err));
        let carets = direct.err.lines().filter(|line| line.trim() == "^").count();
        assert_eq!(carets, MISTAKES.len(), "{}", direct.err);
        assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM t")?.trim(), "2", "something ran");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_of_asking_hear_the_same_fields() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let text = "SELECT 'é' FROM t WHERE WHERE";
    for messages in [vec![query(text)], vec![parse("", text), Frontend::Sync]] {
        raw.say(&messages).await?;
        let Backend::ErrorResponse(report) = raw.hear().await? else { anyhow::bail!("no error was heard") };
        let said = |kind| report.field(kind).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        assert_eq!(said(field::SEVERITY_PLAIN), "ERROR");
        assert_eq!(said(field::CODE), "42601");
        assert_eq!(said(field::MESSAGE), "syntax error at or near \"WHERE\"");
        assert_eq!(said(field::POSITION), "25");
        assert_eq!(raw.until_ready(1).await?, ["ready"]);
    }
    Ok(())
}
