//! The injected credential, kept by somebody where statements reach it: by whatever way and in whatever writing it comes
//! back, nothing of it leaves, the session ends, and the journal has an alert.

use anyhow::{Result, ensure};
use postern_core::journal::Event;
use postern_core::mask::echo::Echo;
use postern_core::{Code, Secret};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_protocols::postgres::wire::report::field;
use tokio::time::{Duration, sleep};

use crate::gateway::{Gateway, PASSWORD};
use crate::raw::{Raw, bind, describe, execute, parse, query};

const KEPT: &str = r#"
    CREATE TABLE kept (word text); INSERT INTO kept VALUES ('PASSWORD');
    CREATE FUNCTION verifier() RETURNS text LANGUAGE sql SECURITY DEFINER AS
        $$SELECT rolpassword FROM pg_authid WHERE rolname = 'app'$$;
    CREATE FUNCTION letters() RETURNS SETOF text LANGUAGE sql AS $$SELECT regexp_split_to_table(word, '') FROM kept$$;
    CREATE FUNCTION remarks() RETURNS int LANGUAGE plpgsql AS
        $$BEGIN RAISE NOTICE 'it is %', (SELECT word FROM kept); RETURN 1; END$$;
    CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'no' USING DETAIL = (SELECT word FROM kept); END$$;
    CREATE FUNCTION calls_itself() RETURNS int LANGUAGE plpgsql AS
        $$BEGIN PERFORM set_config('application_name', (SELECT word FROM kept), false); RETURN 1; END$$;
"#;

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete", "define", "grant", "execute", "transfer", "unknown"], objects = ["*"] }
"#;

/// What a cell may make of it.
const WRITINGS: &[&str] = &[
    "word",
    "upper(word)",
    "reverse(word)",
    "'before ' || word || ' after'",
    "encode(word::bytea, 'base64')",
    "encode(('x' || word)::bytea, 'base64')",
    "encode(('xy' || word || 'z')::bytea, 'base64')",
    "encode(word::bytea, 'hex')",
    "encode(word::bytea, 'escape')",
    "word::bytea",
    "to_json(word)",
    "to_jsonb(word)",
    "ARRAY[word, 'x']",
    "ROW(1, word)",
    "json_build_object('a', word)",
    "xmlelement(name a, word)",
    "quote_literal(word)",
    "translate(word, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', 'nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM')",
    "(SELECT string_agg(ascii(c)::text, ',') FROM letters() c)",
    "(SELECT string_agg('%' || to_hex(ascii(c)), '') FROM letters() c)",
    "(SELECT string_agg('\\u00' || to_hex(ascii(c)), '') FROM letters() c)",
    "(SELECT string_agg('&#' || ascii(c) || ';', '') FROM letters() c)",
    // what the server checks it with
    "verifier()",
    "split_part(verifier(), ':', 2)",
];

/// Other ways than a cell.
const WAYS: &[&str] = &[
    "COPY kept TO STDOUT",
    "COPY kept TO STDOUT (FORMAT csv)",
    "COPY kept TO STDOUT (FORMAT binary)",
    "SELECT word::int FROM kept",
    "SELECT remarks()",
    "SELECT fails()",
    "SELECT calls_itself()",
    "SELECT 1 AS \"PASSWORD\"",
    "LISTEN bell; SELECT pg_notify('bell', word) FROM kept",
    "BEGIN; DECLARE c CURSOR FOR TABLE kept; FETCH ALL FROM c",
    "SELECT repeat('x', 99) FROM generate_series(1, 20000) UNION ALL SELECT word FROM kept",
    "INSERT INTO kept SELECT word FROM kept RETURNING word",
];

async fn gateway(version: u32) -> Result<Gateway> {
    Gateway::start(version, &KEPT.replace("PASSWORD", PASSWORD), EVERYTHING).await
}

/// In the extended protocol, results in this format.
fn extended(text: &str, format: i16) -> Vec<Frontend> {
    let mut bound = bind("", "", &[]);
    if let Frontend::Bind { result_formats, .. } = &mut bound {
        *result_formats = vec![format];
    }
    vec![parse("", text), bound, execute(""), Sync]
}

/// How many alerts about it there are.
fn alerts(gateway: &Gateway) -> usize {
    let code = Code::CredentialShown.to_string();
    let alert = |event: &Event| matches!(event, Event::Alert { code: said, .. } if *said == code);
    gateway.dwelling.journal.events().iter().filter(|event| alert(event)).count()
}

/// What a client hears from now on has nothing of it, and ends with a sentence that says so.
async fn ends(gateway: &Gateway, raw: &mut Raw, what: &str) -> Result<()> {
    let (mut heard, mut last) = (Vec::new(), String::new());
    while let Ok(frame) = raw.hear_frame().await {
        heard.extend_from_slice(&frame.raw);
        let message = Backend::decode(&frame)?;
        last = describe(&message);
        if let Backend::ErrorResponse(report) = message {
            let detail = String::from_utf8_lossy(report.field(field::DETAIL).unwrap_or_default()).into_owned();
            let severity = String::from_utf8_lossy(report.field(field::SEVERITY).unwrap_or_default()).into_owned();
            last = format!("{severity} {last} {detail}");
        }
        ensure!(!last.starts_with("ready"), "`{what}` came to its end: {}", heard.escape_ascii());
    }
    assert_eq!(last, "FATAL error 58000 PST-5009.", "`{what}`: {}", heard.escape_ascii());
    assert!(!Echo::of([&Secret::new(PASSWORD)]).within(&heard), "`{what}`: {}", heard.escape_ascii());
    let text = String::from_utf8_lossy(&heard).to_lowercase();
    assert!(!text.contains("inject3d") && !text.contains("scram-sha"), "`{what}`: {text}");
    assert!(!gateway.dwelling.journal.text().contains(PASSWORD), "`{what}`: it is in the journal");
    assert!(!gateway.dwelling.recordings.shown()?.contains(PASSWORD), "`{what}`: it is in the recording");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_shows_the_credential_in_any_writing() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        let mut told = 0;
        for writing in WRITINGS {
            let text = format!("SELECT {writing} FROM kept");
            for messages in [vec![query(&text)], extended(&text, 0), extended(&text, 1)] {
                let mut raw = Raw::log_in(&gateway).await?;
                raw.say(&messages).await?;
                ends(&gateway, &mut raw, &text).await?;
                told += 1;
                assert_eq!(alerts(&gateway), told, "`{text}` on {version}");
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_cells_shows_it_either() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        for (told, way) in WAYS.iter().enumerate() {
            let mut raw = Raw::log_in(&gateway).await?;
            let messages: Vec<_> = way.replace("PASSWORD", PASSWORD).split("; ").map(query).collect();
            for message in &messages {
                // what comes before its end is heard like anything else
                if raw.say(std::slice::from_ref(message)).await.is_err() || message == messages.last().unwrap() {
                    break;
                }
                raw.until_ready(1).await?;
            }
            ends(&gateway, &mut raw, way).await?;
            assert_eq!(alerts(&gateway), told + 1, "`{way}` on {version}");
        }
    }
    Ok(())
}

/// Whoever says nothing hears nothing of it either.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_unasked_is_searched_as_well() -> Result<()> {
    let gateway = gateway(18).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("LISTEN bell")]).await?, ["LISTEN", "ready"]);
    gateway.server.run_sql("postgres", &format!("NOTIFY bell, 'so: {PASSWORD}'"))?;
    ends(&gateway, &mut raw, "NOTIFY").await?;
    assert_eq!(alerts(&gateway), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_greets_with_it_greets_nobody() -> Result<()> {
    let gateway = gateway(18).await?;
    gateway.server.run_sql("postgres", &format!("ALTER ROLE app SET search_path = '{PASSWORD}'"))?;
    let said = Raw::log_in(&gateway).await.err().map(|error| error.to_string());
    assert_eq!(said.as_deref(), Some("error 58000"), "somebody was let in");
    assert_eq!(alerts(&gateway), 1);
    assert!(!gateway.dwelling.journal.text().contains(PASSWORD));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_it_leaves_at_once() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for (text, shown) in [
        ("SELECT left(word, 20) FROM kept", "row s3cret-Inject3d-Pass"),
        ("SELECT right(word, 20) FROM kept", "row et-Inject3d-Passw0rd"),
        ("SELECT left(encode(word::bytea, 'hex'), 40) FROM kept", "row 7333637265742d496e6a65637433642d50617373"),
        ("SELECT length(word) FROM kept", "row 24"),
    ] {
        assert_eq!(raw.ask(&[query(text)]).await?[1], shown);
    }
    assert_eq!(alerts(&gateway), 0);
    Ok(())
}

/// THREAT: a password that is a word would end sessions in which nothing is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_password_opens_sessions_and_is_not_searched_for() -> Result<()> {
    let gateway = gateway(15).await?;
    gateway.server.run_sql("postgres", "ALTER ROLE app PASSWORD 'elevenbytes'")?;
    gateway.dwelling.vault.put("env:APP", "elevenbytes");
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("SELECT 'elevenbytes'")]).await?[1], "row elevenbytes");
    // what the server checks it with is longer
    raw.say(&[query("SELECT verifier()")]).await?;
    ends(&gateway, &mut raw, "the verifier of a short one").await?;
    // one that is rotated to something longer is searched for from the next session on
    gateway.server.run_sql("postgres", "ALTER ROLE app PASSWORD 'twelve-bytes'")?;
    gateway.dwelling.vault.put("env:APP", "twelve-bytes");
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("SELECT 'twelve' || '-' || 'bytes'")]).await?;
    ends(&gateway, &mut raw, "one that was rotated").await
}

/// What a server checks passwords with is for nobody, whatever the rules say and the account may.
#[tokio::test(flavor = "multi_thread")]
async fn where_credentials_are_kept_nobody_reads() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        gateway.server.run_sql(
            "postgres",
            "ALTER ROLE app SUPERUSER; CREATE ROLE other LOGIN PASSWORD 'a password of somebody else';
             CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far;
             CREATE USER MAPPING FOR app SERVER away OPTIONS (password 'a password elsewhere')",
        )?;
        let mut raw = Raw::log_in(&gateway).await?;
        for text in [
            "SELECT rolpassword FROM pg_authid",
            "SELECT rolname FROM pg_authid",
            "TABLE pg_shadow",
            "COPY pg_authid TO STDOUT",
            "COPY (SELECT passwd FROM pg_catalog.pg_shadow) TO STDOUT",
            "SELECT umoptions FROM pg_user_mapping",
            "SELECT * FROM information_schema.user_mapping_options",
            "WITH x AS (SELECT * FROM pg_shadow) SELECT passwd FROM x",
            "SELECT (SELECT passwd FROM pg_shadow LIMIT 1)",
            "UPDATE pg_authid SET rolpassword = NULL WHERE rolname = 'other'",
            "CREATE TABLE copy AS SELECT * FROM pg_authid",
            "CREATE VIEW opened AS SELECT * FROM pg_authid",
            "ALTER TABLE pg_authid ADD COLUMN x int",
            "REINDEX TABLE pg_authid",
        ] {
            assert_eq!(raw.ask(&[query(text)]).await?, ["error 42501", "ready"], "`{text}` on {version}");
        }
        assert_eq!(raw.ask(&[query("SELECT rolname FROM pg_roles WHERE rolname = 'other'")]).await?[1], "row other");
        let sent = gateway.server.statements("app")?;
        assert!(!sent.iter().any(|text| text.contains("passwd") || text.contains("umoptions")), "{sent:?}");
        // what keeps a database in order shows nothing
        assert_eq!(raw.ask(&[query("VACUUM (ANALYZE) pg_catalog.pg_authid")]).await?, ["VACUUM", "ready"]);
        // what a backup has to ask is for whom a rule lets do everything
        let mappings = query("SELECT umoptions FROM pg_user_mappings");
        assert_eq!(raw.ask(&[mappings]).await?[1], "row {\"password=a password elsewhere\"}");
    }
    let reads = EVERYTHING.replace("objects = [\"*\"]", "objects = [\"public.*\"]");
    let gateway = Gateway::start(18, "", &reads).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("SELECT umoptions FROM pg_user_mappings")]).await?, ["error 42501", "ready"]);
    Ok(())
}

/// What runs when it is heard is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_behind_it_is_cancelled() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let mut messages = extended("SELECT word FROM kept", 0);
    messages.splice(3.., [Frontend::Flush, parse("s", "SELECT pg_sleep(60)"), bind("s", "s", &[]), execute("s"), Sync]);
    raw.say(&messages).await?;
    ends(&gateway, &mut raw, "a pipeline").await?;
    let mut tries = 0;
    while gateway.server.run_sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")? != "0" {
        tries += 1;
        assert!(tries < 50, "it sleeps on");
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
