//! Streams of a walsender: both ways, to either end, and cut short.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::BytesMut;
use postern_core::approval::{Choice, State};
use postern_core::journal::Outcome;
use postern_protocols::postgres::wire::Frontend::{self, CopyDone, Sync};
use postern_protocols::postgres::wire::{Backend, startup};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::Instant;

use super::*;
use crate::gateway::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_both_ways_and_ends_from_either_side() -> Result<()> {
    for version in [15, 18] {
        let gateway = house(version, REPLICATES).await?;
        let mut raw = changes(&gateway).await?;
        for id in 2..5 {
            insert(&gateway, id)?;
            let at = until_streamed(&mut raw, &format!("n{id}@example.com")).await?;
            raw.say(&[status(at)]).await?;
        }
        // the server heard it
        let confirmed = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn IS NOT NULL";
        let end = Instant::now() + Duration::from_secs(10);
        while gateway.server.run_sql("postgres", confirmed)?.trim() != "1" {
            assert!(Instant::now() < end, "the server heard nothing");
        }
        raw.say(&[CopyDone]).await?;
        let mut heard = raw.until_ready(1).await?;
        heard.retain(|one| one != "CopyData");
        assert_eq!(heard, ["CopyDone", "COPY 0", "START_REPLICATION", "ready"], "{version}");
        assert!(ask(&mut raw, "IDENTIFY_SYSTEM").await?.contains("systemid|timeline|xlogpos|dbname"));
        let note = outcomes(&gateway).into_iter().find_map(|outcome| match outcome {
            Outcome::Done { note } if note.starts_with("COPY 0; START_REPLICATION; ") => Some(note),
            _ => None,
        });
        assert!(note.as_ref().is_some_and(|note| note.ends_with(" bytes")), "{note:?}");
        // what the client saw is recorded, and nothing more
        assert!(gateway.dwelling.recordings.text()?.contains("n4@example.com"));

        let mut raw = changes_by(&gateway, "other").await?;
        let ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_replication";
        gateway.server.run_sql("postgres", ends)?;
        loop {
            match raw.hear().await? {
                Backend::CopyData(_) => {}
                other => break assert_eq!(describe(&other), "error 57P01"),
            }
        }
        assert!(raw.hear().await.is_err(), "the connection is closed");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_streams_to_whoever_is_in_no_database() -> Result<()> {
    for version in [15, 18] {
        let gateway = house(version, REPLICATES).await?;
        let mut raw = Raw::log_in_with(&gateway, IN_NONE).await?;
        let at = gateway.server.run_sql("postgres", "SELECT pg_current_wal_lsn()")?;
        start(&mut raw, &format!("START_REPLICATION {}", at.trim())).await?;
        insert(&gateway, 2)?;
        until_streamed(&mut raw, "n2@example.com").await?;
        raw.say(&[CopyDone]).await?;
        let mut heard = raw.until_ready(1).await?;
        heard.retain(|one| one != "CopyData");
        assert_eq!(heard.first().map(String::as_str), Some("CopyDone"));
        assert_eq!(heard.last().map(String::as_str), Some("ready"));
    }
    Ok(())
}

/// A server that stops sends all that it has, waits until it has arrived, and says that it is done in the middle.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_goodbye_in_its_own_way() -> Result<()> {
    for version in [15, 18] {
        let gateway = house(version, REPLICATES).await?;
        let mut raw = changes(&gateway).await?;
        insert(&gateway, 2)?;
        let data = gateway.server.run_sql("postgres", "SHOW data_directory")?;
        let id = std::fs::read_to_string(PathBuf::from(data.trim()).join("postmaster.pid"))?;
        let id = id.lines().next().context("a process")?.to_owned();
        assert!(Command::new("kill").args(["-INT", &id]).status().await?.success());
        let end = loop {
            match raw.hear().await? {
                data @ Backend::CopyData(_) => {
                    let (at, _) = streamed(&data)?;
                    raw.say(&[status(at)]).await.ok();
                }
                other => break other,
            }
        };
        assert_eq!(describe(&end), "COPY 0", "{version}");
        let gone = raw.hear().await.expect_err("the server is gone");
        assert!(format!("{gone:#}").contains("the connection was closed"), "{gone:#}");
        let end = Instant::now() + Duration::from_secs(5);
        while !outcomes(&gateway).iter().any(|one| matches!(one, Outcome::Done { note } if note.starts_with("COPY 0;")))
        {
            assert!(Instant::now() < end, "{:?}", outcomes(&gateway));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_right_is_taken_away_ends_at_once() -> Result<()> {
    let gateway = house(15, REPLICATES).await?;
    let mut raw = changes(&gateway).await?;
    let port = gateway.server.port();
    let policy = format!("{}{READS}", crate::gateway::PREAMBLE).replace("PORT", &port.to_string());
    let before = Instant::now();
    gateway.dwelling.change(&policy)?;
    let heard = loop {
        let heard = raw.hear().await?;
        if !matches!(heard, Backend::CopyData(_)) {
            break heard;
        }
    };
    assert_eq!(describe(&heard), "error 42501");
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    // what it says of the stream meanwhile is for nobody
    raw.say(&[status(0), CopyDone]).await?;
    assert_eq!(raw.until_ready(1).await?, ["ready"]);
    assert_eq!(ask(&mut raw, LOGICAL).await?, "error 42501, ready");
    assert_eq!(ask(&mut raw, "SELECT id FROM t").await?, "fields id, row 1, SELECT 1, ready");
    Ok(())
}

/// THREAT: the injected credential leaves as a change of a table that somebody wrote it to.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_shows_the_injected_credential_ends() -> Result<()> {
    let gateway = house(15, &format!("{REPLICATES}{READS}")).await?;
    let mut raw = changes(&gateway).await?;
    gateway.server.run_sql("postgres", &format!("INSERT INTO t VALUES (9, 'so: {PASSWORD}')"))?;
    let mut heard = Vec::new();
    while let Ok(frame) = raw.hear_frame().await {
        heard.extend_from_slice(&frame.raw);
    }
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.contains("PST-5009") && !heard.contains("Inject3d"), "{heard}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_cancelled_like_a_statement() -> Result<()> {
    let gateway = house(15, REPLICATES).await?;
    let mut raw = changes(&gateway).await?;
    let mut packet = BytesMut::new();
    startup::encode_cancel(raw.key.0, &raw.key.1, &mut packet)?;
    TcpStream::connect(gateway.address).await?.write_all(&packet).await?;
    let mut heard = raw.until_ready(1).await?;
    heard.retain(|one| one != "CopyData");
    assert_eq!(heard, ["error 57014", "ready"]);
    Ok(())
}

/// A walsender that streams takes nothing else, and ends its session over it.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_does_not_belong_to_a_stream_ends_the_session() -> Result<()> {
    let gateway = house(15, REPLICATES).await?;
    let messages = [query("IDENTIFY_SYSTEM"), Sync, Frontend::Flush, parse("", "SELECT 1")];
    for (at, message) in messages.into_iter().enumerate() {
        let mut raw = changes_by(&gateway, &format!("s{at}")).await?;
        raw.say(std::slice::from_ref(&message)).await?;
        let heard = loop {
            let heard = raw.hear().await?;
            if !matches!(heard, Backend::CopyData(_)) {
                break heard;
            }
        };
        assert_eq!(describe(&heard), "error 08P01", "{message:?}");
        assert!(raw.hear().await.is_err());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_as_a_stream_is_not_counted_in_rows() -> Result<()> {
    let bounded = REPLICATES.replace("do     =", "with   = { max_rows = 1000, timeout = \"1s\" }\ndo     =");
    let gateway = house(15, &bounded).await?;
    let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
    for text in ["BASE_BACKUP", LOGICAL] {
        assert_eq!(ask(&mut raw, text).await?, "error 54000, ready", "{text}");
    }
    drop(gateway);
    let timed = REPLICATES.replace("do     =", "with   = { timeout = \"1s\" }\ndo     =");
    let gateway = house(15, &timed).await?;
    let mut raw = changes(&gateway).await?;
    let mut heard = raw.until_ready(1).await?;
    heard.retain(|one| one != "CopyData");
    assert_eq!(heard, ["error 57014", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_may_wait_for_a_human() -> Result<()> {
    let asking =
        REPLICATES.replace("allow", "approve").replace("do     =", "with = { approvers = [\"group:dba\"] }\ndo =");
    let gateway = house(15, &asking).await?;
    let mut raw = Raw::log_in_with(&gateway, IN_NONE).await?;
    let at = gateway.server.run_sql("postgres", "SELECT pg_current_wal_lsn()")?;
    raw.say(&[query(&format!("START_REPLICATION {}", at.trim()))]).await?;
    let notice = describe(&raw.hear().await?);
    assert!(notice.starts_with("notice waiting for a human"), "{notice}");
    let waits = gateway.dwelling.approvals.all().into_iter().find(|asked| asked.state == State::Pending);
    gateway.dwelling.answer("token-of-dana", waits.context("nobody is asked")?.id, Choice::Approve).await?;
    assert!(matches!(raw.hear().await?, Backend::CopyBothResponse { .. }));
    insert(&gateway, 2)?;
    until_streamed(&mut raw, "n2@example.com").await?;
    Ok(())
}

/// What the client has of a backup goes to the server like the data of any COPY.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_is_uploaded() -> Result<()> {
    let gateway = house(18, REPLICATES).await?;
    let mut raw = Raw::log_in_with(&gateway, IN_NONE).await?;
    raw.say(&[query("UPLOAD_MANIFEST"), Frontend::CopyData("{".into()), CopyDone]).await?;
    assert_eq!(raw.until_ready(1).await?, ["CopyInResponse", "error XX000", "ready"]);
    assert!(ask(&mut raw, "IDENTIFY_SYSTEM").await?.starts_with("fields systemid"));
    Ok(())
}
