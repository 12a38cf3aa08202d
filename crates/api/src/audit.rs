//! `/v1/audit`: records of the journal, looked for by auditors.
//!
//! That somebody looks, and for what, stands in the journal before they see anything.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use postern_core::Code;
use postern_core::journal::query;
use postern_core::ports::{Found, Hit};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Api;
use crate::approvals::json;
use crate::caller::Caller;
use crate::problem::Problem;

const PAGE: usize = 50;
const LONGEST_PAGE: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// What is looked for.
    #[serde(default)]
    q: String,
    /// How many at most.
    limit: Option<usize>,
    /// Where the page before ended.
    cursor: Option<u64>,
}

pub(crate) async fn search(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { q, limit, cursor }) = wanted.map_err(|rejection| {
        Problem::new(Code::RequestInvalid, rejection.body_text()).hint("it takes `q`, `limit` and `cursor`")
    })?;
    let query = query::Query::parse(&q, api.house.clock.now()).map_err(|unclear| {
        let problem = Problem::new(Code::RequestInvalid, unclear.message);
        match unclear.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    })?;
    api.house.searched(&caller, &q).await?;
    let Found { hits, next } = api.search.search(&query, cursor, limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE)).await?;
    let records: Vec<Value> = hits.iter().map(shown).collect();
    Ok(json(&json!({ "records": records, "next": next })))
}

/// A record as it stands in the journal, what its session says of it, and what is sealed in it in clear.
fn shown(Hit { record, principal, target, opened }: &Hit) -> Value {
    let mut shown = json!(record);
    let event = shown.get_mut("event").and_then(Value::as_object_mut);
    if let (Some(event), Some(opened)) = (event, opened) {
        event.remove("sealed");
        event.insert("text".to_owned(), opened.text.clone().into());
        event.insert("parameters".to_owned(), json!(opened.values.parameters));
        if !opened.values.cut.is_empty() {
            event.insert("cut".to_owned(), json!(opened.values.cut));
        }
    }
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("principal".to_owned(), json!(principal));
        shown.insert("target".to_owned(), json!(target));
    }
    shown
}
