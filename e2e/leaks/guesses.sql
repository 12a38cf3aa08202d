-- What a client may send to learn about values that it does not see: the first database holds what it guesses, the second
-- has other values, and whatever it is told must be the same of both. `@name0@` is a value of the first. Headings are those
-- of shapes.sql; `remains=WORD` names what docs/threats.md says stays possible.

-- conditions
--- refused/fine: equal
SELECT id FROM people WHERE secret = '@secret0@';
--- refused/fine: equal, of what is shown in part
SELECT id FROM people WHERE email = '@email0@';
--- refused/fine: prefix
SELECT id FROM people WHERE secret LIKE left('@secret0@', 1) || '%';
--- refused/fine: suffix and middle
SELECT id FROM people WHERE secret LIKE '%' || substr('@secret0@', 8, 4) || '%' OR email ILIKE ('%' || substr('@email0@', 8, 4) || '%');
--- refused/fine: regular expression
SELECT id FROM people WHERE secret ~ ('^' || left('@secret0@', 2)) OR secret SIMILAR TO '[a-m]%';
--- refused/fine: greater and less
SELECT id FROM people WHERE secret < '@secret0@' OR score >= @score0@;
--- refused/fine: between
SELECT id FROM people WHERE born BETWEEN '@born0@' AND date '@born0@' + 1;
--- refused/fine: in a list
SELECT id FROM people WHERE secret IN ('@secret0@', '@secret1@') OR score = ANY (ARRAY[@score0@, @score1@]);
--- refused/fine: not equal
SELECT id FROM people WHERE secret <> '@secret0@' AND email IS DISTINCT FROM '@email0@';
--- refused/fine: whether there is a value
SELECT id FROM people WHERE doc IS NULL;
--- refused/masked: whether there is a value, in the select list
SELECT id, doc IS NULL, coalesce(doc, 'none'), num_nonnulls(doc, secret), count(doc) OVER () FROM people WHERE doc IS NOT NULL;
--- fine/fine: whether there is a value, computed
SELECT id, doc IS NULL, doc IS NOT DISTINCT FROM NULL, num_nulls(doc) FROM people;
--- refused/fine: length
SELECT id FROM people WHERE length(secret) > 24;
--- fine: length, in the select list
SELECT length(secret), octet_length(secret), bit_length(secret) FROM people;
--- refused: size as it is stored
SELECT pg_column_size(secret), pg_column_size(p) FROM people p;
--- refused/fine: hash
SELECT id FROM people WHERE md5(secret) = md5('@secret0@') OR hashtext(email) % 2 = 0;
--- refused/fine: member of a document
SELECT id FROM people WHERE profile @> '{"pin": "@profile0@"}' OR profile ->> 'pin' = '@profile0@' OR profile @? '$.pin';
--- refused: element of an array
SELECT id FROM tagged WHERE tags @> ARRAY['@tags0@'] OR '@tags1@' = ANY (tags);
--- refused: number of elements
SELECT id FROM tagged WHERE cardinality(tags) = 2;
--- refused/fine: field of a composite
SELECT id FROM people WHERE (home).street = '@home0@';
--- refused/fine: member of a network
SELECT id FROM people WHERE host <<= '2001::/20' OR host = '@host0@';
--- refused/fine: search words
SELECT id FROM people WHERE to_tsvector('simple', secret) @@ plainto_tsquery('simple', '@secret0@');
--- refused/fine: whole row
SELECT id FROM people p WHERE p::text LIKE '%@secret0@%';
--- refused/fine: exists
SELECT item FROM orders o WHERE EXISTS (SELECT FROM people p WHERE p.id = o.person AND p.secret > 'M');
--- refused/fine: not in
SELECT item FROM orders WHERE '@secret0@' NOT IN (SELECT secret FROM people);
--- refused/fine: scalar query
SELECT 1 WHERE (SELECT secret FROM people WHERE id = 1) > 'M';
--- refused/fine: joined with a list of guesses
SELECT v.guess FROM (VALUES ('@secret0@'), ('@secret1@')) v(guess) JOIN people p ON p.secret = v.guess;
--- refused/fine: joined with itself
SELECT a.id, b.id FROM people a JOIN people b ON a.secret < b.secret;
--- refused/fine: joined by name
SELECT id FROM people JOIN (SELECT '@secret0@' AS secret) g USING (secret);
--- refused/fine: lateral condition
SELECT o.id, l.n FROM orders o, LATERAL (SELECT count(*) AS n FROM people p WHERE p.id = o.person AND p.secret ~ '[a-m]') l;
--- refused/fine: in a view
SELECT count(*) FROM contacts WHERE secret = '@secret0@';
--- refused/fine: in a view's computed column
SELECT id FROM shouted WHERE hash = md5('@secret0@') OR loud = upper('@email0@');
--- refused/fine: materialized
SELECT id FROM kept WHERE secret = '@secret0@';
--- refused/fine: of one partition
SELECT id FROM events_1 WHERE payload = '@payload0@';
--- refused/fine: of an heir
SELECT id FROM heirs WHERE secret = '@secret3@';

-- what is computed
--- refused/fine: CASE
SELECT id, CASE WHEN secret = '@secret0@' THEN 'yes' ELSE 'no' END FROM people;
--- fine: compared in the select list
SELECT id, secret = '@secret0@', score = @score0@, born > '@born0@', email LIKE left('@email0@', 1) || '%' FROM people;
--- refused/fine: division by zero under a condition
SELECT 1 / (CASE WHEN secret = '@secret0@' THEN 0 ELSE 1 END) FROM people WHERE id = 1;
--- error: division by a length
SELECT 1 / (length(secret) - 3) FROM people WHERE id = 1;
--- fine: division by a difference
SELECT 1 / (score - @score0@) FROM people WHERE id = 1;
--- error: cast error
SELECT (secret || '')::int FROM people;
--- refused/fine: cast error under a condition
SELECT CASE WHEN secret = '@secret0@' THEN 'x'::text::int ELSE 1 END FROM people;
--- fine: overflow
SELECT score * 9, score::int FROM people;
--- refused/fine: counted under a condition
SELECT count(*) FILTER (WHERE secret = '@secret0@'), count(nullif(secret, '@secret0@')) FROM people;
--- fine: counted
SELECT count(secret), count(doc), count(DISTINCT 1), bool_or(secret = '@secret0@'), sum((score = @score0@)::int) FROM people;
--- fine: distinct values
SELECT count(DISTINCT secret), count(DISTINCT score) FROM people;
--- masked: least and greatest
SELECT min(secret), max(secret), min(score), max(born), sum(score) FROM people;
--- refused/fine: ordered
SELECT id FROM people ORDER BY secret, score, id;
--- refused/fine: first by order
SELECT id FROM people ORDER BY secret, id LIMIT 1 OFFSET 1;
--- refused/fine: ordered by what is computed
SELECT id FROM people ORDER BY length(secret), (secret > 'M'), id;
--- refused/masked: ordered by number of the column
SELECT secret, id FROM people ORDER BY 1, 2;
--- refused/masked: ordered by a name that it is given
SELECT secret AS s, id FROM people ORDER BY s DESC, id;
--- refused/fine: ordered in an aggregate
SELECT array_agg(id ORDER BY secret, id), (array_agg(id ORDER BY score, id))[1] FROM people;
--- refused/fine: rank within
SELECT rank('@secret0@') WITHIN GROUP (ORDER BY secret), percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio) FROM people;
--- refused/fine: row numbers
SELECT id, row_number() OVER (ORDER BY secret, id), ntile(2) OVER (ORDER BY score, id) FROM people ORDER BY id;
--- refused/fine: windows by value
SELECT id, count(*) OVER (PARTITION BY secret) FROM people ORDER BY id;
--- refused/fine: windows of a range
SELECT id, count(*) OVER (ORDER BY score RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) FROM people ORDER BY id;
--- refused/masked: groups
SELECT secret, count(*) FROM people GROUP BY secret ORDER BY 2;
--- refused/fine: groups of what is computed
SELECT length(secret), count(*) FROM people GROUP BY length(secret) ORDER BY 1;
--- refused/fine: groups under a condition
SELECT count(*) FROM people GROUP BY id HAVING max(secret) = '@secret0@';
--- refused/masked: distinct
SELECT DISTINCT secret FROM people;
--- refused/fine: union of a guess
SELECT count(*) FROM (SELECT secret FROM people UNION SELECT '@secret0@') q;
--- refused/fine: intersection with a guess
SELECT 'hit' FROM (SELECT secret FROM people INTERSECT SELECT '@secret0@') q;
--- fine: number of characters as rows
SELECT count(*) FROM people, string_to_table(secret, NULL);
--- fine: number of rows by value
SELECT count(*) FROM people, generate_series(1, length(secret));
--- refused/fine: limit by value
SELECT id FROM orders ORDER BY id LIMIT (SELECT length(secret) % 3 FROM people WHERE id = 1);
--- refused/fine: recursion until found
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t, people p WHERE p.id = 1 AND n < length(p.secret)) SELECT count(*) FROM t;
--- refused: sample under a condition
SELECT id FROM people TABLESAMPLE system (100) WHERE secret = '@secret0@';

-- plans and statistics
--- refused/fine: rows that a plan expects
EXPLAIN SELECT id FROM people WHERE secret = '@secret0@';
--- refused/fine: rows that a plan expects, of many
EXPLAIN SELECT id FROM stated WHERE stated = '@stated0@';
--- refused/fine: rows that a plan had
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM people WHERE secret = '@secret0@';
--- refused/fine: groups that a plan expects
EXPLAIN SELECT DISTINCT stated FROM stated;
--- masked: plan of a column
EXPLAIN (VERBOSE) SELECT secret FROM people;
--- fine: width of a row
EXPLAIN SELECT id FROM people;
--- refused: what statistics say
SELECT null_frac, avg_width, n_distinct, correlation FROM pg_stats WHERE tablename = 'people';
--- refused: statistics as they are stored
SELECT stawidth, stadistinct FROM pg_statistic;
--- fine: what the server counts of a table
SELECT relpages, reltuples, pg_relation_size(oid) FROM pg_class WHERE relname IN ('people', 'people_pkey') ORDER BY 1, 2;

-- changes
--- refused: changed where
UPDATE people SET note = note WHERE secret = '@secret0@';
--- refused/fine: changed where, of a joined table
UPDATE orders SET total = total FROM people p WHERE p.id = person AND p.doc IS NULL AND p.id IN (SELECT id FROM people WHERE email = '@email0@') RETURNING CASE WHEN p.secret = '@secret0@' THEN 1 END;
--- refused/fine: another table changed where
UPDATE orders SET total = total FROM people p WHERE p.id = person AND p.secret = '@secret0@';
--- refused: deleted where
DELETE FROM heirs WHERE secret = '@secret3@';
--- refused/fine: deleted using
DELETE FROM orders USING people p WHERE p.id = person AND p.secret = '@secret0@';
--- refused: returned under a condition
UPDATE people SET note = note RETURNING id, secret = '@secret0@';
--- refused: set by a condition
UPDATE people SET note = CASE WHEN secret = '@secret0@' THEN 'yes' ELSE 'no' END;
SELECT note FROM people ORDER BY id;
--- refused: another table set by a condition
UPDATE orders SET item = CASE WHEN (SELECT secret FROM people WHERE id = 1) = '@secret0@' THEN 'yes' ELSE 'no' END;
SELECT item FROM orders ORDER BY id;
--- refused/fine: inserted where
INSERT INTO scratch (id) SELECT id FROM people WHERE secret = '@secret0@';
--- refused/fine: merged where
MERGE INTO orders o USING people p ON o.person = p.id AND p.secret = '@secret0@' WHEN MATCHED THEN UPDATE SET total = 0;
--- refused: merged into where
MERGE INTO people p USING orders o ON o.person = p.id AND p.secret = '@secret0@' WHEN MATCHED THEN UPDATE SET note = 'x';
--- refused/fine: locked where
SELECT id FROM people WHERE secret = '@secret0@' FOR UPDATE;
--- refused: conflict under a condition
INSERT INTO people (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE people.secret = '@secret0@';
--- fine @remains=unique: conflict with a guess
INSERT INTO members VALUES (9, '@member0@', 1, '[50,60)') ON CONFLICT DO NOTHING;
--- error @remains=unique: unique violation by a guess
INSERT INTO members VALUES (9, '@member0@', 1, '[50,60)');
--- fine @remains=foreign: reference to a guess
INSERT INTO children VALUES (9, '@parent0@');
--- refused: value changed to a guess
UPDATE members SET member = '@member0@' WHERE id = 2;
--- refused @open=302: check of what is there
ALTER TABLE people ADD CHECK (secret <> '@secret0@');
--- refused @open=302: index under a condition
CREATE INDEX few ON people (id) WHERE secret = '@secret0@';
SELECT reltuples FROM pg_class WHERE relname = 'few';
--- refused @open=302: index that fails
CREATE INDEX ON people ((1 / length(replace(secret, '@secret0@', ''))));
--- refused @open=302: unique index of a part
CREATE UNIQUE INDEX ON people ((secret < '@secret1@'));
--- refused @open=302: check of a domain
ALTER DOMAIN mail ADD CHECK (VALUE <> '@address0@');
--- refused @open=302: whether there is a value, as a constraint
ALTER TABLE people ALTER doc SET NOT NULL;
--- refused @open=302: rows in the order of values
CREATE INDEX sorted ON people (secret);
CLUSTER people USING sorted;
SELECT id FROM people;
--- fine @remains=foreign: reference to a guess, made afterwards
INSERT INTO scratch (t) VALUES ('@parent0@');
ALTER TABLE scratch ADD FOREIGN KEY (t) REFERENCES parents;
--- refused: conflict with a guess, and whose
INSERT INTO members VALUES (9, '@member1@', 1, '[50,60)') ON CONFLICT (member) DO UPDATE SET level = 3 RETURNING id;
--- refused: column made of it
ALTER TABLE people ALTER note TYPE bool USING secret = '@secret0@';
--- refused: cursor under a condition
DECLARE c CURSOR FOR SELECT id FROM people WHERE secret = '@secret0@';
FETCH ALL FROM c;
--- refused: prepared under a condition
PREPARE s(text) AS SELECT id FROM people WHERE secret = $1;
EXECUTE s('@secret0@');
--- refused/fine: COPY under a condition
COPY (SELECT id FROM people WHERE secret = '@secret0@') TO STDOUT;
