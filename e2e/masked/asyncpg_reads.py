"""Reads the answers to the questions on its input with asyncpg, which asks for nothing but binary where it can."""

import asyncio
import sys

import asyncpg


async def main():
    connection = await asyncpg.connect(timeout=30)
    for question in sys.stdin.read().splitlines():
        try:
            rows = await connection.fetch(question)
            said = [[None if value is None else str(value) for value in row] for row in rows]
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, UnicodeError, OverflowError) as error:
            said = f"{type(error).__name__}: {error}"
        print("binary", question, said, sep="\t")
    await connection.close()
    print("the end")


asyncio.run(main())
