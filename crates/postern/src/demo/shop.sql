CREATE DATABASE shop OWNER app;
\connect shop
SET SESSION AUTHORIZATION app;

CREATE TABLE customers (
    id    int PRIMARY KEY,
    name  text NOT NULL,
    email text NOT NULL,
    phone varchar(20) NOT NULL,
    born  date
);
CREATE TABLE cards (
    customer int REFERENCES customers,
    number   char(16) NOT NULL,
    cvc      char(3) NOT NULL,
    expires  date NOT NULL
);
CREATE TABLE api_tokens (
    id      int PRIMARY KEY,
    service text NOT NULL,
    token   text NOT NULL
);
CREATE TABLE orders (
    id       int PRIMARY KEY,
    customer int REFERENCES customers,
    item     text NOT NULL,
    amount   numeric(8, 2) NOT NULL,
    status   text NOT NULL
);

INSERT INTO customers
SELECT n,
       first || ' ' || last,
       lower(first) || '.' || lower(last) || n || '@example.com',
       '+1 555 01' || lpad(((n * 37) % 100)::text, 2, '0') || ' ' || lpad(n::text, 4, '0'),
       date '1950-01-01' + (n * 131) % 18000
FROM generate_series(1, 200) AS n,
     LATERAL (SELECT
         (ARRAY['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Ken', 'Margaret', 'Niklaus'])[n % 10 + 1] AS first,
         (ARRAY['Moss', 'Keller', 'Okafor', 'Lindqvist', 'Ferrari', 'Tanaka', 'Novak'])[n % 7 + 1] AS last
     ) AS names;

INSERT INTO cards
SELECT n, '4' || lpad(((n::bigint * 7919317) % 100000000)::text, 15, '0'), lpad(((n * 53) % 1000)::text, 3, '0'), date '2027-01-31' + n
FROM generate_series(1, 200) AS n;

INSERT INTO api_tokens
SELECT n, (ARRAY['billing', 'search', 'mail'])[n], 'tok_' || md5('token ' || n)
FROM generate_series(1, 3) AS n;

INSERT INTO orders
SELECT n, n % 200 + 1, (ARRAY['lamp', 'desk', 'chair', 'shelf'])[n % 4 + 1], 20 + (n * 17) % 300,
       (ARRAY['paid', 'paid', 'shipped', 'cancelled'])[n % 4 + 1]
FROM generate_series(1, 600) AS n;
ANALYZE;
