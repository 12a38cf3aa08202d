use axum::http::StatusCode;
use postern_core::SessionId;
use postern_core::gate::Halt;
use postern_core::journal::Draft;
use postern_testkit::fakes::StillClock;

use super::Desk;
use crate::Counts;

#[tokio::test]
async fn ready_is_a_gateway_that_would_take_a_session() {
    let desk = Desk::new();
    assert_eq!(desk.get("/readyz", "").await.status, StatusCode::OK);
    desk.dwelling.approvals.set_down(true);
    let down = desk.get("/readyz", "").await;
    assert_eq!((down.status, down.body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"));
    desk.dwelling.approvals.set_down(false);
    desk.dwelling.halt.send(Halt::JournalLost).unwrap();
    let lost = desk.get("/readyz", "").await;
    assert_eq!((lost.status, lost.body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "the journal cannot be written\n"));
    assert_eq!(desk.get("/livez", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_what_the_journal_took() {
    let desk = Desk::new();
    let (gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
    desk.post(&format!("/v1/approvals/{id}/approve"), "bobs", "").await;
    desk.post(&format!("/v1/approvals/{id}/deny"), "anns", "").await;
    gate.alert(postern_core::Code::Internal, "look at this").await.unwrap();
    desk.get("/v1/approvals", "forged").await;
    let counts = Counts::default();
    counts.written(&desk.dwelling.journal.drafts());
    counts.unwritten();
    counts.reload_failed();
    let text = counts.text().replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text);

    gate.close("done").await.unwrap();
    let closed: Vec<Draft> = desk.dwelling.journal.drafts().into_iter().rev().take(1).collect();
    counts.written(&closed);
    assert!(counts.text().contains("postern_sessions_open 0\n"));
    assert!(!counts.text().contains(&SessionId::at(StillClock::START).to_string()[..8]));
}
