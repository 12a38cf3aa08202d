//! THREAT: names that come to mean something else between reading and running. Reads are allowed here, a DELETE
//! needs a human, and one column is masked; each sequence tries to get past one of the two.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Flush, Sync};
use postern_protocols::postgres::wire::Named;

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, describe, execute, parse, query};

const DATA: &str = "CREATE TABLE t (id int, email text); INSERT INTO t VALUES (1, 'whole-secret@example.com');
    CREATE SCHEMA b; CREATE TABLE b.t (id int, email text); INSERT INTO b.t VALUES (2, 'whole-secret@b');
    GRANT ALL ON SCHEMA b TO app; GRANT ALL ON b.t TO app";

const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*"] }

[[rule]]
name   = "deletes-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["public.*"] }
with   = { approvers = ["group:dba"] }

[[rule]]
name   = "structure"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["define"], objects = ["public.*"] }

[[mask]]
name    = "mail"
columns = ["public.t.email"]
kind    = "fixed"
"#;

/// Sends each part, hears its end, and holds that nothing was deleted, dropped or shown.
async fn nothing_gets_past(parts: &[Vec<Frontend>]) -> Result<()> {
    let gateway = Gateway::start(15, DATA, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for part in parts {
        raw.say(part).await?;
        let ends = part.iter().filter(|one| matches!(one, Frontend::Query { .. } | Sync)).count();
        let heard = tokio::select! {
            heard = raw.until_ready(ends) => heard.unwrap_or_default(),
            // a question to a human is as good as a refusal: nothing ran
            _ = gateway.dwelling.approvals.asked() => break,
        };
        assert!(!heard.iter().any(|line| line.contains("whole-secret")), "{heard:?}");
        assert!(!heard.iter().any(|line| line.starts_with("DELETE") || line.starts_with("DROP")), "{heard:?}");
    }
    let left = gateway.server.run_sql("postgres", "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM b.t)")?;
    assert_eq!(left.trim(), "1|1");
    Ok(())
}

fn closing(kind: Named, name: &str) -> Frontend {
    Frontend::Close { kind, name: bytes::Bytes::copy_from_slice(name.as_bytes()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_redefined_behind_an_execute_is_decided_anew() -> Result<()> {
    nothing_gets_past(&[
        vec![parse("s", "SELECT 1"), Sync],
        vec![parse("p", "EXECUTE s"), Sync],
        vec![close("s"), parse("s", "DELETE FROM t"), Sync],
        vec![bind("", "p", &[]), execute(""), Sync],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execute_waits_for_the_names_of_its_pipeline() -> Result<()> {
    nothing_gets_past(&[
        vec![parse("s", "SELECT 1"), Sync],
        vec![close("s"), parse("s", "DELETE FROM t"), query("EXECUTE s")],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_both_kinds_share_their_names() -> Result<()> {
    nothing_gets_past(&[
        vec![query("PREPARE s AS SELECT 1")],
        vec![close("s"), Sync],
        vec![parse("s", "DELETE FROM t"), Sync],
        vec![query("EXECUTE s")],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_in_a_portals_place_is_no_portal() -> Result<()> {
    nothing_gets_past(&[
        vec![query("BEGIN")],
        vec![parse("h", "SELECT id FROM t"), bind("c", "h", &[]), Sync],
        vec![query("CLOSE c")],
        vec![query("DECLARE c CURSOR FOR SELECT email FROM t")],
        vec![execute("c"), Sync],
    ])
    .await?;
    nothing_gets_past(&[
        vec![query("BEGIN")],
        vec![query("SAVEPOINT a")],
        vec![parse("h", "SELECT id FROM t"), bind("c", "h", &[]), Sync],
        vec![query("ROLLBACK TO a")],
        vec![query("DECLARE c CURSOR FOR SELECT email FROM t")],
        vec![execute("c"), Sync],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_server_would_cut_are_refused() -> Result<()> {
    let name = "a".repeat(63);
    let longer = format!("{name}x");
    nothing_gets_past(&[
        vec![parse(&name, "SELECT 1"), Sync],
        vec![closing(Named::Statement, &longer), Sync],
        vec![parse(&longer, "DELETE FROM t"), Sync],
        vec![bind("", &name, &[]), execute(""), Sync],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_looks_up_late_is_not_run_under_another_path() -> Result<()> {
    nothing_gets_past(&[vec![
        parse("one", "COPY t (id) TO STDOUT"),
        bind("one", "one", &[]),
        parse("two", "SET search_path = b"),
        bind("two", "two", &[]),
        execute("two"),
        execute("one"),
        Sync,
    ]])
    .await?;
    nothing_gets_past(&[vec![query("SET search_path = b; DROP TABLE t")]]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_for_another_number_is_read_anew_under_another_path() -> Result<()> {
    let gateway = Gateway::start(15, DATA, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let mut number = 0;
    // what `t` means is allowed here in one of two schemas
    for (before, allowed) in [
        (&[][..], true),
        (&[], true),
        (&["SET search_path = b"], false),
        (&[], false),
        (&["RESET search_path"], true),
        (&["BEGIN", "SET LOCAL search_path = b"], false),
        (&["ROLLBACK"], true),
    ] {
        for text in before {
            raw.ask(&[query(text)]).await?;
        }
        number += 1;
        let heard = raw.ask(&[query(&format!("SELECT id FROM t WHERE id = {number}"))]).await?;
        assert_eq!(heard.iter().any(|line| line == "error 42501"), !allowed, "{before:?}: {heard:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_not_yet_answered_leaves_no_old_path() -> Result<()> {
    nothing_gets_past(&[
        vec![query("SET search_path = b")],
        vec![query("BEGIN")],
        vec![query("SET LOCAL search_path = public")],
        vec![query("SELECT id FROM t")],
        vec![query("SELECT 1/0 FROM t")],
        vec![
            parse("", "ROLLBACK"),
            bind("", "", &[]),
            execute(""),
            Flush,
            parse("", "SELECT email FROM t"),
            bind("", "", &[]),
            execute(""),
            Sync,
        ],
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_data_are_heard_without_their_values() -> Result<()> {
    nothing_gets_past(&[
        vec![query("CREATE INDEX ON t ((email::int))")],
        vec![query("ALTER TABLE t ADD CHECK (email::int > 0)")],
    ])
    .await
}

/// THREAT: SQL gives a name of messages to something else, in the pipeline that then uses it.
#[tokio::test(flavor = "multi_thread")]
async fn sql_in_a_pipeline_leaves_nothing_under_a_name() -> Result<()> {
    let run = |text: &str| vec![parse("", text), bind("", "", &[]), execute("")];
    let before = vec![parse("s", "SELECT 'x'::text"), Sync];
    let prepare = [run("DEALLOCATE s"), run("PREPARE s AS SELECT email FROM t")].concat();
    let runs = vec![bind("q", "s", &[]), execute("q"), Sync];
    nothing_gets_past(&[before.clone(), [prepare.clone(), runs.clone()].concat()]).await?;
    let all = [run("DEALLOCATE ALL"), run("PREPARE s AS SELECT email FROM t")].concat();
    nothing_gets_past(&[before.clone(), [all, runs.clone()].concat()]).await?;
    // a name of the very pipeline
    nothing_gets_past(&[[vec![parse("s", "SELECT 'x'::text")], prepare, runs].concat()]).await?;
    let portal = vec![parse("h", "SELECT 'x'::text"), bind("p", "h", &[]), Sync];
    let declare = run("DECLARE p CURSOR FOR SELECT email FROM t");
    let mut ways = vec![run("CLOSE p"), run("CLOSE ALL"), run("ROLLBACK TO a")];
    ways.extend(["COMMIT", "ROLLBACK", "COMMIT AND CHAIN"].map(|end| [run(end), run("BEGIN")].concat()));
    for way in ways {
        let begin = vec![query("BEGIN"), query("SAVEPOINT a")];
        nothing_gets_past(&[begin, portal.clone(), [way, declare.clone(), vec![execute("p"), Sync]].concat()]).await?;
    }
    Ok(())
}

/// THREAT: the answer to what first left a name takes away the mark of what left it next. The client reads as far as the
/// server answers before it uses the name.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_takes_away_no_mark_but_its_own() -> Result<()> {
    let run = |text: &str| vec![parse("", text), bind("", "", &[]), execute("")];
    let text = "SELECT 'x'::text";
    let prepare = [run("DEALLOCATE s"), run("PREPARE s AS SELECT email FROM t")].concat();
    let uses = [bind("q", "s", &[]), execute("q"), Sync];
    let closed = vec![close("s"), parse("s", text), Flush];
    never_shown(&[query("SELECT 1")], &[closed, prepare.clone()].concat(), "parsed", &uses).await?;
    let deallocated = [run("DEALLOCATE s"), vec![parse("s", text), Flush]].concat();
    never_shown(&[parse("s", text), Sync], &[deallocated, prepare].concat(), "DEALLOCATE", &uses).await?;
    let begin = [query("BEGIN")];
    let closed = vec![closing(Named::Portal, "p"), parse("h", text), bind("p", "h", &[]), Flush];
    let declare = [run("CLOSE p"), run("DECLARE p CURSOR FOR SELECT email FROM t")].concat();
    never_shown(&begin, &[closed, declare].concat(), "bound", &[execute("p"), Sync]).await
}

/// Sends `before` and hears its end; sends `part`, hears as far as `until`; then sends what uses a name.
async fn never_shown(before: &[Frontend], part: &[Frontend], until: &str, uses: &[Frontend]) -> Result<()> {
    let gateway = Gateway::start(15, DATA, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(before).await?;
    raw.say(part).await?;
    while describe(&raw.hear().await?) != until {}
    let heard = raw.ask(uses).await?;
    assert!(!heard.iter().any(|line| line.contains("whole-secret")), "{heard:?}");
    assert!(heard.contains(&"error 26000".to_owned()) || heard.contains(&"error 34000".to_owned()), "{heard:?}");
    Ok(())
}

/// What is kept of the names of a pipeline that never ends is bounded: all of it is answered now and then.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_without_an_end_has_no_more_names_than_its_answers() -> Result<()> {
    let gateway = Gateway::start(15, DATA, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let closes = |names: std::ops::Range<u32>| names.map(|name| close(&name.to_string())).collect::<Vec<_>>();
    raw.ask(&[query("SELECT 1")]).await?;
    // a server that nobody asks to answer does so by 8 KiB, 1638 of these; a Bind has the gateway pass on what is before it
    raw.say(&[closes(0..3000), vec![parse("w", "SELECT 1"), bind("w", "w", &[])]].concat()).await?;
    for _ in 0..1600 {
        assert_eq!(describe(&raw.hear().await?), "closed");
    }
    raw.say(&closes(3000..4500)).await?;
    for _ in 1600..4000 {
        assert!(matches!(&*describe(&raw.hear().await?), "closed" | "parsed" | "bound"));
    }
    Ok(())
}
