//! Where names are looked for, and text that is no single statement.

use postern_core::operation::Fact;

use super::*;
use crate::postgres::catalog::literal::Literal;

#[test]
fn the_path_decides_what_a_name_means() {
    let mut literal = Literal::new();
    literal.schema("a").table("a.t", "x int4").table("t", "y int4").temporary("pg_temp_3");
    literal.relation("r", "pg_catalog", "pg_class", "oid oid").function("a", "length", false, false);
    let catalog = literal.catalog();
    let statements = [
        "SELECT * FROM t",
        "SELECT * FROM pg_class",
        "SELECT * FROM u",
        "SELECT length('x')",
        "CREATE TABLE n (z int)",
    ];
    let mut all = String::new();
    for path in [&["public", "a"][..], &["a", "public"], &["a"], &[], &["nosuch", "pg_catalog", "a"]] {
        all.push_str(&format!("--- {}\n{}", path.join(", "), in_path(&catalog, path, &statements)));
    }
    literal.table("pg_temp_3.t", "w int4").table("pg_temp_3.pg_class", "v int4");
    let statements =
        ["SELECT * FROM t", "SELECT * FROM pg_class", "SELECT * FROM pg_temp_3.t", "SELECT * FROM pg_temp.t"];
    all.push_str(&format!("--- temporary\n{}", in_path(&literal.catalog(), &["public"], &statements)));
    assert_read!(all);
}

/// THREAT: a word of the grammar, or the name of a type, that is somebody's own function or table to the server.
#[test]
fn what_is_called_like_a_word_of_the_grammar_is_looked_for() {
    let mut literal = crate::postgres::catalog::literal::shop_literal();
    for name in ["json_value", "json_scalar", "merge_action"] {
        literal.function("public", name, false, false);
    }
    literal.table("money", "a int4, b int4");
    assert_read!(in_path(
        &literal.catalog(),
        &["public"],
        &[
            "SELECT JSON_VALUE(meta, '$.a'), JSON_QUERY(meta, '$.a') FROM customers",
            "SELECT JSON_SCALAR(email) FROM customers",
            "SELECT b FROM (SELECT m.*, email FROM CAST(ROW(1, 2) AS money) m, customers) q(a, b)",
            "SELECT b FROM (SELECT m.*, email FROM CAST('1' AS date) m, customers) q(a, b)",
            "SELECT ROW(shop.public.customers.*) FROM customers",
            "SELECT b FROM customers, JSON_TABLE(meta, '$' COLUMNS (a text, NESTED '$.n' COLUMNS (n text), c text)) j(a, b, d)",
            "SELECT (VALUES ('b') ORDER BY column1 || 'x') FROM customers c(id, name, column1)",
        ]
    ));
}

#[test]
fn without_a_catalog_everything_is_assumed_to_exist() {
    assert_read!(in_path(
        &Catalog::empty("shop"),
        &[],
        &[
            "SELECT id, left(email, 5) FROM customers WHERE phone = '1'",
            "SELECT * FROM customers",
            "SELECT c.email, o.total FROM customers c JOIN orders o ON o.customer_id = c.id",
            "SELECT email, total FROM customers JOIN orders USING (id)",
            "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE order_id = orders.id AND sku = 'x')",
            "SELECT s.email FROM (SELECT email FROM hidden.customers) s",
            "INSERT INTO archive SELECT id, email FROM customers",
            "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING email",
            "DELETE FROM customers",
            "SELECT relname FROM pg_class",
            "SELECT reveal(1), upper(email) FROM customers",
            "DROP TABLE customers",
            "SELECT row_to_json(c) FROM customers c",
        ]
    ));
}

#[test]
fn a_message_may_hold_several_statements() {
    let catalog = shop();
    let path = ["public".into()];
    let all =
        read("SELECT email FROM customers; -- x\n DELETE FROM orders WHERE id = 1;;", &names(&catalog, &path)).unwrap();
    assert_eq!(
        all.iter().map(|one| &*one.text).collect::<Vec<_>>(),
        ["SELECT email FROM customers", "DELETE FROM orders WHERE id = 1"]
    );
    assert!(all.iter().all(|one| one.facts["multi_statement"] == Fact::Flag(true)));
    assert_eq!(one("SELECT 1").facts["multi_statement"], Fact::Flag(false));
}

#[test]
fn labels_are_cut_from_the_statement_itself() {
    let catalog = shop();
    let path = ["public".into()];
    let all = read("SELECT 1; SELECT 'é' || email, id FROM customers", &names(&catalog, &path)).unwrap();
    assert!(shown(&all[1]).contains("`'é' || email`"), "{}", shown(&all[1]));
}

#[test]
fn text_that_is_no_sql_is_unread() {
    assert_read!(readings(&[
        "SELEC 1",
        "SELECT 'abc",
        "SELECT (1",
        "SELECT 1; nonsense",
        "SELECT '\0'",
        "\u{202e}",
        "CREATE TABLE",
    ]));
}

#[test]
fn password_literals_are_not_in_the_text() {
    for text in [
        "ALTER ROLE a PASSWORD 'geheim'",
        "CREATE USER MAPPING FOR a SERVER b OPTIONS (password 'geheim')",
        "CREATE SUBSCRIPTION a CONNECTION 'password=geheim' PUBLICATION b",
        "SELECT 1; CREATE ROLE a PASSWORD 'geheim'; SELECT 2",
    ] {
        let catalog = shop();
        let path = ["public".into()];
        let all = read(text, &names(&catalog, &path)).unwrap();
        assert!(all.iter().all(|one| !one.text.contains("geheim")), "{text}");
    }
}
