//! Pipelines and transactions with refusals in them: they end exactly as if the server itself had failed.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_testkit::postgres::run_psql;
use tokio::io::AsyncWriteExt as _;

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, execute, extended, parse, query};
use crate::{READS, SHOP};

async fn rows(gateway: &Gateway) -> Result<String> {
    gateway.server.run_sql("postgres", "SELECT count(*) FROM t").map(|out| out.trim().to_owned())
}

fn pipeline(parts: &[Vec<Frontend>]) -> Vec<Frontend> {
    parts.concat().into_iter().chain([Sync]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_pipeline_undoes_it_as_an_error_of_the_server_does() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let insert = |id: u32| extended(&format!("INSERT INTO t (id) VALUES ({id})"));
    let heard = raw.ask(&pipeline(&[insert(10), extended("DROP TABLE t"), insert(11)])).await?;
    assert_eq!(heard, ["parsed", "bound", "INSERT 0 1", "error 42501", "ready"]);
    assert_eq!(rows(&gateway).await?, "2", "the first INSERT was committed");
    // the same with an error of the server's own
    let heard = raw.ask(&pipeline(&[insert(10), extended("SELECT 1/0 FROM t"), insert(11)])).await?;
    assert_eq!(heard[..3], ["parsed", "bound", "INSERT 0 1"].map(str::to_owned));
    assert_eq!(heard.last().map(String::as_str), Some("ready"));
    assert_eq!(rows(&gateway).await?, "2");
    let heard = raw.ask(&pipeline(&[insert(12)])).await?;
    assert_eq!(heard, ["parsed", "bound", "INSERT 0 1", "ready"]);
    assert_eq!(rows(&gateway).await?, "3");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_transaction_fails_it() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = raw
        .ask(&[query("BEGIN"), query("INSERT INTO t (id) VALUES (10)"), query("DROP TABLE t"), query("COMMIT")])
        .await?;
    let expected = [
        "BEGIN",
        "ready in transaction",
        "INSERT 0 1",
        "ready in transaction",
        "error 42501",
        "ready in failed transaction",
        "ROLLBACK",
        "ready",
    ];
    assert_eq!(heard, expected);
    assert_eq!(rows(&gateway).await?, "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pipelines_in_flight_keep_their_answers_apart() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let select = |id: u32| pipeline(&[extended(&format!("SELECT name FROM t WHERE id = {id}"))]);
    let heard = raw.ask(&[select(1), pipeline(&[extended("DROP TABLE t")]), select(2)].concat()).await?;
    let expected = [
        "parsed",
        "bound",
        "row Ann",
        "SELECT 1",
        "ready",
        "error 42501",
        "ready",
        "parsed",
        "bound",
        "row Bob",
        "SELECT 1",
        "ready",
    ];
    assert_eq!(heard, expected);
    Ok(())
}

/// THREAT: deciding about one statement while the server runs another of the same name.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_whose_definition_failed_still_means_what_it_meant() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = raw.ask(&[parse("x", "INSERT INTO t (id) VALUES (20)"), Sync]).await?;
    assert_eq!(heard, ["parsed", "ready"]);
    // the second definition fails at the server; what follows must be taken, and recorded, as the first
    let heard = raw.ask(&[parse("x", "SELECT 1 FROM t"), Sync, bind("", "x", &[]), execute(""), Sync]).await?;
    assert_eq!(heard, ["error 42P05", "ready", "bound", "INSERT 0 1", "ready"]);
    let recorded = gateway.dwelling.journal.events();
    let last = recorded.iter().rev().find_map(|event| match event {
        postern_core::journal::Event::Operation { actions, prepare: false, .. } => Some(actions.clone()),
        _ => None,
    });
    assert_eq!(last, Some(["postgres.insert".to_owned()].into()));
    let heard = raw
        .ask(&[close("x"), parse("x", "SELECT name FROM t WHERE id = 1"), bind("", "x", &[]), execute(""), Sync])
        .await?;
    assert_eq!(heard, ["closed", "parsed", "bound", "row Ann", "SELECT 1", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_nobody_defined_are_refused_in_the_servers_words() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[bind("", "nope", &[]), execute(""), Sync]).await?, ["error 26000", "ready"]);
    assert_eq!(raw.ask(&[execute("nope"), Sync]).await?, ["error 34000", "ready"]);
    assert_eq!(
        raw.ask(&[query("SELECT name FROM t WHERE id = 1")]).await?,
        ["fields name", "row Ann", "SELECT 1", "ready"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_means_the_same_however_it_is_cut() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let messages = [
        pipeline(&[extended("SELECT name FROM t WHERE id = 1"), extended("DROP TABLE t")]),
        vec![query("SELECT 7 FROM t")],
    ]
    .concat();
    let bytes = Raw::encode(&messages)?;
    let whole = Raw::log_in(&gateway).await?.ask(&messages).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.stream.set_nodelay(true)?;
    for cut in 1..bytes.len() {
        raw.stream.write_all(&bytes[..cut]).await?;
        tokio::task::yield_now().await;
        raw.stream.write_all(&bytes[cut..]).await?;
        assert_eq!(raw.until_ready(2).await?, whole, "cut at {cut}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_in_and_out_pass_in_both_protocols() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let data = |text: &'static str| Frontend::CopyData(bytes::Bytes::from_static(text.as_bytes()));
    raw.say(&[query("COPY t (id, name) FROM STDIN")]).await?;
    assert_eq!(crate::raw::describe(&raw.hear().await?), "CopyInResponse");
    raw.say(&[data("30\tCy\n"), data("31\tDi\n"), Frontend::CopyDone]).await?;
    assert_eq!(raw.until_ready(1).await?, ["COPY 2", "ready"]);
    // as libpq sends it: the Sync goes ahead, is not answered, and is sent again
    raw.say(&pipeline(&[extended("COPY t (id) FROM STDIN")])).await?;
    for expected in ["parsed", "bound", "CopyInResponse"] {
        assert_eq!(crate::raw::describe(&raw.hear().await?), expected);
    }
    raw.say(&[data("32\n"), Frontend::CopyDone, Sync]).await?;
    assert_eq!(raw.until_ready(1).await?, ["COPY 1", "ready"]);
    raw.say(&pipeline(&[extended("COPY t (id) FROM STDIN")])).await?;
    for expected in ["parsed", "bound", "CopyInResponse"] {
        assert_eq!(crate::raw::describe(&raw.hear().await?), expected);
    }
    raw.say(&[Frontend::CopyFail { message: "enough".into() }, Sync]).await?;
    assert_eq!(raw.until_ready(1).await?, ["error 57014", "ready"]);
    // it fails before it reads anything, and so answers the Sync that came ahead
    gateway.server.run_sql("postgres", "CREATE VIEW v AS SELECT id FROM t; GRANT ALL ON v TO app")?;
    let heard = raw.ask(&pipeline(&[extended("COPY v (id) FROM STDIN")])).await?;
    assert_eq!(heard, ["parsed", "bound", "CopyInResponse", "error 42809", "ready"]);
    let heard = raw.ask(&pipeline(&[extended("COPY nope (id) FROM STDIN")])).await?;
    assert_eq!(heard, ["parsed", "bound", "error 42P01", "ready"]);
    assert_eq!(raw.ask(&[query("SELECT 1")]).await?, ["fields ?column?", "row 1", "SELECT 1", "ready"]);
    // as asyncpg sends it: the data goes ahead of the server's word
    raw.say(&[query("COPY t (id) FROM STDIN"), data("33\n"), data("34\n"), Frontend::CopyDone]).await?;
    assert_eq!(raw.until_ready(1).await?, ["CopyInResponse", "COPY 2", "ready"]);
    raw.say(&[
        query("COPY nope (id) FROM STDIN"),
        data("1\n"),
        Frontend::CopyDone,
        query("SELECT name FROM t WHERE id = 1"),
    ])
    .await?;
    assert_eq!(raw.until_ready(2).await?.last().map(String::as_str), Some("ready"));
    let heard = raw.ask(&[query("COPY (SELECT id FROM t WHERE id > 29 ORDER BY id) TO STDOUT")]).await?;
    assert_eq!(
        heard,
        ["CopyOutResponse", "CopyData", "CopyData", "CopyData", "CopyData", "CopyData", "CopyDone", "COPY 5", "ready"]
    );
    Ok(())
}

/// A statement that comes where data was asked for: nobody waits for the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_in_the_place_of_data_ends_the_session() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let data = || Frontend::CopyData(bytes::Bytes::from_static(b"35\n"));
    let copy = || query("COPY t (id) FROM STDIN");
    raw.say(&[copy(), data(), Frontend::CopyDone, query("SELECT 1")]).await?;
    let heard = raw.until_ready(2).await?;
    assert_eq!(heard, ["CopyInResponse", "COPY 1", "ready", "fields ?column?", "row 1", "SELECT 1", "ready"]);
    for ahead in [true, false] {
        let mut raw = Raw::log_in(&gateway).await?;
        let mut said = vec![copy(), data(), query("SELECT 1")];
        if !ahead {
            raw.say(&said.drain(..1).collect::<Vec<_>>()).await?;
            assert_eq!(crate::raw::describe(&raw.hear().await?), "CopyInResponse");
        }
        raw.say(&said).await?;
        while crate::raw::describe(&raw.hear().await?) != "error 08P01" {}
        assert!(raw.hear().await.is_err());
    }
    assert_eq!(gateway.server.run_sql("postgres", "SELECT count(*) FROM t WHERE id = 35")?.trim(), "1");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_by_unknown_numbers_are_refused() -> Result<()> {
    let executes = format!(
        "{READS}\n[[rule]]\nname = 'runs'\neffect = 'allow'\nwho = ['*']\non = ['*']\ndo = {{ effects = ['execute', 'unknown'] }}\n"
    );
    let gateway = Gateway::start(15, SHOP, &executes).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.stream.write_all(b"F\0\0\0\x0e\0\0\0\x2a\0\0\0\0\0\0").await?;
    assert_eq!(raw.until_ready(1).await?, ["error 0A000", "ready"]);
    let connection = format!("host=127.0.0.1 port={} user=bot dbname=nope sslmode=disable", gateway.address.port());
    let refused =
        run_psql(&gateway.server.psql()?, &connection, "token-of-bot", "SELECT 1").expect_err("no such target");
    assert!(refused.to_string().contains("there is no target `nope`"), "{refused}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_how_text_is_read_stay_as_they_are() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let kept = ["client_encoding = 'UTF8'", "client_encoding = 'UNICODE'", "NAMES 'utf-8'"];
    for what in [&kept[..], &["standard_conforming_strings = on", "application_name = 'x'"]].concat() {
        let text = format!("SET {what}");
        let text = text.as_str();
        assert_eq!(raw.ask(&[query(text)]).await?.last().map(String::as_str), Some("ready"), "{text}");
    }
    for text in ["SET client_encoding = 'SJIS'", "SET standard_conforming_strings = off", "SET NAMES 'LATIN1'"] {
        assert_eq!(raw.ask(&[query(text)]).await?, ["error 42501", "ready"], "{text}");
    }
    Ok(())
}

/// PostgreSQL 18 begins a transaction with the second command of a pipeline, and a question of the gateway's own is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_behind_what_does_nothing_is_in_no_transaction() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, SHOP, READS).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let heard = raw.ask(&[close("none"), query("INSERT INTO t (id) VALUES (9)"), query("ROLLBACK")]).await?;
        assert_eq!(heard.get(..3).unwrap_or_default(), ["closed", "INSERT 0 1", "ready"], "PostgreSQL {version}");
        assert_eq!(heard.last().map(String::as_str), Some("ready"));
        assert_eq!(
            raw.ask(&[query("SELECT name FROM t WHERE id = 9")]).await?,
            ["fields name", "row NULL", "SELECT 1", "ready"]
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_what_has_a_name_leaves_what_has_none() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("", "SELECT name FROM t WHERE id = 1"), Sync]).await?;
    assert_eq!(raw.ask(&[parse("d", "DROP TABLE t"), Sync]).await?, ["error 42501", "ready"]);
    let again = [bind("", "", &[]), execute(""), Sync];
    assert_eq!(raw.ask(&again).await?, ["bound", "row Ann", "SELECT 1", "ready"]);
    // and where the server itself refuses one without a name, the one before it is gone
    assert_eq!(raw.ask(&[parse("", "DROP TABLE t"), Sync]).await?, ["error 42501", "ready"]);
    assert_eq!(raw.ask(&again).await?, ["error 26000", "ready"]);
    Ok(())
}
