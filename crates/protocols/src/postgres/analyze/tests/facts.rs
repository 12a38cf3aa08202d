//! How far a `WHERE` limits, as facts.

use postern_core::operation::{Fact, Facts};

use super::one;

fn facts(text: &str) -> Facts {
    one(text).facts.clone()
}

fn no_where(clause: &str) -> bool {
    facts(&format!("DELETE FROM customers c WHERE {clause}"))["no_where"] == Fact::Flag(true)
}

fn where_columns(text: &str) -> Vec<String> {
    match &facts(text)["where_columns"] {
        Fact::List(words) => words.clone(),
        other @ (Fact::Flag(_) | Fact::Number(_) | Fact::Text(_)) => panic!("{other:?}"),
    }
}

#[test]
fn a_clause_that_lets_all_rows_through_counts_as_none() {
    let open = [
        "true",
        "1 = 1",
        "'a' = 'a'",
        "NOT false",
        "1 < 2",
        "true AND true",
        "id = 1 OR true",
        "id = 1 OR 1 = 1",
        "true OR id = 1",
        "NOT (1 = 2)",
        "now() > '2000-01-01'",
        "$1",
        "$1 = $1",
        "id = id",
        "c.id = c.id",
        "name LIKE '%'",
        "name LIKE '%'::text",
        "name LIKE '%x'::varchar(1)",
        "name ILIKE '%%'",
        "NULL IS NULL",
        "EXISTS (SELECT 1)",
        "1 IN (1, 2)",
        "coalesce(true)",
        "random() >= 0",
        "(SELECT true)",
        "1 BETWEEN 0 AND 2",
        "'a' IS NOT NULL",
        "CASE WHEN true THEN true END",
        "id = 1 OR (name = 'x' OR true)",
        "1 = ANY (ARRAY[1])",
    ];
    for clause in open {
        assert!(no_where(clause), "{clause}");
    }
}

#[test]
fn a_clause_about_rows_is_one() {
    let closed = [
        "id = 1",
        "id = $1",
        "id IN (1, 2)",
        "name LIKE 'a%'",
        "active",
        "NOT active",
        "id = 1 OR name = 'x'",
        "id = 1 AND true",
        "id = 1 OR false",
        "id = 1 OR 1 = 2",
        "id IS NULL",
        "id <> 5",
        "lower(name) = 'x'",
        "id IN (SELECT customer_id FROM orders)",
        "EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)",
        "(id, name) = (1, 'x')",
        "id BETWEEN 1 AND 2",
        "c.id = 1",
        "active IS TRUE",
        "tags @> ARRAY['x']",
        "CASE WHEN active THEN true END",
        "false",
        "CURRENT OF x",
    ];
    for clause in closed {
        assert!(!no_where(clause), "{clause}");
    }
}

#[test]
fn columns_count_where_every_row_has_a_given_value_in_them() {
    let cases: &[(&str, &[&str])] = &[
        ("DELETE FROM customers WHERE id = 1", &["id"]),
        ("DELETE FROM customers WHERE id = 1 AND name = 'x'", &["id", "name"]),
        ("DELETE FROM customers WHERE id = 1 OR name = 'x'", &[]),
        ("DELETE FROM customers WHERE (id = 1 AND name = 'x') OR id = 2", &["id"]),
        ("DELETE FROM customers WHERE id <> 1", &[]),
        ("DELETE FROM customers WHERE NOT id = 1", &[]),
        ("DELETE FROM customers WHERE id NOT IN (1)", &[]),
        ("DELETE FROM customers WHERE id IN (1, $2)", &["id"]),
        ("DELETE FROM customers WHERE id IN (SELECT customer_id FROM orders)", &[]),
        ("DELETE FROM customers WHERE id = (SELECT max(id) FROM orders)", &[]),
        ("DELETE FROM customers WHERE id > 0 AND id BETWEEN 1 AND 2 AND name LIKE 'a'", &[]),
        ("DELETE FROM customers WHERE id IS NOT DISTINCT FROM 5", &["id"]),
        ("DELETE FROM customers WHERE id = ANY ($1)", &["id"]),
        ("DELETE FROM customers WHERE 5 = id", &["id"]),
        ("DELETE FROM customers WHERE id = id + 0", &[]),
        ("DELETE FROM customers WHERE id IS NULL AND name IS NOT NULL", &["id"]),
        ("DELETE FROM customers c USING orders o WHERE o.id = 1 AND c.name = o.note", &[]),
        ("UPDATE customers SET name = '' WHERE id = 1 OR id = 2", &["id"]),
        ("WITH d AS (DELETE FROM items WHERE sku = 'x') DELETE FROM orders WHERE id = 1", &[]),
        ("WITH d AS (DELETE FROM items WHERE order_id = 1) DELETE FROM orders WHERE id = 1", &[]),
        ("SELECT * FROM customers WHERE id = 1", &["id"]),
        ("SELECT * FROM customers WHERE id = 1 UNION SELECT * FROM customers WHERE id = 2", &["id"]),
        ("SELECT * FROM customers WHERE id = 1 UNION SELECT * FROM customers", &[]),
        ("DELETE FROM customers WHERE (id, name) = (1, 'x')", &["id", "name"]),
        ("DELETE FROM customers WHERE (id, name) IN ((1, 'x'), (2, 'y'))", &["id", "name"]),
        ("DELETE FROM customers WHERE (id, name) IS NULL", &["id", "name"]),
        ("DELETE FROM customers WHERE id = -$1::int + 1", &["id"]),
        ("DELETE FROM customers WHERE id OPERATOR(pg_catalog.=) 1", &["id"]),
        ("DELETE FROM customers c WHERE c.id = 1 AND public.customers.name = 'x'", &["id", "name"]),
        ("INSERT INTO items VALUES (1)", &[]),
        ("TRUNCATE items", &[]),
    ];
    for (text, wanted) in cases {
        assert_eq!(where_columns(text), *wanted, "{text}");
    }
}

#[test]
fn a_column_inside_an_expression_is_given_no_value() {
    for clause in [
        "(id > 0) = true",
        "id * 0 = 0",
        "5 IN (id, 5)",
        "5 = ANY (ARRAY[id, 5])",
        "nullif(id, id) IS NULL",
        "id::bool = true",
        "(id > 0, id IS NULL) = (true, false)",
        "(id, id * 0) = (1, 0)",
        "(customers.*) IS NULL",
        "coalesce(id, 5) IS NOT DISTINCT FROM 5",
    ] {
        assert_eq!(where_columns(&format!("DELETE FROM customers WHERE {clause}")), [""; 0], "{clause}");
        assert!(!no_where(clause), "{clause}");
    }
}

#[test]
fn what_may_differ_from_row_to_row_gives_no_value() {
    for value in [
        "nextval('customers_id_seq')",
        "(ARRAY[1, 2, 3])[id]",
        "make(x => id)",
        "JSON_VALUE(jsonb '{}', '$x' PASSING id AS x RETURNING int)",
        "CASE WHEN true THEN id END",
        "(SELECT id)",
    ] {
        assert_eq!(where_columns(&format!("DELETE FROM customers WHERE id = {value}")), [""; 0], "{value}");
    }
    assert_eq!(where_columns("DELETE FROM customers WHERE id OPERATOR(public.=) 1"), [""; 0]);
}

#[test]
fn the_column_of_another_relation_is_none_of_the_changed_one() {
    for text in [
        "DELETE FROM customers USING (VALUES (1)) v(x) WHERE x = 1",
        "DELETE FROM public.customers USING other.customers WHERE other.customers.id = 1",
        "DELETE FROM customers USING orders id WHERE id.* = ROW(1, 2)",
        "UPDATE customers SET name = '' FROM (VALUES (1)) v(x) WHERE x = 1",
        "MERGE INTO items i USING orders o ON id = 1 WHEN MATCHED THEN DELETE",
        "SELECT * FROM customers, (VALUES (1)) v(x) WHERE x = 1",
        "SELECT * FROM (SELECT 1 AS id, name FROM customers) q WHERE id = 1",
        "WITH q AS (SELECT 1 AS id, name FROM customers) SELECT * FROM q WHERE id = 1",
    ] {
        assert_eq!(where_columns(text), [""; 0], "{text}");
    }
    let named = "DELETE FROM customers c USING orders o WHERE c.id = 1 AND o.customer_id = c.id";
    assert_eq!(where_columns(named), ["id"]);
}

#[test]
fn of_several_changes_the_weakest_clause_speaks() {
    let open = [
        "WITH d AS (DELETE FROM items) SELECT * FROM customers WHERE id = 1",
        "WITH d AS (DELETE FROM items WHERE sku = 'x') DELETE FROM orders",
        "TRUNCATE items",
        "EXPLAIN ANALYZE DELETE FROM items",
        "SELECT * FROM customers",
        "MERGE INTO items i USING orders o ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO items i USING orders o ON i.order_id = o.id WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "COPY customers TO STDOUT",
    ];
    for text in open {
        assert_eq!(facts(text)["no_where"], Fact::Flag(true), "{text}");
    }
    let closed = [
        "INSERT INTO items VALUES (1)",
        "SELECT 1",
        "DROP TABLE items",
        "BEGIN",
        "MERGE INTO items i USING orders o ON i.order_id = o.id WHEN MATCHED THEN DELETE",
        "MERGE INTO items i USING orders o ON i.order_id = o.id WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "WITH d AS (DELETE FROM items WHERE sku = 'x') SELECT * FROM customers",
    ];
    for text in closed {
        assert_eq!(facts(text)["no_where"], Fact::Flag(false), "{text}");
    }
}

#[test]
fn a_query_without_a_limit_says_so() {
    for text in ["SELECT * FROM customers", "SELECT id FROM items LIMIT ALL", "TABLE items", "COPY items TO STDOUT"] {
        assert_eq!(facts(text)["no_limit"], Fact::Flag(true), "{text}");
    }
    for text in
        ["SELECT * FROM customers LIMIT 5", "SELECT 1", "DELETE FROM items", "SELECT * FROM items FETCH FIRST ROW ONLY"]
    {
        assert_eq!(facts(text)["no_limit"], Fact::Flag(false), "{text}");
    }
}

#[test]
fn facts_that_more_reading_could_change_are_left_out_where_it_was_not_possible() {
    let facts = facts("DO $$ BEGIN DELETE FROM customers; END $$");
    assert_eq!(facts.keys().copied().collect::<Vec<_>>(), ["dynamic", "multi_statement", "unparsed"]);
    assert_eq!(facts["dynamic"], Fact::Flag(true));
}

#[test]
fn every_fact_is_in_the_vocabulary() {
    let known: Vec<_> = crate::postgres::vocabulary::VOCABULARY.facts.iter().map(|fact| fact.name).collect();
    let given = facts("SELECT * FROM customers");
    assert!(given.keys().all(|name| known.contains(name)));
    assert_eq!(given.len(), known.len());
}
