use bytes::BytesMut;
use postern_core::ports::Duplex;
use tokio::io::AsyncWriteExt as _;

use super::super::wire::TransactionStatus;
use super::*;
use crate::wire::ends;

/// Two answers of one row each, with a value of so many bytes.
fn said(length: usize) -> BytesMut {
    let mut out = BytesMut::new();
    for _ in 0..2 {
        row::encode([Some(vec![b'x'; length].as_slice())].into_iter(), &mut out).unwrap();
        Backend::ReadyForQuery { status: TransactionStatus::Idle }.encode(&mut out).unwrap();
    }
    out
}

async fn heard(length: usize, most: usize) -> Result<Vec<Vec<Row>>, Fault> {
    let (gateway, mut target) = tokio::io::duplex(1 << 20);
    target.write_all(&said(length)).await.unwrap();
    let stream: Box<dyn Duplex> = Box::new(gateway);
    let (mut inlet, _outlet) = ends(stream);
    answers_within(&mut inlet, 2, most).await
}

/// THREAT: a target that takes the gateway's memory with what it says of its catalog, in one answer or in many.
#[tokio::test]
async fn a_target_says_no_more_than_so_much_of_its_catalog() {
    let all = said(1_000).len();
    assert_eq!(heard(1_000, all).await.unwrap().len(), 2);
    for most in [all - 2, 1_500, 500] {
        assert_eq!(heard(1_000, most).await.unwrap_err().code, Code::TargetViolation, "{most}");
    }
}
