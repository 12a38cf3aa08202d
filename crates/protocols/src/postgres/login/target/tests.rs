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
    let leg = Leg { inlet, outlet, tls: None, asked: Asked::Nothing, minor: 0, kept: Kept::Otherwise };
    welcome(leg, "app".to_owned(), Proof::Nothing).await.map(|welcome| welcome.parameters)
}

#[tokio::test]
async fn a_server_that_reads_statements_otherwise_is_none_for_a_session() {
    let good = [("client_encoding", "UTF8"), ("standard_conforming_strings", "on"), ("TimeZone", "UTC")];
    assert_eq!(greeted(&good).await.unwrap().len(), 3);
    for (name, value) in [("standard_conforming_strings", "off"), ("client_encoding", "SJIS")] {
        let fault = greeted(&[&good[..], &[(name, value)]].concat()).await.unwrap_err();
        assert_eq!(fault.code, Code::SettingPinned, "{name}");
    }
    // nor one that does not say
    for without in ["standard_conforming_strings", "client_encoding"] {
        let rest: Vec<_> = good.into_iter().filter(|(name, _)| *name != without).collect();
        let fault = greeted(&rest).await.unwrap_err();
        assert_eq!(fault.code, Code::SettingPinned, "{without}");
        assert!(fault.message.contains(without), "{}", fault.message);
    }
}

#[tokio::test]
async fn what_it_says_of_itself_has_a_bound() {
    let long = "x".repeat(10_000);
    let pinned = [("client_encoding", "UTF8"), ("standard_conforming_strings", "on")];
    assert_eq!(greeted(&[&[("a", long.as_str()); 6][..], &pinned].concat()).await.unwrap().len(), 8);
    let fault = greeted(&[("", ""); 2000]).await.unwrap_err();
    assert_eq!(fault.code, Code::TargetViolation);
    let fault = greeted(&[("a", long.as_str()); 7]).await.unwrap_err();
    assert_eq!(fault.code, Code::TargetViolation);
}

/// What becomes of a login without TLS, with this password, at a server that lets in whoever comes.
async fn let_in(password: Option<&str>) -> Result<(), Code> {
    let (near, mut far) = tokio::io::duplex(1 << 10);
    let mut said = BytesMut::new();
    Backend::Authentication(Authentication::Ok).encode(&mut said).unwrap();
    far.write_all(&said).await.unwrap();
    let (inlet, outlet) = ends(Box::new(near));
    let mut leg = Leg { inlet, outlet, tls: None, asked: Asked::Nothing, minor: 0, kept: Kept::Otherwise };
    let lease = Lease {
        user: "app".to_owned(),
        password: password.map(|password| Secret::new(password.as_bytes())),
        key: None,
    };
    authenticate(&mut leg, &lease).await.map(drop).map_err(|fault| fault.code)
}

#[tokio::test]
async fn who_asks_for_no_password_that_is_there_is_believed_inside_tls_only() {
    assert_eq!(let_in(None).await, Ok(()));
    assert_eq!(let_in(Some("secret")).await, Err(Code::TargetUnproved));
}
