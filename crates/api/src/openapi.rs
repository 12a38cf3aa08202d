//! `/v1/openapi.json`: the API described for machines, OpenAPI 3.1.
//!
//! The description is a file beside this one; the tests hold it to the routes there are and to what they answer.

use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(crate) const DOCUMENT: &str = include_str!("openapi.json");

pub(crate) async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
