CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL, born date);
CREATE INDEX people_by_name ON people (lower(name));
INSERT INTO people (name) VALUES ('Ann'), ('Bob');
