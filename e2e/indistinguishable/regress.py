"""PostgreSQL's own regression SQL, from the source package: psql runs every file of the schedule, one after the other.

The two outputs are compared with each other, not with what the package expects: that is of one version and platform.
"""

import os
import shutil
import subprocess

DATABASE = "regression"
# what happens on its own takes numbers and moves rows of the catalog, at other moments on each way
SETTINGS = {"max_prepared_transactions": "2", "timezone": "PST8PDT", "datestyle": "Postgres, MDY", "autovacuum": "off"}
ENOUGH = {r"\(\d+ rows?\)": 12000}
DATABASES = [DATABASE, "postgres"]
# as long as any file may take
PATIENCE = 900

# as pg_regress sets them
LIKE_PG_REGRESS = """
CREATE DATABASE regression TEMPLATE template0;
ALTER DATABASE regression SET lc_messages TO 'C';
ALTER DATABASE regression SET lc_monetary TO 'C';
ALTER DATABASE regression SET lc_numeric TO 'C';
ALTER DATABASE regression SET lc_time TO 'C';
ALTER DATABASE regression SET bytea_output TO 'hex';
ALTER DATABASE regression SET timezone_abbreviations TO 'Default'
"""


def schedule(source):
    lines = (source / "parallel_schedule").read_text().splitlines()
    return [name for line in lines if line.startswith("test:") for name in line.split()[1:]]


def run(house, way, peers, folder, say):
    """One way, on a server of its own: the files build on each other."""
    source = peers / "postgresql" / "src" / "test" / "regress"
    for statement in LIKE_PG_REGRESS.strip().split(";\n"):
        house.sql("postgres", statement)
    # files that the server itself reads and writes
    work = house.server.folder / "regress"
    shutil.copytree(source / "data", work / "data")
    (work / "results").mkdir()
    shutil.copy(peers / "regress.so", work)
    house.server.own(work)
    environment = getattr(house, way)() | {
        "PGDATABASE": DATABASE,
        "PGTZ": "PST8PDT",
        "PGDATESTYLE": "Postgres, MDY",
        "LC_MESSAGES": "C",
        "PG_ABS_SRCDIR": str(work),
        "PG_ABS_BUILDDIR": str(work),
        "PG_LIBDIR": str(work),
        "PG_DLSUFFIX": ".so",
    }
    psql = ["psql", "-X", "-a", "-q", "-d", DATABASE, "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"]
    for name in schedule(source):
        say(name)
        with open(source / "sql" / f"{name}.sql", "rb") as script:
            output = heard(psql, stdin=script, env=environment | {"PGAPPNAME": f"pg_regress/{name}"}, cwd=work)
        (folder / f"{name}.out").write_bytes(output.replace(os.fsencode(work), b"WORK"))


def heard(command, **options):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, **options)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"") + b"\nit did not end in time\n"
    return done.stdout
