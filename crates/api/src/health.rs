//! `/livez`, `/readyz`, `/metrics`: for whoever runs the gateway. They show nothing of anyone.
//!
//! Alive is a process that answers; ready is one that would take a session: it goes on, and its store answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_core::gate::Halt;

use crate::Api;

/// A digest that no operation has: asking for it costs one look into an index.
const NO_DIGEST: &str = "";

pub(crate) async fn live() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(api): State<Arc<Api>>) -> Response {
    let halt = *api.house.halt.borrow();
    let reason = match halt {
        Halt::Stopping => Some("the gateway is stopping\n"),
        Halt::JournalLost => Some("the journal cannot be written\n"),
        Halt::Running => match api.house.approvals.about(NO_DIGEST).await {
            Ok(_) => None,
            Err(fault) => {
                tracing::warn!(%fault, cause = fault.cause, "not ready");
                Some("the store does not answer\n")
            }
        },
    };
    match reason {
        None => "ok\n".into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason).into_response(),
    }
}

pub(crate) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    let content = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], api.counts.text()).into_response()
}
