-- A heading is `--- name`, and what follows one query. Those of TPC-H have its numbers; the others are in the form of what
-- writes them.
--- TPC-H 1
SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price, sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*) FROM lineitem WHERE l_shipdate <= date '1998-12-01' - interval '90 days' GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus;
--- TPC-H 2
SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment FROM part, supplier, partsupp, nation, region WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size = 15 AND p_type LIKE '%BRASS' AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE' AND ps_supplycost = (SELECT min(ps_supplycost) FROM partsupp, supplier, nation, region WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE') ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100;
--- TPC-H 3
SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority FROM customer, orders, lineitem WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate < date '1995-03-15' AND l_shipdate > date '1995-03-15' GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate LIMIT 10;
--- TPC-H 4
SELECT o_orderpriority, count(*) AS order_count FROM orders WHERE o_orderdate >= date '1993-07-01' AND o_orderdate < date '1993-10-01' AND EXISTS (SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate) GROUP BY o_orderpriority ORDER BY o_orderpriority;
--- TPC-H 5
SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue FROM customer, orders, lineitem, supplier, nation, region WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'ASIA' AND o_orderdate >= date '1994-01-01' AND o_orderdate < date '1995-01-01' GROUP BY n_name ORDER BY revenue DESC;
--- TPC-H 6
SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= date '1994-01-01' AND l_shipdate < date '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24;
--- TPC-H 7
SELECT supp_nation, cust_nation, l_year, sum(volume) AS revenue FROM (SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, extract(year FROM l_shipdate) AS l_year, l_extendedprice * (1 - l_discount) AS volume FROM supplier, lineitem, orders, customer, nation n1, nation n2 WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey AND c_custkey = o_custkey AND s_nationkey = n1.n_nationkey AND c_nationkey = n2.n_nationkey AND (n1.n_name = 'FRANCE' AND n2.n_name = 'GERMANY' OR n1.n_name = 'GERMANY' AND n2.n_name = 'FRANCE') AND l_shipdate BETWEEN date '1995-01-01' AND date '1996-12-31') shipping GROUP BY supp_nation, cust_nation, l_year ORDER BY supp_nation, cust_nation, l_year;
--- TPC-H 8
SELECT o_year, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS mkt_share FROM (SELECT extract(year FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) AS volume, n2.n_name AS nation FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = n1.n_nationkey AND n1.n_regionkey = r_regionkey AND r_name = 'AMERICA' AND s_nationkey = n2.n_nationkey AND o_orderdate BETWEEN date '1995-01-01' AND date '1996-12-31' AND p_type = 'ECONOMY ANODIZED STEEL') all_nations GROUP BY o_year ORDER BY o_year;
--- TPC-H 9
SELECT nation, o_year, sum(amount) AS sum_profit FROM (SELECT n_name AS nation, extract(year FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount FROM part, supplier, lineitem, partsupp, orders, nation WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey AND ps_partkey = l_partkey AND p_partkey = l_partkey AND o_orderkey = l_orderkey AND s_nationkey = n_nationkey AND p_name LIKE '%green%') profit GROUP BY nation, o_year ORDER BY nation, o_year DESC;
--- TPC-H 10
SELECT c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment FROM customer, orders, lineitem, nation WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= date '1993-10-01' AND o_orderdate < date '1994-01-01' AND l_returnflag = 'R' AND c_nationkey = n_nationkey GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC LIMIT 20;
--- TPC-H 11
SELECT ps_partkey, sum(ps_supplycost * ps_availqty) AS value FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY' GROUP BY ps_partkey HAVING sum(ps_supplycost * ps_availqty) > (SELECT sum(ps_supplycost * ps_availqty) * 0.0001 FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY') ORDER BY value DESC;
--- TPC-H 12
SELECT l_shipmode, sum(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END) AS high, sum(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS low FROM orders, lineitem WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate AND l_receiptdate >= date '1994-01-01' AND l_receiptdate < date '1995-01-01' GROUP BY l_shipmode ORDER BY l_shipmode;
--- TPC-H 13
SELECT c_count, count(*) AS custdist FROM (SELECT c_custkey, count(o_orderkey) FROM customer LEFT OUTER JOIN orders ON c_custkey = o_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) AS c_orders (c_custkey, c_count) GROUP BY c_count ORDER BY custdist DESC, c_count DESC;
--- TPC-H 14
SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) / sum(l_extendedprice * (1 - l_discount)) AS promo_revenue FROM lineitem, part WHERE l_partkey = p_partkey AND l_shipdate >= date '1995-09-01' AND l_shipdate < date '1995-10-01';
--- TPC-H 15
SELECT s_suppkey, s_name, s_address, s_phone, total_revenue FROM supplier, revenue WHERE s_suppkey = supplier_no AND total_revenue = (SELECT max(total_revenue) FROM revenue) ORDER BY s_suppkey;
--- TPC-H 16
SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS supplier_cnt FROM partsupp, part WHERE p_partkey = ps_partkey AND p_brand <> 'Brand#45' AND p_type NOT LIKE 'STANDARD POLISHED%' AND p_size IN (49, 14, 23, 45, 19, 3, 36, 9) AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%') GROUP BY p_brand, p_type, p_size ORDER BY supplier_cnt DESC, p_brand, p_type, p_size;
--- TPC-H 17
SELECT sum(l_extendedprice) / 7.0 AS avg_yearly FROM lineitem, part WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity < (SELECT 0.2 * avg(l_quantity) FROM lineitem WHERE l_partkey = p_partkey);
--- TPC-H 18
SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) FROM customer, orders, lineitem WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 120) AND c_custkey = o_custkey AND o_orderkey = l_orderkey GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice ORDER BY o_totalprice DESC, o_orderdate LIMIT 100;
--- TPC-H 19
SELECT sum(l_extendedprice * (1 - l_discount)) AS revenue FROM lineitem, part WHERE p_partkey = l_partkey AND l_shipinstruct = 'DELIVER IN PERSON' AND l_shipmode IN ('AIR', 'AIR REG') AND (p_brand = 'Brand#12' AND p_container = 'SM CASE' AND l_quantity BETWEEN 1 AND 11 AND p_size BETWEEN 1 AND 5 OR p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity BETWEEN 10 AND 20 AND p_size BETWEEN 1 AND 10);
--- TPC-H 20
SELECT s_name, s_address FROM supplier, nation WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%') AND ps_availqty > (SELECT 0.5 * sum(l_quantity) FROM lineitem WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND l_shipdate >= date '1994-01-01' AND l_shipdate < date '1995-01-01')) AND s_nationkey = n_nationkey AND n_name = 'CANADA' ORDER BY s_name;
--- TPC-H 21
SELECT s_name, count(*) AS numwait FROM supplier, lineitem l1, orders, nation WHERE s_suppkey = l1.l_suppkey AND o_orderkey = l1.l_orderkey AND o_orderstatus = 'F' AND l1.l_receiptdate > l1.l_commitdate AND EXISTS (SELECT * FROM lineitem l2 WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey) AND NOT EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey AND l3.l_receiptdate > l3.l_commitdate) AND s_nationkey = n_nationkey AND n_name = 'SAUDI ARABIA' GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100;
--- TPC-H 22
SELECT cntrycode, count(*) AS numcust, sum(c_acctbal) AS totacctbal FROM (SELECT substring(c_phone FROM 1 FOR 2) AS cntrycode, c_acctbal FROM customer WHERE substring(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17') AND c_acctbal > (SELECT avg(c_acctbal) FROM customer WHERE c_acctbal > 0.00 AND substring(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17')) AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey)) AS custsale GROUP BY cntrycode ORDER BY cntrycode;
--- by primary key (all ORMs)
SELECT "customer"."c_custkey", "customer"."c_name", "customer"."c_phone", "customer"."c_acctbal" FROM "customer" WHERE "customer"."c_custkey" = 42 LIMIT 1;
--- list of keys (Prisma)
SELECT "public"."customer"."c_custkey", "public"."customer"."c_name" FROM "public"."customer" WHERE "public"."customer"."c_custkey" IN (1, 2, 3, 5, 8, 13, 21) OFFSET 0;
--- page (Django)
SELECT "customer"."c_custkey", "customer"."c_name", "customer"."c_comment" FROM "customer" ORDER BY "customer"."c_custkey" DESC LIMIT 25 OFFSET 100;
--- count of a page (Django)
SELECT COUNT(*) AS "__count" FROM "customer" WHERE "customer"."c_nationkey" = 7;
--- annotated count (Django)
SELECT "customer"."c_custkey", "customer"."c_name", "customer"."c_phone", COUNT("orders"."o_orderkey") AS "n" FROM "customer" LEFT OUTER JOIN "orders" ON ("customer"."c_custkey" = "orders"."o_custkey") GROUP BY "customer"."c_custkey" ORDER BY "n" DESC LIMIT 20;
--- exists (Django)
SELECT 1 AS "a" FROM "orders" WHERE "orders"."o_custkey" = 42 LIMIT 1;
--- joined load (SQLAlchemy)
SELECT customer.c_custkey AS customer_c_custkey, customer.c_name AS customer_c_name, orders_1.o_orderkey AS orders_1_o_orderkey, orders_1.o_clerk AS orders_1_o_clerk FROM customer LEFT OUTER JOIN orders AS orders_1 ON customer.c_custkey = orders_1.o_custkey WHERE customer.c_custkey = 42;
--- subquery load (SQLAlchemy)
SELECT anon_1.customer_c_custkey, anon_1.customer_c_name, orders_1.o_orderkey FROM (SELECT customer.c_custkey AS customer_c_custkey, customer.c_name AS customer_c_name FROM customer WHERE customer.c_nationkey = 3 LIMIT 10) AS anon_1 JOIN orders AS orders_1 ON anon_1.customer_c_custkey = orders_1.o_custkey;
--- preload (Rails)
SELECT "orders".* FROM "orders" WHERE "orders"."o_custkey" IN (1, 2, 3, 4, 5);
--- find by (Rails)
SELECT "customer".* FROM "customer" WHERE "customer"."c_mktsegment" = 'BUILDING' ORDER BY "customer"."c_custkey" ASC LIMIT 1;
--- lateral (Prisma)
SELECT t0.c_custkey, t0.c_name, t1.data FROM customer t0 LEFT JOIN LATERAL (SELECT coalesce(json_agg(json_build_object('key', o.o_orderkey, 'clerk', o.o_clerk)), '[]') AS data FROM orders o WHERE o.o_custkey = t0.c_custkey) t1 ON true WHERE t0.c_nationkey = 3;
--- grid with row identity (DataGrip)
SELECT t.*, ctid FROM public.customer t WHERE t.c_nationkey = 3 LIMIT 501;
--- lock (Hibernate)
SELECT c1_0.c_custkey, c1_0.c_name, c1_0.c_acctbal FROM customer c1_0 WHERE c1_0.c_custkey = 42 FOR NO KEY UPDATE;
--- queue (job runners)
SELECT o_orderkey, o_comment FROM orders WHERE o_orderstatus = 'O' ORDER BY o_orderdate LIMIT 10 FOR UPDATE SKIP LOCKED;
--- by place (BI)
SELECT c.c_custkey, c.c_name, sum(o.o_totalprice) FROM customer c JOIN orders o ON o.o_custkey = c.c_custkey GROUP BY 1 ORDER BY 3 DESC LIMIT 10;
--- distinct (BI)
SELECT DISTINCT c_mktsegment FROM customer ORDER BY 1;
--- month (BI)
SELECT date_trunc('month', o_orderdate) AS month, count(DISTINCT o_custkey), sum(o_totalprice) FROM orders JOIN customer ON o_custkey = c_custkey WHERE c_mktsegment = 'MACHINERY' GROUP BY 1 ORDER BY 1;
--- window (BI)
SELECT c_custkey, c_name, rank() OVER (PARTITION BY c_nationkey ORDER BY c_acctbal DESC) FROM customer;
--- view
SELECT c_name, c_phone, n_name FROM contacts WHERE c_custkey = 42;
--- view, joined
SELECT v.c_name, count(*) FROM contacts v JOIN orders o ON o.o_custkey = v.c_custkey WHERE v.n_name = 'PERU' GROUP BY v.c_name;
--- by a masked column
SELECT c_custkey FROM customer WHERE c_phone = '17-1055139';
--- by an expression of a masked column
SELECT c_custkey FROM customer WHERE lower(c_name) = 'customer#42';
--- order of a masked column
SELECT c_custkey, c_name FROM customer ORDER BY c_name LIMIT 20;
--- join by a masked column
SELECT a.c_custkey, b.c_custkey FROM customer a JOIN customer b USING (c_phone) LIMIT 20;
--- group of a masked column
SELECT c_name, count(*) FROM customer GROUP BY c_name ORDER BY 2 DESC LIMIT 20;
--- WITH
WITH big AS (SELECT o_custkey, sum(o_totalprice) AS total FROM orders GROUP BY o_custkey) SELECT c_name, total FROM big JOIN customer ON c_custkey = o_custkey ORDER BY total DESC LIMIT 5;
--- UNION
SELECT c_name AS name, c_phone AS phone FROM customer WHERE c_nationkey = 3 UNION ALL SELECT s_name, s_phone FROM supplier WHERE s_nationkey = 3;
--- change by another table
UPDATE orders SET o_shippriority = 1 FROM customer WHERE c_custkey = o_custkey AND c_mktsegment = 'BUILDING';
--- delete by a list
DELETE FROM lineitem WHERE l_orderkey IN (SELECT o_orderkey FROM orders WHERE o_custkey = 42);
