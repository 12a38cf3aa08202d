"""What a host costs behind Postern, beside plain sshd and a relay: logins, commands, copies, idle sessions.

The clients are OpenSSH's own. Enter at `Hosts` and `measure`.
"""

import contextlib
import dataclasses
import getpass
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import machine

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "hosts"))

from servers import Gateway, Issuer, Sshd, free_port, until  # noqa: E402

TARGET = "web"
MEGABYTES = 500
KEYS = 500
# between two keys, of somebody who types fast
PAUSE = 0.005
RULES = """
[[principal]]
name = "pipeline"
kind = "workload"
issuer = "local"
claims = { sub = "e2e" }
groups = ["ci"]

[[rule]]
name = "commands"
effect = "allow"
who = ["group:ci"]
on = ["target:web"]
do = { actions = ["ssh.exec", "ssh.sftp", "ssh.pty"], objects = ["true", "cat", "sftp", "pty"] }

[[rule]]
name = "files"
effect = "allow"
who = ["group:ci"]
on = ["target:web"]
do = { effects = ["read", "write"], objects = ["FOLDER/*"] }

[[rule]]
name = "not-as-root"
effect = "forbid"
who = ["*"]
on = ["*"]
do = { actions = ["ssh.exec"] }
when = "'root' in facts.run_as || facts.background"
"""


@dataclasses.dataclass
class Contender:
    """One way to the host."""

    name: str
    port: int
    user: str
    key: pathlib.Path = None
    token: str = ""
    pids: list = dataclasses.field(default_factory=list)

    def client(self, program, *arguments):
        """A command, and its environment."""
        options = ["-F/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"]
        options += ["-oIdentityAgent=none", "-oNumberOfPasswordPrompts=1"]
        options += [f"-oIdentityFile={self.key}"] if self.key else ["-oIdentityFile=none", "-oPreferredAuthentications=password"]
        port = "-p" if program == "ssh" else "-P"
        return [program, *options, port, str(self.port), *arguments]

    def environment(self, folder):
        made = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
        return made | {"SSH_ASKPASS": str(folder / "askpass"), "SSH_ASKPASS_REQUIRE": "force", "TOKEN": self.token}

    def host(self):
        return f"{self.user}@127.0.0.1"


@dataclasses.dataclass
class Run:
    """Seconds, the seconds of processor time that a proxy used, and how many bytes or times it was for."""

    seconds: float
    cpu: float
    count: float
    # how long each of them took, where that is asked
    each: list = dataclasses.field(default_factory=list)

    @property
    def rate(self):
        return self.count / self.seconds


class Hosts:
    """An sshd, a relay before it, and a gateway."""

    def __init__(self, binary, relay):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-bench-", dir="/var/tmp"))
        self.started = []
        try:
            self.sshd = self._keep(Sshd(self.folder))
            self.issuer = self._keep(Issuer(self.folder))
            relay_port = free_port()
            relaying = [relay, f"127.0.0.1:{relay_port}", f"127.0.0.1:{self.sshd.port}"]
            self.relay = self._keep(subprocess.Popen(relaying))
            self.gateway = self._keep(self._gateway(binary))
            self._fill(relay_port)
        except BaseException:
            self.stop()
            raise

    def _keep(self, started):
        self.started.append(started)
        return started

    def _gateway(self, binary):
        policy = RULES.replace("FOLDER", str(self.folder))
        return Gateway(binary, self.folder / "gateway", self.sshd, self.issuer, TARGET, policy)

    def _fill(self, relay_port):
        (self.folder / "askpass").write_text("#!/bin/sh\nprintf '%s\\n' \"$TOKEN\"\n")
        (self.folder / "askpass").chmod(0o755)
        with open(self.folder / "large", "wb") as large:
            for _ in range(MEGABYTES):
                large.write(os.urandom(10**6))
        with open(self.folder / "lines", "w") as lines:
            for number in range(MEGABYTES * 10**4):
                line = f"2026-11-22T10:00:00.123Z INFO shop::orders request={number} handled GET /orders/{number % 9973} status=200"
                lines.write(f"{line:.99}".ljust(99, ".") + "\n")
        user, key = getpass.getuser(), self.folder / "key"
        self.contenders = [
            Contender("direct", self.sshd.port, user, key=key),
            Contender("relay", relay_port, user, key=key, pids=[self.relay.pid]),
            Contender("Postern, policy", self.gateway.ssh, TARGET, token=self.gateway.token(), pids=[self.gateway.process.pid]),
        ]

    def run(self, contender, program, *arguments, **options):
        command = contender.client(program, *arguments)
        done = subprocess.run(
            command, env=contender.environment(self.folder), cwd=self.folder, capture_output=True, check=False, **options
        )
        if done.returncode != 0:
            raise RuntimeError(f"{contender.name}: {' '.join(command)}: {done.stderr[-500:]}")
        return done.stdout

    def stop(self):
        for one in reversed(self.started):
            with contextlib.suppress(Exception):
                (one.stop if hasattr(one, "stop") else one.kill)()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def timed(contender, runs, count):
    before, began, each = machine.cpu_of(contender.pids), time.monotonic(), []
    yield each
    runs.append(Run(time.monotonic() - began, machine.cpu_of(contender.pids) - before, count, each))


def measure(hosts, say, rounds, times, sessions, patience):
    """Runs by what was done and by whom; and the bytes that a session takes up."""
    measured = {}
    for turn in range(rounds):
        for what, way in WAYS.items():
            say(f"round {turn + 1} of {rounds}: {what}")

            # who comes first differs from round to round
            start = turn % len(hosts.contenders)
            in_turn = hosts.contenders[start:] + hosts.contenders[:start]

            def one_round(way=way, in_turn=in_turn):
                taken = {one.name: [] for one in in_turn}
                for contender in in_turn:
                    way(hosts, contender, taken[contender.name], times)
                return taken

            for name, runs in patience.take(one_round).items():
                measured.setdefault(what, {}).setdefault(name, []).extend(runs)
    say(f"{sessions} idle sessions of hosts")
    return measured, idle(hosts, sessions)


def logins(hosts, contender, runs, times):
    with timed(contender, runs, times):
        for _ in range(times):
            hosts.run(contender, "ssh", contender.host(), "true")


def commands(hosts, contender, runs, times):
    """On one connection, as ControlMaster keeps it."""
    control = hosts.folder / "control"
    arguments = ["-oControlMaster=yes", f"-oControlPath={control}", "-N", contender.host()]
    command = contender.client("ssh", *arguments)
    master = subprocess.Popen(command, env=contender.environment(hosts.folder), stderr=subprocess.PIPE)
    try:
        until("a master", control.exists, hosts.sshd.log)
        with timed(contender, runs, times):
            for _ in range(times):
                hosts.run(contender, "ssh", f"-oControlPath={control}", contender.host(), "true")
    finally:
        master.terminate()
        master.wait(10)


def keys(hosts, contender, runs, _times):
    """A key that is typed in a terminal, until the host shows it there."""
    # a client hides when keys are pressed, and waits for it
    plain = ["-oIgnoreUnknown=ObscureKeystrokeTiming", "-oObscureKeystrokeTiming=no"]
    command = contender.client("ssh", "-tt", *plain, contender.host(), "cat")
    environment = contender.environment(hosts.folder)
    client = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def press():
        began = time.perf_counter()
        client.stdin.write(b"k")
        if client.stdout.read(1) != b"k":
            raise RuntimeError(f"{contender.name}: a key comes back otherwise")
        return time.perf_counter() - began

    try:
        # the first waits for the login
        press()
        with timed(contender, runs, KEYS) as each:
            for _ in range(KEYS):
                time.sleep(PAUSE)
                each.append(press())
    finally:
        client.terminate()
        client.wait(10)


def output(hosts, contender, runs, _times):
    """What a command writes."""
    with timed(contender, runs, MEGABYTES * 10**6):
        command = contender.client("ssh", contender.host(), f"cat {hosts.folder}/lines")
        client = subprocess.Popen(command, env=contender.environment(hosts.folder), stdout=subprocess.PIPE)
        came = 0
        while some := client.stdout.read(1 << 20):
            came += len(some)
        if client.wait() != 0 or came != MEGABYTES * 10**6:
            raise RuntimeError(f"{contender.name}: {came} bytes came")


def fetched(hosts, contender, runs, _times):
    with timed(contender, runs, MEGABYTES * 10**6):
        hosts.run(contender, "scp", "-s", f"{contender.host()}:{hosts.folder}/large", "/dev/null")


def stored(hosts, contender, runs, _times):
    with timed(contender, runs, MEGABYTES * 10**6):
        hosts.run(contender, "scp", "-s", str(hosts.folder / "large"), f"{contender.host()}:{hosts.folder}/copy")


WAYS = {
    "ssh host true": logins,
    "a command on an open connection": commands,
    "a key typed in a terminal": keys,
    "output of 500 MB": output,
    "sftp get of 500 MB": fetched,
    "sftp put of 500 MB": stored,
}


def idle(hosts, sessions):
    """Bytes of the gateway's memory for each session that is open and does nothing."""
    contender = hosts.contenders[-1]
    grown = []
    for count in (8, sessions):
        before = machine.resident(contender.pids)
        clients = []
        for _ in range(count):
            command = contender.client("ssh", "-N", "-oPermitLocalCommand=yes", "-oLocalCommand=echo in", contender.host())
            client = subprocess.Popen(command, env=contender.environment(hosts.folder), stdout=subprocess.PIPE)
            # it says so once it is logged in
            client.stdout.readline()
            clients.append(client)
        time.sleep(1)
        grown.append((machine.resident(contender.pids) - before) / count)
        for client in clients:
            client.terminate()
            client.wait(10)
        time.sleep(1)
    return grown[-1]
