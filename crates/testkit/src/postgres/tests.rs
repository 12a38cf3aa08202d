use super::*;
use crate::certificates::Validity;

const PASSWORD: &str = "correct horse battery staple";

fn verified(server: &PostgresServer, host: &str) -> String {
    let (port, ca) = (server.port(), server.ca_file());
    format!("host={host} port={port} user=app dbname=postgres sslmode=verify-full sslrootcert={}", ca.display())
}

fn answers_over_verified_tls(version: u32) {
    let options = Options { version, ..Options::default() }.login("app", PASSWORD);
    let server = PostgresServer::start(options).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let sql = "select version(), (select ssl from pg_stat_ssl where pid = pg_backend_pid())";
        let answer = server.query(&verified(&server, host), PASSWORD, sql).unwrap();
        assert!(answer.starts_with(&format!("PostgreSQL {version}.")), "{answer}");
        assert!(answer.ends_with("|t"), "{answer}");
    }
    // the password is bound to the TLS channel where the client insists
    let bound = format!("{} channel_binding=require", verified(&server, "localhost"));
    assert_eq!(server.query(&bound, PASSWORD, "select 1").unwrap(), "1");
    let refusal = server.query(&bound, "wrong", "select 1").unwrap_err().to_string();
    assert!(refusal.contains("password authentication failed"), "{refusal}");

    let (address, log) = (server.address(), server.log_file());
    server.stop();
    std::net::TcpStream::connect(address).unwrap_err();
    assert!(!log.exists());
}

#[test]
fn postgres_15_answers_over_verified_tls() {
    answers_over_verified_tls(15);
}

#[test]
fn postgres_18_answers_over_verified_tls() {
    answers_over_verified_tls(18);
}

#[test]
fn wrong_certificates_are_refused_by_psql() {
    let authority = Authority::new("elsewhere").unwrap();
    let server =
        PostgresServer::start(Options { tls: Tls::With(authority.leaf(LOOPBACK).unwrap()), ..Options::default() })
            .unwrap();
    let refusal = server.query(&verified(&server, "localhost"), PASSWORD, "select 1").unwrap_err().to_string();
    assert!(refusal.contains("certificate verify failed"), "{refusal}");

    for (names, validity, complaint) in [
        (LOOPBACK, Validity::Expired, "certificate verify failed"),
        (&["db.example.com"][..], Validity::Current, "does not match host name \"localhost\""),
    ] {
        let leaf = authority.leaf_valid(names, validity).unwrap();
        let server = PostgresServer::start(Options { tls: Tls::With(leaf), ..Options::default() }).unwrap();
        fs::write(server.ca_file(), authority.pem()).unwrap();
        let refusal = server.query(&verified(&server, "localhost"), PASSWORD, "select 1").unwrap_err().to_string();
        assert!(refusal.contains(complaint), "{refusal}");
    }
}

#[test]
fn without_tls_it_speaks_plain_text_only() {
    let server = PostgresServer::start(Options { tls: Tls::Off, ..Options::default() }.login("app", PASSWORD)).unwrap();
    let connection = |mode| format!("host=127.0.0.1 port={} user=app dbname=postgres sslmode={mode}", server.port());
    assert_eq!(server.query(&connection("disable"), PASSWORD, "select 1").unwrap(), "1");
    let refusal = server.query(&connection("require"), PASSWORD, "select 1").unwrap_err().to_string();
    assert!(refusal.contains("server does not support SSL"), "{refusal}");
}

#[test]
fn tells_what_a_role_has_run() {
    let options =
        Options { script: "create table t (id int); grant select on t to app;".to_owned(), ..Options::default() };
    let server = PostgresServer::start(options.login("app", PASSWORD)).unwrap();
    server.query(&verified(&server, "localhost"), PASSWORD, "select id\n  from t").unwrap();
    assert_eq!(server.statements("app").unwrap(), ["select id\n  from t"]);
    assert!(server.statements("postgres").unwrap().iter().any(|text| text.starts_with("create table t")));
    assert_eq!(server.statements("nobody").unwrap(), Vec::<String>::new());
}

#[test]
fn reads_statements_out_of_a_log() {
    let log = "2026-01-01 00:00:00.000 GMT [7] app@shop LOG:  statement: select 1,\n\
               \t2\n\
               2026-01-01 00:00:00.000 GMT [7] app@shop ERROR:  division by zero\n\
               2026-01-01 00:00:00.000 GMT [7] app@shop STATEMENT:  select 1/0\n\
               \t-- not a further line of the first\n\
               2026-01-01 00:00:00.000 GMT [8] other@shop LOG:  statement: select 3\n\
               2026-01-01 00:00:00.000 GMT [7] app@shop LOG:  execute <unnamed>: select $1\n\
               2026-01-01 00:00:00.000 GMT [7] app@shop DETAIL:  Parameters: $1 = '4'\n\
               2026-01-01 00:00:00.000 GMT [7] app@shop LOG:  execute s1/p1: select 'a: b'\n";
    assert_eq!(statements_in(log, "app"), ["select 1,\n2", "select $1", "select 'a: b'"]);
}
