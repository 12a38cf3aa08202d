//! Long messages: what is as long as the server takes passes, as far as there is memory for it, and where there is none the
//! statement fails and not the session.

use anyhow::Result;
use bytes::Bytes;
use postern_core::gate::Allotment;
use postern_protocols::postgres::wire::Frontend::{self, CopyData, CopyDone, Sync};
use postern_testkit::postgres::{Options, Tls};

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
    tokio::io::AsyncWriteExt::write_all(&mut one.stream, begins).await?;
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
    tokio::io::AsyncWriteExt::write_all(&mut one.stream, ends).await?;
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
