//! What is not there: the server says so itself, of whatever a client names, and nothing runs for that.

use anyhow::Result;
use bytes::Bytes;
use postern_protocols::postgres::wire::Frontend::{self, Describe, Sync};
use postern_protocols::postgres::wire::{Backend, Named};

use crate::ends::gateway;
use crate::raw::{Raw, bind, close, describe, execute, extended, parse, query};

/// The bytes of everything up to so many `ReadyForQuery`.
async fn bytes_until_ready(raw: &mut Raw, times: usize) -> Result<Vec<(String, Bytes)>> {
    let mut heard = Vec::new();
    let mut ready = 0;
    while ready < times {
        let frame = raw.hear_frame().await?;
        let message = Backend::decode(&frame)?;
        ready += usize::from(matches!(message, Backend::ReadyForQuery { .. }));
        heard.push((describe(&message), frame.raw));
    }
    Ok(heard)
}

fn asks(kind: Named, name: &str) -> Frontend {
    Describe { kind, name: Bytes::copy_from_slice(name.as_bytes()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_missed_in_the_servers_words_byte_by_byte() -> Result<()> {
    let lost = || vec![parse("p", "SELECT 1"), bind("c", "p", &[]), Sync];
    let cases: Vec<Vec<Frontend>> = vec![
        vec![bind("", "nope", &[]), execute(""), Sync],
        vec![bind("c", "a \"name\" ü", &["1"]), Sync],
        vec![bind("", "", &[]), Sync],
        vec![asks(Named::Statement, "nope"), Sync],
        vec![asks(Named::Statement, ""), Sync],
        vec![asks(Named::Portal, "nope"), Sync],
        vec![asks(Named::Portal, ""), Sync],
        vec![execute("nope"), query("SELECT 2"), Sync],
        vec![execute(""), Sync],
        // a statement without a name that could not be made is not there either
        vec![parse("", "SELECT nothing FROM nowhere"), Sync, bind("", "", &[]), Sync],
        // what is closed, and what went with its transaction
        [lost(), vec![execute("c"), close("p"), Sync, bind("", "p", &[]), Sync]].concat(),
        vec![query("BEGIN"), query("SELECT 1/0"), bind("", "nope", &[]), Sync, execute("nope"), Sync, query("END")],
        [extended("SELECT 1"), vec![execute("nope"), bind("", "nope", &[]), Sync]].concat(),
        // nobody's name is the gateway's
        vec![parse("postern's own", "SELECT 1"), Sync, query("EXECUTE \"postern's own\"")],
    ];
    for version in [15, 18] {
        let gateway = gateway(version).await?;
        let mut direct = Raw::log_in_directly(&gateway).await?;
        let mut through = Raw::log_in(&gateway).await?;
        for messages in &cases {
            let ends = messages.iter().filter(|one| matches!(one, Sync | Frontend::Query { .. })).count();
            let ends = ends
                - usize::from(matches!(messages.as_slice(), [Frontend::Execute { .. }, Frontend::Query { .. }, ..]));
            let mut heard = Vec::new();
            for raw in [&mut direct, &mut through] {
                raw.say(messages).await?;
                heard.push(bytes_until_ready(raw, ends).await?);
            }
            assert_eq!(heard[1], heard[0], "{version}: {messages:?}");
        }
    }
    Ok(())
}
