CREATE TYPE temper AS ENUM ('low', 'fine');
ALTER TABLE people ADD COLUMN temper temper NOT NULL DEFAULT 'fine';
CREATE FUNCTION greeted(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'hello; ' || who; END; $$;
