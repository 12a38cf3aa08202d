CREATE TYPE status AS ENUM ('new', 'paid', 'sent');
CREATE TYPE price AS (amount numeric(12, 2), currency char(3));
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE customers (
    id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text NOT NULL,
    email   mail UNIQUE,
    phone   text,
    tags    text[] NOT NULL DEFAULT '{}',
    born    date CHECK (born > '1900-01-01')
);
COMMENT ON TABLE customers IS 'whoever has ordered';
CREATE TABLE orders (
    id       bigserial PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    state    status NOT NULL DEFAULT 'new',
    prices   price[],
    valid    daterange,
    placed   timestamptz NOT NULL DEFAULT '2026-01-01T00:00:00Z',
    UNIQUE (customer, placed)
);
CREATE INDEX orders_by_state ON orders (state) WHERE state <> 'sent';
CREATE VIEW recent AS SELECT id, state FROM orders WHERE placed > '2025-01-01';
CREATE MATERIALIZED VIEW counted AS SELECT state, count(*) FROM orders GROUP BY state;
CREATE FUNCTION total(prices price[]) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN (SELECT sum(p.amount) FROM unnest(prices) AS p);
INSERT INTO customers (name, email, phone) VALUES ('Grace', 'grace@example.com', '+49 555 0001'), ('Alan', 'alan@example.com', NULL);
INSERT INTO orders (customer, state, prices, valid)
    VALUES (1, 'paid', ARRAY[ROW(9.99, 'EUR'), ROW(1, 'USD')]::price[], '[2026-01-01,2026-02-01)'), (2, 'new', NULL, NULL);
