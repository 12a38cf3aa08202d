-- People and what belongs to them. `@name0@` is a value of a masked column, the same for every column of that kind and
-- nowhere else; whatever stands here in clear may be seen.
CREATE DOMAIN mail AS text CHECK (VALUE <> 'none');
CREATE TYPE mood AS ENUM ('calm', 'glad', 'proud', 'upset');
CREATE TYPE place AS (street text, number int);

CREATE TABLE people (
    id int PRIMARY KEY, name text, city text, boss int REFERENCES people, note text,
    email text, phone varchar(40), code char(30), address mail,
    secret text, token varchar(40), profile jsonb, raw json, host inet, key uuid, salary numeric(30, 2), doc text,
    home place, feeling mood,
    born date, seen timestamptz, score bigint, ratio float8, photo bytea);
INSERT INTO people VALUES
    (1, 'Ann', 'Graz', NULL, 'first', '@email0@', '@phone0@', '@code0@', '@address0@',
     '@secret0@', '@token0@', '{"pin": "@profile0@"}', '{"pin": "@raw0@"}', '@host0@', '@key0@', @salary0@, '@doc0@',
     ROW('@home0@', 7), (enum_range(NULL::mood))[@feeling0@ + 1],
     '@born0@', '@seen0@', @score0@, @ratio0@, '\x@photo0@'),
    (2, 'Bea', 'Linz', 1, 'second', '@email1@', '@phone1@', '@code1@', '@address1@',
     '@secret1@', '@token1@', '{"pin": "@profile1@"}', '{"pin": "@raw1@"}', '@host1@', '@key1@', @salary1@, nullif('@doc1@', 'absent'),
     ROW('@home1@', 8), (enum_range(NULL::mood))[@feeling1@ + 1],
     '@born1@', '@seen1@', @score1@, @ratio1@, '\x@photo1@'),
    (3, 'Cem', 'Wels', 1, 'third', '@email2@', '@phone2@', '@code2@', '@address2@',
     '@secret2@', '@token2@', '{"pin": "@profile2@"}', '{"pin": "@raw2@"}', '@host2@', '@key2@', @salary2@, '@doc2@',
     ROW('@home2@', 9), (enum_range(NULL::mood))[@feeling2@ + 1],
     '@born2@', '@seen2@', @score2@, @ratio2@, '\x@photo2@');

CREATE TABLE tagged (id int PRIMARY KEY, tags text[]);
INSERT INTO tagged VALUES (1, '{"@tags0@","@tags1@"}'), (2, '{"@tags2@"}'), (3, '{"@tags3@"}');

-- nothing of these is masked
CREATE TABLE orders (id int PRIMARY KEY, person int, total int, item text);
INSERT INTO orders VALUES (1, 1, 10, 'ink'), (2, 1, 20, 'pen'), (3, 2, 30, 'map'), (4, 9, 40, 'cup');
CREATE TABLE scratch (id int, t text, j jsonb, n numeric, b bytea);
CREATE SEQUENCE counter;

-- constraints whose violations would quote a row
CREATE TABLE members (id int PRIMARY KEY, member text UNIQUE, level int CHECK (level < 100), during int4range NOT NULL,
    EXCLUDE USING gist (during WITH &&));
INSERT INTO members VALUES (1, '@member0@', 1, '[1,10)'), (2, '@member1@', 2, '[20,30)');
CREATE TABLE parents (parent text PRIMARY KEY);
INSERT INTO parents VALUES ('@parent0@'), ('@parent1@');
CREATE TABLE children (id int PRIMARY KEY, parent text REFERENCES parents ON UPDATE CASCADE);
INSERT INTO children VALUES (1, '@parent0@');

-- where rows of one table are in others
CREATE TABLE heirs (extra text) INHERITS (people);
INSERT INTO heirs (id, name, email, secret, score) VALUES (11, 'Dia', '@email3@', '@secret3@', @score3@);
CREATE TABLE events (id int, at int, payload text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
INSERT INTO events VALUES (1, 1, '@payload0@'), (2, 11, '@payload1@');

-- what the server computes and stores of a masked column
CREATE TABLE cards (id int PRIMARY KEY, number text, whole text GENERATED ALWAYS AS (upper(number)) STORED);
INSERT INTO cards (id, number) VALUES (1, '@number0@'), (2, '@number1@');
CREATE INDEX cards_reversed ON cards (reverse(number));

-- row policies, one of which looks at a masked column
CREATE TABLE vault (id int, owner text, content text);
INSERT INTO vault VALUES (1, 'app', '@content0@'), (2, 'other', '@content1@');
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON vault USING (owner = current_user AND content <> '');

-- code of the database
CREATE FUNCTION told(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM public.people WHERE id = $1';
CREATE FUNCTION lies(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN RETURN (SELECT email FROM public.people WHERE id = $1); END$$;
CREATE FUNCTION listed() RETURNS SETOF people LANGUAGE sql STABLE AS 'SELECT * FROM public.people';
CREATE FUNCTION tabled() RETURNS TABLE (who int, what text) LANGUAGE plpgsql AS
    $$BEGIN RETURN QUERY SELECT id, secret FROM public.people; END$$;
CREATE FUNCTION defined() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
    $$BEGIN RETURN (SELECT string_agg(secret, ',') FROM public.people); END$$;
CREATE FUNCTION noticed() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN RAISE NOTICE 'seen %', (SELECT secret FROM public.people WHERE id = 1); RETURN 1; END$$;
CREATE FUNCTION raised() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'seen %', (SELECT secret FROM public.people WHERE id = 1)
        USING DETAIL = (SELECT email FROM public.people WHERE id = 1), HINT = (SELECT phone FROM public.people WHERE id = 1),
            ERRCODE = '42501'; END$$;
CREATE FUNCTION dynamic(text) RETURNS text LANGUAGE plpgsql AS
    $$DECLARE found text; BEGIN EXECUTE $1 INTO found; RETURN found; END$$;
CREATE FUNCTION of_row(people) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.secret';
CREATE FUNCTION spoken(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'spoken %', $1; RETURN $1; END$$;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE PROCEDURE said() LANGUAGE plpgsql AS
    $$BEGIN RAISE NOTICE 'said %', (SELECT secret FROM public.people WHERE id = 1); END$$;
CREATE PROCEDURE given(INOUT what text) LANGUAGE plpgsql AS
    $$BEGIN what := (SELECT secret FROM public.people WHERE id = 1); END$$;
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE FUNCTION joins(text, text) RETURNS bool LANGUAGE plpgsql AS
    $$BEGIN RAISE NOTICE 'joins %', $1; RETURN true; END$$;
CREATE OPERATOR ~~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = joins);

-- triggers and rules that speak of the row at hand
CREATE TABLE noisy (id int PRIMARY KEY, nested text, note text);
INSERT INTO noisy VALUES (1, '@nested0@', 'a'), (2, '@nested1@', 'b');
CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN
        IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'not %', OLD.nested USING DETAIL = OLD.nested, TABLE = OLD.nested; END IF;
        RAISE NOTICE 'changing %', OLD.nested;
        PERFORM pg_notify('changes', OLD.nested);
        PERFORM set_config('application_name', OLD.nested, false);
        PERFORM set_config('my.last', OLD.nested, false);
        RETURN NEW;
    END$$;
CREATE TRIGGER tells BEFORE UPDATE OR DELETE ON noisy FOR EACH ROW EXECUTE FUNCTION tells();
CREATE TABLE ruled (id int, note text);
CREATE RULE answers AS ON INSERT TO ruled DO INSTEAD SELECT id, secret FROM people;

-- views, plain and not
CREATE VIEW contacts AS SELECT id, name, email AS mail, secret FROM people;
CREATE VIEW nested AS SELECT id, name, mail AS post FROM contacts;
CREATE VIEW shouted AS SELECT id, upper(mail) AS loud, md5(secret) AS hash FROM contacts;
CREATE VIEW summed AS SELECT string_agg(secret, '|') AS everything, max(score) AS top, count(*) AS many FROM people;
CREATE VIEW guarded WITH (security_barrier) AS SELECT id, secret FROM people WHERE id < 3;
CREATE VIEW invoked WITH (security_invoker) AS SELECT id, secret, email FROM people;
CREATE VIEW filtered AS SELECT id, name FROM people WHERE score > 0;
CREATE VIEW called AS SELECT o.id, told(o.person) AS mail FROM orders o;
CREATE VIEW over_called AS SELECT * FROM called;
CREATE MATERIALIZED VIEW kept_called AS SELECT * FROM called;
CREATE VIEW lying AS SELECT id, lies(person) AS mail FROM orders;
CREATE VIEW operated AS SELECT id, name FROM people WHERE secret ~~~~ 'x';
CREATE VIEW rowed AS SELECT p AS whole FROM people p;
CREATE MATERIALIZED VIEW kept AS SELECT id, name, email, secret FROM people;
CREATE MATERIALIZED VIEW reckoned AS SELECT id, lower(email) || '' AS small, score + 0 AS same FROM people;

-- statistics of single columns and of several
CREATE TABLE stated (id int, stated text, other text);
INSERT INTO stated SELECT n, CASE n % 2 WHEN 0 THEN '@stated0@' ELSE '@stated1@' END, (n % 2)::text FROM generate_series(1, 200) n;
CREATE STATISTICS stated_both (mcv, dependencies, ndistinct) ON stated, other FROM stated;
CREATE STATISTICS stated_lower ON lower(stated), other FROM stated;
ANALYZE;
