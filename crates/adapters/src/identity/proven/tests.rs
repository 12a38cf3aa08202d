use postern_core::clock::Micros;
use postern_core::identity::ProvedKey;
use postern_testkit::fakes::StillClock;
use ssh_key::public::{Ed25519PublicKey, RsaPublicKey};
use ssh_key::{Algorithm, Mpint};

use super::*;

const START: Micros = Micros(1_800_000_000_000_000);
const HOURS: Duration = Duration::from_secs(8 * 3600);

async fn vouched(blob: &[u8]) -> Result<VerifiedClaims, Fault> {
    let keys = ProvenKeys::new(Arc::new(StillClock::at(START)), HOURS);
    keys.identify(&Claim::Key(ProvedKey::signed(blob.to_vec()))).await
}

fn blob(key: KeyData) -> Vec<u8> {
    PublicKey::new(key, "").to_bytes().unwrap()
}

#[tokio::test]
async fn what_is_vouched_for_is_the_key_alone() {
    let claims = vouched(&blob(KeyData::Ed25519(Ed25519PublicKey([7; 32])))).await.unwrap();
    let fingerprint = claims.subject().to_owned();
    assert!(is_fingerprint(&fingerprint), "{fingerprint}");
    assert_eq!(
        (claims.issuer(), claims.values("key"), claims.values("type")),
        ("ssh", &[fingerprint][..], &["ssh-ed25519".to_owned()][..])
    );
    assert_eq!(claims.expires(), START.after(HOURS));
    assert!(claims.groups().is_empty() && claims.credential().is_none());
}

#[tokio::test]
async fn weak_keys_and_what_is_no_key_are_refused() {
    let rsa = {
        let (e, n) = (Mpint::from_positive_bytes(&[1, 0, 1]), Mpint::from_positive_bytes(&[0x80; 256]));
        blob(KeyData::Rsa(RsaPublicKey::new(e, n).unwrap()))
    };
    let mut trailing = blob(KeyData::Ed25519(Ed25519PublicKey([7; 32])));
    trailing.push(0);
    let mut dsa = vec![0, 0, 0, 7];
    dsa.extend(b"ssh-dss");
    for number in [1_u8, 2, 3, 4] {
        dsa.extend([0, 0, 0, 1, number]);
    }
    let line = PublicKey::new(KeyData::Ed25519(Ed25519PublicKey([7; 32])), "").to_openssh().unwrap();
    let cases: [(&str, &[u8]); 5] = [
        ("RSA", &rsa),
        ("DSA", &dsa),
        ("something behind the key", &trailing),
        ("the line of a file", line.as_bytes()),
        ("nothing", b""),
    ];
    for (what, blob) in cases {
        let fault = vouched(blob).await.err().map(|fault| fault.code);
        assert_eq!(fault, Some(Code::KeyRefused), "{what}");
    }
    assert_eq!(PublicKey::from_bytes(&dsa).unwrap().algorithm(), Algorithm::Dsa, "it was read as what it is");
}

#[test]
fn a_fingerprint_is_one_in_full() {
    let whole = format!("SHA256:{}", "Ab+/".repeat(11).get(..43).unwrap());
    assert!(is_fingerprint(&whole));
    for not in
        ["*", "SHA256:*", "", "SHA256:", "MD5:aa:bb", &whole[..49], &format!("{whole}="), &whole.replace('A', "*")]
    {
        assert!(!is_fingerprint(not), "{not}");
    }
}

#[tokio::test]
async fn nothing_else_is_a_key() {
    let keys = ProvenKeys::new(Arc::new(StillClock::at(START)), HOURS);
    let key = blob(KeyData::Ed25519(Ed25519PublicKey([7; 32])));
    assert!(keys.identify(&Claim::Token(postern_core::Secret::new(key))).await.is_err());
}
