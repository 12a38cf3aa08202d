//! Bounds on what may run: too many rows, too much time. What exceeds one fails as a whole, at the client and at the
//! server.

use std::time::Duration;

use anyhow::{Result, bail};
use postern_core::approval::{Choice, State};
use postern_core::journal::{Event, Outcome};
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_protocols::postgres::wire::report::field;
use postern_protocols::postgres::wire::{Backend, Report};
use tokio::time::Instant;

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};

const DATA: &str = "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, email text);
    INSERT INTO t SELECT n, n || '@example.com' FROM generate_series(1, 3) AS n;
    CREATE TABLE big (id int); INSERT INTO big SELECT generate_series(1, 300000)";

fn rules(with: &str) -> String {
    format!(
        r#"
        [[rule]]
        name   = "works"
        effect = "allow"
        who    = ["group:ci"]
        on     = ["target:shop"]
        do     = {{ effects = ["read", "write", "delete"], objects = ["public.*"] }}
        with   = {{ {with} }}
        "#
    )
}

async fn two_rows(version: u32) -> Result<(Gateway, Raw)> {
    let gateway = Gateway::start(version, DATA, &rules("max_rows = 2")).await?;
    let raw = Raw::log_in(&gateway).await?;
    Ok((gateway, raw))
}

fn rows(gateway: &Gateway) -> Result<String> {
    gateway
        .server
        .run_sql("postgres", "SELECT string_agg(id::text, ' ' ORDER BY id) FROM t")
        .map(|ids| ids.trim().to_owned())
}

async fn ask(raw: &mut Raw, text: &str) -> Result<String> {
    raw.ask(&[query(text)]).await.map(|heard| heard.join(", "))
}

fn said(report: &Report, kind: u8) -> String {
    report.field(kind).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_too_many_is_an_error_and_no_end() -> Result<()> {
    for version in [15, 18] {
        let (gateway, mut raw) = two_rows(version).await?;
        let two = "SELECT id FROM t WHERE id < 3 ORDER BY id";
        assert_eq!(ask(&mut raw, two).await?, "fields id, row 1, row 2, SELECT 2, ready");
        let three = "SELECT id FROM t ORDER BY id";
        assert_eq!(ask(&mut raw, three).await?, "fields id, row 1, row 2, error 54000, ready");
        assert_eq!(ask(&mut raw, two).await?, "fields id, row 1, row 2, SELECT 2, ready");
        let ended = gateway.dwelling.journal.events().into_iter().filter_map(|event| match event {
            Event::Finished { outcome, .. } => Some(outcome),
            _ => None,
        });
        let code = "54000".to_owned();
        let done = || Outcome::Done { note: "SELECT 2".to_owned() };
        assert_eq!(ended.collect::<Vec<_>>(), [done(), Outcome::Failed { code }, done()]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_how_many_and_which_rule() -> Result<()> {
    let (_gateway, mut raw) = two_rows(15).await?;
    raw.say(&[query("SELECT id FROM t")]).await?;
    let report = loop {
        if let Backend::ErrorResponse(report) = raw.hear().await? {
            break report;
        }
    };
    assert_eq!(said(&report, field::MESSAGE), "there are more than the 2 rows that may come of it");
    assert_eq!(said(&report, field::DETAIL), "Rule \"works\" (PST-3016).");
    assert_eq!(said(&report, field::HINT), "ask for fewer, as with LIMIT; those that came are not all");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_undone_with_its_rows() -> Result<()> {
    for version in [15, 18] {
        let (gateway, mut raw) = two_rows(version).await?;
        let insert = |ids: &str| format!("INSERT INTO t SELECT id + 10 FROM t WHERE id IN ({ids}) RETURNING id");
        let heard = ask(&mut raw, &insert("1, 2, 3")).await?;
        assert_eq!(heard, "fields id, row 11, row 12, error 54000, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
        let heard = ask(&mut raw, &insert("1, 2")).await?;
        assert_eq!(heard, "fields id, row 11, row 12, INSERT 0 2, ready");
        assert_eq!(rows(&gateway)?, "1 2 3 11 12");
        // what fails as it is committed fails where the server would fail it, before its end
        let heard = ask(&mut raw, "INSERT INTO t VALUES (1) RETURNING id").await?;
        assert_eq!(heard, "fields id, row 1, error 23505, ready");
        let heard = ask(&mut raw, "UPDATE t SET id = id / 0 RETURNING id").await?;
        assert_eq!(heard, "error 22012, ready");
        let several = "DELETE FROM t WHERE id = 1; SELECT id FROM t ORDER BY id";
        assert_eq!(ask(&mut raw, several).await?, "DELETE 1, fields id, row 2, row 3, error 54000, ready");
        assert_eq!(rows(&gateway)?, "1 2 3 11 12");
        let several = "DELETE FROM t WHERE id > 10; SELECT id FROM t WHERE id = 1; SELECT id / 0 FROM t";
        let heard = "DELETE 2, fields id, row 1, SELECT 1, fields ?column?, error 22012, ready";
        assert_eq!(ask(&mut raw, several).await?, heard);
        assert_eq!(ask(&mut raw, "DELETE FROM t WHERE id > 10").await?, "DELETE 2, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transaction_around_it_fails_with_it() -> Result<()> {
    let (gateway, mut raw) = two_rows(15).await?;
    for text in ["SELECT id FROM t ORDER BY id", "INSERT INTO t SELECT id FROM t ORDER BY id RETURNING id"] {
        assert_eq!(ask(&mut raw, "BEGIN").await?, "BEGIN, ready in transaction");
        assert_eq!(ask(&mut raw, "DELETE FROM t").await?, "DELETE 3, ready in transaction");
        assert_eq!(ask(&mut raw, "INSERT INTO t VALUES (7), (8), (9)").await?, "INSERT 0 3, ready in transaction");
        let heard = ask(&mut raw, text).await?;
        assert_eq!(heard, "fields id, row 7, row 8, error 54000, ready in failed transaction", "{text}");
        assert_eq!(ask(&mut raw, "COMMIT").await?, "ROLLBACK, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
    }
    // whose end is in the same message cannot fail as a whole
    for text in ["BEGIN; DELETE FROM t RETURNING id; COMMIT", "DELETE FROM t RETURNING id; COMMIT"] {
        assert_eq!(ask(&mut raw, text).await?, "error 54000, ready", "{text}");
    }
    assert_eq!(rows(&gateway)?, "1 2 3");
    Ok(())
}

fn piped(texts: &[&str]) -> Vec<Frontend> {
    texts.iter().flat_map(|text| extended(text)).chain([Sync]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pipeline_around_it_fails_with_it() -> Result<()> {
    for version in [15, 18] {
        let (gateway, mut raw) = two_rows(version).await?;
        let insert = "INSERT INTO t VALUES (10)";
        let heard = raw.ask(&piped(&[insert, "SELECT id FROM t ORDER BY id", insert])).await?.join(", ");
        assert_eq!(heard, "parsed, bound, INSERT 0 1, parsed, bound, row 1, row 2, error 54000, ready");
        let heard =
            raw.ask(&piped(&["INSERT INTO t SELECT id + 10 FROM t ORDER BY id RETURNING id"])).await?.join(", ");
        assert_eq!(heard, "parsed, bound, row 11, row 12, error 54000, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
        // a Query ends a pipeline that no Sync has ended, and commits what was executed in it
        let unended = [extended(insert), vec![query("SELECT id FROM t ORDER BY id")]].concat();
        let heard = raw.ask(&unended).await?.join(", ");
        assert_eq!(heard, "parsed, bound, INSERT 0 1, fields id, row 1, row 2, error 54000, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
        // what was sent behind it as well does not run either
        let messages = [
            vec![query("BEGIN")],
            piped(&["SELECT id FROM t ORDER BY id"]),
            piped(&["COMMIT"]),
            piped(&["INSERT INTO t VALUES (10)"]),
        ];
        let heard = raw.ask(&messages.concat()).await?.join(", ");
        let expected = "BEGIN, ready in transaction, parsed, bound, row 1, row 2, error 54000, \
            ready in failed transaction, parsed, bound, ROLLBACK, ready, parsed, bound, INSERT 0 1, ready";
        assert_eq!(heard, expected);
        assert_eq!(rows(&gateway)?, "1 2 3 10");
    }
    Ok(())
}

/// Small portions are portions of one.
#[tokio::test(flavor = "multi_thread")]
async fn rows_count_over_the_life_of_what_they_come_of() -> Result<()> {
    let (_gateway, mut raw) = two_rows(15).await?;
    let portion = |rows| Frontend::Execute { portal: "c".into(), max_rows: rows };
    let select = "SELECT id FROM t ORDER BY id";
    let messages = [parse("", select), bind("c", "", &[]), portion(1), portion(1), portion(1), portion(1), Sync];
    let heard = raw.ask(&messages).await?.join(", ");
    assert_eq!(heard, "parsed, bound, row 1, PortalSuspended, row 2, PortalSuspended, error 54000, ready");
    // by SQL, from a cursor and from a portal, and by both
    let declare = format!("DECLARE c CURSOR FOR {select}");
    let by_message = vec![parse("", "FETCH 1 FROM c"), Sync, bind("", "", &[]), execute(""), Sync];
    for fetch in [vec![query("FETCH 1 FROM c")], by_message] {
        raw.ask(&[query("BEGIN"), query(&declare)]).await?;
        for row in ["row 1", "row 2"] {
            assert!(raw.ask(&fetch).await?.contains(&row.to_owned()));
        }
        let heard = raw.ask(&fetch).await?;
        assert!(heard.ends_with(&["error 54000".to_owned(), "ready in failed transaction".to_owned()]), "{heard:?}");
        raw.ask(&[query("ROLLBACK")]).await?;
    }
    raw.ask(&[query("BEGIN"), parse("", select), bind("c", "", &[]), portion(1), Sync]).await?;
    assert_eq!(ask(&mut raw, "FETCH 1 FROM c").await?, "fields id, row 2, FETCH 1, ready in transaction");
    assert_eq!(ask(&mut raw, "FETCH 1 FROM c").await?, "fields id, error 54000, ready in failed transaction");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_copy_count() -> Result<()> {
    let (_gateway, mut raw) = two_rows(15).await?;
    for format in ["", " WITH (FORMAT csv)", " WITH (FORMAT binary)"] {
        let copy = |ids: &str| format!("COPY (SELECT id FROM t WHERE id IN ({ids})) TO STDOUT{format}");
        let heard = ask(&mut raw, &copy("1, 2")).await?;
        assert!(heard.ends_with("CopyDone, COPY 2, ready"), "{format}: {heard}");
        let heard = ask(&mut raw, &copy("1, 2, 3")).await?;
        assert_eq!(heard, "CopyOutResponse, CopyData, CopyData, error 54000, ready", "{format}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn masked_rows_count() -> Result<()> {
    let mask = "[[mask]]\nname = \"mail\"\ncolumns = [\"public.t.email\"]\nkind = \"fixed\"\n";
    let gateway = Gateway::start(15, DATA, &format!("{}{mask}", rules("max_rows = 2"))).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(ask(&mut raw, "SELECT email FROM t").await?, "fields email, row ***, row ***, error 54000, ready");
    let heard = raw.ask(&piped(&["SELECT email FROM t"])).await?.join(", ");
    assert_eq!(heard, "parsed, bound, row ***, row ***, error 54000, ready");
    Ok(())
}

/// The target is told; without that it would go on to the end.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_too_many_rows_is_cancelled_at_the_target() -> Result<()> {
    let gateway = Gateway::start(15, DATA, &rules("max_rows = 1000")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let endless = "WITH RECURSIVE r(n) AS (SELECT id FROM big WHERE id = 1 UNION ALL SELECT n FROM r) SELECT n FROM r";
    for messages in [vec![query(endless)], piped(&[endless])] {
        let heard = raw.ask(&messages).await?;
        assert_eq!(heard.iter().filter(|one| one.starts_with("row")).count(), 1000);
        assert!(heard.ends_with(&["error 54000".to_owned(), "ready".to_owned()]));
    }
    let cancels = |event: &Event| matches!(event, Event::Own { text, .. } if text == "CancelRequest");
    assert!(gateway.dwelling.journal.events().iter().filter(|event| cancels(event)).count() >= 2);
    // a late cancel does not hit what comes next
    for _ in 0..20 {
        raw.ask(&[query("SELECT id FROM big")]).await?;
        let heard = ask(&mut raw, "SELECT count(*) FROM big").await?;
        assert_eq!(heard, "fields count, row 300000, SELECT 1, ready");
    }
    Ok(())
}

/// Nothing is sent behind what is timed; what a COPY waits for is not behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_timed_gets_its_data() -> Result<()> {
    let gateway = Gateway::start(15, DATA, &rules("timeout = \"20s\"")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let data = Frontend::CopyData(bytes::Bytes::from_static(b"7\n"));
    let copy = "COPY big FROM STDIN";
    let by_query = [query(copy), data.clone(), Frontend::CopyDone];
    let extended = [parse("", copy), bind("", "", &[]), execute(""), Sync, data, Frontend::CopyDone, Sync];
    for messages in [&by_query[..], &extended[..]] {
        raw.say(messages).await?;
        let heard = tokio::time::timeout(Duration::from_secs(10), raw.until_ready(1)).await??;
        assert!(heard.join(", ").ends_with("CopyInResponse, COPY 1, ready"), "{heard:?}");
    }
    Ok(())
}

const ENDLESS: &str = "WITH RECURSIVE r(n) AS (SELECT id FROM t UNION ALL SELECT n FROM r) SELECT count(n) FROM r";

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_cancelled() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, DATA, &rules("timeout = \"1s\"")).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let before = Instant::now();
        raw.say(&[query(ENDLESS)]).await?;
        let report = loop {
            if let Backend::ErrorResponse(report) = raw.hear().await? {
                break report;
            }
        };
        assert!((1_000..4_000).contains(&before.elapsed().as_millis()), "{:?}", before.elapsed());
        assert_eq!(said(&report, field::CODE), "57014");
        assert_eq!(said(&report, field::MESSAGE), "it took longer than the 1 s that it may");
        assert_eq!(said(&report, field::DETAIL), "Rule \"works\" (PST-3017).");
        assert_eq!(raw.until_ready(1).await?, ["ready"]);
        let heard = raw.ask(&piped(&["INSERT INTO t VALUES (10)", ENDLESS])).await?.join(", ");
        assert_eq!(heard, "parsed, bound, INSERT 0 1, parsed, bound, error 57014, ready");
        assert_eq!(rows(&gateway)?, "1 2 3");
        assert_eq!(ask(&mut raw, "SELECT id FROM t WHERE id = 1").await?, "fields id, row 1, SELECT 1, ready");
    }
    Ok(())
}

/// THREAT: a client that reads nothing keeps what its statement holds, because a server that waits for room hears of no
/// cancel; and costs a connection for each.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_has_no_more_time() -> Result<()> {
    let gateway = Gateway::start(15, DATA, &rules("timeout = \"1s\"")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let much = "SELECT repeat('x', 1000) FROM big";
    raw.say(&[query(much)]).await?;
    let closed = |event: &Event| matches!(event, Event::SessionClosed { .. });
    for _ in 0..100 {
        if gateway.dwelling.journal.events().iter().any(closed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let events = gateway.dwelling.journal.events();
    let cancels = events.iter().filter(|event| matches!(event, Event::Own { text, .. } if text == "CancelRequest"));
    assert!(events.iter().any(closed), "the session goes on");
    assert!((1..=6).contains(&cancels.count()), "{events:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_human_takes_no_time() -> Result<()> {
    let asking = rules("timeout = \"1s\", approvers = [\"group:dba\"]").replace("allow", "approve");
    let gateway = Gateway::start(15, DATA, &asking).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for (text, expected) in [("SELECT id FROM t WHERE id = 1", "SELECT 1"), (ENDLESS, "error 57014")] {
        raw.say(&[query(text)]).await?;
        let notice = describe(&raw.hear().await?);
        assert!(notice.starts_with("notice waiting for a human"), "{notice}");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let waits = gateway.dwelling.approvals.all().into_iter().find(|asked| asked.state == State::Pending);
        let Some(asked) = waits else { bail!("nobody is asked") };
        gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
        let heard = raw.until_ready(1).await?;
        assert!(heard.contains(&expected.to_owned()), "{heard:?}");
    }
    Ok(())
}
