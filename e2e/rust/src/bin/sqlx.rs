//! A day of a program that uses sqlx: migrations, queries of every kind, copies, notifications, a pool. It prints what it sees,
//! and goes where libpq's environment says.
//!
//! It is run straight to PostgreSQL and through Postern; both must print the same.

use std::error::Error;
use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::TryStreamExt as _;
use postern_e2e_rust::{FAILING, PREPARE, VALUES};
use sqlx::migrate::Migrator;
use sqlx::postgres::types::{PgInterval, PgRange};
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgListener, PgPool, PgPoolOptions, PgRow, PgValueFormat};
use sqlx::types::{BigDecimal, Json, Uuid};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection, Row as _, SqlSafeStr as _, TypeInfo as _,
};

type Done = Result<(), Box<dyn Error>>;

#[derive(Debug, sqlx::Type)]
#[sqlx(type_name = "mood", rename_all = "lowercase")]
enum Mood {
    Low,
    Fine,
}

#[derive(Debug, sqlx::Type)]
#[sqlx(type_name = "pair")]
struct Pair {
    n: i32,
    word: Option<String>,
}

#[derive(Debug, sqlx::FromRow)]
#[expect(dead_code, reason = "it is printed")]
struct Item {
    id: i32,
    word: String,
    n: Option<i32>,
}

fn show(title: &str, value: impl Debug) {
    println!("{title}: {value:?}");
}

fn attempted<T: Debug>(title: &str, result: Result<T, sqlx::Error>) {
    match result {
        Ok(value) => show(title, value),
        Err(error) => show(title, told(&error)),
    }
}

fn told(error: &sqlx::Error) -> String {
    match error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) {
        Some(said) => format!("{said:?}"),
        None => error.to_string(),
    }
}

fn cells(row: &PgRow) -> Vec<String> {
    let cell = |column: usize| {
        let value = row.try_get_raw(column).expect("a column");
        let bytes = value.as_bytes().map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let format = if value.format() == PgValueFormat::Binary { "binary" } else { "text" };
        format!(
            "{} {} {format} {}",
            row.column(column).name(),
            row.column(column).type_info().name(),
            bytes.unwrap_or_else(|_| "none".to_owned())
        )
    };
    (0..row.len()).map(cell).collect()
}

async fn migrations(pool: &PgPool) -> Done {
    let migrator = Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))).await?;
    let done = "SELECT version, description, success, encode(checksum, 'hex') FROM _sqlx_migrations ORDER BY version";
    migrator.run(pool).await?;
    migrator.run(pool).await?;
    for row in sqlx::query(done).fetch_all(pool).await? {
        show("migration", cells(&row));
    }
    attempted(
        "used",
        sqlx::query_as::<_, (String, String)>(
            "SELECT name, greeted(name) FROM people WHERE temper = 'fine' ORDER BY id",
        )
        .fetch_all(pool)
        .await,
    );
    migrator.undo(pool, 1).await?;
    attempted("undone", sqlx::query("SELECT temper FROM people").fetch_all(pool).await.map(|rows| rows.len()));
    sqlx::query("UPDATE _sqlx_migrations SET checksum = '\\x00'").execute(pool).await?;
    show("changed since", migrator.run(pool).await.map_err(|error| error.to_string()));
    Ok(sqlx::raw_sql("DROP TABLE people; DROP TABLE _sqlx_migrations").execute(pool).await.map(drop)?)
}

async fn types(connection: &mut PgConnection) -> Done {
    // the number of the element's type stands in the binary form of arrays
    for (name, text) in VALUES.iter().filter(|(name, _)| !["mood[]", "pair[]"].contains(name)) {
        let literal = text.replace('\'', "''");
        let simply = format!("SELECT '{literal}'::{name} AS value, NULL::{name} AS none");
        attempted(name, connection.fetch_one(AssertSqlSafe(simply.clone())).await.map(|row| cells(&row)));
        attempted(name, sqlx::query(AssertSqlSafe(simply)).fetch_one(&mut *connection).await.map(|row| cells(&row)));
    }
    let row = sqlx::query("SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e, $6 AS f, $7 AS g, $8 AS h, $9 AS i, $10 AS j, $11 AS k, $12 AS l")
        .bind(7_i64)
        .bind("word")
        .bind(DateTime::<Utc>::UNIX_EPOCH)
        .bind(NaiveDate::from_ymd_opt(2024, 2, 29))
        .bind(Uuid::from_u128(7))
        .bind(Json(vec![1, 2]))
        .bind("12.3400".parse::<BigDecimal>()?)
        .bind(PgInterval { months: 1, days: 2, microseconds: 3 })
        .bind(PgRange::from(1..5))
        .bind(vec![Some(1_i32), None])
        .bind(Mood::Fine)
        .bind(Pair { n: 1, word: None })
        .fetch_one(&mut *connection)
        .await?;
    show("bound", cells(&row));
    show(
        "read",
        (
            row.get::<BigDecimal, _>("g"),
            row.get::<PgRange<i32>, _>("i"),
            row.get::<Vec<Option<i32>>, _>("j"),
            row.get::<Mood, _>("k"),
            row.get::<Pair, _>("l"),
        ),
    );
    attempted(
        "moods",
        sqlx::query_scalar::<_, Vec<Mood>>("SELECT ARRAY['low', 'fine']::mood[]").fetch_one(&mut *connection).await,
    );
    attempted(
        "low",
        sqlx::query_scalar::<_, bool>("SELECT $1 < 'fine'::mood").bind(Mood::Low).fetch_one(&mut *connection).await,
    );
    attempted(
        "items",
        sqlx::query_as::<_, Item>("SELECT * FROM items WHERE id <= $1 ORDER BY id")
            .bind(3)
            .fetch_all(&mut *connection)
            .await,
    );
    let rows: Vec<i32> = sqlx::query_scalar::<_, i32>("SELECT n FROM generate_series(1, $1) n")
        .bind(2000)
        .fetch(&mut *connection)
        .try_collect()
        .await?;
    show("streamed", rows.iter().sum::<i32>());
    // what the query macros ask of a server
    for text in [
        "SELECT i.id, p.item, n + 1 AS next FROM items i LEFT JOIN parts p ON p.item = i.id WHERE word = $1",
        "UPDATE items SET n = $1 RETURNING *",
        "DELETE FROM parts",
        "SELECT nothing",
    ] {
        let described = connection.describe(AssertSqlSafe(text).into_sql_str()).await;
        attempted(
            text,
            described.map(|of| {
                format!(
                    "{:?} {:?} {:?}",
                    of.columns
                        .iter()
                        .map(|column| (column.name().to_owned(), column.type_info().name().to_owned()))
                        .collect::<Vec<_>>(),
                    of.parameters,
                    of.nullable
                )
            }),
        );
    }
    Ok(())
}

async fn errors(connection: &mut PgConnection) -> Done {
    for text in FAILING {
        attempted(text, sqlx::query(*text).execute(&mut *connection).await.map(|done| done.rows_affected()));
        attempted(text, connection.execute(*text).await.map(|done| done.rows_affected()));
    }
    attempted(
        "several",
        sqlx::raw_sql("CREATE TEMP TABLE t (n int4); INSERT INTO t VALUES (1), (2); UPDATE t SET n = 3")
            .execute(&mut *connection)
            .await
            .map(|done| done.rows_affected()),
    );
    attempted("none", sqlx::query_scalar::<_, i32>("SELECT 1 WHERE false").fetch_one(&mut *connection).await);
    for round in 0..3 {
        attempted(
            "kept statement",
            sqlx::query("SELECT * FROM items WHERE id = $1")
                .bind(1)
                .fetch_one(&mut *connection)
                .await
                .map(|row| cells(&row)),
        );
        let change =
            if round == 0 { "ALTER TABLE items ADD later int4" } else { "ALTER TABLE items DROP IF EXISTS later" };
        sqlx::raw_sql(change).execute(&mut *connection).await?;
    }
    connection.clear_cached_statements().await?;
    attempted(
        "statements",
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_prepared_statements").fetch_one(&mut *connection).await,
    );
    Ok(())
}

async fn transactions(connection: &mut PgConnection) -> Done {
    let mut outer = connection.begin().await?;
    sqlx::query("INSERT INTO items VALUES (30, 'thirty', 1)").execute(&mut *outer).await?;
    {
        let mut inner = outer.begin().await?;
        attempted(
            "again",
            sqlx::query("INSERT INTO items VALUES (30)").execute(&mut *inner).await.map(|done| done.rows_affected()),
        );
        attempted("failed", sqlx::query("SELECT 1").execute(&mut *inner).await.map(|done| done.rows_affected()));
    }
    attempted(
        "afterwards",
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM items WHERE id = 30").fetch_one(&mut *outer).await,
    );
    outer.commit().await?;
    drop(connection.begin().await?);
    attempted(
        "deleted",
        sqlx::query("DELETE FROM items WHERE id = 30").execute(&mut *connection).await.map(|done| done.rows_affected()),
    );
    let serial = connection.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY").await?;
    serial.rollback().await?;
    let mut deferred = connection.begin().await?;
    sqlx::raw_sql("SET CONSTRAINTS ALL DEFERRED; INSERT INTO parts VALUES (9, 99)").execute(&mut *deferred).await?;
    attempted("deferred", deferred.commit().await);
    Ok(())
}

async fn copies(connection: &mut PgConnection) -> Done {
    sqlx::raw_sql("CREATE TABLE copied (id int4 PRIMARY KEY, word text)").execute(&mut *connection).await?;
    let mut copy = connection.copy_in_raw("COPY copied FROM STDIN (FORMAT csv)").await?;
    show("textual", (copy.is_textual(), copy.num_columns()));
    copy.send(&b"1,one\n2,"[..]).await?;
    copy.send(&b"two\n"[..]).await?;
    attempted("in", copy.finish().await);
    let mut copy = connection.copy_in_raw("COPY copied FROM STDIN").await?;
    copy.send(&b"3\tthree\n"[..]).await?;
    attempted("aborted", copy.abort("never mind").await);
    let mut copy = connection.copy_in_raw("COPY copied FROM STDIN").await?;
    copy.send(&b"x\ty\n"[..]).await?;
    attempted("bad", copy.finish().await);
    let out: Vec<u8> = connection
        .copy_out_raw("COPY copied TO STDOUT")
        .await?
        .try_fold(Vec::new(), async |mut all, chunk| {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await?;
    show("out", String::from_utf8(out)?);
    attempted("nowhere", connection.copy_in_raw("COPY nowhere FROM STDIN").await.map(drop));
    Ok(())
}

async fn notifications(pool: &PgPool) -> Done {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all(["news", "More News"]).await?;
    sqlx::query("SELECT pg_notify('news', $1), pg_notify('More News', '')").bind("grüße").execute(pool).await?;
    for _ in 0..2 {
        let heard = listener.recv().await?;
        show("heard", (heard.channel(), heard.payload()));
    }
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query ~ '^LISTEN' AND pid <> pg_backend_pid()";
    attempted("ended", sqlx::query_scalar::<_, i64>(ended).fetch_one(pool).await);
    show("lost", listener.try_recv().await?.is_none());
    sqlx::query("NOTIFY news, 'again'").execute(pool).await?;
    show("heard", listener.recv().await?.payload());
    listener.unlisten_all().await?;
    Ok(())
}

async fn pools(options: &PgConnectOptions) -> Done {
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(20))
        .connect_with(options.clone().statement_cache_capacity(2))
        .await?;
    let asked = (0..20).map(|number| {
        let pool = pool.clone();
        async move {
            sqlx::query_scalar::<_, i32>(AssertSqlSafe(format!("SELECT $1 + {number}")))
                .bind(number)
                .fetch_one(&pool)
                .await
        }
    });
    show("many", futures_util::future::try_join_all(asked).await?);
    let mut one = pool.acquire().await?;
    let number: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *one).await?;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(number).execute(&pool).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    attempted("ended", sqlx::query("SELECT 1").execute(&mut *one).await.map(|done| done.rows_affected()));
    drop(one);
    attempted("another", sqlx::query_scalar::<_, i32>("SELECT 2").fetch_one(&pool).await);
    // whoever asked may be gone before the answer is there
    let _ = tokio::time::timeout(Duration::from_millis(20), sqlx::query("SELECT pg_sleep(0.2)").execute(&pool)).await;
    attempted("after that", sqlx::query_scalar::<_, i32>("SELECT 3").fetch_one(&pool).await);
    attempted(
        "as connected",
        sqlx::query_as::<_, (String, String)>(
            "SELECT current_setting('application_name'), current_setting('work_mem')",
        )
        .fetch_one(&pool)
        .await,
    );
    pool.close().await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let options =
        PgConnectOptions::new().application_name("a day").options([("search_path", "day,public"), ("work_mem", "3MB")]);
    let pool = PgPoolOptions::new().max_connections(3).connect_with(options.clone()).await?;
    sqlx::raw_sql(PREPARE).execute(&pool).await?;
    migrations(&pool).await?;
    let mut connection = PgConnection::connect_with(&options).await?;
    types(&mut connection).await?;
    errors(&mut connection).await?;
    transactions(&mut connection).await?;
    copies(&mut connection).await?;
    connection.close().await?;
    notifications(&pool).await?;
    pools(&options).await?;
    sqlx::raw_sql("DROP SCHEMA day CASCADE").execute(&pool).await?;
    pool.close().await;
    println!("the end");
    Ok(())
}
