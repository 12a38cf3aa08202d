-- Credentials that were issued. `lookup` is the hash of a token, or a user name; what either stands for is sealed, bound
-- to `lookup`. `owner` is for counting.

CREATE TABLE credentials (
    lookup  TEXT   NOT NULL PRIMARY KEY,
    id      TEXT   NOT NULL UNIQUE,
    owner   TEXT   NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT,
    sealed  TEXT   NOT NULL
);
CREATE INDEX credentials_by_owner ON credentials (owner, expires);
CREATE INDEX credentials_by_end ON credentials (expires);
