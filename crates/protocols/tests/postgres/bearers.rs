//! Tokens by OAUTHBEARER, message by message: what is asked, what a client without a token learns, and how it ends.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::wire::{Authentication, Backend, password};
use tokio::time::timeout;

use crate::encrypting::{AGREED, Guest, HELLO, House, opening};

/// The mechanisms offered: one.
const OFFER: &[u8] = b"R\0\0\0\x15\0\0\0\x0aOAUTHBEARER\0\0";

const FAILURE: &str = r#"{"status":"invalid_token","openid-configuration":"https://corp.test/.well-known/openid-configuration","scope":"openid"}"#;

/// A client inside TLS that has been offered the mechanism.
async fn offered(house: &House) -> Result<Guest> {
    let mut guest = house.guest(AGREED);
    guest.says(&[HELLO, &opening("oauth", "shop")?].concat()).await?;
    guest.hears(OFFER).await?;
    Ok(guest)
}

fn initial(mechanism: &str, data: Option<&str>) -> Result<BytesMut> {
    let mut out = BytesMut::new();
    password::encode_sasl_initial(mechanism.as_bytes(), data.map(str::as_bytes), &mut out)?;
    Ok(out)
}

fn response(data: &str) -> Result<BytesMut> {
    let mut out = BytesMut::new();
    password::encode_sasl_response(data.as_bytes(), &mut out)?;
    Ok(out)
}

fn bearing(token: &str) -> String {
    format!("n,,\x01auth={token}\x01\x01")
}

/// The one challenge that a client hears.
async fn challenge(guest: &mut Guest) -> Result<Bytes> {
    match guest.message().await? {
        Some(Backend::Authentication(Authentication::SaslContinue(challenge))) => Ok(challenge),
        other => bail!("{other:?} is no challenge"),
    }
}

#[tokio::test]
async fn a_token_is_taken_at_once_or_after_the_server_has_begun() -> Result<()> {
    let house = House::new()?;
    let token = bearing("Bearer token-of-bot");
    let mut guest = offered(&house).await?;
    guest.says(&initial("OAUTHBEARER", Some(&token))?).await?;
    // who gets as far as the target has logged in
    assert!(guest.hears_last().await?.contains("target `shop` cannot be reached"));
    let mut guest = offered(&house).await?;
    guest.says(&initial("OAUTHBEARER", None)?).await?;
    assert_eq!(challenge(&mut guest).await?, "");
    guest.says(&response(&token)?).await?;
    assert!(guest.hears_last().await?.contains("target `shop` cannot be reached"));
    assert_eq!(house.refusals(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn who_has_no_token_or_a_wrong_one_is_told_where_they_are_and_refused() -> Result<()> {
    let house = House::new()?;
    let wrong = "the token is none of a trusted issuer";
    let mut expected = Vec::new();
    for (token, why) in [
        ("", "no token was given"),
        ("Bearer token-of-nobody", wrong),
        ("Bearer TOKEN-OF-BOT", wrong),
        ("Basic Ym90OmJvdA==", "what is given is not a token"),
    ] {
        // it is refused whatever it answers, and not before it has
        for answer in ["\x01", &bearing("Bearer token-of-bot")] {
            let mut guest = offered(&house).await?;
            guest.says(&initial("OAUTHBEARER", Some(&bearing(token)))?).await?;
            assert_eq!(challenge(&mut guest).await?, FAILURE);
            let early = timeout(Duration::from_millis(50), guest.message()).await;
            assert!(early.is_err(), "{token}: {early:?}");
            guest.says(&response(answer)?).await?;
            let heard = guest.hears_last().await?;
            assert!(heard.contains("28P01") && heard.contains(why), "{token}: {heard}");
            expected.push(why);
        }
    }
    assert_eq!(house.refusals(), expected);
    assert_eq!(house.0.reach.dialled(), 0);
    Ok(())
}

#[tokio::test]
async fn what_is_no_message_of_the_exchange_ends_it() -> Result<()> {
    let house = House::new()?;
    let token = "auth=Bearer token-of-bot\x01\x01";
    for (mechanism, data) in [
        ("OAUTHBEARER", String::new()),
        ("OAUTHBEARER", "\x01".to_owned()),
        ("OAUTHBEARER", format!("p=tls-server-end-point,,\x01{token}")),
        ("OAUTHBEARER", format!("n,a=root,\x01{token}")),
        ("OAUTHBEARER", format!("n,,\x01{token}\x01")),
        ("OAUTHBEARER", format!("n,,\x01auth=Bearer x\x01{token}")),
        ("OAUTHBEARER-PLUS", bearing("Bearer token-of-bot")),
        ("SCRAM-SHA-256", bearing("Bearer token-of-bot")),
    ] {
        let mut guest = offered(&house).await?;
        guest.says(&initial(mechanism, Some(&data))?).await?;
        let heard = guest.hears_last().await?;
        assert!(heard.contains("08P01") && !heard.contains("invalid_token"), "{mechanism} {data:?}: {heard}");
    }
    assert_eq!(house.0.reach.dialled(), 0);
    Ok(())
}

/// THREAT: a bearer token is whoever's who hears it.
#[tokio::test]
async fn outside_of_tls_no_token_is_asked_for() -> Result<()> {
    let house = House::new()?;
    let mut guest = house.in_plain_text();
    guest.says(&opening("oauth", "shop")?).await?;
    let heard = guest.hears_last().await?;
    assert!(heard.contains("PST-4003") && !heard.contains("OAUTHBEARER"), "{heard}");
    // the listener takes plain text as such
    let mut guest = house.in_plain_text();
    guest.says(&opening("bot", "shop")?).await?;
    guest.hears(crate::encrypting::PASSWORD).await
}
