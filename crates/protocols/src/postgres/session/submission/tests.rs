use super::*;
use crate::postgres::catalog::Catalog;

/// What the gate is asked about a text.
fn asked(text: &[u8]) -> Operation {
    let catalog = Catalog::empty("shop");
    let names = Names::of(&catalog, &[], "app");
    let mut request = Request::new(Bytes::copy_from_slice(text), Wanted::Run);
    request.statements = read(text, &names);
    let mut operations = request.operations(&Arc::default(), Some(&Bytes::new()));
    assert_eq!(operations.len(), 1);
    operations.remove(0)
}

#[test]
fn what_is_not_read_shows_no_password() {
    for (text, wanted) in [
        ("ALTER ROLE app PASSWORD 'geheim' VALIDUNTIL '2030-01-01'", "ALTER ROLE app PASSWORD '[removed]' […]"),
        ("ALTER ROLE app PASSWORD 'geheim", "ALTER ROLE app PASSWORD '[removed]'"),
        ("ALTER ROLE app LOGN PASSWORD E'geheim'", "ALTER ROLE app LOGN PASSWORD '[removed]'"),
        ("ALTER ROLE app PASSWORD 'a' 'geheim'", "ALTER ROLE app PASSWORD '[removed]'"),
        ("DO $a$ BEGIN ALTER ROLE app PASSWORD 'geheim'", "DO '[removed]'"),
    ] {
        let asked = asked(text.as_bytes());
        assert!(asked.text.starts_with(wanted), "{}", asked.text);
        assert!(matches!(asked.reading, Reading::Opaque(_)), "{text}");
        assert!(!format!("{asked:?}").contains("geheim"), "{asked:?}");
    }
    let latin = asked(b"ALTER ROLE app PASSWORD 'geheim\xe9'");
    assert_eq!(&*latin.text, "ALTER ROLE app PASSWORD '[removed]'");
}

#[test]
fn what_is_too_long_to_be_read_is_not_shown_to_its_end() {
    let text = format!("SELECT 1 {}", " ".repeat(analyze::LONGEST));
    let asked = asked(text.as_bytes());
    assert!(asked.text.starts_with("SELECT 1 "), "{}", asked.text.len());
    assert!(asked.text.ends_with(" […, and 9 bytes more]"));
    assert!(asked.text.len() < analyze::LONGEST + 40);
}
