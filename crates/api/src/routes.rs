//! Every route there is, with who may call it. There is no other way to add one.
//!
//! THREAT: a side door without the check. A route stands in [`ROUTES`] with its [`Permission`], and the guard in front
//! of it is made from that; the tests call every one of them as everybody.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use postern_core::Code;

use crate::problem::Problem;
use crate::{Api, approvals, audit, caller, health, openapi, pages, recordings, sessions, token};

/// More than any answer or token needs.
const LARGEST_BODY: usize = 64 * 1024;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Anybody: it shows nothing of anyone.
    Anybody,
    /// Whoever sends a token that makes a principal.
    Token,
    /// Whoever sends the token of an auditor.
    Auditor,
    /// Whoever sends a token that makes a principal, in the body: it is what the route works on.
    Subject,
    /// A person who has logged in at the page, by its cookie.
    Cookie,
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) permission: Permission,
    serve: fn(MethodFilter) -> MethodRouter<Arc<Api>>,
}

use Permission::{Anybody, Auditor, Cookie, Subject, Token};

pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/livez", Anybody, |get| on(get, health::live)),
    route(Method::GET, "/readyz", Anybody, |get| on(get, health::ready)),
    route(Method::GET, "/metrics", Anybody, |get| on(get, health::metrics)),
    route(Method::GET, "/v1/openapi.json", Token, |get| on(get, openapi::document)),
    route(Method::GET, "/v1/approvals", Token, |get| on(get, approvals::list)),
    route(Method::GET, "/v1/approvals/{id}", Token, |get| on(get, approvals::show)),
    route(Method::POST, "/v1/approvals/{id}/approve", Token, |post| on(post, approvals::approve)),
    route(Method::POST, "/v1/approvals/{id}/deny", Token, |post| on(post, approvals::deny)),
    route(Method::GET, "/v1/audit", Auditor, |get| on(get, audit::search)),
    route(Method::POST, "/v1/token", Subject, |post| on(post, token::exchange)),
    route(Method::POST, "/v1/token/revoke", Token, |post| on(post, token::revoke)),
    route(Method::GET, "/v1/sessions", Token, |get| on(get, sessions::list)),
    route(Method::GET, "/v1/sessions/{id}", Token, |get| on(get, sessions::show)),
    route(Method::POST, "/v1/sessions/{id}/kill", Token, |post| on(post, sessions::kill)),
    route(Method::GET, "/v1/recordings/{id}", Auditor, |get| on(get, recordings::show)),
    route(Method::GET, "/approvals/{id}", Cookie, |get| on(get, pages::show)),
    route(Method::POST, "/approvals/{id}", Cookie, |post| on(post, pages::answer)),
    route(Method::POST, "/approvals/{id}/login", Anybody, |post| on(post, pages::login)),
    route(Method::POST, "/approvals/{id}/logout", Cookie, |post| on(post, pages::logout)),
    route(Method::GET, "/assets/page.css", Anybody, |get| on(get, pages::style)),
];

const fn route(
    method: Method,
    path: &'static str,
    permission: Permission,
    serve: fn(MethodFilter) -> MethodRouter<Arc<Api>>,
) -> Route {
    Route { method, path, permission, serve }
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for Route { method, path, permission, serve } in ROUTES {
        let filter = if *method == Method::POST { MethodFilter::POST } else { MethodFilter::GET };
        let guarded = match permission {
            Anybody | Subject => serve(filter),
            Token => serve(filter).layer(middleware::from_fn_with_state(Arc::clone(&api), caller::by_token)),
            Auditor => serve(filter).layer(middleware::from_fn_with_state(Arc::clone(&api), caller::by_auditor)),
            Cookie => serve(filter).layer(middleware::from_fn_with_state(Arc::clone(&api), pages::by_cookie)),
        };
        router = router.route(path, guarded);
    }
    router
        .fallback(async || Problem::new(Code::NotFound, "there is nothing here").hint("see /v1/openapi.json"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(with_headers))
        .with_state(api)
}

/// What every answer says to browsers: keep nothing, guess nothing, frame nothing, run nothing.
async fn with_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 7] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, pages::CONTENT_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
