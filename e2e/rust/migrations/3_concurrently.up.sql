-- no-transaction
CREATE INDEX CONCURRENTLY people_by_birth ON people (born);
