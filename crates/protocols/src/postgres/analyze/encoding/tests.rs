use super::*;
use crate::postgres::analyze::{Kind, Names, Statement, read};
use crate::postgres::catalog::literal::shop;
use postern_core::operation::Reading;

fn reads(encoding: Encoding, text: &str) -> Result<Vec<Statement>, Unread> {
    let catalog = shop();
    let path = ["public".into()];
    read(text, &Names { encoding, ..Names::of(&catalog, &path, "app") })
}

#[test]
fn values_may_be_anything_in_any_database() {
    for text in [
        "SELECT 1",
        "SELECT \"id\" FROM customers",
        "SELECT 'Müller', E'M\\u00fcller', U&'M\\00fcller', N'Müller', $$Müller$$, $tag$Müller$tag$",
        "/* Müller */ SELECT 1 -- Müller\n, 'a'\n'é'",
        "SELECT 1 &\"id\" FROM customers",
    ] {
        assert!(reads(Encoding::Utf8, text).is_ok(), "{text}");
        assert!(reads(Encoding::Other, text).is_ok(), "{text}");
    }
}

#[test]
fn names_are_ascii_where_the_database_has_others() {
    for text in [
        "SELECT É FROM customers",
        "SELECT \"É\" FROM customers",
        "SELECT U&\"\\00C9\" FROM customers",
        "SELECT u&\"id\" FROM customers",
        "SELECT 1 AS é",
        "EXECUTE É",
        "SELECT 1; DEALLOCATE é",
        "SELECT $é$x$é$",
    ] {
        assert!(matches!(reads(Encoding::Other, text), Err(Unread::Beyond(_))), "{text}");
    }
    assert!(reads(Encoding::Utf8, "SELECT \"É\" FROM customers").is_ok());
    assert_eq!([Encoding::named(b"UTF8"), Encoding::named(b"LATIN1")], [Encoding::Utf8, Encoding::Other]);
}

#[test]
fn a_literal_that_names_a_sequence_is_a_name() {
    let reading = |encoding, text| reads(encoding, text).unwrap().remove(0);
    let sequence = |statement: &Statement| statement.touches.iter().any(|touch| touch.object.to_string().contains('é'));
    let text = "SELECT nextval('é')";
    assert!(sequence(&reading(Encoding::Utf8, text)));
    assert!(!sequence(&reading(Encoding::Other, text)));
    // however it is spelled
    assert!(!sequence(&reading(Encoding::Other, "SELECT currval(E'\\u00e9')")));
    let ascii = reading(Encoding::Other, "SELECT nextval('orders_id_seq')");
    assert_eq!((&ascii.reading, &ascii.kind), (&Reading::Clear, &Kind::Plain));
}

#[test]
fn what_the_grammar_would_cut_is_seen() {
    let [fits, long] = ["é".repeat(31), "é".repeat(32)];
    for text in [format!("SELECT a FROM \"{fits}\""), format!("SELECT '{long}'"), format!("SELECT {fits}")] {
        assert!(is_uncut(&text), "{text}");
    }
    for text in [format!("SELECT a FROM \"{long}\""), format!("SELECT a AS {long}")] {
        assert!(!is_uncut(&text), "{text}");
    }
}
