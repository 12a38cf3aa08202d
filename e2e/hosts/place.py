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
from servers import Gateway, Issuer, Sshd, fingerprint, free_port, keypair

HERE = pathlib.Path(__file__).resolve().parent
TARGET = "host"


def entry(names, port, user, key):
    """What a client's configuration says of a host: by which key it proves itself, or by a password."""
    proof = f"IdentityFile {key}\nPreferredAuthentications publickey" if key else "PubkeyAuthentication no"
    return f"Host {names}\nHostName 127.0.0.1\nPort {port}\nUser {user}\n{proof}\n"


@dataclasses.dataclass
class Way:
    """One way to the host: what OpenSSH's clients read, and what others are told."""

    name: str
    folder: pathlib.Path
    environment: dict


class Place:
    """A host, what can be reached from it, the gateway, and the ways: `direct`, and one for each proof and principal."""

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
            self.registered = keypair(self.folder / "registered-key")
            public = pathlib.Path(f"{self.registered}.pub").read_text()
            words = {"FOLDER": self.there, "PORT": self.beyond.port, "KEY": fingerprint(public)}
            for name, value in words.items():
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
        certified = keypair(self.folder / "certified-key")
        self.gateway.certify("trusted", certified)
        ways = [("direct", self.folder / "key", None), ("keyed", self.registered, None), ("certified", certified, None)]
        ways += [(name, None, self.gateway.token(name)) for name in ("trusted", "bound")]
        for name, key, token in ways:
            self._way(name, key, token)

    def _way(self, name, key, token):
        folder = self.folder / name
        folder.mkdir()
        at = {"direct": (self.sshd.port, getpass.getuser())}.get(name, (self.gateway.ssh, TARGET))
        host_key = self.sshd.host_key if name == "direct" else self.gateway.host_key()
        # `inside` is the same host, as it is known to those who have reached it
        own = entry("inside bastion", self.sshd.port, getpass.getuser(), self.folder / "key")
        (folder / "config").write_text(
            f"{entry('host', *at, key)}{own}Host *\nUserKnownHostsFile {self.folder / 'known_hosts'}\n"
            "GlobalKnownHostsFile none\nStrictHostKeyChecking yes\nIdentitiesOnly yes\nNumberOfPasswordPrompts 1\n"
        )
        environment = {
            "PATH": f"{self.folder / 'programs'}:{self.python.parent}:{os.environ['PATH']}",
            "HOME": self.here,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "SSH_ASKPASS": self.folder / "askpass",
            "SSH_ASKPASS_REQUIRE": "force",
            # for scenarios
            "HERE": self.here,
            "THERE": self.there,
            "CLIENTS": HERE / "clients",
            "PYTHON": self.python,
            "PORT": self.port,
            "BEYOND": self.beyond.port,
            "WEB": self.beyond.web,
            "SOCKET": self.beyond.socket,
            # of the way
            "CONFIG": folder / "config",
            "KNOWN": self.folder / "known_hosts",
            "THROUGH": "" if name == "direct" else name,
            "HOST_PORT": at[0],
            "HOST_USER": at[1],
            "HOST_FINGERPRINT": fingerprint(host_key),
            "KEY": key or "",
            "TOKEN": token or "",
        }
        self.ways[name] = Way(name, folder, {word: str(value) for word, value in environment.items()})

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
