//! Seeds of what clients send: first packets, messages, and streams cut or ended wrong.
//!
//! Most come from the encoders; what those refuse to write is put together by hand.

use bytes::{BufMut, Bytes, BytesMut};

use super::super::super::*;
use super::super::{encoded, frame, join};
use super::{Seeds, text_of};

fn open(minor: u16, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    startup::encode_open(minor, parameters, &mut out).unwrap();
    out.to_vec()
}

fn packet(body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    write::packet(&mut out, |out| {
        out.put_slice(body);
        Ok(())
    })
    .unwrap();
    out.to_vec()
}

pub(super) fn startups() -> Seeds {
    let cancel = |length: usize| Startup::Cancel { process: 7, key: vec![9; length].into() };
    let session = [("user", "bot"), ("database", "orders/shop"), ("application_name", "psql")];
    vec![
        ("ssl", encoded(&[Startup::Ssl])),
        ("gss", encoded(&[Startup::GssEnc])),
        ("cancel", encoded(&[cancel(4)])),
        ("cancel-of-256", encoded(&[cancel(256)])),
        ("open-3-0", open(0, &session)),
        ("open-3-2", open(2, &[("user", "bot"), ("options", "-c geqo=off")])),
        ("open-3-9999", open(9999, &[("user", "bot"), ("_pq_.test", "")])),
        ("open-nobody", open(0, &[])),
        ("open-then-more", join(&[&open(0, &session), &encoded(&[Frontend::Sync])])),
        ("open-twice-user", packet(b"\0\x03\0\0user\0a\0user\0b\0\0")),
        ("open-not-utf8", packet(b"\0\x03\0\0user\0\xff\0\0")),
        ("open-unended", packet(b"\0\x03\0\0user\0bot\0")),
        ("version-2", packet(b"\0\x02\0\0user")),
        ("tls-hello", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec()),
    ]
}

fn query(text: &'static str) -> Frontend {
    Frontend::Query { text: text_of(text) }
}

fn parse() -> Frontend {
    let text = text_of("select * from customers where id = $1");
    Frontend::Parse { name: text_of("s1"), text, types: vec![23, 0] }
}

fn bind(parameters: Vec<Option<Bytes>>, formats: Vec<i16>) -> Frontend {
    Frontend::Bind {
        portal: text_of("p1"),
        statement: text_of("s1"),
        parameter_formats: formats.clone(),
        parameters,
        result_formats: formats,
    }
}

fn execute() -> Frontend {
    Frontend::Execute { portal: text_of("p1"), max_rows: 100 }
}

fn describe() -> Frontend {
    Frontend::Describe { kind: Named::Portal, name: text_of("p1") }
}

fn password(write: impl FnOnce(&mut BytesMut) -> Result<(), WireError>) -> Vec<u8> {
    let mut out = BytesMut::new();
    write(&mut out).unwrap();
    out.to_vec()
}

pub(super) fn frontends() -> Seeds {
    let bound = vec![Some(text_of("42")), None];
    let copy = [Frontend::CopyData(text_of("1\tone\n")), Frontend::CopyData(text_of("2\t\\N\n")), Frontend::CopyDone];
    let close = Frontend::Close { kind: Named::Statement, name: text_of("s1") };
    vec![
        ("query", encoded(&[query("select 1")])),
        ("query-empty", encoded(&[query("")])),
        ("query-two-statements", encoded(&[query("begin; drop table customers")])),
        ("parse", encoded(&[parse()])),
        ("bind-no-parameters", encoded(&[bind(Vec::new(), Vec::new())])),
        ("bind-text-and-null", encoded(&[bind(bound.clone(), vec![TEXT])])),
        ("bind-each-format", encoded(&[bind(bound.clone(), vec![TEXT, BINARY])])),
        ("describe", encoded(&[describe()])),
        ("execute", encoded(&[execute()])),
        ("close", encoded(&[close, Frontend::Flush])),
        ("pipeline", encoded(&[parse(), bind(bound, vec![]), describe(), execute(), Frontend::Sync])),
        ("copy", encoded(&copy)),
        ("copy-fail", encoded(&[Frontend::CopyFail { message: text_of("no more") }])),
        ("function-call", frame(b'F', &[0; 10]).raw.to_vec()),
        ("password", password(|out| password::encode_password(b"hunter2", out))),
        ("sasl-initial", password(|out| password::encode_sasl_initial(b"SCRAM-SHA-256", Some(b"n,,n=,r=abc"), out))),
        ("sasl-response", password(|out| password::encode_sasl_response(b"c=biws,r=abc", out))),
        ("terminate", encoded(&[Frontend::Terminate])),
    ]
}

pub(super) fn frames() -> Seeds {
    let sync = encoded(&[Frontend::Sync]);
    let work = encoded(&[parse(), query("select 1"), Frontend::Sync]);
    let header = |tag: u8, length: u32| join(&[&[tag], &length.to_be_bytes()]);
    let (_, most) = work.split_last().unwrap();
    vec![
        ("empty", Vec::new()),
        ("half-a-header", join(&[b"Q\0\0"])),
        ("one", sync.clone()),
        ("three", work.clone()),
        ("all-but-one-byte", most.to_vec()),
        ("unknown-type", join(&[&header(0, 4), &sync])),
        ("length-0", join(&[&header(b'Q', 0), &work])),
        ("length-3", join(&[&sync, &header(b'Q', 3)])),
        ("length-most", header(b'Q', 64 << 20)),
        ("length-over", header(b'Q', (64 << 20) + 1)),
        ("length-largest", join(&[&sync, &header(b'D', 0x7fff_ffff)])),
        ("length-negative", join(&[&sync, &header(b'D', 0x8000_0000)])),
        ("length-minus-one", header(b'B', 0xffff_ffff)),
        ("sync-too-long", header(b'S', 10_001)),
    ]
}
