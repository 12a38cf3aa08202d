//! What masks show does not come back: nobody who saves what was shown puts an image in the place of a value.

use anyhow::Result;
use bytes::Bytes;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::gateway::Gateway;
use crate::masking::{PEOPLE, RULES};
use crate::raw::{Raw, execute, parse, query};

/// A statement of one parameter, in this format.
fn with(text: &str, format: i16, value: Option<&'static [u8]>) -> Vec<Frontend> {
    let bound = Frontend::Bind {
        portal: "".into(),
        statement: "".into(),
        parameter_formats: vec![format],
        parameters: vec![value.map(Bytes::from_static)],
        result_formats: Vec::new(),
    };
    vec![parse("", text), bound, execute(""), Sync]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_never_written_in_the_place_of_a_value() -> Result<()> {
    let rules = RULES.replace("kind    = ", "writes  = \"allow\"\nkind    = ");
    let set = |column: &str| format!("UPDATE people SET {column} = $1 WHERE id = 1");
    for version in [15, 18] {
        let gateway = Gateway::start(version, PEOPLE, &rules).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        raw.ask(&[query("PREPARE t AS UPDATE people SET email = $1")]).await?;
        let texts = [
            "UPDATE people SET email = '******************.com' WHERE id = 1",
            "UPDATE people SET name = 'x', (note, email) = ('y', '**34') WHERE id = 1",
            "UPDATE people SET email = '****234'::text",
            "UPDATE people SET code = '***123' WHERE id = 1",
            "UPDATE people SET born = NULL",
            "UPDATE people SET profile = '\"***\"'",
            "INSERT INTO people (id, email) VALUES (9, 'a@b'), (10, '****234')",
            "INSERT INTO people VALUES (9, 'Nina', '***')",
            "UPDATE people SET tags = '{****cret,free}' WHERE id = 1",
            "INSERT INTO people (id, email) SELECT 9, '****234'",
            "INSERT INTO people (id, email) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = '****234'",
            "MERGE INTO people p USING orders o ON p.id = o.person WHEN MATCHED THEN UPDATE SET phone = '****'",
            "MERGE INTO people p USING orders o ON false WHEN NOT MATCHED THEN INSERT (id, phone) VALUES (9, '****')",
            "WITH x AS (UPDATE people SET phone = '**' WHERE id = 1) SELECT 1",
            "PREPARE s AS UPDATE people SET email = '****234'",
            "EXECUTE t('****234')",
            "EXPLAIN ANALYZE UPDATE people SET email = '****234'",
        ];
        let bound = [
            with(&set("email"), 0, Some(b"******************.com")),
            with(&set("email"), 1, Some(b"******************.com")),
            with(&set("code"), 0, Some(b"***123")),
            with(&set("tags"), 0, Some(b"{*******cret}")),
            with(&set("born"), 0, None),
            with(&set("profile"), 0, Some(b"\"***\"")),
            with(&set("profile"), 1, Some(b"\x01\"***\"")),
            with("INSERT INTO people (id, phone) VALUES (9, $1::varchar)", 0, Some(b"********4567")),
        ];
        for asked in texts.iter().map(|text| vec![query(text)]).chain(bound) {
            let heard = raw.ask(&asked).await?.join(", ");
            assert!(heard.contains("error 42501"), "{version}: {asked:?}: {heard}");
        }
        let ran = gateway.run(&["UPDATE people SET email = '****234'"]).await?;
        assert!(ran.err.contains("public.people.email") && ran.err.contains("PST-"), "{ran:?}");
        assert!(ran.err.contains("HINT:  leave the column out, or write a value of your own"), "{ran:?}");
        let values = "SELECT email || phone || code || born || profile || (SELECT count(*) FROM ONLY people) FROM people WHERE id = 1";
        let kept = gateway.server.run_sql("postgres", values)?;
        assert!(
            kept.contains("ann.secret@example.com555-123-4567ABC1231990-02-03{\"ssn\": \"078-05-1120\"}2"),
            "{kept}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_image_may_be_written() -> Result<()> {
    let rules = RULES.replace("kind    = ", "writes  = \"allow\"\nkind    = ");
    let gateway = Gateway::start(15, PEOPLE, &rules).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let texts = [
        "UPDATE people SET name = '***' WHERE id = 1",
        "UPDATE people SET email = 'ann*@example.com' WHERE id = 1",
        "UPDATE people SET email = NULL WHERE id = 1",
        "UPDATE people SET email = DEFAULT WHERE id = 1",
        "INSERT INTO people (id, email, born) VALUES (7, NULL, NULL), (8, 'x@y.com', '2001-01-01')",
    ];
    let bound = [
        with("UPDATE people SET email = $1 WHERE id = 1", 0, Some(b"ann@example.com")),
        with("UPDATE people SET email = $1 WHERE id = 1", 0, None),
        with("UPDATE people SET note = $1 WHERE id = 1", 1, Some(b"***")),
        with("INSERT INTO people (id, born) VALUES (9, $1)", 0, None),
    ];
    for asked in texts.iter().map(|text| vec![query(text)]).chain(bound) {
        let heard = raw.ask(&asked).await?.join(", ");
        assert!(!heard.contains("error"), "{asked:?}: {heard}");
    }
    Ok(())
}
