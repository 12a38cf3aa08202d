//! Errors as `application/problem+json` (RFC 9457), with the stable code beside the words.
//!
//! What only the log should say is logged here and goes no further.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_core::approval::Refusal;
use postern_core::{Code, Fault, Side};
use serde_json::json;

/// An error for whoever called.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Code,
    detail: String,
    hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { status: status(code, Side::Client), code, detail: detail.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn method_not_allowed() -> Self {
        let problem = Self::new(Code::RequestInvalid, "there is no such method here").hint("see /v1/openapi.json");
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..problem }
    }

    /// There is no such approval, or the caller may not know of it: the same words for both.
    pub(crate) fn no_approval() -> Self {
        Self::new(Code::NotFound, "there is no such approval")
    }

    /// There is no such session, or the caller may not know of it: the same words for both.
    pub(crate) fn no_session() -> Self {
        Self::new(Code::NotFound, "there is no such session")
    }

    /// There is no such recording.
    pub(crate) fn no_recording() -> Self {
        Self::new(Code::NotFound, "there is no such recording")
    }

    /// The words for a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if fault.side == Side::Gateway {
            tracing::warn!(%fault, cause = fault.cause, "a request failed");
        }
        Self { status: status(fault.code, fault.side), code: fault.code, detail: fault.message, hint: fault.hint }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Unknown => return Self::no_approval(),
            Refusal::Settled | Refusal::Again => StatusCode::CONFLICT,
            Refusal::NotHuman | Refusal::Own | Refusal::NotApprover => StatusCode::FORBIDDEN,
        };
        Self { status, ..Self::new(Code::AnswerRefused, refusal.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let (Some(hint), Some(body)) = (self.hint, body.as_object_mut()) {
            body.insert("hint".to_owned(), hint.into());
        }
        let content = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (self.status, content, body.to_string()).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn status(code: Code, side: Side) -> StatusCode {
    let about_the_proof = [
        Code::TokenInvalid,
        Code::TokenExpired,
        Code::TokenAudience,
        Code::IssuerUnknown,
        Code::ProofMissing,
        Code::CredentialUnknown,
        Code::CredentialExpired,
        Code::CredentialRevoked,
    ];
    if about_the_proof.contains(&code) {
        StatusCode::UNAUTHORIZED
    } else if code == Code::NotFound {
        StatusCode::NOT_FOUND
    } else if code == Code::RequestInvalid {
        StatusCode::BAD_REQUEST
    } else if side == Side::Gateway || code == Code::IssuerUnreachable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    }
}
