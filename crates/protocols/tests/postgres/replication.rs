//! Walsenders through the gateway: who may have one, and what it takes for a command.

mod streams;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use postern_core::journal::{Event, Outcome};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_testkit::postgres::{Options, Tls};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::READS;
use crate::gateway::{APP, Gateway};
use crate::raw::{Raw, describe, extended, parse, query};

/// The target under the name that tools of physical replication say in place of a database.
const NAMED: &str = r#"
[[target]]
name     = "replication"
protocol = "postgres"
address  = "127.0.0.1:PORT"
database = "postgres"
tls      = "disable"
login    = { user = "app", password = "env:APP" }
"#;

const REPLICATES: &str = r#"
[[rule]]
name   = "replicates"
effect = "allow"
who    = ["group:ci"]
on     = ["*"]
do     = { actions = ["postgres.replicate"] }
"#;

const DEFINES: &str = r#"
[[rule]]
name   = "defines"
effect = "allow"
who    = ["group:ci"]
on     = ["*"]
do     = { effects = ["define"], objects = ["*"] }
"#;

const MASK: &str = "[[mask]]\nname = \"mail\"\ncolumns = [\"public.t.email\"]\nkind = \"fixed\"\n";

const DATA: &str = "CREATE TABLE t (id int PRIMARY KEY, email text); INSERT INTO t VALUES (1, 'ann@example.com');
    CREATE TABLE u (id int); CREATE PUBLICATION p FOR TABLE t; ALTER ROLE app REPLICATION;
    GRANT ALL ON SCHEMA public TO app; GRANT ALL ON ALL TABLES IN SCHEMA public TO app";

const IN_NONE: &[(&str, &str)] = &[("user", "bot"), ("database", "shop"), ("replication", "true")];
const IN_SHOP: &[(&str, &str)] = &[("user", "bot"), ("database", "shop"), ("replication", "database")];

async fn house(version: u32, rules: &str) -> Result<Gateway> {
    let settings = [("wal_level", "logical"), ("max_replication_slots", "8"), ("log_connections", "on")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let host_rules = ["all", "replication"].map(|database| format!("host {database} all 127.0.0.1/32 scram-sha-256"));
    let (script, host_rules) = (DATA.to_owned(), host_rules.to_vec());
    let options = Options { version, tls: Tls::Off, script, settings, host_rules, ..Options::default() };
    Gateway::before(options, rules).await
}

async fn refused(gateway: &Gateway, parameters: &[(&str, &str)]) -> Option<String> {
    Raw::log_in_with(gateway, parameters).await.err().map(|error| error.to_string())
}

async fn ask(raw: &mut Raw, text: &str) -> Result<String> {
    raw.ask(&[query(text)]).await.map(|heard| heard.join(", "))
}

/// What it answers, without what differs from run to run.
async fn ask_for_columns(raw: &mut Raw, text: &str) -> Result<String> {
    let heard = raw.ask(&[query(text)]).await?;
    let kinds = heard.iter().map(|one| if one.starts_with("row ") { "row" } else { one });
    Ok(kinds.collect::<Vec<_>>().join(", "))
}

/// What a standby says of how far it is: all of it is written, flushed and applied.
fn status(at: u64) -> Frontend {
    let mut body = BytesMut::new();
    body.put_u8(b'r');
    [at, at, at, 0].into_iter().for_each(|number| body.put_u64(number));
    body.put_u8(0);
    Frontend::CopyData(body.freeze())
}

/// How far the log was when this message of the server was sent, and what it holds.
fn streamed(message: &Backend) -> Result<(u64, Bytes)> {
    let Backend::CopyData(body) = message else { bail!("{message:?} is none of a stream") };
    let number =
        |at: usize| -> Result<u64> { Ok(u64::from_be_bytes(body.get(at..at + 8).context("short")?.try_into()?)) };
    match body.first() {
        Some(b'w') => Ok((number(9)?, body.slice(25..))),
        Some(b'k') => Ok((number(1)?, Bytes::new())),
        kind => bail!("{kind:?} is nothing that a walsender says"),
    }
}

/// Hears a stream until this is in it.
async fn until_streamed(raw: &mut Raw, wanted: &str) -> Result<u64> {
    loop {
        let (at, data) = streamed(&raw.hear().await?)?;
        if String::from_utf8_lossy(&data).contains(wanted) {
            return Ok(at);
        }
    }
}

async fn start(raw: &mut Raw, command: &str) -> Result<()> {
    raw.say(&[query(command)]).await?;
    let heard = raw.hear().await?;
    anyhow::ensure!(matches!(heard, Backend::CopyBothResponse { .. }), "{}", describe(&heard));
    Ok(())
}

const SLOT: &str = "CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL test_decoding";
const LOGICAL: &str = "START_REPLICATION SLOT s LOGICAL 0/0";

/// A stream of changes that has begun.
async fn changes(gateway: &Gateway) -> Result<Raw> {
    changes_by(gateway, "s").await
}

/// The same by a slot of this name: one that is temporary goes some time after its session.
async fn changes_by(gateway: &Gateway, slot: &str) -> Result<Raw> {
    let mut raw = Raw::log_in_with(gateway, IN_SHOP).await?;
    ask(&mut raw, &SLOT.replace(" s ", &format!(" {slot} "))).await?;
    start(&mut raw, &LOGICAL.replace(" s ", &format!(" {slot} "))).await?;
    Ok(raw)
}

fn insert(gateway: &Gateway, id: u32) -> Result<()> {
    gateway.server.run_sql("postgres", &format!("INSERT INTO t VALUES ({id}, 'n{id}@example.com')")).map(drop)
}

fn outcomes(gateway: &Gateway) -> Vec<Outcome> {
    let events = gateway.dwelling.journal.events().into_iter();
    events.filter_map(|event| if let Event::Finished { outcome, .. } = event { Some(outcome) } else { None }).collect()
}

async fn tool(gateway: &Gateway, program: &str, arguments: &[&str]) -> Result<(bool, String)> {
    let mut tool = Command::new(gateway.server.psql()?.with_file_name(program));
    tool.args(["-d", &format!("host=127.0.0.1 port={} user=bot sslmode=disable", gateway.address.port())]);
    tool.args(arguments).env("PGPASSWORD", "token-of-bot").env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    let done = timeout(Duration::from_secs(60), tool.output()).await??;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_a_walsender_whom_no_rule_lets() -> Result<()> {
    let gateway = house(15, &format!("{NAMED}{READS}").replace("target:shop", "*")).await?;
    for parameters in [IN_NONE, IN_SHOP] {
        assert_eq!(refused(&gateway, parameters).await.as_deref(), Some("error 42501"));
    }
    let folder = tempfile::tempdir()?;
    let (done, said) = tool(&gateway, "pg_receivewal", &["-D", &folder.path().to_string_lossy(), "--no-loop"]).await?;
    assert!(!done);
    assert!(said.contains("no rule allows `read` on * (`postgres.replicate`)"), "{said}");
    let journal = gateway.dwelling.journal.text();
    assert_eq!(journal.matches("\"actions\":[\"postgres.replicate\"]").count(), 3, "{journal}");
    // the server was never asked for one
    let log = std::fs::read_to_string(gateway.server.log_file())?;
    assert!(!log.contains("replication connection authorized"), "{log}");
    // the words for none are the server's
    let none = [("user", "bot"), ("database", "shop"), ("replication", "off")];
    let mut raw = Raw::log_in_with(&gateway, &none).await?;
    assert_eq!(ask(&mut raw, "SELECT id FROM t").await?, "fields id, row 1, SELECT 1, ready");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_one_whom_a_mask_binds_unless_a_rule_lifts_it() -> Result<()> {
    let gateway = house(15, &format!("{REPLICATES}{MASK}")).await?;
    for parameters in [IN_NONE, IN_SHOP] {
        assert_eq!(refused(&gateway, parameters).await.as_deref(), Some("error 42501"));
    }
    assert!(gateway.dwelling.journal.text().contains("cannot be proved free of columns that mask `mail` hides"));
    drop(gateway);
    let lifting = REPLICATES.replace("do     =", "with   = { unmask = [\"mail\"] }\ndo     =");
    let gateway = house(15, &format!("{lifting}{MASK}")).await?;
    let mut raw = changes(&gateway).await?;
    insert(&gateway, 2)?;
    until_streamed(&mut raw, "n2@example.com").await?;
    // what the rule does not speak of stays masked
    let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
    assert_eq!(ask(&mut raw, "SELECT email FROM t").await?, "error 42501, ready");
    Ok(())
}

/// A rule for one database opens no walsender that is in none: that one has all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_about_one_database_is_about_changes_in_it() -> Result<()> {
    let narrow =
        REPLICATES.replace("\"postgres.replicate\"] }", "\"postgres.replicate\"], objects = [\"postgres/*\"] }");
    let gateway = house(15, &narrow).await?;
    assert_eq!(refused(&gateway, IN_NONE).await.as_deref(), Some("error 42501"));
    let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
    for text in ["BASE_BACKUP", "START_REPLICATION 0/3000000", "DROP_REPLICATION_SLOT s"] {
        assert_eq!(ask(&mut raw, text).await?, "error 42501, ready", "{text}");
    }
    assert_eq!(ask_for_columns(&mut raw, SLOT).await?, {
        "fields slot_name|consistent_point|snapshot_name|output_plugin, row, CREATE_REPLICATION_SLOT, ready"
    });
    Ok(())
}

/// Texts that a walsender takes for commands, for SQL, or for neither.
const TEXTS: &[&str] = &[
    "IDENTIFY_SYSTEM",
    "\t IDENTIFY_SYSTEM ;",
    "identify_system",
    "IDENTIFY_SYSTEM; SELECT 1",
    "SHOW wal_segment_size",
    "SHOW \"work_mem\"",
    "SHOW TIME ZONE",
    "show time zone",
    "SHOW work_mem; DROP TABLE t",
    "-- comment\nIDENTIFY_SYSTEM",
    "TIMELINE_HISTORY",
    "TIMELINE_HISTORY 1x",
    "BASE_BACKUP (LABEL",
    "BASE_BACKUP LABEL",
    "START_REPLICATION SLOT s LOGICAL 0/0 TIMELINE 1",
    "CREATE_REPLICATION_SLOT s physical",
    "DROP_REPLICATION_SLOT \"s\"\"t\"",
    "READ_REPLICATION_SLOT",
    "'unterminated",
    "SELECT 1",
    "select id from t",
    "BEGIN; SELECT 1; COMMIT",
    "",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_command_and_what_is_sql_is_what_the_server_says() -> Result<()> {
    for version in [15, 18] {
        let gateway = house(version, &format!("{REPLICATES}{READS}")).await?;
        for mode in ["true", "database"] {
            for text in TEXTS {
                let (bot, app) =
                    (format!("user=bot dbname=shop replication={mode}"), format!("user={APP} dbname=postgres"));
                let through = gateway.run_as(&bot, &[text]).await?;
                let direct = gateway.run_directly_as(&format!("{app} replication={mode}"), &[text]).await?;
                let own = |line: &&str| !["LOCATION:", "DETAIL:  PST-"].iter().any(|start| line.starts_with(start));
                let plain = |said: &str| said.lines().filter(own).collect::<Vec<_>>().join("\n");
                assert_eq!(through.out, direct.out, "{version} {mode}: {text}");
                assert_eq!(plain(&through.err), plain(&direct.err), "{version} {mode}: {text}");
            }
        }
    }
    Ok(())
}

/// No text of a client's, nor one of the gateway's own, comes in any other message than a Query.
#[tokio::test(flavor = "multi_thread")]
async fn a_walsender_takes_no_other_messages_than_it_takes_from_anybody() -> Result<()> {
    let gateway = house(15, &format!("{REPLICATES}{READS}")).await?;
    for parameters in [IN_NONE, IN_SHOP] {
        let mut raw = Raw::log_in_with(&gateway, parameters).await?;
        let heard = raw.ask(&[extended("SELECT 1"), vec![Sync]].concat()).await?;
        assert_eq!(heard, ["error 08P01", "ready"]);
        // what comes behind an error is skipped, whatever it is
        raw.say(&[parse("s", "SELECT 1"), query("IDENTIFY_SYSTEM"), Sync]).await?;
        assert_eq!(raw.until_ready(1).await?, ["error 08P01", "ready"]);
        assert_eq!(
            ask_for_columns(&mut raw, "SHOW wal_segment_size").await?,
            "fields wal_segment_size, row, SHOW, ready"
        );
    }
    let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
    raw.stream.write_all(b"F\0\0\0\x0e\0\0\x03\xb8\0\0\0\0\0\0").await?;
    assert_eq!(raw.until_ready(1).await?, ["error 08P01", "ready"]);
    assert_eq!(ask(&mut raw, "SELECT id FROM t").await?, "fields id, row 1, SELECT 1, ready");
    Ok(())
}

/// A table is copied as of where its changes begin: nothing comes between the transaction's begin and its snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn sql_beside_commands_is_decided_like_any_other() -> Result<()> {
    for version in [15, 18] {
        let gateway = house(version, &format!("{REPLICATES}{READS}")).await?;
        let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
        let heard = ask(&mut raw, "BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ").await?;
        assert_eq!(heard, "BEGIN, ready in transaction");
        let slot = "CREATE_REPLICATION_SLOT s LOGICAL pgoutput (SNAPSHOT 'use')";
        let heard = ask_for_columns(&mut raw, slot).await?;
        assert!(heard.ends_with("row, CREATE_REPLICATION_SLOT, ready in transaction"), "{version}: {heard}");
        insert(&gateway, 2)?;
        let heard = ask(&mut raw, "COPY t (id) TO STDOUT").await?;
        assert_eq!(heard, "CopyOutResponse, CopyData, CopyDone, COPY 1, ready in transaction");
        assert_eq!(ask(&mut raw, "SELECT relname FROM pg_authid").await?, "error 42501, ready in failed transaction");
        assert_eq!(ask(&mut raw, "START_REPLICATION 0/0").await?, "error 25P02, ready in failed transaction");
        assert_eq!(ask(&mut raw, "COMMIT").await?, "ROLLBACK, ready");
        assert_eq!(ask(&mut raw, "SELECT count(*) FROM t").await?, "fields count, row 2, SELECT 1, ready");
        start(&mut raw, "START_REPLICATION SLOT s LOGICAL 0/0 (proto_version '1', publication_names 'p')").await?;
        until_streamed(&mut raw, "n2@example.com").await?;
    }
    Ok(())
}

/// A primary knows its standbys by the names that they give themselves; whoever is in a database runs SQL there.
#[tokio::test(flavor = "multi_thread")]
async fn a_walsender_in_a_database_is_named_as_any_session() -> Result<()> {
    let gateway = house(15, &format!("{REPLICATES}{READS}")).await?;
    for (parameters, expected) in [(IN_SHOP, "row postern:bot (dana)"), (IN_NONE, "row dana")] {
        let mut raw = Raw::log_in_with(&gateway, &[parameters, &[("application_name", "dana")]].concat()).await?;
        let heard = ask(&mut raw, "SHOW application_name").await?;
        assert!(heard.contains(expected), "{heard}");
    }
    Ok(())
}

/// What the server is asked of a schema and of a table that are gone is nothing, and no message says so.
#[tokio::test(flavor = "multi_thread")]
async fn structure_is_changed_beside_commands_as_anywhere() -> Result<()> {
    let data = "CREATE TABLE old (id int); ALTER TABLE old OWNER TO app";
    let gateway = house(18, &format!("{REPLICATES}{READS}{DEFINES}")).await?;
    gateway.server.run_sql("postgres", &format!("{data}; GRANT CREATE ON DATABASE postgres TO app"))?;
    let mut raw = Raw::log_in_with(&gateway, IN_SHOP).await?;
    for text in ["CREATE SCHEMA x", "DROP SCHEMA x", "DROP TABLE old"] {
        let heard = ask(&mut raw, text).await?;
        assert!(heard.ends_with(", ready") && !heard.contains("error"), "{text}: {heard}");
        assert_eq!(ask(&mut raw, "SELECT count(*) FROM t").await?, "fields count, row 1, SELECT 1, ready");
    }
    Ok(())
}

/// Files, log and changes, by the tools of the server; the backup is checked against its own manifest.
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_own_tools_copy_files_log_and_changes() -> Result<()> {
    let gateway = house(15, &format!("{NAMED}{REPLICATES}")).await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let backup = path("backup");
    let (done, said) = tool(&gateway, "pg_basebackup", &["-D", &backup, "-X", "stream", "-c", "fast"]).await?;
    assert!(done, "{said}");
    let verified = Command::new(gateway.server.psql()?.with_file_name("pg_verifybackup")).arg(&backup).output().await?;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    let log = path("log");
    std::fs::create_dir(&log)?;
    gateway.server.run_sql("postgres", "SELECT pg_switch_wal()")?;
    let end = gateway.server.run_sql("postgres", "SELECT pg_current_wal_lsn()")?;
    let (done, said) = tool(&gateway, "pg_receivewal", &["-D", &log, "--endpos", end.trim(), "--no-loop"]).await?;
    assert!(done, "{said}");
    assert!(std::fs::read_dir(&log)?.count() > 0);

    let changes = path("changes");
    let connection = format!("host=127.0.0.1 port={} user=bot dbname=shop sslmode=disable", gateway.address.port());
    let logical = ["-d", &connection, "--slot", "s"];
    let (done, said) = tool(&gateway, "pg_recvlogical", &[&logical[..], &["--create-slot"]].concat()).await?;
    assert!(done, "{said}");
    insert(&gateway, 2)?;
    let end = gateway.server.run_sql("postgres", "SELECT pg_current_wal_lsn()")?;
    let start = ["--start", "--no-loop", "--endpos", end.trim(), "-f", &changes];
    let (done, said) = tool(&gateway, "pg_recvlogical", &[&logical[..], &start[..]].concat()).await?;
    assert!(done, "{said}");
    let changes = std::fs::read_to_string(&changes)?;
    assert!(changes.contains("table public.t: INSERT: id[integer]:2 email[text]:'n2@example.com'"), "{changes}");
    let (done, said) = tool(&gateway, "pg_recvlogical", &[&logical[..], &["--drop-slot"]].concat()).await?;
    assert!(done, "{said}");
    Ok(())
}
