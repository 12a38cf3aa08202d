"""What Postern costs, beside what others that stand before a server do, in one run.

    python3 bench --binary FILE --relay FILE --server ROOT [--statements FILE] [--masking FILE] [quick] [--anyway] [--only PART …]

It ends with 0 where all of it was measured on a machine that did nothing else.
"""

import argparse
import dataclasses
import datetime
import pathlib
import subprocess
import sys
import time

import hosts
import idle
import logins
import machine
import report
import results
import selects
from contenders import TRUSTED, Field, most_sessions

PARTS = ["selects", "durability", "logins", "results", "slow", "idle", "hosts", "statements", "masking"]
# those that need the databases
OF_DATABASES = ["selects", "durability", "logins", "results", "slow", "idle"]


@dataclasses.dataclass
class Sizes:
    """How much is measured."""

    rounds: int
    seconds: int
    clients: tuple
    ways: tuple
    sessions: tuple
    # logins and commands of hosts, and their idle sessions
    times: int
    hosts: int


FULL = Sizes(rounds=5, seconds=3, clients=(1, 8, 32), ways=(False, True), sessions=(1_000, 10_000), times=20, hosts=500)
QUICK = Sizes(rounds=1, seconds=1, clients=(1,), ways=(False, True), sessions=(500,), times=5, hosts=50)


class Patience:
    """Takes a round again while others use the machine; and remembers where that did not help."""

    TRIES, PAUSE = 4, 5

    def __init__(self, anyway):
        self.anyway, self.unquiet, self.most = anyway, 0, None

    def take(self, measured_round):
        for turn in range(self.TRIES):
            watch = machine.Watch()
            taken = measured_round()
            others = watch.others()
            if others <= machine.MOST_OTHERS or self.anyway:
                break
            time.sleep(self.PAUSE * (turn + 1))
        self.most = max(self.most or 0, others)
        self.unquiet += others > machine.MOST_OTHERS
        return taken

    def verdict(self):
        if self.most is None:
            return "Nothing in it depends on what else the machine does."
        if not self.unquiet:
            return f"Others took at most {self.most:.1%} of the machine in any round."
        judged = "Judged anyway" if self.anyway else "Not judged"
        return f"**{judged}**: in {self.unquiet} rounds others took over {machine.MOST_OTHERS:.0%} of the machine, up to {self.most:.0%}."


class Progress:
    def __init__(self):
        self.began = time.monotonic()

    def say(self, what):
        line = f"{int(time.monotonic() - self.began):5d} s  {what}"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{line}")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def cells(sizes, clients=None, ways=None, modes=selects.MODES):
    return [
        (mode, count, tls) for tls in (ways or sizes.ways) for count in (clients or sizes.clients) for mode in modes
    ]


def measure(field, options, sizes, patience, progress):
    said = report.Report()
    wanted = options.only or PARTS
    if "selects" in wanted:
        measured = selects.measure(field, progress.say, cells(sizes), sizes.rounds, sizes.seconds, patience)
        said.selects(measured)
    if "durability" in wanted:
        said.durability(of_durability(field, sizes, patience, progress))
    if "logins" in wanted:
        said.logins(logins.measure(field, progress.say, sizes.ways, sizes.rounds, sizes.seconds, patience))
    if "results" in wanted:
        said.results(results.measure(field, progress.say, sizes.ways, sizes.rounds, patience))
    if "slow" in wanted:
        said.slow(of_slow_readers(field, progress))
    if "idle" in wanted:
        said.idle(of_idle_sessions(field, sizes, progress))
    if "hosts" in wanted:
        said.hosts(*of_hosts(options, sizes, patience, progress))
    if "statements" in wanted and options.statements:
        progress.say("statements, read and decided about")
        said.statements(of_statements(options.statements))
    if "masking" in wanted and options.masking:
        progress.say("what leaves, searched")
        said.masking(*of_masking(options.masking))
    return said


def of_durability(field, sizes, patience, progress):
    """The same policy with either durability, side by side."""
    pair = Pair(field, {"os": field.ruled, "fsync": field.synced})
    wanted = cells(sizes, ways=(False,), modes=["prepared"])
    return selects.measure(pair, progress.say, wanted, sizes.rounds, sizes.seconds, patience)


class Pair:
    """Gateways alone, as a field of their own."""

    def __init__(self, field, gateways):
        self.field, self.gateways, self.folder = field, gateways, field.folder

    def contenders(self, tls):
        return [self.field.through(name, gateway, tls) for name, gateway in self.gateways.items()]

    def pids(self):
        return self.field.pids()


def of_slow_readers(field, progress):
    held = {}
    for contender in field.contenders(False, TRUSTED):
        if contender.name in ("pgbouncer", report.POLICY):
            progress.say(f"a slow reader of 1 GiB: {contender.name}")
            held[contender.name] = results.held_for_a_slow_reader(contender)
    return held


def of_idle_sessions(field, sizes, progress):
    """Those of the gateway, and of another that holds one connection for another; each fresh, with nothing to reuse."""
    measured = {}
    # what the system has no files for is not measured
    for sessions in sorted({min(sessions, most_sessions()) for sessions in sizes.sessions}):
        for tls in sizes.ways:
            for start in (field.fresh_pool, field.fresh_gateway):
                contender, started = start(tls)
                progress.say(f"{sessions} idle sessions: {contender.name}{', TLS' if tls else ''}")
                measured[contender.name, tls, sessions] = idle.measure(contender, sessions)
                started.stop()
    return measured


def of_hosts(options, sizes, patience, progress):
    started = hosts.Hosts(options.binary, options.relay)
    try:
        return hosts.measure(started, progress.say, sizes.rounds, sizes.times, sizes.hosts, patience)
    finally:
        started.stop()


def of_statements(program):
    """What the benchmark says, a line for each thing: what it is, its median, its 99th percentile."""
    said = subprocess.run([program, "--bench"], capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in said.splitlines() if line.count("\t") == 2]


def of_masking(program):
    """What it says of speeds, a line for each, and of each detector, a row for each."""
    said = subprocess.run([program, "--bench"], capture_output=True, text=True, check=True).stdout.splitlines()
    speeds = [line.split("\t") for line in said if line.count("\t") == 1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said if line.startswith("| ")]
    return speeds, rows[0], rows[1:]


def main():
    arguments = argparse.ArgumentParser(prog="make bench")
    arguments.add_argument("size", nargs="?", choices=["full", "quick"], default="full")
    arguments.add_argument("--anyway", action="store_true", help="also on a machine that others use")
    arguments.add_argument("--only", action="append", choices=PARTS, help="one part of it; may stand several times")
    arguments.add_argument("--rounds", type=int)
    arguments.add_argument("--seconds", type=int)
    arguments.add_argument("--binary", type=pathlib.Path, required=True)
    arguments.add_argument("--relay", type=pathlib.Path, required=True)
    arguments.add_argument("--server", required=True)
    arguments.add_argument("--statements", type=pathlib.Path)
    arguments.add_argument("--masking", type=pathlib.Path)
    arguments.add_argument("--into", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    sizes = QUICK if options.size == "quick" else FULL
    changed = {name: getattr(options, name) for name in ("rounds", "seconds") if getattr(options, name)}
    sizes = dataclasses.replace(sizes, **changed)
    progress, patience = Progress(), Patience(options.anyway)
    progress.say("starting everybody")
    wanted = options.only or PARTS
    field = Field(options.binary, options.relay, options.server) if set(wanted) & set(OF_DATABASES) else None
    try:
        said = measure(field, options, sizes, patience, progress)
    finally:
        if field:
            field.stop()
    text = said.text(judged=options.anyway or not patience.unquiet)
    told(options, sizes, patience, text, time.monotonic() - progress.began)
    return 0 if not patience.unquiet or options.anyway else 1


def told(options, sizes, patience, text, seconds):
    words = [word for word in sys.argv[1:] if word in ("quick", "--anyway")]
    words += [f"--only {part}" for part in options.only or []]
    command = "make bench" + (f' ARGS="{" ".join(words)}"' if words else "")
    today = datetime.datetime.now(datetime.UTC).date()
    server = subprocess.run([f"{options.server}/bin/postgres", "--version"], capture_output=True, text=True).stdout
    head = f"""## Figures

{today}, {machine.described()}; {server.strip()}; `{command}`, {seconds / 60:.0f} min.
{report.method(sizes)}
{patience.verdict()}
"""
    options.into.parent.mkdir(parents=True, exist_ok=True)
    options.into.write_text(f"{head}\n{text}\n")
    print(f"{head}\n{text}\n\nalso in {options.into}")


if __name__ == "__main__":
    sys.exit(main())
