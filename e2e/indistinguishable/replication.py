"""The server's own tools and a second server, as standby and as subscriber: what they receive, and what they say.

Debian's tools stream from servers of their own version only; pg_recvlogical and a second server serve the others.
"""

import hashlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys

from house import Failed, Server, under, until

# tools of physical replication name no database, and say this
DATABASES = ["postgres", "replication"]
SETTINGS = {"wal_level": "logical", "wal_keep_size": "128MB", "max_wal_senders": "10", "max_replication_slots": "10"}
ENOUGH = {"exit 0": 15}
TOOLS = pathlib.Path("/usr/lib/postgresql/15/bin")
PATIENCE = 120
HERE = pathlib.Path(__file__).resolve().parents[1]

SHOP = """
CREATE TABLE items (id int PRIMARY KEY, name text, price numeric, tags text[], made timestamptz DEFAULT '2026-01-01Z');
INSERT INTO items SELECT n, 'item ' || n, n * 1.25, ARRAY['a', n::text] FROM generate_series(1, 20000) AS n;
CREATE PUBLICATION all_items FOR TABLE items;
CREATE SEQUENCE counted;
"""
CHANGES = """
INSERT INTO items VALUES (30001, 'new', 1.5, '{}');
UPDATE items SET name = 'changed', price = NULL WHERE id = 7;
DELETE FROM items WHERE id = 8;
"""
SUM = "SELECT count(*), md5(string_agg(i::text, ';' ORDER BY id)) FROM items AS i"


def run(house, way, _peers, folder, say):
    house.sql("postgres", SHOP)
    house.sql("postgres", "CREATE DATABASE replication")
    ways = Ways(house, way, folder)
    for what in (walsender, tools, changes, subscriber, standby):
        say(what.__name__)
        what(ways)


class Ways:
    def __init__(self, house, way, folder):
        self.house, self.folder = house, folder
        self.environment = getattr(house, way)()

    def tool(self, name, program, *arguments):
        """What a tool said and how it ended, without what differs in every run."""
        done = subprocess.run(
            [TOOLS / program, *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        self.write(name, f"{plain(done.stdout + done.stderr)}\nexit {done.returncode}\n")

    def write(self, name, text):
        (self.folder / f"{name}.out").write_text(text)

    def value(self, text):
        return self.house.sql("postgres", text).splitlines()[2].strip()

    def connection(self, database):
        """The words that a server connects with."""
        names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
        names |= {"PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert", "PGGSSENCMODE": "gssencmode"}
        words = {names[name]: value for name, value in self.environment.items() if name in names}
        if "sslrootcert" in words:
            # a server runs as somebody else, who may not look into the gateway's folder
            authority = self.house.server.folder / "gateway.crt"
            shutil.copy(words["sslrootcert"], authority)
            authority.chmod(0o644)
            words |= {"sslrootcert": str(authority), "sslcert": str(self.house.server.folder / "no-certificate")}
        return " ".join(f"{name}={value}" for name, value in (words | {"dbname": database}).items())


def plain(said):
    said = re.sub(r"\b[0-9A-F]+/[0-9A-F]+\b", "LSN", said)
    said = re.sub(r"port \d+", "port", said)
    # how much of the log has come when it is told to end
    said = re.sub(r"pg_receivewal: not renaming .*\n", "", said)
    said = re.sub(r"/var/tmp/\S+|/tmp/\S+", "FOLDER", said)
    return re.sub(r"pg_basebackup_\d+", "pg_basebackup_N", re.sub(r"\b\d{15,}\b", "SYSTEM", said))


COMMANDS = [
    "IDENTIFY_SYSTEM",
    "SHOW wal_segment_size",
    "show wal_segment_size",
    "TIMELINE_HISTORY 9",
    "READ_REPLICATION_SLOT nowhere",
    "CREATE_REPLICATION_SLOT a TEMPORARY PHYSICAL RESERVE_WAL",
    "CREATE_REPLICATION_SLOT b TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')",
    "CREATE_REPLICATION_SLOT c LOGICAL pgoutput USE_SNAPSHOT",
    "DROP_REPLICATION_SLOT nowhere",
    "ALTER_REPLICATION_SLOT nowhere (FAILOVER true)",
    "START_REPLICATION SLOT nowhere LOGICAL 0/0",
    "START_REPLICATION 0/0 TIMELINE 9",
    "BASE_BACKUP (TARGET 'moon')",
    "BASE_BACKUP FAST",
    "IDENTIFY_SYSTEM; IDENTIFY_SYSTEM",
    "SELECT count(*) FROM items",
    "BEGIN; SELECT 1; ROLLBACK",
]


def walsender(ways):
    """What a walsender says to commands, in a database and in none."""
    for mode, database in (("true", "replication"), ("database", "postgres")):
        for number, command in enumerate(COMMANDS):
            target = f"dbname={database} replication={mode}"
            ways.tool(f"walsender-{mode}-{number:02}", "psql", "-X", "-v", "VERBOSITY=verbose", "-d", target, "-c", command)


def tools(ways):
    """A base backup in both forms, and the log behind it."""
    folder = ways.house.folder
    if ways.house.server.major == 15:
        ways.tool("basebackup", "pg_basebackup", "-D", folder / "plain", "-X", "stream", "-c", "fast", "-v")
        ways.tool("verified", "pg_verifybackup", folder / "plain")
        listed = sorted(str(path.relative_to(folder / "plain")) for path in (folder / "plain").rglob("*"))
        # files of relations have numbers; the log's, and what says which are done with, are of when the backup was made
        log = ("pg_wal/0", "pg_wal/archive_status/0")
        ways.write("files", "".join(f"{name}\n" for name in listed if not name.startswith(log)))
        ways.tool("tar", "pg_basebackup", "-D", folder / "tar", "-F", "tar", "-z", "-X", "fetch", "-c", "fast")
        ways.tool("on-the-server", "pg_basebackup", "-t", "blackhole", "-X", "fetch", "-c", "fast")
        (folder / "log").mkdir()
        ways.tool("slot", "pg_receivewal", "-D", folder / "log", "--slot", "log", "--create-slot")
        before = ways.value("SELECT pg_current_wal_lsn()")
        ways.house.sql("postgres", "SELECT pg_switch_wal()")
        ways.tool("log", "pg_receivewal", "-D", folder / "log", "--slot", "log", "--endpos", before, "--no-loop")
        ways.tool("no-slot", "pg_receivewal", "-D", folder / "log", "--slot", "log", "--drop-slot")
    else:
        # it says that it is too old
        ways.tool("basebackup", "pg_basebackup", "-D", folder / "plain", "-X", "stream")


def changes(ways):
    """Changes as text, by a slot that is made, read twice, and dropped."""
    decoded = ways.house.folder / "decoded"
    slot = ["-d", "postgres", "--slot", "decoded"]
    ways.tool("make", "pg_recvlogical", *slot, "--create-slot", "-P", "test_decoding")
    for part in ("first", "second"):
        ways.house.sql("postgres", CHANGES if part == "first" else "UPDATE items SET price = price * 2 WHERE id < 2000")
        end = ways.value("SELECT pg_current_wal_lsn()")
        start = ["--start", "--no-loop", "--endpos", end, "-o", "include-xids=0", "-o", "skip-empty-xacts=1"]
        ways.tool(part, "pg_recvlogical", *slot, *start, "-f", decoded, "-s", "1")
    lines = decoded.read_bytes()
    ways.write("decoded", f"{len(lines)} {hashlib.sha256(lines).hexdigest()}\n{lines[:4000].decode()}\n")
    ways.tool("wrong", "pg_recvlogical", *slot, "--start", "--no-loop", "-o", "nonsense=1", "-f", "-")
    ways.tool("drop", "pg_recvlogical", *slot, "--drop-slot")


def subscriber(ways):
    """A second server subscribes: it copies the table and then hears of its changes."""
    house = ways.house
    second = Server(house.server.bin.parent, SETTINGS)
    try:
        ask = asking(second)
        ask("CREATE TABLE items (id int PRIMARY KEY, name text, price numeric, tags text[], made timestamptz)")
        ask(f"CREATE SUBSCRIPTION mine CONNECTION '{ways.connection('postgres')}' PUBLICATION all_items")
        wait(lambda: ask("SELECT srsubstate FROM pg_subscription_rel") == "r", second.log)
        house.sql("postgres", "UPDATE items SET name = name || '!' WHERE id % 3 = 0; DELETE FROM items WHERE id > 19000")
        ask("ALTER SUBSCRIPTION mine DISABLE")
        house.sql("postgres", "INSERT INTO items SELECT n, 'late', n FROM generate_series(40000, 45000) AS n")
        ask("ALTER SUBSCRIPTION mine ENABLE")
        wanted = "|".join(part.strip() for part in ways.value(SUM).split("|"))
        wait(lambda: ask(SUM) == wanted, second.log)
        ways.write("subscriber", f"{wanted}\n")
        ask("DROP SUBSCRIPTION mine")
        slots = ways.value("SELECT count(*) FROM pg_replication_slots")
        ways.write("subscription-dropped", f"{slots} slots are left\n")
    finally:
        second.stop()


def standby(ways):
    """A second server is a copy of the first and follows its log; then the first stops, and the second goes on alone."""
    second = Standby(ways)
    try:
        ask = asking(second)
        ways.house.sql("postgres", "UPDATE items SET name = 'seen on the standby' WHERE id < 50")
        wanted = "|".join(part.strip() for part in ways.value(SUM).split("|"))
        wait(lambda: ask(SUM) == wanted, second.log)
        state = ways.value("SELECT state, sync_state FROM pg_stat_replication")
        client = Client(ways)
        ask("SELECT pg_promote()")
        client.ended()
        wait(lambda: ask("SELECT pg_is_in_recovery()") == "f", second.log)
        timeline = "SELECT timeline_id FROM pg_control_checkpoint()"
        wait(lambda: ask(timeline) == "2", second.log)
        ways.write("standby", f"{wanted}\n{state}\n")
    finally:
        second.stop()


class Client:
    """A program that looks for the one or the other of two servers, and is connected to the second as it is promoted."""

    def __init__(self, ways):
        house, through = ways.house, ways.environment["PGPORT"] != str(ways.house.server.port)
        ports = [house.gateway.port] * 2 if through else [house.server.port, house.second]
        where = {
            # by these names the gateway knows them; the certificates bear another
            "PGHOST": "postgres.localhost,second.localhost",
            "PGHOSTADDR": "127.0.0.1,127.0.0.1",
            "PGPORT": ",".join(str(port) for port in ports),
            "PGDATABASE": "postgres",
            "PGSSLMODE": "verify-ca",
        }
        self.kept = ways.folder / "standby-session.out"
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "standby_session.py"],
            env=ways.environment | where,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line == "waiting to be promoted\n":
                break

    def ended(self):
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.kept.write_text(f"{self.said}{rest}exit {self.process.returncode}\n")


def asking(server):
    def ask(text):
        command = ["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
        done = subprocess.run([*command, "-d", "postgres", "-c", text], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(done.stderr)
        return done.stdout.strip()

    return ask


def wait(ready, log):
    until("what is replicated", ready, log, seconds=PATIENCE)


class Standby:
    """A copy of a server that runs, made without a tool."""

    def __init__(self, ways):
        first = ways.house.server
        self.folder, self.port = first.folder / "standby", ways.house.second
        self.log, self.account = self.folder / "log", first.account
        data = self.folder / "data"
        self.folder.mkdir()
        # one session from the backup's beginning to its end
        steps = ["SELECT pg_backup_start('copy', true)", f"\\! cp -a {first.folder / 'data'} {data}"]
        steps.append("SELECT labelfile FROM pg_backup_stop(false)")
        arguments = [part for step in steps for part in ("-c", step)]
        done = subprocess.run(
            ["psql", "-X", "-A", "-t", "-d", "postgres", *arguments],
            env=ways.house.direct(),
            capture_output=True,
            text=True,
            check=True,
        )
        (data / "backup_label").write_text(done.stdout[done.stdout.index("START WAL LOCATION") :].rstrip("\n") + "\n")
        (data / "postmaster.pid").unlink()
        (data / "standby.signal").touch()
        with open(data / "postgresql.conf", "a", encoding="utf-8") as config:
            config.write(f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n")
            config.write(f"primary_conninfo = '{ways.connection('replication')}'\n")
        first.own(self.folder)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [first.bin / "postgres", "-D", data], stdout=log, stderr=log, cwd=self.folder, **under(self.account)
            )
        ready = "ready to accept read-only connections"
        until("the standby", lambda: ready in self.log.read_text(errors="replace"), self.log, seconds=PATIENCE)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
