use super::*;

#[test]
fn a_report_is_built_with_both_severities() {
    let report = Report::error("42501", "permission denied")
        .detail("rule `ci-reads`")
        .hint("ask #dba")
        .position(8)
        .routine("RevalidateCachedQuery")
        .with(field::TABLE, "customers");
    let mut out = BytesMut::new();
    report.encode_body(&mut out).unwrap();
    assert_eq!(
        out,
        &b"SERROR\0VERROR\0C42501\0Mpermission denied\0Drule `ci-reads`\0Hask #dba\0P8\0\
           RRevalidateCachedQuery\0tcustomers\0\0"[..]
    );
    assert_eq!(Report::decode(&out.freeze()), Ok(report));
}

#[test]
fn a_zero_byte_cannot_begin_a_field() {
    let report = Report::notice("a\0C00000");
    let mut out = BytesMut::new();
    report.encode_body(&mut out).unwrap();
    let read = Report::decode(&out.freeze()).unwrap();
    assert_eq!(read.message(), Some("a\u{fffd}C00000".as_bytes()));
    assert_eq!(read.fields.len(), 4);
}

#[test]
fn fields_are_kept_in_order_and_found_by_kind() {
    let body = Bytes::from_static(b"SFEHLER\0VERROR\0C23505\0zunknown\0Mfirst\0Msecond\0\0");
    let report = Report::decode(&body).unwrap();
    let kinds: Vec<u8> = report.fields.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, b"SVCzMM");
    assert_eq!(report.code(), Some(&b"23505"[..]));
    assert_eq!(report.message(), Some(&b"first"[..]));
    assert_eq!(report.field(b'z'), Some(&b"unknown"[..]));
    assert_eq!(report.field(field::HINT), None);
}

#[test]
fn severities_are_the_servers_words() {
    let words = [
        Severity::Error,
        Severity::Fatal,
        Severity::Panic,
        Severity::Warning,
        Severity::Notice,
        Severity::Debug,
        Severity::Info,
        Severity::Log,
    ]
    .map(Severity::word);
    assert_eq!(words, ["ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "DEBUG", "INFO", "LOG"]);
    assert_eq!(Report::fatal("58000", "gone").field(field::SEVERITY), Some(&b"FATAL"[..]));
}

#[test]
fn a_list_without_end_is_an_error() {
    let truncated = WireError::Truncated { what: "error or notice" };
    for body in [&b""[..], b"S", b"SERROR", b"SERROR\0", b"SERROR\0C42501\0"] {
        assert_eq!(Report::decode(&Bytes::from_static(body)), Err(truncated.clone()));
    }
    assert_eq!(
        Report::decode(&Bytes::from_static(b"SERROR\0\0M")),
        Err(WireError::Trailing { what: "error or notice", count: 1 })
    );
    assert_eq!(Report::decode(&Bytes::from_static(b"\0")), Ok(Report::default()));
}
