//! Long messages: what is as long as the server takes passes, as far as there is memory for it, and where there is none the
//! statement fails and not the session.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use postern_core::gate::Allotment;
use postern_protocols::postgres::wire::Frontend::{self, CopyData, CopyDone, Sync};
use postern_testkit::postgres::{Options, Tls};
use tokio::io::AsyncWriteExt as _;

use crate::SHOP;
use crate::alike::ALL;
use crate::gateway::{APP, Gateway};
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};

const MIB: usize = 1 << 20;

async fn gateway(allotment: usize) -> Result<Gateway> {
    let script = format!("{SHOP}; CREATE TABLE filled (v text); GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};");
    let options = Options { version: 15, tls: Tls::Off, script, ..Options::default() };
    Gateway::allotting(allotment, options, ALL).await
}

fn long(mebibytes: usize) -> String {
    "x".repeat(mebibytes * MIB)
}

/// The length of a parameter, as the server has it.
fn measured(mebibytes: usize) -> Vec<Frontend> {
    vec![parse("", "SELECT length($1::text)"), bind("", "", &[&long(mebibytes)]), execute(""), Sync]
}

fn length(mebibytes: usize) -> Vec<String> {
    let row = format!("row {}", mebibytes * MIB);
    ["parsed", "bound", &row, "SELECT 1", "ready"].map(str::to_owned).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_longer_than_anybody_needs_passes() -> Result<()> {
    let gateway = gateway(Allotment::USUAL).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&measured(70)).await?, length(70));
    // what was longer than is read is allowed as what nobody could read
    let heard = raw.ask(&[query(&format!("SELECT length('{}')", long(70)))]).await?;
    assert_eq!(heard, ["fields length", &format!("row {}", 70 * MIB), "SELECT 1", "ready"]);
    Ok(())
}

/// THREAT: a few clients that have the gateway keep more than its machine has memory for.
#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_memory_a_statement_fails_and_its_session_goes_on() -> Result<()> {
    let gateway = gateway(8 * MIB).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let cases = [
        (measured(20), vec!["parsed", "error 53200", "ready"]),
        (vec![query(&format!("SELECT '{}'", long(20)))], vec!["error 53200", "ready"]),
        (vec![parse("", &format!("SELECT '{}'", long(20))), Sync], vec!["error 53200", "ready"]),
        // as the server's own error would: what is behind it is skipped, and what was before it undone
        (
            [extended("INSERT INTO filled VALUES ('lost')"), measured(20)].concat(),
            vec!["parsed", "bound", "INSERT 0 1", "parsed", "error 53200", "ready"],
        ),
        // and what would be skipped anyway needs none
        ([vec![bind("", "nope", &[])], measured(20)].concat(), vec!["error 26000", "ready"]),
    ];
    for (messages, expected) in cases {
        assert_eq!(raw.ask(&messages).await?, expected);
        // what was taken for it is given back: this would not fit twice
        assert_eq!(raw.ask(&measured(5)).await?, length(5));
    }
    assert_eq!(raw.ask(&[query("SELECT count(*) FROM filled")]).await?[1], "row 0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_have_the_same_memory() -> Result<()> {
    let gateway = gateway(8 * MIB).await?;
    let (mut one, mut other) = (Raw::log_in(&gateway).await?, Raw::log_in(&gateway).await?);
    let bytes = Raw::encode(&measured(6))?;
    let (begins, ends) = bytes.split_at(5 * MIB);
    one.stream.write_all(begins).await?;
    // it takes a while until that much has come
    let mut heard = other.ask(&measured(4)).await?;
    for _ in 0..100 {
        if heard.contains(&"error 53200".to_owned()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        heard = other.ask(&measured(4)).await?;
    }
    assert_eq!(heard, ["parsed", "error 53200", "ready"]);
    one.stream.write_all(ends).await?;
    assert_eq!(one.until_ready(1).await?, length(6));
    assert_eq!(other.ask(&measured(4)).await?, length(4));
    Ok(())
}

/// COPY data goes on as it comes, in messages of any length, so that it needs no memory.
#[tokio::test(flavor = "multi_thread")]
async fn copy_data_passes_in_messages_of_any_length() -> Result<()> {
    let gateway = gateway(2 * MIB).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    // lines that begin as messages do
    let lines = "P\nS\nQ\n".repeat(5 * MIB);
    let data = || CopyData(Bytes::from(lines.clone().into_bytes()));
    raw.say(&[query("COPY filled FROM STDIN")]).await?;
    assert_eq!(describe(&raw.hear().await?), "CopyInResponse");
    raw.say(&[data(), data(), CopyDone]).await?;
    assert_eq!(raw.until_ready(1).await?, [format!("COPY {}", 30 * MIB), "ready".to_owned()]);
    // what it fails by is heard, the rest of the message is passed over, and what follows is whole
    raw.say(&[extended("COPY t (id) FROM STDIN"), vec![Sync]].concat()).await?;
    while describe(&raw.hear().await?) != "CopyInResponse" {}
    raw.say(&[data(), data(), CopyDone, Sync]).await?;
    assert_eq!(raw.until_ready(1).await?, ["error 22P02", "ready"]);
    // nobody asked for it, and so nobody hears of it
    raw.say(&[data()]).await?;
    assert_eq!(raw.ask(&[query("SELECT 1")]).await?, ["fields ?column?", "row 1", "SELECT 1", "ready"]);
    Ok(())
}

/// COPY data that was sent ahead needs no memory either, once the server takes it.
#[tokio::test(flavor = "multi_thread")]
async fn copy_data_sent_ahead_gives_its_memory_back() -> Result<()> {
    let gateway = gateway(8 * MIB).await?;
    let (mut one, mut other) = (Raw::log_in(&gateway).await?, Raw::log_in(&gateway).await?);
    let bytes = Raw::encode(&[query("COPY filled FROM STDIN"), CopyData(Bytes::from("x\n".repeat(3 * MIB)))])?;
    let (begins, ends) = bytes.split_at(5 * MIB);
    one.stream.write_all(begins).await?;
    assert_eq!(describe(&one.hear().await?), "CopyInResponse");
    for turn in 0.. {
        if other.ask(&measured(4)).await? == length(4) {
            break;
        }
        anyhow::ensure!(turn < 100, "the memory is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    one.stream.write_all(ends).await?;
    one.say(&[CopyDone]).await?;
    assert_eq!(one.until_ready(1).await?, [format!("COPY {}", 3 * MIB), "ready".to_owned()]);
    Ok(())
}

/// THREAT: a client that announces much and sends no more of it keeps memory that all others need, for as long as it likes.
#[tokio::test]
async fn who_sends_no_more_of_a_long_message_keeps_no_memory() -> Result<()> {
    let gateway = gateway(8 * MIB).await?;
    let (mut one, mut other) = (Raw::log_in(&gateway).await?, Raw::log_in(&gateway).await?);
    let bytes = Raw::encode(&measured(6))?;
    let (begins, ends) = bytes.split_at(5 * MIB);
    one.stream.write_all(begins).await?;
    while other.ask(&measured(4)).await? == length(4) {}
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    while other.ask(&measured(4)).await? != length(4) {}
    // the statement failed, and the session goes on behind the rest of it
    one.stream.write_all(ends).await?;
    assert_eq!(one.until_ready(1).await?, ["parsed", "error 53200", "ready"]);
    assert_eq!(one.ask(&measured(2)).await?, length(2));
    Ok(())
}

/// THREAT: what the gateway says as its client goes is taken for the end of a message of the client's.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_within_copy_data_leaves_nothing_there() -> Result<()> {
    let gateway = gateway(2 * MIB).await?;
    // the server runs it once it has the whole of a message
    let tells =
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE LOG 'took a row'; RETURN NEW; END$$;
        CREATE TRIGGER tells BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION tell()";
    gateway.server.run_sql("postgres", tells)?;
    let data = Raw::encode(&[CopyData(Bytes::from(format!("row\n{}", long(2)).into_bytes()))])?;
    // what is missing is as long as a Terminate is
    for (missing, taken) in [(0, true), (5, false)] {
        let mut raw = Raw::log_in(&gateway).await?;
        raw.say(&[query("COPY filled FROM STDIN")]).await?;
        assert_eq!(describe(&raw.hear().await?), "CopyInResponse");
        let before = log_of(&gateway)?.len();
        raw.stream.write_all(data.split_at(data.len() - missing).0).await?;
        drop(raw);
        let ended = async {
            loop {
                let said = log_of(&gateway)?.split_off(before);
                // a Terminate that is no data, or the end of the connection
                if said.contains("unexpected message type 0x58") || said.contains("unexpected EOF") {
                    return anyhow::Ok(said);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(20), ended).await??;
        assert_eq!(said.contains("took a row"), taken, "{said}");
    }
    Ok(())
}

fn log_of(gateway: &Gateway) -> Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(gateway.server.log_file())?).into_owned())
}

/// What the server passes over behind an error is owed nothing, though a part of it was kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_behind_an_error_is_passed_over() -> Result<()> {
    let gateway = gateway(8 * MIB).await?;
    let fails = || extended("SELECT 1/0");
    let text = long(6);
    let messages =
        [query(&format!("SELECT '{text}'")), parse("", &format!("SELECT '{text}'")), bind("", "kept", &[&text])];
    for (long, ends) in messages.into_iter().flat_map(|long| [(long.clone(), 0), (long, 2 * MIB)]) {
        let mut raw = Raw::log_in(&gateway).await?;
        raw.say(&[parse("kept", "SELECT 1"), Sync]).await?;
        raw.until_ready(1).await?;
        raw.say(&fails()).await?;
        let bytes = Raw::encode(&[long])?;
        let (begins, rest) = bytes.split_at(ends.min(bytes.len()));
        raw.stream.write_all(begins).await?;
        while describe(&raw.hear().await?) != "error 22012" {}
        raw.stream.write_all(rest).await?;
        raw.say(&[Sync]).await?;
        assert_eq!(raw.until_ready(1).await?, ["ready"]);
        assert_eq!(raw.ask(&measured(2)).await?, length(2));
    }
    Ok(())
}

/// THREAT: a server hears of no cancel while it waits for data, and keeps its locks.
#[tokio::test(flavor = "multi_thread")]
async fn what_stalls_within_copy_data_ends_with_its_session() -> Result<()> {
    let timed = ALL.replacen("[[rule]]", "[[rule]]\nwith = { timeout = \"1s\" }", 1);
    let script = format!("{SHOP}; CREATE TABLE filled (v text); GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};");
    let options = Options { version: 15, tls: Tls::Off, script, ..Options::default() };
    let gateway = Gateway::before(options, &timed).await?;
    let data = Raw::encode(&[CopyData(Bytes::from("x\n".repeat(MIB).into_bytes()))])?;
    // within a long message, between messages, within a short one
    for sent in [data.split_at(MIB).0, &[], b"d\0\0\0\x09x\n"] {
        let mut raw = Raw::log_in(&gateway).await?;
        raw.say(&[query("COPY filled FROM STDIN")]).await?;
        assert_eq!(describe(&raw.hear().await?), "CopyInResponse");
        raw.stream.write_all(sent).await?;
        let heard = tokio::time::timeout(Duration::from_secs(15), raw.hear()).await??;
        assert_eq!(describe(&heard), "error 57014");
        assert!(raw.hear().await.is_err());
    }
    Ok(())
}

/// What waits for a human takes memory of all sessions for hours.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_very_long_does_not_wait_for_a_human() -> Result<()> {
    let asking = ALL.replacen("allow", "approve", 1);
    let asking = asking.replacen("[[rule]]", "[[rule]]\nwith = { approvers = [\"group:dba\"] }", 1);
    let script = format!("{SHOP}; CREATE TABLE filled (v text); GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};");
    let options = Options { version: 15, tls: Tls::Off, script, ..Options::default() };
    let gateway = Gateway::before(options, &asking).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let insert = |mebibytes: usize| {
        let messages =
            [parse("", "INSERT INTO filled VALUES ($1)"), bind("", "", &[&long(mebibytes)]), execute(""), Sync];
        messages.to_vec()
    };
    let heard = raw.ask(&insert(17)).await?;
    assert!(heard.iter().any(|one| one.starts_with("error 42501")), "{heard:?}");
    // and nobody is asked for nothing
    assert!(gateway.dwelling.approvals.all().is_empty(), "{heard:?}");
    // what is shorter waits
    raw.say(&insert(2)).await?;
    loop {
        let heard = describe(&raw.hear().await?);
        assert!(!heard.starts_with("error"), "{heard}");
        if heard.starts_with("notice") {
            return Ok(());
        }
    }
}
