//! What a recording holds of a session through the real protocol, and what is read back from it.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use postern_core::ports::Protocol as _;
use postern_core::record::{Entry, Moment, Note, Shown};
use postern_protocols::postgres::Postgres;
use postern_protocols::postgres::wire::Frontend::{self, Flush, Sync};
use postern_protocols::postgres::wire::Named;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Duration, sleep, timeout};

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, execute, parse};
use crate::{READS, SHOP};

/// Rows of which some are numbers, sent in binary.
const NUMBERS: &str = "SELECT 1094861636 AS n FROM t";

const SLEEPS: &str = r#"
[[rule]]
name   = "sleeps"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["execute"], objects = ["*"] }
"#;

fn describe(kind: Named, name: &str) -> Frontend {
    Frontend::Describe { kind, name: Bytes::copy_from_slice(name.as_bytes()) }
}

fn in_binary(bind: Frontend) -> Frontend {
    let Frontend::Bind { portal, statement, parameter_formats, parameters, .. } = bind else { return bind };
    Frontend::Bind { portal, statement, parameter_formats, parameters, result_formats: vec![1] }
}

/// Everything in the only recording.
fn recorded(gateway: &Gateway) -> Result<Vec<Entry>> {
    let session = gateway.dwelling.recordings.sessions().pop().context("there is no recording")?;
    let moments = gateway.dwelling.recordings.read(session)?;
    Ok(moments.into_iter().map(|Moment { entry, .. }| entry).collect())
}

/// What was written down of each operation, in its own words.
pub(crate) fn texts(gateway: &Gateway) -> Result<Vec<String>> {
    let text = |entry| match entry {
        Entry::Note(note) => match *note {
            Note::Operation { text, .. } => Some(text),
            _ => None,
        },
        _ => None,
    };
    Ok(recorded(gateway)?.into_iter().filter_map(text).collect())
}

fn asides(gateway: &Gateway) -> Result<usize> {
    Ok(recorded(gateway)?.iter().filter(|entry| matches!(entry, Entry::Aside { .. })).count())
}

/// What is read back from it.
fn replayed(gateway: &Gateway) -> Result<Vec<Shown>> {
    let mut replay = Postgres::new().replay();
    let mut shown = Vec::new();
    for entry in recorded(gateway)? {
        match entry {
            Entry::Note(_) => {}
            Entry::Shown { operation, bytes } => shown.extend(replay.shown(operation, &bytes)),
            Entry::Aside { operation, bytes } => shown.extend(replay.aside(operation, &bytes)),
        }
    }
    Ok(shown)
}

/// How often columns were told, and the cells of the rows.
fn table(shown: &[Shown]) -> (usize, Vec<String>) {
    let columns = shown.iter().filter(|one| matches!(one, Shown::Columns { .. })).count();
    let cells = shown.iter().filter_map(|one| if let Shown::Row { cells } = one { Some(cells) } else { None });
    (columns, cells.flatten().map(|cell| cell.clone().unwrap_or_default()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_many_reads_is_told_its_columns_once() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let much = "SELECT repeat('x', 100) FROM generate_series(1, 20000)";
    raw.ask(&[parse("s", much), describe(Named::Statement, "s"), Sync]).await?;
    for times in 1..3 {
        let heard = raw.ask(&[bind("", "s", &[]), execute(""), Sync]).await?;
        assert_eq!(heard.len(), 20_003);
        let (columns, cells) = table(&replayed(&gateway)?);
        assert_eq!((asides(&gateway)?, columns, cells.len()), (times, times + 1, times * 20_000));
    }
    // who asks a portal itself has heard it just before
    raw.ask(&[bind("", "s", &[]), describe(Named::Portal, ""), execute(""), Sync]).await?;
    let (columns, _) = table(&replayed(&gateway)?);
    assert_eq!((asides(&gateway)?, columns), (2, 4));
    Ok(())
}

/// THREAT: a client that fills the recorder's disk with what nobody sees.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_shows_nothing() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, &format!("{READS}{SLEEPS}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("s", "SELECT pg_sleep(1), name FROM t LIMIT 1"), describe(Named::Statement, "s"), Sync]).await?;
    raw.say(&[bind("", "s", &[]), execute(""), Flush]).await?;
    raw.stream.set_nodelay(true)?;
    for byte in Raw::encode(&[close("nobody"), Sync])? {
        raw.stream.write_all(&[byte]).await?;
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(asides(&gateway)?, 0);
    assert_eq!(raw.until_ready(1).await?.last().map(String::as_str), Some("ready"));
    assert_eq!(asides(&gateway)?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_by_the_columns_of_their_own_portal() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.ask(&[parse("n", NUMBERS), parse("s", "SELECT 'ABCD' FROM t"), Sync]).await?;
    let (one, other) = (in_binary(bind("one", "n", &[])), bind("other", "s", &[]));
    let asks = [one, other, describe(Named::Portal, "one"), execute("other"), execute("one"), Sync];
    raw.ask(&asks).await?;
    let (_, cells) = table(&replayed(&gateway)?);
    // of the other nobody has said what it holds
    assert_eq!(cells, ["\\x41424344", "\\x41424344", "1094861636", "1094861636"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_more_columns_than_are_kept_are_no_guess() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let many = "SELECT ".to_owned() + &vec!["1094861636"; 300].join(", ") + " FROM t LIMIT 1";
    raw.ask(&[parse("s", &many), describe(Named::Statement, "s"), Sync]).await?;
    raw.ask(&[bind("", "s", &[]), execute(""), Sync]).await?;
    raw.ask(&[in_binary(bind("", "s", &[])), execute(""), Sync]).await?;
    let (_, cells) = table(&replayed(&gateway)?);
    let ends = (cells.first().map(String::as_str), cells.last().map(String::as_str));
    assert_eq!((cells.len(), ends), (600, (Some("1094861636"), Some("\\x41424344"))));
    Ok(())
}

/// A recorder that lags and has room again by the time that the session looks: what has come of the target by then, and
/// all there will be, is passed on although nothing new comes.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_for_lack_of_room_is_gone_on_with() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let say = "SELECT repeat('x', 500)";
    raw.ask(&[parse("s", say), Sync]).await?;
    gateway.dwelling.recordings.stall(true);
    let pipeline: Vec<Frontend> = (0..12).flat_map(|_| [bind("", "s", &[]), execute("")]).chain([Sync]).collect();
    for _ in 0..1000 {
        raw.say(&pipeline).await?;
        if timeout(Duration::from_secs(1), raw.until_ready(1)).await.is_ok() {
            continue;
        }
        // it waits for room to record this, and then sends nothing on
        raw.say(&[parse("t", say)]).await?;
        sleep(Duration::from_millis(200)).await;
        gateway.dwelling.recordings.stall(false);
        raw.until_ready(1).await?;
        return Ok(());
    }
    anyhow::bail!("the recorder never lagged")
}
