-- What a hostile client may send to see what masks hide. A heading is
--
--     --- EXPECTED [@FLAG …]: name
--
-- and EXPECTED what must come of it, or DENY/MASK where that depends on `predicates`: `masked` (an image is seen), `refused`
-- (by the gateway, with its code and reason), `error` (of the server, which tells no value), `fine` (answered, with nothing
-- to be masked in it). Statements end with a semicolon at the end of a line, and run one by one inside a transaction that is
-- rolled back. Flags: `18`, from that version on; `simple`, by that way alone; `outside` of a transaction; `mute`, where nothing
-- comes out of it either where nobody is masked; `copy=…`, the rows that COPY FROM STDIN gets;
-- `open=…`, where it does not hold yet: `make test` leaves those out, and `scripts/e2e leaks` fails by them.

-- columns as they are
--- masked: bare column
SELECT email FROM people ORDER BY id;
--- masked: all kinds
SELECT id, email, phone, code, address, secret, token, profile, raw, host, key, salary, doc FROM people ORDER BY id;
--- fine: columns of which nothing comes
SELECT feeling, born, seen, score, ratio, photo FROM people ORDER BY id;
--- masked: alias
SELECT secret AS name FROM people AS orders(i) ORDER BY i;
--- masked: renamed columns
SELECT b.a FROM people AS b(id, name, city, boss, note, a) ORDER BY b.id;
--- masked: star
SELECT * FROM people ORDER BY id;
--- masked: TABLE
TABLE people;
--- masked: quoted and qualified names
SELECT "p"."secret", "p".U&"\0065mail" FROM "public"."people" AS "p";
--- masked: database as well
SELECT shop.public.people.secret FROM shop.public.people;
--- masked: comment in the middle
SELECT/*x*/secret/*FROM orders*/FROM--y
public/**/./**/people;
--- masked: unicode escapes
SELECT U&"s\0065cret" FROM U&"pe\006Fple";
--- masked: array column
SELECT tags FROM tagged ORDER BY id;
--- fine: composite column
SELECT home FROM people ORDER BY id;
--- masked: several tables
SELECT p.secret, o.item FROM people p JOIN orders o ON o.person = p.id;
--- masked: natural join
SELECT secret FROM people NATURAL JOIN orders;
--- masked: rows beside system columns
SELECT ctid, tableoid::regclass, xmin IS NULL, secret FROM people;
--- masked: star beside system columns
SELECT *, ctid FROM people;
--- masked: stars beside system columns
SELECT p.*, upper(p.secret), o.*, p.ctid FROM people p JOIN orders o ON o.person = p.id AND o.xmin IS NOT NULL;
--- masked: grouped by place
SELECT p.id, p.secret, p.email, count(*) FROM people p JOIN orders o ON o.person = p.id GROUP BY 1;
--- masked: grouped by a merged column
SELECT j.id, j.secret, count(*) FROM (people p JOIN orders o USING (id)) j GROUP BY j.id;
--- masked: row lock
SELECT secret FROM people WHERE id = 1 FOR UPDATE;

-- expressions
--- masked: upper and lower
SELECT upper(email), lower(secret), initcap(phone) FROM people;
--- masked: concatenation
SELECT 'x' || secret || 'y', concat(email, phone), format('%s-%L', secret, email) FROM people;
--- masked: pieces
SELECT substr(secret, 1, 20), left(email, 20), right(secret, 12), split_part(secret, '~', 1), overlay(secret PLACING 'x' FROM 2) FROM people;
--- masked: reversed and padded
SELECT reverse(secret), lpad(secret, 40), repeat(secret, 2), translate(secret, 'a', 'b'), btrim(secret, 'a') FROM people;
--- masked: characters one by one
SELECT string_to_table(secret, NULL) FROM people;
--- fine: characters of a regular expression
SELECT regexp_split_to_table(secret, ''), regexp_replace(secret, '(.)', '\1 ', 'g') FROM people;
--- masked: matches
SELECT (regexp_match(secret, '(.*)'))[1], regexp_matches(email, '.{3}', 'g') FROM people;
--- fine: codes of characters
SELECT ascii(substr(secret, n, 1)) FROM people, generate_series(1, 30) n;
--- fine: hex
SELECT encode(secret::bytea, 'hex'), encode(convert_to(email, 'UTF8'), 'hex') FROM people WHERE id = 1;
--- fine: base64
SELECT encode(convert_to(secret, 'UTF8'), 'base64'), encode(convert_to('x' || secret, 'UTF8'), 'base64'), encode(convert_to('xy' || secret, 'UTF8'), 'base64') FROM people;
--- fine: hashes
SELECT md5(secret), sha256(secret::bytea), encode(sha512(convert_to(email, 'UTF8')), 'hex') FROM people;
--- fine: bytes
SELECT photo || '\x00', encode(photo, 'escape'), get_byte(photo, 3), substring(photo FROM 2) FROM people;
--- masked: quoting functions
SELECT quote_literal(secret), quote_ident(secret), quote_nullable(email) FROM people;
--- fine: numbers
SELECT score + 1, score::text, score::numeric / 10, to_char(score, '999,999,999,999,999,999'), ratio * 2, salary / 2, salary::text FROM people;
--- fine: numbers in other bases
SELECT to_hex(score), score::bit(64), int8send(score), float8send(ratio), numeric_send(salary) FROM people;
--- fine: times
SELECT born + 1, born::text, to_char(seen, 'YYYY-MM-DD HH24:MI:SS.US'), extract(epoch FROM seen), date_trunc('year', born), age(born) FROM people;
--- fine: dates in another style
SET LOCAL datestyle = 'SQL, DMY';
SELECT born, seen FROM people;
--- fine: addresses and keys
SELECT host(host), text(host), network(host), host + 1, replace(key::text, '-', ''), uuid_send(key), family(host) FROM people;
--- masked: arrays made
SELECT ARRAY[secret, email], ARRAY(SELECT secret FROM people) FROM people;
--- refused: of an array column
SELECT tags[1], array_to_string(tags, ','), cardinality(tags) FROM tagged;
--- refused: array unnested
SELECT unnest(tags) FROM tagged;
--- fine: fields of a composite column
SELECT (home).street, ((home).number + 1)::text, home::text FROM people;
--- masked: conditional expressions
SELECT CASE WHEN id = 1 THEN secret ELSE email END, coalesce(secret, 'x'), nullif(email, ''), greatest(secret, ' ') FROM people;
--- refused/masked: CASE on a value
SELECT CASE WHEN secret LIKE 'a%' THEN secret ELSE email END FROM people;
--- fine: compared in the select list
SELECT secret = 'x', secret > 'M', email LIKE 'a%', secret ~ '^[a-m]', score IN (1, 2) FROM people;
--- fine: BETWEEN in the select list
SELECT score BETWEEN 1 AND 2, secret BETWEEN SYMMETRIC 'a' AND 'b' FROM people;
--- masked: row and casts
SELECT ROW(secret, email)::text, ROW(id, secret) FROM people;
--- masked: cast to another type
SELECT secret::varchar(20), CAST(email AS name), secret::text COLLATE "C", secret::char(12) FROM people;
--- masked: search words
SELECT to_tsvector('simple', secret), to_tsquery('simple', quote_literal(email)), ts_headline(secret, 'a') FROM people;
--- masked: JSON made
SELECT to_json(secret), json_build_object('a', secret), jsonb_build_array(email), json_build_object(secret, 1) FROM people;
--- masked: of a JSON column
SELECT profile::text, raw::text, jsonb_pretty(profile), profile || '{}' FROM people;
--- fine: members of a JSON column
SELECT profile ->> 'pin', profile -> 'pin', raw #>> '{pin}', jsonb_path_query_first(profile, '$.pin'), profile['pin'] FROM people;
--- error: JSON taken apart
SELECT j.* FROM people, jsonb_each_text(profile) AS j(k, v);
--- masked @18: JSON constructors
SELECT JSON_OBJECT('a': secret), JSON_ARRAY(secret, email), JSON_SCALAR(secret), JSON_SERIALIZE(profile), JSON(raw::text) FROM people;
--- fine @18: JSON queried
SELECT JSON_VALUE(profile, '$.pin'), JSON_QUERY(profile, '$.pin' WITH WRAPPER), JSON_EXISTS(profile, '$.pin') FROM people;
--- masked @18: JSON_TABLE
SELECT j.* FROM people, JSON_TABLE(profile, '$' COLUMNS (pin text PATH '$.pin', whole jsonb PATH '$')) j;
--- masked: XML made
SELECT xmlelement(NAME a, secret), xmlforest(email), xmlconcat(xmlelement(NAME b, xmlattributes(phone AS c))) FROM people;
--- masked: XML of all
SELECT xmlagg(xmlelement(NAME d, secret)), xmlserialize(CONTENT xmlagg(xmlforest(email)) AS text) FROM people;
--- masked: XML of rows
SELECT xmlforest(secret, email), xmlelement(NAME a, secret)::text FROM people;

-- whole rows
--- masked: whole row
SELECT people FROM people;
--- masked: whole row as text
SELECT p::text, (p.*)::text, ROW(p.*)::text FROM people p;
--- masked: whole row as JSON
SELECT to_json(p), row_to_json(p), to_jsonb(p) - 'id' FROM people p;
--- masked: whole rows as one
SELECT json_agg(p), jsonb_agg(p), array_agg(p)::text, json_object_agg(p.id, p) FROM people p;
--- masked: fields of a whole row
SELECT (p).secret, (p.*).email, (SELECT q.secret FROM (SELECT (p).*) q) FROM people p;
--- fine: row in hex
SELECT encode(convert_to(p::text, 'UTF8'), 'hex') FROM people p;
--- masked: row in a function
SELECT jsonb_each_text(to_jsonb(p)) FROM people p;
--- fine: keys made of rows
SELECT hashtext(p::text), md5(p::text), sha256(p::text::bytea) FROM people p;
--- refused: function that reads its row
SELECT of_row(p) FROM people p;
--- refused: function that reads its row, as a column
SELECT p.of_row FROM people p;
--- refused: row of a view of rows
SELECT whole FROM rowed;
--- refused: row of a view of rows as JSON
SELECT to_json(whole), (whole).secret FROM rowed;

-- aggregates and windows
--- masked: aggregates
SELECT string_agg(secret, ','), array_agg(email), min(secret), max(email), json_agg(secret) FROM people;
--- refused: aggregate of the database
SELECT joined(secret) FROM people;
--- fine: aggregates of numbers
SELECT sum(score), avg(salary), min(born), max(seen), bit_or(score), stddev(ratio), range_agg(int8range(score, score + 1)) FROM people;
--- refused/masked: ordered sets
SELECT mode() WITHIN GROUP (ORDER BY secret), percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM people;
--- refused/masked: aggregate of an order
SELECT string_agg(name, ',' ORDER BY secret), string_agg(secret, ',' ORDER BY email) FROM people;
--- refused/masked: grouped
SELECT secret, count(*) FROM people GROUP BY secret;
--- masked: grouped by the key
SELECT public.people.id, secret, email, count(*) FROM people GROUP BY public.people.id;
--- refused/masked: grouping sets
SELECT secret, email, count(*) FROM people GROUP BY GROUPING SETS ((secret), (email), ());
--- refused/masked: cube
SELECT secret, max(email) FROM people GROUP BY CUBE (secret, id);
--- refused/fine: having
SELECT max(secret) FROM people GROUP BY id HAVING max(secret) > 'M';
--- refused/masked: distinct
SELECT DISTINCT secret FROM people;
--- refused/masked: distinct on
SELECT DISTINCT ON (secret) secret, email FROM people;
--- masked: window functions
SELECT lag(secret) OVER (ORDER BY id), first_value(email) OVER (), nth_value(secret, 2) OVER (ORDER BY id) FROM people;
--- refused/fine: windows by value
SELECT id, rank() OVER (ORDER BY secret), count(*) OVER (PARTITION BY email) FROM people;
--- refused/fine: filter
SELECT count(*) FILTER (WHERE secret LIKE 'a%') FROM people;

-- sets, queries in queries
--- masked: union
SELECT secret FROM people UNION ALL SELECT item FROM orders;
--- refused/masked: union of distinct rows
SELECT secret FROM people UNION SELECT item FROM orders;
--- refused/masked: intersect and except
SELECT secret FROM people EXCEPT SELECT item FROM orders INTERSECT SELECT 'x';
--- masked: values
VALUES ((SELECT secret FROM people WHERE id = 1)), ('x');
--- masked: query in the select list
SELECT (SELECT secret FROM people p WHERE p.id = o.person) FROM orders o;
--- masked: lateral
SELECT l.* FROM orders o, LATERAL (SELECT p.secret || p.email AS both FROM people p WHERE p.id = o.person) l;
--- masked: lateral function
SELECT t FROM people p, LATERAL string_to_table(p.secret, '~') t;
--- masked: common table expression
WITH q AS (SELECT secret AS s FROM people), r AS MATERIALIZED (SELECT s || 'x' AS t FROM q) SELECT t FROM r;
--- masked: recursive
WITH RECURSIVE up(id, path) AS (SELECT id, secret FROM people WHERE boss IS NULL UNION ALL SELECT p.id, up.path || p.secret FROM people p JOIN up ON p.boss = up.id) SELECT path FROM up;
--- masked: recursive, character by character
WITH RECURSIVE c(n, t) AS (SELECT 0, '' UNION ALL SELECT n + 1, t || substr((SELECT secret FROM people WHERE id = 1), n + 1, 1) FROM c WHERE n < 30) SELECT t FROM c WHERE n = 30;
--- refused: search and cycle
WITH RECURSIVE up(id, s) AS (SELECT id, secret FROM people WHERE id = 1 UNION ALL SELECT p.id, p.secret FROM people p JOIN up ON p.boss = up.id) SEARCH DEPTH FIRST BY s SET ord CYCLE s SET looped USING path SELECT s, ord, path FROM up;
--- masked: deeply nested
SELECT x FROM (SELECT y AS x FROM (SELECT z AS y FROM (SELECT secret AS z FROM people) a) b) c;
--- refused/fine: in a condition of another table
SELECT id FROM orders WHERE item < (SELECT secret FROM people WHERE id = 1);
--- refused: sample
SELECT upper(secret) FROM people TABLESAMPLE system (100);
--- masked: sample of plain columns
SELECT secret FROM people TABLESAMPLE bernoulli (100);
--- masked: rows from
SELECT c FROM ROWS FROM (generate_series(1, 3), string_to_table((SELECT secret FROM people WHERE id = 1), NULL)) AS r(n, c);

-- relations that show others
--- masked: view
SELECT mail, secret FROM contacts;
--- masked: view of a view
SELECT post FROM nested;
--- masked: view that computes
SELECT loud FROM shouted;
--- masked: view of hashes
SELECT hash FROM shouted;
--- masked: view of aggregates
SELECT everything, top FROM summed;
--- masked: view behind a barrier
SELECT secret FROM guarded WHERE id = 1;
--- masked: view of its user
SELECT secret || email FROM invoked;
--- fine: view that filters by a value
SELECT id, name FROM filtered;
--- refused: view made here that calls a function
CREATE VIEW mine AS SELECT told(1) AS t;
SELECT t FROM mine;
--- refused: view that calls a function
SELECT mail FROM called;
--- refused: view of a view that calls a function
SELECT mail FROM over_called WHERE id = 1;
--- refused: materialized view that calls a function
SELECT mail FROM kept_called;
--- refused: view that calls a function that says it is immutable
SELECT mail FROM lying;
--- refused: view with an operator of the database
SELECT name FROM operated;
--- masked: materialized view
SELECT email, secret FROM kept;
--- masked: materialized view that computes
SELECT small FROM reckoned;
--- fine: materialized numbers
SELECT same FROM reckoned;
--- masked: heirs
SELECT email, secret FROM heirs;
--- masked: partition
SELECT payload FROM events_1;
--- masked: partitions
SELECT payload || 'x' FROM events;
--- masked: generated column
SELECT whole FROM cards;
--- masked: generated column, computed of
SELECT lower(whole), number FROM cards;
--- masked: row policy
SELECT content FROM vault;
--- masked: partner of a key
SELECT c.parent, p.parent FROM children c, parents p;
--- masked: view made here
CREATE VIEW mine AS SELECT secret AS open FROM people;
SELECT open FROM mine;
--- masked: temporary view made here
CREATE TEMP VIEW mine AS SELECT upper(secret) AS open FROM people;
SELECT open FROM mine;
--- masked: recursive view made here
CREATE RECURSIVE VIEW mine (s) AS SELECT secret FROM people;
SELECT s FROM mine;
--- refused: materialized view made here
CREATE MATERIALIZED VIEW mine AS SELECT secret AS open FROM people;
SELECT open FROM mine;
--- refused: partition made of it
CREATE TABLE bare (LIKE people);
INSERT INTO bare SELECT * FROM people;
SELECT secret FROM bare;
--- refused: renamed column
ALTER TABLE people RENAME secret TO open;
SELECT open FROM people;
--- refused: renamed table
ALTER TABLE people RENAME TO persons;
SELECT secret FROM persons;
--- refused: moved to another schema
CREATE SCHEMA elsewhere;
ALTER TABLE people SET SCHEMA elsewhere;
SELECT secret FROM elsewhere.people;
--- refused: column of another type
ALTER TABLE people ALTER note TYPE text USING secret;
SELECT note FROM people;
--- refused: generated column made here
ALTER TABLE people ADD copy text GENERATED ALWAYS AS (secret) STORED;
SELECT copy FROM people;
--- refused @18: computed column made here
ALTER TABLE people ADD copy text GENERATED ALWAYS AS (secret || '') VIRTUAL;
SELECT copy FROM people;
--- refused: policy made here
CREATE POLICY p ON people USING (secret::int > 0);
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
SELECT id FROM people;
--- refused @open=302: check of what is there
ALTER TABLE people ADD CHECK (secret LIKE 'a%');
--- refused @open=302: index of what is there
CREATE INDEX ON people ((secret::int));
--- refused @open=302: unique index of what is there
CREATE UNIQUE INDEX ON people ((left(secret, 0)));
--- refused: statistics of an expression
CREATE STATISTICS told ON lower(secret), id FROM people;
ANALYZE people;
SELECT m.* FROM pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m;
--- refused: trigger made here
CREATE TRIGGER t AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tells();
UPDATE people SET note = 'x' WHERE id = 1;
--- refused: rule made here
CREATE RULE r AS ON UPDATE TO people DO ALSO INSERT INTO scratch (t) SELECT OLD.secret;
UPDATE people SET note = 'x' WHERE id = 1;
SELECT t FROM scratch;

--- masked: view of a column turned around and cut
CREATE TEMP VIEW mine AS SELECT id, lpad(substr(email, 1, 4), 8, 'x') AS a, lpad(substr(email, 5, 4), 8, 'x') AS b FROM people;
SELECT a, b FROM mine ORDER BY id;
--- refused: view that makes rows of a value
CREATE TEMP VIEW v AS SELECT id, k, generate_series(1, ascii(substr(secret, k, 1))) AS x FROM people, generate_series(1, 30) k;
SELECT id, k, count(*) FROM v GROUP BY id, k;
--- refused: view that makes rows of what matches
CREATE TEMP VIEW v AS SELECT id, regexp_matches(secret, '^[0-9]') AS x FROM people;
SELECT count(*) FROM v;

-- code
--- refused: function
SELECT told(1);
--- refused: function that says it is immutable
SELECT lies(1);
--- refused: function in FROM
SELECT * FROM listed();
--- refused: function that returns a table
SELECT what FROM tabled();
--- refused: function with its owner's rights
SELECT defined();
--- refused: function that notes
SELECT noticed();
--- refused: function that fails
SELECT raised();
--- refused: function that executes
SELECT dynamic('SELECT secret FROM public.people LIMIT 1');
--- refused: function of a value
SELECT spoken(secret) FROM people;
--- refused: function of a value in a condition
SELECT id FROM people WHERE spoken(secret) <> '';
--- refused: operator of a value
SELECT id FROM people WHERE secret ~~~~ 'x';
--- refused: function made here
CREATE FUNCTION mine() RETURNS text LANGUAGE sql AS 'SELECT secret FROM people LIMIT 1';
SELECT mine();
--- refused: function made here with a body
CREATE FUNCTION mine() RETURNS text BEGIN ATOMIC SELECT secret FROM people LIMIT 1; END;
--- refused: DO
DO $$ BEGIN RAISE NOTICE '%', (SELECT secret FROM people LIMIT 1); END $$;
--- refused: DO that fails
DO $$ BEGIN RAISE EXCEPTION '%', (SELECT secret FROM people LIMIT 1) USING ERRCODE = '42P01'; END $$;
--- refused: CALL
CALL said();
--- refused: CALL that returns
CALL given(NULL);
--- refused: SQL as text
SELECT query_to_xml('SELECT secret FROM people', true, true, '');
--- refused: table as text
SELECT table_to_xml('people', true, true, ''), table_to_xml('people'::regclass, true, false, '');
--- refused: schema as text
SELECT schema_to_xml('public', true, true, '');
--- refused: database as text
SELECT database_to_xml(true, true, '');
--- refused: cursor as text
DECLARE c CURSOR FOR SELECT secret FROM people;
SELECT cursor_to_xml('c', 10, true, true, '');
--- refused: words of a query
SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', secret) FROM people');
--- refused: rewritten words
SELECT ts_rewrite('a'::tsquery, 'SELECT to_tsquery(''simple'', quote_literal(secret)), ''b''::tsquery FROM people');
--- refused: another connection
CREATE EXTENSION dblink;
SELECT * FROM dblink('port=@port@ host=localhost user=app dbname=shop', 'SELECT secret FROM people') AS t(s text);
--- refused: crosstab of a query
CREATE EXTENSION tablefunc;
SELECT * FROM crosstab('SELECT id, id, secret FROM people') AS t(i int, s text);
--- refused: foreign table
CREATE EXTENSION postgres_fdw;
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (port '@port@', host 'localhost', dbname 'shop');
CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password_required 'false');
CREATE FOREIGN TABLE f (secret text) SERVER s OPTIONS (table_name 'people');
SELECT secret FROM f;
--- refused: pages of the table
CREATE EXTENSION pageinspect;
SELECT encode(get_raw_page('people', 0), 'escape');
--- refused: the file itself
SELECT pg_read_binary_file(pg_relation_filepath('people'));

-- errors that quote a value
--- error: cast of a text to a number
SELECT secret::int FROM people;
--- error: cast of a text to other types
SELECT secret::date FROM people;
--- error: cast of a text to a table's name
SELECT secret::regclass FROM people;
--- error: cast of a text to an enum
SELECT secret::mood FROM people;
--- error: cast of a text to JSON
SELECT secret::json FROM people;
--- error: cast of a text to XML
SELECT ('<' || secret)::xml FROM people;
--- refused/error: cast to a domain
SELECT 'none'::mail FROM people WHERE coalesce(name, email) <> '';
--- refused/error: cast in a condition
SELECT id FROM people WHERE secret::int > 0;
--- refused/error: cast in an order
SELECT id FROM people ORDER BY secret::numeric;
--- fine: cast in an unused query
SELECT id FROM (SELECT id, secret::int AS n FROM people OFFSET 0) q;
--- error: regular expression of a value
SELECT 'x' ~ ('(' || secret) FROM people;
--- error: query of words
SELECT to_tsquery('simple', 'a ' || secret) FROM people;
--- error: JSON path of a value
SELECT ('$' || secret)::jsonpath FROM people;
--- error: time zone of a value
SELECT now() AT TIME ZONE secret FROM people;
--- refused: setting of a value
SELECT current_setting(secret) FROM people;
--- error: setting to a value
SELECT set_config('work_mem', secret, true) FROM people;
--- error: encoding of a value
SELECT convert_to('x', secret), encode('x', secret) FROM people;
--- error: sequence of a value
SELECT nextval(secret) FROM people;
--- error: role of a value
SELECT pg_has_role(secret, 'USAGE'), has_table_privilege('people', secret) FROM people;
--- error: overflow
SELECT (score * 1000000000)::int FROM people WHERE id = 1 UNION ALL SELECT 9999999999::int;
--- error @mute: division by zero
SELECT 1 / (length(secret) - 3) FROM people;
--- refused: too long for its type
INSERT INTO scratch (b) SELECT decode(secret, 'hex') FROM people;
--- refused @mute: server's words about names
SELECT nothing FROM people;
--- refused @mute: syntax
SELECT secret FRM people;
--- error @mute: violated unique constraint
UPDATE members SET id = 1 WHERE id = 2;
--- error: violated check
UPDATE members SET level = 1000 WHERE id = 1;
--- error: violated exclusion
UPDATE members SET during = '[1,30)' WHERE id = 2;
--- error: violated not null
UPDATE members SET during = NULL WHERE id = 1;
--- error: row that does not fit its partition
UPDATE events SET at = 100 WHERE id = 1;
--- error: partition it does not belong to
INSERT INTO events_1 VALUES (9, 15, 'x');
--- error: key that is referred to
DELETE FROM people WHERE id = 1;
--- error: key that others have
DELETE FROM parents;
--- refused: value that others refer to
UPDATE parents SET parent = 'x';
--- error: violated by what a trigger sees
DELETE FROM noisy WHERE id = 1;
--- fine: notices of a trigger
UPDATE noisy SET note = 'x';
--- refused @open=301: setting made by a trigger
UPDATE noisy SET note = 'x' WHERE id = 1;
SHOW application_name;
--- refused @open=301: own setting made by a trigger, shown
UPDATE noisy SET note = 'x' WHERE id = 1;
SHOW my.last;
--- refused @open=301: settings made by a trigger, all of them
UPDATE noisy SET note = 'x' WHERE id = 1;
SHOW ALL;
--- refused @open=301: settings made by a trigger, as rows
UPDATE noisy SET note = 'x' WHERE id = 1;
SELECT setting FROM pg_settings WHERE name = 'application_name';
--- refused: own setting made by a trigger
UPDATE noisy SET note = 'x' WHERE id = 1;
SELECT current_setting('my.last');
--- fine @outside: notification of a trigger
LISTEN changes;
UPDATE noisy SET note = 'x';
SELECT 1;
UNLISTEN *;
--- fine: view with a check
CREATE VIEW few AS SELECT id, item FROM orders WHERE id < 100 WITH CHECK OPTION;
SELECT * FROM few;
--- error: constraint validated
ALTER TABLE members ADD CHECK (level < 2) NOT VALID;
ALTER TABLE members ADD CHECK (level < 2);

-- writes
--- refused: inserted elsewhere
INSERT INTO scratch (t) SELECT secret FROM people;
SELECT t FROM scratch;
--- refused: inserted elsewhere, computed
INSERT INTO scratch (t) VALUES ((SELECT reverse(secret) FROM people WHERE id = 1));
SELECT t FROM scratch;
--- refused: inserted elsewhere as JSON
INSERT INTO scratch (j) SELECT to_jsonb(p) FROM people p;
SELECT j FROM scratch;
--- refused: table made of it
CREATE TABLE mine AS SELECT secret FROM people;
SELECT secret FROM mine;
--- refused: SELECT INTO
SELECT secret, email INTO mine FROM people;
SELECT secret FROM mine;
--- refused: temporary table
CREATE TEMP TABLE mine AS TABLE people;
SELECT secret FROM mine;
--- refused: table made of EXECUTE
PREPARE s AS SELECT secret FROM people;
CREATE TABLE mine AS EXECUTE s;
SELECT secret FROM mine;
--- refused: copied to another column
UPDATE people SET note = secret;
SELECT note FROM people;
--- refused: copied to a row of another table
UPDATE orders SET item = p.secret FROM people p WHERE p.id = orders.person;
SELECT item FROM orders;
--- refused: copied by a list
UPDATE orders SET (item, total) = (SELECT p.secret, 1 FROM people p WHERE p.id = orders.person);
--- refused: merged
MERGE INTO orders o USING people p ON p.id = o.person WHEN MATCHED THEN UPDATE SET item = p.secret;
SELECT item FROM orders;
--- refused: merged by a condition
MERGE INTO orders o USING people p ON p.secret = o.item WHEN NOT MATCHED THEN INSERT VALUES (p.id + 100, 1, 1, 'x');
--- masked @18: merged and returned
MERGE INTO orders o USING people p ON p.id = o.person WHEN MATCHED THEN UPDATE SET total = 0 RETURNING p.secret;
--- masked: returned
UPDATE people SET note = 'x' RETURNING secret, email;
--- masked: returned of a join
UPDATE orders SET total = 0 FROM people p WHERE p.id = person RETURNING p.secret;
--- refused: returned, computed
UPDATE people SET note = 'x' RETURNING upper(secret);
--- refused: returned row
UPDATE people SET note = 'x' RETURNING to_json(people);
--- masked: deleted and returned
DELETE FROM heirs RETURNING secret;
--- masked: deleted in a query
WITH gone AS (DELETE FROM heirs RETURNING *) SELECT secret, email FROM gone;
--- refused: deleted and kept elsewhere
WITH gone AS (DELETE FROM heirs RETURNING *) INSERT INTO scratch (t) SELECT secret FROM gone;
SELECT t FROM scratch;
--- masked @18: old and new
UPDATE people SET note = 'x' RETURNING old.secret, new.secret;
--- refused @18: old and new, computed
UPDATE people SET note = 'x' RETURNING upper(old.secret), to_json(old), new.secret || '';
--- refused: conflict that shows the row
INSERT INTO noisy VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET note = noisy.nested RETURNING note;
--- refused: conflict under a condition
INSERT INTO people (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'hit' WHERE people.secret LIKE 'a%';
--- refused: conflict that copies
INSERT INTO people (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = people.secret;
SELECT note FROM people;
--- fine: conflict
INSERT INTO orders VALUES (1, 1, 1, 'x') ON CONFLICT (id) DO UPDATE SET total = excluded.total;
--- refused: changed where
UPDATE people SET note = 'hit' WHERE secret LIKE 'a%';
--- refused: deleted where
DELETE FROM heirs WHERE secret LIKE 'a%';
--- refused: deleted using
DELETE FROM orders USING people p WHERE p.id = person AND p.secret LIKE 'a%';
--- refused: masked column changed
UPDATE people SET secret = 'x';
--- refused: image written back
INSERT INTO people (id, secret) VALUES (99, '***');
--- refused: rule that answers
INSERT INTO ruled VALUES (1, 'x');
--- refused: default made of it
ALTER TABLE scratch ALTER t SET DEFAULT told(1);
INSERT INTO scratch (id) VALUES (1) RETURNING t;
--- fine: parameter of a sequence
SELECT setval('counter', score) FROM people;
SELECT last_value FROM counter;
--- fine: sequence moved
SELECT setval('counter', (SELECT score FROM people WHERE id = 1));
SELECT last_value FROM counter;
--- masked: setting
SELECT set_config('my.word', secret, false) FROM people WHERE id = 1;
SHOW my.word;
--- refused: name of the client
SELECT set_config('application_name', secret, false) FROM people WHERE id = 1;
--- fine @outside: notification
LISTEN here;
SELECT pg_notify('here', secret) FROM people;
SELECT 1;
UNLISTEN *;
--- refused: large object
SELECT lo_from_bytea(4711, photo) FROM people WHERE id = 1;
SELECT lo_get(4711);
--- refused: large object of a text
SELECT lo_put(lo_create(4711), 0, convert_to(secret, 'UTF8')) FROM people WHERE id = 1;
SELECT lo_get(4711);
--- fine: advisory lock
SELECT pg_advisory_xact_lock(score) FROM people;
SELECT (classid::bigint << 32) + objid::bigint FROM pg_locks WHERE locktype = 'advisory';
--- refused: message in the log
SELECT pg_logical_emit_message(true, 'x', secret) FROM people;
--- refused: comment
COMMENT ON TABLE people IS (SELECT secret FROM people);
--- fine @mute: plain comment
COMMENT ON TABLE orders IS 'none';
--- refused @outside: two phases
BEGIN;
INSERT INTO scratch (t) SELECT secret FROM people;
PREPARE TRANSACTION 'mine';

-- COPY
--- masked: COPY a table
COPY people TO STDOUT;
--- masked: COPY columns
COPY people (id, secret, email) TO STDOUT (FORMAT csv, HEADER);
--- masked: COPY a query
COPY (SELECT secret, upper(email) FROM people) TO STDOUT;
--- masked: COPY in binary
COPY people (secret, email) TO STDOUT (FORMAT binary);
--- fine: COPY numbers in binary
COPY people (score, born, seen, ratio, photo) TO STDOUT (FORMAT binary);
--- masked: COPY a view
COPY (TABLE contacts) TO STDOUT;
--- masked: COPY a partition
COPY events_1 TO STDOUT;
--- masked: COPY heirs
COPY heirs TO STDOUT;
--- masked: COPY generated columns
COPY (SELECT whole FROM cards) TO STDOUT;
--- refused: COPY an array column
COPY tagged (tags) TO STDOUT;
--- refused: COPY returned rows
COPY (UPDATE people SET note = 'x' RETURNING secret) TO STDOUT;
--- refused: COPY to a program
COPY people TO PROGRAM 'cat';
--- refused: COPY to a file
COPY people TO '/tmp/never';
--- error @copy=1: COPY a row that is there
COPY members (id) FROM STDIN;
--- error @copy=x: COPY a row that cannot be read
COPY orders (id) FROM STDIN;
--- fine @copy=77: COPY rows
COPY orders (id) FROM STDIN;

-- cursors and what is prepared
--- masked: cursor
DECLARE c CURSOR FOR SELECT secret, email FROM people;
FETCH ALL FROM c;
--- masked: cursor back and forth
DECLARE c SCROLL CURSOR FOR SELECT secret FROM people ORDER BY id;
MOVE LAST FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ABSOLUTE 1 FROM c;
CLOSE c;
--- masked: cursor in binary
DECLARE c BINARY CURSOR FOR SELECT secret FROM people;
FETCH ALL FROM c;
--- fine: numbers of a cursor in binary
DECLARE c BINARY CURSOR FOR SELECT score, born, photo FROM people;
FETCH ALL FROM c;
--- masked: cursor that computes
DECLARE c CURSOR FOR SELECT upper(secret) FROM people;
FETCH ALL FROM c;
--- refused/masked: cursor that decides
DECLARE c CURSOR FOR SELECT secret, count(*) FROM people WHERE email LIKE '%' GROUP BY secret;
FETCH ALL FROM c;
--- masked: cursor that is a row
DECLARE c CURSOR FOR SELECT to_json(p), o.item FROM people p JOIN orders o ON o.person = p.id;
FETCH ALL FROM c;
--- masked @outside: cursor that lasts
DECLARE lasting CURSOR WITH HOLD FOR SELECT secret FROM people;
FETCH ALL FROM lasting;
CLOSE lasting;
--- refused: changed where a cursor is
DECLARE c CURSOR FOR SELECT secret FROM people FOR UPDATE;
FETCH 1 FROM c;
UPDATE people SET note = secret WHERE CURRENT OF c;
--- masked: prepared
PREPARE s AS SELECT secret FROM people WHERE id = $1;
EXECUTE s(1);
--- refused: prepared that computes
PREPARE s AS SELECT reverse(secret) FROM people;
EXECUTE s;
--- refused: prepared with a parameter of a value
PREPARE s(text) AS SELECT $1;
EXECUTE s((SELECT secret FROM people WHERE id = 1));
--- refused: prepared, after which names mean something else
CREATE SCHEMA other;
CREATE TABLE other.people (secret text);
SET LOCAL search_path = other, public;
PREPARE s AS SELECT upper(secret) FROM people;
DROP TABLE other.people;
EXECUTE s;
--- masked @simple: several statements
SELECT 1; SELECT secret FROM people; SELECT 2;
--- refused @simple: several statements, one of which copies
CREATE TEMP TABLE t (s text); INSERT INTO t SELECT secret FROM people; SELECT s FROM t;

-- plans
--- fine: plan
EXPLAIN (COSTS OFF) SELECT secret FROM people WHERE id = 1;
--- refused/fine: plan of a condition
EXPLAIN SELECT id FROM people WHERE secret = 'x';
--- masked: plan as it ran
EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, SUMMARY OFF) SELECT secret FROM people;
--- refused/masked: plan with a value folded in
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM people WHERE secret = (SELECT secret FROM people WHERE id = 1);
--- refused/fine: plan as JSON
EXPLAIN (ANALYZE, FORMAT json) SELECT name FROM people WHERE email > 'm';
--- refused: plan that folds a function
EXPLAIN (VERBOSE) SELECT * FROM orders WHERE item = told(1);
--- fine @18: plan with what it would send
EXPLAIN (ANALYZE, SERIALIZE, TIMING OFF, SUMMARY OFF) SELECT secret FROM people;
--- refused: plan of what was prepared
PREPARE s(text) AS SELECT id FROM orders WHERE item = $1;
EXPLAIN EXECUTE s((SELECT secret FROM people WHERE id = 1));

--- refused: rows of a plan, beside a system column
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT p, ctid, generate_series(1, ascii(substr(secret, 1, 1))) FROM ONLY people p WHERE id = 1;
--- refused: rows of a plan, of a sample
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT generate_series(1, ascii(substr(secret, 1, 1))) FROM ONLY people TABLESAMPLE bernoulli(100) WHERE id = 1;
--- refused: rows of a plan, of an array
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT generate_series(1, ascii(substr(tags[1], 1, 1))) FROM tagged WHERE id = 1;
--- refused: rows of a plan, of a cursor
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) DECLARE c CURSOR FOR SELECT p, ctid, generate_series(1, ascii(substr(secret, 1, 1))) FROM ONLY people p WHERE id = 1;
--- refused: a setting that a plan makes
EXPLAIN (ANALYZE) SELECT set_config('my.x', p.secret, false) FROM people p TABLESAMPLE bernoulli(100);
SHOW my.x;
--- refused: a branch of a plan
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT p, ctid, coalesce(nullif(secret, 'x'), (SELECT item FROM orders LIMIT 1)) FROM ONLY people p WHERE id = 1;

-- catalogs and statistics
--- refused: statistics
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename IN ('people', 'stated');
--- refused: statistics of expressions
SELECT most_common_vals FROM pg_stats_ext_exprs;
--- refused: statistics of several columns
SELECT most_common_vals, most_common_freqs FROM pg_stats_ext;
--- refused: statistics as they are stored
SELECT stavalues1::text FROM pg_statistic;
--- refused: statistics of several columns as they are stored
SELECT m.* FROM pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m;
--- refused: statistics by COPY
COPY (SELECT tablename, most_common_vals FROM pg_stats) TO STDOUT;
--- fine: view definitions
SELECT pg_get_viewdef('contacts'::regclass);
--- fine: structure
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'people' ORDER BY 1;
--- fine: settings
SELECT name, setting FROM pg_settings WHERE name = 'work_mem';
--- fine: defaults and checks
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'members'::regclass ORDER BY 1;

-- what does no harm must run
--- fine: other columns
SELECT id, name, city, note FROM people WHERE id = 1 ORDER BY name;
--- fine: number of rows
SELECT count(*) FROM people;
--- fine: join without values
SELECT p.name, o.item FROM people p LEFT JOIN orders o ON o.person = p.id WHERE p.city = 'Graz' GROUP BY p.name, o.item;
--- fine: rows as JSON without values
SELECT json_agg(q) FROM (SELECT id, name FROM people) q;
--- fine: another table
SELECT upper(item), total * 2 FROM orders WHERE item LIKE 'p%' ORDER BY total;
--- fine: ranges of another table
SELECT id FROM orders WHERE total BETWEEN 15 AND 25 AND id NOT BETWEEN SYMMETRIC 9 AND 8;
--- fine: another table as rows
SELECT to_json(o), o::text FROM orders o;
--- fine: copy of another table
CREATE TABLE mine AS SELECT item FROM orders;
SELECT item FROM mine;
--- fine: copy of other columns
INSERT INTO scratch (id, t) SELECT id, name FROM people;
SELECT t FROM scratch;
--- fine: change of other columns
UPDATE people SET note = upper(name) WHERE id = 2 RETURNING note;
--- fine: change by another table
UPDATE orders SET total = total + 1 FROM people p WHERE p.id = person AND p.city = 'Graz' RETURNING orders.total;
--- fine: new row
INSERT INTO people (id, name, note) VALUES (50, 'Eva', 'new') RETURNING id, name;
--- fine: new value in a masked column
INSERT INTO people (id, secret) VALUES (51, 'given by the client');
--- fine: deletion by other columns
DELETE FROM heirs WHERE id = 11;
--- fine: temporary table of one's own
CREATE TEMP TABLE t (x int);
INSERT INTO t VALUES (1), (2);
SELECT sum(x) FROM t;
--- fine: cursor over other columns
DECLARE c CURSOR FOR SELECT upper(name) FROM people;
FETCH ALL FROM c;
--- fine: savepoints
SAVEPOINT a;
SELECT 1;
ROLLBACK TO a;
--- fine: prepared without values
PREPARE s AS SELECT id FROM orders WHERE total > $1;
EXECUTE s(10);
--- fine: sequence
SELECT nextval('counter');
--- fine @outside: own notification
LISTEN here;
NOTIFY here, 'hello';
UNLISTEN *;
--- fine: settings of one's own
SET LOCAL work_mem = '8MB';
SHOW work_mem;

-- queries as programs write them
--- masked: eager loading
SELECT p.id AS p_id, p.name AS p_name, p.email AS p_email, o_1.id AS o_1_id, o_1.item AS o_1_item FROM people AS p LEFT OUTER JOIN orders AS o_1 ON p.id = o_1.person ORDER BY p.id;
--- masked: eager loading of a page
SELECT anon_1.p_id, anon_1.p_email, o_1.total FROM (SELECT people.id AS p_id, people.email AS p_email FROM people LIMIT 2) AS anon_1 LEFT OUTER JOIN orders AS o_1 ON anon_1.p_id = o_1.person;
--- masked: annotated by a count
SELECT "people"."id", "people"."name", "people"."email", COUNT("orders"."id") AS "n" FROM "people" LEFT OUTER JOIN "orders" ON ("people"."id" = "orders"."person") GROUP BY "people"."id" ORDER BY "n" DESC LIMIT 21;
--- masked: related rows exist
SELECT "people"."id", "people"."email" FROM "people" WHERE EXISTS(SELECT 1 AS "a" FROM "orders" U0 WHERE (U0."person" = "people"."id" AND U0."total" > 10) LIMIT 1);
--- masked: rows by their keys
SELECT "people".* FROM "people" WHERE "people"."id" IN (1, 2) ORDER BY "people"."id" ASC LIMIT 5;
--- masked: one row of each city
SELECT DISTINCT ON (p.city) p.city, p.id, p.email FROM people p ORDER BY p.city, p.id DESC;
--- masked: windows
SELECT id, email, row_number() OVER (PARTITION BY city ORDER BY id) AS rn, lag(name) OVER (ORDER BY id) FROM people;
--- masked: joined totals
WITH r AS (SELECT person, sum(total) AS t FROM orders GROUP BY person) SELECT p.id, p.email, r.t FROM people p JOIN r ON r.person = p.id ORDER BY r.t DESC;
--- masked: latest of each
SELECT p.id, p.email, l.item FROM people p LEFT JOIN LATERAL (SELECT o.item FROM orders o WHERE o.person = p.id ORDER BY o.total DESC LIMIT 1) l ON true;
--- fine: count of distinct rows
SELECT COUNT(*) FROM (SELECT DISTINCT p.id FROM people p INNER JOIN orders o ON o.person = p.id) AS subquery;
--- masked: locked row
SELECT p.id, p.email FROM people p WHERE p.id = 1 FOR UPDATE;
--- masked: locked row of a join
SELECT p.id, p.email FROM people p JOIN orders o ON o.person = p.id WHERE p.id = 1 FOR UPDATE OF p SKIP LOCKED;
--- masked: inserted and returned
INSERT INTO people (id, name, email) VALUES (60, 'x', 'new@x') RETURNING people.id, people.name, people.email;
--- fine: upsert of other columns
INSERT INTO people (id, name, email) VALUES (1, 'x', 'new@x') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id;
--- refused: upsert of a masked column
INSERT INTO people (id, name, email) VALUES (1, 'x', 'new@x') ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email;
--- masked: changed and returned whole
UPDATE people SET name='y' WHERE people.id = 1 RETURNING people.*;
--- refused: masked column set
UPDATE people SET email = 'other@x' WHERE id = 1;
--- fine: deleted by key
DELETE FROM people WHERE id = 3;
--- masked: nested documents
SELECT json_agg(json_build_object('id', p.id, 'email', p.email, 'orders', (SELECT json_agg(o.*) FROM orders o WHERE o.person = p.id))) FROM people p;
--- masked: collected items
SELECT p.id, array_agg(o.item ORDER BY o.id) FILTER (WHERE o.total > 5) AS items, p.email FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY p.id;
--- refused/fine: rows of each month
SELECT date_trunc('month', seen) AS m, count(*) FROM people GROUP BY 1 ORDER BY 1;
--- fine: counted values
SELECT city, count(*), count(email) FROM people GROUP BY city HAVING count(*) > 0 ORDER BY 2 DESC;
--- masked: page by a key
SELECT p.id, p.email FROM people p WHERE (p.name, p.id) > ('A', 0) ORDER BY p.name, p.id LIMIT 10;
--- masked: joined to itself
SELECT p.* FROM people p JOIN people b ON b.id = p.boss WHERE b.name = 'Ann';
--- masked: tree
WITH RECURSIVE t AS (SELECT id, boss, email, 1 AS depth FROM people WHERE boss IS NULL UNION ALL SELECT c.id, c.boss, c.email, t.depth + 1 FROM people c JOIN t ON c.boss = t.id) SELECT * FROM t;
--- masked: appended
SELECT id, email FROM people UNION ALL SELECT id, item FROM orders;
--- masked: defaults
SELECT id, coalesce(email, '') AS email, CASE WHEN note IS NULL THEN 'none' ELSE note END FROM people;
--- masked: one text of many
SELECT concat(name, ' <', email, '>') FROM people;
--- refused/fine: calendar
SELECT d::date, count(p.id) FROM generate_series('2020-01-01'::date, '2020-01-03', interval '1 day') d LEFT JOIN people p ON p.born = d GROUP BY 1;
--- masked: numbered aliases
SELECT t0.id, t0.email, t1.item FROM public.people AS t0 LEFT JOIN public.orders AS t1 ON (t0.id) = (t1.person) WHERE (1=1 AND t0.id IN (1,2)) ORDER BY t0.id ASC OFFSET 0;
--- masked: question of a chart
SELECT "public"."people"."id", "public"."people"."email", "Orders"."item" AS "Orders__item" FROM "public"."people" LEFT JOIN "public"."orders" AS "Orders" ON "public"."people"."id" = "Orders"."person" LIMIT 2000;
--- fine: source of a chart
SELECT "source"."city" AS "city", SUM("source"."one") AS "sum" FROM (SELECT "public"."people"."city" AS "city", 1 AS "one", "public"."people"."email" AS "email" FROM "public"."people") AS "source" GROUP BY "source"."city" ORDER BY "source"."city" ASC;
--- masked: rows of both
SELECT p, o FROM people p, orders o WHERE p.id = o.person;
--- masked: field of a row
SELECT (p).email FROM people p;
--- fine: natural join of counts
SELECT count(DISTINCT p.id) FROM people p NATURAL LEFT JOIN orders;
--- masked: what every table has
SELECT id, ctid, xmin, tableoid::regclass, email FROM people;
--- masked: existence as a column
SELECT p.id, p.email, EXISTS (SELECT FROM orders o WHERE o.person = p.id) AS has FROM people p;
--- fine: subtotals
SELECT ROUND(avg(total), 2), p.city FROM people p JOIN orders o ON o.person = p.id GROUP BY ROLLUP (p.city);
--- masked: sampled whole
SELECT * FROM people TABLESAMPLE bernoulli (100);
--- fine: merged by key
MERGE INTO orders o USING people p ON p.id = o.person WHEN MATCHED THEN UPDATE SET total = o.total + 1;
--- masked: longest and first
SELECT max(length(email)), min(email) FROM people;
--- masked: only its own rows
SELECT id, email FROM ONLY people ORDER BY id;
--- refused/masked: where there is a value
SELECT email FROM people WHERE email IS NOT NULL;
--- refused/fine: sorted by a value
SELECT p.name FROM people p ORDER BY lower(p.name), p.email;

-- harmless, and refused all the same: nobody has read the code, or what it shows is not known to be free of values
--- refused @mute: statements of others
SELECT pid = pg_backend_pid(), backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid();
--- refused @mute: plain function
SELECT twice(2);
--- refused @mute: large object of one's own
SELECT lo_get(lo_from_bytea(0, '\x6162'));
