"""A host with OpenSSH's server, the gateway before it, and the ways to it. Enter at `Place`.

What is the same on all ways is made so here: a client is told to go to `host`, and the files that say where that is and how
it proves itself are the way's.
"""

import contextlib
import dataclasses
import getpass
import os
import pathlib
import shutil
import tempfile

from beyond import Beyond
from servers import Gateway, Issuer, Sshd, free_port

HERE = pathlib.Path(__file__).resolve().parent
TARGET = "host"
# whom everything is allowed, and whom little
PRINCIPALS = ("trusted", "bound")


@dataclasses.dataclass
class Way:
    """One way to the host: what OpenSSH's clients read, and what others are told."""

    name: str
    folder: pathlib.Path
    environment: dict


class Place:
    """A host, what can be reached from it, the gateway, and the ways: `direct`, and one for each principal."""

    def __init__(self, binary, python):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-hosts-", dir="/var/tmp"))
        self.here, self.there = self.folder / "here", self.folder / "there"
        self.python, self.started, self.ways = python, [], {}
        # a port that clients listen on; the same for all, because they say it
        self.port = free_port()
        try:
            settings = ["AcceptEnv *", "MaxSessions 100", "X11Forwarding yes", "PrintLastLog no", "Compression yes"]
            self.sshd = self._keep(Sshd(self.folder, settings))
            self.beyond = self._keep(Beyond(self.folder))
            self.issuer = self._keep(Issuer(self.folder))
            policy = (HERE / "policy.toml").read_text()
            for name, value in {"FOLDER": self.there, "PORT": self.beyond.port}.items():
                policy = policy.replace(name, str(value))
            at = self.folder / "gateway"
            self.gateway = self._keep(Gateway(binary, at, self.sshd, self.issuer, TARGET, policy))
            self._lay_out()
        except BaseException:
            self.stop()
            raise

    def _keep(self, started):
        self.started.append(started)
        return started

    def _lay_out(self):
        (self.folder / "askpass").write_text("#!/bin/sh\nprintf '%s\\n' \"$TOKEN\"\n")
        programs = self.folder / "programs"
        programs.mkdir()
        for name in ("ssh", "scp", "sftp"):
            # they read the account's own file where they are not told another
            (programs / name).write_text(f'#!/bin/sh\nexec {shutil.which(name)} -F "$CONFIG" "$@"\n')
        for path in [self.folder / "askpass", *programs.iterdir()]:
            path.chmod(0o755)
        known = [(self.sshd.port, self.sshd.host_key), (self.gateway.ssh, self.gateway.host_key())]
        (self.folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {key}\n" for port, key in known))
        by_key = f"User {getpass.getuser()}\nIdentityFile {self.folder / 'key'}\nPreferredAuthentications publickey"
        by_token = f"User {TARGET}\nPreferredAuthentications password\nPubkeyAuthentication no"
        self._way("direct", self.sshd.port, by_key, by_key, "")
        for subject in PRINCIPALS:
            self._way(subject, self.gateway.ssh, by_token, by_key, self.gateway.token(subject))

    def _way(self, name, port, proof, own_proof, token):
        folder = self.folder / name
        folder.mkdir()
        # `inside` is the same host, as it is known to those who have reached it
        hosts = [("host", port, proof), ("inside bastion", self.sshd.port, own_proof)]
        text = "".join(f"Host {names}\nHostName 127.0.0.1\nPort {port}\n{proof}\n" for names, port, proof in hosts)
        text += (
            f"Host *\nUserKnownHostsFile {self.folder / 'known_hosts'}\nGlobalKnownHostsFile none\n"
            "StrictHostKeyChecking yes\nIdentitiesOnly yes\nNumberOfPasswordPrompts 1\nLogLevel INFO\n"
        )
        (folder / "config").write_text(text)
        environment = {
            "PATH": f"{self.folder / 'programs'}:{self.python.parent}:{os.environ['PATH']}",
            "HOME": str(self.here),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "CONFIG": str(folder / "config"),
            "THERE": str(self.there),
            "HERE": str(self.here),
            "CLIENTS": str(HERE / "clients"),
            "PYTHON": str(self.python),
            "PORT": str(self.port),
            "BEYOND": str(self.beyond.port),
            "WEB": str(self.beyond.web),
            "SOCKET": str(self.beyond.socket),
            "SSH_ASKPASS": str(self.folder / "askpass"),
            "SSH_ASKPASS_REQUIRE": "force",
            "TOKEN": token,
        }
        self.ways[name] = Way(name, folder, environment)

    def clear(self):
        """Both ends as they are before anything was done."""
        for folder in (self.here, self.there):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def stop(self):
        for one in reversed(self.started):
            with contextlib.suppress(Exception):
                one.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
