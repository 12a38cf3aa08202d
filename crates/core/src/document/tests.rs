//! Every key asked for by name, every mistake at its place.

use std::time::Duration;

use super::{Findings, Reader, nearest, parse};

/// What is wrong in a file that is read so, one line each: place, message and hint.
fn wrong(text: &str, read: impl FnOnce(&mut Findings, Reader<'_>)) -> Vec<String> {
    let mut findings = Findings::new();
    if let Some((file, table)) = parse(&mut findings, "a.toml", text) {
        read(&mut findings, Reader::top(file, &table));
    }
    assert_eq!(findings.source("a.toml"), Some(text));
    assert_eq!(findings.is_clean(), findings.diagnostics().is_empty());
    findings.diagnostics().iter().map(|one| one.to_string().replace("\nhint: ", " | ")).collect()
}

#[test]
fn values_are_read_by_name() {
    let text = "a = 'x'\nb = true\nc = 1_000\nd = ['x', 'y']\ne = 'alone'\nf = { g = 0x10 }\n[[h]]\ni = 1\n[[h]]\ni = 2\n[m]\nk = 'v'\n";
    let said = wrong(text, |findings, mut top| {
        assert_eq!(top.peek("a"), Some("x"));
        assert_eq!(top.text(findings, "a").unwrap().text, "x");
        assert_eq!(top.required(findings, "a").unwrap().text, "x");
        assert_eq!(top.flag(findings, "b"), Some(true));
        assert_eq!(top.number(findings, "c"), Some(1_000));
        let texts =
            |texts: Option<Vec<super::Text>>| texts.unwrap().into_iter().map(|one| one.text).collect::<Vec<_>>();
        assert_eq!(texts(top.texts(findings, "d")), ["x", "y"]);
        assert_eq!(texts(top.texts(findings, "e")), ["alone"]);
        let mut inner = top.table(findings, "f").unwrap();
        assert_eq!(inner.number(findings, "g"), Some(16));
        inner.finish(findings);
        let numbers: Vec<_> = top.tables(findings, "h").iter_mut().map(|one| one.number(findings, "i")).collect();
        assert_eq!(numbers, [Some(1), Some(2)]);
        let mut own = top.table(findings, "m").unwrap();
        let entries = own.entries();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].0.text.as_str(), entries[0].1.text(findings, "k").unwrap().text.as_str()), ("k", "v"));
        assert!(top.value("absent").is_none());
        assert!(top.tables(findings, "absent").is_empty());
        top.finish(findings);
        own.finish(findings);
    });
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn a_value_of_another_kind_is_said_to_be() {
    let text = "a = 1\nb = 'yes'\nc = -1\nd = 1.5\ne = [1, 'x', true]\nf = 'x'\ng = { }\nh = 99999999999999999999\n";
    let said = wrong(text, |findings, mut top| {
        assert!(top.text(findings, "a").is_none());
        assert!(top.required(findings, "a").is_none());
        assert!(top.flag(findings, "b").is_none());
        assert!(top.number(findings, "c").is_none());
        assert!(top.number(findings, "d").is_none());
        assert_eq!(top.texts(findings, "e").unwrap().len(), 1);
        assert!(top.table(findings, "f").is_none());
        assert!(top.tables(findings, "f").is_empty());
        assert!(top.texts(findings, "g").is_none());
        assert!(top.tables(findings, "e").is_empty());
        assert!(top.number(findings, "h").is_none());
        assert!(top.required(findings, "z").is_none());
        top.finish(findings);
    });
    insta::assert_snapshot!(said.join("\n"), @"
    a.toml:1:5: `a` is a string, and this is a number
    a.toml:1:5: `a` is a string, and this is a number
    a.toml:2:5: `b` is true or false, and this is a string
    a.toml:3:5: `c` is a whole number, zero or more, and this is a number below zero
    a.toml:4:5: `d` is a whole number, zero or more, and this is a number with a fraction
    a.toml:5:6: `e` is a string, and this is a number
    a.toml:5:14: `e` is a string, and this is true or false
    a.toml:6:5: `f` is a table, and this is a string | write f = { … }
    a.toml:6:5: `f` is a list of tables, and this is a string | write [[f]]
    a.toml:7:5: `g` is a list of strings, and this is a table | write g = [\"…\"]
    a.toml:5:6: `e` is a table, and this is a number | write e = { … }
    a.toml:5:9: `e` is a table, and this is a string | write e = { … }
    a.toml:5:14: `e` is a table, and this is true or false | write e = { … }
    a.toml:8:5: `h` is a whole number, zero or more, and this is a larger one
    a.toml:1:1: this file has no `z` | add `z = …`
    ");
}

#[test]
fn what_nobody_asked_for_is_an_error_with_a_suggestion() {
    let text = "expires = 1\nexpiers = 1\ncuont = 1\nother = 1\n'ümläut' = 1\n[inner]\nx = 1\n";
    let said = wrong(text, |findings, mut top| {
        let _ = (top.value("expires"), top.value("expires"), top.value("count"));
        top.later(findings, "other");
        top.table(findings, "inner").unwrap().finish(findings);
        top.finish(findings);
    });
    insta::assert_snapshot!(said.join("\n"), @"
    a.toml:4:9: `other`: not in this version
    a.toml:7:1: unknown key `x` in this `inner`
    a.toml:3:1: unknown key `cuont` in this file | did you mean `count`?
    a.toml:2:1: unknown key `expiers` in this file | did you mean `expires`?
    a.toml:5:1: unknown key `ümläut` in this file | it takes `expires`, `count`, `other`, `inner`
    ");
}

#[test]
fn places_are_lines_and_characters() {
    let texts: &[(&str, &str)] = &[
        ("x = 1", "a.toml:1:5"),
        ("\n\n  x = 1", "a.toml:3:7"),
        ("# größe\r\nx = 1", "a.toml:2:5"),
        ("y = '名前名前'; x = 1", "a.toml:1:11"),
        ("z = { 'größe' = 'ä', x = 1 }", "a.toml:1:26"),
        ("\tx\t=\t1", "a.toml:1:6"),
        ("z = '''\nx\n''' \nx = 1", "a.toml:4:5"),
    ];
    for (text, place) in texts {
        let said = wrong(text, |findings, mut top| match top.table(findings, "z") {
            Some(mut inner) => drop(inner.text(findings, "x")),
            None => drop(top.text(findings, "x")),
        });
        let last = said.last().unwrap();
        assert!(last.starts_with(&format!("{place}: ")), "{text:?}: {last}");
    }
}

#[test]
fn what_is_no_toml_is_said_with_its_place_and_never_quoted() {
    for (text, place) in [
        ("password = hunter2", "1:12"),
        ("password = \"hunter2", "1:20"),
        ("a = 1\na = 2", "2:1"),
        ("[a\nb = 1", "1:3"),
        ("\u{feff}a = = 1", "1:6"),
    ] {
        let mut findings = Findings::new();
        assert!(parse(&mut findings, "a.toml", text).is_none(), "`{text}` is no TOML");
        assert_eq!(findings.diagnostics().iter().any(|one| one.quotable), !text.contains("hunter"), "{text}");
        let said: Vec<String> = findings.diagnostics().iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&format!("a.toml:{place}: this is no TOML: ")), "{}", said[0]);
        assert!(!said[0].contains("hunter"), "{}", said[0]);
    }
}

#[test]
fn each_file_has_its_own_places() {
    let mut findings = Findings::new();
    let (one, two) = ("x = 1\n", "\nx = 1\n");
    for (name, text) in [("one.toml", one), ("two.toml", two)] {
        let (file, table) = parse(&mut findings, name, text).unwrap();
        drop(Reader::top(file, &table).text(&mut findings, "x"));
    }
    let said: Vec<String> = findings.diagnostics().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["one.toml:1:5: `x` is a string, and this is a number", "two.toml:2:5: `x` is a string, and this is a number"]
    );
    assert_eq!((findings.source("two.toml"), findings.source("three.toml")), (Some(two), None));
}

#[test]
fn what_seems_to_hold_a_secret_is_not_to_be_shown() {
    let mut findings = Findings::new();
    let (file, table) = parse(&mut findings, "a.toml", "x = 'hunter2'").unwrap();
    let place = Reader::top(file, &table).value("x").unwrap().place;
    findings.exposed(&place, "no", None);
    findings.wrong(&place, "no", None);
    assert_eq!(findings.diagnostics().iter().map(|one| one.quotable).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn durations() {
    let table: &[(&str, Option<u64>)] = &[
        ("30s", Some(30)),
        ("15m", Some(900)),
        ("8h", Some(28_800)),
        ("7d", Some(604_800)),
        ("0s", Some(0)),
        ("007s", Some(7)),
        ("", None),
        ("s", None),
        ("30", None),
        ("1.5h", None),
        ("-1s", None),
        ("+1s", None),
        (" 1s", None),
        ("1 s", None),
        ("1S", None),
        ("1ms", None),
        ("1s1s", None),
        ("1ß", None),
        ("99999999999999999999s", None),
        ("999999999999999999d", None),
    ];
    for (text, seconds) in table {
        assert_eq!(super::words::duration(text), seconds.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn the_word_that_was_probably_meant() {
    let words = ["allow", "approve", "forbid"];
    for (word, meant) in [
        ("alow", Some("allow")),
        ("allwo", Some("allow")),
        ("aprove", Some("approve")),
        ("approved", Some("approve")),
        ("forbit", Some("forbid")),
        ("Allow", Some("allow")),
        ("deny", None),
        ("", None),
        ("x", None),
    ] {
        assert_eq!(nearest(word, &words), meant, "{word}");
    }
    assert_eq!(nearest("allow", &[]), None);
}

#[test]
fn a_string_is_written_as_it_is_read() {
    for (text, written) in [
        ("plain", r#""plain""#),
        ("", r#""""#),
        ("it's", r#""it's""#),
        (r#""Odd"."x""#, r#"'"Odd"."x"'"#),
        (r"a\b", r"'a\b'"),
        ("\"it's\"\t", r#""\"it's\"\u0009""#),
        ("a\nb", "'''\na\nb'''"),
        ("\na'", r#""\u000Aa'""#),
        ("a\r\nb\u{7f}", r#""a\u000D\u000Ab\u007F""#),
    ] {
        assert_eq!(super::string(text), written);
    }
}

proptest::proptest! {
    #[test]
    fn any_string_is_read_as_it_was_written(text in r#"[ -~\n\r\t'"\\\u{0}-\u{9f}\u{200b}-\u{202e}\u{e0001}ß名]{0,12}"#) {
        let document = format!("x = {}", super::string(&text));
        let said = wrong(&document, |findings, mut top| assert_eq!(top.required(findings, "x").unwrap().text, text));
        proptest::prop_assert_eq!(said, Vec::<String>::new());
    }
}
