//! The page behind an approval's URL: what is asked, in facts and in words, and a form to answer.
//!
//! Rendered here, without scripts. A person logs in with a token, which stays at the [`Desk`]; the browser keeps the
//! number of a seat there, for this host alone.
//!
//! THREAT: deceptive text. All text of strangers goes through [`Html::text`], which no markup and no direction
//! character survives; the parsed facts stand beside the statement.
//! THREAT: a request forged by another site. Answers carry a number that only our own form knows, the cookie is
//! `SameSite=Strict`, and a form sent from elsewhere is refused by its origin.

mod desk;
mod html;
mod show;

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, extract};
use postern_core::approval::Choice;
use postern_core::{ApprovalId, Claim, Code, Principal, Secret};
use serde::Deserialize;

use crate::Api;
use crate::caller::{Caller, client};
use crate::problem::Problem;

pub(crate) use desk::Desk;
use desk::{COOKIE, SEAT, Seat};

/// What the page may do: show itself in its own style, and send its own forms.
pub(crate) const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Lets through whoever has a seat at the desk; others get the form to take one.
pub(crate) async fn by_cookie(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(seat) = seat_number(request.headers()).and_then(|number| api.desk.find(&number, api.house.clock.now()))
    else {
        return Ok(login_form(&id, StatusCode::UNAUTHORIZED, None));
    };
    // the token is looked at again, since it may have ended and policy may have changed
    match api.recognise(&seat.claim, client(&request)?).await {
        Ok(principal) => {
            request.extensions_mut().insert(Caller(Arc::new(principal)));
            request.extensions_mut().insert(seat);
            Ok(next.run(request).await)
        }
        Err(fault) => {
            api.desk.leave(&seat.number);
            let problem = Problem::from(fault);
            Ok(login_form(&id, problem.status(), Some(problem.detail())))
        }
    }
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Extension(seat): Extension<Arc<Seat>>,
    Path(id): Path<String>,
) -> Response {
    page(&api, &caller, &seat, &id, None).await
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    form: String,
    choice: Choice,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn answer(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Extension(seat): Extension<Arc<Seat>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<AnswerForm>, FormRejection>,
) -> Response {
    let outcome = match form {
        Ok(Form(form)) if seat.made(&form.form) && api.sent_by_us(&headers) => {
            api.answer(&id, &caller, form.choice, Some(&form.reason)).await
        }
        Ok(_) => Err(Problem::new(Code::RequestInvalid, "this form was not made for you; answer again")),
        Err(rejection) => Err(Problem::new(Code::RequestInvalid, rejection.body_text())),
    };
    match outcome {
        Ok(()) => Redirect::to(&address(&id)).into_response(),
        Err(problem) => page(&api, &caller, &seat, &id, Some(&problem)).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    token: String,
}

pub(crate) async fn login(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    request: extract::Request,
) -> Result<Response, Problem> {
    let from = client(&request)?;
    let ours = api.sent_by_us(request.headers());
    let form = axum::RequestExt::extract::<Form<LoginForm>, _>(request).await;
    let Ok(Form(LoginForm { token })) = form else {
        return Ok(login_form(&id, StatusCode::BAD_REQUEST, Some("the form could not be read")));
    };
    if !ours {
        return Ok(login_form(&id, StatusCode::FORBIDDEN, Some("this form was sent by another site")));
    }
    let claim = Claim::Token(Secret::new(token.trim()));
    match api.recognise(&claim, from).await {
        Ok(principal) => {
            let now = api.house.clock.now();
            let number = api.desk.take(claim, now, principal.expires())?;
            let cookie =
                format!("{COOKIE}={number}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Strict", SEAT.as_secs());
            with_cookie(Redirect::to(&address(&id)).into_response(), &cookie)
        }
        Err(fault) => {
            let problem = Problem::from(fault);
            Ok(login_form(&id, problem.status(), Some(problem.detail())))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct LogoutForm {
    form: String,
}

pub(crate) async fn logout(
    State(api): State<Arc<Api>>,
    Extension(seat): Extension<Arc<Seat>>,
    Path(id): Path<String>,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response, Problem> {
    if form.is_ok_and(|Form(form)| seat.made(&form.form)) {
        api.desk.leave(&seat.number);
    }
    let gone = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    with_cookie(Redirect::to(&address(&id)).into_response(), &gone)
}

pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("pages/page.css")).into_response()
}

async fn page(api: &Api, caller: &Principal, seat: &Seat, id: &str, problem: Option<&Problem>) -> Response {
    match api.visible(id, caller).await {
        Ok(approval) => {
            let status = problem.map_or(StatusCode::OK, Problem::status);
            let page = show::approval(&approval, caller, &seat.form, problem.map(Problem::detail));
            (status, page).into_response()
        }
        Err(problem) => {
            (problem.status(), show::nothing(caller, &address(id), &seat.form, problem.detail())).into_response()
        }
    }
}

fn login_form(id: &str, status: StatusCode, problem: Option<&str>) -> Response {
    (status, show::login(&address(id), problem)).into_response()
}

/// The page of this approval; of none, where it is no id, so that no stranger's text gets into a header.
fn address(id: &str) -> String {
    id.parse::<ApprovalId>().map_or_else(|_| "/approvals/none".to_owned(), |id| format!("/approvals/{id}"))
}

fn with_cookie(mut response: Response, cookie: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|_| Problem::new(Code::Internal, "the cookie cannot be set"))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(response)
}

/// The number of the seat in the request's cookie.
fn seat_number(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

impl Api {
    /// Whether a form was sent by a page of ours, as far as the browser says.
    fn sent_by_us(&self, headers: &HeaderMap) -> bool {
        let said = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        match (said("origin"), said("sec-fetch-site")) {
            (Some(origin), _) if origin != self.origin.as_bytes() => said("host").is_some_and(|host| {
                // reached by another name than the configured one: the same host all the same
                origin.strip_prefix(b"https://").is_some_and(|origin| origin == host)
            }),
            (_, Some(site)) => site == b"same-origin" || site == b"none",
            (_, None) => true,
        }
    }
}
