//! Seeds of what servers send: messages, and the rows and arrays in them.
//!
//! Most come from the encoders; what those refuse to write is put together by hand.

use bytes::{BufMut, Bytes, BytesMut};

use super::super::super::*;
use super::super::{encoded, join};
use super::{Seeds, text_of};

fn columns() -> Backend {
    let column = |name, table_oid, attribute, type_oid, format| Field {
        name: text_of(name),
        table_oid,
        attribute,
        type_oid,
        type_size: -1,
        type_modifier: -1,
        format,
    };
    Backend::RowDescription(vec![
        column("id", 16_385, 1, 23, BINARY),
        column("email", 16_385, 2, 25, TEXT),
        column("?column?", 0, 0, 25, TEXT),
    ])
}

fn ready(status: TransactionStatus) -> Backend {
    Backend::ReadyForQuery { status }
}

pub(super) fn backends() -> Seeds {
    [logins(), results(), prepared(), others()].concat()
}

fn logins() -> Seeds {
    let asks = |step| encoded(&[Backend::Authentication(step)]);
    let mechanisms = vec![text_of("SCRAM-SHA-256-PLUS"), text_of("SCRAM-SHA-256")];
    let sasl = Authentication::Sasl { mechanisms };
    let step = Authentication::SaslContinue(text_of("r=abc"));
    let md5 = Authentication::Md5 { salt: [1, 2, 3, 4] };
    let (name, value) = (text_of("server_version"), text_of("18.1"));
    let status = Backend::ParameterStatus { name, value };
    let key = |length: usize| {
        let key = vec![9; length].into();
        Backend::BackendKeyData { process: 7, key }
    };
    let unknown = vec![text_of("_pq_.test")];
    let (major, minor) = (3, 2);
    let newest = Backend::NegotiateProtocolVersion { major, minor, unknown };
    let idle = ready(TransactionStatus::Idle);
    vec![
        ("authentication-ok", asks(Authentication::Ok)),
        ("authentication-cleartext", asks(Authentication::CleartextPassword)),
        ("authentication-md5", asks(md5)),
        ("authentication-sasl", asks(sasl)),
        ("authentication-sasl-continue", asks(step)),
        ("authentication-gss", asks(Authentication::Other(7))),
        ("open", encoded(&[status, key(4), idle])),
        ("key-of-256", encoded(&[key(256)])),
        ("negotiate", encoded(&[newest])),
    ]
}

fn results() -> Seeds {
    let row = Backend::DataRow(Bytes::from(row(&[Some(b"7"), None, Some(b"x")])));
    let tag = text_of("SELECT 1");
    let done = Backend::CommandComplete { tag };
    let inside = ready(TransactionStatus::InTransaction);
    let failed = ready(TransactionStatus::Failed);
    let error = Report::error("42601", "syntax error").position(8);
    let error = Backend::ErrorResponse(error.routine("scanner_yyerror"));
    vec![("rows", encoded(&[columns(), row, done, inside])), ("error", encoded(&[error, failed]))]
}

fn prepared() -> Seeds {
    let answers = [
        Backend::ParseComplete,
        Backend::ParameterDescription(vec![23, 25]),
        Backend::NoData,
        Backend::BindComplete,
        Backend::PortalSuspended,
        Backend::CloseComplete,
    ];
    vec![("prepared", encoded(&answers))]
}

fn others() -> Seeds {
    let notice = Backend::NoticeResponse(Report::notice("hello"));
    let notification =
        Backend::NotificationResponse { process: 7, channel: text_of("jobs"), payload: text_of("job 12") };
    let (overall, formats) = (0, vec![TEXT, TEXT]);
    let begin = Backend::CopyOutResponse { overall, formats };
    let line = Backend::CopyData(text_of("1\tone\n"));
    vec![
        ("notice", encoded(&[notice])),
        ("notification", encoded(&[notification])),
        ("copy-out", encoded(&[begin, line, Backend::CopyDone])),
    ]
}

/// The body of a row.
fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = BytesMut::new();
    row::encode(cells.iter().copied(), &mut out).unwrap();
    out[frame::HEADER..].to_vec()
}

pub(super) fn rows() -> Seeds {
    vec![
        ("empty", row(&[])),
        ("nothing", Vec::new()),
        ("null", row(&[None])),
        ("empty-cell", row(&[Some(b"")])),
        ("one", row(&[Some(b"7")])),
        ("mixed", row(&[Some(b"7"), None, Some(b""), Some(b"ann@example.com")])),
        ("binary", row(&[Some(&[0, 0, 0, 7]), Some(&[1]), Some(&[0xff; 16])])),
        ("all-null", row(&[None; 40])),
        ("wide", row(&[Some(&b"x"[..]); 60])),
        ("count-too-large", join(&[&[0xff, 0xff], &[0; 8]])),
        ("length-negative", join(&[&[0, 1], &[0xff, 0xff, 0xff, 0xfe]])),
        ("length-largest", join(&[&[0, 1], &[0x7f, 0xff, 0xff, 0xff], b"x"])),
        ("one-cell-too-few", join(&[&[0, 2], &[0, 0, 0, 4], b"abcd"])),
        ("one-byte-too-many", join(&[&row(&[Some(b"7")]), b"x"])),
    ]
}

fn array(head: &[u32], elements: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = BytesMut::new();
    head.iter().for_each(|number| out.put_u32(*number));
    elements.iter().for_each(|element| write::value(&mut out, *element).unwrap());
    out.to_vec()
}

pub(super) fn arrays() -> Seeds {
    vec![
        ("text-empty", b"{}".to_vec()),
        ("text-plain", b"{a,b,c}".to_vec()),
        ("text-null", br#"{a,NULL,"NULL"}"#.to_vec()),
        ("text-quoted", br#"{"a b","",",","say \"hi\"","a\\b"}"#.to_vec()),
        ("text-nested", b"{{{1,2},{3,4}},{{5,6},{7,8}}}".to_vec()),
        ("text-bounds", b"[-1:0][2:3]={{a,b},{c,d}}".to_vec()),
        ("text-uneven", b"{{a,b},{c}}".to_vec()),
        ("text-unended", br#"{"a\"#.to_vec()),
        ("binary-empty", array(&[0, 0, 25], &[])),
        ("binary-one", array(&[1, 0, 25, 1, 1], &[Some(b"a")])),
        ("binary-null", array(&[1, 1, 25, 3, 1], &[Some(b"a"), None, Some(b"")])),
        ("binary-two-dimensions", array(&[2, 0, 23, 2, 1, 1, 0], &[Some(&[0; 4][..]); 2])),
        ("binary-length-negative", array(&[1, 0, 25, 0x8000_0000, 1], &[])),
        ("binary-length-wraps", array(&[2, 0, 25, 0x7fff_ffff, 1, 0x7fff_ffff, 1], &[])),
    ]
}
