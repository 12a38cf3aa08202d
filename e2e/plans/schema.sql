-- The tables of TPC-H at a hundredth of its smallest size, with numbers that come of nothing but arithmetic.
CREATE TABLE region (r_regionkey int PRIMARY KEY, r_name char(25), r_comment varchar(152));
CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name char(25), n_regionkey int REFERENCES region, n_comment varchar(152));
CREATE TABLE supplier (
    s_suppkey int PRIMARY KEY, s_name char(25), s_address varchar(40), s_nationkey int REFERENCES nation, s_phone char(15),
    s_acctbal numeric(15, 2), s_comment varchar(101));
CREATE TABLE customer (
    c_custkey int PRIMARY KEY, c_name varchar(25), c_address varchar(40), c_nationkey int REFERENCES nation, c_phone char(15),
    c_acctbal numeric(15, 2), c_mktsegment char(10), c_comment varchar(117));
CREATE TABLE part (
    p_partkey int PRIMARY KEY, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25), p_size int,
    p_container char(10), p_retailprice numeric(15, 2), p_comment varchar(23));
CREATE TABLE partsupp (
    ps_partkey int REFERENCES part, ps_suppkey int REFERENCES supplier, ps_availqty int, ps_supplycost numeric(15, 2),
    ps_comment varchar(199), PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE orders (
    o_orderkey int PRIMARY KEY, o_custkey int REFERENCES customer, o_orderstatus char(1), o_totalprice numeric(15, 2),
    o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority int, o_comment varchar(79));
CREATE TABLE lineitem (
    l_orderkey int REFERENCES orders, l_partkey int, l_suppkey int, l_linenumber int, l_quantity numeric(15, 2),
    l_extendedprice numeric(15, 2), l_discount numeric(15, 2), l_tax numeric(15, 2), l_returnflag char(1), l_linestatus char(1),
    l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44),
    PRIMARY KEY (l_orderkey, l_linenumber), FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp);

INSERT INTO region SELECT n, (ARRAY['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'])[n + 1], 'region ' || n FROM generate_series(0, 4) n;
INSERT INTO nation SELECT n, (ARRAY['ALGERIA', 'ARGENTINA', 'BRAZIL', 'CANADA', 'EGYPT', 'ETHIOPIA', 'FRANCE', 'GERMANY', 'INDIA',
    'INDONESIA', 'IRAN', 'IRAQ', 'JAPAN', 'JORDAN', 'KENYA', 'MOROCCO', 'MOZAMBIQUE', 'PERU', 'CHINA', 'ROMANIA', 'SAUDI ARABIA',
    'VIETNAM', 'RUSSIA', 'UNITED KINGDOM', 'UNITED STATES'])[n + 1], n % 5, 'nation ' || n FROM generate_series(0, 24) n;
INSERT INTO supplier SELECT n, 'Supplier#' || n, 'street ' || n * 7, n % 25, format('%s-%s', 10 + n % 25, 1000000 + n * 7919),
    (n * 7919) % 1000000 / 100.0 - 1000, CASE WHEN n % 20 = 0 THEN 'a Customer with Complaints' ELSE 'quick ' || n END FROM generate_series(1, 100) n;
INSERT INTO customer SELECT n, 'Customer#' || n, 'road ' || n * 3, n % 25, format('%s-%s', 10 + n % 25, 1000000 + n * 7877),
    (n * 7877) % 1000000 / 100.0 - 1000, (ARRAY['BUILDING', 'AUTOMOBILE', 'MACHINERY', 'HOUSEHOLD', 'FURNITURE'])[n % 5 + 1], 'even ' || n FROM generate_series(1, 1500) n;
INSERT INTO part SELECT n, (ARRAY['green', 'forest', 'almond', 'blue', 'red'])[n % 5 + 1] || ' part ' || n, 'Manufacturer#' || n % 5 + 1,
    format('Brand#%s%s', n % 5 + 1, n / 5 % 5 + 1), (ARRAY['PROMO', 'ECONOMY', 'STANDARD'])[n % 3 + 1] || ' ' || (ARRAY['ANODIZED', 'POLISHED'])[n % 2 + 1] || ' ' ||
    (ARRAY['STEEL', 'BRASS', 'TIN', 'COPPER'])[n % 4 + 1], n % 50 + 1, (ARRAY['SM CASE', 'MED BOX', 'LG JAR', 'JUMBO PKG'])[n % 4 + 1], 900 + n % 1000 / 10.0, 'p ' || n FROM generate_series(1, 2000) n;
INSERT INTO partsupp SELECT p, (p + s * 25) % 100 + 1, (p * 31 + s) % 9999 + 1, (p * 17 + s * 13) % 100000 / 100.0, 'ps ' || p FROM generate_series(1, 2000) p, generate_series(0, 3) s;
INSERT INTO orders SELECT n, n * 7 % 1500 + 1, (ARRAY['O', 'F', 'P'])[n % 3 + 1], n * 37 % 50000000 / 100.0, date '1992-01-01' + n * 13 % 2400,
    (ARRAY['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPEC', '5-LOW'])[n % 5 + 1], 'Clerk#' || n % 1000, 0, CASE WHEN n % 100 = 0 THEN 'special packages requests' ELSE 'o ' || n END FROM generate_series(1, 15000) n;
INSERT INTO lineitem SELECT o, (o * 11 + l) % 2000 + 1, ((o * 11 + l) % 2000 + 1 + o % 4 * 25) % 100 + 1, l, (o + l) % 50 + 1, (o * 97 + l) % 10000000 / 100.0, (o + l) % 11 / 100.0,
    (o + l) % 9 / 100.0, (ARRAY['A', 'N', 'R'])[(o + l) % 3 + 1], (ARRAY['O', 'F'])[o % 2 + 1], d + l * 10, d + 30 + (o + l) % 60, d + l * 10 + (o + l) % 30 + 1,
    (ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[(o + l) % 4 + 1], (ARRAY['AIR', 'AIR REG', 'MAIL', 'SHIP', 'TRUCK', 'RAIL', 'FOB'])[(o + l) % 7 + 1], 'l ' || o
    FROM (SELECT n AS o, date '1992-01-01' + n * 13 % 2400 AS d FROM generate_series(1, 15000) n) x, generate_series(1, 4) l;
CREATE INDEX ON customer (c_nationkey);
CREATE INDEX ON customer (c_phone);
CREATE INDEX ON customer (lower(c_name));
CREATE INDEX ON supplier (s_nationkey);
CREATE INDEX ON partsupp (ps_suppkey);
CREATE INDEX ON orders (o_custkey);
CREATE INDEX ON orders (o_orderdate);
CREATE INDEX ON lineitem (l_partkey, l_suppkey);
CREATE INDEX ON lineitem (l_shipdate);
CREATE VIEW contacts AS SELECT c_custkey, c_name, c_phone, n_name FROM customer JOIN nation ON n_nationkey = c_nationkey;
CREATE VIEW revenue AS SELECT l_suppkey AS supplier_no, sum(l_extendedprice * (1 - l_discount)) AS total_revenue FROM lineitem
    WHERE l_shipdate >= date '1996-01-01' AND l_shipdate < date '1996-04-01' GROUP BY l_suppkey;
VACUUM ANALYZE;
