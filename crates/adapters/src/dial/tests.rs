use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use postern_core::target::{Attribution, Login, TargetName};
use postern_core::verdict::Who;
use postern_testkit::certificates::{Authority, LOOPBACK};
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

fn at(host: &str, port: u16, tls: TargetTls) -> Target {
    Target {
        name: TargetName::parse("orders").unwrap(),
        protocol: "postgres",
        host: host.to_owned(),
        port,
        database: None,
        databases: Vec::new(),
        tls,
        logins: vec![(
            vec![Who::Anyone],
            Login { user: "app".to_owned(), password: None, certificate: None, key: None },
        )],
        catalog_login: None,
        attribution: Attribution::Principal,
        labels: BTreeMap::new(),
    }
}

async fn refused(target: &Target) -> Fault {
    Direct::default().dial(target, None).await.err().unwrap()
}

#[tokio::test]
async fn a_target_is_reached_tuned_and_encrypted_once_asked() {
    let authority = Authority::new("test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, authority.pem()).unwrap();
    let acceptor = TlsAcceptor::from(authority.leaf(LOOPBACK).unwrap().server_config().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = at("localhost", listener.local_addr().unwrap().port(), TargetTls::VerifyFull { ca: Some(ca) });

    let server = async {
        let (plain, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(plain).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"hello").await.unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream).await.unwrap();
    };
    let client = async {
        let link = Direct::default().dial(&target, None).await.unwrap();
        let mut encrypted = link.tls.unwrap().encrypt(link.stream).await.unwrap();
        let mut said = String::new();
        encrypted.stream.read_to_string(&mut said).await.unwrap();
        (said, encrypted.end_point)
    };
    let ((), (said, end_point)) = tokio::join!(server, client);
    assert_eq!(said, "hello");
    assert!(end_point.is_some());
}

#[tokio::test]
async fn plain_text_has_no_encryption_to_offer_and_keeps_itself_alive() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = at("127.0.0.1", listener.local_addr().unwrap().port(), TargetTls::Disable);
    assert!(Direct::default().dial(&target, None).await.unwrap().tls.is_none());

    let stream = connect(&target, listener.local_addr().unwrap()).await.unwrap();
    assert!(stream.nodelay().unwrap());
    assert!(rustix::net::sockopt::socket_keepalive(&stream).unwrap());
    assert_eq!(rustix::net::sockopt::tcp_keepidle(&stream).unwrap(), tcp::KEEPALIVE.0);
}

#[tokio::test]
async fn a_server_is_dialled_again_whatever_its_name_stands_for_by_then() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let link = Direct::default().dial(&at("localhost", port, TargetTls::Disable), None).await.unwrap();
    assert_eq!(link.peer, listener.local_addr().unwrap());
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = at("localhost", other.local_addr().unwrap().port(), TargetTls::Disable);
    assert!(Direct::default().again(&moved, link.peer).await.is_ok());
    drop(listener);
    let fault = Direct::default().again(&moved, link.peer).await.err().unwrap();
    assert_eq!(fault.message, "target `orders` refuses connections");
}

#[tokio::test]
async fn a_target_that_does_not_listen_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let fault = refused(&at("127.0.0.1", port, TargetTls::Disable)).await;
    assert_eq!(fault.code, Code::TargetUnreachable);
    assert_eq!(fault.message, "target `orders` refuses connections");
    assert!(!fault.message.contains("127.0.0.1"), "clients need not know where targets are");
    assert!(fault.cause.unwrap().contains("127.0.0.1"));
}

#[tokio::test]
async fn an_address_that_is_none_says_so() {
    let fault = refused(&at("no-such-host.invalid", 5432, TargetTls::Disable)).await;
    assert_eq!(fault.code, Code::TargetUnreachable);
    assert_eq!(fault.message, "target `orders` has an address that cannot be resolved");
}

#[tokio::test]
async fn a_target_that_swallows_connections_is_given_up() {
    // A listener whose queue is full answers nothing at all.
    let deaf = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&deaf, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&deaf, 0).unwrap();
    let address: SocketAddr = getsockname(&deaf).unwrap().try_into().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
    }

    tokio::time::pause();
    let fault = refused(&at("127.0.0.1", address.port(), TargetTls::Disable)).await;
    assert_eq!(fault.code, Code::TargetUnreachable);
    assert_eq!(fault.message, "target `orders` does not answer");
}

#[tokio::test]
async fn a_missing_ca_file_is_found_before_the_target_is_called() {
    let ca = Some(PathBuf::from("/nowhere/ca.crt"));
    let fault = refused(&at("127.0.0.1", 1, TargetTls::VerifyCa { ca })).await;
    assert_eq!(fault.code, Code::TargetCertificate);
    assert!(fault.message.contains("`/nowhere/ca.crt` cannot be read"), "{}", fault.message);
}
