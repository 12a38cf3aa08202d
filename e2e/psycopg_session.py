"""A day of a psycopg client. It prints what it sees, and goes where libpq's environment says.

It is run straight to PostgreSQL and through Postern; both must print the same.
"""

import datetime
import decimal
import uuid

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

VALUES = {
    "int8": 2**62,
    "numeric": decimal.Decimal("12345678901234567890.0123456789"),
    "float8": 0.1,
    "bool": True,
    "text": "grüße \U0001f40d",
    "bytea": bytes(range(256)),
    "date": datetime.date(1999, 12, 31),
    "timestamp": datetime.datetime(2024, 2, 29, 12, 30, 1, 250),
    "timestamptz": datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc),
    "time": datetime.time(23, 59, 59),
    "interval": datetime.timedelta(days=3, seconds=4),
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "jsonb": Jsonb({"a": [1, None, "x"]}),
    "int4[]": [1, None, 3],
    "text[]": ["", "a,b", '"', None],
    "numeric[]": [decimal.Decimal("1.50"), None],
}


def show(title, value):
    print(f"{title}: {value!r}")


def failing(title, work):
    try:
        work()
    except psycopg.Error as error:
        diag = error.diag
        show(title, (diag.sqlstate, diag.message_primary, diag.message_detail, diag.statement_position))
    else:
        show(title, "no error")


def types(connection):
    for binary in (False, True):
        mark = sql.SQL("%b" if binary else "%t")
        for name, value in VALUES.items():
            cursor = connection.cursor(binary=binary)
            query = sql.SQL("SELECT {mark}::{name} AS value").format(mark=mark, name=sql.SQL(name))
            row = cursor.execute(query, [value]).fetchone()
            column = cursor.description[0]
            show(f"{name} {'binary' if binary else 'text'}", (row[0], column.type_code, column.name))
        show("null", connection.execute("SELECT %s::int", [None]).fetchone())


def transactions(connection):
    connection.execute("CREATE TABLE numbers (n int PRIMARY KEY, word text)")
    with connection.transaction():
        connection.execute("INSERT INTO numbers VALUES (1, 'one')")
        try:
            with connection.transaction():
                connection.execute("INSERT INTO numbers VALUES (1, 'again')")
        except psycopg.errors.UniqueViolation as error:
            show("inner", error.diag.constraint_name)
        connection.execute("INSERT INTO numbers VALUES (2, 'two')")
    show("after", connection.execute("SELECT * FROM numbers ORDER BY n").fetchall())
    connection.autocommit = False
    failing("division", lambda: connection.execute("SELECT 1 / 0"))
    show("status", connection.info.transaction_status.name)
    failing("in a failed transaction", lambda: connection.execute("SELECT 1"))
    connection.rollback()
    show("status", connection.info.transaction_status.name)
    connection.autocommit = True


def many(connection):
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO numbers VALUES (%s, %s)", [(n, f"word {n}") for n in range(10, 1010)])
    show("executemany", cursor.rowcount)
    cursor.executemany("SELECT %s + 1", [(n,) for n in range(3)], returning=True)
    results = [cursor.fetchone()]
    while cursor.nextset():
        results.append(cursor.fetchone())
    show("returning", results)


def pipelines(connection):
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s * 2", [n]) for n in range(50)]
        pipeline.sync()
        show("pipeline", [cursor.fetchone()[0] for cursor in cursors])

    def broken():
        with connection.pipeline():
            connection.execute("INSERT INTO numbers VALUES (5000, 'lost')")
            connection.execute("SELECT 1 / 0")
            connection.execute("INSERT INTO numbers VALUES (5001, 'never')")

    failing("broken pipeline", broken)
    show("what it left", connection.execute("SELECT count(*) FROM numbers WHERE n >= 5000").fetchone())


def copies(connection):
    cursor = connection.cursor()
    with cursor.copy("COPY numbers FROM STDIN") as copy:
        for n in range(2000, 3000):
            copy.write_row((n, None if n % 7 == 0 else f"tab\t{n}"))
    show("copied in", cursor.rowcount)
    with cursor.copy("COPY numbers FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        for n in range(3000, 3100):
            copy.write_row((n, "b" * n))
    show("copied in, binary", cursor.rowcount)
    with cursor.copy("COPY (SELECT * FROM numbers WHERE n > 2990 ORDER BY n LIMIT 20) TO STDOUT") as copy:
        show("copied out", [bytes(block)[:40] for block in copy])
    with cursor.copy("COPY (SELECT n, word FROM numbers ORDER BY n LIMIT 5) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        show("copied out, binary", list(copy.rows()))

    def given_up():
        with connection.cursor().copy("COPY numbers FROM STDIN") as copy:
            copy.write_row((9000, "x"))
            raise RuntimeError("changed my mind")

    try:
        given_up()
    except RuntimeError as error:
        show("given up", (str(error), connection.execute("SELECT count(*) FROM numbers WHERE n = 9000").fetchone()))

    def wrong():
        with connection.cursor().copy("COPY numbers FROM STDIN") as copy:
            copy.write("no number\tx\n")

    failing("wrong rows", wrong)


def cursors(connection):
    with connection.transaction(), connection.cursor(name="slow") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT n FROM numbers ORDER BY n")
        show("iterated", sum(row[0] for row in cursor))
    with connection.transaction(), connection.cursor(name="back", scrollable=True) as cursor:
        cursor.execute("SELECT n FROM numbers ORDER BY n")
        cursor.scroll(500)
        show("scrolled", cursor.fetchmany(3))
        cursor.scroll(0, mode="absolute")
        show("and back", cursor.fetchone())
    with connection.cursor() as cursor:
        show("streamed", sum(row[0] for row in cursor.stream("SELECT n FROM numbers")))


def prepared(connection):
    for n in range(8):
        connection.execute("SELECT word FROM numbers WHERE n = %s", [n + 10], prepare=True).fetchone()
    connection.execute("ALTER TABLE numbers ADD more int DEFAULT 3")
    show("after ALTER", connection.execute("SELECT * FROM numbers WHERE n = %s", [10], prepare=True).fetchone())
    connection.execute("ALTER TABLE numbers DROP more")
    connection.execute("DISCARD ALL")
    show("after DISCARD", connection.execute("SELECT word FROM numbers WHERE n = 11").fetchone())


def notifications(connection):
    connection.execute("LISTEN bell")
    with psycopg.connect(autocommit=True) as other:
        other.execute("NOTIFY bell, 'ding'")
        other.execute("SELECT pg_notify('bell', 'dong')")
    heard = [(one.channel, one.payload) for one in connection.notifies(timeout=10, stop_after=2)]
    show("heard", heard)
    connection.execute("UNLISTEN *")


def cancelling(connection):
    import threading

    timer = threading.Timer(0.3, connection.cancel_safe)
    timer.start()
    failing("cancelled", lambda: connection.execute("SELECT pg_sleep(20)"))
    timer.join()
    show("and on", connection.execute("SELECT 1").fetchone())


def main():
    with psycopg.connect(autocommit=True) as connection:
        notices = []
        connection.add_notice_handler(lambda diag: notices.append((diag.severity, diag.message_primary)))
        connection.execute("DROP TABLE IF EXISTS numbers")
        show("notices", notices)
        show("parameters", [connection.info.parameter_status(name) for name in ("server_version", "client_encoding", "DateStyle", "integer_datetimes")])
        for part in (types, transactions, many, pipelines, copies, cursors, prepared, notifications, cancelling):
            print(f"# {part.__name__}")
            part(connection)
        connection.execute("DROP TABLE numbers")
        big = connection.execute("SELECT repeat('x', 5000000) AS big, generate_series(1, 3)").fetchall()
        show("big", [(len(row[0]), row[1]) for row in big])
    print("the end")


main()
