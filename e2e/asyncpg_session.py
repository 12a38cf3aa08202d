"""A day of an asyncpg client, whose every value is binary. It prints what it sees.

It is run straight to PostgreSQL and through Postern; both must print the same.
"""

import asyncio
import datetime
import decimal
import io
import json
import uuid

import asyncpg

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
    "jsonb": json.dumps({"a": [1, None, "x"]}),
    "int4[]": [1, None, 3],
    "text[]": ["", "a,b", '"', None],
    "numeric[]": [decimal.Decimal("1.50"), None],
    "int4range": asyncpg.Range(1, 5),
}


def show(title, value):
    print(f"{title}: {value!r}")


async def failing(title, work):
    try:
        await work
    except asyncpg.PostgresError as error:
        show(title, (error.sqlstate, str(error), error.detail, error.position))
    else:
        show(title, "no error")


async def types(connection):
    for name, value in VALUES.items():
        show(name, await connection.fetchval(f"SELECT $1::{name} AS value", value))
    show("null", await connection.fetchval("SELECT $1::int", None))
    statement = await connection.prepare("SELECT 1::int4 AS a, 'x'::text AS b WHERE $1 > 2")
    show("parameters", [(one.name, one.kind) for one in statement.get_parameters()])
    show("attributes", [(one.name, one.type.name) for one in statement.get_attributes()])


async def own_types(connection):
    """These make the driver ask the catalog what they are."""
    await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
    await connection.execute("CREATE TYPE pair AS (a int, b text)")
    await connection.execute("CREATE DOMAIN small AS int CHECK (VALUE < 10)")
    show("enum", await connection.fetchval("SELECT $1::mood", "glad"))
    show("enums", await connection.fetchval("SELECT $1::mood[]", ["glad", "sad"]))
    show("composite", tuple(await connection.fetchval("SELECT $1::pair", (1, "x"))))
    show("domain", await connection.fetchval("SELECT $1::small", 3))
    await failing("too large", connection.fetchval("SELECT $1::small", 30))


async def transactions(connection):
    await connection.execute("CREATE TABLE numbers (n int PRIMARY KEY, word text, mood mood)")
    async with connection.transaction(isolation="serializable"):
        await connection.execute("INSERT INTO numbers VALUES ($1, $2)", 1, "one")
        try:
            async with connection.transaction():
                await connection.execute("INSERT INTO numbers VALUES (1, 'again')")
        except asyncpg.UniqueViolationError as error:
            show("inner", error.constraint_name)
        await connection.execute("INSERT INTO numbers VALUES (2, 'two', 'sad')")
    show("after", [tuple(row) for row in await connection.fetch("SELECT * FROM numbers ORDER BY n")])
    transaction = connection.transaction()
    await transaction.start()
    await failing("division", connection.fetch("SELECT 1 / 0"))
    await failing("in a failed transaction", connection.fetch("SELECT 1"))
    await transaction.rollback()
    show("out of it", connection.is_in_transaction())
    async with connection.transaction(readonly=True):
        await failing("read only", connection.execute("DELETE FROM numbers"))


async def many(connection):
    await connection.executemany("INSERT INTO numbers VALUES ($1, $2)", [(n, f"word {n}") for n in range(10, 2010)])
    await failing("executemany", connection.executemany("INSERT INTO numbers VALUES ($1, '')", [(8000,), (8000,)]))
    show("what it left", await connection.fetchval("SELECT count(*) FROM numbers WHERE n >= 8000"))
    rows = await connection.fetchmany("INSERT INTO numbers VALUES ($1, 'm') RETURNING n", [(5000,), (5001,)])
    show("fetchmany", [tuple(row) for row in rows])


async def copies(connection):
    records = [(n, None if n % 7 == 0 else f"tab\t{n}") for n in range(3000, 4000)]
    show("records", await connection.copy_records_to_table("numbers", records=records, columns=["n", "word"]))
    source = io.BytesIO(b"4000,x\n4001,y\n")
    show("csv", await connection.copy_to_table("numbers", source=source, format="csv", columns=["n", "word"]))
    sink = io.BytesIO()
    query = "SELECT n, word FROM numbers WHERE n > $1 ORDER BY n LIMIT 20"
    show("out", await connection.copy_from_query(query, 3990, output=sink))
    show("text", sink.getvalue())
    sink = io.BytesIO()
    await connection.copy_from_table("numbers", output=sink, columns=["n"], format="binary")
    show("binary", len(sink.getvalue()))
    await failing("twice", connection.copy_records_to_table("numbers", records=[(1, "x")], columns=["n", "word"]))


async def cursors(connection):
    async with connection.transaction():
        total = 0
        async for row in connection.cursor("SELECT n FROM numbers ORDER BY n", prefetch=100):
            total += row["n"]
        show("iterated", total)
        cursor = await connection.cursor("SELECT n FROM numbers WHERE n > $1 ORDER BY n", 100)
        show("fetched", [row["n"] for row in await cursor.fetch(3)])
        show("skipped", await cursor.forward(5))
        show("next", (await cursor.fetchrow())["n"])
        show("to the end", await cursor.forward(100000) > 1000)
        show("nothing more", await cursor.fetchrow())


async def prepared(connection):
    statement = await connection.prepare("SELECT word, mood FROM numbers WHERE n = $1")
    show("prepared", [tuple(await statement.fetchrow(n)) for n in (1, 2, 10)])
    show("status", statement.get_statusmsg())
    await connection.execute("ALTER TABLE numbers ADD more int DEFAULT 3")
    show("after ALTER", tuple(await connection.fetchrow("SELECT * FROM numbers WHERE n = $1", 10)))
    await connection.execute("ALTER TABLE numbers DROP more")


async def notifications(connection):
    heard = asyncio.Queue()
    own = connection.get_server_pid()
    listener = lambda _connection, pid, channel, payload: heard.put_nowait((pid == own, channel, payload))
    await connection.add_listener("bell", listener)
    await connection.execute("NOTIFY bell, 'own'")
    show("heard of itself", await asyncio.wait_for(heard.get(), 10))
    other = await asyncpg.connect()
    await other.execute("NOTIFY bell, 'ding'")
    await other.execute("SELECT pg_notify('bell', $1)", "dong")
    show("heard", [await asyncio.wait_for(heard.get(), 10) for _ in range(2)])
    await other.close()


async def cancelling(connection):
    try:
        await connection.fetch("SELECT pg_sleep(20)", timeout=0.3)
    except asyncio.TimeoutError:
        show("timed out", True)
    show("and on", await connection.fetchval("SELECT 1"))


async def pools(_connection):
    async with asyncpg.create_pool(min_size=2, max_size=4) as pool:
        sums = await asyncio.gather(*(pool.fetchval("SELECT sum(n) FROM numbers WHERE n < $1", n) for n in range(40)))
        show("pool", sums)


async def main():
    connection = await asyncpg.connect()
    notices = []
    connection.add_log_listener(lambda _connection, message: notices.append((message.severity, message.message)))
    await connection.execute("DROP TABLE IF EXISTS numbers")
    await asyncio.sleep(0)
    show("notices", notices)
    show("server", (connection.get_server_version()[0], connection.get_settings().server_encoding))
    for part in (types, own_types, transactions, many, copies, cursors, prepared, notifications, cancelling, pools):
        print(f"# {part.__name__}")
        await part(connection)
    # its listener goes with its connection
    await connection.reset()
    await connection.execute("DROP TABLE numbers")
    await connection.execute("DROP TYPE mood, pair")
    await connection.execute("DROP DOMAIN small")
    await connection.close()
    print("the end")


asyncio.run(main())
