use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use postern_core::approval::State;

use super::{Desk, Reply, delete};

pub(super) async fn login(desk: &Desk, id: &str, token: &str) -> Reply {
    send_form(desk, &format!("/approvals/{id}/login"), &format!("token={token}"), &[]).await
}

async fn send_form(desk: &Desk, path: &str, form: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    desk.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn page(desk: &Desk, id: &str, cookie: &str) -> Reply {
    let request = Request::get(format!("/approvals/{id}")).header(header::COOKIE, cookie);
    desk.send(request.body(Body::empty()).unwrap()).await
}

/// Logs in and answers the cookie to send.
async fn cookie(desk: &Desk, id: &str, token: &str) -> String {
    let reply = login(desk, id, token).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert_eq!(reply.headers[header::LOCATION], format!("/approvals/{id}").as_str());
    reply.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The number that a page's forms carry.
fn form_number(page: &Reply) -> String {
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_approver_logs_in_reads_and_answers() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("hals", "DELETE FROM customers").await;
    let id = id.to_string();
    let first = page(&desk, &id, "").await;
    assert_eq!(first.status, StatusCode::UNAUTHORIZED);
    assert!(first.body.contains("<form method=\"post\" action=\"/approvals/apr_"));
    assert!(!first.body.contains("customers"), "nothing is shown before the login");

    let reply = login(&desk, &id, "anns").await;
    let set = reply.headers[header::SET_COOKIE].to_str().unwrap();
    let (number, attributes) = set.split_once("; ").unwrap();
    assert!(number.starts_with("__Host-postern=") && !number.contains("anns"));
    assert_eq!(attributes, "Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Strict");

    let shown = page(&desk, &id, number).await;
    assert_eq!(shown.status, StatusCode::OK);
    let form = format!("form={}&choice=deny&reason=not+on+a+Friday", form_number(&shown));
    let stable = shown.body.replace(&form_number(&shown), "FORM").replace(&id, "apr_ID");
    let stable = mask_ids(&stable);
    insta::assert_snapshot!(stable);

    let answered = send_form(&desk, &format!("/approvals/{id}"), &form, &[("cookie", number)]).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    let approval = desk.dwelling.approvals.all()[0].clone();
    assert_eq!((approval.state, approval.answers[0].reason.as_deref()), (State::Denied, Some("not on a Friday")));
    let after = page(&desk, &id, number).await;
    assert!(after.body.contains("It was denied; it did not run."));
    assert!(after.body.contains("<blockquote>not on a Friday</blockquote>"));
    assert!(!after.body.contains("name=\"choice\""), "what is settled has no buttons");
}

/// Session ids and digests are new with every run.
fn mask_ids(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_inclusive(['<', '>']) {
        let bare = word.trim_end_matches(['<', '>']);
        let hex = |text: &str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let random = hex(bare) || bare.strip_prefix("ses_").is_some_and(hex);
        words.push(if random { word.replace(bare, "RANDOM") } else { word.to_owned() });
    }
    words.concat()
}

#[tokio::test]
async fn a_page_is_text_whatever_the_statement_says() {
    let desk = Desk::new();
    let nasty = "DELETE </pre><script>alert(1)</script> \"'& \u{202e}sremotsuc\u{200b}\u{1b}[2J";
    let (_gate, _held, id) = desk.held("ci", nasty).await;
    let id = id.to_string();
    let cookie = cookie(&desk, &id, "anns").await;
    let shown = page(&desk, &id, &cookie).await;
    let (_, pre) = shown.body.split_once("<pre>").unwrap();
    let (pre, _) = pre.split_once("</pre>").unwrap();
    insta::assert_snapshot!(pre, @"DELETE &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp; <mark>⟨U+202E⟩</mark>sremotsuc<mark>⟨U+200B⟩</mark><mark>⟨U+001B⟩</mark>[2J");
    assert!(!shown.body.contains("<script"));
    assert!(shown.body.contains("<li><code>&lt;7&gt;</code></li><li><em>null</em></li>"));
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"));
}

#[tokio::test]
async fn facts_stand_beside_the_statement_that_they_are_of() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held_all("ci", vec![delete("DELETE 1", true), delete("DELETE 2", false)]).await;
    let id = id.to_string();
    let shown = page(&desk, &id, &cookie(&desk, &id, "anns").await).await.body;
    let places = [
        "What is known of it, 1 of 2",
        "<dt>no_where</dt><dd>yes</dd>",
        "What is known of it, 2 of 2",
        "<dt>none of</dt><dd>no_where</dd>",
        "What was sent, 1 of 2</h2><pre>DELETE 1</pre>",
        "What was sent, 2 of 2</h2><pre>DELETE 2</pre>",
    ]
    .map(|what| shown.find(what).unwrap_or_else(|| panic!("{what} is not in {shown}")));
    assert!(places.is_sorted(), "{places:?} in {shown}");
}

#[tokio::test]
async fn a_forged_form_answers_nothing() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
    let id = id.to_string();
    let (anns, bobs) = (cookie(&desk, &id, "anns").await, cookie(&desk, &id, "bobs").await);
    let form = form_number(&page(&desk, &id, &anns).await);
    let of_bob = form_number(&page(&desk, &id, &bobs).await);
    let path = format!("/approvals/{id}");
    let ours = "https://gateway.test:18443";
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);
    let cases: [Case<'_>; 7] = [
        ("no number", "choice=approve", &[]),
        ("a wrong number", "form=0&choice=approve", &[]),
        ("another's number", &format!("form={of_bob}&choice=approve"), &[]),
        ("no choice", &format!("form={form}"), &[]),
        ("another choice", &format!("form={form}&choice=yes"), &[]),
        ("another origin", &format!("form={form}&choice=approve"), &[("origin", "https://evil.test")]),
        ("another site", &format!("form={form}&choice=approve"), &[("origin", ours), ("sec-fetch-site", "cross-site")]),
    ];
    for (case, form, headers) in cases {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", anns.as_str())]).collect();
        let reply = send_form(&desk, &path, form, &headers).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{case}");
        assert!(desk.dwelling.approvals.all()[0].answers.is_empty(), "{case}");
    }
    let form = format!("form={form}&choice=approve");
    let good = [("cookie", anns.as_str()), ("origin", ours), ("sec-fetch-site", "same-origin")];
    assert_eq!(send_form(&desk, &path, &form, &good).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.dwelling.approvals.all()[0].state, State::Granted);
}

#[tokio::test]
async fn logging_in_from_another_site_is_refused() {
    let desk = Desk::new();
    let path = "/approvals/apr_00000000000000000000000000000000/login";
    for headers in [[("origin", "https://evil.test")], [("origin", "null")], [("sec-fetch-site", "cross-site")]] {
        let reply = send_form(&desk, path, "token=anns", &headers).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
    }
    let by_other_name = [("origin", "https://127.0.0.1:18443"), ("host", "127.0.0.1:18443")];
    assert_eq!(send_form(&desk, path, "token=anns", &by_other_name).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_seat_ends_by_time_by_log_out_and_with_its_token() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
    let id = id.to_string();
    let first = cookie(&desk, &id, "anns").await;
    let form = form_number(&page(&desk, &id, &first).await);
    let out =
        send_form(&desk, &format!("/approvals/{id}/logout"), &format!("form={form}"), &[("cookie", &first)]).await;
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(page(&desk, &id, &first).await.status, StatusCode::UNAUTHORIZED);

    let second = cookie(&desk, &id, "anns").await;
    desk.dwelling.clock.advance(Duration::from_secs(899));
    assert_eq!(page(&desk, &id, &second).await.status, StatusCode::OK);
    desk.dwelling.clock.advance(Duration::from_secs(1));
    assert_eq!(page(&desk, &id, &second).await.status, StatusCode::UNAUTHORIZED);

    let third = cookie(&desk, &id, "anns").await;
    desk.dwelling.change(&super::POLICY.replace("sub = \"ann\"", "sub = \"anna\"")).unwrap();
    assert_eq!(page(&desk, &id, &third).await.status, StatusCode::FORBIDDEN);
    assert_eq!(page(&desk, &id, &third).await.status, StatusCode::UNAUTHORIZED, "the seat is gone");
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_token_no_cookie() {
    let desk = Desk::new();
    let (_gate, _held, id) = desk.held("ci", "DELETE FROM customers").await;
    let cookie = cookie(&desk, &id.to_string(), "anns").await;
    let request = Request::get("/v1/approvals").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    assert_eq!(desk.send(request).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.get(&format!("/approvals/{id}"), "anns").await.status, StatusCode::UNAUTHORIZED);
}
