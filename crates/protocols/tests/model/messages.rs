//! What clients say: messages that belong together, of texts that the model of a server understands.

use bytes::BytesMut;
use postern_protocols::postgres::wire::Frontend::{self, CopyDone, Flush, Sync};
use postern_protocols::postgres::wire::Named;

use crate::chance::Chance;
use crate::client::{bind, bytes, close, execute, parse, query};

const TEXTS: &[&str] = &[
    "",
    "SELEC 1",
    "SELECT id, name FROM r",
    "SELECT id, name FROM r",
    "SELECT $1::text AS said",
    "SELECT 1 / (id - 1) FROM r",
    "INSERT INTO w VALUES (1)",
    "DELETE FROM t WHERE id = 7",
    "DELETE FROM f WHERE id = 7",
    "DELETE FROM f WHERE id = 7",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "COPY r TO STDOUT",
    "CREATE TABLE IF NOT EXISTS made ()",
    "PREPARE x AS DELETE FROM t WHERE id = 7",
    "PREPARE y AS DELETE FROM f WHERE id = 7",
];
const COPY: &str = "COPY w FROM STDIN";
const NAMES: &[&str] = &["", "a", "b"];
const PORTALS: &[&str] = &["", "", "p"];

/// A few messages that belong together.
pub(crate) fn some(chance: &mut Chance) -> Vec<Frontend> {
    let (name, portal, text) = (*chance.of(NAMES), *chance.of(PORTALS), *chance.of(TEXTS));
    let said: &[&str] = if text.contains('$') != chance.one_in(12) { &["said"] } else { &[] };
    let most = i32::try_from(chance.below(4)).unwrap();
    let kind = *chance.of(&[Named::Statement, Named::Portal]);
    match chance.below(14) {
        // behind a Query of nothing a server keeps the unnamed portal, and the gateway does not
        0..=2 => vec![query(if text.is_empty() { "BEGIN" } else { text })],
        3..=4 => vec![parse(name, text), bind(portal, name, said), execute(portal, most), Sync],
        5 => vec![parse(name, text), bind(portal, name, said), execute(portal, most)],
        6 => vec![parse(name, text), describe_of(Named::Statement, name)],
        7 => vec![
            bind(portal, name, said),
            describe_of(Named::Portal, portal),
            execute(portal, most),
            execute(portal, most),
        ],
        8 => vec![execute(portal, most)],
        9 => vec![close(kind, if kind == Named::Portal { portal } else { name })],
        10 => vec![describe_of(kind, if kind == Named::Portal { portal } else { name })],
        11 => vec![if chance.one_in(3) { Flush } else { Sync }],
        12 => copied(chance, vec![query(COPY)]),
        _ => {
            let asked = vec![close(Named::Statement, name), parse(name, COPY), bind("", name, &[]), execute("", 0)];
            copied(chance, [asked, vec![Flush]].concat()).into_iter().chain([Sync]).collect()
        }
    }
}

fn describe_of(kind: Named, name: &str) -> Frontend {
    Frontend::Describe { kind, name: bytes(name) }
}

/// The data of a COPY behind what asks for it, to its end.
fn copied(chance: &mut Chance, mut messages: Vec<Frontend>) -> Vec<Frontend> {
    for _ in 0..chance.below(4) {
        messages.push(Frontend::CopyData(bytes("1\n")));
    }
    messages.push(if chance.one_in(3) { Frontend::CopyFail { message: bytes("no") } } else { CopyDone });
    messages
}

/// What no client says that means well.
pub(crate) fn odd(chance: &mut Chance) -> Frontend {
    match chance.below(5) {
        0 => Frontend::Terminate,
        1 => Frontend::FunctionCall { function: 16_401, formats: Vec::new(), arguments: Vec::new(), result: 0 },
        2 => Frontend::CopyData(bytes("1\n")),
        3 => Frontend::CopyDone,
        _ => query("DELETE FROM t WHERE id = 1; DELETE FROM f WHERE id = 1"),
    }
}

/// Bytes that are no messages, or other ones than they were.
pub(crate) fn broken(chance: &mut Chance) -> BytesMut {
    let any = |chance: &mut Chance| u8::try_from(chance.below(256)).unwrap();
    let mut out = BytesMut::new();
    some(chance).iter().for_each(|message| message.encode(&mut out).unwrap());
    match chance.below(4) {
        0 => out.truncate(chance.below(out.len() + 1)),
        1 => {
            for _ in 0..1 + chance.below(4) {
                let at = chance.below(out.len());
                out[at] = any(chance);
            }
        }
        // a message of any kind, whose length may be wrong
        2 => {
            let body: Vec<u8> = (0..chance.below(24)).map(|_| any(chance)).collect();
            let length = u32::try_from(body.len() + 4 + chance.below(3)).unwrap().saturating_sub(1);
            out.clear();
            out.extend_from_slice(&[*chance.of(b"QPBDECHSdcfFpXzR")]);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&body);
        }
        _ => out = (0..chance.below(64)).map(|_| any(chance)).collect(),
    }
    out
}
