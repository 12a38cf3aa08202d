"""Reads the answers to the questions on its input with psycopg, in both formats."""

import sys

import psycopg

with psycopg.connect(autocommit=True) as connection:
    for question in sys.stdin.read().splitlines():
        for binary in (False, True):
            try:
                with connection.cursor(binary=binary) as cursor:
                    rows = cursor.execute(question).fetchall()
                said = [[None if value is None else str(value) for value in row] for row in rows]
            except (psycopg.Error, ValueError, UnicodeError) as error:
                said = f"{type(error).__name__}: {error}"
            print("binary" if binary else "text", question, said, sep="\t")
print("the end")
