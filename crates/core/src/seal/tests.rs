use super::*;

fn seal(purpose: &'static str) -> Seal {
    Seal::derive(&Secret::new(vec![7; 32]), purpose).unwrap()
}

#[test]
fn what_is_sealed_opens_under_its_own_name_only() {
    let seal = seal("one");
    let sealed = seal.close("orders 1", b"hunter2").unwrap();
    assert_eq!(seal.open("orders 1", &sealed).unwrap().expose(), b"hunter2");
    for name in ["orders 2", "orders", "", "stats 1"] {
        assert!(seal.open(name, &sealed).is_none(), "{name}");
    }
}

#[test]
fn another_purpose_or_another_root_opens_nothing() {
    let sealed = seal("one").close("orders", b"hunter2").unwrap();
    assert!(seal("two").open("orders", &sealed).is_none());
    let other = Seal::derive(&Secret::new(vec![8; 32]), "one").unwrap();
    assert!(other.open("orders", &sealed).is_none());
    assert!(Seal::derive(&Secret::new(vec![7; 31]), "one").is_err());
}

#[test]
fn any_changed_byte_is_noticed_and_no_two_seals_are_alike() {
    let seal = seal("one");
    let sealed = seal.close("orders", b"hunter2").unwrap();
    assert_ne!(sealed, seal.close("orders", b"hunter2").unwrap());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(seal.open("orders", &changed).is_none(), "byte {at}");
        assert!(seal.open("orders", &sealed[..at]).is_none(), "cut at {at}");
    }
}
