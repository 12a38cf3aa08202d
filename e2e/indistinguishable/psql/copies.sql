-- Rows from and to files, on the client's side and on the server's, small and large.
CREATE TABLE lines (n int, word text, made date DEFAULT '2024-01-01', CHECK (n <> 666));
\copy lines (n, word) from stdin
1	one
2	\N
3	back\\slash\ttab
\.
\copy lines from stdin with (format csv, header, null 'none', force_null (word))
n,word,made
4,"quoted ""four""",2024-02-29
5,none,none
6,"two
lines",2024-01-02
\.
\copy lines (n, word) from stdin
7	seven
x	not a number
\.
\copy lines (n, word) from stdin
666	checked
\.
\copy lines (n, word) from stdin where n > 8
8	left out
9	taken
\.
\copy lines to lines.text
\copy lines to 'lines.csv' csv header quote '''' force quote *
\copy lines to lines.binary binary
\copy (select n, word from lines order by n desc) to lines.query (format text, delimiter '|', null '-')
\copy lines to program 'sort > lines.sorted'
\! cat lines.text lines.csv lines.query lines.sorted
\! od -c lines.binary | head -40
CREATE TABLE again (LIKE lines);
\copy again from lines.text
\copy again from lines.csv csv header quote ''''
\copy again from lines.binary (format binary)
\copy again (n, word) from lines.query delimiter '|' null '-'
\copy again from program 'cat lines.sorted'
\copy again from no_such_file
\copy again from lines.binary
\copy no_such_table to stdout
\copy again (no_such_column) from stdin
\copy again from lines.csv (format nonsense)
SELECT count(*), count(word), md5(string_agg(again::text, E'\n' ORDER BY n, word, made)) FROM again;
COPY again TO STDOUT (FORMAT csv);
COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) AS n) TO STDOUT;
COPY (VALUES (1, E'\x01\x02'), (2, '\.')) TO STDOUT;
COPY again FROM STDIN (FREEZE);
\.
COPY lines FROM PROGRAM 'echo 10';
COPY lines (n) FROM PROGRAM 'exit 3';
COPY lines TO PROGRAM 'cat >/dev/null';
COPY lines FROM '/no/such/file';
COPY lines (n, word) FROM STDIN (ON_ERROR ignore, LOG_VERBOSITY verbose);
11	good
bad	bad
12	good
\.
BEGIN;
COPY lines (n) FROM STDIN;
20
\.
COPY lines (n) FROM STDIN;
twenty
\.
SELECT 'never';
ROLLBACK;
COPY lines (n) FROM STDIN \; SELECT count(*) FROM lines \; COPY lines (n) TO STDOUT;
30
\.
SELECT sum(n) FROM lines;

-- some megabytes each way, many short lines and a few long ones
CREATE TABLE big (n int, t text);
INSERT INTO big SELECT n, repeat(md5(n::text), n % 7) FROM generate_series(1, 60000) AS n;
INSERT INTO big SELECT n, repeat('0123456789', 300000) FROM generate_series(1, 3) AS n;
\copy big to big.text
\copy big to big.binary binary
\copy big to big.csv csv
\! cksum big.text big.binary big.csv
CREATE TABLE back (LIKE big);
\copy back from big.text
\copy back from big.binary binary
\copy back from big.csv csv
SELECT count(*), sum(n), md5(string_agg(md5(t), '' ORDER BY n, t)) FROM back;
\o big.selected
SELECT * FROM big ORDER BY n, t LIMIT 20000;
\o
\! cksum big.selected
\! echo broken >>big.text
\copy back from big.text
SELECT count(*) FROM back;
\! head -c 1000000 big.binary >big.cut
\copy back from big.cut binary
SELECT count(*) FROM back;

-- large objects
\! head -c 3000000 big.text >object
\lo_import object 'some megabytes'
\echo :LASTOID
\lo_export :LASTOID object.back
\! cmp object object.back && echo the same
\lo_list
\lo_list+
SELECT loid, count(*), sum(length(data)) FROM pg_largeobject GROUP BY loid ORDER BY loid;
BEGIN;
\lo_import object
\lo_unlink :LASTOID
COMMIT;
\lo_export 4 nothing
\lo_unlink 4
\lo_import no_such_file
BEGIN;
SELECT lo_open(70001, x'60000'::int) AS fd \gset
SELECT loread(:fd, 20), lo_tell(:fd), lo_lseek64(:fd, 0, 2), lowrite(:fd, 'end'), lo_truncate64(:fd, 100), lo_close(:fd);
SELECT loread(99, 1);
ROLLBACK;
SELECT length(lo_get(70001)), lo_get(70002, 1, 3), lo_put(70003, 5, 'later'), lo_get(70003), lo_unlink(70003);
DROP TABLE lines, again, big, back;
