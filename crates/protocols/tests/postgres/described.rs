//! What is said of the columns of a result: the same of a masked one as of any other.

use anyhow::Result;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use postern_protocols::postgres::wire::{Backend, Field, Named};

use crate::raw::{Raw, bind, parse, query};
use crate::veiling::{RULES, gateway_with};

/// Drivers look behind a result by what is said of its columns.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_said_to_be_the_one_that_its_image_stands_for() -> Result<()> {
    const TELLING: &[&str] = &[
        "SELECT * FROM people",
        "SELECT upper(email), email AS other, o.total FROM people JOIN orders o USING (id)",
        "SELECT mail, c.phone FROM contacts c JOIN people p ON p.phone = c.phone",
        "SELECT q.m, q.code FROM (SELECT email AS m, code FROM people) q",
        "WITH q AS (SELECT * FROM people) SELECT pin, flags FROM q, bits",
        "SELECT email FROM people UNION ALL SELECT email FROM people",
        "SELECT secret FROM parts_1",
        "SELECT t.*, ctid FROM people t",
    ];
    const MORE: &str = "CREATE TABLE bits (flags bit(4), spare varbit(7), at timestamp(3), many numeric(8,2)[]); \
                        GRANT ALL ON bits TO app";
    let rules = RULES.replace("\"public.parts.secret\"", "\"public.parts.secret\", \"public.bits.*\"");
    for version in [15, 18] {
        let gateway = gateway_with(version, &rules).await?;
        gateway.server.run_sql("postgres", MORE)?;
        let [mut raw, mut direct] = [Raw::log_in(&gateway).await?, Raw::log_in_directly(&gateway).await?];
        for text in TELLING {
            let described = |kind| Frontend::Describe { kind, name: "".into() };
            let bound = bind("", "", &[]);
            let ways = [
                vec![query(text)],
                vec![parse("", text), described(Named::Statement), Sync],
                vec![parse("", text), bound, described(Named::Portal), Sync],
                vec![
                    query("BEGIN"),
                    query(&format!("DECLARE c CURSOR FOR {text}")),
                    query("FETCH 1 FROM c"),
                    query("END"),
                ],
            ];
            for way in ways {
                let mut told = Vec::new();
                for client in [&mut raw, &mut direct] {
                    client.say(&way).await?;
                    let ends = way.iter().filter(|one| matches!(one, Sync | Frontend::Query { .. })).count();
                    told.push(fields(client, ends).await?);
                }
                assert_eq!(told[0], told[1], "{version}: `{text}`");
                assert!(!told[1].is_empty(), "{version}: `{text}` returns nothing");
            }
        }
    }
    Ok(())
}

/// What is said of columns up to so many `ReadyForQuery`.
async fn fields(raw: &mut Raw, ends: usize) -> Result<Vec<Field>> {
    let (mut fields, mut ready) = (Vec::new(), 0);
    while ready < ends {
        match raw.hear().await? {
            Backend::RowDescription(said) => fields.extend(said),
            Backend::ReadyForQuery { .. } => ready += 1,
            _ => {}
        }
    }
    Ok(fields)
}
