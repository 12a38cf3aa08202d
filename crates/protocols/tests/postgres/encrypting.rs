//! How a connection becomes an encrypted one: what is asked, what is answered, and which bytes are inside.
//!
//! The TLS here is none: its handshake is a few bytes that it wants to see whole, and inside everything is as it was. What
//! real TLS does with these is tested with the binary.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use postern_core::gate::Gate;
use postern_core::journal::Event;
use postern_core::ports::{Asked, Client, Duplex, Encrypt, Encrypted, Later, Protocol as _, TlsVersion};
use postern_core::{Code, Fault};
use postern_protocols::postgres::Postgres;
use postern_protocols::postgres::wire::{Backend, Limit, frame, password, startup};
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::READS;
use crate::gateway::{DOMAIN, PREAMBLE};

/// What a client begins its handshake with, and ends it.
pub(crate) const HELLO: &[u8] = b"\x16\x03\x01 let us speak in private";

/// A handshake that comes out as a test wants it to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pretended {
    /// What both ends agree to speak.
    pub(crate) protocol: Option<&'static str>,
    /// The host that the client asks for.
    pub(crate) server_name: Option<&'static str>,
}

/// With the one protocol there is.
pub(crate) const AGREED: Pretended = Pretended { protocol: Some("postgresql"), server_name: None };

impl Encrypt for Pretended {
    fn encrypt(&self, mut plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(async move {
            let mut hello = vec![0; HELLO.len()];
            let read = plain.read_exact(&mut hello).await;
            if read.is_err() || hello != HELLO {
                return Err(Fault::client(Code::ClientViolation, "the TLS handshake failed"));
            }
            let protocol = self.protocol.map(|name| name.as_bytes().to_vec());
            let server_name = self.server_name.map(str::to_owned);
            let (asked, version) = (Asked::Nothing, TlsVersion::V1_3);
            Ok(Encrypted { stream: plain, end_point: None, protocol, server_name, asked, version, until: None })
        })
    }
}

/// A gateway whose targets cannot be reached, and that takes no plain text.
pub(crate) struct House(pub(crate) Dwelling);

pub(crate) struct Guest {
    stream: DuplexStream,
    input: BytesMut,
    _serving: JoinSet<()>,
}

impl House {
    pub(crate) fn new() -> Result<Self> {
        let policy = format!("{}{READS}", PREAMBLE.replace("PORT", "5432"));
        let protocol = Postgres::new();
        let dwelling =
            HouseBuilder::new(policy).speaking([protocol.vocabulary()]).reaching(Reach::nothing()).build()?;
        dwelling.vault.put("env:APP", "injected");
        dwelling.tokens.know("token-of-bot", "bot");
        Ok(Self(dwelling))
    }

    pub(crate) fn guest(&self, tls: Pretended) -> Guest {
        self.connects(tls, false)
    }

    /// A client of a listener that takes plain text too.
    pub(crate) fn in_plain_text(&self) -> Guest {
        self.connects(Pretended::default(), true)
    }

    fn connects(&self, tls: Pretended, plaintext: bool) -> Guest {
        let (stream, near) = tokio::io::duplex(4096);
        let house = Arc::clone(&self.0.house);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let address = Dwelling::CLIENT;
            let (stream, tls, domain) = (Box::new(near), Arc::new(tls), DOMAIN.into());
            let client = Client {
                stream,
                address,
                tls,
                host_seed: std::sync::Arc::new(postern_core::Secret::new([0_u8; 32])),
                domain,
                plaintext,
            };
            Postgres::new().serve(client, Gate::accept(house, "postgres", address)).await;
        });
        Guest { stream, input: BytesMut::new(), _serving: serving }
    }

    /// Why logins were refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let why = |event| match event {
            Event::LoginRefused { message, .. } => Some(message),
            _ => None,
        };
        self.0.journal.events().into_iter().filter_map(why).collect()
    }
}

impl Guest {
    pub(crate) async fn says(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await.context("the gateway left")
    }

    pub(crate) async fn hears(&mut self, expected: &[u8]) -> Result<()> {
        let mut heard = vec![0; expected.len()];
        self.stream.read_exact(&mut heard).await.context("the gateway left")?;
        ensure!(heard == expected, "{:?} is not {:?}", heard.escape_ascii(), expected.escape_ascii());
        Ok(())
    }

    /// The next message; there is none once the gateway is done with it.
    pub(crate) async fn message(&mut self) -> Result<Option<Backend>> {
        loop {
            if let Some(frame) = frame::next(&mut self.input, Limit::SERVER)? {
                return Ok(Some(Backend::decode(&frame)?));
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// All that is still to be heard.
    pub(crate) async fn hears_last(&mut self) -> Result<String> {
        let mut heard = self.input.split().to_vec();
        self.stream.read_to_end(&mut heard).await?;
        Ok(heard.escape_ascii().to_string())
    }
}

pub(crate) fn ssl_request() -> Vec<u8> {
    let mut out = BytesMut::new();
    startup::encode_ssl_request(&mut out);
    out.to_vec()
}

fn gss_request() -> Vec<u8> {
    let mut out = BytesMut::new();
    startup::encode_gss_enc_request(&mut out);
    out.to_vec()
}

pub(crate) fn opening(user: &str, database: &str) -> Result<Vec<u8>> {
    let mut out = BytesMut::new();
    startup::encode_open(0, &[("user", user), ("database", database)], &mut out)?;
    Ok(out.to_vec())
}

/// `AuthenticationCleartextPassword`.
pub(crate) const PASSWORD: &[u8] = b"R\0\0\0\x08\0\0\0\x03";

#[tokio::test]
async fn a_client_that_begins_with_tls_is_heard_inside_it_and_nothing_is_lost() -> Result<()> {
    let house = House::new()?;
    // at once, byte by byte, and cut after the byte that tells
    let all = [HELLO, &opening("bot", "shop")?].concat();
    for pieces in [all.chunks(all.len()), all.chunks(1), all.chunks(7)] {
        let mut guest = house.guest(AGREED);
        for piece in pieces {
            guest.says(piece).await?;
            tokio::task::yield_now().await;
        }
        guest.hears(PASSWORD).await?;
    }
    assert_eq!(house.refusals(), Vec::<String>::new());
    Ok(())
}

/// THREAT: one protocol's client is brought to another's port under the same certificate (ALPACA).
#[tokio::test]
async fn whoever_begins_with_tls_must_say_what_it_speaks() -> Result<()> {
    let house = House::new()?;
    for protocol in [None, Some("http/1.1")] {
        let mut guest = house.guest(Pretended { protocol, server_name: None });
        guest.says(&[HELLO, &opening("bot", "shop")?].concat()).await?;
        assert_eq!(guest.hears_last().await?, "", "the server says nothing either");
    }
    let why = "a connection began with TLS and not with its protocol";
    assert_eq!(house.refusals(), [why, why]);
    // where TLS was asked for in the protocol's own words, there is nothing more to say
    let mut guest = house.guest(Pretended::default());
    guest.says(&ssl_request()).await?;
    guest.hears(b"S").await?;
    guest.says(&[HELLO, &opening("bot", "shop")?].concat()).await?;
    guest.hears(PASSWORD).await
}

#[tokio::test]
async fn tls_inside_tls_is_declined_once_and_then_refused() -> Result<()> {
    let house = House::new()?;
    let mut guest = house.guest(AGREED);
    guest.says(HELLO).await?;
    guest.says(&ssl_request()).await?;
    guest.hears(b"N").await?;
    guest.says(&ssl_request()).await?;
    assert!(guest.hears_last().await?.contains("unsupported frontend protocol 1234.5679"));
    for (request, code) in [(ssl_request(), "1234.5679"), (gss_request(), "1234.5680")] {
        let mut guest = house.guest(AGREED);
        guest.says(&ssl_request()).await?;
        guest.hears(b"S").await?;
        guest.says(HELLO).await?;
        guest.says(&request).await?;
        assert!(guest.hears_last().await?.contains(&format!("unsupported frontend protocol {code}")));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stops_in_the_middle_ends_at_the_deadline() -> Result<()> {
    let house = House::new()?;
    for cut in [0, 1, HELLO.len() - 1] {
        let mut guest = house.guest(AGREED);
        let begun = Instant::now();
        guest.says(&HELLO[..cut]).await?;
        guest.hears_last().await?;
        assert_eq!(begun.elapsed().as_secs(), 14, "after {cut} bytes");
    }
    assert_eq!(house.refusals(), ["the client took too long to log in"; 3]);
    Ok(())
}

/// What a client hears in the end that asks for this host and this database, and proves itself with this.
async fn outcome(house: &House, host: &'static str, database: &str, token: &str) -> Result<String> {
    let mut guest = house.guest(Pretended { server_name: Some(host), ..AGREED });
    guest.says(&[HELLO, &opening("any", database)?].concat()).await?;
    let mut proof = BytesMut::new();
    password::encode_password(token.as_bytes(), &mut proof)?;
    // it may have been refused already
    guest.says(&proof).await.ok();
    guest.hears_last().await
}

#[tokio::test]
async fn a_host_under_the_gateways_domain_names_the_target() -> Result<()> {
    let house = House::new()?;
    let down = "target `shop` cannot be reached".to_owned();
    let unknown = |name: &str| format!("there is no target `{name}` that `bot` may open");
    for (host, database, expected) in [
        ("shop.gw.test", "any", down.clone()),
        ("SHOP.GW.test", "shop/postgres", down.clone()),
        ("shop.gw.test", "shop", "target `shop` does not open database `shop`".to_owned()),
        // the gateway's own name and one elsewhere say nothing
        ("gw.test", "shop", down.clone()),
        ("shop.elsewhere.test", "shop", down.clone()),
        ("gw.test", "other", unknown("other")),
        ("other.gw.test", "shop", unknown("other")),
        ("a.shop.gw.test", "any", unknown("a.shop")),
        ("shop.gw.test", "other/x", "asks for target `shop`, the database name for `other`".to_owned()),
        ("other.gw.test", "shop/x", "asks for target `other`, the database name for `shop`".to_owned()),
    ] {
        let heard = outcome(&house, host, database, "token-of-bot").await?;
        assert!(heard.contains(&expected), "{host} {database}: {heard}");
    }
    Ok(())
}

/// THREAT: finding out which targets there are. Whoever has not proved who they are hears the same of all names.
#[tokio::test]
async fn a_host_name_tells_a_stranger_nothing() -> Result<()> {
    let house = House::new()?;
    let [known, unknown] =
        [outcome(&house, "shop.gw.test", "any", "x").await?, outcome(&house, "other.gw.test", "any", "x").await?];
    assert!(known.contains("28P01"), "{known}");
    assert_eq!(known, unknown);
    // a contradiction is one whatever there is
    for host in ["shop.gw.test", "other.gw.test"] {
        let heard = outcome(&house, host, "stock/x", "x").await?;
        assert!(heard.contains("PST-4012"), "{heard}");
    }
    Ok(())
}
