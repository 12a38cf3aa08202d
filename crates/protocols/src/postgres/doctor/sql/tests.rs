use postern_core::examination::Gravity;

use super::*;

#[test]
fn a_name_means_itself_and_writes_to_no_terminal() {
    for (text, sql) in [
        ("app", "\"app\""),
        ("we\"ird; --", "\"we\"\"ird; --\""),
        ("a\n;DROP", "U&\"a\\+00000A;DROP\""),
        ("a\\b\u{202e}\"", "U&\"a\\\\b\\+00202E\"\"\""),
    ] {
        assert_eq!(name(text), sql, "{text:?}");
    }
}

#[test]
fn a_script_is_one_transaction_and_says_each_statement_once() {
    let of = |what: &str, mend: &[&str]| {
        Finding::new(Gravity::Note, "any", what, "").mend(mend.iter().map(|one| (*one).to_owned()))
    };
    assert_eq!(script(&[of("nothing mends it", &[])]), "");
    let script = script(&[of("a\nSELECT 1;", &["A;", "B;"]), of("b", &["A;"])]);
    let lines: Vec<&str> = script.lines().skip(1).collect();
    assert_eq!(lines, ["BEGIN;", "", "-- a⟨U+000A⟩SELECT 1;", "A;", "B;", "", "COMMIT;"]);
}

/// THREAT: `\!` in a script is a command to psql.
#[test]
fn what_a_server_writes_is_a_name_or_is_left_out() {
    for text in
        ["which integer", "IN a pg_catalog.text, VARIADIC b \"odd type\"[]", "pg_read_file(text,bigint)", "pg_authid"]
    {
        assert!(is_plain(text), "{text}");
    }
    for text in [
        "integer) FROM x /*",
        "a -- b",
        "a \"b",
        "integer) FROM x; DROP ROLE y",
        "\\! true",
        "a\n\\! true",
        "a integer\u{202e}",
        ":x",
    ] {
        assert!(!is_plain(text), "{text}");
    }
}
