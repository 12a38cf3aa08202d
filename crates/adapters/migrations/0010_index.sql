-- Where in the journal to look: nothing here is evidence, and all of it can be made anew from the journal. A block is
-- a run of records. `verdicts` is a set of bits; what is not known is ''.

CREATE TABLE places (
    block     BIGINT NOT NULL,
    session   TEXT   NOT NULL,
    principal TEXT   NOT NULL,
    target    TEXT   NOT NULL,
    verdicts  BIGINT NOT NULL,
    began     BIGINT NOT NULL,
    ended     BIGINT NOT NULL,
    PRIMARY KEY (block, session, principal, target)
);
CREATE INDEX places_by_principal ON places (principal, block);
CREATE INDEX places_by_target ON places (target, block);
CREATE INDEX places_by_session ON places (session, block);

CREATE TABLE touched (
    object  TEXT   NOT NULL,
    block   BIGINT NOT NULL,
    session TEXT   NOT NULL,
    PRIMARY KEY (block, session, object)
);
CREATE INDEX touched_by_object ON touched (object, block, session);

CREATE TABLE indexed (
    one  BIGINT NOT NULL PRIMARY KEY,
    upto BIGINT NOT NULL
);
INSERT INTO indexed (one, upto) VALUES (1, 0);
