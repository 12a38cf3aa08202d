"""A server with masked people in it, the gateway before it, and what both leave behind. Enter at `Place`."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).parents[1] / "indistinguishable"))

from house import Failed, Gateway, Issuer, Server  # noqa: E402
from shapes import filled  # noqa: E402
from wire import Client  # noqa: E402

HERE = pathlib.Path(__file__).parent
ACCOUNT = "app"


class Place:
    """Databases of the same structure, each with values of its own, and one gateway under one policy."""

    def __init__(self, binary, root, databases, predicates):
        self.binary = binary
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-leaks-"))
        self.server = Server(root, {"max_prepared_transactions": "5", "autovacuum": "off"})
        self.version = self.server.major
        self._make(databases)
        self.issuer = Issuer(self.folder)
        policy = (HERE / "policy.toml").read_text().replace("PREDICATES", predicates)
        address = f"127.0.0.1:{self.server.port}"
        self.gateway = Gateway(
            binary, self.folder, address, self.issuer, list(databases), policy=policy, account=ACCOUNT
        )
        for name, subject in [("token", "attacker"), ("auditor", "auditor")]:
            (self.folder / name).write_text(self.issuer.token(subject))

    def _make(self, databases):
        self.sql("postgres", f"CREATE ROLE {ACCOUNT} LOGIN CREATEROLE; GRANT pg_monitor TO {ACCOUNT}; CREATE ROLE other;")
        for database in databases:
            self.sql("postgres", f"CREATE DATABASE {database} OWNER {ACCOUNT}")
            self.sql(database, "CREATE EXTENSION btree_gist")
            for extension in ("dblink", "postgres_fdw", "tablefunc", "pageinspect"):
                self.sql(database, f"CREATE EXTENSION {extension}; DROP EXTENSION {extension}")
        for database, canaries in databases.items():
            made = filled((HERE / "schema.sql").read_text(), canaries.parts())
            self.sql(database, f"SET ROLE {ACCOUNT}; GRANT ALL ON SCHEMA public TO {ACCOUNT}; {made}", ACCOUNT)

    def sql(self, database, text, account="postgres"):
        """Behind the gateway's back."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
            input=text,
            env={**self.environment(), "PGUSER": account},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Failed(done.stderr)

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "PGHOST": "localhost", "PGPORT": str(self.server.port)}

    def direct(self, database):
        """A client that no mask binds."""
        return Client(self.server.port, database, ACCOUNT, "")

    def through(self, database):
        """One whom all of them bind."""
        token = (self.folder / "token").read_text()
        return Client(self.gateway.port, database, "anybody", token, self.gateway.certificate)

    def verb(self, *arguments, remote=True):
        """What a verb of the gateway prints, for an auditor."""
        at = ["--gateway", f"https://localhost:{self.gateway.https}", "--ca-file", self.gateway.certificate]
        at += ["--token-file", self.folder / "auditor"]
        done = subprocess.run(
            [self.binary, *arguments, *(at if remote else ["--config", self.folder / "postern.toml"])],
            capture_output=True,
        )
        if done.returncode != 0:
            raise Failed(f"postern {' '.join(arguments)}: {done.stderr.decode()}")
        return done.stdout

    def sessions(self):
        """The sessions that were, once all of them have ended."""
        end = time.monotonic() + 30
        while True:
            sessions = json.loads(self.verb("sessions", "list", "--json", "--limit", "1000"))
            if all(one["ended"] for one in sessions):
                return sessions
            if time.monotonic() > end:
                raise Failed("sessions have not ended 30 s after their clients left")
            time.sleep(0.1)

    def kept(self):
        """What the gateway keeps, by where: recordings as they are played, journal opened and as it is, files, log."""
        yield "log", self.gateway.log.read_bytes()
        for session in self.sessions():
            yield f"recording {session['id']}", self.verb("sessions", "play", session["id"], "--idle", "0")
            yield f"recording {session['id']} as JSON", self.verb("sessions", "play", session["id"], "--json")
        yield "journal", self.verb("audit", "export", "--unseal", remote=False)
        yield "search", self.verb("audit", "search", "since:1d", "--limit", "1000")
        yield "search as JSON", self.verb("audit", "search", "since:1d", "--limit", "1000", "--json")
        for path in sorted((self.folder / "state").rglob("*")):
            # a segment of the journal holds what was exported of it, and less of it open
            if path.is_file() and path.suffix != ".journal":
                yield f"file {path.relative_to(self.folder)}", path.read_bytes()

    def stop(self):
        self.gateway.stop()
        self.issuer.stop()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
