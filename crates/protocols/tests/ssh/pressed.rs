//! Clients that do not read, ask too much, or leave: nobody else waits for them, and nothing that was forbidden meanwhile runs.

use std::time::Duration;

use anyhow::{Context as _, Result};
use postern_core::approval::Choice;
use tokio::io::AsyncReadExt as _;
use tokio::time::{sleep, timeout};

use crate::client::{Caller, hear};
use crate::gateway::Gateway;
use crate::shared::Shared;

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

const PATIENCE: Duration = Duration::from_secs(20);

/// THREAT: a program waits for its channel at the target as long as its client likes, and the policy changes.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_forbidden_while_it_waits_for_its_channel_does_not_run() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let shared = Shared::open(&gateway).await?;
    let mut unread = shared.unread("head -c 30000000 /dev/zero")?;
    // the target is not read any more, and so opens no channel
    sleep(Duration::from_secs(2)).await;
    let mark = gateway.server.folder().join("mark");
    let command = format!("touch {}", mark.display());
    let reading = async {
        sleep(Duration::from_secs(2)).await;
        assert!(!mark.exists(), "its channel was opened although the target was not read");
        gateway.forbid("touch")?;
        sleep(Duration::from_millis(500)).await;
        let mut out = unread.stdout.take().context("stdout")?;
        let mut all = Vec::new();
        out.read_to_end(&mut all).await?;
        anyhow::Ok(all.len())
    };
    let (late, read) = tokio::join!(shared.run(&command), reading);
    let late = late?;
    assert_eq!((read?, late.status), (30_000_000, Some(126)), "{late:?}");
    assert!(!mark.exists() && late.err.contains("PST-3011"), "{late:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_full_channel_holds_up_nobody() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let shared = Shared::open(&gateway).await?;
    for _ in 0..3 {
        let mut unread = shared.unread("yes")?;
        sleep(Duration::from_secs(2)).await;
        unread.kill().await?;
        assert_eq!(shared.run("echo alive").await?.out, "alive\n");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_takes_no_room() -> Result<()> {
    let gateway =
        Gateway::start(&EVERYTHING.replace("[\"target:web\"]", "[\"target:web\"]\ndo = { actions = [\"ssh.exec\"] }"))
            .await?;
    let caller = Caller::log_in(&gateway).await?;
    for _ in 0..150 {
        assert!(caller.handle.channel_open_direct_tcpip("10.0.0.1", 1, "127.0.0.1", 1).await.is_err());
    }
    assert_eq!(caller.run("echo room").await?.text, "room\n");
    Ok(())
}

/// THREAT: what is asked for before anything is decided fills the memory.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_an_end_to_what_may_be_asked_for_around_a_program() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let caller = Caller::log_in(&gateway).await?;
    let channel = caller.handle.channel_open_session().await?;
    let long = "x".repeat(5_000);
    channel.set_env(false, "A_LONG", long.as_str()).await?;
    channel.set_env(false, "A_SHORT", "s").await?;
    for number in 0..100 {
        channel.set_env(false, format!("A_{number}").as_str(), "y").await?;
    }
    channel.exec(true, "env | grep -c '^A_'; echo ${#A_LONG} $A_SHORT").await?;
    assert_eq!(hear(channel).await.text, "64\n0 s\n");
    Ok(())
}

const APPROVED: &str = r#"
[[rule]]
name   = "variables"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.env"] }

[[rule]]
name   = "printing"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.exec"], objects = ["printf"] }
with   = { approvers = ["group:dba"] }
"#;

/// THREAT: a variable that makes something else of an approved command line.
#[tokio::test(flavor = "multi_thread")]
async fn variables_are_part_of_what_is_approved() -> Result<()> {
    let gateway = Gateway::start(APPROVED).await?;
    let mut digests = Vec::new();
    for value in [None, Some("1"), Some("2")] {
        let caller = Caller::log_in(&gateway).await?;
        let channel = caller.handle.channel_open_session().await?;
        if let Some(value) = value {
            channel.set_env(false, "BASH_ENV", value).await?;
        }
        channel.exec(true, "printf x").await?;
        let asked = timeout(PATIENCE, gateway.dwelling.approvals.asked()).await?;
        assert_eq!(format!("{asked:?}").contains("BASH_ENV"), value.is_some(), "{asked:?}");
        digests.push(asked.digest);
        gateway.dwelling.answer("token-of-dana", asked.id, Choice::Deny).await?;
        hear(channel).await;
    }
    digests.dedup();
    assert_eq!(digests.len(), 3);
    Ok(())
}

/// Every program that may not go on is told so, not only some of them; OpenSSH says in its log that it does not tell those of
/// root.
#[tokio::test(flavor = "multi_thread")]
async fn every_program_is_told_to_end() -> Result<()> {
    for killed in [false, true] {
        let gateway = Gateway::start(EVERYTHING).await?;
        let caller = Caller::log_in(&gateway).await?;
        let mut channels = Vec::new();
        for number in 0..10 {
            let channel = caller.handle.channel_open_session().await?;
            channel.exec(true, format!("sleep 3{number}")).await?;
            channels.push(channel);
        }
        sleep(Duration::from_millis(700)).await;
        if killed {
            gateway.dwelling.change(&gateway.policy().replace("effect = \"allow\"", "effect = \"forbid\""))?;
        } else {
            gateway.forbid("sleep")?;
        }
        for channel in channels {
            timeout(PATIENCE, hear(channel)).await?;
        }
        sleep(Duration::from_millis(500)).await;
        let log = std::fs::read_to_string(gateway.server.folder().join("log"))?;
        let told = log.lines().filter(|line| line.contains("signal")).count();
        assert!(told >= 10, "{told} of 10 were told: {log}");
    }
    Ok(())
}
