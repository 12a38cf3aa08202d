//! Session credentials on the wire: what a client is asked, and what it hears, message by message.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::BytesMut;
use postern_core::credential::CredentialKind;
use postern_core::gate::{Gate, Wanted};
use postern_core::journal::Event;
use postern_core::ports::{Client, Protocol as _};
use postern_core::{Claim, Secret};
use postern_protocols::postgres::Postgres;
use postern_protocols::postgres::wire::{Authentication, Backend, Limit, frame, password, startup};
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;

use crate::READS;
use crate::gateway::{DOMAIN, NoTls, PREAMBLE};

/// A gateway whose targets cannot be reached: who gets that far has logged in.
struct Logins(Dwelling);

impl Logins {
    fn new() -> Result<Self> {
        let policy = format!("{}{READS}", PREAMBLE.replace("PORT", "5432"));
        let protocol = Postgres::new();
        let dwelling =
            HouseBuilder::new(policy).speaking([protocol.vocabulary()]).reaching(Reach::nothing()).build()?;
        dwelling.vault.put("env:APP", "injected");
        dwelling.tokens.know("token-of-bot", "bot");
        Ok(Self(dwelling))
    }

    /// A user name and its password.
    async fn issue(&self) -> Result<(String, Vec<u8>)> {
        let known = self.0.accept().identify(Claim::Token(Secret::new("token-of-bot"))).await?;
        let made = known.exchange(Wanted { kind: CredentialKind::Session, target: Some("shop"), key: None }).await?;
        Ok((made.issued.user.context("a user name")?, made.issued.secret.expose().to_vec()))
    }

    /// All that a client hears who logs in with this, in words.
    async fn log_in(&self, user: &str, database: &str, secret: &[u8]) -> Result<Vec<String>> {
        let (stream, near) = tokio::io::duplex(4096);
        let house = Arc::clone(&self.0.house);
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
            Postgres::new().serve(client, Gate::accept(house, "postgres", address)).await;
        });
        let mut asked = Asked { stream, input: BytesMut::new(), heard: Vec::new() };
        let mut out = BytesMut::new();
        startup::encode_open(0, &[("user", user), ("database", database)], &mut out)?;
        let mut client = ScramSha256::new(secret, ChannelBinding::unsupported());
        while let Some(question) = asked.ask(&mut out).await? {
            match question {
                Authentication::Sasl { .. } => {
                    password::encode_sasl_initial(b"SCRAM-SHA-256", Some(client.message()), &mut out)?;
                }
                Authentication::SaslContinue(challenge) => {
                    client.update(&challenge)?;
                    password::encode_sasl_response(client.message(), &mut out)?;
                }
                Authentication::SaslFinal(proof) => client.finish(&proof)?,
                other => anyhow::bail!("{other:?} was not expected"),
            }
        }
        Ok(asked.heard)
    }
}

struct Asked {
    stream: DuplexStream,
    input: BytesMut,
    heard: Vec<String>,
}

impl Asked {
    /// Says what is to be said, and waits for the next question; there is none once the gateway is done with it.
    async fn ask(&mut self, out: &mut BytesMut) -> Result<Option<Authentication>> {
        self.stream.write_all(&out.split()).await?;
        loop {
            while let Some(frame) = frame::next(&mut self.input, Limit::SERVER)? {
                match Backend::decode(&frame)? {
                    Backend::Authentication(question) => {
                        self.heard.push(in_words(&question));
                        return Ok(Some(question));
                    }
                    Backend::ErrorResponse(report) => {
                        let text =
                            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                        self.heard.push(format!("{} {}", text(report.code()), text(report.message())));
                    }
                    other => anyhow::bail!("{other:?} was not expected"),
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// What is asked, with what is random as no more than its length.
fn in_words(question: &Authentication) -> String {
    let shape = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let part = |part: &str| format!("{}{}", part.get(..2).unwrap_or_default(), part.len());
        if text.starts_with("v=") { part(&text) } else { text.split(',').map(part).collect::<Vec<_>>().join(",") }
    };
    match question {
        Authentication::Sasl { mechanisms } => format!("sasl {mechanisms:?}"),
        Authentication::SaslContinue(text) => format!("continue {}", shape(text)),
        Authentication::SaslFinal(text) => format!("final {}", shape(text)),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_knows_the_password_gets_to_the_one_target() -> Result<()> {
    let logins = Logins::new()?;
    let (user, secret) = logins.issue().await?;
    for database in ["shop", user.as_str(), ""] {
        let heard = logins.log_in(&user, database, &secret).await?;
        assert!(heard[2].starts_with("final v="), "{heard:?}");
        assert!(heard[3].starts_with("08006"), "the target is down: {heard:?}");
    }
    assert_eq!(logins.0.reach.dialled(), 3);
    let heard = logins.log_in(&user, "elsewhere", &secret).await?;
    assert_eq!(heard[3], "28000 this credential is for target `shop` only");
    Ok(())
}

/// THREAT: finding out which user names exist. What is heard has the same shape to the last message.
#[tokio::test]
async fn a_name_that_nobody_has_is_asked_and_refused_like_any_other() -> Result<()> {
    let logins = Logins::new()?;
    let (user, secret) = logins.issue().await?;
    let wrong = logins.log_in(&user, "shop", b"wrong").await?;
    let unknown = user.chars().rev().take(user.len() - 4).collect::<String>();
    for (name, secret) in [(format!("pst_{unknown}"), &b"wrong"[..]), (format!("pst_{unknown}"), &secret)] {
        assert_eq!(logins.log_in(&name, "shop", secret).await?, wrong);
    }
    assert_eq!(wrong.len(), 3);
    assert_eq!(wrong[2], "28P01 the user name or the password is wrong");
    let refused =
        |event: &Event| matches!(event, Event::LoginRefused { called: Some(called), .. } if called.starts_with("pst_"));
    assert_eq!(logins.0.journal.events().iter().filter(|event| refused(event)).count(), 3);
    assert_eq!(logins.0.reach.dialled(), 0);
    Ok(())
}
