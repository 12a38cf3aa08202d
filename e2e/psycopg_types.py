"""Values of every kind of type, in both formats and both ways, as the bytes that are on the wire; and what lasts longer
than a transaction: cursors WITH HOLD, transactions in two phases, LISTEN while nothing happens.

It is run straight to PostgreSQL and through Postern; both must print the same. The types stay, because their numbers
are in the bytes.
"""

import contextlib
import time

import psycopg
from psycopg import pq

TYPES = """
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'so"so');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE place AS (street text, number positive, moods mood[]);
CREATE DOMAIN home AS place CHECK ((VALUE).number < 1000);
CREATE TYPE steps AS RANGE (subtype = float8);
CREATE TABLE lived (id int PRIMARY KEY, at place, during daterange, kept home[]);
"""
THERE = "SELECT to_regclass('lived') IS NOT NULL"

# the type, and a value of it as text
VALUES = [
    ("mood", 'so"so'),
    ("mood[]", '{sad,NULL,"so\\"so"}'),
    ("positive", "7"),
    ("positive[]", "{1,2}"),
    ("place", '("Am Graben, 1",7,"{ok,NULL}")'),
    ("place", "(,,)"),
    ("place[]", '{"(a,1,{})","(\\"b c\\",2,{sad})",NULL}'),
    ("home", "(x,999,{})"),
    ("int4range", "[1,10)"),
    ("int4range", "empty"),
    ("numrange", "(,1.50]"),
    ("tstzrange", '["2024-02-29 12:00:00+00",infinity)'),
    ("daterange[]", '{"[2020-01-01,2021-01-01)",empty}'),
    ("steps", "[0.25,0.5]"),
    ("int4multirange", "{[1,3),[5,8)}"),
    ("datemultirange", "{}"),
    ("steps_multirange", "{[0,0.5]}"),
    ("hstore", '"a"=>"1", "b c"=>NULL'),
    ("hstore[]", '{"\\"a\\"=>\\"1\\""}'),
    ("citext", "Grüße"),
    ("citext[]", "{Ab,aB}"),
    ("int4[]", "[0:1][2:3]={{1,2},{3,4}}"),
    ("json", '{"b":1, "a" : [null]}'),
    ("jsonb", '{"b":1, "a" : [null]}'),
    ("jsonpath", "$.a[*] ? (@ > 1)"),
    ("xml", "<a>ü</a>"),
    ("bit varying(5)", "10110"),
    ("macaddr8", "08:00:2b:01:02:03:04:05"),
    ("inet", "fe80::1/64"),
    ("cidr", "10.1.0.0/16"),
    ("money", "$1,234.50"),
    ("interval", "1 year -3 days 04:05:06.7"),
    ("timetz", "23:59:59.999999+05:30"),
    ("numeric", "NaN"),
    ("numeric(30,10)", "-12345678901234567890.0123456789"),
    ("float8", "-0"),
    ("float4", "Infinity"),
    ("timestamptz", "0044-03-15 12:00:00+00 BC"),
    ("date", "-infinity"),
    ('"char"', "\\337"),
    ("name", "n" * 63),
    ("oid", "4294967295"),
    ("xid8", "18446744073709551615"),
    ("pg_lsn", "16/B374D848"),
    ("tid", "(4294967295,65535)"),
    ("regclass", "pg_class"),
    ("regtype", "mood"),
    ("tsvector", "'fat':2A 'rat':3"),
    ("tsquery", "'fat' & !'rat'"),
    ("point", "(1.5,-2)"),
    ("path", "[(0,0),(1,1)]"),
    ("polygon", "((0,0),(1,0),(1,1))"),
    ("uuid", "12345678-1234-5678-1234-567812345678"),
    ("bytea", "\\x00ff"),
]


def show(title, value):
    print(f"{title}: {value!r}")


def value(connection, kind, given, parameter, result):
    """The value, sent in one format and read in the other, and what the server calls its type."""
    answer = connection.pgconn.exec_params(f"SELECT $1::{kind} AS value".encode(), [given], None, [parameter], result)
    if answer.status != pq.ExecStatus.TUPLES_OK:
        return answer.error_field(pq.DiagnosticField.SQLSTATE), answer.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    return answer.get_value(0, 0), answer.fmod(0), answer.fsize(0), answer.fformat(0)


def types(connection):
    for kind, text in VALUES:
        read = [value(connection, kind, text.encode(), 0, result) for result in (0, 1)]
        show(f"{kind} of text", read)
        binary = read[1][0]
        show(f"{kind} of binary", [value(connection, kind, binary, 1, result) for result in (0, 1)])
        show(f"{kind} of nothing", value(connection, kind, None, 1, 1))
    for kind, text in [("positive", "0"), ("mood", "glad"), ("home", "(x,1000,{})"), ("int4range", "[2,1]")]:
        show(f"{kind} of what it is not", value(connection, kind, text.encode(), 0, 1))


def rows(connection):
    connection.execute(
        "INSERT INTO lived VALUES (1, ROW('a', 1, '{ok}'), '[2020-01-01,2021-01-01)', ARRAY[ROW('b', 2, '{}')::home])"
    )
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        row = cursor.execute("SELECT lived, (at).moods, during, kept[1], at = ROW('a', 1, '{ok}')::place FROM lived")
        show("a row", (row.fetchone(), [column.type_code > 16383 for column in cursor.description]))
    with connection.cursor().copy("COPY lived TO STDOUT") as copy:
        show("copied", [bytes(block) for block in copy])


def held(connection):
    with connection.transaction():
        connection.execute("DECLARE kept CURSOR WITH HOLD FOR SELECT n, n::text::citext FROM generate_series(1, 100) n")
        show("in its transaction", connection.execute("FETCH 2 FROM kept").fetchall())
    with connection.transaction():
        show("in the next", connection.execute("FETCH 2 FROM kept").fetchall())
    show("outside", connection.execute("MOVE FORWARD 90 FROM kept").statusmessage)
    show("the rest", connection.execute("FETCH ALL FROM kept").fetchall())
    connection.execute("CLOSE kept")
    with connection.cursor(name="named", withhold=True) as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 10) n")
        show("by the driver", cursor.fetchmany(3))
        connection.execute("SELECT 1")
        show("after something else", cursor.fetchall())


def two_phases():
    def prepared(connection):
        return connection.execute("SELECT gid FROM pg_prepared_xacts ORDER BY gid").fetchall()

    with contextlib.closing(psycopg.connect()) as connection:
        for name, end in [("kept", "tpc_commit"), ("lost", "tpc_rollback")]:
            connection.tpc_begin(name)
            connection.execute("INSERT INTO lived (id) VALUES (%s)", [len(name) if name == "kept" else 99])
            connection.tpc_prepare()
            with psycopg.connect(autocommit=True) as other:
                show("prepared", prepared(other))
                show("recovered", [xid.gtrid for xid in other.tpc_recover()])
            getattr(connection, end)()
        # by somebody else than who prepared it
        connection.tpc_begin("left")
        connection.execute("INSERT INTO lived (id) VALUES (5)")
        connection.tpc_prepare()
    with psycopg.connect(autocommit=True) as other:
        other.execute("COMMIT PREPARED 'left'")
        show("what is left", (prepared(other), other.execute("SELECT id FROM lived ORDER BY id").fetchall()))
        try:
            other.execute("ROLLBACK PREPARED 'left'")
        except psycopg.Error as error:
            show("again", (error.sqlstate, error.diag.message_primary))


def listening(connection):
    connection.execute("LISTEN bell")
    time.sleep(2)
    with psycopg.connect(autocommit=True) as other:
        own = other.info.backend_pid
        for payload in ("one", "", "ü" * 100):
            other.execute("SELECT pg_notify('bell', %s)", [payload])
    for note in connection.notifies(timeout=20, stop_after=3):
        show("heard", (note.channel, note.payload, note.pid == own))
    with connection.transaction():
        connection.execute("NOTIFY bell, 'own'")
        show("not before the end", list(connection.notifies(timeout=0.2)))
    show("own", [note.payload for note in connection.notifies(timeout=20, stop_after=1)])


def main():
    with psycopg.connect(autocommit=True) as connection:
        if not connection.execute(THERE).fetchone()[0]:
            connection.execute(TYPES)
        connection.execute("TRUNCATE lived")
        types(connection)
        rows(connection)
        held(connection)
        listening(connection)
    two_phases()
    print("the end")


main()
