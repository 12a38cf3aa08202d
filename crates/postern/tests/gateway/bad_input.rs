//! What is wrong, broken or hostile: each is answered with one sentence and what to do, nothing of it costs memory,
//! and the gateway serves on.

#![expect(clippy::arithmetic_side_effects, reason = "lengths and counts of a test are small")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use postern_testkit::certificates::Authority;
use postern_testkit::issuer::{Algorithm, Key, Signer, sign};
use postern_testkit::postgres::{Options, PostgresServer, Tls};
use serde_json::{Value, json};

use crate::raw::{self, SSL_REQUEST, header, tagged};
use crate::served::{Served, Way};
use crate::site::{Running, free_port, stderr};

/// How much more memory the gateway may have after an attack, in KiB: what allocators keep, and no message.
const SLACK: u64 = 16 << 10;

#[test]
fn a_proof_that_is_none_is_refused_in_one_sentence() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    let key = served.site.issuer.key().unwrap();
    let stranger = Key::generate(Algorithm::Es256, key.id()).unwrap();
    let usual = served.claims(&[]);
    let hours = 7_200;
    let now = usual["iat"].as_u64().unwrap();
    let header = key.header();
    let unsigned = json!({ "alg": "none", "kid": key.id() });
    let token = |header: &Value, claims: &Value, signer: Signer<'_>| sign(header, claims, &signer).unwrap();
    // the time that has passed since is not always the same
    let steady =
        |said: String| (0..60).fold(said, |said, late| said.replace(&format!("{} seconds", 6_600 + late), "N seconds"));
    let own = |claims: &[(&str, Value)]| token(&header, &served.claims(claims), Signer::Key(&key));
    let signature = way.password.rsplit_once('.').unwrap().1.len();
    let cases = [
        ("signed by a stranger under the issuer's name", token(&header, &usual, Signer::Key(&stranger))),
        ("claims changed after signing", swapped(&way.password, &own(&[("sub", json!("root"))]))),
        ("without its signature", way.password[..way.password.len() - signature].to_owned()),
        ("unsigned, and it says so", token(&unsigned, &usual, Signer::Nothing)),
        (
            "a public key as shared secret",
            token(&json!({ "alg": "HS256", "kid": key.id() }), &usual, Signer::Hmac(key.public())),
        ),
        ("expired", own(&[("iat", json!(now - hours)), ("exp", json!(now - hours + 600))])),
        ("not yet valid", own(&[("nbf", json!(now + hours)), ("exp", json!(now + hours + 600))])),
        ("without an end", own(&[("exp", json!(null))])),
        ("made for another audience", own(&[("aud", json!("https://elsewhere.example"))])),
        ("of an issuer nobody trusts", own(&[("iss", json!("https://elsewhere.example"))])),
        ("no token", "hunter2".to_owned()),
        ("nothing but dots", "..".to_owned()),
        ("longer than a token may be", "x".repeat(100_000)),
    ];
    let mut said = String::new();
    for (case, password) in cases {
        let output = Way { password: password.clone(), ..way.clone() }.psql(&["SELECT 1"]);
        said.push_str(&steady(refused(&served, case, &output)));
        assert!(!gateway.log().contains(&password), "{case}: the token is in the log");
    }
    insta::assert_snapshot!(said);
    let statements = served.server.statements("app").unwrap();
    assert_eq!(statements, Vec::<String>::new(), "nobody came as far as the server");
    assert!(way.works());
}

/// The claims of one token under the signature of another.
fn swapped(signed: &str, other: &str) -> String {
    let parts: Vec<&str> = signed.split('.').collect();
    format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2])
}

#[test]
fn a_target_that_cannot_be_had_is_said_without_its_secrets() {
    let served = Served::new(15, &[]);
    let good = served.server.ca_file().display().to_string();
    let port = served.server.port();
    let elsewhere = Authority::new("elsewhere").unwrap();
    served.site.write("elsewhere.crt", &elsewhere.pem());
    served.site.write("wrong", "not-the-password-4711");
    let trusted = Authority::new("of another host").unwrap();
    served.site.write("other-host.crt", &trusted.pem());
    let leaf = trusted.leaf(&["db.example.com"]).unwrap();
    let other_host = start(Tls::With(leaf));
    let no_tls = start(Tls::Off);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let wrong = |table: String, file: &str| table.replace("file:password", &format!("file:{file}"));
    served.configure(
        &[
            served.target("shop", "localhost", port, &good),
            served.target("down", "localhost", free_port(), &good),
            served.target("nameless", "no-such-host.invalid", port, &good),
            wrong(served.target("refusing", "localhost", port, &good), "wrong"),
            wrong(served.target("secretless", "localhost", port, &good), "absent"),
            served.target("forged", "localhost", port, &served.site.path("elsewhere.crt").display().to_string()),
            served.target(
                "other-host",
                "localhost",
                other_host.port(),
                &served.site.path("other-host.crt").display().to_string(),
            ),
            served.target("no-tls", "localhost", no_tls.port(), &good),
            served.target("silent", "localhost", silent.local_addr().unwrap().port(), &good),
            served.target("no-database", "localhost", port, &good).replace(r#""shop""#, r#""void""#),
        ]
        .concat(),
    );
    let gateway = served.site.start();
    let way = served.through();
    let mut said = String::new();
    for target in [
        "unknown",
        "down",
        "nameless",
        "refusing",
        "secretless",
        "forged",
        "other-host",
        "no-tls",
        "no-database",
        "silent",
        "shop/void",
    ] {
        let output = Way { database: target.to_owned(), ..way.clone() }.psql(&["SELECT 1"]);
        said.push_str(&refused(&served, target, &output));
    }
    insta::assert_snapshot!(said);
    for secret in [crate::served::PASSWORD, "not-the-password-4711", &way.password] {
        assert!(!gateway.log().contains(secret) && !said.contains(secret), "{secret} came out");
    }
    assert!(way.works());
}

fn start(tls: Tls) -> PostgresServer {
    PostgresServer::start(Options { version: 15, tls, ..Options::default() }.login("app", crate::served::PASSWORD))
        .unwrap()
}

/// What psql says of its refusal, which is not to end in anything else.
fn refused(served: &Served, case: &str, output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{case}: {}", stderr(output));
    assert!(output.stdout.is_empty(), "{case}");
    let said = stderr(output);
    let said = said.split_once("failed: ").map_or(said.as_str(), |(_, said)| said);
    let said = said.replace(&served.site.issuer.url(), "ISSUER").replace("127.0.0.1", "HOST").replace("::1", "HOST");
    format!("## {case}\n{}\n", served.site.relative(&said))
}

#[test]
fn bytes_that_break_the_protocol_end_their_connection_and_cost_nothing() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    assert!(way.works());
    let before = memory(&gateway);
    let mut said = String::new();
    for (case, bytes) in before_login(&way) {
        let mut stream = raw::plain(&served);
        stream.write_all(&bytes).unwrap();
        said.push_str(&format!("## {case}\n{}\n", raw::farewell(&mut stream)));
    }
    for (case, bytes) in inside_tls(&way) {
        let mut stream = raw::encrypted(&served);
        stream.write_all(&bytes).unwrap();
        said.push_str(&format!("## inside TLS: {case}\n{}\n", raw::farewell(&mut stream)));
    }
    for (case, bytes) in in_session() {
        let mut stream = raw::logged_in(&served, &way);
        stream.write_all(&bytes).unwrap();
        said.push_str(&format!("## in a session: {case}\n{}\n", raw::farewell(&mut stream)));
    }
    insta::assert_snapshot!(said);
    assert!(way.works());
    let after = memory(&gateway);
    assert!(after < before + SLACK, "{before} KiB have become {after} KiB");
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

fn before_login(way: &Way) -> Vec<(&'static str, Vec<u8>)> {
    let startup = raw::startup(&way.user, &way.database);
    let length = |length: u32| [&length.to_be_bytes()[..], &[0, 3, 0, 0]].concat();
    vec![
        ("no TLS", startup.clone()),
        ("a startup packet with the request for TLS", [&SSL_REQUEST[..], &startup].concat()),
        ("a password with the request for TLS", [&SSL_REQUEST[..], &tagged(b'p', b"x\0")].concat()),
        ("length 2^31-1", length(0x7fff_ffff)),
        ("length 2^32-1", length(0xffff_ffff)),
        ("length 10001", length(10_001)),
        ("length 7", length(7)),
        ("length 0", length(0)),
        ("protocol 2.0", vec![0, 0, 0, 8, 0, 2, 0, 0]),
        ("a web browser", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("an SSH client", b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
    ]
}

fn inside_tls(way: &Way) -> Vec<(&'static str, Vec<u8>)> {
    let startup = raw::startup(&way.user, &way.database);
    let with = |bytes: &[u8]| [&startup[..], bytes].concat();
    vec![
        ("TLS once more", SSL_REQUEST.to_vec()),
        ("a password of 2^31-1 bytes", with(&header(b'p', 0x7fff_ffff))),
        ("a password of 60 MiB", with(&header(b'p', 60 << 20))),
        ("a query in the password's place", with(&tagged(b'Q', b"SELECT 1\0"))),
        ("parameters without an end", vec![0, 0, 0, 13, 0, 3, 0, 0, b'u', b's', b'e', b'r', 0]),
    ]
}

fn in_session() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a query of 2^31-1 bytes", header(b'Q', 0x7fff_ffff).to_vec()),
        ("a query of 2^32-1 bytes", header(b'Q', 0xffff_ffff).to_vec()),
        ("a query of 3 bytes, its length included", header(b'Q', 3).to_vec()),
        ("a Sync of 60 MiB", header(b'S', 60 << 20).to_vec()),
        ("a message nobody knows", tagged(b'!', b"")),
        ("garbage after a query", [&tagged(b'Q', b"SELECT 1\0")[..], b"\x00\xff\xff\xff\xff\xff garbage"].concat()),
        ("a query without an end", tagged(b'Q', b"SELECT 1")),
    ]
}

#[test]
fn what_is_announced_and_never_sent_costs_no_memory() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    let mut streams: Vec<_> = (0..10).map(|_| raw::logged_in(&served, &way)).collect();
    let before = memory(&gateway);
    for stream in &mut streams {
        // of 1000 MiB, the first KiB
        stream.write_all(&header(b'Q', 1000 << 20)).unwrap();
        stream.write_all(&[b' '; 1024]).unwrap();
    }
    // whoever logs in now comes after them
    assert!(way.works());
    let during = memory(&gateway);
    assert!(during < before + SLACK, "{before} KiB have become {during} KiB");
    drop(streams);
    assert!(way.works());
}

#[test]
fn whoever_dribbles_is_cut_off_and_keeps_nobody_waiting() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    assert!(way.works());
    let startup = raw::startup(&way.user, &way.database);
    let token = tagged(b'p', format!("{}\0", way.password).as_bytes());
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 200]].concat();
    let begun = Instant::now();
    let lasted: Vec<Duration> = thread::scope(|scope| {
        let mut dribblers = Vec::new();
        for _ in 0..4 {
            dribblers.push(scope.spawn(|| dribble(raw::plain(&served), &startup)));
            dribblers.push(scope.spawn(|| {
                let mut stream = raw::plain(&served);
                stream.write_all(&SSL_REQUEST).unwrap();
                stream.read_exact(&mut [0]).unwrap();
                dribble(stream, &hello)
            }));
            dribblers.push(scope.spawn(|| {
                let mut stream = raw::encrypted(&served);
                stream.write_all(&startup).unwrap();
                assert_eq!(raw::message(&mut stream).unwrap().0, b'R');
                dribble(stream, &token)
            }));
        }
        // meanwhile others come and go as ever
        for _ in 0..20 {
            let begun = Instant::now();
            assert!(way.works(), "{}", gateway.log());
            assert!(begun.elapsed() < Duration::from_secs(5), "a login took {:?}", begun.elapsed());
            thread::sleep(Duration::from_millis(200));
        }
        dribblers.into_iter().map(|dribbler| dribbler.join().unwrap()).collect()
    });
    for lasted in lasted {
        assert!((10..20).contains(&lasted.as_secs()), "{lasted:?} is not the deadline of 14 s");
    }
    // the connection is closed first, and said to be after
    while gateway.log().matches("the client took too long to log in").count() < 12 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", gateway.log());
        thread::sleep(Duration::from_millis(50));
    }
    assert!(way.works());
}

/// Sends a byte a second until the gateway has enough of it, and tells how long that took.
fn dribble(mut stream: impl Read + Write + Timed, bytes: &[u8]) -> Duration {
    stream.give_up_reading_after(Duration::from_secs(1));
    let begun = Instant::now();
    for byte in bytes {
        if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
            return begun.elapsed();
        }
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => return begun.elapsed(),
        }
    }
    panic!("nobody minded {} bytes", bytes.len());
}

trait Timed {
    fn give_up_reading_after(&self, time: Duration);
}

impl Timed for std::net::TcpStream {
    fn give_up_reading_after(&self, time: Duration) {
        self.set_read_timeout(Some(time)).unwrap();
    }
}

impl Timed for raw::Encrypted {
    fn give_up_reading_after(&self, time: Duration) {
        self.sock.set_read_timeout(Some(time)).unwrap();
    }
}

/// The memory that the gateway has in use, in KiB.
fn memory(gateway: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
