"""Tables with a column of every type that comes with the server, one table for each kind of mask."""

# a type, and a value of it as text
TYPES = {
    "bool": "t", "int2": "-32768", "int4": "2147480999", "int8": "-9223372036854775808", "oid": "4294967295",
    "float4": "1.5", "float8": "-0.1", "numeric": "-12345678901234567890.0123456789", "numeric(12,3)": "1.0005", "money": "12.34",
    "text": "grüße, sehr geheim", "varchar(24)": "abc def ghi", "char(9)": "ab cdefg", "name": "a hidden name", '"char"': "x",
    "bytea": "\\x00ff10", "date": "1999-12-31", "time": "23:59:59.5", "timetz": "12:00:00+03",
    "timestamp(3)": "2024-02-29 12:30:01.25", "timestamptz": "2024-02-29 12:30:00+05:30", "interval": "1 year 2 mons 3 days 04:05:06.789",
    "uuid": "12345678-1234-5678-1234-567812345678", "json": '{"a": [1, null]}', "jsonb": '{"b": {"c": "x"}}', "jsonpath": "$.a[*]",
    "xml": "<a>1</a>", "inet": "10.1.2.3/8", "cidr": "10.0.0.0/8", "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05", "bit(4)": "1010", "varbit": "101", "point": "(1.5,-2)", "line": "{1,2,3}",
    "lseg": "[(0,0),(1,1)]", "box": "(2,2),(0,0)", "path": "((0,0),(1,1))", "circle": "<(0,0),1>", "polygon": "((0,0),(1,1),(2,0))",
    "tsvector": "'a':1 'b':2", "tsquery": "'a' & 'b'", "int4range": "[1,5)", "int8range": "[1,5)", "numrange": "[1.5,2)",
    "daterange": "[2024-01-01,2025-01-01)", "tsrange": '["2024-01-01 00:00:00",)', "tstzrange": '["2024-01-01 00:00:00+00",)',
    "int4multirange": "{[1,2),[3,4)}", "nummultirange": "{[1,2),[3,4)}", "datemultirange": "{[2024-01-01,2025-01-01)}",
    "bool[]": "{t,f}", "int2[]": "{1,2}", "int4[]": "{1,2,3}", "int8[]": "{9,8}", "float8[]": "{1.5,NULL}", "numeric[]": "{1.5,2}",
    "text[]": '{"a,b c d e f","\\"",""}', "varchar[]": "{abcdefgh,NULL}", "char(9)[]": "{abcdefg}", "bytea[]": '{"\\\\x00"}',
    "date[]": "{1999-12-31}", "timestamptz[]": '{"2024-02-29 12:30:00+00"}', "uuid[]": "{12345678-1234-5678-1234-567812345678}",
    "jsonb[]": '{"{\\"a\\": 1}"}', "inet[]": "{10.1.2.3}", "int4[][]": "{{1,2},{3,4}}", "pg_lsn": "16/B374D848", "tid": "(0,1)",
    "xid": "42", "xid8": "42", "cid": "7", "txid_snapshot": "10:20:10,14", "pg_snapshot": "10:20:10,14", "int2vector": "1 2",
    "oidvector": "1 2", "regclass": "pg_class", "regtype": "integer", "regproc": "now", "regprocedure": "now()",
    "regnamespace": "pg_catalog", "regrole": "postgres", "regconfig": "english", "regdictionary": "simple", "regcollation": '"C"',
}  # fmt: skip
# what stands in a mask besides its name and columns
KINDS = {
    "null": 'kind = "null"',
    "fixed": 'kind = "fixed"',
    "partial": 'kind = "partial"\nkeep_last = 4',
    "bucket": 'kind = "bucket"\nsize = 1000\nper = "month"',
    "hash": 'kind = "hash"',
    "token": 'kind = "token"',
    "fpe": 'kind = "fpe"',
    "fake": 'kind = "fake"\nfake = "name"',
}


NAMES = [f"c{number}" for number in range(len(TYPES))]


def tables():
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES, TYPES))
    values = ", ".join("$v$" + value + "$v$" for value in TYPES.values())
    return "".join(
        f"CREATE TABLE of_{mask} (id int PRIMARY KEY, {columns});"
        f"INSERT INTO of_{mask} VALUES (1, {values}); INSERT INTO of_{mask} (id) VALUES (2);"
        for mask in KINDS
    )


def masks():
    listed = ",".join(NAMES)
    return "".join(
        f'\n[[mask]]\nname = "{mask}"\ncolumns = ["public.of_{mask}.{{{listed}}}"]\n{more}\n' for mask, more in KINDS.items()
    )


def question(mask, columns):
    return f"SELECT {', '.join(columns)} FROM of_{mask} ORDER BY id"
