"""What pgAdmin and DBeaver ask as they open a server, a database, a schema and a table: every row of every answer."""

import pathlib
import subprocess
import sys

DATABASES = ["postgres", "other"]
SETTINGS = {"autovacuum": "off", "jit": "off", "wal_level": "logical"}
ENOUGH = {"exit 0": 2}
PATIENCE = 600
HERE = pathlib.Path(__file__).parent


def run(house, way, peers, folder, say):
    house.sql("postgres", "CREATE DATABASE other")
    house.sql("postgres", (HERE / "everything.sql").read_text())
    for program in ("dbeaver", "pgadmin"):
        say(program)
        done = subprocess.run(
            [sys.executable, "-B", HERE / "gui" / f"{program}.py", peers / "pgadmin"],
            env=getattr(house, way)() | {"PYTHONPATH": str(peers / "python"), "PGDATABASE": "postgres"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        (folder / f"{program}.out").write_bytes(done.stdout + b"exit %d\n" % done.returncode)
