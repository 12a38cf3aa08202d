//! Texts that ask for far more work than they are long.

use std::time::{Duration, Instant};

use postern_core::operation::{Output, Outputs, Reading};

use super::*;
use crate::postgres::analyze::work::MOST;
use crate::postgres::catalog::literal::Literal;

/// So long may the reading of any text take on a slow machine with better things to do; an unbounded one takes minutes.
const PATIENCE: Duration = Duration::from_secs(5);

fn joined(parts: impl IntoIterator<Item = String>, between: &str) -> String {
    parts.into_iter().collect::<Vec<_>>().join(between)
}

fn times(part: &str, times: usize, between: &str) -> String {
    vec![part; times].join(between)
}

/// What is read as a whole, and what is not.
fn read_in_time(text: &str) -> Result<Vec<Statement>, Unread> {
    let catalog = shop();
    let path = ["public".into()];
    let start = Instant::now();
    let read = read(text, &names(&catalog, &path));
    let taken = start.elapsed();
    println!("{taken:?}, {} bytes: {}", text.len(), &text[..text.len().min(60)]);
    assert!(taken < PATIENCE, "{taken:?}: {}", &text[..text.len().min(100)]);
    read
}

fn is_clear(text: &str) -> bool {
    read_in_time(text).unwrap().iter().all(|one| one.reading == Reading::Clear)
}

fn is_opaque(text: &str) -> bool {
    read_in_time(text).unwrap().iter().any(|one| matches!(one.reading, Reading::Opaque(_)))
}

/// `WITH w` of as many columns as there may be.
fn wide(query: &str) -> String {
    format!("WITH w AS (SELECT {}) {query}", joined((0..1600).map(|at| format!("{at} c{at}")), ", "))
}

#[test]
fn texts_that_are_merely_long_are_read() {
    for text in [
        format!("SELECT {} FROM customers c", times("c.email", 1600, ", ")),
        format!("SELECT 1 FROM customers WHERE {}", times("email = 'x'", 10_000, " AND ")),
        format!("SELECT 1 FROM customers WHERE {}", times("id = 1", 10_000, " OR ")),
        format!("SELECT 1 FROM customers WHERE id IN ({})", times("1", 70_000, ",")),
        format!("SELECT 1 FROM customers WHERE id = ANY(ARRAY[{}])", times("1", 70_000, ",")),
        format!("INSERT INTO orders (id, note) VALUES {}", times("(1, 'x')", 25_000, ",")),
        wide("SELECT * FROM w"),
        wide(&format!("SELECT {} FROM w", joined((0..1600).map(|at| format!("c{at}")), ","))),
        times("UPDATE customers SET name = 'x' WHERE id = 1", 500, ";"),
        format!("WITH {} SELECT 1", joined((0..1000).map(|at| format!("w{at} AS (SELECT 1)")), ", ")),
        within(&times("(SELECT 1 FROM (SELECT 1) x)", 1600, ",")),
        intricate(),
    ] {
        assert!(is_clear(&text), "{}", &text[..60]);
    }
}

/// What is shown where 5000 `WITH` queries are in sight.
fn within(shown: &str) -> String {
    format!("WITH {} SELECT {shown}", joined((0..5000).map(|at| format!("w{at} AS (SELECT 1)")), ", "))
}

fn tables(number: usize) -> String {
    joined((0..number).map(|at| format!("customers c{at}")), ", ")
}

/// What takes a good part of the work that a text may take.
fn intricate() -> String {
    format!("SELECT 1 FROM {} WHERE {}", tables(600), times("x = 1", 100, " AND "))
}

#[test]
fn what_takes_too_much_work_is_not_read_to_its_end() {
    let recursive = "WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a FROM r, (SELECT * FROM r) q)";
    for text in [
        format!("SELECT {} FROM customers", times("*", 30_000, ",")),
        format!("VALUES ({})", times("1", 2000, ",")),
        wide(&format!("SELECT {} FROM w", times("(SELECT x FROM (SELECT * FROM w) x)", 1600, ","))),
        format!("SELECT 1 FROM {} WHERE {}", tables(4000), times("x = 1", 2000, " AND ")),
        format!("SELECT 1 FROM {} WHERE {}", tables(4000), times("c1 IS NULL", 7000, " OR ")),
        format!("SELECT 1 FROM {}, {}", tables(10_000), times("(customers a JOIN customers b ON true)", 2000, ", ")),
        wide(&format!("SELECT 1 FROM {}", joined((0..7000).map(|at| format!("w AS a{at}(x)")), ", "))),
        wide(&format!("SELECT * FROM {}", times("w", 25_000, ","))),
        wide(&format!("SELECT * FROM w ORDER BY {}", times("1", 70_000, ","))),
        wide(&format!("SELECT 1 FROM {}", times("(w a NATURAL JOIN w b)", 5000, ", "))),
        wide(&format!("SELECT 1 FROM {}", times("(w a JOIN w b USING (c1599)) AS j", 3500, ", "))),
        wide(&format!("SELECT 1 FROM w a JOIN w b USING ({})", times("c1599", 28_000, ","))),
        wide(&format!("SELECT {} FROM w", times("(SELECT w)", 1600, ","))),
        format!("{recursive} SELECT {}", times("(SELECT a FROM r)", 7000, ",")),
        within(&format!("1 FROM {}", times("w1", 14_000, ","))),
        times(&intricate(), 15, ";"),
    ] {
        assert!(is_opaque(&text), "{}", &text[..60]);
    }
    let many = times("SELECT 1", 2000, ";");
    assert!(matches!(read_in_time(&many), Err(Unread::Beyond(_))));
}

/// Columns, each of which comes from 150 others, so many of them.
fn gathered(shown: usize) -> String {
    format!("WITH w AS (SELECT ROW(b.*) x FROM broad b) SELECT {} FROM w", times("w.*", shown, ", "))
}

/// How much is said of where shown columns come from.
fn said(statements: &[Statement]) -> usize {
    let outputs = statements.iter().map(|statement| match &statement.outputs {
        Outputs::Cells(outputs) | Outputs::Stream(outputs) => outputs.as_slice(),
        Outputs::Nothing | Outputs::Unknown => &[],
    });
    let from = |output: &Output| match output {
        Output::Derived { from, .. } => from.len(),
        Output::Bare(_) | Output::Unknown { .. } => 1,
    };
    outputs.flatten().map(from).sum()
}

#[test]
fn where_columns_come_from_is_not_said_without_end() {
    let columns = joined((0..150).map(|at| format!("c{at} int4")), ", ");
    let catalog = Literal::new().table("broad", &columns).catalog();
    let path = ["public".into()];
    let gathers = |text: &str| read(text, &names(&catalog, &path)).unwrap();
    assert_eq!(said(&gathers(&gathered(500))), 500 * 150);
    assert_eq!(columns_of(&gathered(500), &catalog, &path).map(|defined| defined.columns.len()), Some(500));

    let one = gathers(&gathered(1664)).remove(0);
    assert_eq!(one.outputs, Outputs::Unknown);
    assert!(matches!(one.reading, Reading::Opaque(_)));
    assert!(columns_of(&gathered(1664), &catalog, &path).is_none());
    assert!(said(&gathers(&times(&gathered(500), 20, ";"))) <= MOST);

    let kept = kept(gathers(&gathered(500)).remove(0));
    let known = |_: &str| Some(kept.clone());
    let again = Names { prepared: &known, cursors: &known, ..names(&catalog, &path) };
    for text in ["EXECUTE p", "FETCH ALL FROM p"] {
        assert_eq!(said(&read(text, &again).unwrap()), 500 * 150, "{text}");
        let many = read(&times(text, 100, ";"), &again).unwrap();
        assert!(said(&many) <= MOST, "{text}");
        assert!(many.iter().any(|one| one.outputs == Outputs::Unknown), "{text}");
    }
}
