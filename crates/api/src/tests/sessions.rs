use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body::Body as _;
use postern_core::document::{Findings, Reader};
use postern_core::examination::{Examination, Subject};
use postern_core::gate::{Accepted, Gate, Halt, Open};
use postern_core::inventory::{Inventory, Means};
use postern_core::journal::Event;
use postern_core::ports::{Client, Later, Protocol};
use postern_core::record::{Replay, Shown};
use postern_core::{Code, Fault, OperationId, Target, Vocabulary};
use postern_testkit::fakes::{Dwelling, TOY};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Desk, bearing};

/// The toy protocol, whose clients see words.
pub(super) struct Words;

impl Protocol for Words {
    fn vocabulary(&self) -> &'static Vocabulary {
        &TOY
    }

    fn assumed(&self) -> Arc<dyn Inventory> {
        panic!("nothing is assumed here")
    }

    fn recall(&self, _: &mut Findings, _: Reader<'_>) -> Option<Arc<dyn Inventory>> {
        None
    }

    fn survey<'a>(&'a self, _: &'a Target, _: &'a Means) -> Later<'a, Result<Arc<dyn Inventory>, Fault>> {
        Box::pin(async { Err(Fault::target(Code::NotSupported, "it holds nothing")) })
    }

    fn examine<'a>(&'a self, _: &'a Subject<'a>) -> Later<'a, Result<Examination, Fault>> {
        Box::pin(async { Err(Fault::target(Code::NotSupported, "nothing is to be found")) })
    }

    fn replay(&self) -> Box<dyn Replay> {
        Box::new(Spoken(String::new()))
    }

    fn serve(&self, _: Client, _: Gate<Accepted>) -> Later<'_, ()> {
        Box::pin(async {})
    }
}

/// What was said aside comes before every word.
struct Spoken(String);

impl Replay for Spoken {
    fn shown(&mut self, _: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        let text = String::from_utf8_lossy(bytes);
        text.split_whitespace().map(|word| Shown::Data { text: format!("{}{word}", self.0) }).collect()
    }

    fn aside(&mut self, _: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        self.0 = String::from_utf8_lossy(bytes).into_owned();
        Vec::new()
    }
}

fn lines(body: &str) -> Vec<Value> {
    body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn types(body: &str) -> Vec<String> {
    lines(body).iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn everybody_sees_their_own_sessions_and_who_audits_or_operates_all() {
    let desk = Desk::new();
    let mut open = Vec::new();
    for token in ["ci", "others", "ci", "hals", "ci"] {
        open.push(desk.dwelling.open(token, "shop").await.unwrap());
        desk.dwelling.clock.advance(Duration::from_millis(2));
    }
    let first = open.remove(0);
    first.close("the client left").await.unwrap();

    let count = async |query: &str, token: &str| {
        desk.get(&format!("/v1/sessions{query}"), token).await.json()["sessions"].as_array().unwrap().len()
    };
    for (query, token, expected) in [
        ("", "ci", 3),
        ("", "others", 1),
        ("", "anns", 0),
        ("", "opas", 5),
        ("?live=true", "opas", 4),
        ("", "eves", 5),
        ("?live=true", "eves", 4),
        ("?live=false", "eves", 1),
        ("?principal=ci-bot", "eves", 3),
        ("?principal=ci-bot", "others", 0),
        ("?target=shop&live=true", "ci", 2),
        ("?target=stats", "eves", 0),
    ] {
        assert_eq!(count(query, token).await, expected, "{query} as {token}");
    }

    let mut seen = Vec::new();
    let mut path = "/v1/sessions?limit=2".to_owned();
    loop {
        let page = desk.get(&path, "eves").await.json();
        let sessions = page["sessions"].as_array().unwrap();
        assert!(sessions.len() <= 2);
        seen.extend(sessions.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/sessions?limit=2&cursor={next}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|one, other| one > other), "{seen:?}");

    for query in ["?limit=many", "?cursor=x", "?page=2", "?live=perhaps"] {
        let reply = desk.get(&format!("/v1/sessions{query}"), "eves").await;
        assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::BAD_REQUEST, &"PST-4006".into()), "{query}");
    }
}

#[tokio::test]
async fn an_operator_ends_a_session_with_a_reason() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    let (path, over) = (format!("/v1/sessions/{}/kill", gate.session()), gate.over());
    for body in
        ["", "{}", r#"{"reason": "  "}"#, r#"{"raeson": "x"}"#, &format!(r#"{{"reason": "{}"}}"#, "x".repeat(1_001))]
    {
        assert_eq!(desk.post(&path, "opas", body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let refused = desk.post(&path, "eves", r#"{"reason": "x"}"#).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &"PST-3025".into()));
    let killed = desk.post(&path, "opas", r#"{"reason": "it runs wild"}"#).await;
    assert_eq!(killed.status, StatusCode::OK, "{}", killed.body);
    let fault = over.await;
    assert_eq!((fault.code, &*fault.message), (Code::SessionKilled, "opa ended this session: it runs wild"));
    gate.close(&fault.to_string()).await.unwrap();
    assert_eq!(desk.post(&path, "opas", r#"{"reason": "again"}"#).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_recording_is_read_line_by_line_and_the_journal_says_by_whom() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    let id = gate.session();
    desk.dwelling.clock.advance(Duration::from_millis(1_500));
    gate.aside(None, b"+").unwrap();
    gate.shown(None, b"one two").unwrap();
    let path = format!("/v1/recordings/{id}");
    let live = desk.get(&path, "eves").await;
    assert_eq!(live.headers[header::CONTENT_TYPE], "application/x-ndjson");
    assert_eq!(types(&live.body), ["opened", "data", "data", "end"]);
    let said = lines(&live.body);
    assert_eq!((&said[1]["ms"], &said[2]["text"]), (&1_500.into(), &"+two".into()));
    assert_eq!((&said[3]["whole"], &said[3]["live"]), (&false.into(), &true.into()));

    gate.close("the client left").await.unwrap();
    let whole = desk.get(&path, "eves").await;
    assert_eq!(types(&whole.body), ["opened", "data", "data", "closed", "end"]);
    let end = lines(&whole.body).pop().unwrap();
    assert_eq!((&end["whole"], &end["live"], &end["unread_bytes"]), (&true.into(), &false.into(), &0.into()));
    let events = desk.dwelling.journal.events();
    let stated = events.iter().find_map(|event| {
        let Event::Recorded { head, .. } = event else { return None };
        Some(head.to_string())
    });
    assert_eq!(end["head"].as_str(), stated.as_deref());
    let viewed: Vec<&Event> = events.iter().filter(|one| matches!(one, Event::RecordingViewed { .. })).collect();
    assert_eq!(viewed.len(), 2);
    assert!(
        matches!(viewed[0], Event::RecordingViewed { session, by, follow: false } if *session == id && by.name == "eve")
    );
    assert_eq!(desk.get(&path, "anns").await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.get(&format!("{path}?follow=maybe"), "eves").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(desk.get("/v1/recordings/ses_x", "eves").await.status, StatusCode::NOT_FOUND);
}

/// The next piece of a body.
async fn piece(body: &mut Body) -> Option<String> {
    let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await?;
    Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
}

/// Follows a recording as whoever has the token.
async fn follow(desk: &Desk, id: impl std::fmt::Display, token: &str) -> Body {
    look(desk, &format!("/v1/recordings/{id}?follow=true"), token).await
}

/// Looks at a recording as whoever has the token.
async fn look(desk: &Desk, path: &str, token: &str) -> Body {
    let request = bearing(Request::get(path), token);
    let (mut parts, body) = request.body(Body::empty()).unwrap().into_parts();
    parts.extensions.insert(crate::Client(Dwelling::CLIENT));
    let response = desk.api.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

#[tokio::test]
async fn a_recording_is_followed_to_the_end_of_its_session() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    let mut body = follow(&desk, gate.session(), "eves").await;
    assert_eq!(types(&piece(&mut body).await.unwrap()), ["opened"]);
    let waits = tokio::time::timeout(Duration::from_millis(30), piece(&mut body)).await;
    assert!(waits.is_err(), "there is nothing more yet");
    gate.shown(None, b"more").unwrap();
    desk.dwelling.clock.advance(Duration::from_secs(1));
    assert_eq!(types(&piece(&mut body).await.unwrap()), ["data"]);
    gate.close("the client left").await.unwrap();
    desk.dwelling.clock.advance(Duration::from_secs(1));
    assert_eq!(types(&piece(&mut body).await.unwrap()), ["closed"]);
    assert_eq!(types(&piece(&mut body).await.unwrap()), ["end"]);
    assert_eq!(piece(&mut body).await, None);
}

#[tokio::test]
async fn who_audits_no_more_follows_no_more() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    let mut body = follow(&desk, gate.session(), "eves").await;
    piece(&mut body).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(30), piece(&mut body)).await;
    assert!(waits.is_err());
    desk.dwelling.change(&super::POLICY.replace("auditors = [\"principal:eve\"]", "auditors = []")).unwrap();
    desk.dwelling.clock.advance(Duration::from_secs(1));
    gate.shown(None, b"not for you").unwrap();
    let said = piece(&mut body).await.unwrap();
    assert_eq!(lines(&said)[0]["code"], "PST-3025", "{said}");
    assert_eq!(piece(&mut body).await, None);
}

/// Puts on the tape what no compression makes small.
fn much(gate: &Gate<Open>) {
    let mut seed = 1_u64;
    for _ in 0..40 {
        let random = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            0x40 | seed.to_be_bytes()[0] & 0x3f
        });
        let word: Vec<u8> = random.take(32_000).collect();
        gate.shown(None, &word).unwrap();
    }
}

/// What comes of a body, and the code that it breaks with, if it does.
async fn rest(body: &mut Body) -> (usize, Option<String>) {
    let mut count = 0_usize;
    let mut last = String::new();
    while let Some(said) = piece(body).await {
        (count, last) = (count.saturating_add(1), said);
    }
    (count, lines(&last)[0]["code"].as_str().map(str::to_owned))
}

/// THREAT: who reads slowly is always behind, and would decide for how long they may look.
#[tokio::test]
async fn who_audits_no_more_reads_no_more_however_far_behind() {
    for after in [1, 3] {
        let desk = Desk::new();
        let gate = desk.dwelling.open("ci", "shop").await.unwrap();
        much(&gate);
        for query in ["", "?follow=true"] {
            let mut body = look(&desk, &format!("/v1/recordings/{}{query}", gate.session()), "eves").await;
            for _ in 0..after {
                piece(&mut body).await.unwrap();
            }
            let policy = super::POLICY;
            desk.dwelling.change(&policy.replace("auditors = [\"principal:eve\"]", "auditors = []")).unwrap();
            let (count, code) = rest(&mut body).await;
            // what was verified by then is hers
            assert!(count < 10, "{count} pieces");
            assert_eq!(code.as_deref(), Some("PST-3025"));
            desk.dwelling.change(policy).unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_looks_on_with_a_token_that_is_over() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    much(&gate);
    let mut body = follow(&desk, gate.session(), "eves").await;
    piece(&mut body).await.unwrap();
    desk.dwelling.clock.advance(Duration::from_secs(100 * 365 * 24 * 60 * 60));
    assert_eq!(rest(&mut body).await.1.as_deref(), Some("PST-1002"));
}

#[tokio::test]
async fn what_is_played_ends_where_it_was_when_it_began() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    gate.shown(None, b"before").unwrap();
    let mut body = look(&desk, &format!("/v1/recordings/{}", gate.session()), "eves").await;
    assert_eq!(types(&piece(&mut body).await.unwrap()), ["opened"]);
    gate.shown(None, b"after").unwrap();
    gate.close("the client left").await.unwrap();
    assert_eq!(lines(&piece(&mut body).await.unwrap())[0]["text"], "before");
    let end = &lines(&piece(&mut body).await.unwrap())[0];
    assert_eq!((&end["type"], &end["whole"], &end["live"]), (&"end".into(), &false.into(), &true.into()));
    assert_eq!(piece(&mut body).await, None);
}

#[tokio::test]
async fn a_gateway_that_stops_waits_for_nobody_who_looks_on() {
    let desk = Desk::new();
    let gate = desk.dwelling.open("ci", "shop").await.unwrap();
    let mut body = follow(&desk, gate.session(), "eves").await;
    piece(&mut body).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(30), piece(&mut body)).await;
    assert!(waits.is_err());
    much(&gate);
    let mut behind = follow(&desk, gate.session(), "eves").await;
    piece(&mut behind).await.unwrap();
    desk.dwelling.halt.send_replace(Halt::Stopping);
    for mut body in [body, behind] {
        let stopped = tokio::time::timeout(Duration::from_secs(5), rest(&mut body)).await.unwrap();
        assert_eq!(stopped.1.as_deref(), Some("PST-5004"));
    }
}
