//! TLS towards clients, with real handshakes: what the server does with each way to begin, the gateway does.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Output;

use rustls::{AlertDescription, Error};

use crate::raw::{self, ask_for_tls, connected, inside, plain};
use crate::served::{Served, Way};
use crate::site::{stderr, stdout};

/// psql with the libpq of PostgreSQL 18, which begins with TLS where it is told to.
fn psql18(way: &Way, settings: &[(&str, &str)]) -> Output {
    let libraries = format!("{}/lib", std::env::var("POSTERN_PG18").unwrap());
    let mut command = way.command("psql");
    command.env("LD_LIBRARY_PATH", libraries).envs(settings.iter().copied());
    command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", "SELECT 40 + 2"]).output().unwrap()
}

#[test]
fn a_real_client_begins_with_tls_and_binds_to_it() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    const DIRECT: (&str, &str) = ("PGSSLNEGOTIATION", "direct");
    for way in [served.direct(), served.through()] {
        let ran = psql18(&way, &[DIRECT]);
        assert_eq!(stdout(&ran), "42\n", "{}", stderr(&ran));
    }
    let by_credential = crate::credentials::way(&served, "shop");
    let ran = psql18(&by_credential, &[DIRECT, ("PGCHANNELBINDING", "require")]);
    assert_eq!(stdout(&ran), "42\n", "{}", stderr(&ran));
    // and without TLS it hears the same as ever
    let ran = psql18(&served.through(), &[("PGSSLMODE", "disable")]);
    assert!(stderr(&ran).contains("takes no connection without TLS"), "{}", stderr(&ran));
    assert!(!gateway.log().contains(r#""level":"WARN""#), "{}", gateway.log());
}

/// What comes of a handshake: the alert that ends it, or what is heard after a startup packet.
fn met(way: &Way, asked: bool, protocols: &[&str]) -> String {
    let mut stream = connected(way.port);
    if asked {
        ask_for_tls(&mut stream);
    }
    let mut stream = inside(stream, Path::new(&way.authority), protocols);
    let said = stream.write_all(&raw::startup(&way.user, &way.database)).and_then(|()| stream.flush());
    let mut tag = [0];
    let heard = said.and_then(|()| stream.read(&mut tag));
    let agreed = stream.conn.alpn_protocol().map(|name| name.escape_ascii().to_string());
    match heard {
        Ok(0) => format!("{agreed:?}: closed without a word"),
        Ok(_) => format!("{agreed:?}: {}", tag.escape_ascii()),
        Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::AlertReceived(alert)) => format!("alert {alert:?}"),
            _ => error.to_string(),
        },
    }
}

#[test]
fn who_names_another_protocol_or_none_is_met_as_by_the_server() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let (direct, through) = (served.direct(), served.through());
    let no_overlap = format!("alert {:?}", AlertDescription::NoApplicationProtocol);
    let (agreed, unsaid) = (r#"Some("postgresql"): R"#, "None: R");
    for (asked, protocols, outcome) in [
        (true, &[][..], unsaid),
        (true, &["postgresql"], agreed),
        (true, &["h2", "postgresql"], agreed),
        (true, &["http/1.1"], &no_overlap),
        (false, &["postgresql"], agreed),
        (false, &["http/1.1", "postgresql"], agreed),
        (false, &["http/1.1"], &no_overlap),
        (false, &[], "None: closed without a word"),
    ] {
        assert_eq!(met(&direct, asked, protocols), outcome, "the server: {asked} {protocols:?}");
        assert_eq!(met(&through, asked, protocols), outcome, "{asked} {protocols:?}: {}", gateway.log());
    }
    assert!(through.works());
}

#[test]
fn nothing_in_plain_text_is_believed_where_tls_was_to_begin() {
    let served = Served::new(18, &[]);
    let _gateway = served.site.start();
    let way = served.through();
    let startup = raw::startup(&way.user, &way.database);
    // the first byte of TLS, and behind it what should have been inside
    let mut stream = plain(&served);
    stream.write_all(&[&[0x16][..], &startup].concat()).unwrap();
    let mut heard = Vec::new();
    // the gateway may reset what it has not read
    stream.read_to_end(&mut heard).ok();
    assert!(!heard.contains(&b'R'), "{}", heard.escape_ascii());
    assert!(heard.is_empty() || heard[0] == 0x15, "an alert or nothing: {}", heard.escape_ascii());
    assert!(way.works());
}

/// What psql says that goes to this host name, here on this machine.
fn hosted(way: &Way, host: &str, sslmode: &str) -> String {
    let mut command = way.command("psql");
    command.env("PGHOST", host).env("PGHOSTADDR", "127.0.0.1").env("PGSSLMODE", sslmode);
    let ran = command.args(["-XAtc", "SELECT current_database()"]).output().unwrap();
    (stdout(&ran) + &stderr(&ran)).trim_end().to_owned()
}

#[test]
fn a_real_client_names_its_target_by_host() {
    let served = Served::new(18, &[]);
    let authority = served.server.ca_file().display().to_string();
    let target = |name: &str| served.target(name, "localhost", served.server.port(), &authority);
    let stock = target("stock").replace(r#"database = "shop""#, r#"database = "postgres""#);
    served.configure(&[target("shop"), stock].concat());
    let gateway = served.site.start();
    let way = served.through();
    let to = |database: &str| Way { database: database.to_owned(), ..way.clone() };
    for (host, database, expected) in [
        ("stock.localhost", "postgres", "postgres"),
        ("Stock.LocalHost", &way.user, "postgres"),
        ("stock.localhost", "stock/postgres", "postgres"),
        ("shop.localhost", "shop", "shop"),
        ("localhost", "stock/postgres", "postgres"),
        ("stock.localhost", "shop", "target `stock` does not open database `shop`"),
        ("stock.localhost", "shop/shop", "the host name asks for target `stock`, the database name for `shop`"),
        ("other.localhost", "shop", "there is no target `other` that `ann` may open"),
    ] {
        let said = hosted(&to(database), host, "verify-full");
        assert!(said.contains(expected), "{host} {database}: {said}");
    }
    // what a wildcard in a certificate does not stand for
    let said = hosted(&to("shop"), "a.shop.localhost", "require");
    assert!(said.contains("there is no target `a.shop` that `ann` may open"), "{said}");
    let bound = crate::credentials::way(&served, "shop");
    let said = hosted(&Way { database: bound.user.clone(), ..bound.clone() }, "stock.localhost", "verify-full");
    assert!(said.contains("this credential is for target `shop` only"), "{said}");
    assert_eq!(hosted(&bound, "shop.localhost", "verify-full"), "shop");
    assert!(!gateway.log().contains(r#""level":"ERROR""#), "{}", gateway.log());
}

/// What a script of `e2e/` prints that uses the libpq of PostgreSQL 18 itself.
fn libpq18(way: &Way, script: &str, connection: &str, token: &str) -> String {
    let library = format!("{}/lib", std::env::var("POSTERN_PG18").unwrap());
    let mut command = way.command("python3");
    command.env("LD_LIBRARY_PATH", &library).env("LIBPQ", format!("{library}/libpq.so.5"));
    // the issuer of the tests is on loopback, without TLS
    command.env("PGOAUTHDEBUG", "UNSAFE").env("CONNINFO", connection).env("TOKEN", token);
    let path = format!("{}/../../e2e/{script}", env!("CARGO_MANIFEST_DIR"));
    let ran = command.args(["-B", &path]).output().unwrap();
    assert!(ran.status.success(), "{}", stderr(&ran));
    stdout(&ran)
}

#[test]
fn a_real_client_cancels_in_the_way_that_it_connects() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    for negotiation in ["direct", "postgres"] {
        for (version, spoken) in [("3.0", "30000"), ("latest", "30002")] {
            let connection = format!("sslnegotiation={negotiation} max_protocol_version={version}");
            for way in [served.direct(), served.through()] {
                let said = libpq18(&way, "libpq18_cancel.py", &connection, "");
                let expected = format!("protocol {spoken}\n57014 canceling statement due to user request\n");
                assert_eq!(said, expected, "{connection}: {}", gateway.log());
            }
        }
    }
}

#[test]
fn a_real_client_fetches_its_token_and_sends_it_as_a_bearer() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    let issuer = served.site.issuer.url();
    let said = |token: &str, database: &str| {
        let connection = format!("user=oauth dbname={database} oauth_issuer={issuer} oauth_client_id=psql");
        libpq18(&way, "oauth_libpq.py", &connection, token)
    };
    let told = format!("configuration {issuer}/.well-known/openid-configuration\nscope openid\n");
    assert_eq!(said(&way.password, "shop"), format!("{told}database shop\n"));
    let refused = said("not-a-token-4711", "shop");
    assert!(refused.starts_with(&told) && refused.contains("not a token"), "{refused}");
    assert!(refused.contains("PST-1001"), "{refused}");
    let unknown = said(&way.password, "other");
    assert!(unknown.contains("there is no target `other` that `ann` may open"), "{unknown}");
    for secret in [&way.password, "not-a-token-4711"] {
        assert!(!gateway.log().contains(secret), "{}", gateway.log());
    }
}
