use std::process::Command;

use postern_core::id::SessionId;
use postern_testkit::fakes::{Dwelling, HouseBuilder, StillClock};

use super::*;

const POLICY: &str = r#"
[[principal]]
name   = "bot\u202egpj"
kind   = "workload"
issuer = "corp"
claims = { sub = "bot" }
"#;

fn accounts(byte: u8) -> Accounts {
    Accounts::derive(&Secret::new([byte; 32]), Arc::new(StillClock::at(StillClock::START))).unwrap()
}

async fn bot(dwelling: &Dwelling) -> postern_core::Principal {
    dwelling.tokens.know("token", "bot");
    let claim = postern_core::Claim::Token(Secret::new("token"));
    dwelling.house.recognise(&claim).await.unwrap()
}

/// THREAT: whoever chooses his own name writes into a host's log what stands behind it there.
#[test]
fn a_name_is_one_word_and_no_longer_than_logs_are_read() {
    assert_eq!(plain("repo:acme/shop@main+1_2.3=4-5"), "repo:acme/shop@main+1_2.3=4-5");
    assert_eq!(plain("ann (serial 7) CA ED25519 SHA256:x"), "ann__serial_7__CA_ED25519_SHA256:x");
    assert_eq!(plain("an\u{202e}n\n\u{e9}\""), "an_n___");
    assert_eq!(plain(&"x".repeat(2000)).len(), 128);
}

#[tokio::test]
async fn a_host_reads_whose_login_it_is_and_for_which_account() {
    let dwelling = HouseBuilder::new(POLICY).build().unwrap();
    let (principal, session) = (bot(&dwelling).await, SessionId::at(StillClock::START));
    let accounts = accounts(1);
    let login = Certified { account: "deploy", by: Some((session, &principal)) };
    let made = accounts.certify(&login).await.unwrap();
    let bytes = made.certificate.unwrap();
    let certificate = Certificate::from_bytes(&bytes).unwrap();
    assert_eq!(certificate.signature_key(), accounts.signer.public().key_data());
    let private = PrivateKey::from_openssh(made.private.expose()).unwrap();
    assert_eq!(certificate.public_key(), private.public_key().key_data());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key-cert.pub");
    std::fs::write(&file, certificate.to_openssh().unwrap()).unwrap();
    let read = Command::new("ssh-keygen").arg("-Lf").arg(&file).env("TZ", "UTC").output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    for said in [
        "user certificate",
        &format!("Key ID: \"{session} bot"),
        "        deploy\n",
        "Critical Options: (none)",
        "permit-pty",
        "permit-port-forwarding",
        "permit-agent-forwarding",
        "permit-X11-forwarding",
        "principal@postern UNKNOWN OPTION",
        "session@postern UNKNOWN OPTION",
    ] {
        assert!(read.contains(said), "{said}: {read}");
    }
    assert!(!read.contains("permit-user-rc") && !read.contains('\u{202e}'), "{read}");
    let (from, until) = (certificate.valid_after(), certificate.valid_before());
    assert_eq!((from, until), (StillClock::START.seconds() - 60, StillClock::START.seconds() + 240));
}

#[tokio::test]
async fn each_login_has_a_key_of_its_own() {
    let accounts = accounts(1);
    let login = Certified { account: "deploy", by: None };
    let (one, two) = (accounts.certify(&login).await.unwrap(), accounts.certify(&login).await.unwrap());
    assert_ne!(one.private.expose(), two.private.expose());
}

/// THREAT: what lets in at the gateway lets in at a host.
#[test]
fn the_authority_of_hosts_is_no_other() {
    let root = Secret::new([1; 32]);
    let clients = Signer::of(&postern_core::seal::client_authority_seed(&root).unwrap()).unwrap();
    let own = Signer::of(&postern_core::seal::host_seed(&root).unwrap()).unwrap();
    let accounts_of = |byte| accounts(byte).public().unwrap();
    assert_ne!(accounts_of(1), clients.public().to_openssh().unwrap());
    assert_ne!(accounts_of(1), own.public().to_openssh().unwrap());
    assert_ne!(accounts_of(1), accounts_of(2));
    assert_eq!(accounts_of(1), accounts_of(1));
}
