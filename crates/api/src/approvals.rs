//! `/v1/approvals`: what waits for humans, and their answers.
//!
//! What the caller may not know of is not told from what is not there. Whether an answer counts is core's.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use postern_core::approval::{Answered, Approval, Choice};
use postern_core::{ApprovalId, Code, Principal};
use serde::{Deserialize, Serialize};

use crate::Api;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::view::ApprovalView;

/// How many entries a page has where nothing else is asked for, and at most.
pub(crate) const PAGE: usize = 50;
pub(crate) const LONGEST_PAGE: usize = 200;
/// The longest reason, in characters.
pub(crate) const LONGEST_REASON: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those in this state.
    state: Option<String>,
    /// How many at most.
    limit: Option<usize>,
    /// Where the page before ended.
    cursor: Option<ApprovalId>,
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    approvals: Vec<ApprovalView<'a>>,
    next: Option<ApprovalId>,
}

pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(wanted) = wanted.map_err(|rejection| {
        Problem::new(Code::RequestInvalid, rejection.body_text()).hint("it takes `state`, `limit` and `cursor`")
    })?;
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    let all = api.house.approvals.list().await?;
    // newest first, and ids sort by birth: what is asked meanwhile moves nothing from one page to another
    let mut fitting = all.iter().filter(|approval| {
        approval.is_visible_to(&caller)
            && wanted.state.as_deref().is_none_or(|state| state == approval.state.word())
            && wanted.cursor.is_none_or(|cursor| approval.id < cursor)
    });
    let page: Vec<&Approval> = fitting.by_ref().take(limit).collect();
    let next = fitting.next().and(page.last()).map(|last| last.id);
    let approvals = page.into_iter().map(|approval| ApprovalView::of(approval, &caller)).collect();
    Ok(json(&Listed { approvals, next }))
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let approval = api.visible(&id, &caller).await?;
    Ok(json(&ApprovalView::of(&approval, &caller)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    reason: Option<String>,
}

pub(crate) async fn approve(
    api: State<Arc<Api>>,
    caller: Extension<Caller>,
    id: Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    answer(api, caller, id, body, Choice::Approve).await
}

pub(crate) async fn deny(
    api: State<Arc<Api>>,
    caller: Extension<Caller>,
    id: Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    answer(api, caller, id, body, Choice::Deny).await
}

async fn answer(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
    choice: Choice,
) -> Result<Response, Problem> {
    let malformed = |what: String| Problem::new(Code::RequestInvalid, what).hint("send {\"reason\": \"…\"} or nothing");
    let body = body.map_err(|rejection| malformed(rejection.body_text()))?;
    let said: Said = match body.trim_ascii() {
        [] => Said::default(),
        body => serde_json::from_slice(body).map_err(|error| malformed(format!("the body is unreadable: {error}")))?,
    };
    api.answer(&id, &caller, choice, said.reason.as_deref()).await?;
    let approval = api.visible(&id, &caller).await?;
    Ok(json(&ApprovalView::of(&approval, &caller)))
}

impl Api {
    /// The approval of this id, where the caller may know of it.
    pub(crate) async fn visible(&self, id: &str, caller: &Principal) -> Result<Approval, Problem> {
        let Ok(id) = id.parse::<ApprovalId>() else { return Err(Problem::no_approval()) };
        let found = self.house.approvals.show(id).await?;
        found.filter(|approval| approval.is_visible_to(caller)).ok_or_else(Problem::no_approval)
    }

    /// Passes an answer on to core.
    pub(crate) async fn answer(
        &self,
        id: &str,
        caller: &Principal,
        choice: Choice,
        reason: Option<&str>,
    ) -> Result<(), Problem> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            let detail = format!("a reason has at most {LONGEST_REASON} characters");
            return Err(Problem::new(Code::RequestInvalid, detail));
        }
        let approval = self.visible(id, caller).await?;
        match self.house.answer(approval.id, caller, choice, reason).await? {
            Answered::Counted(_) => Ok(()),
            Answered::Refused(refusal) => Err(refusal.into()),
        }
    }
}

/// An answer that succeeded.
pub(crate) fn json(body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            Problem::from(postern_core::Fault::gateway(Code::Internal, "the answer cannot be written").cause(error))
                .into_response()
        }
    }
}
