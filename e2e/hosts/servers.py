"""OpenSSH's server, and a gateway of the real binary before it, each in a folder of its own."""

import base64
import contextlib
import getpass
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "indistinguishable"))

from house import AUDIENCE, Failed, Issuer, free_port, until  # noqa: E402

__all__ = ["Failed", "Gateway", "Issuer", "Sshd", "fingerprint", "free_port", "keypair", "until"]


def keypair(path):
    """A private key; its public half lies beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return path


def fingerprint(public):
    """Of a public key, as `ssh-keygen -l` prints it."""
    made = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(made).decode().rstrip("=")


class Sshd:
    """OpenSSH's server in a folder of its own, for whoever runs this."""

    def __init__(self, folder, settings=()):
        self.folder, self.port = folder, free_port()
        for name in ("host_key", "key"):
            keypair(folder / name)
        self.host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        lines = [
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {folder / 'host_key'}",
            f"AuthorizedKeysFile {folder / 'authorized_keys'}",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PidFile none",
            "PrintMotd no",
            "MaxStartups 1000",
            "Subsystem sftp internal-sftp",
            *settings,
        ]
        (folder / "sshd_config").write_text("\n".join(lines) + "\n")
        with contextlib.suppress(OSError):
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.log = folder / "sshd.log"
        with open(self.log, "wb") as log:
            # it closes every file that there may be before it runs anything, one by one
            program = shutil.which("sshd") or "/usr/sbin/sshd"
            command = ["/bin/sh", "-c", f"ulimit -n 1024; exec {program} -D -e -f {folder}/sshd_config"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("sshd", lambda: "listening" in self.log.read_text(), self.log)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Gateway:
    """The binary, configured in a folder of its own, before a host that it logs in at by a key."""

    def __init__(self, binary, folder, sshd, issuer, target, policy):
        self.folder, self.ssh, self.https, self.binary = folder, free_port(), free_port(), binary
        self.target = target
        folder.mkdir()
        shutil.copy(sshd.folder / "key", folder / "key")
        (folder / "key").chmod(0o600)
        config = f"""
[gateway]
domain = "localhost"
ports = {{ ssh = {self.ssh}, https = {self.https} }}
store = "sqlite:state/postern.db"
journal = "state/journal"
seal_key = "file:state/seal.key"
tls = {{ self-signed = true }}

[[issuer]]
name = "local"
kind = "oidc"
url = "{issuer.url}"
audience = "{AUDIENCE}"

[[target]]
name = "{target}"
protocol = "ssh"
address = "127.0.0.1:{sshd.port}"
host_key = "{sshd.host_key}"
login = {{ user = "{getpass.getuser()}", key = "file:key" }}
"""
        (folder / "postern.toml").write_text(config + policy)
        self.log = folder / "gateway.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([binary, "serve", "--config", folder / "postern.toml"], stdout=log, stderr=log)
        until("the gateway", self._serves, self.log)
        self.issuer = issuer

    def _serves(self):
        if self.process.poll() is not None:
            raise Failed(f"the gateway did not start: {self.log.read_text()}")
        return "the gateway is ready" in self.log.read_text()

    def host_key(self):
        """By which clients know the gateway: it says so as it starts."""
        for line in self.log.read_text().splitlines():
            said = json.loads(line) if line.startswith("{") else {}
            said |= said.get("fields", {})
            if said.get("message") == "clients know the gateway by this key":
                return said["key"]
        raise Failed(f"the gateway does not say its key: {self.log.read_text()}")

    def token(self, subject="e2e"):
        """One that is short enough for OpenSSH."""
        return self._exchange(subject, "token", "--target", self.target)

    def certify(self, subject, key):
        """A certificate of this key, beside it."""
        self._exchange(subject, "ssh-cert", "--key", key, "--target", self.target)

    def _exchange(self, subject, *verb):
        proof = self.folder / f"{subject}.token"
        proof.write_text(self.issuer.token(subject))
        remote = ["--gateway", f"https://localhost:{self.https}", "--ca-file", self.folder / "state" / "tls.crt"]
        command = [self.binary, *verb, *remote, "--token-file", proof]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"postern {verb[0]}: {done.stderr}")
        return done.stdout.strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
