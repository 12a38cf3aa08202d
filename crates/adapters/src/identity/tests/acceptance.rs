//! What of a genuine token is accepted, and what becomes of its claims.

use postern_core::identity::{Kind, Principal, Template, TrustRule};
use postern_testkit::openid_provider::{OpenidProvider, WORKLOAD};

use super::*;
use crate::clock::SystemClock;
use crate::identity::claims::accept;

#[tokio::test]
async fn a_genuine_token_is_vouched_for_with_every_kind_of_key() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let house = House::new();
        house.fake.rotate(algorithm, "only").unwrap();
        let claims = house.ordinary().await.unwrap();
        assert_eq!((claims.issuer(), claims.subject()), ("ci", "repo:acme/shop"), "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_trust_rule_makes_a_principal_of_what_was_vouched_for() {
    let house = House::new();
    let claims = house.login(&house.token(&json!({ "actor": "ada", "groups": ["dba", "", "dev"] }))).await.unwrap();
    let rule = TrustRule {
        name: Template::parse("ci:{actor}").unwrap(),
        kind: Kind::Workload,
        issuer: "ci".to_owned(),
        claims: [("sub".to_owned(), vec!["repo:acme/*".to_owned()])].into(),
        groups: ["deployers".to_owned()].into(),
        acts_for: None,
    };
    let principal = Principal::from_claims(&claims, &[rule]).unwrap();
    assert_eq!(principal.name(), "ci:ada");
    assert_eq!(principal.groups().iter().collect::<Vec<_>>(), ["ci:dba", "ci:dev", "deployers"]);
    assert_eq!(principal.expires(), Micros((NOW + postern_testkit::issuer::LIFETIME) * 1_000_000));
}

#[test]
fn claims_are_flattened_one_level_deep() {
    let payload = json!({
        "iss": "https://issuer", "sub": "x", "aud": AUDIENCE, "exp": NOW + 1,
        "text": "a", "count": 7, "ratio": 0.5, "flag": true, "nothing": null,
        "list": ["a", 1, false, null, ["deep"], { "deep": 1 }],
        "object": { "text": "b", "list": ["c", "d"], "deep": { "e": 1 } },
        "https://example.com/role": "r",
    });
    let claims = accept(object(payload), &trusted("https://issuer"), Micros(NOW * 1_000_000)).unwrap();
    for (name, values) in [
        ("text", &["a"][..]),
        ("count", &["7"]),
        ("ratio", &["0.5"]),
        ("flag", &["true"]),
        ("nothing", &[]),
        ("list", &["a", "1", "false"]),
        ("object", &[]),
        ("object.text", &["b"]),
        ("object.list", &["c", "d"]),
        ("object.deep", &[]),
        ("object.deep.e", &[]),
        ("https://example.com/role", &["r"]),
    ] {
        assert_eq!(claims.values(name), values, "{name}");
    }
}

#[test]
fn a_claim_cannot_pass_for_another_with_a_dot_in_its_name() {
    let payload = json!({
        "iss": "https://issuer", "sub": "x", "aud": AUDIENCE, "exp": NOW + 1,
        "realm.role": "user", "realm": { "role": "admin" },
    });
    let fault = accept(object(payload), &trusted("https://issuer"), Micros(NOW * 1_000_000)).unwrap_err();
    assert_eq!(fault.code, Code::TokenInvalid);
    assert!(fault.message.contains("`realm.role`"), "{}", fault.message);
}

#[tokio::test]
async fn a_token_counts_in_its_time_only() {
    let house = House::new();
    for (changes, refused) in [
        (json!({ "exp": NOW + 1 }), None),
        (json!({ "exp": 1_800_000_001.5 }), None),
        (json!({ "exp": NOW }), Some((Code::TokenExpired, "expired 0 seconds ago"))),
        (json!({ "exp": NOW - 90 }), Some((Code::TokenExpired, "expired 90 seconds ago"))),
        (json!({ "exp": null }), Some((Code::TokenInvalid, "has no end (`exp`)"))),
        (json!({ "exp": "tomorrow" }), Some((Code::TokenInvalid, "`exp` is not a time"))),
        (json!({ "exp": -1 }), Some((Code::TokenInvalid, "`exp` is not a time"))),
        (json!({ "exp": [NOW + 1] }), Some((Code::TokenInvalid, "`exp` is not a time"))),
        (json!({ "nbf": NOW + 60 }), None),
        (json!({ "nbf": NOW + 61 }), Some((Code::TokenExpired, "not valid yet"))),
        (json!({ "nbf": "now" }), Some((Code::TokenInvalid, "`nbf` is not a time"))),
        (json!({ "iat": null }), None),
        (json!({ "iat": NOW + 60 }), None),
        (json!({ "iat": NOW + 61 }), Some((Code::TokenExpired, "issued in the future"))),
    ] {
        expect(&house, &changes, refused).await;
    }
}

#[tokio::test]
async fn a_token_is_made_for_this_gateway_and_about_somebody() {
    let house = House::new();
    for (changes, refused) in [
        (json!({ "aud": ["else", AUDIENCE] }), None),
        (json!({ "aud": "else" }), Some((Code::TokenAudience, "made for `else`"))),
        (json!({ "aud": ["else"] }), Some((Code::TokenAudience, "made for `else`"))),
        (json!({ "aud": [] }), Some((Code::TokenAudience, "does not say for whom"))),
        (json!({ "aud": null }), Some((Code::TokenAudience, "does not say for whom"))),
        (json!({ "aud": "POSTERN" }), Some((Code::TokenAudience, "made for `POSTERN`"))),
        (json!({ "sub": null }), Some((Code::TokenInvalid, "about (`sub`)"))),
        (json!({ "sub": "" }), Some((Code::TokenInvalid, "about (`sub`)"))),
        (json!({ "sub": 7 }), Some((Code::TokenInvalid, "about (`sub`)"))),
        (json!({ "iss": null }), Some((Code::TokenInvalid, "who issued it"))),
        (json!({ "iss": "https://elsewhere" }), Some((Code::IssuerUnknown, "`https://elsewhere` is not trusted"))),
        (json!({ "iss": format!("{}/", house.fake.url()) }), Some((Code::IssuerUnknown, "is not trusted"))),
    ] {
        expect(&house, &changes, refused).await;
    }
}

async fn expect(house: &House, changes: &Value, refused: Option<(Code, &str)>) {
    match (house.login(&house.token(changes)).await, refused) {
        (Ok(_), None) => {}
        (Err(fault), Some((code, says))) => {
            assert_eq!(fault.code, code, "{changes}");
            assert!(fault.message.contains(says), "{changes}: {}", fault.message);
        }
        (outcome, _) => panic!("{changes}: {outcome:?}"),
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_providers_tokens_are_understood() {
    let provider = OpenidProvider::start(Algorithm::Rs256).unwrap();
    let oidc = Oidc::new(vec![trusted(provider.url())], Arc::new(SystemClock)).unwrap();
    let vouched = async |token: String| oidc.identify(&Claim::Token(Secret::new(token))).await.unwrap();
    let workload = vouched(provider.access_token().unwrap()).await;
    assert_eq!((workload.subject(), workload.values("repository")), (WORKLOAD, &["acme/shop".to_owned()][..]));
    let person = vouched(provider.id_token("carol").unwrap()).await;
    assert_eq!((person.subject(), person.values("groups")), ("carol", &["dba".to_owned()][..]));
}
