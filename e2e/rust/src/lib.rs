//! What the two programs share: what they connect to, and statements that fail.

use std::env;

/// What libpq's environment says.
pub fn said(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// The size in megabytes of the largest value: the first argument.
pub fn megabytes() -> usize {
    env::args().nth(1).map_or(1, |given| given.parse().expect("a number of megabytes"))
}

/// A schema with something in it, made anew.
pub const PREPARE: &str = "
    DROP SCHEMA IF EXISTS day CASCADE; CREATE SCHEMA day; SET search_path = day, public;
    CREATE EXTENSION IF NOT EXISTS hstore;
    CREATE TYPE mood AS ENUM ('low', 'fine'); CREATE TYPE pair AS (n int4, word text);
    CREATE DOMAIN positive AS int4 CHECK (VALUE > 0); CREATE TYPE span AS RANGE (subtype = float8);
    CREATE TABLE items (id int4 PRIMARY KEY, word varchar(20) NOT NULL DEFAULT 'none', n int4 CONSTRAINT enough CHECK (n > 0));
    CREATE TABLE parts (id int4 PRIMARY KEY, item int4 REFERENCES items DEFERRABLE);
    INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series(1, 20) i; INSERT INTO parts VALUES (0, 1);
    CREATE FUNCTION raised(code text) RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'raised %', code
        USING errcode = code, detail = 'the detail', hint = 'the hint', schema = 's', table = 't', column = 'c',
        datatype = 'd', constraint = 'k'; END $$";

pub const FAILING: &[&str] = &[
    "SELEC 1",
    "SELECT nothing",
    "SELECT * FROM nowhere",
    "SELECT 1/0",
    "SELECT 'x'::int4",
    "INSERT INTO items VALUES (1, 'again', 1)",
    "INSERT INTO items VALUES (NULL, 'none', 1)",
    "INSERT INTO items VALUES (50, 'much', -1)",
    "INSERT INTO parts VALUES (1, 99)",
    "DELETE FROM items WHERE id = 1",
    "INSERT INTO items (id, word) VALUES (51, repeat('x', 30))",
    "SELECT '-1'::positive",
    "SELECT raised('23514')",
    "SELECT raised('22012')",
    "SET statement_timeout = 'soon'",
    "EXECUTE nowhere",
    "LOCK TABLE items",
    "SELECT 1; SELECT nothing",
];

pub const VALUES: &[(&str, &str)] = &[
    ("bool", "t"),
    ("int2", "-32768"),
    ("int4", "2147483647"),
    ("int8", "-9223372036854775808"),
    ("oid", "4294967295"),
    ("float4", "1.5"),
    ("float8", "NaN"),
    ("numeric", "-12345678901234567890.0123456789"),
    ("money", "12.34"),
    ("text", "grüße 🐍"),
    ("varchar(3)", "abc"),
    ("char(5)", "ab"),
    ("name", "a name"),
    ("bytea", "\\x00ff10"),
    ("date", "infinity"),
    ("time", "23:59:59.5"),
    ("timetz", "12:00:00+03"),
    ("timestamp", "2024-02-29 12:30:01.00025"),
    ("timestamptz", "2024-02-29 12:30:00+05:30"),
    ("interval", "1 year 2 mons 3 days 04:05:06.789"),
    ("uuid", "12345678-1234-5678-1234-567812345678"),
    ("json", "{\"a\": [1, null]}"),
    ("jsonb", "{\"b\": {\"c\": \"x\"}}"),
    ("xml", "<a>1</a>"),
    ("inet", "10.1.2.3/8"),
    ("cidr", "10.0.0.0/8"),
    ("macaddr", "08:00:2b:01:02:03"),
    ("bit(4)", "1010"),
    ("varbit", "101"),
    ("point", "(1.5,-2)"),
    ("polygon", "((0,0),(1,1),(2,0))"),
    ("tsvector", "'a':1 'b':2"),
    ("tsquery", "'a' & 'b'"),
    ("int4range", "[1,5)"),
    ("tstzrange", "[2024-01-01 00:00:00+00,)"),
    ("nummultirange", "{[1,2),[3,4)}"),
    ("int4[]", "{1,NULL,3}"),
    ("text[]", "{\"a,b\",\"\\\"\",NULL,\"\"}"),
    ("int4[][]", "{{1,2},{3,4}}"),
    ("mood", "fine"),
    ("mood[]", "{fine,low}"),
    ("pair", "(1,\"a b\")"),
    ("pair[]", "{\"(1,x)\",NULL}"),
    ("positive", "7"),
    ("span", "[0.5,2)"),
    ("hstore", "\"a\"=>\"1\", \"b\"=>NULL"),
    ("tid", "(0,1)"),
    ("pg_lsn", "16/B374D848"),
];
