//! `/v1/sessions`: who is or was where, and the end of one.
//!
//! What the caller may not know of is not told from what is not there. Who may see or end what is core's to say.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bytes::Bytes;
use postern_core::ports::{Listed, Wanted};
use postern_core::{Code, Principal, SessionId};
use serde::{Deserialize, Serialize};

use crate::Api;
use crate::approvals::{LONGEST_PAGE, LONGEST_REASON, PAGE, json};
use crate::caller::Caller;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Only those of principals of this name.
    principal: Option<String>,
    /// Only those with this target.
    target: Option<String>,
    /// Only those that last, or only those that do not.
    live: Option<bool>,
    /// How many at most.
    limit: Option<usize>,
    /// Where the page before ended.
    cursor: Option<SessionId>,
}

#[derive(Debug, Serialize)]
struct Page {
    sessions: Vec<Listed>,
    next: Option<SessionId>,
}

pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asked { principal, target, live, limit, cursor }) = asked.map_err(|rejection| {
        Problem::new(Code::RequestInvalid, rejection.body_text())
            .hint("it takes `principal`, `target`, `live`, `limit` and `cursor`")
    })?;
    let limit = limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    let most = u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX);
    let wanted = Wanted { own: None, principal, target, live, before: cursor, most };
    let mut sessions = api.house.sessions(&caller, wanted).await?;
    let more = sessions.len() > limit;
    sessions.truncate(limit);
    let next = sessions.last().filter(|_| more).map(|last| last.id);
    Ok(json(&Page { sessions, next }))
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(json(&api.session(&id, &caller).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    reason: String,
}

pub(crate) async fn kill(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let malformed = |what: String| Problem::new(Code::RequestInvalid, what).hint("send {\"reason\": \"…\"}");
    // whether it is theirs to do comes before what they say of it
    api.house.may_operate(&caller)?;
    let id: SessionId = id.parse().map_err(|_| Problem::no_session())?;
    let body = body.map_err(|rejection| malformed(rejection.body_text()))?;
    let Said { reason } =
        serde_json::from_slice(&body).map_err(|error| malformed(format!("the body is unreadable: {error}")))?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(malformed(format!("a reason has at least one character, and at most {LONGEST_REASON}")));
    }
    if !api.house.kill(id, &caller, reason).await? {
        return Err(Problem::no_session());
    }
    Ok(json(&serde_json::json!({ "id": id, "killed": true })))
}

impl Api {
    /// The session of this id, where the caller may know of it.
    async fn session(&self, id: &str, caller: &Principal) -> Result<Listed, Problem> {
        let id: SessionId = id.parse().map_err(|_| Problem::no_session())?;
        self.house.session(caller, id).await?.ok_or_else(Problem::no_session)
    }
}
