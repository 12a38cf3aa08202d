//! Looking for records: who may, what is asked of the index, and what stands in the journal of it.

use std::sync::Mutex;

use axum::http::StatusCode;
use postern_core::excerpt::Excerpt;
use postern_core::journal::query::{Field, Query};
use postern_core::journal::{Event, Record, Unsealed};
use postern_core::ports::{Found, Hit, Later, Search};
use postern_core::{Fault, Micros};

use super::Desk;

/// An index with one record in it, that remembers what it was asked.
#[derive(Default)]
pub(super) struct Shelf {
    asked: Mutex<Vec<(Query, Option<u64>, usize)>>,
}

impl Search for Shelf {
    fn search<'a>(&'a self, query: &'a Query, before: Option<u64>, most: usize) -> Later<'a, Result<Found, Fault>> {
        self.asked.lock().unwrap().push((query.clone(), before, most));
        let event = Event::Alert { code: "PST-5003".to_owned(), message: "look".to_owned() };
        let record =
            Record { seq: 7, head: String::new(), at: Micros(0), session: None, n: 1, prev: String::new(), event };
        let opened = Some(Unsealed { text: "SELECT 'x'".to_owned(), values: Excerpt::of(&[None]) });
        let hit = Hit { record, principal: Some("ci-bot".to_owned()), target: None, opened };
        Box::pin(async move { Ok(Found { hits: vec![hit], next: Some(7) }) })
    }
}

#[tokio::test]
async fn an_auditor_finds_records_and_that_is_journalled_first() {
    let desk = Desk::new();
    let reply = desk.get("/v1/audit?q=principal:ci-*%20drop&limit=9&cursor=40", "eves").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    let record = &reply.json()["records"][0];
    assert_eq!((&record["seq"], &record["principal"]), (&7.into(), &"ci-bot".into()));
    assert_eq!((&record["event"]["text"], &reply.json()["next"]), (&"SELECT 'x'".into(), &7.into()));
    let (query, before, most) = desk.search.asked.lock().unwrap().pop().unwrap();
    assert_eq!((before, most, query.terms.len()), (Some(40), 9, 2));
    assert_eq!(query.terms[0].field, Field::Principal);

    let journalled = desk.dwelling.journal.events();
    let Some(Event::JournalSearched { id, by, sealed }) = journalled.last() else { panic!("{journalled:?}") };
    assert_eq!(by.name, "eve");
    let opened = desk.dwelling.sealer.open(&id.to_string(), sealed).unwrap();
    assert_eq!(opened.text, "principal:ci-* drop");
}

#[tokio::test]
async fn what_cannot_be_journalled_is_not_shown() {
    let desk = Desk::new();
    desk.dwelling.journal.fail_from(0);
    let reply = desk.get("/v1/audit?q=drop", "eves").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(desk.search.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_else_searches_and_nonsense_is_said() {
    let desk = Desk::new();
    let refused = desk.get("/v1/audit?q=drop", "anns").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::FORBIDDEN, Some("PST-3025")));
    for (query, hint) in [
        ("q=principle:x", "did you mean `principal`?"),
        ("q=since:soon", "write 2026-01-31, 2026-01-31T08:00:00Z, or how long ago: 90m, 7d"),
        ("q=verdict:", "write verdict:VALUE"),
        ("query=x", "it takes `q`, `limit` and `cursor`"),
    ] {
        let reply = desk.get(&format!("/v1/audit?{query}"), "eves").await;
        assert_eq!((reply.status, reply.json()["hint"].as_str()), (StatusCode::BAD_REQUEST, Some(hint)), "{query}");
    }
    assert!(desk.search.asked.lock().unwrap().is_empty());
}
