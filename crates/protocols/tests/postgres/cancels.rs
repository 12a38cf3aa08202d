//! Cancel requests: what they hit, what they leave alone, and that nobody keeps them from others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use postern_core::approval::State;
use postern_core::journal::Event;
use postern_protocols::postgres::wire::Frontend::Sync;
use postern_protocols::postgres::wire::startup;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::gateway::Gateway;
use crate::holding::{RULES, gateway};
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};
use crate::{READS, SHOP};

const STRUCTURE: &str = r#"
[[rule]]
name   = "structure"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["define", "execute"], objects = ["*"] }
"#;

/// Sends a cancel request from this address; the connection it went out on is closed once it was dealt with.
async fn request(gateway: &Gateway, from: [u8; 4], key: &(i32, Bytes)) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(from)), 0))?;
    let mut stream = socket.connect(gateway.address).await?;
    let mut packet = BytesMut::new();
    startup::encode_cancel(key.0, &key.1, &mut packet)?;
    stream.write_all(&packet).await?;
    Ok(stream)
}

async fn cancel(gateway: &Gateway, raw: &Raw) -> Result<()> {
    let mut stream = request(gateway, [127, 0, 0, 1], &raw.key).await?;
    assert_eq!(timeout(Duration::from_secs(10), stream.read(&mut [0; 8])).await??, 0, "it was answered");
    Ok(())
}

/// Waits until the server says so.
async fn once(gateway: &Gateway, condition: &str) -> Result<()> {
    let holds = async {
        while gateway.server.run_sql("postgres", &format!("SELECT {condition}"))?.trim() != "t" {
            sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(10), holds).await.with_context(|| condition.to_owned())?
}

const SLEEPS: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'app' AND wait_event = 'PgSleep')";

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_at_the_target_is_cancelled_there_and_journalled() -> Result<()> {
    let gateway = Gateway::start(15, crate::SHOP, &format!("{RULES}{STRUCTURE}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("SELECT pg_sleep(60) FROM t")]).await?;
    once(&gateway, SLEEPS).await?;
    cancel(&gateway, &raw).await?;
    assert_eq!(raw.until_ready(1).await?.last().map(String::as_str), Some("ready"));
    let own = |event: &Event| matches!(event, Event::Own { text, .. } if text == "CancelRequest");
    assert_eq!(gateway.dwelling.journal.events().iter().filter(|event| own(event)).count(), 1);
    // nothing runs now, so there is nothing to tell the target
    cancel(&gateway, &raw).await?;
    assert_eq!(gateway.dwelling.journal.events().iter().filter(|event| own(event)).count(), 1);
    assert_eq!(raw.ask(&[query("SELECT 1")]).await?.last().map(String::as_str), Some("ready"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_the_journal_does_not_take_is_not_sent() -> Result<()> {
    let gateway = Gateway::start(15, crate::SHOP, &format!("{RULES}{STRUCTURE}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("SELECT pg_sleep(2) FROM t WHERE id = 1")]).await?;
    once(&gateway, SLEEPS).await?;
    let dialled = gateway.dwelling.reach.dialled();
    gateway.dwelling.journal.fail_from(1);
    cancel(&gateway, &raw).await?;
    assert_eq!(gateway.dwelling.reach.dialled(), dialled);
    Ok(())
}

/// THREAT: a cancel that came too late for one operation takes back the next, which nobody meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_does_not_reach_what_was_asked_after_it() -> Result<()> {
    let gateway = gateway().await?;
    // which of two things that are ready is taken up first is left to chance
    for _ in 0..6 {
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(&[query("SELECT 1")]).await?;
        gateway.dwelling.journal.hold();
        raw.say(&[parse("", "DELETE FROM t")]).await?;
        gateway.dwelling.journal.waited_for().await;
        let _request = request(&gateway, [127, 0, 0, 1], &raw.key).await?;
        sleep(Duration::from_millis(60)).await;
        raw.say(&[bind("", "", &[]), execute(""), Sync]).await?;
        sleep(Duration::from_millis(20)).await;
        gateway.dwelling.journal.release();
        assert!(describe(&raw.hear().await?).starts_with("notice"));
        sleep(Duration::from_millis(60)).await;
        let waits = || gateway.dwelling.approvals.all().iter().any(|one| one.state == State::Pending);
        assert!(waits(), "it was taken back");
        cancel(&gateway, &raw).await?;
        assert!(!waits());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_tries_keys_keeps_no_other_waiting() -> Result<()> {
    const TRIES: usize = 800;
    let gateway = gateway().await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("DELETE FROM t")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice"));
    let wrong = (raw.key.0, Bytes::from_static(b"none"));
    let mut tries = JoinSet::new();
    for _ in 0..TRIES {
        let mut stream = request(&gateway, [127, 0, 0, 2], &wrong).await?;
        tries.spawn(async move { stream.read(&mut [0; 8]).await.ok() });
    }
    cancel(&gateway, &raw).await?;
    let mut answered = 0;
    while tries.try_join_next().is_some() {
        answered += 1;
    }
    assert!(answered < TRIES, "it waited for all who tried before");
    assert_eq!(raw.until_ready(1).await?, ["error 57014", "ready"]);
    Ok(())
}

/// The gateway's own question is a part of the operation that it is asked for: cancelled, that fails, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_of_the_gateways_own_question_fails_what_it_was_asked_for() -> Result<()> {
    let gateway = Gateway::start(15, crate::SHOP, &format!("{RULES}{STRUCTURE}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    // structure was changed, so names are asked for again; a lock on one of the catalogs makes that take long
    let lock = "BEGIN; LOCK TABLE pg_inherits IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)";
    let locked = "EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
        AND relation = 'pg_inherits'::regclass)";
    let waits = "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'pg_inherits'::regclass)";
    let unlock = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
        AND relation = 'pg_inherits'::regclass";
    let piped = [extended("SELECT 2 FROM t"), extended("SELECT 1 FROM t"), vec![Sync]].concat();
    for (messages, expected) in
        [(vec![query("SELECT 1 FROM t")], vec!["error 57014", "ready"]), (piped, vec!["error 57014", "ready"])]
    {
        assert_eq!(raw.ask(&[query("CREATE TEMP TABLE x (id int)")]).await?, ["CREATE TABLE", "ready"]);
        std::thread::scope(|scope| {
            let locking = scope.spawn(|| gateway.server.run_sql("postgres", lock));
            let result = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    once(&gateway, locked).await?;
                    raw.say(&messages).await?;
                    once(&gateway, waits).await?;
                    cancel(&gateway, &raw).await?;
                    let heard = raw.until_ready(1).await?;
                    gateway.server.run_sql("postgres", unlock)?;
                    anyhow::Ok(heard)
                })
            });
            assert!(locking.join().is_ok());
            result.map(|heard| assert_eq!(heard, expected))
        })?;
        assert_eq!(raw.ask(&[query("DROP TABLE x")]).await?, ["DROP TABLE", "ready"]);
        assert_eq!(
            raw.ask(&[query("SELECT 1 FROM t WHERE id = 1")]).await?,
            ["fields ?column?", "row 1", "SELECT 1", "ready"]
        );
    }
    Ok(())
}

/// The target is asked for the version that its client asked for, and cancelled by the key that it gave in that.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_as_long_as_the_version_has_it_and_cancels_on_postgresql_15() -> Result<()> {
    a_key_is_as_long_as_the_version_has_it_and_cancels(15, 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_as_long_as_the_version_has_it_and_cancels_on_postgresql_18() -> Result<()> {
    a_key_is_as_long_as_the_version_has_it_and_cancels(18, 32).await
}

/// `newest` is how long the server's own keys are in the newest version that it speaks.
async fn a_key_is_as_long_as_the_version_has_it_and_cancels(version: u32, newest: usize) -> Result<()> {
    let gateway = Gateway::start(version, SHOP, &format!("{READS}{STRUCTURE}")).await?;
    let as_bot = [("user", "bot"), ("database", "shop")];
    for (minor, option, agreed, length) in
        [(0, None, 0, 4), (2, None, 2, 32), (9999, None, 2, 32), (0, Some("on"), 0, 4)]
    {
        gateway.tap.heard();
        let parameters: Vec<_> = as_bot.into_iter().chain(option.map(|value| ("_pq_.novelty", value))).collect();
        let mut raw = Raw::log_in_by(&gateway, minor, &parameters).await?;
        let unknown: Vec<_> = option.map(|_| Bytes::from("_pq_.novelty")).into_iter().collect();
        assert_eq!((&raw.spoken, raw.key.1.len()), (&(agreed, unknown), length));
        let asked = gateway.tap.heard().iter().any(|said| said.get(4..8) == Some(&[0, 3, 0, 2]));
        assert_eq!(asked, agreed == 2, "3.{minor}");
        raw.say(&[query("SELECT pg_sleep(20)")]).await?;
        once(&gateway, SLEEPS).await?;
        // somebody who knows the number and not the key
        let mut stranger = request(&gateway, [127, 0, 0, 1], &(raw.key.0, vec![0; length].into())).await?;
        assert_eq!(stranger.read(&mut [0; 8]).await?, 0);
        once(&gateway, SLEEPS).await?;
        cancel(&gateway, &raw).await?;
        let heard = raw.until_ready(1).await?;
        assert!(heard.contains(&"error 57014".to_owned()), "{heard:?}");
        let mut packet = BytesMut::new();
        let key = if agreed == 2 { newest } else { 4 };
        startup::encode_cancel(raw.key.0, &vec![0; key], &mut packet)?;
        let told: Vec<_> = gateway.tap.heard().iter().map(Vec::len).collect();
        assert!(told.contains(&packet.len()), "3.{minor}: {told:?}");
    }
    Ok(())
}
