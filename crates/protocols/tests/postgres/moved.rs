//! THREAT: names that come to mean something else between the statement that uses them and the one that runs it.
//! Everything in `open` and `public` is allowed, one column of `public` is masked, and nothing is in `closed`.

use std::time::Duration;

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, execute, extended, parse, query};

const DATA: &str = "CREATE TABLE t (id int, email text); INSERT INTO t VALUES (1, 'whole-secret@example.com');
    CREATE SCHEMA open; CREATE TABLE open.t (id int, email text); INSERT INTO open.t VALUES (2, 'nobody@open');
    CREATE SCHEMA closed; CREATE TABLE closed.t (id int, email text); INSERT INTO closed.t VALUES (3, 'whole-secret@closed');
    GRANT ALL ON SCHEMA open, closed TO app; GRANT ALL ON open.t, closed.t TO app";

const RULES: &str = r#"
[[rule]]
name   = "most"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "define"], objects = ["public.*", "open.*", "pg_temp.*"] }

[[mask]]
name    = "mail"
columns = ["public.t.email"]
kind    = "fixed"
"#;

/// What shows the masked column, or that of another schema, where `t` is not what it was taken for.
const SHOWN: &str = "SELECT email || '' FROM t";

fn queries(texts: &[&str]) -> Vec<Vec<Frontend>> {
    texts.iter().map(|text| vec![query(text)]).collect()
}

async fn gateway() -> Result<Gateway> {
    Gateway::start(15, DATA, RULES).await
}

/// Sends each part in a new session, hears its end, and holds that nothing was shown.
async fn nothing_is_shown(gateway: &Gateway, parts: &[Vec<Frontend>]) -> Result<Vec<String>> {
    let mut raw = Raw::log_in(gateway).await?;
    let mut all = Vec::new();
    for part in parts {
        raw.say(part).await?;
        let ends = part.iter().filter(|one| matches!(one, Frontend::Query { .. } | Sync)).count();
        all.extend(raw.until_ready(ends).await?);
    }
    assert!(!all.iter().any(|line| line.contains("whole-secret")), "{all:?}");
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_changes_under_a_name_does_not_change_unseen() -> Result<()> {
    let gateway = gateway().await?;
    const SET: &str = "SELECT set_config('search_path', 'public', false)";
    let prepared = format!("PREPARE p AS {SET}");
    let [cursor, hold] = ["", "WITH HOLD "].map(|hold| format!("DECLARE c CURSOR {hold}FOR {SET}"));
    let begin = ["SET search_path = open", "SELECT 1 FROM t"];
    let ends: [&[&str]; 5] = [
        &[&prepared, "EXECUTE p", SHOWN],
        &[&prepared, "EXPLAIN ANALYZE EXECUTE p", SHOWN],
        &["BEGIN", &cursor, "FETCH c", SHOWN, "ROLLBACK", SHOWN],
        &["BEGIN", &cursor, "MOVE c", SHOWN],
        &["BEGIN", &hold, "COMMIT", SHOWN],
    ];
    for end in ends {
        nothing_is_shown(&gateway, &queries(&[&begin, end].concat())).await?;
    }
    for text in ["SET search_path = public", SET, "RESET search_path"] {
        let mut parts = queries(&begin);
        parts.push(vec![parse("p", text), Sync]);
        parts.extend(queries(&["EXECUTE p", SHOWN]));
        nothing_is_shown(&gateway, &parts).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_statement_is_read_again_where_names_have_moved() -> Result<()> {
    let gateway = gateway().await?;
    let prepared = format!("PREPARE p AS {SHOWN}");
    let sequences: [&[&str]; 3] = [
        &["SET search_path = open", &prepared, "EXECUTE p", "SET search_path = public", "EXECUTE p"],
        &["SET search_path = open", &prepared, "EXECUTE p", "SET search_path = closed", "EXECUTE p"],
        &["CREATE TEMP TABLE t (id int, email text)", &prepared, "EXECUTE p", "DROP TABLE t", "EXECUTE p"],
    ];
    for texts in sequences {
        let heard = nothing_is_shown(&gateway, &queries(texts)).await?;
        assert!(heard.last().is_some_and(|line| line.starts_with("ready")), "{heard:?}");
        let refused = heard.iter().filter(|line| line.contains("42501")).count();
        assert_eq!(refused, 1, "{heard:?}");
    }
    let mut parts = queries(&["SET search_path = open"]);
    parts.push(vec![parse("p", SHOWN), Sync]);
    parts.extend(queries(&["EXECUTE p", "SET search_path = public", "EXECUTE p"]));
    let heard = nothing_is_shown(&gateway, &parts).await?;
    assert!(heard.iter().any(|line| line == "row nobody@open"), "{heard:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_failed_transaction_does_not_let_an_old_path_through() -> Result<()> {
    let gateway = gateway().await?;
    for path in ["public", "closed"] {
        let set = format!("SET search_path = {path}");
        let last = format!("ROLLBACK; {SHOWN}");
        nothing_is_shown(
            &gateway,
            &queries(&["SET search_path = open", "SELECT 1 FROM t", &set, "BEGIN", "ROLLBACK TO no", &last]),
        )
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_tables_are_gone_once_they_are_discarded() -> Result<()> {
    let gateway = gateway().await?;
    for discard in ["DISCARD TEMP", "DISCARD ALL"] {
        let texts = ["CREATE TEMP TABLE t (id int, email text)", SHOWN, discard, SHOWN];
        let heard = nothing_is_shown(&gateway, &queries(&texts)).await?;
        assert_eq!(heard.iter().filter(|line| *line == "row ***").count(), 1, "{heard:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_made_of_what_a_name_meant_before() -> Result<()> {
    let gateway = gateway().await?;
    let made = extended("CREATE TABLE copied AS EXECUTE p");
    let redefined = [close("p"), parse("p", "SELECT email FROM t")];
    nothing_is_shown(
        &gateway,
        &[
            vec![parse("p", "SELECT 'x'::text AS email"), Sync],
            [redefined.to_vec(), made, vec![Sync]].concat(),
            vec![query("SELECT email FROM copied")],
        ],
    )
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_portal_does_not_run_what_its_name_came_to_mean() -> Result<()> {
    let gateway = gateway().await?;
    let heard = nothing_is_shown(
        &gateway,
        &[
            vec![query("PREPARE s AS SELECT 1 AS a"), query("BEGIN")],
            vec![parse("e", "EXECUTE s"), bind("old", "e", &[]), Sync],
            [extended("DEALLOCATE s"), extended("PREPARE s AS SELECT id FROM t"), vec![execute("old"), Sync]].concat(),
        ],
    )
    .await?;
    assert!(!heard.iter().any(|line| line.starts_with("row")), "{heard:?}");
    Ok(())
}

/// Nothing of it needs a rule that allows what nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_a_pipeline_makes_may_be_used_in_it() -> Result<()> {
    let gateway = gateway().await?;
    let heard = nothing_is_shown(
        &gateway,
        &[[
            extended("BEGIN"),
            extended("DECLARE c CURSOR FOR SELECT id FROM t"),
            extended("FETCH c"),
            extended("PREPARE p AS SELECT id + 1 FROM t"),
            extended("EXECUTE p"),
            extended("COMMIT"),
            vec![Sync],
        ]
        .concat()],
    )
    .await?;
    let rows: Vec<_> = heard.iter().filter(|line| line.starts_with("row")).collect();
    assert_eq!(rows, ["row 1", "row 2"], "{heard:?}");
    Ok(())
}

const EVERYWHERE: &str = r#"objects = ["*"]"#;

/// THREAT: a schema of the name, in the place of the one that tables were known in.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_takes_the_place_of_another_hides_nothing() -> Result<()> {
    let data =
        format!("{DATA}; DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO app', current_database()); END $$");
    let rules = RULES.replace(r#"objects = ["public.*", "open.*", "pg_temp.*"]"#, EVERYWHERE);
    let gateway = Gateway::start(15, &data, &rules).await?;
    let exchanges =
        ["ALTER SCHEMA s RENAME TO s2; CREATE SCHEMA s", "ALTER SCHEMA s RENAME TO s3; ALTER SCHEMA empty RENAME TO s"];
    for exchange in exchanges {
        let texts = [
            "CREATE SCHEMA empty",
            "CREATE SCHEMA s",
            "CREATE TABLE s.t (id int, email text)",
            "SELECT id FROM s.t",
            exchange,
            "SET search_path = s, public",
            SHOWN,
            "DROP SCHEMA IF EXISTS s, s2, s3, empty CASCADE",
        ];
        let heard = nothing_is_shown(&gateway, &queries(&texts)).await?;
        assert!(heard.iter().filter(|line| *line == "row ***").count() == 1, "{heard:?}");
    }
    Ok(())
}

/// THREAT: the server runs what a view is now, in a transaction that sees it as it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_replaced_is_not_read_as_a_transaction_sees_it() -> Result<()> {
    let data = format!("{DATA}; CREATE VIEW open.mine AS SELECT 'no'::text AS email; GRANT SELECT ON open.mine TO app");
    let gateway = Gateway::start(15, &data, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let own = ["CREATE TEMP TABLE own (id int)", "SELECT id FROM own"];
    let begin = ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT id FROM own"];
    for text in own.iter().chain(&begin) {
        let heard = raw.ask(&[query(text)]).await?;
        assert!(!heard.iter().any(|line| line.starts_with("error")), "{text}: {heard:?}");
    }
    gateway.server.run_sql("postgres", "CREATE OR REPLACE VIEW open.mine AS SELECT email FROM public.t")?;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let heard = raw.ask(&[query("SELECT upper(email) FROM open.mine")]).await?;
    assert!(heard.iter().any(|line| line.starts_with("error 0A000")), "{heard:?}");
    raw.ask(&[query("ROLLBACK")]).await?;
    let heard = raw.ask(&[query("SELECT upper(email) FROM open.mine")]).await?;
    assert!(!heard.join(" ").to_lowercase().contains("whole-secret"), "{heard:?}");
    let heard = raw.ask(&[query("SELECT id FROM own")]).await?;
    assert_eq!(heard, ["fields id", "SELECT 0", "ready"]);
    Ok(())
}
