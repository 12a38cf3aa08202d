//! Who calls: the principal that a token makes, on every request anew.
//!
//! The same way in as every protocol's: [`House::recognise`], and what is refused is journalled. There are no API
//! keys beside it that could lack a restriction a login has.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use postern_core::{Claim, Code, Fault, Gate, Principal, Secret};

use crate::Api;
use crate::problem::Problem;

/// From where a request comes; whoever accepts connections puts it among the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub SocketAddr);

/// The principal behind a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Arc<Principal>);

/// Lets through whoever sends a token that makes a principal.
pub(crate) async fn by_token(State(api): State<Arc<Api>>, request: Request, next: Next) -> Result<Response, Problem> {
    Ok(next.run(api.known(request).await?).await)
}

/// Lets through whoever sends a token that makes an auditor under the policy in force.
pub(crate) async fn by_auditor(State(api): State<Arc<Api>>, request: Request, next: Next) -> Result<Response, Problem> {
    let request = api.known(request).await?;
    let roles = &api.house.policy.rulebook().roles;
    if !request.extensions().get().is_some_and(|Caller(principal)| roles.audits(principal)) {
        let problem = Problem::new(Code::RoleMissing, "only an auditor may see this");
        return Err(problem.hint("`auditors` in [roles] of the policy names them"));
    }
    Ok(next.run(request).await)
}

/// From where the request comes.
pub(crate) fn client(request: &Request) -> Result<Client, Fault> {
    let client = request.extensions().get::<Client>().copied();
    client.ok_or_else(|| Fault::gateway(Code::Internal, "a request came from nowhere"))
}

impl Api {
    /// The request with its caller among its extensions.
    async fn known(&self, mut request: Request) -> Result<Request, Problem> {
        let Some(claim) = bearer(request.headers()) else {
            let hint = "send `Authorization: Bearer TOKEN`";
            return Err(Problem::new(Code::ProofMissing, "no token was given").hint(hint));
        };
        let principal = self.recognise(&claim, client(&request)?).await?;
        request.extensions_mut().insert(Caller(Arc::new(principal)));
        Ok(request)
    }

    /// The principal that a claim makes; a refusal is journalled.
    pub(crate) async fn recognise(&self, claim: &Claim, Client(address): Client) -> Result<Principal, Fault> {
        match self.house.recognise(claim).await {
            Ok(principal) => Ok(principal),
            Err(fault) => Err(Gate::accept(Arc::clone(&self.house), "https", address).refused_login(fault).await),
        }
    }
}

/// The one token of a request. Two `Authorization` headers are none: who put the second one there?
fn bearer(headers: &HeaderMap) -> Option<Claim> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| Claim::Token(Secret::new(token.trim_ascii())))
}
