-- Transactions as psql begins and saves them.
CREATE TABLE kept (x int PRIMARY KEY);
\set AUTOCOMMIT off
INSERT INTO kept VALUES (1);
ROLLBACK;
INSERT INTO kept VALUES (2);
COMMIT;
SELECT * FROM kept;
SELECT 1 / 0;
SELECT 'never';
\echo :SQLSTATE
COMMIT;
VACUUM kept;
ROLLBACK;
INSERT INTO kept VALUES (3) \; INSERT INTO kept VALUES (3);
COMMIT AND CHAIN;
ROLLBACK;
\set ON_ERROR_ROLLBACK on
INSERT INTO kept VALUES (4);
INSERT INTO kept VALUES (4);
SELECT nothing;
INSERT INTO kept VALUES (5);
SAVEPOINT mine;
INSERT INTO kept VALUES (6);
INSERT INTO kept VALUES (6);
ROLLBACK TO mine;
RELEASE mine;
COPY kept FROM STDIN;
7
8
eight
\.
COPY kept FROM STDIN;
7
8
\.
COMMIT;
SELECT * FROM kept ORDER BY x;
COMMIT;
\set AUTOCOMMIT on
BEGIN;
INSERT INTO kept VALUES (9);
SYNTAX ERROR;
INSERT INTO kept VALUES (10);
COMMIT;
\set ON_ERROR_ROLLBACK off
SELECT array_agg(x ORDER BY x) FROM kept;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SHOW transaction_isolation;
SHOW transaction_read_only;
INSERT INTO kept VALUES (11);
COMMIT;
BEGIN;
INSERT INTO kept VALUES (12);
PREPARE TRANSACTION 'apart';
SELECT count(*) FROM kept;
SELECT gid, owner, database FROM pg_prepared_xacts;
\c
COMMIT PREPARED 'apart';
ROLLBACK PREPARED 'apart';
SELECT count(*) FROM kept;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT x FROM kept ORDER BY x;
DECLARE lost NO SCROLL CURSOR FOR SELECT x FROM kept;
FETCH 2 FROM held;
FETCH BACKWARD 1 FROM lost;
COMMIT;
FETCH 2 FROM held;
FETCH 1 FROM lost;
SELECT name, statement, is_holdable, is_binary, is_scrollable FROM pg_cursors;
CLOSE ALL;
BEGIN;
DECLARE bits BINARY CURSOR FOR SELECT 1::int8;
FETCH bits;
ABORT;

-- results by cursor
\set FETCH_COUNT 7
SELECT n, repeat('x', n % 10) FROM generate_series(1, 40) AS n;
SELECT 10 / (20 - n) FROM generate_series(1, 40) AS n;
SELECT 1 WHERE false;
BEGIN;
SELECT n FROM generate_series(1, 15) AS n;
SELECT 10 / (20 - n) FROM generate_series(1, 40) AS n;
SELECT 'never';
ROLLBACK;
\pset format unaligned
SELECT n FROM generate_series(1, 9) AS n \gx
\pset format aligned
INSERT INTO kept SELECT n FROM generate_series(20, 30) AS n RETURNING x;
WITH gone AS (DELETE FROM kept RETURNING x) SELECT count(*) FROM gone;
SELECT n FROM generate_series(1, 30) AS n \g | wc -l
\unset FETCH_COUNT
\set SINGLESTEP off
DROP TABLE kept;
