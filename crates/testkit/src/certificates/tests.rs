use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConnection};

use super::*;

/// Shakes hands in memory, and returns what the client says.
fn shake_hands(leaf: &Leaf, trusted: &Authority, name: &str) -> Result<(), rustls::Error> {
    let mut server = ServerConnection::new(leaf.server_config().unwrap()).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(trusted.client_config().unwrap(), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        let mut flight = flight.as_slice();
        while server.read_tls(&mut flight).unwrap() > 0 {}
        // the server's view of an alert is not of interest: the client's error comes first
        let _server_error = server.process_new_packets();
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        let mut flight = flight.as_slice();
        while client.read_tls(&mut flight).unwrap() > 0 {}
        client.process_new_packets()?;
    }
    Ok(())
}

fn refusal(leaf: &Leaf, trusted: &Authority, name: &str) -> rustls::CertificateError {
    let refusal = shake_hands(leaf, trusted, name).unwrap_err();
    let rustls::Error::InvalidCertificate(refusal) = refusal else { panic!("{refusal}") };
    refusal
}

#[test]
fn a_good_certificate_is_accepted_under_each_name() {
    let authority = Authority::new("test authority").unwrap();
    let leaf = authority.leaf(LOOPBACK).unwrap();
    for name in LOOPBACK {
        shake_hands(&leaf, &authority, name).unwrap();
    }
}

#[test]
fn a_bad_certificate_is_bad_in_the_chosen_way() {
    use rustls::CertificateError::{ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer};

    let authority = Authority::new("test authority").unwrap();
    let elsewhere = authority.leaf(&["db.example.com"]).unwrap();
    assert!(matches!(refusal(&elsewhere, &authority, "localhost"), NotValidForNameContext { .. }));

    let expired = authority.leaf_valid(LOOPBACK, Validity::Expired).unwrap();
    assert!(matches!(refusal(&expired, &authority, "localhost"), ExpiredContext { .. }));

    let future = authority.leaf_valid(LOOPBACK, Validity::Future).unwrap();
    assert!(matches!(refusal(&future, &authority, "localhost"), NotValidYetContext { .. }));

    // the same name does not make it the same authority
    let other = Authority::new("test authority").unwrap();
    let leaf = authority.leaf(LOOPBACK).unwrap();
    let refusal = refusal(&leaf, &other, "localhost");
    assert!(matches!(refusal, UnknownIssuer | rustls::CertificateError::BadSignature), "{refusal:?}");
}

#[test]
fn a_leaf_signs_nothing() {
    let authority = Authority::new("test authority").unwrap();
    let leaf = authority.leaf(LOOPBACK).unwrap();
    assert!(leaf.pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(leaf.key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(!authority.pem().contains("PRIVATE"));
}
