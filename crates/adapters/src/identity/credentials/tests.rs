use std::time::Duration;

use aws_lc_rs::{hmac, pbkdf2};
use postern_core::ports::Credentials as _;
use postern_testkit::fakes::StillClock;

use postern_core::identity::ProvedKey;

use super::*;

const START: Micros = Micros(1_800_000_000_000_000);
const MINUTES: Duration = Duration::from_secs(900);

struct House {
    folder: tempfile::TempDir,
    clock: Arc<StillClock>,
    store: Arc<Store>,
    credentials: Credentials,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock::at(START));
        let store = Arc::new(Store::open(&folder.path().join("postern.db"), clock.clone()).await.unwrap());
        let credentials = Credentials::new(Arc::clone(&store), &root(7), clock.clone()).unwrap();
        Self { folder, clock, store, credentials }
    }

    async fn issue(&self, kind: CredentialKind, subject: &str) -> Result<(CredentialId, Issued), Fault> {
        let target = TargetName::parse("orders").unwrap();
        let id = CredentialId::at(self.clock.now());
        let expires = self.clock.now().after(MINUTES);
        let key = (kind == CredentialKind::Certificate).then(public);
        let (claims, key) = (&claims(subject), key.as_deref());
        let grant = Grant { id, kind, claims, owner: subject, key, target: Some(&target), expires };
        self.credentials.issue(&grant).await.map(|issued| (id, issued))
    }

    async fn token(&self, subject: &str) -> (CredentialId, String) {
        let (id, issued) = self.issue(CredentialKind::AccessToken, subject).await.unwrap();
        (id, text(&issued.secret))
    }

    /// A user name and its password.
    async fn session(&self, subject: &str) -> (CredentialId, String, String) {
        let (id, issued) = self.issue(CredentialKind::Session, subject).await.unwrap();
        (id, issued.user.unwrap(), text(&issued.secret))
    }

    async fn by_token(&self, token: &str) -> Result<VerifiedClaims, Fault> {
        self.credentials.identify(&Claim::Token(Secret::new(token))).await
    }

    /// Logs in as a client of SCRAM would.
    async fn by_password(&self, user: &str, password: &str) -> Result<VerifiedClaims, Fault> {
        let response = answer(user, password, &self.credentials.challenge(user));
        self.credentials.identify(&Claim::Response(response)).await
    }

    /// Runs a statement behind the gateway's back, as somebody who can write the file would.
    async fn write(&self, statement: &'static str, values: &[&str]) {
        let file = self.folder.path().join("postern.db");
        let pool = sqlx::SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind(*value);
        }
        assert_eq!(query.execute(&pool).await.unwrap().rows_affected(), 1, "{statement}");
    }
}

/// A public key of a client's.
fn public() -> Vec<u8> {
    ssh_key::PrivateKey::from(ssh_key::private::Ed25519Keypair::from_seed(&[5; 32])).public_key().to_bytes().unwrap()
}

fn root(byte: u8) -> Secret {
    Secret::new(vec![byte; 32])
}

fn text(secret: &Secret) -> String {
    String::from_utf8(secret.expose().to_vec()).unwrap()
}

fn claims(subject: &str) -> VerifiedClaims {
    let all = Claims::from([("sub".to_owned(), vec![subject.to_owned()]), ("team".to_owned(), vec!["a".to_owned()])]);
    VerifiedClaims::vouched("corp", subject, all, ["gh:ops".to_owned()].into(), START.after(MINUTES))
        .at("https://corp.test")
}

/// What RFC 5802 §3 makes of a password, by the client's side of it.
fn answer(user: &str, password: &str, challenge: &Challenge) -> Response {
    let message = format!("n=,r=abc,r=abcdef,s={},i=4096,c=biws,r=abcdef", BASE64.encode(&challenge.salt));
    let iterations = challenge.iterations.try_into().unwrap();
    let mut salted = [0_u8; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &challenge.salt, password.as_bytes(), &mut salted);
    let client = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salted), b"Client Key");
    let stored = digest::digest(&SHA256, client.as_ref());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, stored.as_ref()), message.as_bytes());
    let proof = client.as_ref().iter().zip(signature.as_ref()).map(|(key, signed)| key ^ signed).collect();
    Response { user: user.to_owned(), mechanism: Mechanism::ScramSha256, message: message.into_bytes(), proof }
}

/// What is said, without what differs for each.
fn said(outcome: Result<VerifiedClaims, Fault>) -> (Code, String, Option<String>) {
    let fault = outcome.err().unwrap();
    (fault.code, fault.message, fault.hint)
}

#[tokio::test]
async fn a_credential_stands_for_what_was_proved() {
    let house = House::new().await;
    let (id, token) = house.token("ann").await;
    let (session, user, password) = house.session("ann").await;
    assert!(token.starts_with("pst_at_") && token.len() == 7 + 43, "{token}");
    assert!(user.starts_with("pst_") && user.len() == 4 + 26 && password.len() == 43, "{user}");
    assert!(user.len() <= 63 && user.bytes().all(|byte| byte.is_ascii_graphic()));
    let by_token = house.by_token(&token).await.unwrap();
    let by_password = house.by_password(&user, &password).await.unwrap();
    assert!(by_password.answer().is_some() && by_token.answer().is_none());
    for (vouched, id) in [(by_token, id), (by_password, session)] {
        assert_eq!(
            (vouched.issuer(), vouched.subject(), vouched.values("team")),
            ("corp", "ann", &["a".to_owned()][..])
        );
        assert_eq!(vouched.claims(), claims("ann").claims());
        // whoever replaces the issuer replaces what was made of its tokens too
        assert_eq!(vouched.url(), Some("https://corp.test"));
        assert_eq!(vouched.groups(), claims("ann").groups());
        assert_eq!(vouched.expires(), START.after(MINUTES));
        assert_eq!(vouched.credential().unwrap(), &Through { id, target: TargetName::parse("orders") });
    }
}

#[tokio::test]
async fn it_outlives_a_restart_and_no_other_gateway_takes_it() {
    let house = House::new().await;
    let (_, token) = house.token("ann").await;
    let claim = Claim::Token(Secret::new(token));
    let again = Credentials::new(Arc::clone(&house.store), &root(7), house.clock.clone()).unwrap();
    assert_eq!(again.identify(&claim).await.unwrap().subject(), "ann");
    let other = Credentials::new(Arc::clone(&house.store), &root(8), house.clock.clone()).unwrap();
    assert_eq!(other.identify(&claim).await.unwrap_err().code, Code::CredentialUnknown);
}

/// THREAT: finding out which user names exist.
#[tokio::test]
async fn a_name_that_nobody_has_is_refused_like_a_wrong_password() {
    let house = House::new().await;
    let (_, user, password) = house.session("ann").await;
    let (_, _, others) = house.session("bob").await;
    let wrong = said(house.by_password(&user, "wrong").await);
    assert_eq!(wrong.0, Code::CredentialUnknown);
    let absent = "pst_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(said(house.by_password(absent, "wrong").await), wrong);
    assert_eq!(said(house.by_password(absent, &password).await), wrong);
    assert_eq!(said(house.by_password(&user, &others).await), wrong);
    assert_eq!(said(house.by_password("pst_", "").await), wrong);
    // before the proof there is nothing to tell: the same salt each time, of the same shape
    let (one, other) = (house.credentials.challenge(&user), house.credentials.challenge(absent));
    assert_eq!((one.salt.len(), one.iterations), (other.salt.len(), other.iterations));
    assert_eq!(other, house.credentials.challenge(absent));
}

#[tokio::test]
async fn a_token_is_no_password_and_a_password_no_token() {
    let house = House::new().await;
    let (id, token) = house.token("ann").await;
    let (_, user, password) = house.session("ann").await;
    for text in [&user, &password, &format!("pst_at_{password}"), &format!("{token}="), &id.to_string()] {
        assert_eq!(house.by_token(text).await.unwrap_err().code, Code::CredentialUnknown, "{text}");
    }
    let lookup = lookup_of(token.as_bytes());
    for name in [token.as_str(), lookup.as_str()] {
        assert_eq!(house.by_password(name, &token).await.unwrap_err().code, Code::CredentialUnknown, "{name}");
    }
}

#[tokio::test]
async fn what_is_over_or_taken_back_says_so_to_its_owner_only() {
    let house = House::new().await;
    let (id, user, password) = house.session("ann").await;
    let (_, token) = house.token("ann").await;
    let wrong = said(house.by_password(&user, "wrong").await);
    assert!(house.credentials.revoke(id).await.unwrap());
    assert!(!house.credentials.revoke(id).await.unwrap());
    assert_eq!(house.by_password(&user, &password).await.unwrap_err().code, Code::CredentialRevoked);
    assert_eq!(said(house.by_password(&user, "wrong").await), wrong);

    assert!(house.by_token(&token).await.is_ok());
    house.clock.advance(MINUTES);
    assert_eq!(house.by_token(&token).await.unwrap_err().code, Code::CredentialExpired);
}

/// THREAT: the store's thief logs in.
#[tokio::test]
async fn nothing_in_the_store_lets_in() {
    let house = House::new().await;
    let (_, token) = house.token("ann-of-the-claims").await;
    let (_, user, password) = house.session("ann-of-the-claims").await;
    let row = house.store.credential(&user).await.unwrap().unwrap();
    assert_eq!(row.lookup, user);
    house.store.close().await;
    let mut looked = 0;
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        looked += bytes.len();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        for secret in [&token, &password, &token["pst_at_".len()..]] {
            assert!(!holds(secret));
        }
        assert!(!holds("\"team\"") && !holds("gh:ops"), "the claims are sealed");
    }
    assert!(looked > 4_096, "the store was read");
}

/// THREAT: who can write the store makes a principal of himself.
#[tokio::test]
async fn who_writes_to_the_store_becomes_nobody() {
    let house = House::new().await;
    let (_, boss) = house.token("boss").await;
    let (_, mine) = house.token("mallory").await;
    let (_, user, password) = house.session("mallory").await;
    let lookup = |token: &str| lookup_of(token.as_bytes());

    // the boss's claims under a token and a name that he knows
    let stolen = house.store.credential(&lookup(&boss)).await.unwrap().unwrap();
    house.write("UPDATE credentials SET sealed = $1 WHERE lookup = $2", &[&stolen.sealed, &lookup(&mine)]).await;
    house.write("UPDATE credentials SET sealed = $1 WHERE lookup = $2", &[&stolen.sealed, &user]).await;
    assert_eq!(house.by_token(&mine).await.unwrap_err().code, Code::CredentialUnknown);
    assert_eq!(house.by_password(&user, &password).await.unwrap_err().code, Code::CredentialUnknown);

    // the whole row under another token, and one that was never sealed
    let made = "pst_at_made-up";
    house.write("UPDATE credentials SET lookup = $1 WHERE lookup = $2", &[&lookup(made), &lookup(&boss)]).await;
    assert_eq!(house.by_token(made).await.unwrap_err().code, Code::CredentialUnknown);
    let body = BASE64.encode(br#"{"kind":"access_token","issuer":"corp","subject":"boss"}"#);
    house.write("UPDATE credentials SET sealed = $1 WHERE lookup = $2", &[&body, &lookup(made)]).await;
    assert_eq!(house.by_token(made).await.unwrap_err().code, Code::CredentialUnknown);
}

#[tokio::test]
async fn a_later_end_or_another_name_in_the_store_counts_for_nothing() {
    let house = House::new().await;
    let (_, late) = house.token("ann").await;
    let (id, named) = house.token("ann").await;
    house.clock.advance(MINUTES);
    house.write("UPDATE credentials SET expires = expires * 2 WHERE id <> $1", &[&id.to_string()]).await;
    assert_eq!(house.by_token(&late).await.unwrap_err().code, Code::CredentialExpired);
    // a name of another's, so that revoking it would not reach this one
    let other = CredentialId::at(START).to_string();
    house.write("UPDATE credentials SET id = $1 WHERE id = $2", &[&other, &id.to_string()]).await;
    assert_eq!(house.by_token(&named).await.unwrap_err().code, Code::CredentialUnknown);
}

#[tokio::test]
async fn one_owner_has_only_so_many_at_once() {
    let house = House::new().await;
    let (first, _) = house.token("ann").await;
    for _ in 1..MOST {
        house.token("ann").await;
    }
    assert_eq!(house.issue(CredentialKind::Session, "ann").await.unwrap_err().code, Code::CredentialsTooMany);
    house.token("bob").await;
    house.credentials.revoke(first).await.unwrap();
    assert!(house.issue(CredentialKind::AccessToken, "ann").await.is_err(), "taking one back makes no room");
    house.clock.advance(MINUTES);
    house.token("ann").await;
}

#[tokio::test]
async fn what_failed_too_often_waits_whoever_has_the_name() {
    let house = House::new().await;
    let (_, user, password) = house.session("ann").await;
    for name in [user.as_str(), "pst_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        for _ in 0..failures::MOST {
            assert_eq!(house.by_password(name, "wrong").await.unwrap_err().code, Code::CredentialUnknown);
        }
        assert_eq!(house.by_password(name, "wrong").await.unwrap_err().code, Code::AttemptsTooMany, "{name}");
    }
    assert_eq!(house.by_password(&user, &password).await.unwrap_err().code, Code::AttemptsTooMany);
    let (_, other, its) = house.session("ann").await;
    assert!(house.by_password(&other, &its).await.is_ok());
    house.clock.advance(failures::WINDOW);
    assert!(house.by_password(&user, &password).await.is_ok());
}

#[test]
fn only_so_many_names_are_remembered() {
    let clock = Arc::new(StillClock::at(START));
    let failures = Failures::new(clock.clone());
    let long = "é".repeat(1_000);
    for _ in 0..failures::MOST {
        failures.note(&long);
    }
    assert!(failures.admit(&long).is_err());
    for number in 0..failures::NAMES {
        clock.advance(Duration::from_millis(1));
        failures.note(&format!("pst_{number}"));
    }
    assert!(failures.admit(&long).is_ok(), "the oldest is forgotten first");
}

#[tokio::test]
async fn whoever_waits_hears_of_a_revocation() {
    let house = House::new().await;
    let (id, _) = house.token("ann").await;
    let (other, _) = house.token("ann").await;
    let waiting = house.credentials.revoked(id);
    tokio::pin!(waiting);
    let soon = Duration::from_millis(200);
    house.credentials.revoke(other).await.unwrap();
    assert!(tokio::time::timeout(soon, &mut waiting).await.is_err(), "another one's is nothing to it");
    house.credentials.revoke(id).await.unwrap();
    tokio::time::timeout(soon, waiting).await.unwrap();
    // and who comes late
    tokio::time::timeout(soon, house.credentials.revoked(id)).await.unwrap();
}

#[tokio::test]
async fn it_is_found_by_all_its_names() {
    let house = House::new().await;
    let (id, token) = house.token("ann").await;
    let (session, user, password) = house.session("bob").await;
    let find = async |named: &str| house.credentials.find(&Secret::new(named)).await.unwrap();
    for (named, id, subject) in [(id.to_string(), id, "ann"), (token, id, "ann"), (user, session, "bob")] {
        let kept = find(&named).await.unwrap();
        assert_eq!((kept.id, kept.issuer.as_str(), kept.subject.as_str()), (id, "corp", subject));
    }
    for named in [password.as_str(), "", "pst_", "pst_at_", "crd_00000000000000000000000000000000"] {
        assert_eq!(find(named).await, None, "{named}");
    }
}

#[tokio::test]
async fn a_certificate_is_as_good_as_what_is_kept_of_it() {
    let house = House::new().await;
    let (id, issued) = house.issue(CredentialKind::Certificate, "ann").await.unwrap();
    let bytes = ssh_key::Certificate::from_openssh(&text(&issued.secret)).unwrap().to_bytes().unwrap();
    let shown = |bytes: &[u8]| Claim::Certificate(ProvedKey::signed(bytes.to_vec()));
    let unknown = async |bytes: &[u8]| house.credentials.identify(&shown(bytes)).await.unwrap_err().code;

    let claims = house.credentials.identify(&shown(&bytes)).await.unwrap();
    assert_eq!((claims.subject(), claims.expires()), ("ann", START.after(MINUTES)));
    let through = claims.credential().unwrap();
    assert_eq!((through.id, through.target.as_ref().map(TargetName::as_str)), (id, Some("orders")));
    assert_eq!(claims.url(), Some("https://corp.test"));
    let bare = Claim::Key(ProvedKey::signed(public()));
    assert!(house.credentials.identify(&bare).await.is_err(), "the key without its certificate");

    // one of this authority that was never kept
    let (claims, key) = (&self::claims("ann"), public());
    let expires = START.after(MINUTES);
    let kind = CredentialKind::Certificate;
    let grant = Grant { id, kind, claims, owner: "ann", key: Some(&key), target: None, expires };
    let twin = house.credentials.authority.certificate(&grant, START).unwrap().to_bytes().unwrap();
    assert_eq!(unknown(&twin).await, Code::CredentialUnknown);
    // nor does a token's row make it one
    let (_, token) = house.token("bob").await;
    let moved = "UPDATE credentials SET lookup = $1 WHERE lookup = $2";
    house.write(moved, &[&lookup_of(&twin), &lookup_of(token.as_bytes())]).await;
    assert_eq!(unknown(&twin).await, Code::CredentialUnknown);

    house.clock.advance(MINUTES);
    assert_eq!(unknown(&bytes).await, Code::CredentialExpired);
    assert!(ports::Credentials::revoke(&house.credentials, id).await.unwrap());
    assert_eq!(unknown(&bytes).await, Code::CredentialRevoked);
}
