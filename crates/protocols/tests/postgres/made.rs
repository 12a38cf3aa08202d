//! What is made of masked values where nobody sees it: by views, by generated columns, in what `EXPLAIN` runs.

use anyhow::Result;

use crate::gateway::Gateway;
use crate::raw::{Raw, query};

const DATA: &str = r#"
    CREATE TABLE people (
        id int PRIMARY KEY, email text, secret text, tags text[], n int, card text,
        back text GENERATED ALWAYS AS (reverse(card)) STORED, front text GENERATED ALWAYS AS (left(card, 8)) STORED,
        thousands int GENERATED ALWAYS AS (n % 1000 * 1000) STORED);
    INSERT INTO people VALUES (1, 'abcdefgh@example.com', 'Hush', '{qualm}', 123457, 'QWERTYUIOPASDFGH');
    CREATE TABLE orders (item text);
    INSERT INTO orders VALUES ('apple');
    CREATE VIEW turned AS SELECT id, lpad(substr(email, 1, 4), 8, 'x') AS a, email AS whole, n * 1000 AS thousands FROM people;
    CREATE VIEW again AS SELECT a, whole FROM turned;
    CREATE VIEW counted AS SELECT id, generate_series(1, ascii(secret)) AS x FROM people;
    CREATE VIEW recounted AS SELECT id FROM counted;
    CREATE EXTENSION citext;
    CREATE VIEW own AS SELECT id, regexp_split_to_table(secret::citext, 'u'::citext) AS x FROM people;
    CREATE VIEW single AS SELECT id, split_part(secret::citext, 'u'::citext, 1) AS x FROM people;
    CREATE MATERIALIZED VIEW stored AS SELECT id, regexp_matches(secret, '^H') AS x FROM people;
"#;

const RULES: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete", "define", "execute"], objects = ["*"] }

[[mask]]
name       = "partly"
columns    = ["public.people.{email,card}"]
kind       = "partial"
keep_last  = 4
predicates = "MODE"

[[mask]]
name       = "roughly"
columns    = ["public.people.n"]
kind       = "bucket"
size       = 1000
predicates = "MODE"

[[mask]]
name       = "wholly"
columns    = ["public.people.{secret,tags}"]
kind       = "fixed"
predicates = "MODE"
"#;

async fn gateways() -> Result<Vec<Gateway>> {
    let mut all = Vec::new();
    for (version, mode) in [(15, "deny"), (18, "mask")] {
        all.push(Gateway::start(version, DATA, &RULES.replace("MODE", mode)).await?);
    }
    Ok(all)
}

/// What comes of a text: the cells of each row, or the refusal.
async fn said(gateway: &Gateway, text: &str) -> Result<Vec<String>> {
    Raw::log_in(gateway).await?.ask(&[query(text)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_made_of_a_value_nothing_is_shown() -> Result<()> {
    for gateway in gateways().await? {
        for (text, shown, hidden) in [
            ("SELECT whole FROM turned", ".com", "abcd"),
            ("SELECT whole FROM again", ".com", "abcd"),
            ("SELECT a FROM turned", "***", "abcd"),
            ("SELECT a FROM again", "***", "abcd"),
            ("SELECT right(a, 4) FROM turned", "***", "abcd"),
            ("SELECT thousands FROM turned", "", "123457000"),
            ("SELECT back FROM people", "***", "REWQ"),
            ("SELECT front FROM people", "***", "TYUI"),
            ("SELECT thousands FROM people", "", "457000"),
            ("SELECT card FROM people", "DFGH", "QWER"),
            ("COPY (SELECT a, thousands FROM turned) TO STDOUT", "", "abcd"),
            (
                "CREATE TEMP VIEW mine AS SELECT lpad(substr(email, 1, 4), 8, 'x') AS a FROM people; SELECT a FROM mine",
                "",
                "abcd",
            ),
        ] {
            let heard = said(&gateway, text).await?.join("\n");
            assert!(heard.contains(shown) && !heard.contains(hidden), "{text}: {heard}");
        }
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(&[query("CREATE TEMP VIEW mine AS SELECT lpad(substr(email, 1, 4), 8, 'x') AS a FROM people")]).await?;
        let heard = raw.ask(&[query("SELECT a FROM mine")]).await?.join("\n");
        assert!(heard.contains("***") && !heard.contains("abcd"), "{heard}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_rows_tells_of_no_value() -> Result<()> {
    for gateway in gateways().await? {
        for text in [
            "CREATE TEMP VIEW v AS SELECT id, generate_series(1, ascii(secret)) AS x FROM people",
            "CREATE TEMP VIEW v AS SELECT id, string_to_table(secret, 'u') FROM people",
            "CREATE TEMP VIEW v AS SELECT id, unnest(array_fill(1, ARRAY[ascii(secret)])) FROM people",
            "CREATE MATERIALIZED VIEW v AS SELECT id, unnest(tags) FROM people",
            "SELECT count(*) FROM counted",
            "SELECT id, count(*) FROM counted GROUP BY id",
            "SELECT count(*) FROM recounted",
            "SELECT id FROM stored",
            "SELECT count(*) FROM own",
            "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM counted",
            "EXPLAIN (ANALYZE) SELECT id FROM counted",
        ] {
            let heard = said(&gateway, text).await?.join("\n");
            assert!(heard.contains("error 42501"), "{text}: {heard}");
        }
        assert_eq!(said(&gateway, "SELECT count(*) FROM single").await?.join(" "), "fields count row 1 SELECT 1 ready");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_explain_runs_tells_of_no_value() -> Result<()> {
    for gateway in gateways().await? {
        for text in [
            "EXPLAIN (ANALYZE) SELECT p, ctid, generate_series(1, ascii(substr(secret, 1, 1))) FROM ONLY people p WHERE id = 1",
            "EXPLAIN (ANALYZE) SELECT generate_series(1, ascii(secret)) FROM ONLY people TABLESAMPLE bernoulli(100)",
            "EXPLAIN (ANALYZE) SELECT generate_series(1, ascii(tags[1])) FROM people",
            "EXPLAIN (ANALYZE) SELECT set_config('my.x', tags[1], false) FROM people",
            "EXPLAIN (ANALYZE) SELECT set_config('my.x', p.secret, false) FROM people p TABLESAMPLE bernoulli(100)",
            "EXPLAIN (ANALYZE) SELECT p, ctid, coalesce(nullif(secret, 'Hush'), (SELECT item FROM orders LIMIT 1)) FROM people p",
            "EXPLAIN (ANALYZE) SELECT 1 / (ascii(tags[1]) - 113) FROM people",
            "EXPLAIN (ANALYZE) DECLARE c CURSOR FOR SELECT ctid, p, set_config('my.x', secret, false) FROM ONLY people p",
            "EXPLAIN (ANALYZE) WITH d AS (DELETE FROM people RETURNING secret) SELECT generate_series(1, ascii(secret)) FROM d",
            "EXPLAIN (ANALYZE) UPDATE people SET id = 2 RETURNING coalesce(nullif(secret, 'x'), (SELECT item FROM orders))",
        ] {
            let heard = said(&gateway, text).await?.join("\n");
            assert!(heard.contains("error 42501"), "{text}: {heard}");
        }
        for text in [
            "EXPLAIN (ANALYZE) SELECT * FROM people",
            "EXPLAIN (ANALYZE) SELECT id, secret, tags, email FROM people WHERE id = 1",
            "EXPLAIN (ANALYZE) SELECT id, upper(email), length(secret) FROM people WHERE id = 1",
            "EXPLAIN (ANALYZE) SELECT id, count(*) FROM people GROUP BY id",
            "EXPLAIN (ANALYZE) SELECT id, secret, email, count(*) FROM people GROUP BY id ORDER BY id",
            "EXPLAIN SELECT p.id, p.secret, count(*) FROM people p, orders o GROUP BY 1",
            "EXPLAIN (ANALYZE) UPDATE orders SET item = upper(item) RETURNING item || 'x'",
            "EXPLAIN SELECT tags[1] FROM people",
        ] {
            let heard = said(&gateway, text).await?.join("\n");
            assert!(!heard.contains("error"), "{text}: {heard}");
        }
        // an asterisk is the 42nd character
        let counted = "EXPLAIN (ANALYZE) SELECT *, ctid, generate_series(1, ascii(substr(secret, 1, 1))) FROM ONLY people WHERE id = 1";
        let heard = said(&gateway, counted).await?.join("\n");
        assert!(heard.contains("rows=42"), "{heard}");
    }
    Ok(())
}
