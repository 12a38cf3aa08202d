"""Drivers read every masked type that comes with the server, in text and in binary, as they read it where nothing is masked."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE / "masked"), str(HERE / "indistinguishable")]

import schema  # noqa: E402
from house import POLICY, Gateway, Issuer, Server, environment  # noqa: E402

BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")).resolve() / "debug" / "postern"
DATABASE = "postgres"
DRIVERS = {
    "psycopg": [sys.executable, HERE / "masked" / "psycopg_reads.py"],
    "asyncpg": [sys.executable, HERE / "masked" / "asyncpg_reads.py"],
    "pg": ["node", HERE / "node" / "reads.mjs"],
    "jdbc": ["java", "-cp", "/usr/share/java/postgresql.jar", HERE / "JdbcReads.java"],
}
# of values that a mask may show a part of, what it never does
SECRETS = ["sehr ge", "abc def", "ab cde", "a hidden", "2147480999", "12345678-", "23:59:59", "10.1.2.3", "08:00:2b"]


class Ways:
    """A server, and the gateway before it under a mask of every kind."""

    def __init__(self, root):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-masked-"))
        self.server = Server(root)
        self.issuer = Issuer(self.folder)
        self.psql(schema.tables())
        address = f"127.0.0.1:{self.server.port}"
        self.gateway = Gateway(BINARY, self.folder, address, self.issuer, [DATABASE], policy=POLICY + schema.masks())

    def psql(self, text):
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, env=self.direct(), text=True, check=True)

    def direct(self):
        return environment(self.server.port, "", self.server.certificate) | {"PGDATABASE": DATABASE}

    def through(self):
        return environment(self.gateway.port, self.issuer.token(), self.gateway.certificate) | {"PGDATABASE": DATABASE}

    def stop(self):
        self.gateway.stop()
        self.issuer.stop()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module", params=["POSTERN_PG18"])
def ways(request):
    ways = Ways(os.environ[request.param])
    yield ways
    ways.stop()


def answers(driver, way, questions):
    """What a driver says to each question, by the format and that."""
    command, asked = DRIVERS[driver], "\n".join(questions)
    done = subprocess.run(command, input=asked, env=way, capture_output=True, text=True, timeout=600, check=False)
    lines = done.stdout.splitlines()
    assert lines and lines[-1] == "the end", done.stderr[-2000:]
    return {tuple(line.split("\t", 2)[:2]): line.split("\t", 2)[2] for line in lines[:-1]}


def fails(said):
    return not said.startswith("[")


def readable(driver, way):
    """The columns that a driver can read at all."""
    alone = {schema.question("null", [name]): name for name in schema.NAMES}
    unread = {alone[asked] for (_format, asked), said in answers(driver, way, alone).items() if fails(said)}
    return [name for name in schema.NAMES if name not in unread]


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_masked_type_is_read(ways, driver):
    columns = readable(driver, ways.direct())
    assert len(columns) > 0.95 * len(schema.NAMES)
    questions = [schema.question(mask, columns) for mask in schema.KINDS]
    direct, through = answers(driver, ways.direct(), questions), answers(driver, ways.through(), questions)
    assert direct.keys() == through.keys()
    assert {asked: said for asked, said in through.items() if fails(said)} == {}
    assert [(asked, secret) for asked, said in through.items() for secret in SECRETS if secret in said] == []
    assert [secret for secret in SECRETS if not any(secret in said for said in direct.values())] == []
    if driver == "jdbc":
        # of each column: its table, its name, and its type with the modifier
        described = [{asked: said.split(", ")[: len(columns)] for asked, said in way.items()} for way in (direct, through)]
        assert described[0] == described[1]
