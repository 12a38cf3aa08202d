"""A real PostgreSQL, and a gateway of the real binary before it under a policy that allows everything.

What is the same on both ways is made so here: the account, the databases' names, the client's environment. Enter at
`House`.
"""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ACCOUNT = "postgres"
# the gateway guards what it injects where it has at least 12 bytes
PASSWORD = "injected-7f3a9c51e8d2"
AUDIENCE = "postern"
HOURS = 8 * 3600

POLICY = """
[[principal]]
name = "everybody"
kind = "workload"
issuer = "local"

[[rule]]
name = "everything"
effect = "allow"
who = ["*"]
on = ["*"]
do = { effects = ["session", "read", "write", "delete", "define", "grant", "execute", "transfer", "unknown"] }
"""


class Failed(Exception):
    """What was started does not serve."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def unprivileged():
    """The account that a server started by root runs as; PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Failed("neither a user `postgres` nor `nobody` exists to run PostgreSQL")


def under(account):
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def until(what, ready, log, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise Failed(f"{what} is not ready after {seconds} s: {log.read_text()[-2000:]}")
        time.sleep(0.05)


class Server:
    """PostgreSQL in a folder of its own. Whoever connects from this machine is whom he says, as its own tests want it."""

    def __init__(self, root, settings=()):
        self.bin = pathlib.Path(root) / "bin"
        said = subprocess.run([self.bin / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        # `postgres (PostgreSQL) 15.18 (Debian …)`
        self.major = int(re.search(r"\) (\d+)", said).group(1))
        self.account = unprivileged()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-e2e-", dir="/var/tmp"))
        self.port = free_port()
        self.log = self.folder / "log"
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-U", ACCOUNT, "--no-sync", "-A", "trust", "-E", "UTF8", "--no-locale")
        # by the names that it looks for
        self.certificate = data / "server.crt"
        certify(self.certificate, data / "server.key")
        self.own(data)
        with open(data / "postgresql.conf", "a", encoding="utf-8") as config:
            lines = {
                "listen_addresses": "127.0.0.1",
                "port": self.port,
                "unix_socket_directories": self.folder,
                "fsync": "off",
                "max_connections": 60,
                "ssl": "on",
                **dict(settings),
            }
            config.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", data], stdout=log, stderr=log, cwd=self.folder, **under(self.account)
            )
        until("PostgreSQL", self._serves, self.log)

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self.bin / program, *arguments], capture_output=True, text=True, cwd="/", **under(self.account)
        )
        if done.returncode != 0:
            raise Failed(f"{program}: {done.stderr}")

    def own(self, folder):
        """Lets the server read and write in a folder inside its own."""
        if self.account:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _serves(self):
        if self.process.poll() is not None:
            raise Failed(f"PostgreSQL did not start: {self.log.read_text()}")
        return "ready to accept connections" in self.log.read_text(errors="replace")

    def stop(self):
        # "fast": whoever is still connected does not keep it
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def openssl(*arguments, given=None):
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"openssl: {done.stderr.decode()}")
    return done.stdout


def certify(certificate, key):
    """A certificate that clients trust by itself, for the one name by which they connect."""
    for_localhost = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    no_authority = ["-addext", "basicConstraints=critical,CA:FALSE"]
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", *for_localhost, *no_authority, "-keyout", key, "-out", certificate
    )


class Issuer:
    """Vouches for whoever runs this; openssl signs."""

    def __init__(self, folder):
        self.key = folder / "issuer.pem"
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key)
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().split("=")[1]
        issuer = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(issuer.documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in issuer.documents else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/keys": {
                "keys": [
                    {
                        "kty": "RSA",
                        "alg": "RS256",
                        "use": "sig",
                        "kid": "one",
                        "n": encoded(bytes.fromhex(modulus)),
                        "e": "AQAB",
                    }
                ]
            },
        }
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, subject="e2e"):
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + HOURS}
        parts = [{"alg": "RS256", "kid": "one", "typ": "JWT"}, claims]
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        signature = openssl("dgst", "-sha256", "-sign", self.key, given=signed.encode())
        return f"{signed}.{encoded(signature)}"

    def stop(self):
        self.server.shutdown()


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Gateway:
    """The binary, configured in a folder of its own, before a server that asks for this password, or lets in who comes. What
    a caller adds stands in `[gateway]` and in the listener's table, as TOML.
    """

    def __init__(
        self,
        binary,
        folder,
        address,
        issuer,
        databases,
        policy=POLICY,
        gateway="",
        listener="",
        password=None,
        second=None,
        account=ACCOUNT,
    ):
        self.folder = folder
        self.port, self.https = free_port(), free_port()
        self.certificate = folder / "state" / "tls.crt"
        # a target for each database, so that clients name it by the same word on both ways
        targets = [(database, address, database) for database in databases]
        targets += [("second", second, "postgres")] if second else []
        self._configure(issuer, targets, policy, gateway, listener, account, password)
        self.log = folder / "gateway.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--config", folder / "postern.toml"], stdout=log, stderr=log
            )
        until("the gateway", self._serves, self.log)

    def _configure(self, issuer, targets, policy, gateway, listener, account, password):
        login = f'user = "{account}"'
        if password:
            (self.folder / "password").write_text(password)
            (self.folder / "password").chmod(0o600)
            login += ', password = "file:password"'
        (self.folder / "policy.toml").write_text(policy)
        config = f"""
include = ["policy.toml"]

[gateway]
domain = "localhost"
ports = {{ postgres = {self.port}, https = {self.https} }}
store = "sqlite:state/postern.db"
journal = "state/journal"
seal_key = "file:state/seal.key"
tls = {{ self-signed = true }}
{gateway}
[listener.postgres]
plaintext = true
{listener}
[[issuer]]
name = "local"
kind = "oidc"
url = "{issuer.url}"
audience = "{AUDIENCE}"
"""
        for name, where, database in targets:
            config += f"""
[[target]]
name = "{name}"
protocol = "postgres"
address = "{where}"
database = "{database}"
tls = "disable"
application_name = "client"
login = {{ {login} }}
"""
        (self.folder / "postern.toml").write_text(config)

    def _serves(self):
        if self.process.poll() is not None:
            raise Failed(f"the gateway did not start: {self.log.read_text()}")
        return "the gateway is ready" in self.log.read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class House:
    """A server, the gateway before it, and the two ways to it."""

    def __init__(self, binary, root, databases, settings=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-e2e-"))
        self.server = Server(root, settings)
        self.sql("postgres", f"ALTER ROLE {ACCOUNT} PASSWORD '{PASSWORD}'")
        self.issuer = Issuer(self.folder)
        # where a suite may put a second server; it is the target `second`
        self.second = free_port()
        first, second = (f"127.0.0.1:{port}" for port in (self.server.port, self.second))
        self.gateway = Gateway(binary, self.folder, first, self.issuer, databases, second=second)

    def sql(self, database, text):
        """Behind the gateway's back, each statement by itself."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
            input=text,
            env=self.direct(),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Failed(done.stderr)
        return done.stdout

    def direct(self):
        """The environment of a client that goes straight to the server."""
        return environment(self.server.port, PASSWORD, self.server.certificate)

    def through(self):
        """The environment of one that goes through the gateway."""
        return environment(self.gateway.port, self.issuer.token(), self.gateway.certificate)

    def stop(self):
        self.gateway.stop()
        self.issuer.stop()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def environment(port, password, certificate):
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PGHOST": "localhost",
        "PGPORT": str(port),
        "PGUSER": ACCOUNT,
        "PGPASSWORD": password,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(certificate),
        "PGCONNECT_TIMEOUT": "30",
        "PGGSSENCMODE": "disable",
    }
