"""What psql does beyond sending statements: commands, variables, files, cursors, Ctrl-C, completion.

The scripts beside it are given to psql line by line. What a script cannot show is done to a running psql: enter at
`run`.
"""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

from programs import programs

DATABASES = ["postgres", "other"]
# sizes are shown: nothing is to happen on its own
SETTINGS = {"autovacuum": "off", "max_prepared_transactions": "2", "jit": "off", "wal_level": "logical"}
ENOUGH = {"exit 0": 30}
PATIENCE = 300
HERE = pathlib.Path(__file__).parent

# what belongs to the way or to the process, and what was counted while it ran
STEADY = [
    (rb"port \"\d+\"", b'port "PORT"'),
    (rb"(?m)^( *(?:Server Port|Backend PID) *\|).*$", rb"\1"),
    (rb"server process with PID \d+", b"server process with PID N"),
    (rb"(?m)^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})( \(every [^)]*\))?$", rb"A TIME\2"),
    (rb"(?m)^( port +\| )\d+", rb"\1PORT"),
    (rb"port \d+ failed", b"port PORT failed"),
    (rb"postern-e2e-\w+", b"postern-e2e-FOLDER"),
]


def run(house, way, peers, folder, say):
    house.sql("postgres", "CREATE DATABASE other")
    house.sql("postgres", (HERE / "everything.sql").read_text())
    house.sql("postgres", "CHECKPOINT")
    # without TLS, as the server has none
    environment = getattr(house, way)() | programs(house, peers) | {"PGDATABASE": "postgres", "PGSSLMODE": "disable"}
    for name, options in {"describe": ["-E"], "commands": [], "transactions": [], "copies": []}.items():
        say(name)
        with open(HERE / "psql" / f"{name}.sql", "rb") as script:
            keep(folder, name, scripted(environment, house.folder, ["-a", *options], stdin=script))
    say("options")
    keep(folder, "options", options_of(environment, house.folder))
    say("interrupts")
    keep(folder, "interrupts", interrupts(house, environment))
    say("terminal")
    keep(folder, "terminal", at_a_terminal(house, environment))


def keep(folder, name, said):
    for pattern, steady in STEADY:
        said = re.sub(pattern, steady, said)
    (folder / f"{name}.out").write_bytes(said)


def scripted(environment, folder, options, **given):
    given = given or {"stdin": subprocess.DEVNULL}
    done = subprocess.run(
        ["psql", "-X", *options],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        # no terminal to ask for passwords at
        start_new_session=True,
        check=False,
        **given,
    )
    return done.stdout + b"exit %d\n" % done.returncode


def options_of(environment, folder):
    """What the command line does: several `-c` and `-f`, one transaction for all, formats, lists."""
    for number in range(40):
        (folder / f"file{number}.sql").write_text(f"INSERT INTO filed VALUES ({number});\n\\echo {number}\n")
    includes = "".join(f"\\i file{number}.sql\n\\ir file{number}.sql\n" for number in range(40))
    (folder / "includes.sql").write_text("CREATE TABLE filed (x int);\n" + includes + "SELECT sum(x) FROM filed;\n")
    failing = ["INSERT INTO filed VALUES (1000);", "SELECT 1 / 0;", "INSERT INTO filed VALUES (2000);", ""]
    (folder / "fails.sql").write_text("\n".join(failing))
    (folder / "wide.sql").write_text("SELECT " + ", ".join(f"{n} AS c{n}" for n in range(1600)) + ";\n")
    (folder / "long.sql").write_text("SELECT length('" + "x" * 3_000_000 + "');\n")
    count = ["-At", "-c", "SELECT count(*), sum(x) FROM filed"]
    lines = [
        ["-f", "includes.sql"],
        ["-1", "-f", "fails.sql"],
        count,
        ["-1", "-v", "ON_ERROR_STOP=1", "-f", "fails.sql", "-c", "INSERT INTO filed VALUES (3000)"],
        count,
        ["-v", "ON_ERROR_STOP=1", "-f", "fails.sql"],
        count,
        ["-1", "-c", "INSERT INTO filed VALUES (1)", "-c", "\\echo between", "-c", "DELETE FROM filed WHERE x = 1"],
        count,
        ["-c", "SELECT 1; SELECT 2; INSERT INTO filed VALUES (4000); SELECT 1 / 0"],
        count,
        ["-c", "BEGIN; INSERT INTO filed VALUES (5000)", "-c", "SELECT count(*) FROM filed"],
        count,
        ["-c", "VACUUM filed; SELECT 1"],
        ["-c", ""],
        ["-c", ";"],
        ["-c", "-- nothing"],
        ["-q", "-A", "-F", ";", "-f", "wide.sql"],
        ["-f", "long.sql"],
        ["-l"],
        ["-l", "-A", "-t"],
        ["--csv", "-c", "TABLE zoo.keepers"],
        ["-H", "-c", "TABLE zoo.keepers"],
        ["-x", "-c", "TABLE zoo.keepers"],
        ["-s", "-c", "SELECT 1"],
        ["-S", "-c", "SELECT 1\nSELECT 2"],
        ["-v", "FETCH_COUNT=3", "-c", "SELECT generate_series(1, 10)"],
        ["-c", "\\conninfo"],
        ["-c", "\\c other", "-c", "\\conninfo"],
        ["-d", "no_such_database", "-c", "SELECT 1"],
        ["-d", "postgres://localhost/other?application_name=from%20a%20URL", "-Atc", "SHOW application_name"],
        ["-d", "options=-csearch_path=zoo", "-Atc", "SHOW search_path; SELECT count(*) FROM animals"],
        ["-d", "options='-c work_mem=3MB --statement_timeout=200'", "-Atc", "SHOW work_mem; SELECT pg_sleep(5)"],
        ["-d", "options='-c no_such_setting=1'", "-Atc", "SELECT 1"],
        ["-d", "options='-c work_mem=nonsense'", "-Atc", "SELECT 1"],
        ["-d", "client_encoding=LATIN1", "-Atc", "SELECT 'a' || chr(252); SHOW client_encoding"],
        ["-d", "client_encoding=nonsense", "-Atc", "SELECT 1"],
        ["-d", "options='-c TimeZone=Asia/Tokyo -c DateStyle=German'", "-Atc", "SELECT timestamptz '2024-01-01 0:00Z'"],
        ["-L", "session.log", "-c", "SELECT 'logged'"],
    ]
    said = b""
    for line in lines:
        said += b"$ psql " + " ".join(line).encode() + b"\n" + scripted(environment, folder, line)
    return said + (folder / "session.log").read_bytes()


# what is interrupted, and what shows that it runs
INTERRUPTED = {
    "asleep": "SELECT pg_sleep(100)",
    "in a transaction": "BEGIN; SELECT pg_sleep(100); SELECT 'never'",
    "by cursor": "\\set FETCH_COUNT 2\nSELECT pg_sleep(n * 100) FROM generate_series(0, 5) AS n;\nSELECT 'after it'",
    "repeating": "SELECT pg_sleep(100) \\watch 1",
    "giving rows": "COPY (SELECT pg_sleep(n * 100) FROM generate_series(0, 5) AS n) TO STDOUT",
    "waiting for a lock": "BEGIN; LOCK TABLE zoo.parent",
    "in a function": "DO $$ BEGIN PERFORM pg_sleep(99); EXCEPTION WHEN query_canceled THEN RAISE NOTICE 'told'; END $$",
}


def interrupts(house, environment):
    """Ctrl-C while a statement of a script runs, which ends it."""
    said = b""
    holder = subprocess.Popen(
        ["psql", "-X", "-q", "-d", "postgres"], env=house.direct(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    holder.stdin.write(b"BEGIN; LOCK TABLE zoo.parent;\n")
    holder.stdin.flush()
    for name, statements in INTERRUPTED.items():
        application = name.replace(" ", "_")
        psql = subprocess.Popen(
            ["psql", "-X", "-a"],
            env=environment | {"PGAPPNAME": application},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        psql.stdin.write(statements.encode() + b";\n")
        psql.stdin.flush()
        until_it_waits(house, application)
        psql.send_signal(signal.SIGINT)
        rest, _ = psql.communicate(b"\\echo :SQLSTATE\nROLLBACK;\nSELECT 'the end';\n", timeout=PATIENCE)
        said += b"%s:\n%sexit %d\n" % (name.encode(), rest, psql.returncode)
    holder.communicate(b"ROLLBACK;\n", timeout=PATIENCE)
    return said


def until_it_waits(house, application):
    asked = (
        f"SELECT 'waits' FROM pg_stat_activity WHERE application_name = '{application}' AND state = 'active'"
        " AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')"
    )
    end = time.monotonic() + 60
    while "waits" not in house.sql("postgres", asked):
        if time.monotonic() > end:
            raise TimeoutError(f"{application}: it does not come to wait")
        time.sleep(0.05)


# what is typed before the Tab key is pressed twice
COMPLETED = [
    "SELECT * FROM zoo.",
    "SELECT * FROM zoo.ani",
    "SELECT * FROM zoo.animals WHERE ",
    'SELECT * FROM "Odd',
    "DROP FUNCTION zoo.",
    "ALTER TABLE zoo.animals DROP CONSTRAINT ",
    "ALTER TABLE zoo.animals ALTER COLUMN ",
    "GRANT SELECT ON zoo.animals TO zoo",
    "SET sea",
    "SET search_path TO zo",
    "SET TimeZone TO Europe/B",
    "SHOW transaction_",
    "CREATE EXTENSION bt",
    "DROP EXTENSION ",
    "COMMENT ON TYPE zoo.",
    "EXECUTE ",
    "REFRESH MATERIALIZED VIEW zoo.",
    "CALL zoo.f",
    "DROP POLICY ",
    "DROP TRIGGER ",
    "ALTER SUBSCRIPTION ",
    "ALTER PUBLICATION changes DROP TABLE zoo.",
    "DROP STATISTICS zoo.",
    "ALTER TYPE zoo.diet RENAME VALUE ",
    "REASSIGN OWNED BY zoo_",
    "COPY zoo.",
    "\\c ",
    "\\df zoo.",
    "\\d zoo.k",
    "\\dT zoo.",
    "\\du zoo",
    "\\encoding LATIN",
    "\\sv zoo.",
]


# said by itself, not as what was typed
DONE = rb"(?<!echo )done\r\n[^\n]*=# $"


def at_a_terminal(house, environment):
    """What the Tab key offers, where this psql was built to, and Ctrl-C, after which the session goes on."""
    inputrc = house.folder / "inputrc"
    inputrc.write_text("set bell-style none\nset page-completions off\nset completion-query-items 0\n")
    environment = environment | {"TERM": "dumb", "INPUTRC": str(inputrc), "COLUMNS": "100", "LINES": "50", "PAGER": ""}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(house.folder)
        os.execvpe("psql", ["psql", "-X", "-q"], environment | {"PGAPPNAME": "terminal"})
    try:
        said = hear(terminal, rb"=# $")
        for typed in [] if built_without_completion(environment) else COMPLETED:
            os.write(terminal, typed.encode() + b"\t\t")
            # the line is given up, and a new prompt tells that all was said
            os.write(terminal, b"\x05\x15\\echo done\n")
            said += hear(terminal, DONE)
        for statement in ("SELECT pg_sleep(100);", "BEGIN;\nSELECT pg_sleep(100);"):
            os.write(terminal, statement.encode() + b"\n")
            until_it_waits(house, "terminal")
            os.write(terminal, b"\x03")
            said += hear(terminal, rb"user request\r\n.*=[#!]#? $")
            os.write(terminal, b"\\echo :SQLSTATE\nSELECT 1 AS one;\nROLLBACK;\n\\echo done\n")
            said += hear(terminal, DONE)
        return re.sub(rb"[\r\n]+", b"\n", re.sub(rb" +\r", b"\r", said))
    finally:
        os.write(terminal, b"\\q\n")
        os.waitpid(child, 0)
        os.close(terminal)


def built_without_completion(environment):
    linked = subprocess.run(["sh", "-c", "ldd $(command -v psql)"], env=environment, capture_output=True, text=True)
    return not re.search("readline|libedit", linked.stdout)


def hear(terminal, end):
    said, late = b"", time.monotonic() + 60
    while not re.search(end, said, re.DOTALL):
        if time.monotonic() > late:
            raise TimeoutError(f"psql at a terminal said only {said[-500:]!r}")
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 65536)
    return said
