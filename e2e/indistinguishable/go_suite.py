"""The tests of Go's drivers, from their Debian packages: which passed and which failed.

pgx with what it stands on (pgconn, pgtype, its pool and its face to database/sql), and lib/pq.
"""

import re
import shutil
import subprocess

# the names that the two projects' tests expect
PGX, PQ = "pgx_test", "pqgotest"
DATABASES = [PGX, PQ, "postgres"]
SETTINGS = {"max_prepared_transactions": "2"}
ENOUGH = {" *--- PASS: .*": 700}
PATIENCE = 900

# as pgx prepares its database; an extension that this server has not got is missing on both ways
LIKE_PGX = ["CREATE DOMAIN uint64 AS numeric(20,0)"]
EXTENSIONS = ["hstore", "ltree"]


def run(house, way, peers, folder, say):
    for database in (PGX, PQ):
        house.sql("postgres", f"CREATE DATABASE {database}")
    for statement in LIKE_PGX:
        house.sql(PGX, statement)
    for database in (PGX, PQ):
        have = house.sql(database, "SELECT name FROM pg_available_extensions").split()
        for extension in EXTENSIONS:
            if extension in have:
                house.sql(database, f"CREATE EXTENSION {extension}")
    place = f"host=localhost dbname={PGX}"
    environment = getattr(house, way)() | {
        "HOME": str(house.folder),
        "PGX_TEST_DATABASE": place,
        "PGX_TEST_CONN_STRING": place,
        "PGX_TEST_TCP_CONN_STRING": place,
    }
    for program in sorted((peers / "go").glob("*.test")):
        say(program.stem)
        # tests read files beside them
        source = (peers / "go" / f"{program.stem}.source").read_text().strip()
        work = house.folder / program.stem
        shutil.copytree(source, work)
        database = PQ if program.stem.startswith("lib-pq") else PGX
        said = heard([program, "-test.v"], env=environment | {"PGDATABASE": database}, cwd=work)
        (folder.parent / f"{way}-{program.stem}.log").write_text(said)
        outcomes = re.findall(r"^ *--- (?:PASS|FAIL|SKIP): \S+|^panic: .*|^it did not.*", said, flags=re.MULTILINE)
        # several run at once, and end in any order
        (folder / f"{program.stem}.txt").write_text("\n".join(sorted(outcomes)) + "\n")


def heard(command, **options):
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, text=True, errors="replace", **options
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "\nit did not end in time\n"
    return done.stdout
