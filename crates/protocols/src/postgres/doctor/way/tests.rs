use super::*;

#[test]
fn plain_text_is_grave_once_it_leaves_the_machine() {
    assert_eq!(unencrypted(true), None);
    let found = unencrypted(false).unwrap();
    assert_eq!((found.gravity, found.name), (Gravity::Grave, "tls-off"));
}
