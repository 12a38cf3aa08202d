//! How an issuer's keys are found, kept and renewed, whatever the issuer does.

use postern_testkit::certificates::{Authority, LOOPBACK};
use postern_testkit::issuer::{Behaviour, Document, Key};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// How often the keys were asked for.
fn fetched(house: &House) -> usize {
    house.fake.requests(Document::Keys)
}

#[tokio::test]
async fn nobody_is_asked_before_the_first_token_and_once_for_many() {
    let house = House::new();
    assert_eq!(house.fake.requests(Document::Discovery), 0);
    let token = house.token(&json!({}));
    let mut logins = Vec::new();
    for _ in 0..20 {
        logins.push(house.login(&token));
    }
    for login in logins {
        login.await.unwrap();
    }
    assert_eq!((house.fake.requests(Document::Discovery), fetched(&house)), (1, 1));
}

#[tokio::test]
async fn logins_at_the_same_moment_share_one_fetch() {
    let house = House::new();
    let token = house.token(&json!({}));
    let (one, two, three) = tokio::join!(house.login(&token), house.login(&token), house.login(&token));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!((house.fake.requests(Document::Discovery), fetched(&house)), (1, 1));
}

#[tokio::test]
async fn a_new_key_is_found_when_the_first_token_of_it_comes() {
    let house = House::new();
    house.ordinary().await.unwrap();
    house.fake.rotate(Algorithm::Es256, "second").unwrap();
    house.later(10);
    house.ordinary().await.unwrap();
    assert_eq!(fetched(&house), 2);
}

#[tokio::test]
async fn strangers_cannot_make_the_gateway_ask_more_than_once_in_ten_seconds() {
    let house = House::new();
    house.ordinary().await.unwrap();
    let stranger = Key::generate(Algorithm::Es256, "unheard-of").unwrap();
    let token = postern_testkit::issuer::sign(
        &stranger.header(),
        &house.claims(&json!({})),
        &postern_testkit::issuer::Signer::Key(&stranger),
    )
    .unwrap();
    for seconds in [0, 5, 4] {
        house.later(seconds);
        for _ in 0..50 {
            assert_eq!(house.refused(&token).await.code, Code::TokenInvalid);
        }
    }
    assert_eq!(fetched(&house), 1, "within ten seconds of the first fetch");
    house.later(1);
    for _ in 0..50 {
        assert_eq!(house.refused(&token).await.code, Code::TokenInvalid);
    }
    assert_eq!(fetched(&house), 2);
    house.ordinary().await.unwrap();
}

#[tokio::test]
async fn a_key_without_name_can_be_replaced_too() {
    let house = House::new();
    let nameless = |key: &Key| {
        let claims = house.claims(&json!({}));
        let signer = postern_testkit::issuer::Signer::Key(key);
        postern_testkit::issuer::sign(&json!({ "alg": "RS256" }), &claims, &signer).unwrap()
    };
    house.login(&nameless(&house.fake.key().unwrap())).await.unwrap();
    house.fake.rotate(Algorithm::Rs256, "second").unwrap();
    house.later(10);
    house.login(&nameless(&house.fake.key().unwrap())).await.unwrap();
    assert_eq!(fetched(&house), 2);
}

#[tokio::test]
async fn known_keys_serve_for_an_hour_while_the_issuer_is_down() {
    let house = House::new();
    house.ordinary().await.unwrap();
    house.fake.behave(Document::Discovery, Behaviour::Close);
    house.later(3599);
    house.ordinary().await.unwrap();
    house.later(1);
    let fault = house.ordinary().await.unwrap_err();
    assert_eq!(fault.code, Code::IssuerUnreachable);
    assert!(fault.message.contains("issuer `ci`: it cannot be reached"), "{}", fault.message);
}

#[tokio::test]
async fn an_issuer_that_comes_back_is_noticed_within_a_second() {
    let house = House::new();
    house.fake.behave(Document::Discovery, Behaviour::Close);
    for _ in 0..20 {
        assert_eq!(house.ordinary().await.unwrap_err().code, Code::IssuerUnreachable);
    }
    assert_eq!(house.fake.requests(Document::Discovery), 1);
    house.fake.behave(Document::Discovery, Behaviour::Serve);
    house.later(1);
    house.ordinary().await.unwrap();
}

#[tokio::test]
async fn ageing_keys_are_renewed_without_making_anybody_wait() {
    let house = House::new();
    house.ordinary().await.unwrap();
    house.later(599);
    house.ordinary().await.unwrap();
    assert_eq!(house.fake.requests(Document::Discovery), 1);

    house.fake.behave(Document::Discovery, Behaviour::Hang);
    house.later(1);
    house.ordinary().await.unwrap();
    while house.fake.requests(Document::Discovery) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fetched(&house), 1);
    house.fake.behave(Document::Discovery, Behaviour::Serve);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_cut_the_fetch_short() {
    let house = House::new();
    house.fake.behave(Document::Keys, Behaviour::Hang);
    let token = house.token(&json!({}));
    let gone = tokio::time::timeout(Duration::from_millis(300), house.login(&token)).await;
    assert!(gone.is_err());
    assert_eq!(fetched(&house), 1);
    house.fake.behave(Document::Keys, Behaviour::Serve);
    // The clock stands still, so a fetch of its own would be refused as too soon.
    let _ = house.ordinary().await;
    assert_eq!(house.fake.requests(Document::Discovery), 1);
}

#[tokio::test]
async fn an_issuer_that_answers_badly_vouches_for_nobody() {
    let elsewhere = Fake::start().unwrap();
    let redirect = || Behaviour::Redirect(format!("{}/keys", elsewhere.url()));
    let set = |text: &str| Behaviour::Bytes(text.as_bytes().to_vec());
    for (document, behaviour, says) in [
        (Document::Discovery, redirect(), "its discovery document is a redirect, and none is followed"),
        (Document::Keys, redirect(), "its key set is a redirect, and none is followed"),
        (Document::Discovery, Behaviour::Status(404), "its discovery document came with status 404"),
        (Document::Keys, Behaviour::Status(500), "its key set came with status 500"),
        (Document::Discovery, Behaviour::Endless, "its discovery document is larger than 64 KiB"),
        (Document::Keys, Behaviour::Endless, "its key set is larger than 256 KiB"),
        (Document::Keys, Behaviour::Close, "it cannot be reached"),
        (Document::Discovery, set("<html>"), "its discovery document cannot be read"),
        (Document::Discovery, set("{}"), "its discovery document cannot be read"),
        (Document::Keys, set("[]"), "its key set cannot be read"),
        (Document::Keys, set(r#"{"keys":[]}"#), "its key set has no key that can verify"),
        (Document::Keys, set(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#), "its key set has no key that can verify"),
    ] {
        let house = House::new();
        house.fake.behave(document, behaviour);
        let fault = house.ordinary().await.unwrap_err();
        assert_eq!(fault.code, Code::IssuerUnreachable, "{says}");
        assert!(fault.message.contains(says), "{says}: {}", fault.message);
        assert!(fault.hint.is_some());
    }
    assert_eq!(elsewhere.requests(Document::Keys), 0);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_never_answers_is_given_up() {
    let house = House::new();
    house.fake.behave(Document::Discovery, Behaviour::Hang);
    let fault = house.ordinary().await.unwrap_err();
    assert_eq!(fault.code, Code::IssuerUnreachable);
    assert!(fault.message.contains("it does not answer in time"), "{}", fault.message);
}

#[tokio::test]
async fn a_document_must_be_the_configured_issuers_and_lead_to_a_safe_place() {
    let url = Fake::start().unwrap().url();
    for (field, value, says) in [
        ("issuer", json!("https://elsewhere"), "that of another issuer, `https://elsewhere`"),
        ("issuer", json!(format!("{url}/")), "that of another issuer"),
        ("issuer", json!(7), "cannot be read"),
        ("jwks_uri", json!("http://example.com/keys"), "names no https place of its keys"),
        ("jwks_uri", json!("file:///etc/passwd"), "names no https place of its keys"),
        ("jwks_uri", json!("keys"), "names no https place of its keys"),
    ] {
        let house = House::new();
        house.fake.set_discovery(field, value);
        let fault = house.ordinary().await.unwrap_err();
        assert_eq!(fault.code, Code::IssuerUnreachable, "{says}");
        assert!(fault.message.contains(says), "{says}: {}", fault.message);
        assert_eq!(fetched(&house), 0, "{says}");
    }
}

#[test]
fn who_has_no_token_is_told_of_the_first_issuer() {
    let told = |urls: &[&str]| {
        let issuers = urls.iter().map(|url| trusted(url)).collect();
        Oidc::new(issuers, Arc::new(StillClock::at(Micros(0)))).unwrap().discovery()
    };
    let metadata = Some("https://two.example.com/realms/x/.well-known/openid-configuration".to_owned());
    assert_eq!(told(&["https://two.example.com/realms/x", "https://one.example.com"]), metadata);
    assert_eq!(told(&["https://two.example.com/realms/x/"]), metadata);
    assert_eq!(told(&[]), None);
}

#[test]
fn only_safe_urls_can_be_configured_each_once() {
    let configured = |urls: &[&str]| {
        Oidc::new(urls.iter().map(|url| trusted(url)).collect(), Arc::new(StillClock::at(Micros(0)))).map(|_| ())
    };
    for url in [
        "https://issuer.example.com",
        "https://issuer.example.com/realms/acme",
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
        "http://localhost:9000/",
    ] {
        configured(&[url]).unwrap();
    }
    for (urls, says) in [
        (&["http://issuer.example.com"][..], "is not https"),
        (&["http://127.0.0.1.example.com"], "is not https"),
        (&["http://0.0.0.0"], "is not https"),
        (&["ftp://issuer.example.com"], "is not https"),
        (&["issuer.example.com"], "cannot be read"),
        (&["https://issuer.example.com/?x=1"], "more than scheme, host, port and path"),
        (&["https://issuer.example.com/#x"], "more than scheme, host, port and path"),
        (&["https://user@issuer.example.com"], "more than scheme, host, port and path"),
        (&["https://one.example.com", "https://one.example.com"], "of another issuer"),
    ] {
        let fault = configured(urls).unwrap_err();
        assert!(fault.message.contains(says), "{urls:?}: {}", fault.message);
    }
    let ca_file = Some("/nowhere/ca.crt".into());
    let lost =
        Oidc::new(vec![Issuer { ca_file, ..trusted("https://one.example.com") }], Arc::new(StillClock::at(Micros(0))));
    assert!(lost.err().unwrap().message.contains("issuer `ci`: the CA file `/nowhere/ca.crt` cannot be read"));
}

#[tokio::test]
async fn an_issuer_over_tls_is_checked_with_its_ca_file() {
    let fake = Fake::start().unwrap();
    let (ours, theirs) = (Authority::new("ours").unwrap(), Authority::new("theirs").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        path
    };
    let acceptor = TlsAcceptor::from(ours.leaf(LOOPBACK).unwrap().server_config().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let behind = fake.url().strip_prefix("http://").unwrap().to_owned();
    let mut front = tokio::task::JoinSet::new();
    front.spawn(async move {
        loop {
            let (plain, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate goes away.
            let Ok(mut client) = acceptor.accept(plain).await else {
                continue;
            };
            let mut server = TcpStream::connect(&behind).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    });
    fake.set_discovery("issuer", json!(url));
    fake.set_discovery("jwks_uri", json!(format!("{url}/keys")));
    let mut claims = fake.claims("ada", NOW);
    claims["iss"] = json!(url);
    let claim = Claim::Token(Secret::new(fake.token(&claims).unwrap()));

    let with = |ca_file| {
        let issuer = Issuer { ca_file: Some(ca_file), ..trusted(&url) };
        Oidc::new(vec![issuer], Arc::new(StillClock::at(Micros(NOW * 1_000_000)))).unwrap()
    };
    assert_eq!(with(file("ours.crt", &ours)).identify(&claim).await.unwrap().subject(), "ada");
    let fault = with(file("theirs.crt", &theirs)).identify(&claim).await.unwrap_err();
    assert_eq!(fault.code, Code::IssuerUnreachable);
    assert!(fault.cause.unwrap().contains("UnknownIssuer"));

    // A safe issuer must not lead to an unsafe place.
    fake.set_discovery("jwks_uri", json!(format!("{}/keys", fake.url())));
    let fault = with(file("ours.crt", &ours)).identify(&claim).await.unwrap_err();
    assert!(fault.message.contains("names no https place of its keys"), "{}", fault.message);
}
