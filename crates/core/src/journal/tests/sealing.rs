//! What is sealed opens only with its key, and only in its place.

use bytes::Bytes;
use proptest::prelude::*;

use crate::OperationId;
use crate::Secret;
use crate::excerpt::Excerpt;
use crate::journal::{Sealed, Sealer, Unsealed};
use crate::tests::NOW;

fn sealer(byte: u8) -> Sealer {
    Sealer::derive(&Secret::new(vec![byte; 32])).unwrap()
}

/// Sealed text with one byte changed.
fn bent(sealed: &Sealed, at: prop::sample::Index) -> Sealed {
    let json = serde_json::to_string(sealed).unwrap();
    let mut bytes = data_encoding::BASE64.decode(json.trim_matches('"').as_bytes()).unwrap();
    let at = at.index(bytes.len());
    bytes[at] ^= 1;
    serde_json::from_value(serde_json::json!(data_encoding::BASE64.encode(&bytes))).unwrap()
}

#[test]
fn sealed_and_opened() {
    let parameters = [Some(Bytes::from_static(b"\xff\0")), None, Some(Bytes::new())];
    let sealed = sealer(1).seal("op_1", &["select 1", "select 2"], &Excerpt::of(&parameters)).unwrap();
    let open = sealer(1).open("op_1", &sealed).unwrap();
    assert_eq!(open.text, "select 1; select 2");
    assert_eq!(open.values.parameters, [Some("/wA=".to_owned()), None, Some(String::new())]);
    let empty = sealer(1).seal("op_1", &[], &Excerpt::default()).unwrap();
    assert_eq!(sealer(1).open("op_1", &empty), Some(Unsealed { text: String::new(), values: Excerpt::default() }));
}

#[test]
fn it_is_bound_to_its_operation_and_its_key() {
    let (one, other) = (OperationId::at(NOW).to_string(), OperationId::at(NOW).to_string());
    let sealed = sealer(1).seal(&one, &["secret"], &Excerpt::default()).unwrap();
    assert!(sealer(1).open(&one, &sealed).is_some());
    assert_eq!(sealer(1).open(&other, &sealed), None);
    assert_eq!(sealer(1).open("", &sealed), None);
    assert_eq!(sealer(2).open(&one, &sealed), None);
}

#[test]
fn nothing_of_it_shows_and_nothing_repeats() {
    let one = serde_json::to_string(&sealer(1).seal("op", &["swordfish"], &Excerpt::default()).unwrap()).unwrap();
    let other = serde_json::to_string(&sealer(1).seal("op", &["swordfish"], &Excerpt::default()).unwrap()).unwrap();
    assert_ne!(one, other);
    assert!(!one.contains("swordfish") && !one.contains(&data_encoding::BASE64.encode(b"swordfish")));
    assert_eq!(format!("{:?}", sealer(1)), "Sealer");
}

#[test]
fn what_was_never_sealed_does_not_open() {
    for text in ["", "AAAA", "not base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let sealed: Sealed = serde_json::from_value(serde_json::json!(text)).unwrap();
        assert_eq!(sealer(1).open("op", &sealed), None, "{text}");
    }
}

#[test]
fn a_root_of_another_length_is_refused() {
    for length in [0, 16, 31, 33, 64] {
        let root = Secret::new(vec![1; length]);
        assert!(Sealer::derive(&root).is_err(), "{length}");
        let fault = super::Keys::derive(&root).unwrap_err();
        assert_eq!(fault.message, "the seal key is not 32 bytes long");
    }
}

#[test]
fn signing_and_sealing_use_different_keys() {
    // the same root, two purposes: neither key is the root, and they differ
    let root = [7; 32];
    let public = super::keys().verify_key().to_string();
    let raw = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&root).unwrap();
    let raw = aws_lc_rs::signature::KeyPair::public_key(&raw).as_ref().to_vec();
    assert_ne!(public, format!("ed25519:{}", data_encoding::HEXLOWER.encode(&raw)));
}

proptest! {
    #[test]
    fn any_text_comes_back_and_no_bent_one(text in ".{0,60}", parameter in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)), at in any::<prop::sample::Index>()) {
        let parameters = [parameter.map(Bytes::from)];
        let sealed = sealer(3).seal("op", &[&text], &Excerpt::of(&parameters)).unwrap();
        let open = sealer(3).open("op", &sealed).unwrap();
        prop_assert_eq!(&open.text, &text);
        let decoded = open.values.parameters[0].as_ref().map(|one| data_encoding::BASE64.decode(one.as_bytes()).unwrap());
        prop_assert_eq!(decoded, parameters[0].as_ref().map(|one| one.to_vec()));
        prop_assert_eq!(sealer(3).open("op", &bent(&sealed, at)), None);
    }
}
