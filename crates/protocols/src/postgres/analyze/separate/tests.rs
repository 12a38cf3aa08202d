use std::sync::Arc;

use super::*;
use crate::postgres::analyze::{Names, read};
use crate::postgres::catalog::literal::shop;

fn together(text: &str, unsettled: bool) -> bool {
    let catalog = shop();
    let path: [Arc<str>; 1] = ["public".into()];
    let names = Names::of(&catalog, &path, "app");
    doubts(&read(text, &names).unwrap(), unsettled).iter().all(Option::is_none)
}

#[test]
fn a_change_of_names_comes_alone() {
    let apart = [
        "SET search_path TO hidden; SELECT * FROM secrets",
        "RESET search_path; DELETE FROM customers",
        "RESET ALL; SELECT * FROM customers",
        "DISCARD ALL; SELECT * FROM customers",
        "CREATE TABLE a (b int); SELECT * FROM a",
        "ALTER TABLE customers RENAME TO c; UPDATE customers SET name = ''",
        "PREPARE p AS DELETE FROM customers; EXECUTE p",
        "DEALLOCATE p; EXECUTE p",
        "DECLARE c CURSOR FOR SELECT * FROM customers; FETCH c",
        "SET standard_conforming_strings = off; SELECT 'a'",
        "BEGIN; SET LOCAL search_path TO hidden; COMMIT; SELECT * FROM customers",
        "SELECT set_config('search_path', 'hidden', false); SELECT * FROM secrets",
        "DO $$ BEGIN EXECUTE 'SET search_path TO hidden'; END $$; SELECT * FROM secrets",
        "CALL p(); SELECT * FROM customers",
    ];
    for text in apart {
        assert!(!together(text, false), "{text}");
    }
}

#[test]
fn other_statements_may_come_together() {
    let fine = [
        "BEGIN; UPDATE customers SET name = ''; COMMIT",
        "SELECT 1; SELECT 2",
        "SET statement_timeout = 5; SELECT * FROM customers",
        "SELECT * FROM customers; SET search_path TO hidden",
        "CREATE TABLE a (b int); CREATE INDEX ON a (b); COMMENT ON TABLE a IS 'x'; GRANT SELECT ON a TO b",
        "BEGIN; CREATE TABLE a (b int); COMMIT",
        "SET search_path TO hidden; SET statement_timeout = 5",
    ];
    for text in fine {
        assert!(together(text, false), "{text}");
    }
}

#[test]
fn the_end_of_a_transaction_undoes_what_it_changed() {
    let text = "ROLLBACK; SELECT * FROM customers";
    assert!(together(text, false));
    assert!(!together(text, true));
    assert!(!together("COMMIT; SELECT * FROM customers", true));
    assert!(together("SELECT * FROM customers; COMMIT", true));
}

#[test]
fn what_is_not_certain_is_opaque_and_so_is_what_it_names() {
    let catalog = shop();
    let path: [Arc<str>; 1] = ["public".into()];
    let names = Names::of(&catalog, &path, "app");
    let texts = "SET search_path TO hidden; PREPARE p AS DELETE FROM customers; SELECT 1; DECLARE c CURSOR FOR SELECT * FROM customers";
    let statements = in_order(read(texts, &names).unwrap().into(), false);
    let [set, prepare, select, declare] = &*statements else { panic!("{statements:?}") };
    assert_eq!((&set.reading, &select.reading), (&Reading::Clear, &Reading::Clear));
    let why =
        Reading::Opaque("a setting changes what the names after it mean; send the statements one by one".to_owned());
    for named in [prepare, declare] {
        let (Kind::Prepare { inner, .. } | Kind::DeclareCursor { inner, .. }) = &named.kind else {
            panic!("{named:?}")
        };
        assert_eq!((&named.reading, &inner.reading), (&why, &why));
        assert!(!named.facts.contains_key("tables") && !inner.facts.contains_key("no_where"), "{named:?}");
    }
}
