//! Kinds of masks beyond constants: ranges that the server computes, and stand-ins that are made on the way out.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::Gateway;
use crate::raw::{Raw, execute, parse, query};

const PEOPLE: &str = r#"
    CREATE DOMAIN pay AS int CHECK (VALUE > 0);
    CREATE TABLE people (
        id int PRIMARY KEY, salary int, wage pay, debt bigint, age smallint, price numeric(10,2), ratio float8, part real,
        born date, seen timestamp, at timestamptz, note text, name text, mail text, phone varchar(20), code char(6),
        card text, tags text[], profile jsonb, bonus int);
    INSERT INTO people VALUES
        (1, 4711, 4711, -98765, 37, 1999.99, 1234.5, 1234567, '1990-02-03', '1990-02-03 04:05:06', '1990-02-03 04:05:06+00',
         'free', 'Ann Secret', 'ann.secret@example.com', '555-123-4567', 'ABC123', '4111 1111 1111 1111',
         '{"ann.secret@example.com",NULL,"x"}', '{"a": "secret"}', 4711),
        (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         'free', 'Ann Secret', 'ann.secret@example.com', NULL, NULL, '4111 1111 1111 1112', NULL, NULL, NULL),
        (3, 999, 1000, 1000, -1, -0.01, 'NaN', -1, '5000000-01-01', '2000-12-31 23:59:59.9', '2000-12-31 23:59:59+00',
         'free', '', 'cy.secret@example.com', '1', 'X', '123', '{}', '1', 12);
"#;

const RULES: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "delete"], objects = ["public.*"] }

[[mask]]
name       = "ranges"
columns    = ["public.people.{salary,wage,debt,age,price,ratio,part,born,seen,at,note}"]
kind       = "bucket"
size       = 1000
per        = "month"
predicates = "mask"

[[mask]]
name    = "hashed"
columns = ["public.people.{mail,code,tags,profile,bonus}"]
kind    = "hash"
domain  = "mails"

[[mask]]
name    = "tokens"
columns = ["public.people.phone"]
kind    = "token"

[[mask]]
name    = "cards"
columns = ["public.people.card"]
kind    = "fpe"

[[mask]]
name    = "names"
columns = ["public.people.name"]
kind    = "fake"
fake    = "name"
"#;

/// Whatever of these is seen by a client is a leak.
const SECRETS: &[&str] =
    &["4711", "98765", "99.99", "1234", "02-03", "04:05", "12-31", "Secret", "secret", "555-", "ABC", "1111", "1112"];

fn clean(heard: &[String]) {
    for secret in SECRETS {
        assert!(!heard.iter().any(|line| line.contains(secret)), "`{secret}` left: {heard:?}");
    }
}

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
async fn ranges_stand_for_numbers_and_times() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, PEOPLE, RULES).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(&[query("SET timezone = 'UTC'")]).await?;
        let rows = |heard: Vec<String>| -> Vec<String> {
            heard.into_iter().filter_map(|line| line.strip_prefix("row ").map(str::to_owned)).collect()
        };
        for (text, expected) in [
            (
                "SELECT salary, wage, debt, age, price, ratio, part, note FROM people ORDER BY id",
                &[
                    "4000|4000|-98000|0|1000.00|1000|1.234e+06|NULL",
                    "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
                    "0|1000|1000|0|0.00|NaN|0|NULL",
                ][..],
            ),
            (
                "SELECT born, seen, at FROM people ORDER BY id",
                &[
                    "1990-02-01|1990-02-01 00:00:00|1990-02-01 00:00:00+00",
                    "NULL|NULL|NULL",
                    "294276-12-01|2000-12-01 00:00:00|2000-12-01 00:00:00+00",
                ],
            ),
            ("SELECT sum(salary), max(born)::text, min(price) FROM people", &["4000|294276-12-01|0.00"]),
            ("SELECT id FROM people WHERE salary >= 4500", &[]),
            ("SELECT id FROM people WHERE salary = 4000 ORDER BY salary", &["1"]),
            ("SELECT salary, count(*) FROM people GROUP BY salary ORDER BY 1", &["0|1", "4000|1", "NULL|1"]),
            (
                "SELECT pg_typeof(salary), pg_typeof(price), pg_typeof(born), pg_typeof(at) FROM people LIMIT 1",
                &["integer|numeric|date|timestamp with time zone"],
            ),
        ] {
            let heard = raw.ask(&[query(text)]).await?;
            clean(&heard);
            assert_eq!(rows(heard), expected, "{version}: `{text}`");
            let heard = raw.ask(&binary(text)).await?;
            assert!(heard.iter().any(|line| line.starts_with("SELECT ")), "{version}: `{text}`: {heard:?}");
        }
        // dates as others write them, and zones
        for setting in ["SET datestyle = 'German'", "SET timezone = 'Asia/Tokyo'", "SET datestyle = 'SQL, DMY'"] {
            let heard = raw.ask(&[query(setting), query("SELECT born, seen, at FROM people")]).await?;
            assert!(heard.contains(&"SELECT 3".to_owned()), "{setting}: {heard:?}");
            clean(&heard);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_in_is_the_same_for_the_same_value() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, PEOPLE, RULES).await?;
        let text = "SELECT mail, name, card, phone, code, tags, profile, bonus FROM people ORDER BY id";
        let mut seen = Vec::new();
        for way in [vec![query(text)], binary(text)] {
            let mut raw = Raw::log_in(&gateway).await?;
            let heard = raw.ask(&way).await?;
            clean(&heard);
            seen.push(heard);
        }
        let rows: Vec<Vec<&str>> =
            seen[0].iter().filter_map(|line| Some(line.strip_prefix("row ")?.split('|').collect())).collect();
        let [one, two, three] = rows.as_slice() else { panic!("{seen:?}") };
        assert_eq!((one[0], one[1]), (two[0], two[1]), "the same value");
        assert_ne!(one[0], three[0]);
        assert_eq!(one[0].len(), 64, "{one:?}");
        assert!(one[5].contains(one[0]) && one[5].contains("NULL"), "an element, in the same domain: {one:?}");
        assert!(one[1].split(' ').count() == 2, "{one:?}");
        assert!(one[2].len() == 19 && one[2].matches(' ').count() == 3 && one[2] != two[2], "{one:?} {two:?}");
        assert_eq!(three[2], "***", "too few digits to put others in their place");
        assert!(one[3].starts_with("tok_") && one[3].len() == 20 && one[4].len() == 6, "as long as the type: {one:?}");
        assert_eq!((one[6], one[7], two[3]), ("\"***\"", "NULL", "NULL"));
        // in binary texts are the same
        assert!(seen[1].iter().any(|line| line.contains(one[0]) && line.contains(one[2])), "{seen:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_stand_in_nothing_is_made() -> Result<()> {
    let gateway = Gateway::start(15, PEOPLE, RULES).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let texts = [
        "SELECT upper(mail) FROM people".to_owned(),
        "SELECT name FROM people UNION SELECT 'x'".to_owned(),
        "SELECT id FROM people WHERE card LIKE '4%'".to_owned(),
        "SELECT id FROM people ORDER BY phone".to_owned(),
        "SELECT to_json(people) FROM people".to_owned(),
        "COPY people (mail) TO STDOUT".to_owned(),
        "INSERT INTO people (id, phone) VALUES (9, 'tok_abcdefghijklmnopqrstuvwxyz')".to_owned(),
        "UPDATE people SET name = 'Ann'".to_owned(),
    ];
    for text in &texts {
        for way in [vec![query(text)], binary(text)] {
            let heard = raw.ask(&way).await?;
            clean(&heard);
            assert_eq!(heard.first().map(String::as_str), Some("error 42501"), "`{text}`: {heard:?}");
        }
    }
    Ok(())
}
