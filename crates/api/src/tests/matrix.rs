use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::token::EXCHANGE;
use super::{Desk, Reply};
use crate::routes::{Permission, ROUTES, Route};

/// Everybody who may come, with what they send.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Nobody,
    BadToken,
    GoodTokenOfNobody,
    Asker,
    OtherWorkload,
    Bystander,
    Approver,
    Auditor,
    Operator,
}

use Who::{Approver, Asker, Auditor, BadToken, Bystander, GoodTokenOfNobody, Nobody, Operator, OtherWorkload};

const EVERYBODY: [Who; 9] =
    [Nobody, BadToken, GoodTokenOfNobody, Asker, OtherWorkload, Bystander, Approver, Auditor, Operator];

impl Who {
    fn token(self) -> &'static str {
        match self {
            Nobody => "",
            BadToken => "forged",
            GoodTokenOfNobody => "noones",
            Asker => "ci",
            OtherWorkload => "others",
            Bystander => "bobs",
            Approver => "anns",
            Auditor => "eves",
            Operator => "opas",
        }
    }
}

/// The approval and the session of what is held.
type Ids = (String, String);

fn named(route: &Route, (approval, session): &Ids) -> String {
    let of_session = route.path.starts_with("/v1/sessions") || route.path.starts_with("/v1/recordings");
    route.path.replace("{id}", if of_session { session } else { approval })
}

async fn call(desk: &Desk, route: &Route, who: Who, ids: &Ids) -> Reply {
    let (path, id) = (named(route, ids), &ids.0);
    if route.permission == Permission::Subject {
        return desk.form(&path, "", &format!("{EXCHANGE}{}", who.token())).await;
    }
    if path == "/v1/token/revoke" {
        return desk.form(&path, who.token(), "token=nothing").await;
    }
    if matches!(route.permission, Permission::Token | Permission::Auditor) {
        return if route.method == Method::POST {
            desk.post(&path, who.token(), "").await
        } else {
            desk.get(&path, who.token()).await
        };
    }
    // a page: the same token through its form
    let mut request = Request::builder().method(route.method.clone()).uri(path);
    if who != Nobody {
        let login = super::pages::login(desk, id, who.token()).await;
        if let Some(cookie) = login.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            request = request.header(header::COOKIE, cookie);
        }
    }
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    desk.send(request.body(Body::from("form=forged&choice=approve&reason=")).unwrap()).await
}

/// What each of them must get, from the permission alone.
fn expected(route: &Route, who: Who) -> StatusCode {
    let known = !matches!(who, Nobody | BadToken | GoodTokenOfNobody);
    match route.permission {
        Permission::Anybody if route.path.ends_with("/login") => StatusCode::BAD_REQUEST,
        Permission::Anybody => StatusCode::OK,
        Permission::Subject if known => StatusCode::OK,
        Permission::Subject => StatusCode::BAD_REQUEST,
        Permission::Token | Permission::Auditor if who == GoodTokenOfNobody => StatusCode::FORBIDDEN,
        Permission::Token | Permission::Auditor | Permission::Cookie if !known => StatusCode::UNAUTHORIZED,
        Permission::Auditor if who == Auditor => StatusCode::OK,
        Permission::Auditor => StatusCode::FORBIDDEN,
        Permission::Token => match (route.path, who) {
            ("/v1/openapi.json" | "/v1/approvals" | "/v1/sessions" | "/v1/token/revoke", _) => StatusCode::OK,
            ("/v1/sessions/{id}", Asker | Auditor | Operator) => StatusCode::OK,
            ("/v1/sessions/{id}", _) => StatusCode::NOT_FOUND,
            // without a reason
            ("/v1/sessions/{id}/kill", Operator) => StatusCode::BAD_REQUEST,
            ("/v1/sessions/{id}/kill", _) => StatusCode::FORBIDDEN,
            (_, OtherWorkload) => StatusCode::NOT_FOUND,
            ("/v1/approvals/{id}", _) | (_, Approver) => StatusCode::OK,
            _ => StatusCode::FORBIDDEN,
        },
        // with a form that was not made for this seat, nobody's answer counts
        Permission::Cookie => match (route.path, who) {
            ("/approvals/{id}/logout", _) => StatusCode::SEE_OTHER,
            (_, OtherWorkload) => StatusCode::NOT_FOUND,
            _ if route.method == Method::GET => StatusCode::OK,
            _ => StatusCode::BAD_REQUEST,
        },
    }
}

#[tokio::test]
async fn every_route_answers_everybody_as_its_permission_says() {
    for route in ROUTES {
        for who in EVERYBODY {
            let desk = Desk::new();
            let (gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
            let reply = call(&desk, route, who, &(id.to_string(), gate.session().to_string())).await;
            assert_eq!(
                reply.status,
                expected(route, who),
                "{} {} as {who:?}: {}",
                route.method,
                route.path,
                reply.body
            );
            for header in ["cache-control", "content-security-policy", "x-content-type-options", "x-frame-options"] {
                assert!(reply.headers.contains_key(header), "{} {} says no {header}", route.method, route.path);
            }
            let counted = route.path == "/v1/approvals/{id}/approve" || route.path == "/v1/approvals/{id}/deny";
            let answers = desk.dwelling.approvals.all()[0].answers.len();
            assert_eq!(answers, usize::from(counted && who == Approver), "{} as {who:?}", route.path);
        }
    }
}

#[tokio::test]
async fn nobody_learns_what_they_may_not_see() {
    let desk = Desk::new();
    let (gate, _held, id) = desk.held("ci", "DELETE FROM customers WHERE secret").await;
    let (there, absent) = ((id.to_string(), gate.session().to_string()), ("apr_", "ses_"));
    let zeros = "0".repeat(32);
    let absent = (format!("{}{zeros}", absent.0), format!("{}{zeros}", absent.1));
    for route in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
        for who in [Nobody, BadToken, GoodTokenOfNobody, OtherWorkload] {
            let there = call(&desk, route, who, &there).await;
            assert!(!there.body.contains("secret"), "{} as {who:?}", route.path);
            let absent = call(&desk, route, who, &absent).await;
            assert_eq!(there.status, absent.status, "{} {} as {who:?}", route.method, route.path);
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let desk = Desk::new();
    for path in
        ["/", "/v1", "/v1/nothing", "/v1/approvals/", "/v1/approvals/x/approve/", "/approvals", "/v1//approvals"]
    {
        let reply = desk.get(path, "anns").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.json()["code"], "PST-4007");
    }
    for (method, path) in
        [(Method::DELETE, "/v1/approvals"), (Method::PUT, "/livez"), (Method::GET, "/v1/approvals/x/deny")]
    {
        let request = super::bearing(Request::builder().method(method).uri(path), "anns");
        let reply = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(reply.json()["status"], 405);
    }
}
