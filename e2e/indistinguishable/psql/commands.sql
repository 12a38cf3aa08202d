-- What psql does beyond sending statements.
SET search_path = zoo, public;
\set VERBOSITY verbose
SELECT 1 / 0;
\errverbose
SELECT * FROM no_such_table;
\errverbose
INSERT INTO typed VALUES (1, 'kg');
\set VERBOSITY sqlstate
INSERT INTO typed VALUES (1, 'kg');
\set VERBOSITY terse
INSERT INTO animals (called) VALUES ('');
\set VERBOSITY default
INSERT INTO animals (called, keeper) VALUES ('x', 9999);
\errverbose
\set SHOW_CONTEXT always
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'caught % %', SQLSTATE, SQLERRM USING HINT = 'a hint', DETAIL = 'a detail'; END $$;
DO $$ BEGIN RAISE 'ended' USING ERRCODE = 'ZZ123', TABLE = 't', COLUMN = 'c', SCHEMA = 's', CONSTRAINT = 'n', DATATYPE = 'd'; END $$;
\errverbose
\set SHOW_CONTEXT errors
SELECT LAST_ERROR_MESSAGE, 1 FROM keepers;
\echo :ERROR :SQLSTATE :ROW_COUNT :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
SELECT 'a' UNION ALL SELECT 'b';
\echo :ERROR :SQLSTATE :ROW_COUNT

-- columns across
SELECT eats, tag % 3 AS three, count(*) AS n FROM animals GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
SELECT eats, tag % 3 AS three, count(*) AS n FROM animals GROUP BY 1, 2 ORDER BY 1, 2
\crosstabview three eats n
SELECT 1, 2 \crosstabview
SELECT 1 AS a, 2 AS a, 3 AS c \crosstabview 1 2 4

-- what a result is of, without a result
SELECT id, called, weighs, alive, notes, papers, born::time(2), 1.5 AS num, NULL AS unknown, ARRAY[1] AS list, sizes FROM animals \gdesc
SELECT FROM animals \gdesc
CREATE TEMP TABLE described (x int) \gdesc
SELECT $1::int + 1, $2 || 'x' \gdesc
INSERT INTO described VALUES (1) RETURNING x, x::bpchar(3) \gdesc
SELECT nothing \gdesc
BEGIN;
SELECT nothing \gdesc
SELECT 1 \gdesc
ROLLBACK;
TABLE heavy LIMIT 1 \gdesc

-- statements from results, results as variables
SELECT format('SELECT %s AS n, %L AS said', n, 'it''s') FROM generate_series(1, 3) AS n UNION ALL SELECT NULL UNION ALL SELECT 'SELECT 1 / 0' UNION ALL SELECT 'TABLE typed' \gexec
\set ECHO queries
SELECT 'CREATE TABLE made_' || n || ' (x int)', 'DROP TABLE made_' || n FROM generate_series(1, 3) AS n \gexec
\set ECHO all
SELECT 'it''s' AS said, 42 AS answer, NULL AS nothing \gset got_
\echo :got_said :'got_said' :"got_said" :got_answer :got_nothing
SELECT :'got_said' || :got_answer;
SELECT 1 AS x UNION ALL SELECT 2 \gset
SELECT 1 AS x WHERE false \gset
SELECT 3 AS x \g (format=unaligned tuples_only=on)
SELECT 4 AS x \gx
SELECT 5 AS x \g made.out
\! cat made.out
SELECT 6 AS x \g | sed s/6/six/
\o made.out
SELECT 7;
\qecho eight
\o
\! cat made.out
SELECT 1 \; SELECT 2 \; SELECT 1 / 0 \; SELECT 3;
SELECT 1 AS a \; SELECT 2 AS b \gset
\echo :a :b
\set SHOW_ALL_RESULTS off
SELECT 1 AS a \; SELECT 2 AS b;
\set SHOW_ALL_RESULTS on

-- parameters
SELECT $1::int + $2::int \bind 40 2 \g
SELECT $1 AS text, length($1) AS long \bind 'it''s' \g
SELECT 1 \bind \g
SELECT $1::int \bind 'no number' \g
SELECT $1 \bind \g
\bind 1
SELECT $1::diet, $2::hstore -> 'a' \bind meat 'a=>1' \gx
SELECT $1 || :'got_said' AS both \parse kept
\bind_named kept 'x' \g
\bind_named kept 'y' \gdesc
\bind_named kept \g
\close_prepared kept
\close kept
\bind_named kept 'x' \g
SELECT * FROM pg_prepared_statements;

-- pipelines
\startpipeline
SELECT 1 \bind \g
SELECT $1::int \bind 2 \sendpipeline
SELECT 'named ' || $1 \parse piped
\bind_named piped 'x' \sendpipeline
\flushrequest
\getresults 1
SELECT 4 \bind \sendpipeline
\syncpipeline
SELECT 1 / 0 \bind \sendpipeline
SELECT 5 \bind \sendpipeline
\syncpipeline
SELECT 6 \bind \sendpipeline
\getresults
\echo :PIPELINE_COMMAND_COUNT :PIPELINE_RESULT_COUNT :PIPELINE_SYNC_COUNT
\endpipeline
\startpipeline
INSERT INTO typed VALUES (3, 't') \bind \sendpipeline
INSERT INTO typed VALUES (3, 't') \bind \sendpipeline
\endpipeline
SELECT * FROM typed;
\startpipeline
SELECT 7 \bind \sendpipeline
\gdesc
COPY typed TO STDOUT \bind \sendpipeline
\endpipeline
SELECT 'still here';

-- repeated
CREATE TEMP SEQUENCE rounds;
SELECT 10 / (4 - nextval('rounds')) AS left
\watch 0.05
CREATE TEMP SEQUENCE again;
SELECT :VERSION_NUM >= 160000 AS counts \gset
\if :counts
SELECT nextval('again') AS round \watch count=3 interval=0.05
SELECT nextval('again') AS round WHERE currval('again') < 6 \watch c=9 i=0.05 min_rows=1
\endif

-- settings that the server tells
SET application_name = 'told';
\echo :SERVER_VERSION_NAME :SERVER_VERSION_NUM :ENCODING :DBNAME :USER :HOST
SET TimeZone = 'Europe/Berlin';
SET DateStyle = 'German';
SET IntervalStyle = 'sql_standard';
SELECT now() - now(), timestamptz '2024-01-01 UTC', interval '1 day 2 h';
RESET ALL;
SHOW application_name;
SHOW search_path;
SELECT current_setting('is_superuser'), current_setting('session_authorization');
SET ROLE zoo_keeper;
SELECT current_user, session_user;
SHOW is_superuser;
RESET ROLE;
SET SESSION AUTHORIZATION zoo_guest;
SELECT current_user, session_user;
\c
SELECT current_user, session_user, current_database();
\c other
SELECT current_database();
\echo :DBNAME
\c -reuse-previous=on "dbname=postgres application_name=mine"
SELECT current_database(), current_setting('application_name');
\c "dbname=other options='-c work_mem=5MB -c search_path=public'"
SELECT current_setting('work_mem'), current_setting('search_path');
LISTEN ears;
NOTIFY ears, 'heard';
SELECT pg_notify('ears', repeat('long ', 1000));
UNLISTEN *;
\password zoo_guest
guessed
guessed
\password zoo_guest
one
another
