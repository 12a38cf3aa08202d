use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

use super::*;

const NOW: u64 = 1_800_000_000;

/// What a plain client gets: status line and body.
fn ask(issuer: &Issuer, path: &str) -> (String, String) {
    let mut connection = TcpStream::connect(issuer.address).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", issuer.address).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// What a verifier that follows the discovery document makes of a token.
fn verify(issuer: &Issuer, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let discovery: Value = serde_json::from_str(&ask(issuer, "/.well-known/openid-configuration").1).unwrap();
    assert_eq!(discovery["issuer"], issuer.url());
    let keys_path = discovery["jwks_uri"].as_str().unwrap().strip_prefix(&issuer.url()).unwrap();
    let keys: JwkSet = serde_json::from_str(&ask(issuer, keys_path).1).unwrap();

    let header = decode_header(token)?;
    let Some(key) = header.kid.as_deref().and_then(|kid| keys.find(kid)) else {
        return Err(jsonwebtoken::errors::ErrorKind::InvalidToken.into());
    };
    let algorithm = key.common.key_algorithm.unwrap().to_string().parse().unwrap();
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.set_audience(&[AUDIENCE]);
    decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation).map(|token| token.claims)
}

#[test]
fn another_library_verifies_what_it_signs() {
    let issuer = Issuer::start().unwrap();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        issuer.rotate(algorithm, "k").unwrap();
        let claims = issuer.claims("deploy-bot", NOW);
        let token = issuer.token(&claims).unwrap();
        assert_eq!(verify(&issuer, &token).unwrap(), claims, "{algorithm:?}");
        assert_eq!(claims["exp"], NOW + LIFETIME);

        let stranger = Key::generate(algorithm, "k").unwrap();
        let forged = sign(&stranger.header(), &claims, &Signer::Key(&stranger)).unwrap();
        verify(&issuer, &forged).unwrap_err();
    }
}

#[test]
fn rotation_takes_the_old_key_away() {
    let issuer = Issuer::start().unwrap();
    let old = issuer.token(&issuer.claims("bot", NOW)).unwrap();
    issuer.rotate(Algorithm::Es256, "second").unwrap();
    verify(&issuer, &old).unwrap_err();
    let new = issuer.token(&issuer.claims("bot", NOW)).unwrap();
    verify(&issuer, &new).unwrap();
    assert_eq!(issuer.requests(Document::Keys), 2);
    assert_eq!(issuer.requests(Document::Discovery), 2);
}

#[test]
fn forged_tokens_say_what_they_are_told_to() {
    let issuer = Issuer::start_with(Algorithm::Rs256).unwrap();
    let key = issuer.key().unwrap();
    let claims = issuer.claims("bot", NOW);

    let unsigned = sign(&json!({ "alg": "none" }), &claims, &Signer::Nothing).unwrap();
    assert!(unsigned.ends_with('.'));
    verify(&issuer, &unsigned).unwrap_err();

    // the public key as the secret of an HMAC: it passes only where the header chooses the algorithm
    let header = json!({ "alg": "HS256", "kid": key.id() });
    let confused = sign(&header, &claims, &Signer::Hmac(key.public())).unwrap();
    verify(&issuer, &confused).unwrap_err();
    let mut trusting = Validation::new(jsonwebtoken::Algorithm::HS256);
    trusting.validate_exp = false;
    trusting.set_audience(&[AUDIENCE]);
    decode::<Value>(&confused, &DecodingKey::from_secret(key.public()), &trusting).unwrap();
}

#[test]
fn documents_can_be_wrong() {
    let issuer = Issuer::start().unwrap();
    issuer.set_discovery("issuer", json!("https://elsewhere.example"));
    assert!(ask(&issuer, "/.well-known/openid-configuration").1.contains("https://elsewhere.example"));
    assert!(ask(&issuer, "/nothing").0.starts_with("HTTP/1.1 404 "));

    let cases = [
        (Behaviour::Redirect("http://127.0.0.1:1/keys".to_owned()), "HTTP/1.1 302 ", ""),
        (Behaviour::Status(503), "HTTP/1.1 503 ", "out of order"),
        (Behaviour::Bytes(b"{\"keys\": 7}".to_vec()), "HTTP/1.1 200 ", "{\"keys\": 7}"),
        (Behaviour::Close, "", ""),
    ];
    for (behaviour, status, body) in cases {
        issuer.behave(Document::Keys, behaviour.clone());
        let answer = ask(&issuer, "/keys");
        assert!(answer.0.starts_with(status), "{behaviour:?}: {answer:?}");
        assert_eq!(answer.0.is_empty(), status.is_empty(), "{behaviour:?}: {answer:?}");
        assert_eq!(answer.1, body, "{behaviour:?}");
    }
    issuer.behave(Document::Keys, Behaviour::Redirect("http://127.0.0.1:1/keys".to_owned()));
    assert!(ask(&issuer, "/keys").0.contains("\r\nLocation: http://127.0.0.1:1/keys\r\n"));
}

#[test]
fn an_endless_document_flows_for_as_long_as_it_is_read() {
    let issuer = Issuer::start().unwrap();
    issuer.behave(Document::Keys, Behaviour::Endless);
    let mut connection = TcpStream::connect(issuer.address).unwrap();
    write!(connection, "GET /keys HTTP/1.1\r\n\r\n").unwrap();
    let mut much = vec![0; 4 << 20];
    connection.read_exact(&mut much).unwrap();
    assert!(much.ends_with(b"    "));
}

#[test]
fn a_hanging_request_is_let_go_by_a_change_or_the_end() {
    let issuer = Issuer::start().unwrap();
    issuer.behave(Document::Keys, Behaviour::Hang);
    let mut connection = TcpStream::connect(issuer.address).unwrap();
    write!(connection, "GET /keys HTTP/1.1\r\n\r\n").unwrap();
    connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    connection.read_exact(&mut [0]).unwrap_err();

    // the other document is not held up by it
    assert!(ask(&issuer, "/.well-known/openid-configuration").0.starts_with("HTTP/1.1 200 "));

    let began = Instant::now();
    drop(issuer);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(connection.read(&mut [0]).unwrap(), 0);
}
