//! Masked columns: whatever the shape of the statement, no value leaves in clear.

use anyhow::Result;
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, CopyData, CopyDone, Sync};
use postern_protocols::postgres::wire::report::field;

use crate::gateway::Gateway;
use crate::raw::{Raw, bind, execute, parse, query};

pub(crate) const PEOPLE: &str = r#"
    CREATE DOMAIN mail AS text;
    CREATE TABLE people (
        id int PRIMARY KEY, name text, email text, phone varchar(20), code char(6), address mail,
        born date, score int, tags text[], profile jsonb, raw json, note text);
    INSERT INTO people VALUES
        (1, 'Ann', 'ann.secret@example.com', '555-123-4567', 'ABC123', 'ann.domain@example.com', '1990-02-03', 4711,
         '{"first secret","second,secret",NULL}', '{"ssn": "078-05-1120"}', '{"pin": "9876"}', 'free'),
        (2, 'Bob', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'free');
    CREATE TABLE orders (id int, person int, total int);
    INSERT INTO orders VALUES (1, 1, 10);
    CREATE VIEW contacts AS SELECT id, name, lower(email) AS mail FROM people;
    CREATE FUNCTION told(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT email FROM public.people WHERE id = $1';
    CREATE VIEW called AS SELECT id, told(person) AS mail FROM orders;
    CREATE VIEW over_called AS SELECT mail FROM called;
    CREATE MATERIALIZED VIEW kept_called AS SELECT mail FROM called;
    CREATE TABLE heirs () INHERITS (people);
    INSERT INTO heirs SELECT 3, 'Cy', 'cy.secret@example.com';
"#;

pub(crate) const RULES: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete", "define", "execute"], objects = ["*"] }

[[mask]]
name    = "partly"
columns = ["public.people.{email,phone,code,address,tags,born,score}"]
kind    = "partial"
keep_last = 4

[[mask]]
name    = "wholly"
columns = ["public.people.{profile,raw}"]
kind    = "fixed"
"#;

/// Whatever of these is seen by a client is a leak.
const SECRETS: &[&str] = &[
    "ann.secret",
    "cy.secret",
    "ann.domain",
    "555-123",
    "ABC12",
    "1990",
    "4711",
    "first sec",
    "second,",
    "078-05",
    "9876",
];

async fn gateway(version: u32) -> Result<Gateway> {
    Gateway::start(version, PEOPLE, RULES).await
}

fn clean(heard: &[String]) {
    for secret in SECRETS {
        assert!(!heard.iter().any(|line| line.contains(secret)), "`{secret}` left: {heard:?}");
    }
}

/// In the extended protocol, results in binary.
fn binary(text: &str) -> Vec<Frontend> {
    let bound = Frontend::Bind {
        portal: "".into(),
        statement: "".into(),
        parameter_formats: Vec::new(),
        parameters: Vec::new(),
        result_formats: vec![1],
    };
    vec![parse("", text), bound, execute(""), Sync]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_is_masked_in_its_own_form() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let all =
            "SELECT name, email, phone, code, address, born, score, tags, profile, raw FROM ONLY people ORDER BY id";
        let heard = raw.ask(&[query(all)]).await?;
        assert_eq!(
            heard[1],
            r#"row Ann|******************.com|********4567|***123|******************.com|NULL|NULL|{********cret,*********cret,NULL}|"***"|"***""#
        );
        assert_eq!(heard[2], r#"row Bob|NULL|NULL|NULL|NULL|NULL|NULL|NULL|"***"|"***""#);
        clean(&heard);
        let heard = raw.ask(&binary(all)).await?;
        assert!(heard.iter().any(|line| line.starts_with("row Ann|******************.com|********4567|")), "{heard:?}");
        clean(&heard);
        // twice the same statement, with and without a name, and through a cursor
        let named = [
            parse("s", "SELECT email FROM ONLY people WHERE id = 1"),
            bind("", "s", &[]),
            execute(""),
            Sync,
            bind("", "s", &[]),
            execute(""),
            Sync,
        ];
        let heard = raw.ask(&named).await?;
        assert_eq!(heard.iter().filter(|line| *line == "row ******************.com").count(), 2, "{heard:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_a_bare_column_is_masked() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let shapes = [
        "SELECT email AS x FROM people WHERE id = 1",
        "SELECT p.email FROM people p JOIN orders o ON o.person = p.id",
        "SELECT * FROM people WHERE id = 1",
        "SELECT x.e FROM (SELECT email AS e FROM people WHERE id = 1) x",
        "WITH x AS (SELECT email FROM people WHERE id = 1) SELECT email FROM x",
        "TABLE ONLY people",
        "SELECT *, ctid FROM people",
        "SELECT email FROM heirs",
        "UPDATE people SET note = 'seen' WHERE id = 1 RETURNING email",
        "INSERT INTO people (id, email) VALUES (9, 'nine@example.com') RETURNING email",
        "DELETE FROM people WHERE id = 9 RETURNING *",
    ];
    for shape in shapes {
        let heard = raw.ask(&[query(shape)]).await?;
        clean(&heard);
        assert!(heard.iter().any(|line| line.contains("****")), "nothing masked in `{shape}`: {heard:?}");
    }
    for statements in [
        ["PREPARE a AS SELECT email FROM people WHERE id = 1", "EXECUTE a"],
        ["BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT email FROM people WHERE id = 1"],
        ["FETCH ALL FROM c", "COMMIT"],
    ] {
        let heard = raw.ask(&statements.map(query)).await?;
        clean(&heard);
        assert!(!heard.iter().any(|line| line.starts_with("error")), "{statements:?}: {heard:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_masked_for_certain_is_refused_with_its_reason() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let shapes = [
            "SELECT email FROM people UNION SELECT 'x'",
            "SELECT CASE WHEN email LIKE 'a%' THEN 1 ELSE 0 END FROM people",
            "SELECT id FROM people WHERE email LIKE 'ann%'",
            "SELECT id FROM people ORDER BY email",
            "SELECT count(*) FROM people GROUP BY email",
            "SELECT DISTINCT email FROM people",
            "SELECT a.id FROM people a JOIN people b ON a.email = b.email",
            "SELECT id FROM people WHERE id = (SELECT min(id) FROM people WHERE phone > '5')",
            "SELECT count(*) FILTER (WHERE email = 'ann.secret@example.com') FROM people",
            "SELECT tags::text FROM people",
            "SELECT to_json(people) FROM people",
            "SELECT id FROM people, unnest(tags) AS t",
            "SELECT id, EXISTS (SELECT unnest(tags)) FROM people",
            "SELECT id FROM (SELECT id, generate_series(1, length(tags::text)) FROM people) q",
            "WITH q AS (SELECT id, 1/(length(tags::text)-1) FROM people) SELECT id FROM q",
            "COPY (SELECT tags FROM people) TO STDOUT",
            "UPDATE people SET note = 'x' WHERE id = 1 RETURNING upper(email)",
            "SELECT email || 'x' FROM people TABLESAMPLE system (100)",
            "SELECT people, ctid, email || 'x' FROM people",
            "SELECT a.ctid, a.email || 'x' FROM people a NATURAL JOIN people b",
            "SELECT xmin, to_json(people) FROM people",
            "CREATE TABLE copy AS SELECT * FROM people",
            "SELECT * INTO copy FROM people",
            "INSERT INTO orders (id) SELECT score FROM people",
            "INSERT INTO people (id, note) SELECT id + 10, email FROM people",
            "UPDATE people SET note = email",
            "UPDATE people SET email = 'x'",
            "DELETE FROM people WHERE phone LIKE '5%'",
            "DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM people LIMIT 1); END $$",
            "SELECT mail FROM called",
            "SELECT * FROM over_called",
            "TABLE kept_called",
            "SELECT query_to_xml('SELECT email FROM people', true, true, '')",
            "SELECT most_common_vals FROM pg_stats WHERE tablename = 'people'",
            "EXPLAIN ANALYZE SELECT id FROM people WHERE email = 'ann.secret@example.com'",
            "CREATE FUNCTION leak() RETURNS text LANGUAGE sql AS 'SELECT email FROM people LIMIT 1'",
            "ALTER TABLE people ADD CHECK (email LIKE 'a%')",
            "ALTER TABLE people ADD COLUMN tells int GENERATED ALWAYS AS (1 / length(email)) STORED",
            "ALTER TABLE people ADD UNIQUE (email)",
            "ALTER TABLE people ALTER COLUMN phone SET NOT NULL",
            "CREATE INDEX ON people ((score / 0))",
            "CREATE INDEX ON people (id) WHERE email LIKE 'a%'",
            "CREATE UNIQUE INDEX ON people (score)",
        ];
        for shape in shapes {
            let simple = raw.ask(&[query(shape)]).await?;
            clean(&simple);
            assert_eq!(simple.first().map(String::as_str), Some("error 42501"), "`{shape}`: {simple:?}");
            let extended = raw.ask(&[parse("", shape), bind("", "", &[]), execute(""), Sync]).await?;
            clean(&extended);
            assert_eq!(extended.first().map(String::as_str), Some("error 42501"), "`{shape}`: {extended:?}");
        }
        let ran = gateway.run(&["SELECT 1, tags::text FROM people"]).await?;
        assert!(ran.err.contains("output column 2 (`tags::text`) is computed from public.people.tags"), "{ran:?}");
        assert!(ran.err.contains("HINT:  select the column as it is: it comes masked"), "{ran:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_do_not_quote_rows() -> Result<()> {
    let gateway = gateway(15).await?;
    gateway.server.run_sql("postgres", "ALTER TABLE people ADD CHECK (note <> 'bad')")?;
    let ran = gateway.run(&["UPDATE people SET note = 'bad' WHERE id = 1"]).await?;
    assert!(ran.err.contains("23514"), "{ran:?}");
    clean(&[ran.out, ran.err]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_holds_no_masked_value_of_a_reply() -> Result<()> {
    let gateway = gateway(15).await?;
    gateway.run(&["SELECT * FROM people", "SELECT email FROM people WHERE id = 1"]).await?;
    // names that the gateway has drawn may have any digits
    let text = gateway.dwelling.journal.text();
    clean(&[text.split('"').filter(|word| !word.starts_with("op_")).collect()]);
    Ok(())
}

/// THREAT: a trigger that says what it likes, under a code that speaks of rights.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_trigger_says_of_a_row_stays() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        gateway.server.run_sql(
            "postgres",
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                 RAISE NOTICE 'changing %', OLD.email USING ERRCODE = '02000', TABLE = OLD.email;
                 RAISE EXCEPTION 'not %', OLD.email USING ERRCODE = 'insufficient_privilege', COLUMN = OLD.email;
             END$$;
             CREATE TRIGGER tells BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tell()",
        )?;
        let ran = gateway.run(&["UPDATE people SET note = 'x' WHERE id = 1"]).await?;
        assert!(ran.err.contains("42501") && ran.err.contains("is left out"), "{ran:?}");
        clean(&[ran.out, ran.err]);
    }
    Ok(())
}

/// THREAT: what the server's own functions quote of what they cannot read, under codes that speak of names.
#[tokio::test(flavor = "multi_thread")]
async fn what_functions_quote_of_a_value_stays() -> Result<()> {
    let rules = RULES.replace("kind    = ", "predicates = \"allow\"\nkind    = ");
    let people = format!("{PEOPLE} CREATE VIEW reached AS SELECT id FROM people WHERE email IS NOT NULL");
    let gateway = Gateway::start(15, &people, &rules).await?;
    let left_out = "is left out";
    for (text, code, said) in [
        ("SELECT 1 FROM people WHERE to_tsquery('simple', 'a ' || email) IS NULL", "42601", left_out),
        ("SELECT 1 FROM people WHERE email::regclass IS NULL", "0A000", left_out),
        ("SELECT 1 FROM people WHERE (E'\\'' || email)::tsvector IS NULL", "42601", left_out),
        ("SELECT 1 FROM people WHERE jsonb_path_query_first('1', ('$' || name)::jsonpath) IS NULL", "42704", left_out),
        ("SELECT id / 0 FROM people", "22012", left_out),
        ("SELECT id / 0 FROM reached", "22012", left_out),
        // what is about names, or has nothing to do with any masked column
        ("SELECT id FROM people WHERE id = 'x'", "22P02", "type integer: \"x\""),
        ("CREATE TABLE people ()", "42P07", "relation \"people\" already exists"),
        ("SELECT id / 0 FROM orders", "22012", "division by zero"),
        ("DROP TABLE nothing", "42P01", "table \"nothing\" does not exist"),
    ] {
        let ran = gateway.run(&[text]).await?;
        assert!(ran.err.contains(code) && ran.err.contains(said), "`{text}`: {ran:?}");
        clean(&[ran.out, ran.err]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_copy_fails_with_the_name_of_its_constraint() -> Result<()> {
    let gateway = Gateway::start(15, &format!("{PEOPLE} ALTER TABLE orders ADD PRIMARY KEY (id)"), RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("COPY orders (id) FROM STDIN"), CopyData("1\n".into()), CopyDone]).await?;
    let report = loop {
        if let Backend::ErrorResponse(report) = raw.hear().await? {
            break report;
        }
    };
    assert_eq!(report.code(), Some(b"23505".as_slice()));
    assert_eq!(report.field(field::CONSTRAINT), Some(b"orders_pkey".as_slice()));
    assert_eq!(report.field(field::DETAIL), None);
    Ok(())
}

/// THREAT: code that tags its session with a value of the row at hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_code_makes_of_a_row_is_not_told() -> Result<()> {
    for (version, setting) in [(15, "application_name"), (18, "search_path")] {
        let gateway = gateway(version).await?;
        gateway.server.run_sql(
            "postgres",
            &format!(
                "CREATE FUNCTION tag() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                     PERFORM set_config('{setting}', quote_ident(OLD.email), false);
                     RETURN NEW;
                 END$$;
                 CREATE TRIGGER tags BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tag()"
            ),
        )?;
        let mut raw = Raw::log_in(&gateway).await?;
        let mut told = Vec::new();
        for text in [&format!("SET {setting} = public"), "UPDATE people SET note = 'x' WHERE id = 1"] {
            raw.say(&[query(text)]).await?;
            loop {
                match raw.hear().await? {
                    Backend::ParameterStatus { value, .. } => told.push(String::from_utf8_lossy(&value).into_owned()),
                    Backend::ReadyForQuery { .. } => break,
                    _ => {}
                }
            }
        }
        assert_eq!(told, ["public", "withheld, because it may hold masked values"], "{version}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_bound_sees_everything() -> Result<()> {
    let rules = RULES.replace("kind    = \"partial\"", "kind    = \"partial\"\nexcept  = [\"group:ci\"]");
    let rules = rules.replace("kind    = \"fixed\"", "kind    = \"fixed\"\nexcept  = [\"group:ci\"]");
    let gateway = Gateway::start(15, PEOPLE, &rules).await?;
    let ran = gateway.run(&["SELECT email FROM ONLY people WHERE id = 1", "SELECT max(score) FROM people"]).await?;
    assert_eq!(ran.out, "ann.secret@example.com\n4711");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_in_the_session_is_known_to_it_at_once() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = raw
        .ask(
            &[
                "BEGIN",
                "CREATE TEMP TABLE mine (id int, email text)",
                "INSERT INTO mine VALUES (1, 'own@example.com')",
                "SELECT email FROM mine",
                "ROLLBACK",
                "SELECT email FROM people WHERE id = 1",
            ]
            .map(query),
        )
        .await?;
    assert!(heard.contains(&"row own@example.com".to_owned()), "{heard:?}");
    assert!(heard.contains(&"row ******************.com".to_owned()), "{heard:?}");
    Ok(())
}

/// THREAT: names that mean something else than the gateway thinks.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_path_cannot_hide_a_masked_table() -> Result<()> {
    let gateway = gateway(15).await?;
    gateway.server.run_sql("postgres", "CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO app; CREATE TABLE other.people (email text); INSERT INTO other.people VALUES ('open@example.com'); GRANT ALL ON other.people TO app")?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = raw
        .ask(
            &[
                "SET search_path = other",
                "SELECT upper(email) FROM people",
                "BEGIN",
                "SET LOCAL search_path = public",
                "SELECT email FROM people WHERE id = 1",
                "COMMIT",
                "SELECT email FROM people",
            ]
            .map(query),
        )
        .await?;
    clean(&heard);
    assert!(heard.contains(&"row OPEN@EXAMPLE.COM".to_owned()), "{heard:?}");
    assert!(heard.contains(&"row ******************.com".to_owned()), "{heard:?}");
    assert!(heard.contains(&"row open@example.com".to_owned()), "{heard:?}");
    Ok(())
}

/// A view is no way around: its columns are bound by the masks of what they show.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_made_in_the_session_is_masked_like_its_table() -> Result<()> {
    let gateway = gateway(15).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let views = [
        "CREATE VIEW bare AS SELECT email AS e FROM people",
        "CREATE VIEW built AS SELECT email || '!' AS e FROM people",
    ];
    for view in views {
        assert_eq!(raw.ask(&[query(view)]).await?, ["CREATE VIEW", "ready"]);
    }
    for reading in
        ["SELECT e FROM bare", "SELECT e FROM built", "TABLE built", "SELECT count(*) FROM built WHERE e LIKE 'ann%'"]
    {
        let heard = raw.ask(&[query(reading)]).await?;
        clean(&heard);
        assert!(heard[0] == "error 42501" || heard.iter().any(|line| line.contains("***")), "{reading}: {heard:?}");
    }
    Ok(())
}
