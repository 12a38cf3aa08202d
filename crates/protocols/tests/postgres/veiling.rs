//! Columns in whose place the server itself puts an image: whatever a statement makes of them is made of the image.
//!
//! The oracle is a second schema whose tables hold images for values: what a masked session hears of the first one is what
//! anybody hears of the second.

use anyhow::{Context as _, Result};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::ends::unproved;
use crate::gateway::Gateway;
use crate::raw::{Raw, bind, close, execute, parse, query};

const TABLES: &str = r#"
    CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE TABLE people (
        id int PRIMARY KEY, name text, email text, phone varchar(20), pin varchar(2), code char(6), address mail,
        born date, score numeric(8,2), feeling mood, profile jsonb, raw json, note text, boss int);
    CREATE TABLE orders (id int PRIMARY KEY, person int, total int);
    CREATE VIEW contacts AS SELECT id, name, email AS mail, phone FROM people;
    CREATE TABLE heirs () INHERITS (people);
    CREATE TABLE parts (id int, secret text, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
    INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30), (4, 99, 40);
"#;

const VALUES: &str = r#"
    INSERT INTO people VALUES
        (1, 'Ann', 'ann.secret@example.com', '555-123-4567', '77', 'ABC123', 'ann.domain@example.com', '1990-02-03', 4711,
         'sad', '{"ssn": "078-05-1120"}', '{"pin": "9876"}', 'free', NULL),
        (2, 'Bob', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'free', 1);
    INSERT INTO heirs VALUES (3, 'Cy', 'größe@example.com', '5', '8', 'X', 'c@d', '1991-02-03', 1, 'glad', '1', '2', 'z', 1);
    INSERT INTO parts VALUES (1, 'secret-one', 1), (2, 'secret-two', 11);
"#;

/// What stands for the values: constants for what is hidden wholly, also where there is nothing to hide.
const IMAGES: &str = r#"
    INSERT INTO people VALUES
        (1, 'Ann', '******************.com', '********4567', '**', '***123', '******************@com', NULL, NULL,
         NULL, '"***"', '"***"', 'free', NULL),
        (2, 'Bob', NULL, NULL, '**', NULL, NULL, NULL, NULL, NULL, '"***"', '"***"', 'free', 1);
    INSERT INTO heirs VALUES
        (3, 'Cy', '*************.com', '*', '**', '*', '**@d', NULL, NULL, NULL, '"***"', '"***"', 'z', 1);
    INSERT INTO parts VALUES (1, '***', 1), (2, '***', 11);
"#;

pub(crate) const RULES: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete", "define", "execute"], objects = ["*"] }

[[mask]]
name       = "partly"
columns    = ["public.people.{email,phone,code,address,born,score,feeling}"]
kind       = "partial"
keep_last  = 4
predicates = "mask"

[[mask]]
name       = "wholly"
columns    = ["public.people.{profile,raw,pin}", "public.parts.secret"]
kind       = "fixed"
predicates = "mask"
"#;

/// Whatever of these is seen by a client is a leak.
const SECRETS: &[&str] =
    &["ann.secret", "größe", "ann.domain", "555-123", "ABC12", "1990", "4711", "078-05", "9876", "secret-"];

/// Statements whose every column of a masked table is read where an image can stand.
const SHAPES: &[&str] = &[
    "SELECT * FROM people ORDER BY id",
    "SELECT p.* FROM people AS p ORDER BY p.id",
    "SELECT id, email FROM ONLY people ORDER BY id",
    "SELECT id, email FROM ONLY (people) ORDER BY id",
    "SELECT id, email FROM people * ORDER BY id",
    "TABLE ONLY people",
    "TABLE people ORDER BY id",
    "SELECT left(email, 3), upper(phone) FROM people ORDER BY id",
    "SELECT email::varchar, email || 'x' FROM people ORDER BY id",
    "SELECT max(email), min(phone), count(*), count(email), count(pin) FROM people",
    "SELECT string_agg(email, ',' ORDER BY id) FROM people",
    "SELECT count(*) FROM people",
    "SELECT 1 FROM people",
    "SELECT email FROM people UNION SELECT 'x' ORDER BY 1",
    "SELECT email FROM people INTERSECT SELECT '*************.com'",
    "SELECT email FROM people EXCEPT ALL SELECT phone FROM people ORDER BY 1",
    "SELECT id FROM people WHERE email LIKE 'ann%'",
    "SELECT id FROM people WHERE email LIKE '*%' ORDER BY id",
    "SELECT id FROM people WHERE email IS NULL",
    "SELECT id FROM people WHERE pin IS NULL",
    "SELECT id FROM people WHERE score > 1000",
    "SELECT id, score BETWEEN 1 AND 9999, email NOT BETWEEN SYMMETRIC 'a' AND 'b' FROM people ORDER BY id",
    "SELECT id FROM orders WHERE total BETWEEN 15 AND 25",
    "SELECT id FROM people ORDER BY email NULLS FIRST, id",
    "SELECT email, count(*) FROM people GROUP BY email ORDER BY 1",
    "SELECT id, email, count(*) FROM people GROUP BY id ORDER BY id",
    "SELECT p.id, p.name, p.phone, sum(o.total) FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY p.id ORDER BY 1",
    "SELECT o.id, p.email, p.name FROM orders o LEFT JOIN people p ON o.person = p.id GROUP BY p.id, o.id ORDER BY o.id",
    "SELECT k, m, count(*) FROM people AS x(k, n, m) GROUP BY k ORDER BY k",
    "SELECT upper(email), max(raw::text), avg(score) FROM people GROUP BY people.id ORDER BY people.id",
    "SELECT (SELECT p.code) FROM people p GROUP BY (p.id) HAVING p.code IS NOT NULL ORDER BY 1",
    "SELECT id, secret, count(*) FROM parts GROUP BY at, id ORDER BY id",
    "SELECT p.email FROM people p JOIN orders o USING (id) GROUP BY p.id ORDER BY p.id",
    // by place, by what is shown, by what a join makes of both sides, by the name of a join
    "SELECT p.id, p.name, p.email, count(o.id) FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY 1 ORDER BY 1",
    "SELECT p.name, count(o.id), p.id FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY (3) ORDER BY 3",
    "SELECT p.id AS pid, p.name, p.pin, count(o.id) FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY pid ORDER BY 1",
    "SELECT id, name, code, count(*) FROM people p JOIN orders o USING (id) GROUP BY id ORDER BY id",
    "SELECT id, name, count(*) FROM people p NATURAL JOIN orders o GROUP BY id ORDER BY id",
    "SELECT id, name, sum(total) FROM orders o RIGHT JOIN people p USING (id) GROUP BY 1 ORDER BY 1",
    "SELECT j.id, j.name, j.email, count(*) FROM (people p JOIN orders o USING (id)) j GROUP BY j.id ORDER BY 1",
    "SELECT j.id, j.pin, count(*) FROM (people p JOIN orders o USING (id)) AS j(id, who) GROUP BY j.id, who ORDER BY 1",
    "SELECT a.name, b.name, b.phone FROM people a JOIN people b ON a.boss = b.id GROUP BY b.id, a.name ORDER BY 1",
    "SELECT p.*, count(*) FROM parts p, orders GROUP BY 1, 3 ORDER BY 1",
    "SELECT s.id, p.secret, count(*) FROM parts p, orders s GROUP BY p.id, s.id, p.at ORDER BY 1, 2",
    "SELECT p.id, (SELECT max(o.total) FROM orders o WHERE o.person = p.id) FROM people p, orders GROUP BY 1 ORDER BY 1",
    // and what is grouped by nothing of the kind
    "SELECT p.id + 0 AS id, p.name FROM people p, orders GROUP BY 1",
    "SELECT p.id, p.name FROM people p, orders GROUP BY p.name, 1 + 1",
    "SELECT p.email, o.total FROM people p JOIN orders o USING (id) GROUP BY id",
    "SELECT o.total, count(p.email) FROM people p RIGHT JOIN orders o USING (id) GROUP BY id ORDER BY 1",
    "SELECT id, p.name FROM people p FULL JOIN orders o USING (id) GROUP BY id",
    "SELECT DISTINCT pin FROM people",
    "SELECT DISTINCT ON (pin) id, pin FROM people ORDER BY pin, id",
    "SELECT a.id, b.id FROM people a JOIN people b ON a.pin = b.pin ORDER BY 1, 2",
    "SELECT id, name, total FROM people JOIN orders USING (id) ORDER BY id",
    "SELECT * FROM orders NATURAL JOIN people ORDER BY 1",
    "SELECT o.id, p.email, p.pin FROM orders o LEFT JOIN people p ON p.id = o.person ORDER BY o.id",
    "SELECT o.id, p.pin FROM people p RIGHT JOIN orders o ON p.id = o.person ORDER BY o.id",
    "SELECT p.email, b.email FROM people p FULL JOIN people b ON p.boss = b.id ORDER BY p.id, b.id",
    "SELECT x.e FROM (SELECT email AS e, id FROM people) x ORDER BY x.id",
    "WITH x AS (SELECT email, id FROM people) SELECT email FROM x ORDER BY id",
    "WITH x AS MATERIALIZED (SELECT 1/(ascii(email)-97) AS e, id FROM people) SELECT id FROM x ORDER BY id",
    "WITH RECURSIVE up(id, mails) AS (SELECT id, email::text FROM people WHERE boss IS NULL \
     UNION ALL SELECT p.id, up.mails || p.email FROM up JOIN people p ON p.boss = up.id) SELECT * FROM up ORDER BY id",
    "SELECT (SELECT email FROM people WHERE id = 1)::text",
    "SELECT array(SELECT email FROM people ORDER BY id)",
    "SELECT o.id, l.email FROM orders o, LATERAL (SELECT email FROM people WHERE id = o.person) l ORDER BY o.id",
    "SELECT p.id FROM people p, regexp_matches(p.email, '^ann')",
    "SELECT count(*) FROM people p, generate_series(1, ascii(substr(p.email, 3, 1))) WHERE p.id = 1",
    "SELECT id, EXISTS (SELECT regexp_matches(p.email, '^ann')) FROM people p ORDER BY id",
    "SELECT id FROM (SELECT id, generate_series(1, ascii(email)) FROM people) q GROUP BY id ORDER BY id",
    "SELECT rank() OVER (ORDER BY email, id), lag(email) OVER (ORDER BY id) FROM people ORDER BY id",
    "SELECT id, row_number() OVER w FROM people WINDOW w AS (PARTITION BY pin ORDER BY id) ORDER BY id",
    "SELECT count(*) FILTER (WHERE email = 'ann.secret@example.com') FROM people",
    "SELECT CASE WHEN email LIKE 'a%' THEN 1 ELSE 0 END FROM people ORDER BY id",
    "SELECT to_json(people) FROM ONLY people ORDER BY id",
    "SELECT row_to_json(p)::text FROM (SELECT * FROM people) p ORDER BY p.id",
    "SELECT (p).email, (p.*).pin FROM people p ORDER BY p.id",
    "SELECT json_agg(p ORDER BY id) FROM people p",
    "SELECT count(p) FROM people p",
    "SELECT profile->>'ssn', raw::text FROM people ORDER BY id",
    "SELECT e FROM people p(i, n, e, ph) ORDER BY i",
    "SELECT p.ctid IS NULL, p.email FROM people p JOIN people q USING (id) ORDER BY p.id",
    "SELECT c FROM (people p JOIN orders o ON p.id = o.person) AS j(a, b, c) ORDER BY a",
    "SELECT b, c FROM (orders JOIN people USING (id)) AS j(a, b, c, d, e) ORDER BY a",
    "SELECT d FROM ((SELECT id FROM orders) x NATURAL JOIN (people p LEFT JOIN orders o ON p.id = o.person) AS j(id, b, c, d))",
    "SELECT CASE (SELECT email FROM people WHERE id = 1) WHEN 'x' THEN 1 ELSE 2 END FROM orders ORDER BY 1",
    "SELECT (SELECT min(pin) FROM people) AS m, count(*) FROM orders GROUP BY (SELECT min(pin) FROM people)",
    "SELECT \"email\", people.\"pin\" FROM \"people\" ORDER BY \"id\"",
    "SELECT/*c*/email/* people */FROM -- people\n people ORDER BY id",
    "SELECT 'people', email FROM people WHERE note <> 'FROM people' ORDER BY id",
    "SELECT tableoid IS NOT NULL, ctid IS NOT NULL, email FROM people ORDER BY id",
    // a star beside what every table has
    "SELECT t.*, CTID IS NULL FROM people t WHERE t.email LIKE '*%' ORDER BY id LIMIT 501",
    "SELECT p.*, p.xmin IS NULL FROM people p WHERE p.email LIKE '%' ORDER BY p.id",
    "SELECT *, ctid IS NULL FROM people WHERE pin = '**' ORDER BY id",
    "SELECT upper(email), ctid IS NULL, people.* FROM people ORDER BY people.id",
    "SELECT *, p.ctid IS NULL FROM people AS p (i, n, \"E\"\"\"), orders o WHERE \"E\"\"\" IS NULL ORDER BY i, o.id",
    "SELECT s.* FROM (SELECT *, ctid IS NULL AS gone FROM people) s WHERE s.phone IS NOT NULL ORDER BY s.id",
    "SELECT x.*, y.*, x.ctid = y.ctid FROM people x JOIN people y ON x.id = y.id AND x.pin = y.pin ORDER BY x.id",
    "SELECT (SELECT count(*) FROM (SELECT p.* LIMIT 1) q), p.ctid IS NULL FROM people p ORDER BY p.id",
    "SELECT id, email FROM people WHERE id = 1 FOR UPDATE",
    "SELECT p.email FROM people p WHERE id = 1 FOR NO KEY UPDATE OF p",
    "SELECT email FROM people FETCH FIRST 0 ROWS ONLY",
    "SELECT mail, phone FROM contacts ORDER BY id",
    "SELECT upper(mail) FROM contacts WHERE phone LIKE '%67' ORDER BY id",
    "SELECT * FROM heirs",
    "SELECT length(email) FROM heirs",
    "SELECT id, secret || '!' FROM parts ORDER BY id",
    "SELECT secret FROM parts_2",
    "COPY (SELECT id, email FROM people ORDER BY id) TO STDOUT",
    "COPY people (id, email, pin) TO STDOUT (FORMAT csv)",
    "COPY heirs TO STDOUT",
    "SELECT id FROM orders WHERE person IN (SELECT id FROM people WHERE email LIKE '%com') ORDER BY id",
    "DELETE FROM orders WHERE person IN (SELECT id FROM people WHERE name = 'x')",
    "UPDATE orders SET total = total + 1 FROM people p WHERE p.id = person RETURNING orders.id, p.email",
    "MERGE INTO orders o USING people p ON o.person = p.id WHEN MATCHED THEN UPDATE SET total = 7",
    "SELECT SUM(score), avg(score), max(born), min(feeling) FROM people",
    "SELECT coalesce(born::text, 'none'), coalesce(feeling::text, email) FROM people ORDER BY id",
    "VALUES ((SELECT email FROM people WHERE id = 1)), ('y')",
    "SELECT pg_typeof(email), pg_typeof(phone), pg_typeof(code), pg_typeof(score), pg_typeof(raw) FROM people",
    "SELECT 1/0 FROM people WHERE email IS NOT NULL",
    "SELECT email FROM U&\"p!0065ople\" UESCAPE '!' ORDER BY id",
    "SELECT uescape.email FROM people uescape ORDER BY id",
    "SELECT email FROM people; SELECT pin FROM people ORDER BY id; SELECT 1",
    "EXPLAIN (COSTS OFF) SELECT id FROM orders",
];

async fn gateway(version: u32) -> Result<Gateway> {
    gateway_with(version, RULES).await
}

pub(crate) async fn gateway_with(version: u32, rules: &str) -> Result<Gateway> {
    // what is checked of a value says nothing about what stands for it
    let unchecked = TABLES.replace(" CHECK (VALUE LIKE '%@%')", "");
    let images = IMAGES.replace("'******************@com'", "'******************.com'").replace("'**@d'", "'**d'");
    let setup = format!(
        "{TABLES}{VALUES} CREATE SCHEMA image; SET search_path = image; {unchecked}{images}
         GRANT ALL ON SCHEMA image TO app; GRANT ALL ON ALL TABLES IN SCHEMA public, image TO app;"
    );
    unproved(version, &setup, rules).await
}

fn clean(heard: &[String]) {
    for secret in SECRETS {
        assert!(!heard.iter().any(|line| line.contains(secret)), "`{secret}` left: {heard:?}");
    }
}

fn prepared(text: &str, format: i16) -> Vec<Frontend> {
    let bound = Frontend::Bind {
        portal: "".into(),
        statement: "".into(),
        parameter_formats: Vec::new(),
        parameters: Vec::new(),
        result_formats: vec![format],
    };
    vec![parse("", text), bound, execute(""), Sync]
}

fn opened(text: &str) -> Vec<Frontend> {
    vec![query(&format!("DECLARE c CURSOR FOR {text}")), query("FETCH ALL FROM c"), query("CLOSE c")]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_of_an_image_is_what_anybody_makes_of_it() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let mut direct = Raw::log_in_directly(&gateway).await?;
        direct.ask(&[query("SET search_path = image")]).await?;
        for shape in SHAPES {
            let queried = ["SELECT", "WITH", "TABLE", "VALUES"].iter().any(|word| shape.starts_with(word));
            let ways = [vec![query(shape)], prepared(shape, 0), prepared(shape, 1), opened(shape)];
            let number = if shape.contains(';') { 1 } else { 3 + usize::from(queried) };
            let ways = ways.into_iter().take(number);
            for way in ways {
                let [begin, end] = ["BEGIN", "ROLLBACK"].map(|text| [query(text)]);
                raw.ask(&begin).await?;
                direct.ask(&begin).await?;
                let mut heard = raw.ask(&way).await.with_context(|| format!("{version}: `{shape}`"))?;
                let mut said = direct.ask(&way).await.with_context(|| format!("directly: `{shape}`"))?;
                if heard[0].starts_with("error") {
                    // what was not opened is nothing to whoever fetches from it, in one way or another
                    heard.truncate(1);
                    said.truncate(1);
                }
                clean(&heard);
                assert_eq!(heard, said, "{version}: `{shape}`");
                raw.ask(&end).await?;
                direct.ask(&end).await?;
            }
        }
    }
    Ok(())
}

/// What the mask says of conditions, by its word: refused, asked of the image, or asked of the values.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_see_what_the_mask_lets_them_see() -> Result<()> {
    let asked = "SELECT id FROM people WHERE email LIKE 'ann%'";
    for (word, heard) in [
        ("deny", "error 42501, ready"),
        ("mask", "fields id, SELECT 0, ready"),
        ("allow", "fields id, row 1, SELECT 1, ready"),
    ] {
        let rules = RULES.replace("\"mask\"", &format!("\"{word}\""));
        let gateway = gateway_with(15, &rules).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        assert_eq!(raw.ask(&[query(asked)]).await?.join(", "), heard, "{word}");
        // none of these shows a value, whatever conditions may see
        let shown = raw.ask(&[query("SELECT email FROM people ORDER BY id")]).await?;
        clean(&shown);
        let left = raw.ask(&[query("SELECT left(email, 3) FROM people WHERE id = 1")]).await?.join(", ");
        let expected = if word == "allow" { "error 42501, ready" } else { "fields left, row ***, SELECT 1, ready" };
        assert_eq!(left, expected, "{word}");
    }
    Ok(())
}

/// Nobody would see that rows were changed because of what stands for a value.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_by_what_an_image_says() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for text in [
        "DELETE FROM orders WHERE person IN (SELECT id FROM people WHERE email = 'x')",
        "DELETE FROM orders USING people p WHERE p.id = person AND p.email NOT LIKE '%@example.com'",
        "UPDATE orders SET total = total + 1 FROM people p WHERE p.id = person AND p.pin = '**'",
        "MERGE INTO orders o USING people p ON o.person = p.id AND p.pin = '**' WHEN MATCHED THEN UPDATE SET total = 7",
        "INSERT INTO orders (id) SELECT id + 100 FROM people WHERE born IS NULL",
    ] {
        let heard = raw.ask(&[query(text)]).await?.join(", ");
        assert_eq!(heard, "error 42501, ready", "`{text}`");
    }
    Ok(())
}

/// What shows the end of a text says of a document no more than that there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_there_is_not_made_up_by_what_shows_a_part() -> Result<()> {
    let rules = RULES.replace("feeling}", "feeling,profile,raw}").replace("people.{profile,raw,pin}", "people.pin");
    let gateway = gateway_with(15, &rules).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let asked = "SELECT profile, raw, profile IS NULL FROM ONLY people ORDER BY id";
    let heard = raw.ask(&[query(asked)]).await?.join(", ");
    assert_eq!(heard, "fields profile|raw|?column?, row \"***\"|\"***\"|f, row NULL|NULL|t, SELECT 2, ready");
    let changed =
        raw.ask(&[query("UPDATE people SET note = '' WHERE id = 2 RETURNING profile, raw")]).await?.join(", ");
    assert_eq!(changed, "fields profile|raw, row NULL|NULL, UPDATE 1, ready", "on the wire it is the same");
    Ok(())
}

/// An account that may not read a column at all: a constant is put in its place without looking.
#[tokio::test(flavor = "multi_thread")]
async fn a_constant_needs_no_right_to_what_it_hides() -> Result<()> {
    let gateway = gateway(15).await?;
    let rights = "REVOKE ALL ON people FROM app; GRANT SELECT (id, name, profile) ON people TO app; \
                  REVOKE SELECT (profile) ON people FROM app";
    gateway.server.run_sql("postgres", rights)?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = raw.ask(&[query("SELECT id, pin, profile FROM people WHERE id = 1")]).await?;
    assert_eq!(heard.join(", "), "fields id|pin|profile, row 1|**|\"***\", SELECT 1, ready");
    let heard = raw.ask(&[query("SELECT email FROM people WHERE id = 1")]).await?;
    assert_eq!(heard.join(", "), "error 42501, ready", "the end of a value needs the value");
    Ok(())
}

/// A session that never prepares anew is told to, as a server tells it whose tables have changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_prepared_under_other_masks_is_prepared_again() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let once = [parse("s", "SELECT name, upper(email) FROM people WHERE id = 1"), Sync];
    raw.ask(&once).await?;
    let run = [bind("", "s", &[]), execute(""), Sync];
    let images = "bound, row Ann|******************.COM, SELECT 1, ready";
    assert_eq!(raw.ask(&run).await?.join(", "), images);
    let port = gateway.server.port().to_string();
    let policy = |rules: &str| {
        let policy = format!("{}{rules}", crate::gateway::PREAMBLE).replace("PORT", &port);
        policy.replace(", password = \"env:APP\"", "")
    };
    gateway.dwelling.change(&policy(&RULES.replace("keep_last  = 4", "keep_last  = 2")))?;
    let Backend::ErrorResponse(report) = ({
        raw.say(&run).await?;
        raw.hear().await?
    }) else {
        panic!("it was bound")
    };
    assert_eq!(report.field(b'C').map(|code| code.to_vec()), Some(b"0A000".to_vec()));
    assert_eq!(report.field(b'R').map(|routine| routine.to_vec()), Some(b"RevalidateCachedQuery".to_vec()));
    raw.until_ready(1).await?;
    raw.ask(&[close("s"), Sync]).await?;
    raw.ask(&once).await?;
    assert_eq!(raw.ask(&run).await?.join(", "), "bound, row Ann|********************OM, SELECT 1, ready");
    // the masks are gone, and what was prepared under them stays what it is until it is prepared again
    gateway.dwelling.change(&policy(RULES.split("[[mask]]").next().unwrap_or_default()))?;
    assert_eq!(raw.ask(&run).await?.join(", "), "error 0A000, ready");
    Ok(())
}

/// What was opened under masks shows what it was opened with; under others it has to be opened again.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_read_under_the_masks_that_it_was_opened_under() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let port = gateway.server.port().to_string();
    let policy = |rules: &str| {
        let policy = format!("{}{rules}", crate::gateway::PREAMBLE).replace("PORT", &port);
        policy.replace(", password = \"env:APP\"", "")
    };
    raw.ask(&[query("DECLARE c CURSOR WITH HOLD FOR SELECT upper(email) FROM people ORDER BY id")]).await?;
    let fetch = [query("FETCH 1 FROM c")];
    assert_eq!(raw.ask(&fetch).await?.join(", "), "fields upper, row ******************.COM, FETCH 1, ready");
    gateway.dwelling.change(&policy(&RULES.replace("public.people.{email,", "public.people.{name,email,")))?;
    assert_eq!(raw.ask(&fetch).await?.join(", "), "error 0A000, ready");
    let prepared = [parse("", "FETCH 1 FROM c"), bind("", "", &[]), execute(""), Sync];
    assert_eq!(raw.ask(&prepared).await?.join(", "), "error 0A000, ready");
    raw.ask(&[query("CLOSE c")]).await?;
    // one that was opened when nothing was masked shows nothing once something is
    gateway.dwelling.change(&policy(RULES.split("[[mask]]").next().unwrap_or_default()))?;
    raw.ask(&[query("DECLARE c CURSOR WITH HOLD FOR SELECT upper(email) FROM people ORDER BY id")]).await?;
    gateway.dwelling.change(&policy(RULES))?;
    assert_eq!(raw.ask(&fetch).await?.join(", "), "error 0A000, ready");
    Ok(())
}

/// Statements in which a name or a place means another column to the server than it seems to.
const HOSTILE: &[&str] = &[
    // without its schema a name is that of something further in
    "SELECT (SELECT public.people.email FROM vault AS people(id, email) LIMIT 1) FROM public.people",
    "SELECT (SELECT public.people.email FROM other.people LIMIT 1) FROM public.people",
    "SELECT (SELECT (public.people.*)::text FROM other.people LIMIT 1) FROM public.people",
    // a column of the system stands among the others
    "SELECT array_to_string(d, ',') FROM (SELECT * FROM people p JOIN vault o USING (id) WHERE p.ctid IS NOT NULL) \
             AS s(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, d)",
    "SELECT array_to_string(r, ',') FROM (people x JOIN vault o ON x.ctid IS NOT NULL) \
             AS t(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)",
    "COPY (SELECT * FROM people p JOIN vault o USING (id) WHERE p.ctid IS NOT NULL) TO STDOUT",
    // a star is more than one column
    "SELECT upper(d) FROM (SELECT v.*, p.token, p.id::text FROM (SELECT 1 x, 2 y) s, LATERAL (VALUES (s.*)) v, vault p) \
             q(a, b, d)",
    "SELECT array_to_string(d, ',') FROM (SELECT v.*, o.tags, o.labels FROM (SELECT 1 x, 2 y) s, LATERAL (VALUES (s.*)) v, \
             vault o) q(a, b, d)",
    "DECLARE c CURSOR WITH HOLD FOR SELECT upper(d) FROM (SELECT v.*, p.token, p.id::text FROM (SELECT 1 x, 2 y) s, \
             LATERAL (VALUES (s.*)) v, vault p) q(a, b, d)",
    "FETCH ALL FROM c",
    "MERGE INTO people t USING (SELECT 'zz'::text AS a, p.email AS b, 1000 + p.id AS c FROM people p) s ON false \
             WHEN NOT MATCHED THEN INSERT (email, note, id) VALUES (s.*)",
    "UPDATE people SET (email, note) = ROW(s.*) FROM (SELECT 'x'::text a, q.email b FROM people q) s",
    "INSERT INTO people (email, note, id) SELECT v.* FROM (SELECT 'zz'::text, q.email, 2000 + q.id FROM people q) s, \
             LATERAL (VALUES (s.*)) v",
    "INSERT INTO people (id, email) SELECT 3000 + q.id, q.email FROM people q ON CONFLICT (id) DO NOTHING",
    "INSERT INTO people (id, email) SELECT 1, q.email FROM people q WHERE q.id = 1 \
             ON CONFLICT (id) DO UPDATE SET note = excluded.email",
    "SELECT note FROM people",
    // what returns a row is as many columns
    "SELECT upper(d) FROM (SELECT c.*, p.token, p.id::text FROM orders o, COALESCE(o, o) c, vault p) q(a, b, c, d, e)",
    "SELECT upper(d) FROM (SELECT c.*, p.token, p.id::text FROM CAST(ROW(1, 2, 3) AS orders) c, vault p) q(a, b, c, d, e)",
    "SELECT array_to_string(d, ',') FROM (SELECT c.*, p.tags, p.labels FROM CAST(ROW(1, 2, 3) AS orders) c, vault p) \
             q(a, b, c, d)",
    "SELECT array_to_string(d, ',') FROM (SELECT c.*, p.tags, p.labels FROM unnest(ARRAY[(SELECT o FROM orders o LIMIT 1)]) c, \
             vault p) q(a, b, c, d)",
    "SELECT array_to_string(d, ',') FROM (SELECT j.*, p.tags, p.labels FROM jsonb_populate_record(NULL::orders, '{}') j, \
             vault p) q(a, b, c, d)",
    "WITH q(a, b, c, d) AS (SELECT j.*, p.tags, p.labels FROM jsonb_populate_record(NULL::orders, '{}') j, vault p) \
             SELECT array_to_string(d, ',') FROM q",
    // a function whose column has a name of its own, and queries of one name
    "SELECT (SELECT x::text FROM json_array_elements('[\"a\"]') x) FROM (SELECT p.tags AS x FROM vault p) q",
    "WITH RECURSIVE r(x) AS (WITH r AS (SELECT tags AS x FROM vault) SELECT '{a}'::text[] UNION ALL SELECT x FROM r) \
             SELECT array_to_string(x, ',') FROM r",
    // what is in sight for whoever reads and not for the server: the name is of something further out
    "SELECT p.id, cardinality(ARRAY(SELECT g::text AS email FROM generate_series(1, 1000) g UNION ALL SELECT '0' \
             LIMIT ascii(email))) FROM people p",
    "SELECT upper(ctid::text) FROM orders a JOIN vault AS ctid ON true",
    "SELECT (SELECT upper(ctid) FROM contacts LIMIT 1) FROM people AS p(id, name, ctid)",
    "SELECT (SELECT upper(text) FROM (SELECT (SELECT 'a')::text) s) FROM people AS p(id, name, text)",
    "SELECT (SELECT upper(text) FROM (SELECT CASE WHEN true THEN 'a' ELSE 'b'::text END) s) FROM people AS p(id, name, text)",
    "SELECT (SELECT upper(email) FROM (SELECT 'x'::text AS email, j.* FROM jsonb_populate_record(NULL::orders, '{}') j) \
             q(a, b, c, d)) FROM people p",
    "SELECT array_to_string(d, ',') FROM (SELECT c.*, p.tags, p.labels FROM (SELECT o AS path FROM orders o LIMIT 1) s, \
             path(s) c, vault p) q(a, b, c, d)",
    "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 1) SEARCH DEPTH FIRST BY x SET s \
             SELECT array_to_string(b, ',') FROM (SELECT r.*, p.tags, p.labels FROM r, vault p) q(a, b, c)",
    "INSERT INTO vault (id, tags[1], tags[2]) SELECT 1, 'x', o.tags[1] FROM vault o ON CONFLICT (id) \
             DO UPDATE SET labels[1] = excluded.tags[2]",
    "SELECT labels FROM vault",
    "SELECT j FROM vault NATURAL JOIN jsonb_populate_recordset(NULL::vault, '[{\"id\": 1, \"token\": \"secret-token\"}]') j",
    "SELECT (SELECT count(*) FROM (SELECT t.tags AS x FROM vault t GROUP BY x) s) FROM (VALUES (1)) o(x)",
];

/// THREAT: a statement in which names or places mean something else to the server than to whoever put images in it.
#[tokio::test(flavor = "multi_thread")]
async fn no_name_and_no_place_means_another_column_than_was_read() -> Result<()> {
    const MORE: &str = r#"
        CREATE TABLE vault (id int PRIMARY KEY, token text, tags text[], labels text[]);
        INSERT INTO vault VALUES (1, 'secret-token', '{secret-tag}', '{free}');
        CREATE SCHEMA other;
        CREATE TABLE other.people (id int, email text);
        INSERT INTO other.people VALUES (1, 'secret-other');
        GRANT ALL ON SCHEMA other TO app; GRANT ALL ON ALL TABLES IN SCHEMA public, other TO app;
    "#;
    let masks = RULES.replace(
        "\"public.parts.secret\"",
        "\"public.parts.secret\", \"*.vault.{token,tags}\", \"other.people.email\"",
    );
    for word in ["mask", "deny", "allow"] {
        let gateway = gateway_with(15, &masks.replace("\"mask\"", &format!("\"{word}\""))).await?;
        gateway.server.run_sql("postgres", MORE)?;
        let mut raw = Raw::log_in(&gateway).await?;
        for asked in HOSTILE {
            let Ok(heard) = raw.ask(&[query(asked)]).await else {
                raw = Raw::log_in(&gateway).await?;
                continue;
            };
            let told: Vec<String> = heard.iter().map(|line| line.to_lowercase()).collect();
            clean(&told);
            assert!(
                word == "allow" || !told.iter().any(|line| line.contains("|97")),
                "the first letter, by its number: `{asked}`"
            );
            let tells = asked.contains("GROUP BY x") || asked.contains("NATURAL");
            assert!(!tells || word != "deny" || heard[0] == "error 42501", "`{asked}`: {heard:?}");
        }
    }
    Ok(())
}

/// A mistake is pointed at where the client made it, and the journal has what was sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_points_at_the_clients_own_words() -> Result<()> {
    let gateway = gateway(15).await?;
    let [mut raw, mut direct] = [Raw::log_in(&gateway).await?, Raw::log_in_directly(&gateway).await?];
    for text in [
        "SELECT email, 'größe' FROM people WHERE id = 'x'",
        "SELECT public.people.email, people.* FROM public.people JOIN orders o ON public.people.id = o.person AND 'x' = o.id",
        "SELECT public.people.email FROM public.people WHERE public.people.id = 'x' AND pin = ''",
        "SELECT email FROM people GROUP BY name",
        "SELECT email + 1 FROM people",
    ] {
        let mut places = Vec::new();
        for client in [&mut raw, &mut direct] {
            client.say(&[query(text)]).await?;
            let Backend::ErrorResponse(report) = client.hear().await? else { panic!("`{text}` has no mistake") };
            places.push((report.field(b'C').map(<[u8]>::to_vec), report.field(b'P').map(<[u8]>::to_vec)));
            client.until_ready(1).await?;
        }
        assert_eq!(places[0], places[1], "`{text}`");
        assert!(places[0].1.is_some(), "`{text}`");
    }
    raw.ask(&[query("SELECT pin FROM people")]).await?;
    let notes = crate::recorded::texts(&gateway)?;
    assert!(notes.iter().any(|text| text.contains("-- sent as: SELECT pin FROM (SELECT '***'::")), "{notes:?}");
    Ok(())
}

/// What is sent is recorded beside what the client said, and is no way for a password into the journal.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_recorded_without_passwords() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let asked = "SELECT pin FROM people WHERE note = 'postgres://app:geheim@db/shop'";
    for way in [vec![query(asked)], prepared(asked, 0)] {
        assert_eq!(raw.ask(&way).await?.last().map(String::as_str), Some("ready"));
    }
    let notes = crate::recorded::texts(&gateway)?;
    let sent = notes.iter().filter(|text| text.contains("-- sent as")).count();
    assert!(sent >= 2, "{notes:?}");
    assert!(!notes.iter().any(|text| text.contains("geheim")), "{notes:?}");
    Ok(())
}

/// What would take too much is refused, and at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_too_many_places_is_refused() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let of = |times: usize| vec!["SELECT (SELECT min(pin) FROM people), pin FROM people LIMIT 1"; times].join("; ");
    for (times, shown) in [(450, true), (550, false)] {
        let heard = raw.ask(&[query(&of(times))]).await?;
        assert_eq!(heard[0] == "fields min|pin", shown, "{times}: {:?}", &heard[..2]);
        assert!(shown || heard[0] == "error 42501", "{times}: {:?}", &heard[..2]);
        clean(&heard);
    }
    Ok(())
}
