use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, TokenData, Validation, decode, decode_header};

use super::*;

fn fetch(url: &str) -> Value {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut connection = TcpStream::connect(authority).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(connection, "GET /{path} HTTP/1.0\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Verifies as a relying party does: by discovery, audience, issuer and the clock.
fn verify(provider: &OpenidProvider, token: &str) -> TokenData<Value> {
    let issuer = provider.url();
    let discovery = fetch(&format!("{issuer}/.well-known/openid-configuration"));
    let keys: JwkSet = serde_json::from_value(fetch(discovery["jwks_uri"].as_str().unwrap())).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&["postern"]);
    validation.set_issuer(&[issuer]);
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap()
}

#[test]
fn issues_tokens_to_workloads_and_people() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let provider = OpenidProvider::start(algorithm).unwrap();

        let access = verify(&provider, &provider.access_token().unwrap());
        assert_eq!(access.claims["sub"], WORKLOAD);
        assert_eq!(access.claims["repository"], "acme/shop");
        assert_eq!(access.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(format!("{:?}", access.header.alg), algorithm.name());

        let person = verify(&provider, &provider.id_token("alice").unwrap());
        assert_eq!(person.claims["sub"], "alice");
        assert_eq!(person.claims["groups"][0], "developers");
        assert_eq!(format!("{:?}", person.header.alg), algorithm.name());
    }
}

#[test]
fn refuses_people_it_does_not_know_and_ends_with_its_owner() {
    let provider = OpenidProvider::start(Algorithm::Es256).unwrap();
    let refusal = provider.id_token("mallory").unwrap_err().to_string();
    assert!(refusal.contains("login_hint names nobody"), "{refusal}");

    let authority = provider.url().strip_prefix("http://").unwrap().to_owned();
    let process = PathBuf::from(format!("/proc/{}", provider._node.0.id()));
    assert!(process.exists());
    drop(provider);
    assert!(!process.exists());
    TcpStream::connect(authority).unwrap_err();
}

#[test]
fn what_hangs_is_killed_and_said() {
    let hangs = Command::new("/bin/sh")
        .args(["-c", "echo stuck >&2; exec sleep 600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = PathBuf::from(format!("/proc/{}", hangs.id()));
    let error = format!("{:#}", ended(hangs, Duration::from_millis(300)).unwrap_err());
    assert_eq!(error, "it said: stuck: node has not ended within 300ms");
    assert!(!process.exists());
}

#[test]
fn client_secrets_are_new_each_time() {
    let secrets = [(); 2].map(|()| {
        let provider = OpenidProvider::start(Algorithm::Es256).unwrap();
        provider.secret(WORKLOAD).unwrap().to_owned()
    });
    assert_ne!(secrets[0], secrets[1]);
    assert!(BASE64URL_NOPAD.decode(secrets[0].as_bytes()).unwrap().len() >= 16);
}
