//! Credentials of minutes with real clients: what each of them makes of one, and what it sees of one that is none.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::served::{SUBJECT, Served, Way};
use crate::site::{stderr, stdout};

/// A credential as `postern token --format env` gives it to a shell.
fn issued(served: &Served, target: &str) -> BTreeMap<String, String> {
    let output = served.site.run_as(SUBJECT, &["token", "--target", target, "--format", "env"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    let setting = |line: &str| {
        let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
        (name.to_owned(), value.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().to_owned())
    };
    said.lines().map(setting).collect()
}

/// The way that a credential leads.
pub(crate) fn way(served: &Served, target: &str) -> Way {
    let settings = issued(served, target);
    Way {
        port: settings["PGPORT"].parse().unwrap(),
        database: settings["PGDATABASE"].clone(),
        user: settings["PGUSER"].clone(),
        password: settings["PGPASSWORD"].clone(),
        authority: settings["PGSSLROOTCERT"].clone(),
    }
}

/// Posts a form to the gateway as the usual subject.
fn post(served: &Served, path: &str, fields: &str) -> Value {
    let authority = std::fs::read(served.site.path("state/tls.crt")).unwrap();
    let token = std::fs::read_to_string(served.site.token_file(SUBJECT)).unwrap();
    let url = format!("https://localhost:{}{path}", served.site.https);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let roots = reqwest::Certificate::from_pem_bundle(&authority).unwrap();
        let client = reqwest::Client::builder().tls_certs_only(roots).no_proxy().build().unwrap();
        let request = client.post(url).bearer_auth(token.trim());
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(fields.to_owned());
        request.send().await.unwrap().json().await.unwrap()
    })
}

fn revoke(served: &Served, named: &str) {
    assert_eq!(post(served, "/v1/token/revoke", &format!("token={named}")), serde_json::json!({ "revoked": true }));
}

fn asyncpg(way: &Way) -> Output {
    const SCRIPT: &str = "
import asyncio, asyncpg, os
async def main():
    try:
        connection = await asyncpg.connect(statement_cache_size=0, ssl=tls())
        print(await connection.fetchval('SELECT 40 + 2'))
        await connection.close()
    except asyncpg.PostgresError as error:
        print(error.sqlstate, error)
def tls():
    import ssl
    return ssl.create_default_context(cafile=os.environ['PGSSLROOTCERT'])
asyncio.run(main())
";
    way.command("python3").args(["-B", "-c", SCRIPT]).output().unwrap()
}

fn psycopg(way: &Way) -> Output {
    const SCRIPT: &str = "
import psycopg
try:
    with psycopg.connect('') as connection:
        print(connection.execute('SELECT 40 + 2').fetchone()[0])
except psycopg.OperationalError as error:
    print(error)
";
    let mut command = way.command("python3");
    command.env("PGCHANNELBINDING", "require").args(["-B", "-c", SCRIPT]).output().unwrap()
}

/// psql with the libpq of PostgreSQL 18 in the place of the machine's.
fn psql18(way: &Way) -> Output {
    let libraries = format!("{}/lib", std::env::var("POSTERN_PG18").unwrap());
    let mut command = way.command("psql");
    command.env("LD_LIBRARY_PATH", libraries).env("PGCHANNELBINDING", "require");
    command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", "SELECT 40 + 2"]).output().unwrap()
}

fn psql(way: &Way, binding: &str) -> Output {
    let mut command = way.command("psql");
    command.env("PGCHANNELBINDING", binding);
    command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", "SELECT 40 + 2"]).output().unwrap()
}

/// What a client printed, with what differs from run to run taken out.
fn printed(served: &Served, way: &Way, output: &Output) -> String {
    let said = stdout(output) + &stderr(output);
    assert!(!said.contains("ModuleNotFoundError"), "run `scripts/setup test`: {said}");
    let said = said.replace(&way.user, "USER").replace(&served.port.to_string(), "PORT").replace("::1", "127.0.0.1");
    // libpq tries each address of localhost; the gateway listens on one
    let lines = said.lines().filter(|line| !line.contains("refused") && !line.contains("running on that host"));
    lines.map(|line| format!("    {}\n", line.trim())).collect()
}

#[test]
fn a_session_credential_serves_real_clients_by_scram() {
    let served = Served::new(18, &[]);
    let mut gateway = served.site.start();
    let way = way(&served, "shop");
    assert_eq!((way.port, way.database.as_str()), (served.port, "shop"));
    for binding in ["require", "prefer", "disable"] {
        assert_eq!(stdout(&psql(&way, binding)), "42\n", "{binding}: {}", stderr(&psql(&way, binding)));
    }
    assert_eq!(stdout(&psql18(&way)), "42\n", "{}", stderr(&psql18(&way)));
    assert_eq!(stdout(&psycopg(&way)), "42\n", "{}", stderr(&psycopg(&way)));
    assert_eq!(stdout(&asyncpg(&way)), "42\n", "{}", stderr(&asyncpg(&way)));
    // the one target need not be named
    let unnamed = Way { database: way.user.clone(), ..way.clone() };
    assert_eq!(stdout(&psql(&unnamed, "require")), "42\n", "{}", stderr(&psql(&unnamed, "require")));
    // it does not send the password, whatever it is asked for
    let sent = psql(&Way { user: "ann".to_owned(), ..way.clone() }, "prefer");
    assert!(stderr(&sent).contains("not a token"), "{}", stderr(&sent));

    let string = served.site.run_as(SUBJECT, &["token", "--target", "shop", "--format", "pg"]);
    let mut command = Way { password: String::new(), ..way.clone() }.command("psql");
    let by_string = command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    let by_string = by_string.args(["-XAtc", "SELECT 40 + 2", stdout(&string).trim()]).output().unwrap();
    assert_eq!(stdout(&by_string), "42\n", "{}", stderr(&by_string));

    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.ended().success());
    let exported = served.site.run(&["audit", "export", "--config", "postern.toml", "--unseal"]);
    for text in [gateway.log(), stdout(&exported)] {
        assert!(!text.contains(&way.password), "{text}");
    }
    let journal = stdout(&exported);
    assert!(
        journal.contains(r#""type":"credential_issued""#) && journal.contains(r#""credential":"crd_"#),
        "{journal}"
    );
}

#[test]
fn an_access_token_serves_as_the_password_of_any_other_user() {
    let served = Served::new(15, &[]);
    let _gateway = served.site.start();
    let output = served.site.run_as(SUBJECT, &["token", "--target", "shop"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    let token = stdout(&output).trim().to_owned();
    assert!(token.starts_with("pst_at_"), "{token}");
    let way = Way { password: token, ..served.through() };
    assert!(way.works());
    let elsewhere = Way { database: "elsewhere".to_owned(), ..way };
    assert!(stderr(&elsewhere.psql(&["SELECT 1"])).contains("PST-1011"), "{}", stderr(&elsewhere.psql(&["SELECT 1"])));
}

#[test]
fn what_clients_see_of_a_credential_that_is_none() {
    let served = Served::new(18, &[]);
    let config = std::fs::read_to_string(served.site.path("postern.toml")).unwrap();
    let mut gateway = served.site.start();
    let good = way(&served, "shop");
    let revoked = way(&served, "shop");
    revoke(&served, &revoked.user);
    let wrong = Way { password: "wrong".to_owned(), ..way(&served, "shop") };
    let unknown = Way { user: "pst_aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(), ..good.clone() };
    let elsewhere = Way { database: "elsewhere".to_owned(), ..good.clone() };
    let mut said = String::new();
    for (case, way) in
        [("wrong password", &wrong), ("unknown user", &unknown), ("revoked", &revoked), ("another target", &elsewhere)]
    {
        for (client, output) in [("psql", psql(way, "require")), ("psql 18", psql18(way)), ("asyncpg", asyncpg(way))] {
            said.push_str(&format!("{case}, {client}:\n{}", printed(&served, way, &output)));
        }
    }
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.ended().success());

    served.site.write("postern.toml", &config.replace("[gateway]", "[gateway]\ntoken_max = \"1s\""));
    let _gateway = served.site.start();
    let short = way(&served, "shop");
    sleep(Duration::from_millis(1_100));
    for (client, output) in [("psql", psql(&short, "require")), ("asyncpg", asyncpg(&short))] {
        said.push_str(&format!("expired, {client}:\n{}", printed(&served, &short, &output)));
    }
    // it is as old as the machine is slow
    let steady = |said: String, ago| said.replace(&format!("expired {ago} seconds"), "expired N seconds");
    insta::assert_snapshot!((0..60).fold(said, steady));
}

#[test]
fn a_session_ends_soon_after_its_credential_is_revoked() {
    let served = Served::new(18, &[]);
    let _gateway = served.site.start();
    let way = way(&served, "shop");
    let mut command = way.command("psql");
    command.args(["--no-psqlrc", "--command", "SELECT pg_sleep(60)"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let client = command.spawn().unwrap();
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' \
                  AND usename = 'app'";
    let until = |wanted: &str, most: Duration| {
        let begun = Instant::now();
        while served.server.run_sql("postgres", sleeps).unwrap().trim() != wanted {
            assert!(begun.elapsed() < most, "it takes longer than {most:?}");
            sleep(Duration::from_millis(50));
        }
    };
    until("1", Duration::from_secs(20));
    revoke(&served, &way.user);
    let begun = Instant::now();
    let output = client.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(!output.status.success());
    assert!(stderr(&output).contains("revoked"), "{}", stderr(&output));
    until("0", Duration::from_secs(5));
}

#[test]
fn a_token_that_cannot_be_exchanged_says_why() {
    let served = Served::new(18, &[]);
    let _gateway = served.site.start();
    let mut said = String::new();
    for args in [
        &["token", "--target", "nowhere"][..],
        &["token", "--target", "shop", "--format", "mysql"],
        &["token", "--target", "", "--format", "env"],
    ] {
        let output = served.site.run_as(SUBJECT, args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{args:?}");
        said.push_str(&format!("$ postern {}\n{}\n", args.join(" "), stderr(&output)));
    }
    let gateway = format!("https://localhost:{}", served.site.https);
    served.site.write("forged", "a.b.c");
    let args = ["token", "--target", "shop", "--gateway", &gateway, "--ca-file", "state/tls.crt", "--token-file"];
    let output = served.site.run(&[&args[..], &["forged"]].concat());
    said.push_str(&format!("a forged token\n{}\n", stderr(&output)));
    let output = served.site.run_as(SUBJECT, &["token", "--target", "shop"]);
    served.site.write("made", &stdout(&output));
    let output = served.site.run(&[&args[..], &["made"]].concat());
    said.push_str(&format!("a token that was exchanged\n{}\n", stderr(&output)));
    insta::assert_snapshot!(said);
}
