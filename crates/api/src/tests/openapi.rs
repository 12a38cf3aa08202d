use std::collections::BTreeSet;

use serde_json::Value;

use super::Desk;
use super::token::EXCHANGE;
use crate::openapi::DOCUMENT;
use crate::routes::{Permission, ROUTES};

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

#[test]
fn the_description_has_the_routes_that_exist_and_no_other() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let open = operation["security"] == serde_json::json!([]);
            described.insert((method.to_uppercase(), path.clone(), open));
        }
    }
    // pages and their style are for people
    let served =
        ROUTES.iter().filter(|route| !route.path.starts_with("/approvals") && !route.path.starts_with("/assets"));
    let served: BTreeSet<_> = served
        .map(|route| {
            (
                route.method.to_string(),
                route.path.to_owned(),
                matches!(route.permission, Permission::Anybody | Permission::Subject),
            )
        })
        .collect();
    assert_eq!(described, served);
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                    let path = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(path).is_some(), "{reference}");
                }
                map.values().for_each(|value| check(document, value));
            }
            Value::Array(items) => items.iter().for_each(|value| check(document, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    check(&document, &document);
}

#[tokio::test]
async fn what_is_answered_is_what_is_described() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("hals", "DELETE FROM customers").await;
    let denied = desk.post(&format!("/v1/approvals/{id}/deny"), "anns", "").await.json();
    let document = document();
    let described = |schema: &str, value: &Value| {
        let schema = &document["components"]["schemas"][schema];
        let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
        let required: BTreeSet<String> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        let known = names(&schema["properties"]);
        let there = names(value);
        assert!(required.is_subset(&there), "missing: {:?}", required.difference(&there));
        assert!(there.is_subset(&known), "not described: {:?}", there.difference(&known));
    };
    described("Approval", &denied);
    described("Principal", &denied["principal"]);
    described("Answer", &denied["answers"][0]);
    described("Part", &denied["parts"][0]);
    described("Approvals", &desk.get("/v1/approvals", "anns").await.json());
    let sessions = desk.get("/v1/sessions", "eves").await.json();
    described("Sessions", &sessions);
    described("Session", &sessions["sessions"][0]);
    described("Problem", &desk.get("/v1/approvals/x", "anns").await.json());
    let exchange =
        format!("{EXCHANGE}anns&audience=shop&requested_token_type=urn:postern:token-type:session-credential");
    let made = desk.form("/v1/token", "", &exchange).await.json();
    described("Credential", &made);
    let revoke = format!("token={}", made["id"].as_str().unwrap());
    described("Revocation", &desk.form("/v1/token/revoke", "anns", &revoke).await.json());
    described("OAuthError", &desk.form("/v1/token", "", "").await.json());
    described("Problem", &desk.get("/v1/approvals", "").await.json());

    let states = &document["components"]["schemas"]["State"]["enum"];
    let words = ["pending", "granted", "denied", "expired", "withdrawn", "used"];
    assert_eq!(states, &serde_json::json!(words));
    assert_eq!(desk.get("/v1/openapi.json", "ci").await.json(), document);
}
