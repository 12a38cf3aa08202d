//! Logins that somebody is slow in: who it was is said to the client and stands in the journal. Time is the runtime's
//! own here, so the target is whatever the test says; a real server has nothing to add to a silence.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use postern_core::gate::Gate;
use postern_core::journal::Event;
use postern_core::ports::{Client, Protocol as _};
use postern_protocols::postgres::Postgres;
use postern_protocols::postgres::wire::{Authentication, Backend, Limit, frame, password, startup};
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::READS;
use crate::gateway::{DOMAIN, NoTls, PREAMBLE};

/// A client of a gateway whose targets take connections and say nothing.
struct Slow {
    dwelling: Dwelling,
    stream: DuplexStream,
    arrivals: postern_testkit::fakes::Arrivals,
    _serving: JoinSet<()>,
}

impl Slow {
    fn start() -> Result<Self> {
        let (reach, arrivals) = Reach::pairs();
        // without a password, so that a target may let in whom it likes
        let preamble = PREAMBLE.replace("PORT", "5432").replace(", password = \"env:APP\"", "");
        let policy = format!("{preamble}{READS}");
        let protocol = Postgres::new();
        let dwelling = HouseBuilder::new(policy).speaking([protocol.vocabulary()]).reaching(reach).build()?;
        dwelling.tokens.know("token-of-bot", "bot");
        let (stream, near) = tokio::io::duplex(4096);
        let house = Arc::clone(&dwelling.house);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let address = Dwelling::CLIENT;
            let client = Client {
                stream: Box::new(near),
                address,
                tls: Arc::new(NoTls),
                host_seed: std::sync::Arc::new(postern_core::Secret::new([0_u8; 32])),
                domain: DOMAIN.into(),
                plaintext: true,
            };
            protocol.serve(client, Gate::accept(house, "postgres", address)).await;
        });
        Ok(Self { dwelling, stream, arrivals, _serving: serving })
    }

    async fn asks(&mut self) -> Result<()> {
        self.asks_for(0).await
    }

    async fn asks_for(&mut self, minor: u16) -> Result<()> {
        let mut out = BytesMut::new();
        startup::encode_open(minor, &[("user", "bot"), ("database", "shop")], &mut out)?;
        self.stream.write_all(&out).await.context("the gateway left")
    }

    async fn proves(&mut self) -> Result<()> {
        let mut out = BytesMut::new();
        password::encode_password(b"token-of-bot", &mut out)?;
        self.stream.write_all(&out).await.context("the gateway left")
    }

    /// The last that is heard before the connection is closed.
    async fn told(&mut self) -> Result<String> {
        let mut heard = Vec::new();
        self.stream.read_to_end(&mut heard).await?;
        let (mut input, mut last) = (BytesMut::from(&heard[..]), String::new());
        while let Some(frame) = frame::next(&mut input, Limit::SERVER)? {
            if let Backend::ErrorResponse(report) = Backend::decode(&frame)? {
                last = String::from_utf8_lossy(report.message().unwrap_or_default()).into_owned();
            }
        }
        Ok(last)
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_too_long_is_told_so_and_journalled() -> Result<()> {
    let mut slow = Slow::start()?;
    let begun = Instant::now();
    slow.asks().await?;
    assert_eq!(slow.told().await?, "the client took too long to log in");
    assert_eq!(begun.elapsed().as_secs(), 14);
    let refused = slow.dwelling.journal.events().iter().any(|event| match event {
        Event::LoginRefused { code, called, .. } => code == "PST-4004" && called.as_deref() == Some("bot"),
        _ => false,
    });
    assert!(refused, "{}", slow.dwelling.journal.text());
    Ok(())
}

/// What the client used up of its time is not taken from the target's, and what was opened is closed.
#[tokio::test(start_paused = true)]
async fn a_target_that_takes_too_long_is_said_to_and_its_session_is_closed() -> Result<()> {
    let mut slow = Slow::start()?;
    let begun = Instant::now();
    sleep(Duration::from_secs(6)).await;
    slow.asks().await?;
    sleep(Duration::from_secs(6)).await;
    slow.proves().await?;
    assert_eq!(slow.told().await?, "the target takes connections and does not answer");
    assert!(begun.elapsed() > Duration::from_secs(14));
    let events = slow.dwelling.journal.events();
    assert!(events.iter().any(|event| matches!(event, Event::SessionOpened { .. })));
    let closed = |event: &Event| matches!(event, Event::SessionClosed { reason } if reason.contains("does not answer"));
    assert!(events.iter().any(closed), "{}", slow.dwelling.journal.text());
    Ok(())
}

/// THREAT: a target, or a pooler before it, that has the gateway speak what nobody asked for.
#[tokio::test(start_paused = true)]
async fn a_target_answers_in_the_version_that_it_was_asked_for_or_an_older_one() -> Result<()> {
    let version = |minor: u16, unknown: &[&'static str]| {
        let unknown = unknown.iter().map(|name| Bytes::from_static(name.as_bytes())).collect();
        Backend::NegotiateProtocolVersion { major: 3, minor, unknown }
    };
    let key = |length: usize| Backend::BackendKeyData { process: 1, key: vec![7; length].into() };
    let (strange, long) = ("a version that was not asked for", "a message that does not belong to a login");
    for (asked, answers, said) in [
        (0, vec![version(0, &[])], strange),
        (2, vec![version(2, &[])], strange),
        (2, vec![version(0, &["_pq_.novelty"])], strange),
        (2, vec![version(0, &[]), Backend::Authentication(Authentication::Ok), key(32)], long),
        (0, vec![Backend::Authentication(Authentication::Ok), key(5)], long),
    ] {
        let mut slow = Slow::start()?;
        slow.asks_for(asked).await?;
        slow.proves().await?;
        let mut target = slow.arrivals.next().await.context("nobody dialled")?;
        let mut out = BytesMut::new();
        for answer in &answers {
            answer.encode(&mut out)?;
        }
        target.write_all(&out).await?;
        let told = slow.told().await?;
        assert_eq!(told, format!("the target broke the protocol during the login: {said}"), "{asked}: {answers:?}");
    }
    Ok(())
}
