//! Hosts that break the transport of SSH, or say what nobody asked them: sessions fail, and the gateway stands.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use postern_testkit::sshd::Options;
use russh::keys::PrivateKey;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::client::Caller;
use crate::gateway::Gateway;
use crate::raw::{
    CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST,
    CHANNEL_SUCCESS, CHANNEL_WINDOW_ADJUST, GLOBAL_REQUEST, IGNORE, PATIENCE, Raw, SERVICE_ACCEPT, SERVICE_REQUEST,
    SOON, Words, kexinit, memory,
};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

const STRICT_HOST: &str = "curve25519-sha256,kex-strict-s-v00@openssh.com";
const USERAUTH_BANNER: u8 = 53;
const MUCH: usize = 32 << 20;

/// A gateway, and whoever poses as its target.
pub(crate) struct Posing {
    pub(crate) gateway: Gateway,
    listener: TcpListener,
    key: PrivateKey,
}

impl Posing {
    async fn start() -> Result<Self> {
        Self::under(EVERYTHING).await
    }

    /// The same with other rules.
    pub(crate) async fn under(rules: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let gateway = Gateway::leading(Options::default(), Some(listener.local_addr()?), rules).await?;
        let key = std::fs::read_to_string(gateway.server.folder().join("host_key"))?;
        Ok(Self { gateway, listener, key: PrivateKey::from_openssh(&key)? })
    }

    /// A client that tries to log in, and the connection that comes of it.
    async fn called(&self) -> Result<(TcpStream, impl Future<Output = Result<Caller>>)> {
        let gateway = &self.gateway;
        let mut login = Box::pin(Caller::log_in(gateway));
        let accepted = tokio::select! {
            accepted = self.listener.accept() => accepted?.0,
            _ = &mut login => anyhow::bail!("the login ended before the host was asked"),
        };
        Ok((accepted, login))
    }

    /// The host's part of a login that fails, and goes no further.
    async fn refused(&self, host: impl AsyncFnOnce(TcpStream) -> Result<()>) -> Result<()> {
        let (stream, login) = self.called().await?;
        let (_, login) = timeout(SOON, async { tokio::join!(host(stream), login) }).await.context("it hangs")?;
        ensure!(login.is_err(), "the host was believed");
        Ok(())
    }

    /// A session, and the host's side of it.
    async fn session(&self) -> Result<(Raw, Caller)> {
        let (stream, login) = self.called().await?;
        let (host, caller) = timeout(PATIENCE, async { tokio::join!(self.welcome(stream), login) }).await?;
        Ok((host?, caller?))
    }

    /// The same with a client that says what it is told to.
    pub(crate) async fn raw_session(&self) -> Result<(Raw, Raw)> {
        let host = async { self.welcome(self.listener.accept().await?.0).await };
        let both = async { tokio::join!(host, Raw::logged_in(self.gateway.address)) };
        let (host, client) = timeout(PATIENCE, both).await?;
        Ok((host?, client?))
    }

    /// The host's part of a login that succeeds.
    async fn welcome(&self, stream: TcpStream) -> Result<Raw> {
        let mut host = Raw::on(stream).await?;
        host.exchange_as_host(&self.key).await?;
        host.let_in().await?;
        Ok(host)
    }
}

/// Opens the channel that is asked for; the number that the gateway gives it.
pub(crate) async fn opened(host: &mut Raw) -> Result<u32> {
    let asked = host.hear_of(CHANNEL_OPEN).await?;
    let (_, rest) = crate::raw::string(asked.get(1..).context("a type")?)?;
    let number = u32::from_be_bytes(*rest.first_chunk().context("a number")?);
    host.send(Words::of(CHANNEL_OPEN_CONFIRMATION).number(number).number(0).number(1 << 20).number(1 << 15)).await?;
    Ok(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_breaks_the_transport_is_no_target() -> Result<()> {
    let posing = Posing::start().await?;
    // the gateway's part is well, where the host's is
    let (_host, _caller) = posing.session().await.context("a host that behaves")?;
    for strange in [&b"\xff\xff\xff\xff"[..], b"\0\x04\x10\0", b"\0\0\0\0"] {
        let before = memory()?;
        posing
            .refused(async |stream| {
                let mut host = Raw::on(stream).await?;
                host.stream.write_all(strange).await?;
                host.stream.write_all(&[0; 64]).await?;
                host.ended().await
            })
            .await
            .with_context(|| format!("{strange:?}"))?;
        ensure!(memory()? < before + MUCH, "memory was taken for {strange:?}");
    }
    let ignored = Words::of(IGNORE).text("");
    for first in [true, false] {
        let script = async |stream| {
            let mut host = Raw::on(stream).await?;
            let init = kexinit(STRICT_HOST, "none");
            for words in if first { [&ignored, &init] } else { [&init, &ignored] } {
                host.send(words).await?;
            }
            host.ended().await
        };
        posing.refused(script).await?;
    }
    let packed = async |stream| {
        let mut host = Raw::on(stream).await?;
        host.send(kexinit(STRICT_HOST, "zlib@openssh.com")).await?;
        host.ended().await
    };
    posing.refused(packed).await
}

/// THREAT: a host that never comes to the point takes time and memory.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_may_say_before_a_login_has_an_end() -> Result<()> {
    let posing = Posing::start().await?;
    for endless in [&b"x"[..], b"a line before its name\r\n"] {
        let script = async |mut stream: TcpStream| {
            while stream.write_all(endless).await.is_ok() {}
            Ok(())
        };
        posing.refused(script).await?;
    }
    let before = memory()?;
    let banners = async |stream| {
        let mut host = Raw::on(stream).await?;
        host.exchange_as_host(&posing.key).await?;
        host.hear_of(SERVICE_REQUEST).await?;
        host.send(Words::of(SERVICE_ACCEPT).text("ssh-userauth")).await?;
        let banner = Words::of(USERAUTH_BANNER).text("x".repeat(30_000)).text("");
        let sent = timeout(Duration::from_secs(5), host.flood(&banner, 100_000)).await;
        assert_eq!(sent, Ok(false), "it may send banners without end");
        Ok(())
    };
    posing.refused(banners).await?;
    ensure!(memory()? < before + MUCH, "banners are kept");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_says_about_no_channel_is_nothing() -> Result<()> {
    let posing = Posing::start().await?;
    let (mut host, caller) = posing.session().await?;
    let hosting = async {
        let number = opened(&mut host).await?;
        host.hear_of(CHANNEL_REQUEST).await?;
        for strange in [4711, u32::MAX] {
            host.send(Words::of(CHANNEL_DATA).number(strange).text("nobody's")).await?;
            host.send(Words::of(CHANNEL_WINDOW_ADJUST).number(strange).number(u32::MAX)).await?;
            host.send(Words::of(CHANNEL_REQUEST).number(strange).text("exit-status").byte(0).number(7)).await?;
            host.send(Words::of(CHANNEL_SUCCESS).number(strange)).await?;
            host.send(Words::of(CHANNEL_OPEN_FAILURE).number(strange).number(1).text("").text("")).await?;
            host.send(Words::of(CHANNEL_CLOSE).number(strange)).await?;
        }
        // a host asks for nothing, and gets nothing
        for asked in ["session", "x11", "auth-agent@openssh.com", "forwarded-tcpip", "no such channel"] {
            let words = Words::of(CHANNEL_OPEN).text(asked).number(5).number(1 << 20).number(1 << 15);
            let words = match asked {
                "x11" => words.text("127.0.0.1").number(1),
                "forwarded-tcpip" => words.text("127.0.0.1").number(1).text("127.0.0.1").number(1),
                _ => words,
            };
            host.send(words).await?;
            host.hear_of(CHANNEL_OPEN_FAILURE).await.context(asked)?;
        }
        host.send(Words::of(CHANNEL_SUCCESS).number(number)).await?;
        host.send(Words::of(CHANNEL_DATA).number(number).text("alive")).await?;
        host.send(Words::of(CHANNEL_REQUEST).number(number).text("exit-status").byte(0).number(3)).await?;
        for _ in 0..2 {
            host.send(Words::of(CHANNEL_CLOSE).number(number)).await?;
        }
        host.hear_of(CHANNEL_CLOSE).await
    };
    let (hosted, answer) = timeout(PATIENCE, async { tokio::join!(hosting, caller.run("echo")) }).await?;
    hosted?;
    let answer = answer?;
    assert_eq!((answer.text.as_str(), answer.status), ("alive", Some(3)), "{answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_breaks_the_protocol_ends_its_session() -> Result<()> {
    let posing = Posing::start().await?;
    let breaches = [
        // a channel that nobody asked for, and keys that are begun and not made
        vec![Words::of(CHANNEL_OPEN_CONFIRMATION).number(4711).number(0).number(1 << 20).number(1 << 15)],
        vec![kexinit(STRICT_HOST, "none"), Words::of(GLOBAL_REQUEST).text("keepalive@openssh.com").byte(1)],
        vec![kexinit(STRICT_HOST, "none"), kexinit(STRICT_HOST, "none")],
    ];
    for breach in breaches {
        let (mut host, caller) = posing.session().await?;
        let hosting = async {
            for words in &breach {
                host.send(words).await?;
            }
            host.ended().await
        };
        let (hosted, answer) = timeout(PATIENCE, async { tokio::join!(hosting, caller.run("echo")) }).await?;
        hosted.with_context(|| format!("message {:?}", breach.first().and_then(|words| words.as_ref().first())))?;
        ensure!(!answer.is_ok_and(|answer| answer.status == Some(0)), "the session goes on");
    }
    let (mut host, caller) = posing.session().await?;
    host.stream.write_all(b"\xff\xff\xff\xff").await?;
    host.ended().await?;
    drop(caller);
    Ok(())
}

/// THREAT: a host that sends on and on to a client that does not read, or asks and does not hear the answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_floods_takes_no_memory() -> Result<()> {
    let posing = Posing::start().await?;
    let floods: [fn(u32) -> Words; 4] = [
        |number| Words::of(CHANNEL_DATA).number(number).text(vec![0; 30 << 10]),
        |number| Words::of(CHANNEL_SUCCESS).number(number),
        |_| Words::of(GLOBAL_REQUEST).text("keepalive@openssh.com").byte(1),
        |_| Words::of(CHANNEL_OPEN).text("session").number(5).number(1 << 20).number(1 << 15),
    ];
    for flood in floods {
        let (mut host, caller) = posing.session().await?;
        // nobody reads what comes on it
        let channel = caller.handle.channel_open_session().await?;
        channel.exec(false, "flood").await?;
        let number = opened(&mut host).await?;
        host.hear_of(CHANNEL_REQUEST).await?;
        let (before, words) = (memory()?, flood(number));
        let flooding = async { while host.send(&words).await.is_ok() {} };
        timeout(Duration::from_secs(2), flooding).await.ok();
        let grown = memory()?.saturating_sub(before);
        ensure!(grown < MUCH, "{grown} bytes for message {:?}", words.as_ref().first());
    }
    Ok(())
}
