//! `/v1/token`: a short-lived credential in exchange for a proof (RFC 8693), and taking one back (RFC 7009).
//!
//! Errors of these two are those of OAuth (RFC 6749 §5.2), with the stable code beside them, because that is what
//! clients of such endpoints read. Who gets what is core's to say. Enter at [`exchange`].

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use data_encoding::BASE64;
use postern_core::credential::CredentialKind;
use postern_core::gate::{Exchanged, Wanted};
use postern_core::{Claim, Code, Fault, Gate, Secret, Side};
use serde_json::{Value, json};

use crate::Api;
use crate::caller::{Caller, Client};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// A user name and a password: there is no registered name for that.
const SESSION: &str = "urn:postern:token-type:session-credential";
/// A certificate of OpenSSH's: nor for that.
const CERTIFICATE: &str = "urn:postern:token-type:ssh-certificate";
/// What is certified: a parameter of our own.
const KEY: &str = "public_key";

type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Why there is no credential.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: &'static str,
    code: Code,
    description: String,
    hint: Option<String>,
}

pub(crate) async fn exchange(
    State(api): State<Arc<Api>>,
    Extension(Client(address)): Extension<Client>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let request = Request::of(fields)?;
    match request.required("grant_type")? {
        GRANT => {}
        _ => return Err(wrong("unsupported_grant_type", format!("the one grant type here is {GRANT}"))),
    }
    let kind = match request.one("requested_token_type")? {
        None | Some(ACCESS_TOKEN) => CredentialKind::AccessToken,
        Some(SESSION) => CredentialKind::Session,
        Some(CERTIFICATE) => CredentialKind::Certificate,
        Some(_) => {
            let message = format!("requested_token_type is {ACCESS_TOKEN}, {SESSION} or {CERTIFICATE}");
            return Err(wrong("invalid_request", message));
        }
    };
    if request.one("scope")?.is_some_and(|scope| !scope.trim().is_empty()) {
        return Err(wrong("invalid_scope", "there are no scopes: rules say what may be done"));
    }
    // leaving out what narrows or delegates would give more than was asked for
    if request.one("resource")?.is_some() {
        return Err(wrong("invalid_target", "a target is named by audience, not by resource"));
    }
    if request.one("actor_token")?.is_some() || request.one("actor_token_type")?.is_some() {
        return Err(wrong("invalid_request", "actor tokens are not in this version"));
    }
    let proof = request.required("subject_token")?.trim();
    if ![ID_TOKEN, JWT, ACCESS_TOKEN].contains(&request.required("subject_token_type")?) {
        return Err(wrong("invalid_request", format!("subject_token_type is {ID_TOKEN} or {JWT}")));
    }
    let key = request.one(KEY)?.map(key).transpose()?;
    let gate = Gate::accept(Arc::clone(&api.house), "https", address);
    let known = gate.identify(Claim::Token(Secret::new(proof))).await?;
    let exchanged = known.exchange(Wanted { kind, target: request.one("audience")?, key: key.as_deref() }).await?;
    Ok(written(&api.described(kind, &exchanged)))
}

pub(crate) async fn revoke(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let request = Request::of(fields)?;
    let named = Secret::new(request.required("token")?.trim());
    let revoked = api.house.revoke(&named, &caller).await?;
    Ok(written(&json!({ "revoked": revoked })))
}

/// The fields of a form.
struct Request(Vec<(String, String)>);

impl Request {
    fn of(fields: Fields) -> Result<Self, Refusal> {
        match fields {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(wrong("invalid_request", rejection.body_text())),
        }
    }

    /// A field that may be there once; an empty one is none (RFC 6749 §3.2).
    fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(field, value)| field == name && !value.is_empty());
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(wrong("invalid_request", format!("{name} is there twice")));
        }
        Ok(value)
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.one(name)?.ok_or_else(|| wrong("invalid_request", format!("{name} is missing")))
    }
}

impl Api {
    fn described(&self, kind: CredentialKind, exchanged: &Exchanged) -> Value {
        let left = exchanged.expires.since(self.house.clock.now()).as_secs();
        let (issued, how) = match kind {
            CredentialKind::AccessToken => (ACCESS_TOKEN, "Bearer"),
            CredentialKind::Session => (SESSION, "N_A"),
            CredentialKind::Certificate => (CERTIFICATE, "N_A"),
        };
        let mut body = json!({
            "access_token": String::from_utf8_lossy(exchanged.issued.secret.expose()),
            "issued_token_type": issued,
            "token_type": how,
            "expires_in": left,
            "expires": exchanged.expires,
            "id": exchanged.id,
        });
        let Some(fields) = body.as_object_mut() else { return body };
        if let Some(user) = &exchanged.issued.user {
            fields.insert("user".to_owned(), user.as_str().into());
        }
        if let Some(target) = &exchanged.target {
            let port = self.ports.iter().find(|(protocol, _)| *protocol == target.protocol).map(|(_, port)| *port);
            let key = self.keys.iter().find(|(protocol, _)| *protocol == target.protocol).map(|(_, key)| key);
            let mut place =
                json!({ "name": target.name, "protocol": target.protocol, "host": self.host, "port": port });
            if let (Some(key), Some(place)) = (key, place.as_object_mut()) {
                place.insert("host_key".to_owned(), key.as_str().into());
            }
            fields.insert("target".to_owned(), place);
        }
        body
    }
}

/// The public key of a line such as `ssh-ed25519 AAAA… comment`.
fn key(line: &str) -> Result<Vec<u8>, Refusal> {
    let blob = line.split_ascii_whitespace().nth(1).and_then(|base64| BASE64.decode(base64.as_bytes()).ok());
    blob.ok_or_else(|| {
        wrong("invalid_request", format!("{KEY} is the line of a public key file, such as ssh-ed25519 AAAA"))
    })
}

fn written(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn wrong(error: &'static str, description: impl Into<String>) -> Refusal {
    let hint = Some("see /v1/openapi.json".to_owned());
    Refusal {
        status: StatusCode::BAD_REQUEST,
        error,
        code: Code::ExchangeInvalid,
        description: description.into(),
        hint,
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let (status, error) = if fault.side == Side::Gateway || fault.code == Code::IssuerUnreachable {
            tracing::warn!(%fault, cause = fault.cause, "a token exchange failed");
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        } else if [Code::TargetUnknown, Code::CredentialBound].contains(&fault.code) {
            (StatusCode::BAD_REQUEST, "invalid_target")
        } else {
            (StatusCode::BAD_REQUEST, "invalid_request")
        };
        Self { status, error, code: fault.code, description: fault.message, hint: fault.hint }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // RFC 6749 §5.2 takes printable ASCII without quotation mark and backslash
        let fits = |character: char| matches!(character, ' '..='~') && character != '"' && character != '\\';
        let description: String = self.description.chars().map(|one| if fits(one) { one } else { '?' }).collect();
        let mut body = json!({ "error": self.error, "error_description": description, "code": self.code });
        if let (Some(hint), Some(body)) = (self.hint, body.as_object_mut()) {
            body.insert("hint".to_owned(), hint.into());
        }
        (self.status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}
