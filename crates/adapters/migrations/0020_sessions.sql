-- `who` is the principal's name, `owner` all that makes it one and the same, for searching.

ALTER TABLE sessions ADD COLUMN who TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_by_owner ON sessions (owner, id);
CREATE INDEX sessions_by_who ON sessions (who, id);
CREATE INDEX sessions_by_target ON sessions (target, id);
