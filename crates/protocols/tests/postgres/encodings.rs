//! A database that is not in UTF-8: what its users write in ASCII, and any value, is as elsewhere; and no name stands for
//! one thing here and for another there.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::Sync;
use postern_testkit::postgres::{Options, Tls};

use crate::gateway::{APP, Gateway};
use crate::raw::{Raw, extended, parse, query};

const RULES: &str = r#"
[[target]]
name     = "latin"
protocol = "postgres"
address  = "127.0.0.1:PORT"
database = "latin"
tls      = "disable"
login    = { user = "app", password = "env:APP" }

[[mask]]
name    = "mail"
columns = ["public.REAL.email"]
kind    = "fixed"

[[rule]]
name   = "everything that can be read"
effect = "allow"
who    = ["group:ci"]
on     = ["target:latin"]
do     = { effects = ["read", "write", "delete", "session"], objects = ["*"] }
"#;

/// In UTF-8 a name is cut to the first of these; in LATIN1 they are two.
fn names() -> [String; 2] {
    ["é".repeat(31), "é".repeat(32)]
}

async fn gateway(version: u32) -> Result<Gateway> {
    let [decoy, real] = names();
    let script = format!(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
        \\connect latin
        SET client_encoding = 'UTF8';
        CREATE TABLE \"{decoy}\" (email text);
        CREATE TABLE \"{real}\" (email text); INSERT INTO \"{real}\" VALUES ('ann@example.com');
        CREATE VIEW v AS SELECT email FROM \"{real}\";
        CREATE TABLE t (name text);
        GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP};"
    );
    let options = Options { version, tls: Tls::Off, script, ..Options::default() };
    Gateway::before(options, &RULES.replace("REAL", &real)).await
}

async fn log_in(gateway: &Gateway) -> Result<Raw> {
    Raw::log_in_with(gateway, &[("user", "bot"), ("database", "latin")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_latin1_database_are_as_elsewhere_on_postgresql_15() -> Result<()> {
    values_of_a_latin1_database_are_as_elsewhere(15).await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_latin1_database_are_as_elsewhere_on_postgresql_18() -> Result<()> {
    values_of_a_latin1_database_are_as_elsewhere(18).await
}

async fn values_of_a_latin1_database_are_as_elsewhere(version: u32) -> Result<()> {
    let gateway = gateway(version).await?;
    let mut raw = log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("INSERT INTO t VALUES ('Müller'), ($$Æsop$$)")]).await?, ["INSERT 0 2", "ready"]);
    let heard = raw.ask(&[query("SELECT name, octet_length(name) FROM t WHERE name ~ 'ü' -- é")]).await?;
    assert_eq!(heard, ["fields name|octet_length", "row Müller|6", "SELECT 1", "ready"]);
    // what LATIN1 has no letter for, the server refuses
    assert_eq!(raw.ask(&[query("SELECT '日本'")]).await?, ["error 22P05", "ready"]);
    Ok(())
}

/// THREAT: what is read here under one name runs there under another.
#[tokio::test(flavor = "multi_thread")]
async fn no_name_is_another_in_a_latin1_database() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = log_in(&gateway).await?;
    for name in names() {
        let text = format!("SELECT upper(email) FROM \"{name}\"");
        assert_eq!(raw.ask(&[query(&text)]).await?, ["error 42501", "ready"], "{name}");
        assert_eq!(raw.ask(&[extended(&text), vec![Sync]].concat()).await?, ["error 42501", "ready"], "{name}");
    }
    Ok(())
}

/// A name that is given by message is the server's to keep, in its own letters, and `EXECUTE` finds it there.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_gives_a_name_that_is_another_in_a_latin1_database() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = log_in(&gateway).await?;
    assert_eq!(raw.ask(&[parse("é", "SELECT 1"), Sync]).await?, ["error 0A000", "ready"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_view_of_a_latin1_database_reads_is_known_however_long_its_names_are() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = log_in(&gateway).await?;
    let heard = raw.ask(&[query("SELECT email FROM v")]).await?;
    assert!(!heard.iter().any(|said| said.contains("ann@")), "{heard:?}");
    Ok(())
}
