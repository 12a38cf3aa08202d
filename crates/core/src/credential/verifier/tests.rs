use data_encoding::BASE64;

use super::*;

/// The exchange of RFC 7677 §3: user `user`, password `pencil`.
const MESSAGE: &str = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
    r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
    c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SIGNATURE: &str = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn decoded(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).unwrap()
}

fn pencil() -> Verifier {
    let challenge = Challenge { salt: decoded("W22ZaJ0SNY7soEsUEjb6gQ=="), iterations: 4_096 };
    Verifier::of(&Secret::new("pencil"), &challenge)
}

#[test]
fn the_exchange_of_the_rfc_is_accepted_and_answered_as_there() {
    assert_eq!(pencil().check(MESSAGE.as_bytes(), &decoded(PROOF)), Some(decoded(SIGNATURE)));
    let (stored, server) = (pencil().keys().0.to_vec(), pencil().keys().1.to_vec());
    let kept = Verifier::kept(&stored, &server).unwrap();
    assert_eq!(kept.check(MESSAGE.as_bytes(), &decoded(PROOF)), Some(decoded(SIGNATURE)));
    assert!(Verifier::kept(&stored[1..], &server).is_none());
}

#[test]
fn no_other_proof_and_no_other_message_is() {
    let proof = decoded(PROOF);
    for at in 0..proof.len() {
        let mut other = proof.clone();
        other[at] ^= 0x80;
        assert_eq!(pencil().check(MESSAGE.as_bytes(), &other), None, "byte {at}");
        assert_eq!(pencil().check(MESSAGE.as_bytes(), &proof[..at]), None, "cut at {at}");
    }
    let longer = [proof.clone(), vec![0]].concat();
    assert_eq!(pencil().check(MESSAGE.as_bytes(), &longer), None);
    assert_eq!(pencil().check(MESSAGE.replace("n=user", "n=root").as_bytes(), &proof), None);
}

/// THREAT: the verifier itself, read in the store, must not do as a proof.
#[test]
fn what_is_kept_is_no_password() {
    let verifier = pencil();
    let (stored, server) = verifier.keys();
    let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, stored), MESSAGE.as_bytes());
    let forged: Vec<u8> = stored.iter().zip(signed.as_ref()).map(|(one, other)| one ^ other).collect();
    for proof in [stored, server, signed.as_ref(), &forged] {
        assert_eq!(verifier.check(MESSAGE.as_bytes(), proof), None);
    }
    assert_eq!(format!("{verifier:?}"), "Verifier([secret])");
}

#[test]
fn a_salt_belongs_to_its_name_and_to_this_gateway() {
    let salts = |byte| Salts::derive(&Secret::new(vec![byte; 32])).unwrap();
    let one = salts(7).challenge("pst_one");
    assert_eq!(one, salts(7).challenge("pst_one"));
    assert_ne!(one.salt, salts(7).challenge("pst_two").salt);
    assert_ne!(one.salt, salts(8).challenge("pst_one").salt);
    assert_eq!((one.salt.len(), one.iterations), (16, 4_096));
}

#[test]
fn a_verifier_of_nobody_fits_nothing_that_was_seen() {
    let salts = Salts::derive(&Secret::new(vec![7; 32])).unwrap();
    assert_eq!(salts.nobodys("pst_one").check(MESSAGE.as_bytes(), &decoded(PROOF)), None);
    assert_ne!(salts.nobodys("pst_one").keys(), salts.nobodys("pst_two").keys());
}
