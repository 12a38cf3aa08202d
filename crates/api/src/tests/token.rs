//! Credentials over `/v1`: who gets one, what it opens, who takes it back, and what is said of failures.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use postern_core::journal::Event;
use serde_json::Value;

use super::{Desk, Reply, bearing};

pub(super) const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
    &subject_token_type=urn:ietf:params:oauth:token-type:id_token&subject_token=";
const CERTIFICATE: &str = "&requested_token_type=urn:postern:token-type:ssh-certificate";
const SESSION: &str = "&requested_token_type=urn:postern:token-type:session-credential";

impl Desk {
    /// Posts a form.
    pub(super) async fn form(&self, path: &str, token: &str, fields: &str) -> Reply {
        let request = bearing(Request::post(path), token);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(fields.to_owned())).unwrap()).await
    }

    /// A credential for whoever has the token.
    async fn credential(&self, token: &str, more: &str) -> Value {
        let reply = self.form("/v1/token", "", &format!("{EXCHANGE}{token}{more}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    /// Takes a credential back as whoever has the token, and tells whether that is said to be done.
    async fn revoked(&self, token: &str, named: &Value) -> bool {
        let reply = self.form("/v1/token/revoke", token, &format!("token={}", named.as_str().unwrap())).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()["revoked"].as_bool().unwrap()
    }

    async fn status(&self, token: &Value) -> StatusCode {
        self.get("/v1/approvals", token.as_str().unwrap()).await.status
    }
}

#[tokio::test]
async fn an_access_token_serves_as_the_token_it_was_made_of() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
    let made = desk.credential("anns", "").await;
    assert_eq!((&made["token_type"], &made["expires_in"]), (&"Bearer".into(), &900.into()));
    assert!(made["access_token"].as_str().unwrap().starts_with("pst_at_"), "{made}");
    assert!(made.get("user").is_none() && made.get("target").is_none(), "{made}");
    let answered = desk.post(&format!("/v1/approvals/{id}/deny"), made["access_token"].as_str().unwrap(), "").await;
    assert_eq!(answered.json()["answers"][0]["by"]["name"], "ann");
}

#[tokio::test]
async fn a_session_credential_says_where_it_serves_and_is_no_token() {
    let desk = Desk::new();
    let made = desk.credential("anns", &format!("{SESSION}&audience=shop")).await;
    assert!(made["user"].as_str().unwrap().starts_with("pst_"), "{made}");
    assert_eq!(made["token_type"], "N_A");
    let place = serde_json::json!({ "name": "shop", "protocol": "toy", "host": "gateway.test", "port": 7000, "host_key": "toy-key AAAA" });
    assert_eq!(made["target"], place);
    assert_eq!(desk.status(&made["access_token"]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.status(&made["user"]).await, StatusCode::UNAUTHORIZED);
}

/// THREAT: what was made for one target serves everywhere.
#[tokio::test]
async fn what_is_bound_to_a_target_opens_nothing_else() {
    let desk = Desk::new();
    let made = desk.credential("anns", "&audience=shop").await;
    let reply = desk.get("/v1/approvals", made["access_token"].as_str().unwrap()).await;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::FORBIDDEN, &"PST-1011".into()));
    let session = desk.dwelling.open(made["access_token"].as_str().unwrap(), "shop").await;
    assert_eq!(session.unwrap().principal().name(), "ann");
}

#[tokio::test]
async fn a_key_is_certified_for_whoever_proves_who_they_are() {
    let desk = Desk::new();
    let wanted = format!("{CERTIFICATE}&public_key=ssh-ed25519%20AAAA%20me");
    let made = desk.credential("anns", &wanted).await;
    assert_eq!(made["issued_token_type"], "urn:postern:token-type:ssh-certificate");
    assert_eq!(made["access_token"], format!("certificate-of-{}", made["id"].as_str().unwrap()));
    assert_eq!((&made["token_type"], &made["target"]), (&"N_A".into(), &Value::Null));
    // its targets prove themselves by certificates, and take none of a client's key
    let reply = desk.form("/v1/token", "", &format!("{EXCHANGE}anns{wanted}&audience=shop")).await;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::BAD_REQUEST, &"PST-4011".into()));
    assert_eq!(desk.status(&made["access_token"]).await, StatusCode::UNAUTHORIZED, "it is no token");
}

/// THREAT: a credential that is made anew for ever.
#[tokio::test]
async fn a_credential_is_not_exchanged_for_another() {
    let desk = Desk::new();
    let made = desk.credential("anns", "").await;
    let fields = format!("{EXCHANGE}{}", made["access_token"].as_str().unwrap());
    let fields = fields.replace("token-type:id_token", "token-type:access_token");
    let reply = desk.form("/v1/token", "", &fields).await;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::BAD_REQUEST, &"PST-1012".into()));
    assert_eq!(reply.json()["error"], "invalid_request");
}

#[tokio::test]
async fn owners_and_operators_take_credentials_back_and_nobody_else() {
    let desk = Desk::new();
    for (token, done) in [("others", false), ("bobs", false), ("ci", true), ("opas", true)] {
        for name in ["id", "access_token"] {
            let made = desk.credential("ci", "").await;
            assert_eq!(desk.revoked(token, &made[name]).await, done, "{token} {name}");
            let expected = if done { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            assert_eq!(desk.status(&made["access_token"]).await, expected, "{token} {name}");
        }
    }
    let made = desk.credential("ci", &format!("{SESSION}&audience=shop")).await;
    assert!(desk.revoked("ci", &made["user"]).await);
    for unknown in ["nothing", "pst_at_x", "pst_x", "crd_00000000000000000000000000000000"] {
        assert!(!desk.revoked("opas", &unknown.into()).await);
    }
    let taken = |event: &Event| matches!(event, Event::CredentialRevoked { .. });
    assert_eq!(desk.dwelling.journal.events().iter().filter(|event| taken(event)).count(), 5);
}

#[tokio::test]
async fn issue_and_revocation_are_journalled_without_what_opens() {
    let desk = Desk::new();
    let made = desk.credential("ci", &format!("{SESSION}&audience=shop")).await;
    desk.revoked("ci", &made["id"]).await;
    let events = desk.dwelling.journal.events();
    let [Event::CredentialIssued { credential, kind, principal, target, .. }, Event::CredentialRevoked { by, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(credential.to_string(), made["id"].as_str().unwrap());
    assert_eq!((kind.as_str(), target.as_deref()), ("session", Some("shop")));
    assert_eq!((principal.name.as_str(), by.name.as_str()), ("ci-bot", "ci-bot"));
    assert!(!desk.dwelling.journal.text().contains(made["access_token"].as_str().unwrap()));
}

#[tokio::test]
async fn nobody_gets_what_is_not_journalled() {
    let desk = Desk::new();
    desk.dwelling.journal.fail_from(1);
    let reply = desk.form("/v1/token", "", &format!("{EXCHANGE}ci")).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"temporarily_unavailable".into())
    );
    assert!(!reply.body.contains("pst_"), "{}", reply.body);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_as_oauth_does() {
    let desk = Desk::new();
    let mut said = String::new();
    for (case, fields) in [
        ("nothing", String::new()),
        ("another grant", "grant_type=password&username=ann".to_owned()),
        ("no token", EXCHANGE.to_owned()),
        ("a forged token", format!("{EXCHANGE}forged")),
        ("a token of nobody", format!("{EXCHANGE}noones")),
        ("a token twice", format!("{EXCHANGE}ci&subject_token=anns")),
        ("another subject", format!("{EXCHANGE}ci").replace("id_token", "saml2")),
        ("another wish", format!("{EXCHANGE}ci&requested_token_type=urn:ietf:params:oauth:token-type:jwt")),
        ("a scope", format!("{EXCHANGE}ci&scope=everything")),
        ("a resource", format!("{EXCHANGE}ci&resource=https://shop.test")),
        ("an actor", format!("{EXCHANGE}ci&actor_token=anns")),
        ("an unknown target", format!("{EXCHANGE}ci&audience=nowhere%22%0A")),
        ("a session for no target", format!("{EXCHANGE}ci{SESSION}")),
        ("a certificate of nothing", format!("{EXCHANGE}ci{CERTIFICATE}")),
        ("a certificate of no key", format!("{EXCHANGE}ci{CERTIFICATE}&public_key=ssh-ed25519")),
        ("a token of a key", format!("{EXCHANGE}ci&public_key=ssh-ed25519%20AAAA")),
    ] {
        let reply = desk.form("/v1/token", "", &fields).await;
        said.push_str(&format!("{case}: {} {}\n", reply.status, reply.body));
    }
    let unread = desk.post("/v1/token", "", "{}").await;
    said.push_str(&format!("no form: {} {}\n", unread.status, unread.body));
    insta::assert_snapshot!(said);
}
