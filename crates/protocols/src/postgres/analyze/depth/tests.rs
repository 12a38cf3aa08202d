use super::*;
use crate::postgres::analyze::{Names, read};
use crate::postgres::catalog::Catalog;

/// The stack of a tokio worker.
const WORKER_STACK: usize = 2 << 20;

fn deep(text: &str) -> bool {
    check(text).is_err()
}

/// Reads on a stack like that of the gateway; the point is that it comes back.
fn survives(text: String) {
    let thread = std::thread::Builder::new().stack_size(WORKER_STACK).spawn(move || {
        let catalog = Catalog::empty("shop");
        let names = Names::of(&catalog, &[], "app");
        read(&text, &names).map(drop)
    });
    drop(thread.unwrap().join().unwrap());
}

/// Ways to nest, with and without brackets: what comes before, what is repeated, what comes after.
const WAYS: &[(&str, &str, &str, &str)] = &[
    ("SELECT ", "(", "1", ")"),
    ("SELECT ", "- ", "a", ""),
    ("SELECT ", "+", "a", ""),
    ("SELECT ", "NOT ", "a", ""),
    ("SELECT ", "a || ", "b", ""),
    ("SELECT a", "::text", "", ""),
    ("SELECT a", " IS NULL", "", ""),
    ("SELECT a", " COLLATE x", "", ""),
    ("SELECT a", " AT TIME ZONE b", "", ""),
    ("SELECT a", "[1]", "", ""),
    ("SELECT ", "f(", "1", ")"),
    ("SELECT ", "ARRAY[", "1", "]"),
    ("SELECT ", "(SELECT ", "1", ")"),
    ("SELECT ", "CASE WHEN a AND ", "b", " THEN c END"),
    ("SELECT ", "x.on + ", "1", ""),
    ("SELECT ", "x . /* */ when || ", "1", ""),
    ("SELECT ", "CASE WHEN a THEN b ELSE ", "c", " END"),
    ("SELECT ", "NOT x BETWEEN a AND ", "b", ""),
    ("SELECT 1", " UNION SELECT 1", "", ""),
    ("SELECT 1", " EXCEPT ALL SELECT 1", "", ""),
    ("SELECT * FROM a", " JOIN a ON b = c AND d", "", ""),
    ("SELECT * FROM a", " NATURAL JOIN a", "", ""),
    ("SELECT * FROM ", "(", "a", " CROSS JOIN b)"),
    ("SELECT * FROM ", "(SELECT * FROM ", "a", ") x"),
    ("", "WITH x AS (", "SELECT 1", ") SELECT 1"),
    ("SELECT ", "EXISTS (SELECT 1 WHERE ", "a", ")"),
    ("SELECT * FROM t GROUP BY GROUPING SETS ", "(", "a", ")"),
];

fn nested(way: &(&str, &str, &str, &str), times: usize) -> String {
    let (start, open, middle, close) = way;
    format!("{start}{}{middle}{}", open.repeat(times), close.repeat(times))
}

#[test]
fn a_hundred_thousand_levels_are_refused_before_the_parser() {
    for way in WAYS {
        let text = nested(way, LONGEST / (way.1.len() + way.3.len()) - 20);
        assert!(deep(&text), "{}", &text[..60]);
    }
}

#[test]
fn no_way_of_nesting_ends_the_process() {
    for way in WAYS {
        for times in [30, 60, 100, 199, 380, 1000, 20_000] {
            survives(nested(way, times));
        }
    }
}

#[test]
fn lists_and_flat_chains_are_not_deep() {
    let many = |part: &str| part.repeat(8000);
    assert!(!deep(&format!("SELECT 1{}", many(", -1"))));
    assert!(!deep(&format!("SELECT a{}", many(" AND b = 1"))));
    assert!(!deep(&format!("SELECT a{}", many(" OR b IS NULL"))));
    assert!(!deep(&format!("SELECT a{}", many(" AND b BETWEEN 1 AND 2"))));
    assert!(!deep(&format!("SELECT CASE{} ELSE 3 END", many(" WHEN a = 1 THEN 2"))));
    assert!(!deep(&format!("INSERT INTO t VALUES (1){}", many(", (1)"))));
    assert!(!deep(&many("SELECT 1;")));
    assert!(!deep(&format!("SELECT '{}'", many("("))));
    assert!(!deep(&format!("SELECT $${}$$", many("("))));
    assert!(!deep(&format!("/*{}*/ SELECT 1", many("("))));
}

#[test]
fn text_of_too_many_words_is_refused() {
    let list = |word: &str, words: usize| format!("SELECT {}", word.repeat(words));
    assert!(!deep(&list("1,", (MOST_WORDS - NAMES) / 2)));
    assert!(deep(&list("1,", MOST_WORDS / 2)));
    assert!(!deep(&list("a,", (MOST_WORDS - NAMES) / 5)));
    assert!(deep(&list("a,", MOST_WORDS / 5)));
    let parameters = (1..=65_535).map(|number| format!("${number}")).collect::<Vec<_>>();
    let rows: Vec<String> = parameters.chunks(5).map(|row| format!("({})", row.join(","))).collect();
    assert!(!deep(&format!("INSERT INTO t (a, b, c, d, e) VALUES {}", rows.join(","))));
}

#[test]
fn text_that_is_too_long_is_refused() {
    assert!(deep(&" ".repeat(LONGEST + 1)));
    assert!(!deep(&" ".repeat(LONGEST)));
}

#[test]
fn brackets_that_do_not_match_do_no_harm() {
    assert!(!deep(&")".repeat(10_000)));
    assert!(!deep(&"END ".repeat(10_000)));
    assert!(deep(&format!("{}{}", ")".repeat(1000), "(".repeat(1000))));
}
