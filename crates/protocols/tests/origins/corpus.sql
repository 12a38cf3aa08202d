SELECT 1
SELECT id, email FROM customers
SELECT * FROM customers
SELECT c.* FROM customers AS c
SELECT public.customers.email FROM public.customers
SELECT email AS e, name n FROM customers c
TABLE customers
SELECT ctid, tableoid, xmin FROM customers
SELECT DISTINCT email FROM customers
SELECT DISTINCT ON (name) name, email FROM customers ORDER BY name, id
SELECT email FROM customers ORDER BY email LIMIT 1 FOR UPDATE
SELECT email FROM customers GROUP BY email
SELECT email, count(*) FROM customers GROUP BY 1 HAVING count(*) > 0 ORDER BY 2
SELECT lower(email), left(email, 5), email || '', email COLLATE "C", email::varchar FROM customers
SELECT (email) FROM customers
SELECT coalesce(email, 'x'), nullif(email, 'x'), greatest(email, name) FROM customers
SELECT CASE WHEN id = 1 THEN email ELSE name END FROM customers
SELECT max(email), min(phone), string_agg(email, ','), array_agg(email) FROM customers
SELECT count(*), count(email), count(DISTINCT email) FROM customers
SELECT first_value(email) OVER (ORDER BY id), lag(email) OVER w, row_number() OVER w FROM customers WINDOW w AS (PARTITION BY name ORDER BY id)
SELECT string_agg(email, ',') FILTER (WHERE id > 0) FROM customers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM customers
SELECT customers FROM customers
SELECT c FROM customers c
SELECT row_to_json(c), to_jsonb(c), c::text FROM customers c
SELECT ROW(c.*), ROW(email, 1) FROM customers c
SELECT (c).email, (c.*).name, (c).* FROM customers c
SELECT (ROW(email, 2)).f1 FROM customers
SELECT c.tags[2], c.tags[1:2], (c.meta)->>'k', c.meta->'k' FROM customers c
SELECT unnest(tags) FROM customers
SELECT t FROM customers, unnest(tags) AS t
SELECT u.v FROM customers c, LATERAL unnest(c.tags) AS u(v)
SELECT k, v FROM customers, jsonb_each_text(meta) AS e(k, v)
SELECT key, value FROM customers, jsonb_each(meta)
SELECT * FROM customers, jsonb_each(meta)
SELECT x.* FROM customers, jsonb_to_record(meta) AS x(k text)
SELECT * FROM generate_series(1, 3)
SELECT g, g + 1 FROM generate_series(1, 3) AS g
SELECT n, ordinality FROM generate_series(1, 3) WITH ORDINALITY AS t(n)
SELECT * FROM unnest(ARRAY[1, 2]) AS t(a), unnest('{a,b}'::text[]) AS b, customers c, unnest(c.tags) AS tag
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a', 'b'])) AS t(a, b)
SELECT s.email FROM (SELECT email FROM customers) s
SELECT s.x FROM (SELECT email, name FROM customers) AS s(x, y)
SELECT a.x FROM (SELECT b.y AS x FROM (SELECT email AS y FROM customers) b) a
SELECT * FROM (SELECT * FROM customers) s
SELECT * FROM (SELECT c.email, o.total FROM customers c JOIN orders o ON o.customer_id = c.id) j
SELECT s FROM (SELECT email FROM customers) s
SELECT (s).email FROM (SELECT email FROM customers) s
SELECT (SELECT email FROM customers LIMIT 1)
SELECT (SELECT c.email), c.id FROM customers c
SELECT ARRAY(SELECT email FROM customers)
SELECT EXISTS (SELECT 1 FROM customers WHERE email LIKE 'T%')
SELECT email IN (SELECT email FROM letters) FROM customers
SELECT o.note, (SELECT max(email) FROM customers c WHERE c.id = o.customer_id) FROM orders o
SELECT l.email FROM orders o, LATERAL (SELECT email FROM customers c WHERE c.id = o.customer_id) l
SELECT c.email, o.note FROM customers c, orders o WHERE o.customer_id = c.id
SELECT c.email, o.note FROM customers c JOIN orders o ON o.customer_id = c.id
SELECT c.email, o.note FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
SELECT c.email, o.note FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id
SELECT c.email, o.email FROM customers c FULL JOIN others o ON o.id = c.id
SELECT email FROM customers JOIN others USING (email)
SELECT id, email FROM customers LEFT JOIN others USING (id, email)
SELECT id, email FROM customers RIGHT JOIN others USING (id, email)
SELECT id, email FROM customers FULL JOIN others USING (id, email)
SELECT id FROM customers JOIN letters USING (id)
SELECT id FROM letters JOIN customers USING (id)
SELECT phone FROM customers JOIN others USING (phone)
SELECT phone FROM customers LEFT JOIN others USING (phone)
SELECT * FROM customers JOIN others USING (id)
SELECT * FROM customers NATURAL JOIN others
SELECT customers.email, others.email FROM customers JOIN others USING (id, email)
SELECT j.email FROM (customers JOIN others USING (email)) AS j
SELECT j.a FROM (customers c CROSS JOIN orders o) AS j(a, b, c)
SELECT u.email, c.name FROM customers c JOIN others o USING (email) AS u
SELECT * FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j
SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id JOIN others t ON t.id = c.id
SELECT a.email, b.email FROM customers a, customers b
SELECT email FROM customers UNION SELECT email FROM others
SELECT email FROM customers UNION ALL SELECT name FROM customers
SELECT id, email FROM customers INTERSECT SELECT id, email FROM letters
SELECT email FROM customers EXCEPT SELECT email FROM others ORDER BY 1
SELECT u.email FROM (SELECT email FROM customers UNION ALL SELECT email FROM others) u
SELECT name FROM customers UNION ALL (SELECT note FROM orders ORDER BY total LIMIT 1)
VALUES (1, 'a'), (2, 'b')
SELECT v.b FROM (VALUES (1, 'a')) AS v(a, b)
SELECT v.column1 FROM (VALUES ((SELECT max(email) FROM customers))) v
WITH x AS (SELECT email FROM customers) SELECT email FROM x
WITH x(e) AS (SELECT email FROM customers) SELECT x.e, y.e FROM x, LATERAL (SELECT x.e) y
WITH x AS (SELECT email FROM customers), y AS (SELECT * FROM x) SELECT * FROM y
WITH customers AS (SELECT 1 AS email) SELECT email FROM customers
WITH x AS (WITH y AS (SELECT email FROM customers) SELECT * FROM y) SELECT * FROM x
WITH x AS MATERIALIZED (SELECT * FROM customers) SELECT x.email FROM x JOIN x x2 ON x.id = x2.id
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r
WITH RECURSIVE t AS (SELECT id, name, manager_id, 1 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, e.manager_id, t.depth + 1 FROM employees e JOIN t ON e.manager_id = t.id) SELECT * FROM t
WITH RECURSIVE t(a, b) AS (SELECT 1, 'x'::text UNION ALL SELECT a + 1, (SELECT max(email) FROM customers) FROM t WHERE a < 3) SELECT b FROM t
WITH RECURSIVE t(a, b, c) AS (SELECT 1, 'x'::text, email FROM customers UNION SELECT a + 1, c, b FROM t WHERE a < 3) SELECT a, b, c FROM t
WITH RECURSIVE t AS (SELECT id, email FROM customers) SELECT email FROM t
WITH RECURSIVE t(id, link) AS (SELECT id, manager_id FROM employees UNION ALL SELECT e.id, e.manager_id FROM employees e, t WHERE e.manager_id = t.id) SEARCH DEPTH FIRST BY id SET o CYCLE id SET is_cycle USING path SELECT id, o, is_cycle, path FROM t
SELECT id, mail, domain FROM contacts
SELECT * FROM contacts
SELECT mail FROM mails
SELECT id, email, total, note FROM joined
SELECT email FROM mixed
SELECT email FROM kept
SELECT id, who FROM odd
SELECT full_name, first FROM people
SELECT actor FROM events
SELECT actor FROM events_low
SELECT id, secret FROM base
SELECT secret FROM ONLY base
SELECT * FROM heir
SELECT place, (place).street FROM homes
SELECT (h.place).town, (h).id FROM homes h
SELECT reveal(id), plain(email) FROM customers
SELECT c.plain FROM (SELECT 1) c(plain)
SELECT name.upper FROM (SELECT 'x'::text AS upper) name
SELECT grouping(name), name FROM customers GROUP BY ROLLUP (name)
SELECT name, email FROM customers GROUP BY GROUPING SETS ((name, email), ())
SELECT id, email FROM customers GROUP BY id
SELECT email FROM customers TABLESAMPLE SYSTEM (100) REPEATABLE (1)
SELECT email FROM customers WHERE id = (SELECT min(id) FROM orders)
SELECT current_user, current_date, session_user, now() IS NOT NULL
SELECT extract(year FROM at), at AT TIME ZONE 'UTC', date_trunc('day', at) FROM orders
SELECT position('@' IN email), substring(email FROM 1 FOR 3), trim(both 'x' FROM email), overlay(email PLACING 'X' FROM 1) FROM customers
SELECT email LIKE 'T%', email ~ 'T', email IS NULL, email IS DISTINCT FROM 'x', email BETWEEN 'a' AND 'z', NOT active FROM customers
SELECT xmlelement(name e, email), xmlforest(email AS x), xmlconcat(xmlelement(name a), xmlelement(name b)) FROM customers
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relname = 'customers'
SELECT table_name, column_name FROM information_schema.columns WHERE table_name = 'customers'
SELECT cast(email AS text), email::text FROM customers
SELECT array[email, name], array[[1, 2]] FROM customers
SELECT id + 1 AS next, id FROM customers ORDER BY id, next
SELECT o.* FROM orders o WHERE EXISTS (SELECT FROM customers c WHERE c.id = o.customer_id AND c.email = 'x')
SELECT FROM customers
SELECT json_build_object('e', email), jsonb_agg(c), json_object_agg(id, email) FROM customers c GROUP BY email
SELECT q.f FROM (SELECT email f, row_number() OVER (ORDER BY id) rn FROM customers) q WHERE q.rn = 1
SELECT concat(email, id), format('%s', email), quote_literal(email), md5(email) FROM customers
SELECT (array_agg(email ORDER BY id))[1] FROM customers
SELECT a.email FROM customers a WHERE a.email > ALL (SELECT email FROM others)
SELECT (SELECT s.email FROM (SELECT c.email) s) FROM customers c
SELECT t.a, t.b FROM (SELECT email, id FROM customers UNION ALL SELECT name, id FROM customers) t(a, b)
SELECT "c"."email" AS "customer email" FROM "customers" "c"
SELECT xmltable.* FROM customers, XMLTABLE('/r' PASSING xmlparse(document '<r><x>1</x></r>') COLUMNS x text PATH 'x', o FOR ORDINALITY)
SELECT b.x FROM customers c, XMLTABLE('/r' PASSING xmlelement(name r, c.email) COLUMNS x text PATH '.') b
SELECT c.id FROM customers c WHERE (c.id, c.email) IN (SELECT id, email FROM letters)
SELECT CASE email WHEN 'x' THEN 1 ELSE 2 END FROM customers
SELECT customers.tableoid::regclass, pg_typeof(email) FROM customers
INSERT INTO letters SELECT id, email FROM customers WHERE false RETURNING id, email
UPDATE customers c SET name = name WHERE id = 1 RETURNING email, c.name, upper(email), c
DELETE FROM letters l USING customers c WHERE c.id = l.id AND false RETURNING l.email, c.email, *
WITH d AS (DELETE FROM others WHERE false RETURNING *) SELECT email FROM d
WITH u AS (UPDATE customers SET name = 'n' RETURNING id, email AS mail) SELECT mail, id FROM u
INSERT INTO others (id, email) VALUES (9, 'nine') ON CONFLICT DO NOTHING RETURNING *
EXPLAIN SELECT email FROM customers
SHOW search_path
