mod approvals;
mod audit;
mod health;
mod matrix;
mod openapi;
mod pages;
mod sessions;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use postern_core::gate::{Asked, Decision, Held, Standing};
use postern_core::operation::Fact;
use postern_core::{ApprovalId, Effect, Gate, Object, Open, Operation, Touch};
use postern_testkit::fakes::{Arrivals, Dwelling, HouseBuilder, Reach, operation};
use serde_json::Value;
use tower::ServiceExt as _;

use self::audit::Shelf;
use crate::{Api, Client, Counts, router};

const POLICY: &str = r#"
    [[principal]]
    name = "ann"
    kind = "human"
    issuer = "corp"
    claims = { sub = "ann" }
    groups = ["dba"]

    [[principal]]
    name = "hal"
    kind = "agent"
    issuer = "corp"
    claims = { sub = "hal" }
    acts_for = "bob"

    [[principal]]
    name = "ci-bot"
    kind = "workload"
    issuer = "corp"
    claims = { sub = "repo:shop" }

    [[principal]]
    name = "other-bot"
    kind = "workload"
    issuer = "corp"
    claims = { sub = "repo:other" }

    [[principal]]
    name = "bob"
    kind = "human"
    issuer = "corp"
    claims = { sub = "bob" }

    [[principal]]
    name = "opa"
    kind = "human"
    issuer = "corp"
    claims = { sub = "opa" }

    [[target]]
    name = "shop"
    protocol = "toy"
    address = "shop.test:7000"
    login = { user = "app", password = "env:SHOP" }

    [roles]
    auditors = ["principal:eve"]
    operators = ["principal:opa"]

    [[principal]]
    name = "eve"
    kind = "human"
    issuer = "corp"
    claims = { sub = "eve" }

    [[rule]]
    name = "deletes"
    effect = "approve"
    who = ["*"]
    on = ["*"]
    do = { effects = ["delete"] }
    with = { approvers = ["group:dba"], expires = "10m" }
"#;

/// Ann approves, bob is a human who does not, eve audits, opa operates, hal acts for bob, the rest are programs.
const TOKENS: &[(&str, &str)] = &[
    ("anns", "ann"),
    ("bobs", "bob"),
    ("hals", "hal"),
    ("ci", "repo:shop"),
    ("others", "repo:other"),
    ("eves", "eve"),
    ("opas", "opa"),
    ("noones", "x"),
];

/// A gateway of fakes with its API in front.
struct Desk {
    dwelling: Dwelling,
    search: Arc<Shelf>,
    api: Router,
    _arrivals: Arrivals,
}

/// What came back.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Desk {
    fn new() -> Self {
        let (reach, arrivals) = Reach::pairs();
        let dwelling = HouseBuilder::new(POLICY).reaching(reach).build().unwrap();
        for (token, subject) in TOKENS {
            dwelling.tokens.know(token, subject);
        }
        dwelling.vault.put("env:SHOP", "hunter22");
        let search = Arc::new(Shelf::default());
        let counts = Arc::new(Counts::default());
        let api = Api::new(Arc::clone(&dwelling.house), search.clone(), counts, "https://gateway.test:18443")
            .listening("gateway.test", [("toy", 7000)])
            .known_by([("toy", "toy-key AAAA".to_owned())])
            .reading(vec![Arc::new(sessions::Words)]);
        Self { dwelling, search, api: router(api), _arrivals: arrivals }
    }

    /// Holds a delete of whoever has the token.
    async fn held(&self, token: &str, text: &str) -> (Gate<Open>, Box<Held>, ApprovalId) {
        self.held_all(token, vec![delete(text, true)]).await
    }

    async fn held_all(&self, token: &str, operations: Vec<Operation>) -> (Gate<Open>, Box<Held>, ApprovalId) {
        let mut gate = self.dwelling.open(token, "shop").await.unwrap();
        let Decision::Ask(asking) = gate.submit(operations, "x".into()).await.unwrap() else {
            panic!("a delete needs a human");
        };
        let Asked::Wait(held) = gate.ask(asking, Standing::Free).await.unwrap() else { panic!("it waits") };
        let id = held.approval();
        (gate, held, id)
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Client(Dwelling::CLIENT));
        let response = self.api.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(bearing(Request::get(path), token).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, token: &str, body: &str) -> Reply {
        self.send(bearing(Request::post(path), token).body(Body::from(body.to_owned())).unwrap()).await
    }
}

fn delete(text: &str, no_where: bool) -> Operation {
    let touch = Touch::columns(Effect::Delete, Object::at(["public", "customers"]), ["id"]);
    let delete = operation("toy.delete", vec![touch], text);
    let mut delete = delete.but(|deed| drop(deed.facts.insert("no_where", Fact::Flag(no_where))));
    delete.parameters = vec![Some("<7>".into()), None];
    delete
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn bearing(request: axum::http::request::Builder, token: &str) -> axum::http::request::Builder {
    if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) }
}
