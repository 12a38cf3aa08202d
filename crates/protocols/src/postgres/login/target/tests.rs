//! What a server says of itself as it lets the gateway in.

use tokio::io::AsyncWriteExt as _;

use super::*;

/// What becomes of a login at a server that reports these settings.
async fn greeted(settings: &[(&str, &str)]) -> Result<Vec<(Bytes, Bytes)>, Fault> {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut said = BytesMut::new();
    for (name, value) in settings {
        let [name, value] = [name, value].map(|text| Bytes::copy_from_slice(text.as_bytes()));
        Backend::ParameterStatus { name, value }.encode(&mut said).unwrap();
    }
    Backend::ReadyForQuery { status: TransactionStatus::Idle }.encode(&mut said).unwrap();
    far.write_all(&said).await.unwrap();
    let (inlet, outlet) = ends(Box::new(near));
    let leg = Leg { inlet, outlet, tls: None, asked: Asked::Nothing, minor: 0 };
    welcome(leg, "app".to_owned()).await.map(|welcome| welcome.parameters)
}

#[tokio::test]
async fn a_server_that_reads_statements_otherwise_is_none_for_a_session() {
    let good = [("client_encoding", "UTF8"), ("standard_conforming_strings", "on"), ("TimeZone", "UTC")];
    assert_eq!(greeted(&good).await.unwrap().len(), 3);
    for (name, value) in [("standard_conforming_strings", "off"), ("client_encoding", "SJIS")] {
        let fault = greeted(&[("TimeZone", "UTC"), (name, value)]).await.unwrap_err();
        assert_eq!(fault.code, Code::SettingPinned, "{name}");
    }
}

#[tokio::test]
async fn what_it_says_of_itself_has_a_bound() {
    let long = "x".repeat(10_000);
    assert_eq!(greeted(&[("a", long.as_str()); 6]).await.unwrap().len(), 6);
    let fault = greeted(&[("", ""); 2000]).await.unwrap_err();
    assert_eq!(fault.code, Code::TargetViolation);
    let fault = greeted(&[("a", long.as_str()); 7]).await.unwrap_err();
    assert_eq!(fault.code, Code::TargetViolation);
}
