//! Clients that have logged in and want too much: what they get is bounded, and others do not notice.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use postern_core::approval::Choice;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Caller;
use crate::gateway::Gateway;
use crate::raw::{
    CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST,
    CHANNEL_WINDOW_ADJUST, GLOBAL_REQUEST, KEXINIT, PATIENCE, Raw, STRICT, USERAUTH_REQUEST, Words, kexinit, memory,
};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

/// How much memory a client may cost that floods, in bytes: what the windows of its channels take.
const MUCH: usize = 32 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn there_is_an_end_to_channels() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    let before = memory()?;
    let (mut opened, mut refused) = (0, 0);
    for number in 0..3000 {
        raw.ask_channel(number, u32::MAX, u32::MAX).await?;
        loop {
            match raw.hear().await?[0] {
                CHANNEL_OPEN_CONFIRMATION => opened += 1,
                CHANNEL_OPEN_FAILURE => refused += 1,
                _ => continue,
            }
            break;
        }
    }
    assert_eq!((opened, refused), (64, 2936));
    ensure!(memory()? < before + MUCH, "refused channels take memory");
    assert_eq!(Caller::log_in(&gateway).await?.run("echo others").await?.text, "others\n");
    Ok(())
}

/// Whoever asks and does not read the answers is not heard any more.
#[tokio::test(flavor = "multi_thread")]
async fn requests_without_end_take_no_memory() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let floods: [fn(u32) -> Words; 7] = [
        |channel| Words::of(CHANNEL_REQUEST).number(channel).text("env").byte(1).text("A").text("x".repeat(1000)),
        |channel| Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text("sleep 30"),
        |channel| Words::of(CHANNEL_REQUEST).number(channel).text("signal").byte(0).text("x".repeat(1000)),
        |channel| Words::of(CHANNEL_REQUEST).number(channel).text("none").byte(1),
        |_| Words::of(GLOBAL_REQUEST).text("none").byte(1),
        |_| Words::of(CHANNEL_OPEN).text("session").number(9).number(1 << 20).number(1 << 15),
        |_| Words::of(USERAUTH_REQUEST).text("web").text("ssh-connection").text("none"),
    ];
    for flood in floods {
        let mut raw = Raw::logged_in(gateway.address).await?;
        let channel = raw.open().await?;
        let (before, words) = (memory()?, flood(channel));
        let flooding = async {
            for _ in 0..400_000 {
                raw.send(&words).await?;
            }
            anyhow::Ok(())
        };
        timeout(Duration::from_secs(2), flooding).await.ok();
        let grown = memory()?.saturating_sub(before);
        ensure!(grown < MUCH, "{grown} bytes for message {} {:?}", words.as_ref()[0], words.as_ref().get(5..20));
    }
    assert_eq!(Caller::log_in(&gateway).await?.run("echo others").await?.text, "others\n");
    Ok(())
}

/// THREAT: data beyond what there is room for is kept.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_more_than_there_is_room_for_is_gone() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    let channel = raw.open().await?;
    raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text("sleep 60")).await?;
    let before = memory()?;
    let words = Words::of(CHANNEL_DATA).number(channel).text(vec![0; 32 << 10]);
    let gone = timeout(PATIENCE, async { !raw.flood(&words, 20_000).await }).await;
    ensure!(gone == Ok(true), "it may send on: {gone:?}");
    ensure!(memory()? < before + MUCH, "what has no room was kept");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_for_no_channel_are_nothing() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    let closed = raw.open().await?;
    for _ in 0..3 {
        raw.send(Words::of(CHANNEL_CLOSE).number(closed)).await?;
    }
    for channel in [closed, 4711, u32::MAX] {
        raw.send(Words::of(CHANNEL_DATA).number(channel).text("nobody's")).await?;
        raw.send(Words::of(CHANNEL_WINDOW_ADJUST).number(channel).number(u32::MAX)).await?;
        raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(0).text("touch nothing")).await?;
        raw.send(Words::of(CHANNEL_CLOSE).number(channel)).await?;
    }
    assert_eq!(raw.run("echo alive").await?, "alive\n");
    // a channel that the gateway is said to have opened, and did not
    raw.send(Words::of(CHANNEL_OPEN_CONFIRMATION).number(4711).number(0).number(1 << 20).number(1 << 15)).await?;
    raw.ended().await
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_overflow_or_take_nothing_hold_up_nobody() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    let channel = raw.open().await?;
    for _ in 0..3 {
        raw.send(Words::of(CHANNEL_WINDOW_ADJUST).number(channel).number(u32::MAX)).await?;
    }
    assert_eq!(raw.run("echo alive").await.context("windows that overflow")?, "alive\n");
    // nothing fits into such packets
    let mut none = Raw::logged_in(gateway.address).await?;
    none.ask_channel(0, 1 << 20, 0).await?;
    none.ended().await?;
    for (window, most) in [(0, 1), (u32::MAX, 1), (1, u32::MAX)] {
        let mut raw = Raw::logged_in(gateway.address).await?;
        let before = memory()?;
        raw.ask_channel(0, window, most).await?;
        let confirmed = raw.hear_of(CHANNEL_OPEN_CONFIRMATION).await.with_context(|| format!("{window} {most}"))?;
        let channel = u32::from_be_bytes(confirmed[5..9].try_into()?);
        raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text("head -c 9000000 /dev/zero"))
            .await?;
        sleep(Duration::from_secs(1)).await;
        ensure!(memory()? < before + MUCH, "{window} {most}");
        let other = timeout(PATIENCE, async { Caller::log_in(&gateway).await?.run("echo others").await });
        assert_eq!(other.await.with_context(|| format!("{window} {most}"))??.text, "others\n");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_anew_as_often_as_a_client_likes() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    assert_eq!(raw.run("echo before").await?, "before\n");
    raw.exchange().await?;
    assert_eq!(raw.run("echo between").await?, "between\n");
    let before = memory()?;
    for _ in 0..200 {
        raw.exchange().await?;
    }
    assert_eq!(raw.run("echo after").await?, "after\n");
    ensure!(memory()? < before + MUCH, "keys that nobody uses are kept");
    Ok(())
}

/// THREAT: answers wait for keys that never come.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_to_make_keys_says_nothing_else_until_they_are_made() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    for twice in [false, true] {
        let mut raw = Raw::logged_in(gateway.address).await?;
        raw.send(kexinit(STRICT, "none")).await?;
        raw.hear_of(KEXINIT).await?;
        if twice {
            raw.send(kexinit(STRICT, "none")).await?;
        } else {
            raw.send(Words::of(GLOBAL_REQUEST).text("keepalive@openssh.com").byte(1)).await?;
        }
        raw.ended().await?;
    }
    Ok(())
}

const APPROVED: &str = r#"
[[rule]]
name   = "reading"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.exec", "ssh.forward"] }
with   = { approvers = ["group:dba"] }
"#;

/// THREAT: what is sent while a human thinks arrives before the answer, or fills the memory.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_passed_on_while_a_human_thinks() -> Result<()> {
    let gateway = Gateway::start(APPROVED).await?;
    let mark = gateway.server.folder().join("mark");
    for (choice, passed) in [(Choice::Deny, false), (Choice::Approve, true)] {
        let mut raw = Raw::logged_in(gateway.address).await?;
        let channel = raw.open().await?;
        let command = format!("tee {}", mark.display());
        raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text(command)).await?;
        raw.send(Words::of(CHANNEL_DATA).number(channel).text("early")).await?;
        let asked = timeout(PATIENCE, gateway.dwelling.approvals.asked()).await?;
        // it waits for a human, and so does a forward, which nobody is asked about in time
        let forward = Words::of(CHANNEL_OPEN).text("direct-tcpip").number(7).number(1 << 20).number(1 << 15);
        raw.send(forward.text("127.0.0.1").number(22).text("127.0.0.1").number(1)).await?;
        raw.hear_of(CHANNEL_OPEN_FAILURE).await?;
        sleep(Duration::from_millis(500)).await;
        ensure!(!mark.exists(), "it was passed on before anybody had decided");
        gateway.dwelling.answer("token-of-dana", asked.id, choice).await?;
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until && !std::fs::read(&mark).is_ok_and(|kept| kept == b"early") {
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(std::fs::read(&mark).ok().as_deref(), passed.then_some(&b"early"[..]));
    }
    Ok(())
}
