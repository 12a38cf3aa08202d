"""asyncpg asks the catalog about every type that it does not know, and then reads values of it."""

import asyncio
import os

import asyncpg


async def main() -> None:
    connection = await asyncpg.connect(timeout=30)
    for row in await connection.fetch("SELECT id, state, prices, valid, placed FROM orders ORDER BY id"):
        print(dict(row))
    for row in await connection.fetch("SELECT id, name, tags, born FROM customers WHERE id = any($1::int[]) ORDER BY id", [1, 2]):
        print(dict(row))
    statement = await connection.prepare("SELECT state, valid FROM orders WHERE state = $1 AND customer = $2")
    print(statement.get_parameters(), statement.get_attributes())
    print(await statement.fetch("paid", 1))
    await connection.set_type_codec("status", schema="public", encoder=str, decoder=str.upper)
    print(await connection.fetchval("SELECT state FROM orders WHERE id = 1"))
    await connection.close()
    print("the end")


assert os.environ["PGHOST"]
asyncio.run(main())
