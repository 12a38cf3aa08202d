-- Times are microseconds since 1970, UTC. `body` is the whole value as JSON; the columns beside it are for searching.
-- `version` grows with every change: whoever changes a row says which version they have seen.

CREATE TABLE approvals (
    id      TEXT   NOT NULL PRIMARY KEY,
    state   TEXT   NOT NULL,
    digest  TEXT   NOT NULL,
    asked   BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body    TEXT   NOT NULL
);
CREATE INDEX approvals_by_digest ON approvals (digest);
CREATE INDEX approvals_by_state ON approvals (state, expires);
CREATE INDEX approvals_by_time ON approvals (asked);

CREATE TABLE sessions (
    id        TEXT   NOT NULL PRIMARY KEY,
    principal TEXT   NOT NULL,
    target    TEXT   NOT NULL,
    protocol  TEXT   NOT NULL,
    client    TEXT   NOT NULL,
    started   BIGINT NOT NULL,
    ended     BIGINT,
    reason    TEXT
);
CREATE INDEX sessions_by_end ON sessions (ended);
