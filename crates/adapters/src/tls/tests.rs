use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use aws_lc_rs::digest;
use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Asked, ClientCertificate, Encrypt, Encrypted};
use postern_core::secret::Secret;
use postern_core::target::{Attribution, Login, Target, TargetName, TargetTls};
use postern_core::verdict::Who;
use postern_testkit::certificates::{Authority, LOOPBACK, Leaf, Validity};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::listener::Certificate;
use super::target::{Answer, Check, TargetSide};
use super::*;

fn at(host: &str) -> Target {
    Target {
        name: TargetName::parse("orders").unwrap(),
        protocol: "postgres",
        host: host.to_owned(),
        port: 5432,
        database: None,
        databases: Vec::new(),
        tls: TargetTls::Disable,
        logins: vec![(
            vec![Who::Anyone],
            Login { user: "app".to_owned(), password: None, certificate: None, key: None },
        )],
        catalog_login: None,
        attribution: Attribution::Principal,
        labels: std::collections::BTreeMap::new(),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn certificate(&self, leaf: &Leaf) -> Certificate {
        let (certificate, key) = (self.file("leaf.crt", leaf.pem()), self.file("leaf.key", &leaf.key_pem()));
        Certificate::load(&certificate, &key).unwrap()
    }

    fn trusting(&self, pem: &str) -> Authorities {
        Authorities::read(Some(&self.file("ca.crt", pem))).unwrap()
    }
}

/// Shakes hands with a server that shows `leaf`, as a client that trusts `authority` and wants `host`.
async fn handshake(leaf: &Leaf, authority: &Authority, host: &str, check: Check) -> Result<[Encrypted; 2], Fault> {
    let folder = Folder::new();
    let server = folder.certificate(leaf).encrypt(&[]).unwrap();
    let client = TargetSide::new(&at(host), check, folder.trusting(&authority.pem()), None, None).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (near, far) = tokio::join!(client.encrypt(Box::new(near)), server.encrypt(Box::new(far)));
    Ok([near?, far?])
}

#[tokio::test]
async fn both_ends_of_a_connection_see_the_same_bytes_and_the_same_end_point() {
    let authority = Authority::new("test").unwrap();
    let leaf = authority.leaf(&["db.example.com"]).unwrap();
    let [mut near, mut far] = handshake(&leaf, &authority, "db.example.com", Check::Full).await.unwrap();

    near.stream.write_all(b"ping").await.unwrap();
    near.stream.flush().await.unwrap();
    let mut four = [0; 4];
    far.stream.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"ping");

    assert_eq!(near.end_point.as_ref().map(Vec::len), Some(32));
    assert_eq!(near.end_point, far.end_point);
    assert_eq!(far.server_name.as_deref(), Some("db.example.com"));
    let [_, far] = handshake(&leaf, &authority, "DB.example.COM", Check::Full).await.unwrap();
    assert_eq!(far.server_name.as_deref(), Some("db.example.com"));
}

#[tokio::test]
async fn a_certificate_is_checked_as_configured() {
    let ours = Authority::new("ours").unwrap();
    let theirs = Authority::new("theirs").unwrap();
    let good = ours.leaf(&["db.example.com", "127.0.0.1"]).unwrap();
    let expired = ours.leaf_valid(&["db.example.com"], Validity::Expired).unwrap();
    let future = ours.leaf_valid(&["db.example.com"], Validity::Future).unwrap();
    let foreign = theirs.leaf(&["db.example.com"]).unwrap();

    for (leaf, host, check, refused) in [
        (&good, "db.example.com", Check::Full, None),
        (&good, "127.0.0.1", Check::Full, None),
        (&good, "other.example.com", Check::Full, Some("is made for another host")),
        (&good, "127.0.0.2", Check::Full, Some("is made for another host")),
        (&good, "other.example.com", Check::Authority, None),
        (&expired, "db.example.com", Check::Full, Some("has expired")),
        (&expired, "db.example.com", Check::Authority, Some("has expired")),
        (&future, "db.example.com", Check::Authority, Some("is not valid yet")),
        (&foreign, "db.example.com", Check::Full, Some("is not from a trusted authority")),
        (&foreign, "db.example.com", Check::Authority, Some("is not from a trusted authority")),
    ] {
        match (handshake(leaf, &ours, host, check).await, refused) {
            (Ok(_), None) => {}
            (Err(fault), Some(says)) => {
                assert_eq!(fault.code, Code::TargetCertificate, "{host} {check:?}");
                assert!(fault.message.ends_with(says), "{host} {check:?}: {}", fault.message);
                assert!(fault.hint.is_some());
            }
            (Ok(_), Some(says)) => panic!("{host} {check:?}: accepted, though it {says}"),
            (Err(fault), None) => panic!("{host} {check:?}: {fault:?}"),
        }
    }
}

/// What `openssl req -x509` makes: a server's certificate that says it is an authority, signed by itself.
fn self_made(name: &str, until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn an_authoritys_own_certificate_serves_where_it_is_listed_itself() {
    let (current, expired) = (self_made("db.example.com", 2100), self_made("db.example.com", 2021));
    let other = self_made("db.example.com", 2100);
    for ((shown, key), listed, host, check, refused) in [
        (&current, &current.0, "db.example.com", Check::Full, None),
        (&current, &current.0, "other.example.com", Check::Authority, None),
        (&current, &current.0, "other.example.com", Check::Full, Some("is made for another host")),
        (&expired, &expired.0, "db.example.com", Check::Full, Some("has expired")),
        (&expired, &expired.0, "db.example.com", Check::Authority, Some("has expired")),
        (&current, &other.0, "db.example.com", Check::Authority, Some("is an authority's, not a server's")),
    ] {
        let folder = Folder::new();
        let certificate = Certificate::load(&folder.file("tls.crt", shown), &folder.file("tls.key", key)).unwrap();
        let server = certificate.encrypt(&[]).unwrap();
        let client = TargetSide::new(&at(host), check, folder.trusting(listed), None, None).unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (near, _far) = tokio::join!(client.encrypt(Box::new(near)), server.encrypt(Box::new(far)));
        let said = near.err().map(|fault| fault.message);
        assert_eq!(said.is_some(), refused.is_some(), "{host} {check:?}: {said:?}");
        assert!(said.unwrap_or_default().ends_with(refused.unwrap_or_default()), "{host} {check:?}");
    }
}

#[tokio::test]
async fn a_target_that_does_not_speak_tls_is_told_from_one_with_a_bad_certificate() {
    let authority = Authority::new("test").unwrap();
    let folder = Folder::new();
    let client = TargetSide::new(&at("localhost"), Check::Full, folder.trusting(&authority.pem()), None, None).unwrap();
    for answer in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let fault = client.encrypt(Box::new(near)).await.err().unwrap();
        assert_eq!(fault.code, Code::TargetUnreachable);
        assert!(fault.message.contains("did not agree on TLS"), "{}", fault.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_never_finishes_the_handshake_is_given_up() {
    let authority = Authority::new("test").unwrap();
    let folder = Folder::new();
    let client = TargetSide::new(&at("localhost"), Check::Full, folder.trusting(&authority.pem()), None, None).unwrap();
    let (near, _silent) = tokio::io::duplex(64 * 1024);
    let fault = client.encrypt(Box::new(near)).await.err().unwrap();
    assert_eq!(fault.code, Code::TargetUnreachable);
    assert!(fault.message.contains("10 seconds"), "{}", fault.message);
}

#[test]
fn a_ca_file_that_gives_no_authority_says_why() {
    let folder = Folder::new();
    for (path, says) in [
        (PathBuf::from("/nowhere/ca.crt"), "cannot be read"),
        (folder.file("empty.crt", ""), "holds no certificate"),
        (folder.file("text.crt", "not a certificate"), "holds no certificate"),
        (folder.file("cut.crt", "-----BEGIN CERTIFICATE-----\nMIIB"), "is not well-formed PEM"),
        (
            folder.file("none.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "holds a certificate that is none",
        ),
    ] {
        let unreadable = Authorities::read(Some(&path)).unwrap_err();
        assert!(unreadable.what.contains(says), "{}", unreadable.what);
    }
}

#[test]
fn a_self_signed_certificate_is_made_once_and_its_key_is_nobody_elses() {
    let folder = Folder::new();
    let home = folder.0.path().join("tls");
    let names: Vec<String> = LOOPBACK.iter().map(|name| (*name).to_owned()).collect();
    let now = Micros::parse("2026-11-22T00:00:00Z").unwrap();

    let first = Certificate::self_signed(&home, &names, now).unwrap().end_point().unwrap();
    let mode = std::fs::metadata(home.join("tls.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let later = now.after(std::time::Duration::from_secs(86_400));
    assert_eq!(Certificate::self_signed(&home, &names, later).unwrap().end_point().unwrap(), first);
}

#[tokio::test]
async fn a_client_may_trust_the_self_signed_certificate_as_its_authority() {
    let folder = Folder::new();
    let names: Vec<String> = LOOPBACK.iter().map(|name| (*name).to_owned()).collect();
    let now = crate::clock::SystemClock;
    let now = postern_core::clock::Clock::now(&now);
    let server = Certificate::self_signed(folder.0.path(), &names, now).unwrap().encrypt(&[b"postgresql"]).unwrap();
    let trusted = Authorities::read(Some(&folder.0.path().join("tls.crt"))).unwrap();
    let client = TargetSide::new(&at("localhost"), Check::Full, trusted, None, None).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (near, far) = tokio::join!(client.encrypt(Box::new(near)), server.encrypt(Box::new(far)));
    assert_eq!(near.unwrap().end_point, far.unwrap().end_point);
}

#[test]
fn a_certificate_that_cannot_be_used_says_which_file_is_wrong() {
    let authority = Authority::new("test").unwrap();
    let (one, other) = (authority.leaf(LOOPBACK).unwrap(), authority.leaf(LOOPBACK).unwrap());
    let folder = Folder::new();
    let certificate = folder.file("one.crt", one.pem());
    let key = folder.file("one.key", &one.key_pem());
    let others = folder.file("other.key", &other.key_pem());
    let missing = PathBuf::from("/nowhere/tls.key");
    for (certificate, key, says) in [
        (&certificate, &others, "other.key` does not belong to the certificate"),
        (&certificate, &missing, "`/nowhere/tls.key` cannot be read"),
        (&certificate, &certificate, "one.crt` holds no private key"),
        (&key, &key, "one.key` holds no certificate"),
    ] {
        let fault = Certificate::load(certificate, key).unwrap_err();
        assert!(fault.message.contains(says), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_client_with_another_protocol_in_mind_is_refused() {
    let authority = Authority::new("test").unwrap();
    let leaf = authority.leaf(LOOPBACK).unwrap();
    let folder = Folder::new();
    let server = folder.certificate(&leaf).encrypt(&[b"postgresql"]).unwrap();
    for (offered, accepted) in [(&b"postgresql"[..], true), (b"http/1.1", false)] {
        let mut config = verified_by(folder.trusting(&authority.pem()).roots).unwrap();
        config.alpn_protocols = vec![offered.to_vec()];
        let client = tokio_rustls::TlsConnector::from(Arc::new(config));
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (near, far) =
            tokio::join!(client.connect("localhost".try_into().unwrap(), near), server.encrypt(Box::new(far)));
        assert_eq!((near.is_ok(), far.is_ok()), (accepted, accepted));
    }
}

/// THREAT: a connection that is led to another service under the same certificate.
#[tokio::test]
async fn a_target_that_speaks_another_protocol_is_no_target() {
    let authority = Authority::new("test").unwrap();
    let leaf = authority.leaf(LOOPBACK).unwrap();
    let folder = Folder::new();
    for (spoken, agreed) in
        [(&[&b"postgresql"[..]][..], Some(Some("postgresql"))), (&[], Some(None)), (&[b"http/1.1", b"h2"], None)]
    {
        let server = folder.certificate(&leaf).encrypt(spoken).unwrap();
        let trusted = folder.trusting(&authority.pem());
        let client = TargetSide::new(&at("localhost"), Check::Full, trusted, None, Some("postgresql")).unwrap();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (near, _far) = tokio::join!(client.encrypt(Box::new(near)), server.encrypt(Box::new(far)));
        let heard = near.map(|near| near.protocol.map(|name| String::from_utf8(name).unwrap()));
        match (heard, agreed) {
            (Ok(heard), Some(agreed)) => assert_eq!(heard.as_deref(), agreed),
            (Err(fault), None) => {
                assert_eq!(fault.code, Code::TargetUnreachable);
                assert!(fault.hint.unwrap().contains("another protocol"));
            }
            (heard, _) => panic!("{spoken:?}: {heard:?}"),
        }
    }
}

#[test]
fn a_certificate_is_shown_where_its_key_makes_a_signature_that_is_taken() {
    let leaf = Authority::new("clients").unwrap().client("app").unwrap();
    let [chain, key] = [leaf.pem().to_owned(), leaf.key_pem()].map(|pem| Secret::new(pem.into_bytes()));
    let answer = Answer::with(Some(&ClientCertificate { chain, key }), "orders").unwrap();
    assert_eq!(answer.asked(), Asked::Nothing);
    for (taken, asked) in
        [(SignatureScheme::RSA_PSS_SHA256, Asked::InVain), (SignatureScheme::ECDSA_NISTP256_SHA256, Asked::Shown)]
    {
        assert_eq!(answer.resolve(&[], &[taken]).is_some(), asked == Asked::Shown);
        assert_eq!(answer.asked(), asked);
    }
}

#[test]
fn the_end_point_is_hashed_as_the_certificate_is_signed() {
    for (algorithm, hash) in [
        (&PKCS_ECDSA_P256_SHA256, Some(&digest::SHA256)),
        (&PKCS_ECDSA_P384_SHA384, Some(&digest::SHA384)),
        (&PKCS_ED25519, None),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let expected = hash.map(|hash| digest::digest(hash, certificate.der()).as_ref().to_vec());
        assert_eq!(end_point::of(certificate.der()), expected);
    }
}

/// An element of DER, short form.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
}

/// The frame of a certificate that says it is signed with this algorithm.
fn frame(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(0x30, &[]), &der(0x30, &[&der(0x06, &[oid]), parameters]), &der(0x03, &[&[0]])])
}

#[test]
fn old_and_rare_signatures_have_the_end_point_of_the_standard() {
    const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const EC: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    const SHA2: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let rsa = |last: u8| frame(&[&RSA[..], &[last]].concat(), &[0x05, 0x00]);
    let pss = |last: u8| {
        let hash = der(0x30, &[&der(0x06, &[&SHA2, &[last]])]);
        frame(&[&RSA[..], &[10]].concat(), &der(0x30, &[&der(0xa0, &[&hash])]))
    };
    for (certificate, hash) in [
        (rsa(4), Some(&digest::SHA256)),
        (rsa(5), Some(&digest::SHA256)),
        (rsa(11), Some(&digest::SHA256)),
        (rsa(12), Some(&digest::SHA384)),
        (rsa(13), Some(&digest::SHA512)),
        (rsa(99), None),
        (frame(&[&EC[..], &[1]].concat(), &[]), Some(&digest::SHA256)),
        (frame(&[&EC[..], &[3, 4]].concat(), &[]), Some(&digest::SHA512)),
        (pss(2), Some(&digest::SHA384)),
        (frame(&[&RSA[..], &[10]].concat(), &der(0x30, &[])), Some(&digest::SHA256)),
        (frame(&[&RSA[..], &[10]].concat(), &[]), None),
    ] {
        let expected = hash.map(|hash| digest::digest(hash, &certificate).as_ref().to_vec());
        assert_eq!(end_point::of(&certificate), expected, "{certificate:02x?}");
        for end in 0..certificate.len() {
            assert_eq!(end_point::of(&certificate[..end]), None, "cut at {end}");
        }
    }
}
