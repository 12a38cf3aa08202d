//! Readings, group by group.

use super::*;

#[test]
fn plain_queries() {
    insta::assert_snapshot!(readings(&[
        "SELECT 1",
        "SELECT id, email FROM customers",
        "SELECT email AS e FROM customers c",
        "SELECT * FROM customers",
        "SELECT c.* FROM customers c WHERE c.email = 'a@b.c'",
        "TABLE orders",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT count(*) FROM customers",
        "SELECT count(email) FROM customers",
        "SELECT lower(name) FROM customers",
        "SELECT pg_catalog.upper(email) FROM customers",
        "SELECT left(email, 5) FROM customers",
        "SELECT email::varchar FROM customers",
        "SELECT email COLLATE \"C\" FROM customers",
        "SELECT name || ' <' || email || '>' FROM customers",
        "SELECT CASE WHEN email LIKE 'a%' THEN id ELSE 0 END FROM customers",
        "SELECT coalesce(email, phone, name) FROM customers",
        "SELECT tags[1], meta->'a' FROM customers",
        "SELECT public.customers.email, customers.ctid FROM public.customers",
        "SELECT shop.public.customers.email FROM customers",
        "SELECT nosuch FROM customers",
        "SELECT a.x FROM nosuch a",
        "SELECT * FROM nosuch",
        "SELECT $1::text, current_user, now()",
    ]));
}
