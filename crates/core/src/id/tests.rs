//! Names of sessions, operations and approvals.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ApprovalId, OperationId, SessionId};
use crate::Micros;
use crate::tests::NOW;

#[test]
fn each_kind_has_its_prefix() {
    let (session, operation, approval) = (SessionId::at(NOW), OperationId::at(NOW), ApprovalId::at(NOW));
    for (text, prefix) in
        [(session.to_string(), "ses_"), (operation.to_string(), "op_"), (approval.to_string(), "apr_")]
    {
        let digits = text.strip_prefix(prefix).unwrap();
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{text}");
        assert_eq!(&digits[12..13], "7", "version 7");
    }
    assert_eq!(format!("{approval:?}"), approval.to_string());
    assert_eq!(session.to_string().parse(), Ok(session));
    let json = serde_json::to_string(&approval).unwrap();
    assert_eq!(json, format!("\"{approval}\""));
    assert_eq!(serde_json::from_str::<ApprovalId>(&json).unwrap(), approval);
}

#[test]
fn one_name_has_one_spelling() {
    let digits = "0199f0c0a0007000800000000000000a";
    assert!(format!("apr_{digits}").parse::<ApprovalId>().is_ok());
    let wrong = [
        digits.to_owned(),
        format!("ses_{digits}"),
        format!("APR_{digits}"),
        format!(" apr_{digits}"),
        format!("apr_{digits}0"),
        format!("apr_{}", &digits[1..]),
        format!("apr_{}g", &digits[1..]),
        "apr_0199f0c0-a000-7000-8000-00000000000a".to_owned(),
        format!("apr_{{{digits}}}"),
        format!("apr_urn:uuid:{digits}"),
        "apr_".to_owned(),
        String::new(),
    ];
    for text in wrong {
        let error = text.parse::<ApprovalId>().unwrap_err();
        assert_eq!(error.to_string(), "not an id: expected `apr_` and 32 hexadecimal digits", "{text}");
    }
}

#[test]
fn names_sort_by_birth_and_never_meet() {
    let moments: Vec<Micros> = (0..50).map(|n| NOW.after(Duration::from_millis(n))).collect();
    let names: Vec<SessionId> = moments.iter().map(|now| SessionId::at(*now)).collect();
    assert!(names.is_sorted());
    assert!(names.iter().map(ToString::to_string).is_sorted());
    let same: BTreeSet<OperationId> = (0..1_000).map(|_| OperationId::at(NOW)).collect();
    assert_eq!(same.len(), 1_000);
    assert_eq!(SessionId::at(Micros(0)).to_string().parse::<SessionId>().map(|_| ()), Ok(()));
    assert_eq!(SessionId::at(Micros(u64::MAX)).to_string().parse::<SessionId>().map(|_| ()), Ok(()));
}
