-- One of every kind of object that psql lists and pg_dump writes, and rows in them.
SELECT current_setting('server_version_num')::int < 150000 AS is_14 \gset
CREATE ROLE zoo_keeper;
CREATE ROLE zoo_guest CONNECTION LIMIT 3 VALID UNTIL '2040-01-01';
GRANT zoo_keeper TO zoo_guest WITH ADMIN OPTION;
ALTER ROLE zoo_guest SET search_path = zoo, public;
COMMENT ON ROLE zoo_keeper IS 'keeps the zoo';
CREATE SCHEMA zoo AUTHORIZATION zoo_keeper;
COMMENT ON SCHEMA zoo IS 'what there is';
GRANT USAGE ON SCHEMA zoo TO PUBLIC;
SET search_path = zoo, public;

CREATE EXTENSION hstore SCHEMA zoo;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE EXTENSION file_fdw SCHEMA public;

CREATE TYPE diet AS ENUM ('leaves', 'meat', 'both');
ALTER TYPE diet ADD VALUE 'nothing' AFTER 'both';
CREATE TYPE weight AS (amount numeric(10, 3), unit text);
CREATE DOMAIN name AS text COLLATE "C" DEFAULT 'nobody' NOT NULL CONSTRAINT not_empty CHECK (length(VALUE) > 0);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE COLLATION plain (provider = libc, locale = 'C');
COMMENT ON TYPE diet IS 'what it eats';

CREATE SEQUENCE tags AS smallint INCREMENT 5 MINVALUE -10 MAXVALUE 30000 START 5 CACHE 3 CYCLE;
CREATE TABLE keepers (
  id int GENERATED ALWAYS AS IDENTITY (START 10) PRIMARY KEY,
  name text COLLATE plain UNIQUE NOT NULL,
  since date DEFAULT '2020-02-29' CHECK (since > '1900-01-01'),
  boss int REFERENCES keepers DEFERRABLE INITIALLY DEFERRED,
  salary money,
  secret bytea,
  EXCLUDE USING btree (name WITH =)
);
CREATE TABLE animals (
  id bigserial PRIMARY KEY,
  tag smallint DEFAULT nextval('tags'),
  called name,
  eats diet DEFAULT 'leaves',
  weighs weight,
  sizes numeric(6, 2)[][],
  alive span,
  notes hstore,
  spoken citext,
  papers jsonb DEFAULT '{}',
  born timestamptz(3),
  keeper int REFERENCES keepers ON DELETE SET NULL ON UPDATE CASCADE,
  doubled numeric GENERATED ALWAYS AS ((weighs).amount * 2) STORED
) WITH (fillfactor = 70);
ALTER TABLE animals ALTER spoken SET STORAGE EXTERNAL;
ALTER TABLE animals ALTER eats SET STATISTICS 50;
ALTER SEQUENCE tags OWNED BY animals.tag;
COMMENT ON TABLE animals IS 'who lives here';
COMMENT ON COLUMN animals.called IS 'what it''s called';
CREATE INDEX animals_lower ON animals (lower(called) DESC NULLS LAST) INCLUDE (tag) WHERE tag > 0;
CREATE INDEX animals_papers ON animals USING gin (papers jsonb_path_ops);
CREATE INDEX animals_born ON animals USING brin (born timestamptz_minmax_multi_ops (values_per_range = 16));
\if :is_14
CREATE UNIQUE INDEX animals_once ON animals (tag, called);
\else
CREATE UNIQUE INDEX animals_once ON animals (tag, called) NULLS NOT DISTINCT;
\endif
CREATE STATISTICS animals_together (dependencies, ndistinct) ON tag, eats FROM animals;
ALTER TABLE animals CLUSTER ON animals_pkey;
CREATE UNLOGGED TABLE draft (x int, y text);
CREATE INDEX draft_trigram ON draft USING gist (y gist_trgm_ops (siglen = 32));
CREATE TABLE nothing ();
CREATE TABLE parent (a int NOT NULL, b text DEFAULT 'b');
CREATE TABLE child (c float) INHERITS (parent);
CREATE TABLE typed OF weight (PRIMARY KEY (unit));
CREATE TABLE "Odd name; -- " ("select" int, "a ""quoted"" one" text, "ünïcode" text);

CREATE TABLE visits (day date NOT NULL, visitor int, paid numeric) PARTITION BY RANGE (day);
CREATE TABLE visits_2023 PARTITION OF visits FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (visitor);
CREATE TABLE visits_2024_few PARTITION OF visits_2024 FOR VALUES IN (1, 2, 3);
CREATE TABLE visits_2024_rest PARTITION OF visits_2024 DEFAULT;
CREATE TABLE visits_other PARTITION OF visits DEFAULT;
CREATE INDEX visits_day ON visits (day);
CREATE TABLE hashed (k int) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);

CREATE VIEW heavy WITH (security_barrier) AS SELECT id, called, (weighs).amount FROM animals WHERE (weighs).amount > 100;
CREATE VIEW named AS SELECT id, called FROM animals WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE MATERIALIZED VIEW eaters AS SELECT eats, count(*) FROM animals GROUP BY eats WITH NO DATA;
CREATE UNIQUE INDEX eaters_once ON eaters (eats);
CREATE RULE no_drafts AS ON DELETE TO draft DO INSTEAD NOTHING;

CREATE FUNCTION greet(who text DEFAULT 'you', VARIADIC more text[] DEFAULT '{}') RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10 AS $$ SELECT 'hello ' || who || array_to_string(more, ' ') $$;
CREATE FUNCTION standard(a int, b int) RETURNS int LANGUAGE sql RETURN a + b;
CREATE FUNCTION listed(OUT id bigint, OUT called text) RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = zoo AS $body$
BEGIN
  RETURN QUERY SELECT a.id, a.called::text FROM animals a ORDER BY a.id;
  RAISE NOTICE 'told % names; a "quote", a $dollar$', (SELECT count(*) FROM animals);
END $body$;
CREATE PROCEDURE feed(INOUT times int) LANGUAGE plpgsql AS $$ BEGIN times := times + 1; COMMIT; END $$;
CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER noticed BEFORE INSERT OR UPDATE OF called ON animals FOR EACH ROW WHEN (NEW.tag > 0) EXECUTE FUNCTION noticed();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON keepers DEFERRABLE FOR EACH ROW EXECUTE FUNCTION noticed();
ALTER TABLE keepers DISABLE TRIGGER later;
CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watched ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watched();
ALTER EVENT TRIGGER watched DISABLE;
CREATE AGGREGATE joined (text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE FUNCTION lighter(weight, weight) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).amount < ($2).amount $$;
CREATE OPERATOR <<< (LEFTARG = weight, RIGHTARG = weight, FUNCTION = lighter);
CREATE FUNCTION compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT btint4cmp($2, $1) $$;
CREATE OPERATOR CLASS backwards FOR TYPE int4 USING btree AS
  OPERATOR 1 > , OPERATOR 2 >= , OPERATOR 3 = , OPERATOR 4 <= , OPERATOR 5 < , FUNCTION 1 compared(int, int);
CREATE CAST (weight AS text) WITH INOUT AS ASSIGNMENT;
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY plainly (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION plainly (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION plainly ALTER MAPPING FOR word, asciiword WITH plainly;

CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE USER MAPPING FOR zoo_keeper SERVER files;
CREATE FOREIGN TABLE outside (line text) SERVER files OPTIONS (filename '/dev/null');
\if :is_14
CREATE PUBLICATION changes FOR TABLE keepers, parent WITH (publish = 'insert, update');
\else
CREATE PUBLICATION changes FOR TABLE keepers (id, name), parent WHERE (a > 0) WITH (publish = 'insert, update');
\endif
CREATE PUBLICATION all_of_it FOR ALL TABLES;
CREATE SUBSCRIPTION elsewhere CONNECTION 'host=/nonexistent dbname=nowhere' PUBLICATION changes WITH (connect = false, slot_name = NONE);

ALTER TABLE animals ENABLE ROW LEVEL SECURITY;
ALTER TABLE keepers ENABLE ROW LEVEL SECURITY;
ALTER TABLE keepers FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON animals FOR SELECT TO zoo_guest USING (tag > 0);
CREATE POLICY written ON animals AS RESTRICTIVE FOR INSERT WITH CHECK (called <> 'nobody');
GRANT SELECT, INSERT (called) ON animals TO zoo_guest;
GRANT ALL ON keepers TO zoo_keeper WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION greet(text, text[]) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA zoo GRANT SELECT ON TABLES TO zoo_guest;

INSERT INTO keepers (name, boss, salary, secret) VALUES ('ann', 10, 100, '\x00ff10'), ('ben', 10, '$1,234.50', NULL), (E'c\\d\te', 11, NULL, '\x');
INSERT INTO animals (called, eats, weighs, sizes, alive, notes, spoken, papers, born, keeper)
  SELECT 'animal ' || n, (ARRAY['leaves', 'meat', 'both', NULL])[n % 4 + 1]::diet, ROW(n * 1.5, 'kg')::weight, ARRAY[[n, n + 0.25], [NULL, -n]],
    span(n, n + 0.5), hstore(ARRAY['n', n::text, 'null', NULL]), repeat(E'Grr\\', n % 5) || E'\ttab\nline', jsonb_build_object('n', n, 'deep', jsonb_build_array(n, NULL, true)),
    timestamptz '2024-01-01 UTC' + n * interval '7 hours 1.5 s', 10 + n % 3
  FROM generate_series(1, 500) AS n;
INSERT INTO parent SELECT n, NULL FROM generate_series(1, 10) AS n;
INSERT INTO child VALUES (1, E'\\N', 'NaN'), (2, '', '-Infinity'), (3, E'\\.', 1e300);
INSERT INTO typed VALUES (1, 'kg'), (NULL, 'g');
INSERT INTO "Odd name; -- " VALUES (1, E'\'"\\', 'ß'), (2, '🐘', NULL);
INSERT INTO visits SELECT date '2022-12-01' + n, n % 7, n / 3.0 FROM generate_series(1, 900) AS n;
INSERT INTO hashed SELECT generate_series(1, 50);
INSERT INTO draft VALUES (1, 'unlogged');
REFRESH MATERIALIZED VIEW eaters;
SELECT lo_from_bytea(70001, decode(repeat('00ff5c27', 9000), 'hex')), lo_from_bytea(70002, 'small'), lo_from_bytea(70003, '');
COMMENT ON LARGE OBJECT 70002 IS 'a small one';
GRANT SELECT ON LARGE OBJECT 70002 TO zoo_guest;
ANALYZE;
