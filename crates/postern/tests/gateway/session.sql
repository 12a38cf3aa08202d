-- What a person does with psql in a day, and what goes wrong with it.
SELECT version() LIKE 'PostgreSQL%' AS postgres, current_user, session_user;
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(8, 2), tags text[], made date, data jsonb);
INSERT INTO items SELECT n, 'item ' || n, n * 1.25, ARRAY['a', 'b' || n], date '2024-01-01' + n, jsonb_build_object('n', n) FROM generate_series(1, 20) AS n;
\d items
\dt
\dn
SELECT * FROM items ORDER BY id LIMIT 3;
SELECT count(*), sum(price), min(made), max(tags) FROM items;

-- several statements in one message, and one of them that fails
SELECT 1 AS one\; SELECT 2 AS two;
INSERT INTO items (id, name) VALUES (100, 'kept')\; SELECT 1 / 0 AS never;
SELECT count(*) FROM items WHERE id = 100;

-- transactions, savepoints, errors inside
BEGIN;
INSERT INTO items (id, name) VALUES (21, 'in a transaction');
SAVEPOINT here;
INSERT INTO items (id, name) VALUES (21, 'twice');
SELECT 'never seen';
ROLLBACK TO here;
SELECT name FROM items WHERE id = 21;
ROLLBACK;
SELECT count(*) FROM items WHERE id = 21;

-- errors as the server words them
SELECT nothing FROM items;
SELECT * FROM nowhere;
INSERT INTO items (id) VALUES (50);
\errverbose

-- COPY both ways
COPY items (id, name, price) FROM STDIN;
201	copied	1.50
202	copied too	\N
\.
COPY items (id, name) FROM STDIN;
203	fine
204	too	many
\.
COPY (SELECT id, name, price FROM items WHERE id > 200 ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER);
\copy (SELECT id FROM items ORDER BY id LIMIT 2) TO STDOUT

-- prepared statements and cursors in SQL
PREPARE by_id (int) AS SELECT name FROM items WHERE id = $1;
EXECUTE by_id(3);
EXECUTE by_id(4);
DEALLOCATE by_id;
BEGIN;
DECLARE few CURSOR FOR SELECT id FROM items ORDER BY id;
FETCH 2 FROM few;
MOVE 3 IN few;
FETCH 1 FROM few;
CLOSE few;
COMMIT;
\set FETCH_COUNT 7
SELECT id FROM items ORDER BY id;
\unset FETCH_COUNT

-- the extended protocol, and results that psql describes first
SELECT name FROM items WHERE id = 5 \gdesc
SELECT id, name FROM items ORDER BY id LIMIT 2 \gx
SELECT format('SELECT %s AS generated', n) FROM generate_series(1, 2) AS n \gexec
SELECT id % 2 AS odd, id % 3 AS three, count(*) FROM items GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview

-- again and again, until it fails
CREATE TEMP SEQUENCE rounds;
SELECT 6 / (4 - nextval('rounds')) AS left
\watch 0.05

-- large objects
SELECT lo_from_bytea(70001, 'kept apart');
\lo_list
\lo_export 70001 /dev/null
\lo_unlink 70001
\lo_export 70001 /dev/null

-- settings, notices, notifications
SET application_name = 'shopping';
SHOW application_name;
SET statement_timeout = '2s';
SHOW statement_timeout;
RESET statement_timeout;
EXPLAIN (COSTS OFF) SELECT * FROM items WHERE id = 1;
LISTEN bell;
NOTIFY bell;
UNLISTEN bell;
DROP TABLE IF EXISTS not_there;
TRUNCATE items;
DROP TABLE items;
SELECT 'the end';
