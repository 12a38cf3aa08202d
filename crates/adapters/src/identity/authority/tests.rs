//! Whether anything but this authority's own certificates is taken for one.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use postern_core::credential::CredentialKind;
use postern_core::id::CredentialId;
use postern_core::identity::{Claims, VerifiedClaims};
use postern_core::target::TargetName;
use proptest::prelude::*;
use ssh_key::PrivateKey;
use ssh_key::certificate::Builder;
use ssh_key::private::Ed25519Keypair;

use super::*;

const START: Micros = Micros(1_800_000_000_000_000);
const MINUTES: Duration = Duration::from_secs(900);

fn authority(byte: u8) -> Authority {
    Authority::derive(&Secret::new([byte; 32])).unwrap()
}

/// The key that it signs with.
fn signer(byte: u8) -> PrivateKey {
    let seed = client_authority_seed(&Secret::new([byte; 32])).unwrap();
    PrivateKey::from(Ed25519Keypair::from_seed(seed.expose().first_chunk().unwrap()))
}

fn key(byte: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[byte; 32]))
}

/// A certificate of this key, for target `web`.
fn issued(authority: &Authority, key: &PrivateKey) -> Vec<u8> {
    let web = TargetName::parse("web").unwrap();
    let expires = START.after(MINUTES);
    let claims = VerifiedClaims::vouched("corp", "ann", Claims::new(), BTreeSet::new(), expires);
    let blob = key.public_key().to_bytes().unwrap();
    let grant = Grant {
        id: CredentialId::at(START),
        kind: CredentialKind::Certificate,
        claims: &claims,
        owner: "ann",
        key: Some(&blob),
        target: Some(&web),
        expires,
    };
    authority.certificate(&grant, START).unwrap().to_bytes().unwrap()
}

/// One that the authority would never make, signed by this key.
fn made(kind: CertType, signer: &PrivateKey, change: impl FnOnce(&mut Builder)) -> Vec<u8> {
    let (from, until) = (START.seconds(), START.after(MINUTES).seconds());
    let mut builder = Builder::new([7; 32], key(9).public_key().key_data().clone(), from, until).unwrap();
    builder.cert_type(kind).unwrap().key_id("ann").unwrap().valid_principal("web").unwrap();
    change(&mut builder);
    builder.sign(signer).unwrap().to_bytes().unwrap()
}

#[test]
fn what_it_makes_is_what_openssh_reads() {
    let certificate = Certificate::from_bytes(&issued(&authority(1), &key(2))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key-cert.pub");
    std::fs::write(&file, certificate.to_openssh().unwrap()).unwrap();
    let read = Command::new("ssh-keygen").arg("-Lf").arg(&file).env("TZ", "UTC").output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    for said in [
        "user certificate".to_owned(),
        key(2).fingerprint(ssh_key::HashAlg::Sha256).to_string(),
        "ann\"".to_owned(),
        "from 2027-01-15T07:59:00 to 2027-01-15T08:15:00".to_owned(),
        "        web\n".to_owned(),
        "Critical Options: (none)".to_owned(),
        "permit-pty".to_owned(),
    ] {
        assert!(read.contains(&said), "{said}: {read}");
    }
}

#[test]
fn what_is_not_its_own_is_refused() {
    let (own, other) = (authority(1), authority(3));
    let own_key = signer(1);
    let as_it_is = |_: &mut Builder| ();
    assert!(own.verify(&issued(&own, &key(2))).is_ok());
    assert!(
        own.verify(&made(CertType::User, &own_key, as_it_is)).is_ok(),
        "what is refused below is so for one reason each"
    );
    issued(&own, &key(2));
    let cases = [
        ("another authority", issued(&other, &key(2))),
        ("a certified key as the authority", made(CertType::User, &key(2), as_it_is)),
        ("a host's certificate", made(CertType::Host, &own_key, as_it_is)),
        (
            "an unknown critical option",
            made(CertType::User, &own_key, |builder| {
                builder.critical_option("force-command", "true").unwrap();
            }),
        ),
        ("a bare key", key(2).public_key().to_bytes().unwrap()),
        ("the authority's bare key", own_key.public_key().to_bytes().unwrap()),
        ("nothing", Vec::new()),
    ];
    for (what, bytes) in cases {
        assert_eq!(own.verify(&bytes).err().map(|fault| fault.code), Some(Code::CredentialUnknown), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_changed_byte_is_genuine(step in 1_usize..7, bit in 0_u8..8, cut in any::<prop::sample::Index>()) {
        let own = authority(1);
        let bytes = issued(&own, &key(2));
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            prop_assert!(own.verify(&changed).is_err(), "byte {at} of {}", bytes.len());
        }
        prop_assert!(own.verify(&bytes[..cut.index(bytes.len())]).is_err());
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(own.verify(&longer).is_err());
    }
}
