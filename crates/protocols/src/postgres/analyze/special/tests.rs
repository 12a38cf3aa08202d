//! Names in literals, as the server splits them.

use super::relation_name;

fn named(literal: &str) -> Option<String> {
    relation_name(literal).map(|name| format!("{}|{}", name.schemaname, name.relname))
}

/// What PostgreSQL 15 and 18 make of them, by `SELECT literal::regclass` where there is such a relation.
#[test]
fn a_literal_names_what_the_server_makes_of_it() {
    for (literal, relation) in [
        ("orders", "|orders"),
        ("Orders", "|orders"),
        ("\"Orders\"", "|Orders"),
        ("\"a\"\"b\"", "|a\"b"),
        (" public . orders\n", "public|orders"),
        ("public.\"a.b\"", "public|a.b"),
        // no comment, no operator, no number
        ("orders--x", "|orders--x"),
        ("a/*b*/", "|a/*b*/"),
        ("a-b", "|a-b"),
        ("1a", "|1a"),
        ("-a", "|-a"),
        ("1.2", "1|2"),
        ("$1", "|$1"),
        ("ÉTÉ", "|ÉtÉ"),
    ] {
        assert_eq!(named(literal).as_deref(), Some(relation), "{literal:?}");
    }
    let long = "x".repeat(70);
    assert_eq!(named(&long), Some(format!("|{}", "x".repeat(63))));
    assert_eq!(named(&format!("\"{long}\".{long}")), Some(format!("{0}|{0}", "x".repeat(63))));
    // a letter is whole or not there
    assert_eq!(named(&"é".repeat(32)), Some(format!("|{}", "é".repeat(31))));
    for literal in ["", " ", "16400", "-", "a b", "a.", ".a", "a..b", "\"a", "\"a\"b", "a.b.c", "a\u{b}", "a,b"] {
        let whole = (literal == "a,b").then(|| "|a,b".to_owned());
        assert_eq!(named(literal), whole, "{literal:?}");
    }
}
