//! Tokens that somebody else than the issuer has made, or made for another use.

use data_encoding::BASE64URL_NOPAD;
use postern_testkit::issuer::{Behaviour, Document, Key, Signer, sign};

use super::*;

/// A token of the house's claims with a header and signature of the forger's choice.
fn forged(house: &House, header: &Value, signer: &Signer<'_>) -> String {
    sign(header, &house.claims(&json!({})), signer).unwrap()
}

#[tokio::test]
async fn an_unsigned_token_proves_nothing() {
    let house = House::new();
    let key = house.fake.key().unwrap();
    for name in ["none", "None", "NONE", "nOnE"] {
        for signer in [Signer::Nothing, Signer::Key(&key)] {
            let token = forged(&house, &json!({ "alg": name, "kid": key.id() }), &signer);
            let fault = house.refused(&token).await;
            assert_eq!((fault.code, fault.message.as_str()), (Code::TokenInvalid, "the token is not signed"));
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let house = House::new();
    let key = house.fake.key().unwrap();
    let jwk = key.jwk();
    let modulus = BASE64URL_NOPAD.decode(jwk["n"].as_str().unwrap().as_bytes()).unwrap();
    for secret in [key.public(), &modulus, jwk.to_string().as_bytes(), b""] {
        for name in ["HS256", "HS384", "HS512"] {
            let token = forged(&house, &json!({ "alg": name, "kid": key.id() }), &Signer::Hmac(secret));
            let fault = house.refused(&token).await;
            assert_eq!(fault.code, Code::TokenInvalid);
            assert!(fault.message.contains("shared secret"), "{}", fault.message);
        }
        // The same under the name of the algorithm that the key is for.
        let token = forged(&house, &key.header(), &Signer::Hmac(secret));
        assert!(house.refused(&token).await.message.contains("signature does not stand"));
    }
}

#[tokio::test]
async fn a_key_signs_with_its_own_algorithm_only() {
    let house = House::new();
    let key = house.fake.key().unwrap();
    for (name, says) in [
        ("RS384", "not the one that its issuer's key is for"),
        ("PS256", "not the one that its issuer's key is for"),
        ("ES256", "not the one that its issuer's key is for"),
        ("EdDSA", "not the one that its issuer's key is for"),
        ("ES512", "`ES512` is not supported"),
        ("rs256", "`rs256` is not supported"),
        ("", "`` is not supported"),
    ] {
        let token = forged(&house, &json!({ "alg": name, "kid": key.id() }), &Signer::Key(&key));
        let fault = house.refused(&token).await;
        assert_eq!(fault.code, Code::TokenInvalid, "{name}");
        assert!(fault.message.contains(says), "{name}: {}", fault.message);
    }
}

#[tokio::test]
async fn a_strangers_key_under_the_issuers_name_is_none() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let house = House::new();
        house.fake.rotate(algorithm, "only").unwrap();
        let stranger = Key::generate(algorithm, "only").unwrap();
        let token = forged(&house, &stranger.header(), &Signer::Key(&stranger));
        let fault = house.refused(&token).await;
        assert_eq!(fault.code, Code::TokenInvalid);
        assert!(fault.message.contains("signature does not stand"), "{algorithm:?}: {}", fault.message);
    }
}

#[tokio::test]
async fn a_key_inside_the_token_is_not_looked_at() {
    let house = House::new();
    let stranger = Key::generate(Algorithm::Rs256, "mine").unwrap();
    let mut header = stranger.header();
    header["jwk"] = stranger.jwk();
    header["jku"] = json!("http://127.0.0.1:1/keys");
    let fault = house.refused(&forged(&house, &header, &Signer::Key(&stranger))).await;
    assert_eq!(fault.code, Code::TokenInvalid);
    assert!(fault.message.contains("`mine` that its issuer does not publish"), "{}", fault.message);
}

#[tokio::test]
async fn a_changed_token_does_not_stand() {
    let house = House::new();
    let token = house.token(&json!({}));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let richer = BASE64URL_NOPAD.encode(house.claims(&json!({ "groups": ["dba"] })).to_string().as_bytes());
    let other = house.token(&json!({ "groups": ["dba"] }));
    let (other, _) = other.rsplit_once('.').unwrap();
    for changed in [
        format!("{header}.{richer}.{signature}"),
        format!("{other}.{signature}"),
        format!("{message}."),
        format!("{message}.{}", &signature[4..]),
        format!("{message}.{signature}AAAA"),
    ] {
        let fault = house.refused(&changed).await;
        assert_eq!(fault.code, Code::TokenInvalid, "{changed}");
        assert!(fault.message.contains("signature does not stand"), "{changed}: {}", fault.message);
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anybody_is_asked() {
    let house = House::new();
    let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let claims = part(house.claims(&json!({})));
    let crit = json!({ "alg": "RS256", "kid": "first", "crit": ["exp"] });
    for (token, code, says) in [
        (String::new(), Code::ProofMissing, "no token was given"),
        ("hunter2".to_owned(), Code::TokenInvalid, "not a token"),
        ("a.b".to_owned(), Code::TokenInvalid, "not a token"),
        ("a.b.c.d".to_owned(), Code::TokenInvalid, "not a token"),
        ("..".to_owned(), Code::TokenInvalid, "header cannot be read"),
        (format!("{}.{claims}.AAAA", part(json!([]))), Code::TokenInvalid, "header cannot be read"),
        (format!("{}.{claims}.AAAA", part(json!({ "alg": 1 }))), Code::TokenInvalid, "header cannot be read"),
        (format!("{}.!.AAAA", part(json!({ "alg": "RS256" }))), Code::TokenInvalid, "who issued it"),
        (format!("{}.{claims}.AAAA", part(crit)), Code::TokenInvalid, "(`crit`)"),
        ("x".repeat(32 * 1024 + 1), Code::TokenInvalid, "longer than 32 KiB"),
        (format!("{}.{}.c", "[".repeat(9_000), "[".repeat(9_000)), Code::TokenInvalid, "header cannot be read"),
    ] {
        let fault = house.refused(&token).await;
        assert_eq!(fault.code, code, "{says}");
        assert!(fault.message.contains(says), "{says}: {}", fault.message);
    }
    assert_eq!(house.fake.requests(Document::Discovery), 0);
}

#[tokio::test]
async fn a_token_without_kid_needs_an_issuer_with_one_key() {
    let house = House::new();
    let first = house.fake.key().unwrap();
    let token = forged(&house, &json!({ "alg": "RS256" }), &Signer::Key(&first));
    assert_eq!(house.login(&token).await.unwrap().subject(), "repo:acme/shop");

    let house = House::new();
    let first = house.fake.key().unwrap();
    house.fake.set_keys(vec![Arc::clone(&first), Arc::new(Key::generate(Algorithm::Rs256, "second").unwrap())]);
    let token = forged(&house, &json!({ "alg": "RS256" }), &Signer::Key(&first));
    let fault = house.refused(&token).await;
    assert_eq!(fault.code, Code::TokenInvalid);
    assert!(fault.message.contains("(`kid`)"), "{}", fault.message);
}

#[tokio::test]
async fn keys_that_are_for_something_else_are_as_if_not_published() {
    let key = Key::generate(Algorithm::Rs256, "only").unwrap();
    for (field, value) in [
        ("use", json!("enc")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("kty", json!("oct")),
        ("kty", json!("EC")),
    ] {
        let house = House::new();
        let mut published = key.jwk();
        published[field] = value.clone();
        published["k"] = json!("c2VjcmV0");
        // Beside a good key, so that the set itself is usable.
        let set = json!({ "keys": [published, house.fake.key().unwrap().jwk(), "not a key", { "kty": 1 }] });
        house.fake.behave(Document::Keys, Behaviour::Bytes(set.to_string().into_bytes()));
        house.ordinary().await.unwrap();
        let fault = house.refused(&forged(&house, &key.header(), &Signer::Key(&key))).await;
        assert_eq!(fault.code, Code::TokenInvalid, "{field} {value}");
        assert!(fault.message.contains("does not publish"), "{field} {value}: {}", fault.message);
    }
}
