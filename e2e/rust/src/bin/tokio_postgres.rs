//! A day of a program that uses tokio-postgres. It prints what it sees, and goes where libpq's environment says; its argument
//! is the size in megabytes of the largest value.
//!
//! It is run straight to PostgreSQL and through Postern; both must print the same.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _, future, stream};
use postern_e2e_rust::{FAILING, PREPARE, VALUES, megabytes, said};
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio::sync::mpsc;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, IsolationLevel, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

type Heard = mpsc::UnboundedReceiver<AsyncMessage>;
type Done = Result<(), Box<dyn Error>>;

/// A value of any type, as it is on the wire.
#[derive(Debug, Clone)]
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[derive(Debug, ToSql, FromSql, PartialEq)]
#[postgres(name = "mood", rename_all = "lowercase")]
enum Mood {
    Low,
    Fine,
}

#[derive(Debug, ToSql, FromSql)]
#[postgres(name = "pair")]
struct Pair {
    n: i32,
    word: Option<String>,
}

fn show(title: &str, value: impl Debug) {
    println!("{title}: {value:?}");
}

fn attempted<T: Debug>(title: &str, result: Result<T, tokio_postgres::Error>) {
    match result {
        Ok(value) => show(title, value),
        Err(error) => show(title, told(&error)),
    }
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{said:?}"),
        None => error.to_string(),
    }
}

fn authority() -> Result<MakeRustlsConnect, Box<dyn Error>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(said("PGSSLROOTCERT"))?)?;
    Ok(MakeRustlsConnect::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

fn config() -> Config {
    let mut config = Config::new();
    config.host(said("PGHOST")).port(said("PGPORT").parse().expect("a port"));
    config.user(said("PGUSER")).password(said("PGPASSWORD")).dbname(said("PGDATABASE")).ssl_mode(SslMode::Require);
    config.options("-c search_path=day,public");
    config
}

async fn connected(config: &Config) -> Result<(Client, Heard), Box<dyn Error>> {
    let (client, mut connection) = config.connect(authority()?).await?;
    show("version", connection.parameter("server_version"));
    let (sender, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = pin!(stream::poll_fn(move |task| connection.poll_message(task)));
        while let Some(message) = messages.next().await {
            match message {
                Ok(message) => drop(sender.send(message)),
                // what it was told before is heard or not, as it happens
                Err(_) => return println!("the connection ended"),
            }
        }
    });
    Ok((client, heard))
}

async fn types(client: &Client) -> Done {
    for (name, text) in VALUES {
        let read =
            client.prepare(&format!("SELECT '{}'::{name} AS value, NULL::{name}", text.replace('\'', "''"))).await?;
        let column = &read.columns()[0];
        show(name, (column.type_().name(), format!("{:?}", column.type_().kind()).replace(char::is_numeric, "")));
        let row = client.query_one(&read, &[]).await?;
        let value: Raw = row.get(0);
        show("  none", row.get::<_, Option<Raw>>(1).is_none());
        let back = format!("SELECT $1::{name}::text = '{}'::{name}::text, $1::{name}::text", text.replace('\'', "''"));
        attempted(
            "  back",
            client
                .query_one(&back, &[&value])
                .await
                .map(|row| (row.get::<_, Option<bool>>(0), row.get::<_, Option<String>>(1))),
        );
    }
    let row = client
        .query_one(
            "SELECT $1::int8, $2::text, $3::timestamptz, $4::timestamp, $5::date, $6::uuid, $7::jsonb, $8::int4[], $9::hstore, $10::mood, $11::pair, $12::bytea, $13::float4",
            &[&7_i64, &"word", &DateTime::<Utc>::UNIX_EPOCH, &DateTime::UNIX_EPOCH.naive_utc(), &NaiveDate::from_ymd_opt(2024, 2, 29), &uuid::Uuid::from_u128(7),
              &serde_json::json!({"a": [1, null]}), &vec![Some(1), None], &HashMap::from([("k".to_owned(), None::<String>)]), &Mood::Fine,
              &Pair { n: 1, word: None }, &&b"bytes"[..], &1.5_f32],
        )
        .await?;
    show(
        "native",
        (
            row.get::<_, i64>(0),
            row.get::<_, String>(1),
            row.get::<_, DateTime<Utc>>(2),
            row.get::<_, NaiveDateTime>(3),
            row.get::<_, Option<NaiveDate>>(4),
        ),
    );
    show(
        "native",
        (
            row.get::<_, uuid::Uuid>(5),
            row.get::<_, serde_json::Value>(6),
            row.get::<_, Vec<Option<i32>>>(7),
            row.get::<_, HashMap<String, Option<String>>>(8),
        ),
    );
    show("native", (row.get::<_, Mood>(9), row.get::<_, Pair>(10), row.get::<_, Vec<u8>>(11), row.get::<_, f32>(12)));
    attempted("typed", client.query_typed("SELECT $1 + 1, $2", &[(&41_i32, Type::INT4), (&"x", Type::TEXT)]).await);
    let changed = client.execute("UPDATE items SET n = n + $1 WHERE id < $2", &[&1, &4]).await;
    attempted("changed", changed);
    attempted("one of none", client.query_one("SELECT 1 WHERE false", &[]).await);
    attempted("at most one", client.query_opt("SELECT 1 WHERE false", &[]).await);
    let statement =
        client.prepare("SELECT i.id, p.item + 1 AS next FROM items i JOIN parts p ON p.item = i.id").await?;
    show(
        "origin",
        statement
            .columns()
            .iter()
            .map(|column| (column.name(), column.table_oid().is_some(), column.column_id(), column.type_modifier()))
            .collect::<Vec<_>>(),
    );
    Ok(())
}

async fn errors(client: &Client) -> Done {
    for text in FAILING {
        attempted(text, client.simple_query(text).await.map(simply));
        attempted(text, client.query(*text, &[]).await);
        attempted(text, client.query_typed(text, &[]).await);
    }
    attempted("a wrong type", client.query("SELECT $1::int4", &[&"text"]).await);
    attempted("a zero byte", client.query("SELECT $1::text", &[&"a\0b"]).await);
    attempted("too few", client.query_typed("SELECT $1::int4, $2::int4", &[(&1_i32, Type::INT4)]).await);
    attempted("several", client.simple_query("SELECT 1 AS a, NULL AS b; CREATE TEMP TABLE t (n int); INSERT INTO t VALUES (1), (2); SELECT; -- nothing").await.map(simply));
    attempted("none", client.simple_query("").await.map(simply));
    let statement = client.prepare("SELECT * FROM items WHERE id = $1").await?;
    client.batch_execute("ALTER TABLE items ADD later int").await?;
    attempted("a plan that changed", client.query(&statement, &[&1]).await);
    client.batch_execute("ALTER TABLE items DROP later").await?;
    attempted("and back", client.query(&statement, &[&1]).await);
    show(
        "at the server",
        client
            .query_one("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'FROM items WHERE id'", &[])
            .await?,
    );
    drop(statement);
    show(
        "dropped",
        client
            .query_one("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'FROM items WHERE id'", &[])
            .await?,
    );
    let statement = client.prepare("SELECT 1").await?;
    client.batch_execute("DEALLOCATE ALL").await?;
    attempted("deallocated", client.query(&statement, &[]).await);
    client.clear_type_cache();
    attempted("types again", client.query_one("SELECT 'fine'::mood", &[]).await.map(|row| row.get::<_, Mood>(0)));
    Ok(())
}

fn simply(messages: Vec<SimpleQueryMessage>) -> Vec<String> {
    let one = |message| match message {
        SimpleQueryMessage::Row(row) => {
            format!("{:?}", (0..row.len()).map(|column| row.get(column)).collect::<Vec<_>>())
        }
        SimpleQueryMessage::CommandComplete(rows) => rows.to_string(),
        SimpleQueryMessage::RowDescription(columns) => {
            format!("{:?}", columns.iter().map(|column| column.name()).collect::<Vec<_>>())
        }
        _ => "another".to_owned(),
    };
    messages.into_iter().map(one).collect()
}

async fn pipelines(client: &Client) -> Done {
    let double = client.prepare("SELECT $1::int4 * 2").await?;
    let numbers: Vec<i32> = (0..200).collect();
    let asked = numbers
        .iter()
        .map(|number| async { Ok::<i32, tokio_postgres::Error>(client.query_one(&double, &[number]).await?.get(0)) });
    show("at once", future::try_join_all(asked).await?.iter().sum::<i32>());
    let texts = [
        "SELECT 1",
        "SELECT 1/0",
        "SELECT nothing",
        "SELECT pg_sleep(0.05)",
        "SELECT 2",
        "BEGIN",
        "SELECT 1/0",
        "SELECT 3",
        "ROLLBACK",
        "SELECT 4",
    ];
    for (text, answer) in texts.iter().zip(future::join_all(texts.iter().map(|text| client.simple_query(text))).await) {
        attempted(text, answer.map(simply));
    }
    for (text, answer) in texts.iter().zip(future::join_all(texts.iter().map(|text| client.query(*text, &[]))).await) {
        attempted(text, answer);
    }
    // whoever asked may be gone before the answer is there
    for _ in 0..3 {
        let _ = tokio::time::timeout(Duration::from_millis(1), client.query("SELECT pg_sleep(0.02)", &[])).await;
    }
    show("after those", client.query_one("SELECT 5", &[]).await?);
    Ok(())
}

async fn transactions(client: &mut Client) -> Done {
    let mut outer = client.transaction().await?;
    outer.execute("INSERT INTO items VALUES (30)", &[]).await?;
    let inner = outer.savepoint("place").await?;
    attempted("again", inner.execute("INSERT INTO items VALUES (30)", &[]).await);
    attempted("failed", inner.query("SELECT 1", &[]).await);
    inner.rollback().await?;
    drop(outer.transaction().await?);
    let portal = outer.bind("SELECT n FROM generate_series(1, $1::int4) n", &[&10]).await?;
    for rows in [3, 3, 0] {
        show("portal", outer.query_portal(&portal, rows).await?.iter().map(|row| row.get(0)).collect::<Vec<i32>>());
    }
    attempted("portal at its end", outer.query_portal(&portal, 1).await);
    outer.commit().await?;
    drop(client.transaction().await?);
    show("kept", client.execute("DELETE FROM items WHERE id = 30", &[]).await?);
    let strict = client
        .build_transaction()
        .isolation_level(IsolationLevel::Serializable)
        .read_only(true)
        .deferrable(true)
        .start()
        .await?;
    show("level", strict.query_one("SHOW transaction_isolation", &[]).await?.get::<_, String>(0));
    attempted("read only", strict.execute("DELETE FROM items", &[]).await);
    attempted("commit of a failed one", strict.commit().await);
    let deferred = client.transaction().await?;
    deferred.batch_execute("SET CONSTRAINTS ALL DEFERRED; INSERT INTO parts VALUES (9, 99)").await?;
    attempted("deferred", deferred.commit().await);
    Ok(())
}

async fn copies(client: &Client) -> Done {
    client.batch_execute("CREATE TABLE copied (id int4 PRIMARY KEY, word text, at timestamptz)").await?;
    let mut sink = pin!(client.copy_in("COPY copied FROM STDIN").await?);
    for chunk in ["1\tone\t\\N\n2\ttw", "o\t\\N\n", "3\t\\N\t2000-01-01Z\n"] {
        sink.send(Bytes::from_static(chunk.as_bytes())).await?;
    }
    attempted("in", sink.finish().await);
    let mut sink = pin!(client.copy_in("COPY copied FROM STDIN").await?);
    sink.send(Bytes::from_static(b"x\ty\tz\n")).await?;
    attempted("bad", sink.finish().await);
    {
        let mut dropped = Box::pin(client.copy_in("COPY copied FROM STDIN").await?);
        dropped.send(Bytes::from_static(b"4\tfour\t\\N\n")).await?;
    }
    attempted("after a dropped one", client.query("SELECT count(*) FROM copied", &[]).await);
    let sink = client.copy_in("COPY copied FROM STDIN (FORMAT binary)").await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::INT4, Type::TEXT, Type::TIMESTAMPTZ]));
    for number in 100..2100_i32 {
        writer.as_mut().write(&[&number, &format!("word {number}"), &None::<DateTime<Utc>>]).await?;
    }
    attempted("binary in", writer.finish().await);
    let read = client.copy_out("COPY (SELECT id, word FROM copied ORDER BY id) TO STDOUT (FORMAT binary)").await?;
    let rows: Vec<_> = BinaryCopyOutStream::new(read, &[Type::INT4, Type::TEXT]).try_collect().await?;
    show(
        "binary out",
        (rows.len(), rows.last().map(|row| (row.get::<i32>(0), row.get::<Option<&str>>(1).map(str::to_owned)))),
    );
    let text: Vec<Bytes> =
        client.copy_out("COPY (SELECT * FROM copied WHERE id < 10 ORDER BY id) TO STDOUT").await?.try_collect().await?;
    show("out", text);
    let failing = client.copy_out("COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT").await?;
    attempted("fails underway", failing.try_collect::<Vec<Bytes>>().await);
    attempted("no copy", client.copy_out("SELECT 1").await.map(|_| ()));
    Ok(())
}

async fn noticed(client: &Client, heard: &mut Heard) -> Done {
    let (other, _other_heard) = connected(&config()).await?;
    let number: i32 = other.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    client.batch_execute("LISTEN news; DO $$ BEGIN RAISE NOTICE 'one' USING detail = 'd'; RAISE WARNING 'two' USING hint = 'h'; END $$").await?;
    other.batch_execute("NOTIFY news, 'first'; NOTIFY news, 'second'").await?;
    other.execute("SELECT pg_notify('news', $1)", &[&"grüße"]).await?;
    for _ in 0..5 {
        match heard.recv().await {
            Some(AsyncMessage::Notification(one)) => {
                show("notification", (one.channel(), one.payload(), one.process_id() == number))
            }
            Some(AsyncMessage::Notice(one)) => show("notice", one),
            Some(_) | None => show("notice", "something else"),
        }
    }
    Ok(client.batch_execute("UNLISTEN *").await?)
}

async fn cancelled(client: &Client) -> Done {
    let token = client.cancel_token();
    let asleep = client.query("SELECT pg_sleep(60)", &[]);
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(authority().expect("an authority")).await
    };
    let (answer, sent) = future::join(asleep, cancel).await;
    attempted("cancelled", answer);
    attempted("sent", sent);
    client.batch_execute("SET statement_timeout = 50").await?;
    attempted("timeout", client.simple_query("SELECT pg_sleep(5)").await.map(simply));
    client.batch_execute("RESET statement_timeout").await?;
    let (doomed, _heard) = connected(&config()).await?;
    let number: i32 = doomed.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    client.execute("SELECT pg_terminate_backend($1)", &[&number]).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    attempted("ended", doomed.query("SELECT 1", &[]).await);
    show("closed", doomed.is_closed());
    Ok(())
}

async fn connections() -> Done {
    let mut chosen = config();
    chosen
        .application_name("a day")
        .options("-c work_mem=3MB -c statement_timeout=5000")
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    chosen
        .channel_binding(ChannelBinding::Prefer)
        .keepalives_idle(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(30));
    let (client, _heard) = connected(&chosen).await?;
    let asked =
        "SELECT current_setting('application_name'), current_setting('work_mem'), current_setting('statement_timeout')";
    attempted("settings", client.simple_query(asked).await.map(simply));
    let mut readers = config();
    readers.target_session_attrs(TargetSessionAttrs::ReadOnly);
    match readers.connect(authority()?).await {
        Ok(_) => show("read only", "connected"),
        Err(error) => show("read only", (error.to_string(), error.source().map(ToString::to_string))),
    }
    Ok(())
}

async fn large(client: &Client) -> Done {
    let bytes = vec![7_u8; megabytes() * 1024 * 1024];
    let row = client.query_one("SELECT length($1::bytea), md5($1::bytea), $1::bytea", &[&bytes]).await?;
    show("bytes", (row.get::<_, i32>(0), row.get::<_, String>(1), row.get::<_, &[u8]>(2) == bytes));
    let mut rows = pin!(
        client
            .query_raw("SELECT repeat('x', 1000) FROM generate_series(1, $1)", [i32::try_from(bytes.len() / 1024)?])
            .await?
    );
    let mut length = 0;
    while let Some(row) = rows.try_next().await? {
        length += row.get::<_, &str>(0).len();
    }
    show("many rows", (length, rows.rows_affected()));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (mut client, mut heard) = connected(&config()).await?;
    client.batch_execute(PREPARE).await?;
    while let Ok(message) = heard.try_recv() {
        if let AsyncMessage::Notice(notice) = message {
            show("notice", notice.message());
        }
    }
    types(&client).await?;
    errors(&client).await?;
    pipelines(&client).await?;
    transactions(&mut client).await?;
    copies(&client).await?;
    while heard.try_recv().is_ok() {}
    noticed(&client, &mut heard).await?;
    cancelled(&client).await?;
    connections().await?;
    large(&client).await?;
    client.batch_execute("DROP SCHEMA day CASCADE").await?;
    println!("the end");
    Ok(())
}
