-- Secrets of targets, sealed: the bytes are base64 of what only the holder of the seal key opens, each under its name
-- and version. `version` grows with every new value.

CREATE TABLE secrets (
    name    TEXT   NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    sealed  TEXT   NOT NULL
);
