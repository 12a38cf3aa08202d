//! Clients that break the transport of SSH, or that nobody knows: no session comes of them, and no memory goes to them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::gateway::{Gateway, Ran, ran};
use crate::raw::{
    CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_REQUEST, DISCONNECT, GLOBAL_REQUEST, IGNORE, KEXINIT, PATIENCE, Raw,
    SERVICE_REQUEST, STRICT, USERAUTH_FAILURE, USERAUTH_REQUEST, USERAUTH_SUCCESS, Words, kexinit, memory, packet,
    padded, string,
};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

/// THREAT: a message put in before the keys are used, and one dropped after, go unnoticed (CVE-2023-48795).
#[tokio::test(flavor = "multi_thread")]
async fn a_message_between_those_of_a_strict_exchange_ends_it() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let ignored = Words::of(IGNORE).text("");
    // whoever does not know of strictness may say such things
    let mut lax = Raw::connect(gateway.address).await?;
    lax.send(&ignored).await?;
    lax.exchange_with("curve25519-sha256", ignored.as_ref()).await?;
    lax.log_in().await?;
    assert_eq!(lax.run("echo lax").await?, "lax\n");

    let mut first = Raw::connect(gateway.address).await?;
    first.send(&ignored).await?;
    first.send(kexinit(STRICT, "none")).await?;
    first.ended().await?;

    let mut second = Raw::connect(gateway.address).await?;
    second.send(kexinit(STRICT, "none")).await?;
    second.send(&ignored).await?;
    second.ended().await?;

    let mut last = Raw::connect(gateway.address).await?;
    last.exchange_with(STRICT, ignored.as_ref()).await?;
    last.ended().await?;

    let mut never = Raw::connect(gateway.address).await?;
    never.send(Words::of(SERVICE_REQUEST).text("ssh-userauth")).await?;
    never.send(kexinit(STRICT, "none")).await?;
    never.ended().await
}

/// What a key exchange offers, so that what is weak is not there to be chosen.
#[tokio::test(flavor = "multi_thread")]
async fn strictness_is_offered_and_compression_is_not() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut raw = Raw::connect(gateway.address).await?;
    let offered = raw.hear_of(KEXINIT).await?;
    let (exchanges, mut rest) = string(&offered[17..])?;
    assert!(std::str::from_utf8(exchanges)?.contains("kex-strict-s-v00@openssh.com"));
    for _ in 0..5 {
        rest = string(rest)?.1;
    }
    let (inwards, rest) = string(rest)?;
    assert_eq!((inwards, string(rest)?.0), (&b"none"[..], &b"none"[..]));
    for packed in ["zlib", "zlib@openssh.com"] {
        let mut raw = Raw::connect(gateway.address).await?;
        raw.send(kexinit(STRICT, packed)).await?;
        raw.ended().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_packet_ends_its_connection() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    // lengths that nobody means, one that says less than there must be, and padding longer than all
    let lengths: [&[u8]; 4] = [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\x04\x10\0", b"\0\0\0\0"];
    for encrypted in [false, true] {
        for length in lengths {
            let mut raw = Raw::connect(gateway.address).await?;
            if encrypted {
                raw.exchange().await?;
                raw.log_in().await?;
            }
            let before = memory()?;
            raw.stream.write_all(length).await?;
            raw.stream.write_all(&[0; 64]).await?;
            raw.ended().await.with_context(|| format!("{length:?}"))?;
            ensure!(memory()? < before + (8 << 20), "memory was taken for {length:?}");
        }
        let mut raw = Raw::connect(gateway.address).await?;
        if encrypted {
            raw.exchange().await?;
        }
        raw.send_packet(padded(b"", 255, 16)[..20].to_vec()).await?;
        raw.ended().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_was_changed_or_lost_ends_its_connection() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut changed = Raw::logged_in(gateway.address).await?;
    // as long as a packet and its tag, of somebody who has no keys
    let mut forged = packet(Words::of(IGNORE).text("forged").as_ref(), 16, 0);
    forged.extend([0; 16]);
    changed.stream.write_all(&forged).await?;
    changed.ended().await?;

    // one that never arrives, whatever the first of them was
    let mut lost = Raw::connect(gateway.address).await?;
    lost.exchange().await?;
    lost.skip();
    lost.send(Words::of(SERVICE_REQUEST).text("ssh-userauth")).await?;
    lost.ended().await
}

/// THREAT: whoever asks for a channel before it is known gets one, or has it kept for later.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_a_channel_before_a_login() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mark = gateway.server.folder().join("mark");
    let mut raw = Raw::connect(gateway.address).await?;
    raw.exchange().await?;
    for accepted in [false, true] {
        if accepted {
            raw.may_log_in().await?;
        }
        raw.send(Words::of(SERVICE_REQUEST).text("ssh-connection")).await?;
        raw.ask_channel(0, 1 << 20, 32 << 10).await?;
        for channel in 0..4 {
            let touch = format!("touch {}", mark.display());
            raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text(touch)).await?;
            raw.send(Words::of(CHANNEL_DATA).number(channel).text("early")).await?;
        }
        raw.send(Words::of(GLOBAL_REQUEST).text("tcpip-forward").byte(1).text("").number(0)).await?;
        // a server says this, never a client
        raw.send(Words::of(USERAUTH_SUCCESS)).await?;
    }
    raw.prove("web", "token-of-nobody").await?;
    loop {
        let message = raw.hear().await?;
        ensure!(!(80..=100).contains(&message[0]) && message[0] != USERAUTH_SUCCESS, "it was answered: {message:?}");
        if [USERAUTH_FAILURE, DISCONNECT].contains(&message[0]) {
            break;
        }
    }
    raw.ended().await?;
    assert!(!mark.exists(), "a program ran before anybody was known");
    Ok(())
}

/// THREAT: whoever is not known yet has the gateway read, think and answer without end.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_may_send_has_an_end() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let floods = [
        Words::of(IGNORE).text([0; 1000]),
        Words::of(CHANNEL_OPEN).text("session").number(0).number(1 << 20).number(1 << 15),
        Words::of(USERAUTH_REQUEST).text("web").text("ssh-connection").text("none"),
        Words::of(USERAUTH_REQUEST).text("web").text("ssh-userauth").text("x".repeat(1000)),
        Words::of(SERVICE_REQUEST).text("ssh-connection"),
    ];
    for flood in floods {
        let mut raw = Raw::connect(gateway.address).await?;
        raw.exchange().await?;
        raw.may_log_in().await?;
        let before = memory()?;
        let sent = timeout(Duration::from_secs(10), async { raw.flood(&flood, 100_000).await }).await;
        ensure!(sent == Ok(false), "a stranger may send message {} without end", flood.as_ref()[0]);
        ensure!(memory()? < before + (16 << 20), "memory was taken");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_length_are_nobody() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let long = "x".repeat(200_000);
    for (user, token) in [(long.as_str(), "token-of-bot"), ("web", long.as_str()), ("web@@@", long.as_str())] {
        let mut raw = Raw::connect(gateway.address).await?;
        raw.exchange().await?;
        raw.may_log_in().await?;
        raw.prove(user, token).await?;
        raw.ended().await?;
    }
    let mut raw = Raw::connect(gateway.address).await?;
    raw.exchange().await?;
    raw.may_log_in().await?;
    raw.send(Words::of(USERAUTH_REQUEST).text("web").text("ssh-connection").text(&long)).await?;
    raw.hear_of(USERAUTH_FAILURE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_name_itself_is_gone_soon() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    for endless in [&b"x"[..], b"not SSH\r\n", b"SSH-1.5-old\r\n", b"\0"] {
        let mut stream = TcpStream::connect(gateway.address).await?;
        let sent = async { while stream.write_all(endless).await.is_ok() {} };
        timeout(PATIENCE, sent).await.with_context(|| format!("{endless:?} may go on"))?;
    }
    // byte by byte, before its name is said and before its keys are made
    for name in ["", "SSH-2.0-slow\r\n"] {
        let mut stream = TcpStream::connect(gateway.address).await?;
        stream.write_all(name.as_bytes()).await?;
        let (mut reading, mut writing) = stream.into_split();
        let dribbling = async {
            while writing.write_all(b"\0").await.is_ok() {
                sleep(Duration::from_millis(200)).await;
            }
        };
        let mut rest = Vec::new();
        let over = async {
            tokio::select! {
                () = dribbling => {}
                _ = reading.read_to_end(&mut rest) => {}
            }
        };
        timeout(PATIENCE, over).await.context("it may dribble on")?;
    }
    Ok(())
}

/// What others know of weak algorithms, as far as they have written it down: a tool that speaks to servers and says what of
/// their offers is no good.
#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_of_servers_finds_nothing_weak() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let port = gateway.address.port().to_string();
    let mut auditor = Command::new("ssh-audit");
    auditor.args(["--no-colors", "--batch", "--skip-rate-test", "--port", &port, "127.0.0.1"]).kill_on_drop(true);
    let Ran { out, err, status } = ran(auditor).await.context("scripts/setup installs ssh-audit")?;
    assert!(out.contains("(kex) mlkem768x25519-sha256") && out.contains("(enc) aes256-gcm@openssh.com"), "{out} {err}");
    let weak = out.lines().filter(|line| line.contains("[fail]") || line.contains("[warn]"));
    let known = "[warn] does not provide protection against post-quantum attacks";
    // those are there for clients that are older than the first; what is chosen is the client's first that both know
    let old = ["curve25519-sha256", "curve25519-sha256@libssh.org"].map(|name| format!("(kex) {name} -- {known}"));
    assert_eq!(weak.collect::<Vec<_>>(), old, "{status:?} {out}");
    Ok(())
}
