//! Masks by what a value is: hidden in every value that is searched, in text and in binary, and nothing is refused for it.

use anyhow::Result;
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_protocols::postgres::wire::report::field;

use crate::gateway::{Gateway, PREAMBLE};
use crate::raw::{Raw, bind, execute, parse, query};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const CARD: &str = "4111111111111111";

const NOTES: &str = r#"
    CREATE DOMAIN remark AS text;
    CREATE TABLE notes (
        id int, body text, short varchar(40), fixed char(24), said remark, doc jsonb, raw json, page xml, tags text[],
        password text, number bigint);
    INSERT INTO notes VALUES
        (1, 'the key KEY, kept', 'KEY', 'KEY', 'KEY!', '{"n": 1, "card": CARD}', '{"a": ["KEY", 2], "card": CARD}',
         '<a>KEY</a>', '{x,"the \"KEY\"",NULL}', 'hunter2-Hunter', CARD),
        (2, 'nothing', NULL, '', NULL, '{"n": 2}', '[]', '<a/>', '{}', NULL, 3);
    CREATE VIEW shown AS SELECT id, body AS words FROM notes;
    CREATE FUNCTION remarks() RETURNS int LANGUAGE plpgsql AS
        $$BEGIN RAISE NOTICE 'it is %', (SELECT short FROM notes WHERE id = 1) USING DETAIL = 'or CARD, so'; RETURN 1; END$$;
"#;

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write", "define", "execute", "transfer", "unknown"], objects = ["*"] }
"#;

const SECRETS: &str = r#"
[[mask]]
name   = "secrets"
detect = ["aws-key", "card-number", "named-secret"]
kind   = "fixed"
"#;

async fn gateway(version: u32, masks: &str) -> Result<Gateway> {
    let notes = NOTES.replace("KEY", KEY).replace("CARD", CARD);
    Gateway::start(version, &notes, &format!("{EVERYTHING}{masks}")).await
}

fn extended(text: &str, format: i16) -> Vec<Frontend> {
    let mut bound = bind("", "", &[]);
    if let Frontend::Bind { result_formats, .. } = &mut bound {
        *result_formats = vec![format];
    }
    vec![parse("", text), bound, execute(""), Sync]
}

async fn row(raw: &mut Raw, messages: &[Frontend]) -> Result<String> {
    let heard = raw.ask(messages).await?;
    Ok(heard.iter().find(|line| line.starts_with("row ")).cloned().unwrap_or_else(|| heard.join(", ")))
}

async fn asked(raw: &mut Raw, text: &str) -> Result<String> {
    row(raw, &[query(text)]).await
}

const EACH: &str = "SELECT id, body, short, fixed, said, doc, raw, page, tags, password FROM notes ORDER BY notes.id";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_hidden_in_the_values_own_type() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version, SECRETS).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let hidden = r#"row 1|the key ***, kept|***|***    |***!|{"n": 1, "card": "***"}|{"a": ["***", 2], "card": "***"}|<a>***</a>|{x,"the \"***\"",NULL}|***"#;
        assert_eq!(asked(&mut raw, EACH).await?, hidden, "{version}");
        assert_eq!(row(&mut raw, &extended(EACH, 0)).await?, hidden, "{version}");
        let rows = raw.ask(&[query(EACH)]).await?;
        assert_eq!(rows[2], "row 2|nothing|NULL|                        |NULL|{\"n\": 2}|[]|<a/>|{}|NULL");
        // the same in binary: what is no text stays as it is, and each stays readable as its type
        let binary = row(&mut raw, &extended(EACH, 1)).await?;
        for part in
            ["the key ***, kept|***|***    |***!|\u{1}{\"n\": 1, \"card\": \"***\"}|", "<a>***</a>|", "the \"***\""]
        {
            assert!(binary.contains(part), "{part}: {binary}");
        }
        assert!(!binary.contains(KEY) && !binary.contains(CARD), "{binary}");
        let tags = row(&mut raw, &extended("SELECT tags FROM notes WHERE id = 1", 1)).await?;
        // one dimension, with NULLs, of text, three from 1
        let elements = "\0\0\0\u{1}x\0\0\0\t".to_owned() + "the \"***\"";
        assert!(tags.starts_with("row \0\0\0\u{1}\0\0\0\u{1}\0\0\0\u{19}\0\0\0\u{3}\0\0\0\u{1}"), "{tags:?}");
        assert!(tags.contains(&elements), "{tags:?}");
        // its name is the one that the client sees
        assert_eq!(asked(&mut raw, "SELECT password AS p FROM notes WHERE id = 1").await?, "row hunter2-Hunter");
        assert_eq!(asked(&mut raw, "SELECT 'hunter2-Hunter' AS api_password").await?, "row ***");
        assert_eq!(asked(&mut raw, "SELECT number FROM notes WHERE id = 1").await?, format!("row {CARD}"));
        let shown = gateway.dwelling.recordings.shown()?;
        assert!(!shown.contains(KEY) && shown.contains("the key ***, kept"), "{shown}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_a_cell_is_searched_and_nothing_is_refused() -> Result<()> {
    let gateway = gateway(18, SECRETS).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for text in [
        "SELECT upper(body) FROM notes WHERE id = 1",
        "SELECT body || ' ' || short FROM notes WHERE id = 1",
        "SELECT words FROM shown WHERE id = 1",
        "SELECT max(short) FROM notes",
        "SELECT body FROM notes UNION ALL SELECT short FROM notes ORDER BY 1 DESC NULLS LAST LIMIT 1",
        "SELECT to_jsonb(short) FROM notes WHERE short LIKE 'A%'",
        "UPDATE notes SET id = id WHERE id = 1 RETURNING body",
    ] {
        let heard = asked(&mut raw, text).await?;
        assert!(heard.contains("***") && !heard.contains(KEY), "`{text}`: {heard}");
    }
    for statements in [
        ["BEGIN", "DECLARE c CURSOR FOR SELECT short FROM notes WHERE id = 1", "FETCH ALL FROM c", "COMMIT"],
        ["PREPARE p AS SELECT short FROM notes WHERE id = 1", "EXECUTE p", "EXECUTE p", "DEALLOCATE p"],
        ["SELECT 1", "DO $$ BEGIN NULL; END $$", "TABLE shown", "SELECT short FROM notes"],
    ] {
        let heard = raw.ask(&statements.map(query)).await?;
        assert!(heard.iter().any(|line| line.contains("***")), "{statements:?}: {heard:?}");
        assert!(!heard.iter().any(|line| line.contains(KEY) || line.starts_with("error")), "{statements:?}: {heard:?}");
    }
    let again = [bind("", "s", &[]), execute(""), Sync];
    let heard = raw.ask(&[&[parse("s", "SELECT short FROM notes WHERE id = 1")][..], &again, &again].concat()).await?;
    assert_eq!(heard.iter().filter(|line| *line == "row ***").count(), 2, "{heard:?}");
    let many = format!("SELECT CASE WHEN i % 100 = 0 THEN '{KEY}' ELSE 'x' END FROM generate_series(1, 20000) i");
    let heard = raw.ask(&[query(&many)]).await?;
    let found = heard.iter().filter(|line| *line == "row ***").count();
    assert_eq!((found, heard.len(), heard.iter().any(|line| line.contains(KEY))), (200, 20_003, false));
    Ok(())
}

/// All that comes of a COPY.
async fn copied(raw: &mut Raw, text: &str) -> Result<String> {
    raw.say(&[query(text)]).await?;
    let mut lines = Vec::new();
    loop {
        match raw.hear().await? {
            Backend::CopyData(line) => lines.extend_from_slice(&line),
            Backend::ErrorResponse(report) => anyhow::bail!("{report:?}"),
            Backend::ReadyForQuery { .. } => return Ok(String::from_utf8_lossy(&lines).into_owned()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_copy_are_searched_and_can_be_read_again() -> Result<()> {
    for version in [15, 18] {
        let gateway = gateway(version, SECRETS).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let lines = copied(&mut raw, "COPY (SELECT id, body, raw, short FROM notes ORDER BY id) TO STDOUT").await?;
        let found = "1\tthe key ***, kept\t{\"a\": [\"***\", 2], \"card\": \"***\"}\t***\n2\tnothing\t[]\t\\N\n";
        assert_eq!(lines, found, "{version}");
        let lines = copied(&mut raw, "COPY (SELECT id, body FROM notes ORDER BY id) TO STDOUT (FORMAT csv)").await?;
        assert_eq!(lines, "1,\"the key ***, kept\"\n2,nothing\n", "{version}");
        let lines =
            copied(&mut raw, "COPY (SELECT id, short FROM notes ORDER BY id) TO STDOUT (DELIMITER '|')").await?;
        assert_eq!(lines, "1|***\n2|\\N\n", "{version}");
        let all = copied(&mut raw, "COPY notes TO STDOUT").await?;
        assert!(!all.contains(KEY), "{all}");
        // binary is not searched, and says so in the manual
        let binary = copied(&mut raw, "COPY (SELECT short FROM notes WHERE id = 1) TO STDOUT (FORMAT binary)").await?;
        assert!(binary.contains(KEY), "{binary}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_server_are_searched() -> Result<()> {
    let gateway = gateway(18, SECRETS).await?;
    let ran = gateway.run(&["SELECT short::int FROM notes"]).await?;
    assert!(ran.err.contains("invalid input syntax for type integer: \"***\"") && !ran.err.contains(KEY), "{ran:?}");
    let ran = gateway.run(&["SELECT remarks()"]).await?;
    assert!(ran.err.contains("it is ***") && ran.err.contains("or ***, so") && !ran.err.contains(KEY), "{ran:?}");
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("LISTEN bell")]).await?, ["LISTEN", "ready"]);
    gateway.server.run_sql("postgres", &format!("NOTIFY bell, 'so {KEY}'"))?;
    let Backend::NotificationResponse { payload, .. } = raw.hear().await? else { anyhow::bail!("no notification") };
    assert_eq!(payload, "so ***");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_of_kind_null_hides_the_whole_cell() -> Result<()> {
    let gateway = gateway(15, &SECRETS.replace("fixed", "null")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(asked(&mut raw, EACH).await?, "row 1|NULL|NULL|NULL|NULL|NULL|NULL|NULL|{x,NULL,NULL}|NULL");
    assert_eq!(row(&mut raw, &extended("SELECT body, id FROM notes WHERE id = 2", 0)).await?, "row nothing|2");
    assert_eq!(copied(&mut raw, "COPY (SELECT short FROM notes WHERE id = 1) TO STDOUT").await?, "***\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_with_columns_searches_these_and_what_is_made_of_them() -> Result<()> {
    let gateway = gateway(15, &SECRETS.replace("kind", "columns = [\"public.notes.body\"]\nkind")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    for (text, heard) in [
        ("SELECT body, short FROM notes WHERE id = 1", format!("row the key ***, kept|{KEY}")),
        ("SELECT words FROM shown WHERE id = 1", "row the key ***, kept".to_owned()),
        ("SELECT body || '', short || '' FROM notes WHERE id = 1", format!("row the key ***, kept|{KEY}")),
        ("SELECT n.b FROM (SELECT body AS b FROM notes WHERE id = 1) n", "row the key ***, kept".to_owned()),
    ] {
        assert_eq!(asked(&mut raw, text).await?, heard, "{text}");
        assert_eq!(row(&mut raw, &extended(text, 1)).await?, heard, "{text}");
    }
    let lines = copied(&mut raw, "COPY (SELECT body, short FROM notes WHERE id = 1) TO STDOUT").await?;
    assert_eq!(lines, format!("the key ***, kept\t{KEY}\n"));
    Ok(())
}

/// What hides a column comes first, and what it leaves is nobody's to search.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_mask_of_a_column_the_rest_is_searched() -> Result<()> {
    let column = "[[mask]]\nname = 'mail'\ncolumns = ['public.notes.short']\nkind = 'partial'\n";
    let gateway = gateway(15, &format!("{SECRETS}{column}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    let heard = asked(&mut raw, "SELECT short, body FROM notes WHERE id = 1").await?;
    assert_eq!(heard, "row ****************MPLE|the key ***, kept");
    raw.say(&[query("SELECT 1/0 FROM notes WHERE body > ''; ")]).await?;
    let report = loop {
        if let Backend::ErrorResponse(report) = raw.hear().await? {
            break report;
        }
    };
    assert!(String::from_utf8_lossy(report.field(field::MESSAGE).unwrap_or_default()).contains("is left out"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_binds_whom_it_is_for_and_is_lifted_by_a_rule() -> Result<()> {
    let gateway = gateway(15, &SECRETS.replace("kind", "except = [\"group:ci\"]\nkind")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(asked(&mut raw, "SELECT short FROM notes WHERE id = 1").await?, format!("row {KEY}"));
    // bound from here on, in the open session and for what it has prepared; but for what a rule lifts
    assert_eq!(raw.ask(&[parse("s", "SELECT short FROM notes WHERE id = 1"), Sync]).await?, ["parsed", "ready"]);
    let lifting = "[[rule]]\nname = 'opens'\neffect = 'allow'\nwho = ['*']\non = ['*']
        do = { effects = ['read'], objects = ['public.notes.short'] }\nwith = { unmask = ['secrets'] }\n";
    let policy = format!("{PREAMBLE}{EVERYTHING}{SECRETS}{lifting}");
    gateway.dwelling.change(&policy.replace(":PORT\"", &format!(":{}\"", gateway.server.port())))?;
    assert_eq!(asked(&mut raw, "SELECT body FROM notes WHERE id = 1").await?, "row the key ***, kept");
    assert_eq!(asked(&mut raw, "SELECT short FROM notes WHERE short > ''").await?, format!("row {KEY}"));
    let heard = asked(&mut raw, "SELECT short, body FROM notes WHERE short > '' AND body > 't'").await?;
    assert_eq!(heard, "row ***|the key ***, kept");
    gateway.dwelling.change(
        &format!("{PREAMBLE}{EVERYTHING}{SECRETS}").replace(":PORT\"", &format!(":{}\"", gateway.server.port())),
    )?;
    assert_eq!(row(&mut raw, &[bind("", "s", &[]), execute(""), Sync]).await?, "row ***");
    Ok(())
}
