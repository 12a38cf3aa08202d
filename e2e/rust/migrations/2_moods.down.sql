DROP FUNCTION greeted(text);
ALTER TABLE people DROP COLUMN temper;
DROP TYPE temper;
