"""Who is measured: the server alone, and everything that can stand before it, each started once.

How a server and a gateway are started is the end-to-end tests' knowledge. Enter at `Field`.
"""

import contextlib
import dataclasses
import itertools
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "indistinguishable"))

import house
from house import ACCOUNT, PASSWORD, Gateway, Issuer, Server, environment, free_port, until

HERE = pathlib.Path(__file__).resolve().parent
DATABASE = "postgres"
# an account whom the server asks for nothing, for clients of ours that know no SCRAM
TRUSTED = "bench"
CLIENTS = 12_000
# files a session in the gateway: the client's, the target's, its recording
FILES_EACH = 3
# the gateway's own, with room to spare
FILES_BESIDE = 500
# rows of pgbench's accounts, 100,000 each
SCALE = 30

# rules about what is not measured
OTHERS = 50
OTHER = """
[[rule]]
name = "ledger-{0}"
effect = "{1}"
who = ["group:ci"]
on = ["target:postgres"]
do = {{ effects = ["read", "write"], objects = ["ledger{0}.*"] }}
{2}"""

MASKS = """
[[mask]]
name = "balances"
columns = ["public.pgbench_accounts.abalance"]
kind = "null"
"""


@dataclasses.dataclass
class Contender:
    """One way to the server, plain or inside TLS."""

    name: str
    tls: bool
    port: int
    password: str = ""
    certificate: pathlib.Path = None
    user: str = ACCOUNT
    # its processes; none where there is nothing in between
    pids: list = dataclasses.field(default_factory=list)

    def environment(self):
        """The environment of a client that takes this way."""
        made = environment(self.port, self.password, self.certificate)
        # one address, so that no time goes into trying the other
        made |= {"PGHOSTADDR": "127.0.0.1", "PGUSER": self.user, "PGDATABASE": DATABASE}
        return made if self.tls else made | {"PGSSLMODE": "disable"}


class Relay:
    def __init__(self, binary, target):
        self.port = free_port()
        self.process = subprocess.Popen([binary, f"127.0.0.1:{self.port}", f"127.0.0.1:{target}"])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Bouncer:
    """pgbouncer, plain and TLS on one port, in the way that keeps a server connection for a client or for a transaction."""

    def __init__(self, folder, target, mode):
        folder.mkdir()
        self.port, self.log = free_port(), folder / "log"
        self.certificate = folder / "server.crt"
        key = folder / "server.key"
        # of the kind that the gateway makes for itself
        house.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        house.openssl(
            *("req", "-x509", "-new", "-key", key, "-out", self.certificate, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"),
        )
        (folder / "users").write_text(f'"{ACCOUNT}" "{PASSWORD}"\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": folder / "users",
            "pool_mode": mode,
            "max_client_conn": CLIENTS,
            "default_pool_size": 1100 if mode == "session" else 8,
            "server_tls_sslmode": "disable",
            "client_tls_sslmode": "allow",
            "client_tls_cert_file": self.certificate,
            "client_tls_key_file": key,
            "log_connections": 0,
            "log_disconnections": 0,
            # what clients and the gateway set as they begin
            "ignore_startup_parameters": "extra_float_digits,search_path,options,row_security",
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n{DATABASE} = host=127.0.0.1 port={target}\n[pgbouncer]\n{lines}"
        )
        account = house.unprivileged()
        if account:
            for path in [folder, *folder.iterdir()]:
                os.chown(path, account.pw_uid, account.pw_gid)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", folder / "pgbouncer.ini"],
                stdout=log,
                stderr=log,
                cwd=folder,
                **house.under(account),
            )
        until("pgbouncer", lambda: "process up" in self.log.read_text(), self.log)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait(5)


class Field:
    """The server, and everybody who stands before it."""

    def __init__(self, binary, relay, root):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-bench-", dir="/var/tmp"))
        # others go through on the way to their own folder in it
        self.folder.chmod(0o755)
        self.started = []
        more_files()
        try:
            self._start(binary, relay, root)
        except BaseException:
            self.stop()
            raise

    def _start(self, binary, relay, root):
        settings = {"max_connections": 1200, "shared_buffers": "1GB", "autovacuum": "off", "max_wal_size": "4GB"}
        self.server = self._keep(Server(root, settings))
        self.issuer = self._keep(Issuer(self.folder))
        self._fill()
        self.relay = self._keep(Relay(relay, self.server.port))
        self.bouncer = self._keep(Bouncer(self.folder / "session", self.server.port, "session"))
        self.pool = self._keep(Bouncer(self.folder / "pool", self.server.port, "transaction"))
        rules = (HERE / "policy.toml").read_text() + "".join(others())
        self.allowing = self._gateway("allowing", binary)
        self.ruled = self._gateway("ruled", binary, policy=rules)
        self.masking = self._gateway("masking", binary, policy=rules + MASKS)
        self.synced = self._gateway("synced", binary, policy=rules, gateway='durability = "fsync"\n')
        self.binary, self.rules, self.turns = binary, rules, itertools.count()

    def _keep(self, started):
        self.started.append(started)
        return started

    def _gateway(self, name, binary, port=None, **options):
        folder = self.folder / name
        folder.mkdir()
        address = f"127.0.0.1:{port or self.server.port}"
        listener = f"connections = {CLIENTS}\n"
        # the server asks for the password, the pool does not
        options["password"] = None if port else PASSWORD
        return self._keep(Gateway(binary, folder, address, self.issuer, [DATABASE], listener=listener, **options))

    def _fill(self):
        """The tables of pgbench; and from here on the server asks for a password, as those in the field do."""
        direct = environment(self.server.port, PASSWORD, self.server.certificate) | {"PGDATABASE": DATABASE}
        roles = f"ALTER ROLE {ACCOUNT} PASSWORD '{PASSWORD}'; CREATE ROLE {TRUSTED} SUPERUSER LOGIN"
        subprocess.run(["psql", "-XqAt", "-c", roles], env=direct, check=True)
        fill = ["pgbench", "--initialize", "--quiet", "--init-steps=dtgvp", "--unlogged-tables", f"--scale={SCALE}"]
        subprocess.run(fill, env=direct, check=True, capture_output=True)
        access = self.server.folder / "data" / "pg_hba.conf"
        access.write_text(f"local all all trust\nhost all {TRUSTED} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.server.process.send_signal(signal.SIGHUP)

    def contenders(self, tls, user=ACCOUNT):
        """Who is compared, the server itself first. `user` is whom the server sees of those who log in there themselves."""
        straight = {"password": PASSWORD, "certificate": self.server.certificate, "user": user}
        relay = [self.relay.process.pid]
        bouncer = {"certificate": self.bouncer.certificate, "pids": [self.bouncer.process.pid]}
        return [
            Contender("direct", tls, self.server.port, **straight),
            Contender("relay", tls, self.relay.port, pids=relay, **straight),
            Contender("pgbouncer", tls, self.bouncer.port, **bouncer),
            self.through("Postern, allow all", self.allowing, tls),
            self.through("Postern, policy", self.ruled, tls),
            self.through("Postern, masks", self.masking, tls),
        ]

    def through(self, name, gateway, tls):
        """The way through a gateway."""
        token = self.issuer.token()
        return Contender(name, tls, gateway.port, token, gateway.certificate, pids=[gateway.process.pid])

    def fresh_gateway(self, tls):
        """A gateway before the pool that nobody has used yet; whoever takes it stops it."""
        gateway = self._gateway(f"fresh-{next(self.turns)}", self.binary, policy=self.rules, port=self.pool.port)
        return self.through("Postern, policy", gateway, tls), gateway

    def fresh_pool(self, tls):
        """The same of a pool before the server."""
        pool = self._keep(Bouncer(self.folder / f"fresh-{next(self.turns)}", self.server.port, "transaction"))
        pids = [pool.process.pid]
        return Contender("pgbouncer, pooling", tls, pool.port, certificate=pool.certificate, pids=pids), pool

    def pids(self):
        """The server and everybody before it."""
        processes = [one.process for one in self.started if hasattr(one, "process")]
        return [process.pid for process in processes if process.poll() is None]

    def stop(self):
        for one in reversed(self.started):
            # what is still there is stopped, whatever one of them says
            with contextlib.suppress(Exception):
                one.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def others():
    asking = 'with = { approvers = ["group:dba"] }'
    for number in range(OTHERS):
        yield OTHER.format(number, *[("allow", ""), ("approve", asking), ("forbid", 'when = "facts.no_where"')][number % 3])


def more_files():
    """As many open files as ten thousand sessions need, or as many as the system gives."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_EACH * CLIENTS
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_sessions():
    """How many sessions a gateway can have here."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_BESIDE) // FILES_EACH
