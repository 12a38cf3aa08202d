"""Prisma: its migrations step by step, what it reads of a database, and a program that uses its client.

Its schema engine and its query compiler are those in WebAssembly that its npm packages carry, over `pg`: the native ones
come from a site of their own. Enter at `run`.
"""

import pathlib
import re
import shutil
import subprocess

from programs import programs

HERE = pathlib.Path(__file__).resolve().parents[1] / "prisma"
# where migrations are made and tried, and a second one that only takes them
DATABASES = ["postgres", "deployed", "pushed", "shadow"]
SETTINGS = {"autovacuum": "off", "jit": "off"}
ENOUGH = {r"exit \d+": 21, "the end": 1}
PATIENCE = 300

# what the third step changes in the second: values and columns go, types and defaults change
THIRD = {
    "  low\n": "",
    "@default(low)": "@default(fine)",
    "  word  String @id\n": "  word  String @id\n  heavy Boolean @default(false)\n",
    "  @@index([made], type: Brin)\n": "",
    "  real      Float?    @db.Real\n": "  real      Float?\n",
    "  money     Decimal?  @db.Money\n": "",
    "  text      String?\n": "",
}
# rows that the second step has to carry over
ROWS = """
INSERT INTO "Person" (email, name) VALUES ('old@example.com', 'old'), ('older@example.com', 'older');
INSERT INTO post (title, words, "authorId") VALUES ('kept', 7, 1);
"""
FAILING = """
CREATE TABLE "Made" (id int PRIMARY KEY);
ALTER TABLE "Person" ADD COLUMN email text;
"""
DIFFERENCE = ["--from-migrations=migrations", "--to-schema-datamodel=schema.prisma"]
STEADY = [
    (r"\b20\d{12}_", "TIME_"),
    (r"\b20\d{12}\b", "TIME"),
    (r"in \d+(\.\d+)?m?s", "in TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC", "A TIME UTC"),
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"/\S*postern-e2e-\w+", "FOLDER"),
    # when a row was changed
    (r"(?m)\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$", "A TIME"),
]


def run(house, way, peers, folder, say):
    for database in ("deployed", "pushed"):
        house.sql("postgres", f"CREATE DATABASE {database}")
    place = house.folder / "prisma"
    shutil.copytree(HERE, place, ignore=shutil.ignore_patterns("node_modules"))
    (place / "node_modules").symlink_to(HERE / "node_modules")
    environment = getattr(house, way)() | {
        "HOME": str(house.folder),
        "PGDATABASE": "postgres",
        "NO_COLOR": "1",
        # before the schema is read it would fetch another
        "PRISMA_CLIENT_ENGINE_TYPE": "client",
        # nobody is asked whether there is a newer one
        "CHECKPOINT_DISABLE": "1",
        "PRISMA_HIDE_UPDATE_MESSAGE": "1",
    }
    day = Day(house, place, folder, environment, say)
    day.migrates()
    day.deploys()
    day.reads()
    day.program()
    # straight from the server on both ways
    also = house.direct() | programs(house, peers)
    for database in ("postgres", "deployed", "pushed"):
        dump = ["pg_dump", "--restrict-key=e2e", "--exclude-table-data=_prisma_migrations", database]
        dumped = subprocess.run(dump, env=also, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
        (folder / f"{database}.sql").write_text(steady(dumped.stdout.decode()))


def steady(said):
    for pattern, plain in STEADY:
        said = re.sub(pattern, plain, said)
    return said


class Day:
    def __init__(self, house, place, folder, environment, say):
        self.house, self.place, self.folder, self.environment, self.say = house, place, folder, environment, say

    def node(self, name, *arguments, ends=0, **options):
        """What a program of Node says; it has to end as it should, on both ways."""
        self.say(" ".join(arguments)[-40:])
        done = subprocess.run(
            ["node", *arguments],
            env=self.environment | options,
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        said = steady(done.stdout.decode())
        with open(self.folder / f"{name}.out", "a", encoding="utf-8") as kept:
            kept.write(f"$ {' '.join(arguments)}\n{said}exit {done.returncode}\n")
        if done.returncode != ends:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {said[-1000:]}")

    def prisma(self, name, *arguments, **options):
        self.node(name, "node_modules/prisma/build/index.js", *arguments, **options)

    def step(self, text):
        (self.place / "schema.prisma").write_text(text)

    def migrates(self):
        """Step by step, with rows in the tables; one that fails is taken back."""
        self.step((self.place / "steps" / "first.prisma").read_text())
        self.prisma("migrations", "validate")
        self.prisma("migrations", "migrate", "dev", "--name", "first")
        self.house.sql("postgres", ROWS)
        second = (self.place / "steps" / "second.prisma").read_text()
        self.step(second)
        # with rows in the tables it would ask whether they may go, and this is no terminal
        self.prisma("migrations", "migrate", "dev", "--name", "second", "--create-only", ends=1)
        self.written("20990101000000_second")
        self.prisma("migrations", "migrate", "status", ends=1)
        self.prisma("migrations", "migrate", "deploy")
        for old, new in THIRD.items():
            assert old in second, old
            second = second.replace(old, new)
        self.step(second)
        self.written("20990201000000_third")
        self.prisma("migrations", "migrate", "deploy")
        self.prisma("migrations", "migrate", "status")
        self.prisma("migrations", "migrate", "dev")
        failing = self.place / "migrations" / "20990301000000_failing"
        failing.mkdir()
        (failing / "migration.sql").write_text(FAILING)
        self.prisma("migrations", "migrate", "deploy", ends=1)
        self.prisma("migrations", "migrate", "status", ends=1)
        # `migrate resolve` has no engine but the native one
        self.house.sql("postgres", f"DELETE FROM _prisma_migrations WHERE migration_name = '{failing.name}'")
        shutil.rmtree(failing)
        self.prisma("migrations", "migrate", "diff", *DIFFERENCE, "--exit-code")

    def written(self, name):
        """A migration from what stands in the others to what is wanted."""
        self.prisma("migrations", "migrate", "diff", *DIFFERENCE, "--script", "--output", "next.sql")
        shutil.copy(self.place / "next.sql", self.folder / f"{name}.sql")
        migration = self.place / "migrations" / name
        migration.mkdir()
        shutil.move(self.place / "next.sql", migration / "migration.sql")

    def deploys(self):
        """The same to databases that were empty, and to one without any history."""
        self.prisma("deployed", "migrate", "deploy", PGDATABASE="deployed")
        self.prisma("pushed", "db", "push", "--skip-generate", PGDATABASE="pushed")
        schema = self.place / "schema.prisma"
        kept = schema.read_text()
        self.step(kept.replace("  heavy Boolean @default(false)\n", "  weight Float?\n"))
        self.prisma("pushed", "db", "push", "--skip-generate", "--accept-data-loss", PGDATABASE="pushed")
        self.step(kept)

    def reads(self):
        """What it makes of tables that somebody else has changed."""
        self.house.sql("postgres", "ALTER TABLE shop.orders ADD COLUMN note text DEFAULT 'x'; CREATE VIEW names AS SELECT name FROM \"Person\"")
        self.prisma("read", "db", "pull", "--print")
        self.prisma("read", "migrate", "dev", "--name", "drifted", ends=130)
        self.house.sql("postgres", "ALTER TABLE shop.orders DROP COLUMN note; DROP VIEW names")

    def program(self):
        self.prisma("program", "generate", "--no-hints")
        self.prisma("program", "migrate", "reset", "--force", "--skip-generate")
        self.node("program", "session.mjs")
