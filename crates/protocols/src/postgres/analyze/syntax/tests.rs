use std::time::{Duration, Instant};

use super::*;
use crate::postgres::analyze::{Names, Unread, read};
use crate::postgres::catalog::Catalog;

/// What the grammar says of a text, and the text up to there.
fn stops(text: &str) -> (String, Option<String>) {
    let catalog = Catalog::empty("shop");
    let names = Names::of(&catalog, &[], "app");
    let Err(Unread::Syntax { message, position }) = read(text, &names) else { panic!("{text} was read") };
    (message, position.map(|position| text.chars().take(position.saturating_sub(1)).collect()))
}

#[test]
fn the_word_that_is_one_too_many_is_found() {
    for (before, word, after) in [
        ("", "SELEC", " 1"),
        ("SELECT a FROM ", "FROM", " t"),
        ("SELECT a FROM t WHERE a = 1 ", "WHERE", " b = 2"),
        ("SELECT 'WHERE', \"WHERE\", a /* WHERE */ FROM t WHERE a = 1 ", "WHERE", " b = 'WHERE' OR WHERE"),
        ("SELECT ((((1))))", ")", ")) + (1)"),
        ("SELECT 1; SELECT 2; ", "SELEKT", " 3; SELEKT 4"),
        ("SELECT 'żółć', '日本語', ", "FROM", " t"),
        ("INSERT INTO t VALUES (1,2),(3,4", ";", ";"),
        ("SELECT aa, aaa aaaa ", "aa", " aa aaa"),
        ("SELECT a,", ",", ", b"),
    ] {
        let (message, upto) = stops(&format!("{before}{word}{after}"));
        assert_eq!(message, format!("syntax error at or near \"{word}\""));
        assert_eq!(upto.as_deref(), Some(before));
    }
}

#[test]
fn literals_without_an_end_begin_where_they_begin() {
    assert_eq!(stops("SELECT 'a', 'abc").1.as_deref(), Some("SELECT 'a', "));
    assert_eq!(stops("SELECT \"a\", \"abc").1.as_deref(), Some("SELECT \"a\", "));
    assert_eq!(stops("SELECT /* a */ 1 /* b").1.as_deref(), Some("SELECT /* a */ 1 "));
    assert_eq!(stops("SELECT 1a").1.as_deref(), Some("SELECT "));
}

#[test]
fn the_end_of_the_text_is_a_place() {
    assert_eq!(stops("SELECT (1  \n"), ("syntax error at end of input".to_owned(), Some("SELECT (1  \n".to_owned())));
    assert_eq!(stops("SELECT 'é' FROM").1.as_deref(), Some("SELECT 'é' FROM"));
}

#[test]
fn where_asking_again_would_take_long_there_is_no_place_rather_than_a_wrong_one() {
    let long = format!("SELECT {}, FROM t; SELECT 'FROM'", vec!["1"; LONGEST].join(","));
    assert_eq!(stops(&long).1, None);
    let once = format!("SELECT {}, FROM t", vec!["1"; LONGEST].join(","));
    assert_eq!(stops(&once).1.map(|upto| upto.len()), Some(once.len() - "FROM t".len()));
    assert_eq!(position("SELECT 1", "an error without a word"), None);
    assert_eq!(position("SELECT 1", "syntax error at or near \"2\""), None);
}

#[test]
fn a_word_that_stands_at_every_place_of_a_long_text_takes_no_time() {
    let (before, word) = ("a".repeat(700_000), "a".repeat(300_000));
    let text = format!("SELECT {before} b {word}");
    let message = format!("syntax error at or near \"{word}\"");
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(position(&text, &message), None);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(stops(&text).0, message);
}
