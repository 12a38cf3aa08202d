"""A day beside a standby: which of two servers libpq chooses, what a standby refuses, and how it becomes the first.

It goes where libpq's environment says, which names two servers: the first, and a standby of it. It waits for the standby
to be promoted. It is run straight to PostgreSQL and through Postern; both must print the same.
"""

import time

import psycopg

CHOICES = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]
# what libpq chooses by
REPORTED = ["in_hot_standby", "default_transaction_read_only"]
REFUSED = [
    "INSERT INTO items VALUES (1)",
    "UPDATE items SET name = 'x' WHERE id = 1",
    "DELETE FROM items",
    "CREATE TABLE never (x int)",
    "CREATE TEMP TABLE never (x int)",
    "DROP TABLE items",
    "SELECT * FROM items WHERE id = 1 FOR UPDATE",
    "LOCK TABLE items IN EXCLUSIVE MODE",
    "COPY items FROM STDIN",
    "TRUNCATE items",
    "VACUUM items",
    "LISTEN changes",
    "NOTIFY changes",
    "SELECT nextval('counted')",
    "SELECT txid_current()",
    "BEGIN READ WRITE",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "SET transaction_read_only = off",
    "SET in_hot_standby = off",
    "PREPARE TRANSACTION 'never'",
    "SELECT nothing",
]
LOOKED_AT = [
    "SELECT count(*) FROM items",
    "SELECT pg_is_in_recovery(), current_setting('in_hot_standby'), current_setting('transaction_read_only')",
    "SHOW in_hot_standby",
    "EXPLAIN (COSTS OFF) SELECT * FROM items WHERE id = 7",
    "DO $$ BEGIN PERFORM 1; END $$",
    "SET work_mem = '5MB'",
    "BEGIN READ ONLY; SELECT 1; COMMIT",
    "BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c CURSOR FOR SELECT id FROM items ORDER BY id; FETCH 2 FROM c; COMMIT",
    "SELECT pg_last_wal_replay_lsn() IS NOT NULL",
]


def told(connection):
    return {name: connection.info.parameter_status(name) for name in REPORTED}


def tried(connection, statement):
    try:
        cursor = connection.execute(statement)
        rows = cursor.fetchall() if cursor.description else None
        print(f"{statement}: {cursor.statusmessage} {rows}")
    except psycopg.Error as error:
        said = error.diag
        print(f"{statement}: {error.sqlstate} {said.severity} {said.message_primary} {said.message_detail} {said.message_hint}")
        print(f"  {said.statement_position} {said.source_file} {said.source_function} {connection.info.transaction_status.name}")
        connection.execute("ROLLBACK")


def chosen(title, **words):
    try:
        with psycopg.connect(**words, autocommit=True) as connection:
            there = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            print(f"{title}: {connection.info.host} {there} {told(connection)}")
    except psycopg.OperationalError as error:
        print(f"{title}: {str(error).replace(str(words.get('port')), 'PORT')}")


for choice in CHOICES:
    chosen(choice, target_session_attrs=choice)
chosen("read-only by an option", target_session_attrs="read-only", options="-c default_transaction_read_only=on")
with psycopg.connect(target_session_attrs="standby", autocommit=True) as connection:
    for statement in [*LOOKED_AT, *REFUSED]:
        tried(connection, statement)
    print("waiting to be promoted", flush=True)
    began = time.monotonic()
    # by itself the server tells it to a session only as that does something
    while connection.info.parameter_status("in_hot_standby") == "on" and time.monotonic() - began < 60:
        connection.execute("SELECT 1")
        time.sleep(0.05)
    print(f"promoted: {told(connection)}")
    tried(connection, "INSERT INTO items VALUES (99999, 'on the second', 1)")
    tried(connection, "DELETE FROM items WHERE id = 99999")
print("the end")
