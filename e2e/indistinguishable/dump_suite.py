"""pg_dump and pg_restore in every format, and the programs beside them: what they write, and what the database is then.

A database with one of everything is written and read back; the plain texts are compared, and those of what was read
back. Enter at `run`.
"""

import pathlib
import re
import subprocess

from programs import programs, release

DATABASES = ["postgres", "template1", "restored"]
SETTINGS = {"autovacuum": "off", "wal_level": "logical", "jit": "off"}
ENOUGH = {"exit 0": 45}
PATIENCE = 300
HERE = pathlib.Path(__file__).parent

# pg_dump makes one of its own for each text where it is not told
KEY = "--restrict-key=e2e"

PLAIN = {
    "plain": [],
    "clean": ["--clean", "--if-exists", "--create"],
    "inserts": ["--inserts", "--rows-per-insert=7", "--on-conflict-do-nothing"],
    "columns": ["--column-inserts", "--quote-all-identifiers", "--disable-dollar-quoting"],
    "schema": ["--schema-only", "--no-owner", "--no-privileges", "--no-comments"],
    "data": ["--data-only", "--disable-triggers"],
    "one-table": ["--table=zoo.animals", "--table=zoo.vis*", "--exclude-table=*other"],
    "one-schema": ["--schema=zoo", "--exclude-table-data=zoo.visits*", "--no-large-objects"],
    "no-schema": ["--schema=nothing_like_it", "--strict-names"],
    "sections": ["--section=pre-data", "--section=post-data"],
    "roles": ["--role=zoo_keeper", "--table=zoo.keepers"],
    "secured": ["--enable-row-security", "--table=zoo.keepers", "--inserts"],
    "deferrable": ["--serializable-deferrable", "--lock-wait-timeout=5000", "--load-via-partition-root"],
    "extension": ["--extension=hstore", "--schema-only"],
    "encoded": ["--encoding=LATIN1", "--schema-only", "--table=zoo.typed"],
    "foreign": ["--include-foreign-data=files", "--data-only", "--table=zoo.outside"],
    "statistics": ["--statistics-only"],
}
FILES = {
    "custom": ["-Fc"],
    "directory": ["-Fd"],
    "parallel": ["-Fd", "-j2"],
    "unsynchronized": ["-Fd", "-j2", "--no-sync", "--compress=0", "--no-toast-compression"],
    "tar": ["-Ft"],
}
RESTORED = {
    "custom": ["-j2"],
    "directory": ["-j2", "--clean", "--if-exists"],
    "parallel": ["-j2", "--clean", "--if-exists"],
    "unsynchronized": ["--single-transaction", "--clean", "--if-exists"],
    "tar": ["--clean", "--exit-on-error", "--if-exists"],
}
# as pg_dump 15 has it, and as 16 and later do
RENAMED = {"--no-large-objects": "--no-blobs"}


def run(house, way, peers, folder, say):
    house.sql("postgres", (HERE / "everything.sql").read_text())
    house.sql("postgres", "CREATE DATABASE restored TEMPLATE template0")
    suite = Suite(house, way, peers, folder, say)
    for name, options in PLAIN.items():
        if release(house) < 16:
            options = [RENAMED.get(one, one) for one in options]
        suite.text(name, ["pg_dump", KEY, *options])
    for name, options in FILES.items():
        suite.through_a_file(name, options)
    suite.text("globals", ["pg_dumpall", KEY, "--globals-only", "--no-role-passwords"])
    suite.text("all", ["pg_dumpall", KEY, "--no-role-passwords"])
    suite.into_psql()
    suite.programs()


class Suite:
    def __init__(self, house, way, peers, folder, say):
        self.house, self.folder, self.say = house, folder, say
        also = programs(house, peers)
        self.environment = getattr(house, way)() | also | {"PGDATABASE": "postgres"}
        self.behind = house.direct() | also

    def ran(self, command, environment=None, given=None):
        self.say(" ".join(command[:3]))
        return subprocess.run(
            command,
            env=environment or self.environment,
            cwd=self.house.folder,
            input=given,
            stdin=None if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )

    def text(self, name, command, environment=None):
        """What a program prints, and how it ends."""
        done = self.ran(command, environment)
        said = re.sub(rb"port \d+ failed", b"port PORT failed", done.stdout)
        (self.folder / f"{name}.sql").write_bytes(said + b"exit %d\n" % done.returncode)

    def through_a_file(self, name, options):
        """A dump to a file, what stands in it, and what is in a database that it is restored to."""
        self.text(f"{name}-dump", ["pg_dump", *options, f"--file={name}.dump"])
        listed = self.ran(["pg_restore", "--list", f"{name}.dump"]).stdout
        listed = re.sub(rb"(?m)^(; +(?:Archive created at|Dumped (?:from|by))).*$", rb"\1", listed)
        (self.folder / f"{name}-list.text").write_bytes(listed)
        self.text(f"{name}-script", ["pg_restore", KEY, "--file=-", f"{name}.dump"])
        self.text(f"{name}-restore", ["pg_restore", *RESTORED[name], "--dbname=restored", f"{name}.dump"])
        # straight from the server on both ways
        self.text(f"{name}-restored", ["pg_dump", KEY, "restored"], self.behind)

    def into_psql(self):
        """A plain dump is a script for psql."""
        script = self.ran(["pg_dump", KEY, "--clean", "--if-exists"]).stdout
        done = self.ran(["psql", "-X", "-q", "--dbname=restored"], given=script)
        (self.folder / "psql.out").write_bytes(done.stdout + b"exit %d\n" % done.returncode)
        self.text("psql-restored", ["pg_dump", KEY, "restored"], self.behind)

    def programs(self):
        """The small programs that stand beside pg_dump."""
        commands = [
            ["createuser", "--echo", "--no-password", "--login", "--connection-limit=2", "made"],
            ["createdb", "--echo", "--owner=made", "--template=template0", "made", "a comment"],
            ["dropdb", "--echo", "--if-exists", "--force", "made"],
            ["dropdb", "--echo", "made"],
            ["dropuser", "--echo", "made"],
            ["clusterdb", "--echo", "--table=zoo.animals"],
            ["reindexdb", "--echo", "--jobs=2", "--table=zoo.animals", "--table=zoo.keepers"],
            ["reindexdb", "--echo", "--concurrently", "--schema=zoo"],
            ["vacuumdb", "--echo", "--analyze", "--jobs=2", "--table=zoo.animals", "--table=zoo.visits"],
            ["vacuumdb", "--echo", "--analyze-in-stages", "--table=zoo.animals"],
            ["vacuumdb", "--quiet", "--freeze", "--full", "--all"],
            ["pg_isready", "--timeout=10"],
            ["pg_amcheck", "--install-missing", "--jobs=2", "--database=postgres", "--heapallindexed"],
            ["vacuumlo", "--verbose", "--dry-run", "postgres"],
            ["oid2name", "--quiet", "--dbname=postgres", "--table=keepers"],
        ]
        said = b""
        for command in commands:
            done = self.ran(command)
            said += b"$ %s\n%sexit %d\n" % (" ".join(command).encode(), done.stdout, done.returncode)
        said = re.sub(rb":\d+ - accepting", b":PORT - accepting", said)
        (self.folder / "programs.out").write_bytes(said)
