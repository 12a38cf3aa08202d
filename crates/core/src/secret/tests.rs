//! A secret shows itself to nobody by accident.

use super::Secret;
use crate::Claim;

#[test]
fn it_prints_as_a_word() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret:?}"), "[secret]");
    assert_eq!(format!("{:#?}", Claim::Token(Secret::new("hunter2"))), "Token(\n    [secret],\n)");
    let lease = crate::gate::Lease { user: "app".to_owned(), password: Some(secret), key: None };
    assert_eq!(format!("{lease:?}"), "Lease { user: \"app\", password: Some([secret]), key: None }");
}

#[test]
fn it_gives_back_what_was_put_in() {
    assert_eq!(Secret::new(vec![0, 255]).expose(), [0, 255]);
    assert!(Secret::new("").is_empty());
    assert!(!Secret::new(" ").is_empty());
}
