use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use postern_core::Permit;
use postern_core::journal::Event;

use super::{Desk, bearing};

/// Who answered, and what became of it.
fn answers(journal: &[Event]) -> Vec<String> {
    let by = |line: u64| match (1..).zip(journal).find(|(number, _)| *number == line) {
        Some((_, Event::ApprovalAnswered { by, .. })) => by.name.clone(),
        other => panic!("an answer is said to stand where {other:?} does"),
    };
    let taken = journal.iter().filter_map(|event| {
        let Event::AnswerTaken { answer, state, refused, .. } = event else { return None };
        Some(format!("{}: {}", by(*answer), state.as_ref().or(refused.as_ref()).unwrap()))
    });
    taken.collect()
}

#[tokio::test]
async fn an_approval_over_the_api_lets_the_operation_go_on() {
    let desk = Desk::new();
    let (mut gate, held, id) = desk.held("ci", "DELETE FROM customers").await;
    let shown = desk.get(&format!("/v1/approvals/{id}"), "anns").await.json();
    assert_eq!((shown["state"].as_str(), shown["may_answer"].as_bool()), (Some("pending"), Some(true)));

    let path = format!("/v1/approvals/{id}/approve");
    let approved = desk.post(&path, "anns", r#"{"reason": "  as planned "}"#).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    let approved = approved.json();
    assert_eq!((approved["state"].as_str(), approved["may_answer"].as_bool()), (Some("granted"), Some(false)));
    assert_eq!(approved["answers"][0]["by"]["name"], "ann");
    assert_eq!(approved["answers"][0]["reason"], "as planned");

    let settled = held.settled().await.unwrap();
    let again = [super::delete("DELETE FROM customers", true)];
    let permit: Permit = gate.resume(*held, settled, &again).await.unwrap().unwrap();
    assert_eq!(permit.spend().0, "x");
    let journal = desk.dwelling.journal.events();
    assert_eq!(answers(&journal), ["ann: granted"]);
}

#[tokio::test]
async fn a_denial_carries_its_reason_to_who_waits() {
    let desk = Desk::new();
    let (mut gate, held, id) = desk.held("ci", "DELETE FROM customers").await;
    let denied = desk.post(&format!("/v1/approvals/{id}/deny"), "anns", r#"{"reason": "not on a Friday"}"#).await;
    assert_eq!(denied.json()["state"], "denied");
    let settled = held.settled().await.unwrap();
    let denial = gate.resume(*held, settled, &[]).await.unwrap().unwrap_err();
    assert_eq!(denial.message, "ann denied it: not on a Friday");
}

#[tokio::test]
async fn answers_that_do_not_count_say_why() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("hals", "DELETE FROM customers").await;
    let path = format!("/v1/approvals/{id}/approve");
    let mut said = Vec::new();
    for (token, body) in
        [("hals", ""), ("bobs", ""), ("anns", r#"{"raeson": "x"}"#), ("anns", "yes"), ("anns", ""), ("anns", "")]
    {
        let reply = desk.post(&path, token, body).await;
        said.push(format!(
            "{token} {} {}",
            reply.status.as_u16(),
            if reply.status.is_success() { "ok" } else { &reply.body }
        ));
    }
    let long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(1_001));
    let reply = desk.post(&path, "anns", &long).await;
    said.push(format!("long {} {}", reply.status.as_u16(), reply.body));
    let reply = desk.post(&path, "anns", &"x".repeat(70_000)).await;
    said.push(format!("endless {} {}", reply.status.as_u16(), reply.body));
    insta::assert_snapshot!(said.join("\n"));

    let journal = answers(&desk.dwelling.journal.events());
    insta::assert_snapshot!(journal.join("\n"), @r"
    hal: only a human can answer an approval
    bob: nobody approves their own operation, nor that of an agent that acts for them
    ann: granted
    ann: it is no longer pending
    ");
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_show_only_what_concerns() {
    let desk = Desk::new();
    let mut ids = Vec::new();
    let mut open = Vec::new();
    for (index, token) in ["ci", "others", "ci", "hals", "ci"].into_iter().enumerate() {
        let (gate, held, id) = desk.held(token, &format!("DELETE {index}")).await;
        open.push((gate, held));
        ids.push(id.to_string());
        desk.dwelling.clock.advance(Duration::from_millis(2));
    }
    ids.reverse();

    let mut seen = Vec::new();
    let mut path = "/v1/approvals?limit=2".to_owned();
    loop {
        let page = desk.get(&path, "anns").await.json();
        let approvals = page["approvals"].as_array().unwrap();
        assert!(approvals.len() <= 2);
        seen.extend(approvals.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/approvals?limit=2&cursor={next}");
    }
    assert_eq!(seen, ids);

    let count =
        async |path: &str, token: &str| desk.get(path, token).await.json()["approvals"].as_array().unwrap().len();
    assert_eq!(count("/v1/approvals", "ci").await, 3);
    assert_eq!(count("/v1/approvals", "others").await, 1);
    assert_eq!(count("/v1/approvals", "bobs").await, 5);
    desk.post(&format!("/v1/approvals/{}/deny", ids[0]), "anns", "").await;
    assert_eq!(count("/v1/approvals?state=pending", "anns").await, 4);
    assert_eq!(count("/v1/approvals?state=denied", "anns").await, 1);

    for query in ["?limit=many", "?cursor=x", "?page=2"] {
        let reply = desk.get(&format!("/v1/approvals{query}"), "anns").await;
        assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::BAD_REQUEST, &"PST-4006".into()), "{query}");
    }
}

#[tokio::test]
async fn two_tokens_are_none() {
    let desk = Desk::new();
    let request = bearing(bearing(Request::get("/v1/approvals"), "anns"), "forged");
    assert_eq!(desk.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    for value in ["anns", "Basic anns", "Bearer", "Bearer ", "Bearer  ", "Bearér anns"] {
        let request = Request::get("/v1/approvals").header(header::AUTHORIZATION, value).body(Body::empty()).unwrap();
        assert_eq!(desk.send(request).await.status, StatusCode::UNAUTHORIZED, "{value}");
    }
}

#[tokio::test]
async fn a_refused_token_is_journalled_and_a_store_that_is_down_is_said() {
    let desk = Desk::new();
    let refused = desk.get("/v1/approvals", "forged").await;
    assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
    insta::assert_snapshot!(refused.body);
    let journalled = desk.dwelling.journal.text();
    assert!(journalled.contains(r#""type":"login_refused""#) && journalled.contains("https"), "{journalled}");
    assert!(!journalled.contains("forged"));

    desk.dwelling.approvals.set_down(true);
    let down = desk.get("/v1/approvals", "anns").await;
    assert_eq!((down.status, &down.json()["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"PST-5002".into()));
}
