"""pgbench's point selects: how many, at which cost, and what is added to each.

Contenders run in turn within a round, so that whatever the machine does meets all of them. Enter at `measure`.
"""

import dataclasses
import re
import statistics
import subprocess

import machine

MODES = ["simple", "extended", "prepared"]


@dataclasses.dataclass
class Run:
    """One contender's run: queries a second, and what a proxy has used for each, in seconds of processor time."""

    rate: float
    cpu: float
    # of each transaction, in microseconds; where one client is measured
    latencies: list


def measure(field, say, cells, rounds, seconds, patience):
    """Runs of each cell, a list for each contender. A cell is (mode, clients, whether in TLS)."""
    measured = {}
    for turn in range(rounds):
        for cell in cells:
            mode, clients, tls = cell
            say(f"round {turn + 1} of {rounds}: {mode}, {clients} clients{', TLS' if tls else ''}")
            contenders = field.contenders(tls)
            # who comes first differs from round to round
            start = turn % len(contenders)
            in_turn = contenders[start:] + contenders[:start]
            # one client shows what is added; that only shows where nobody waits for another processor to wake up
            with machine.pinned(field.pids(), clients == 1):
                runs = patience.take(lambda: {one.name: run(field, one, mode, clients, seconds) for one in in_turn})
            for name, one in runs.items():
                measured.setdefault(cell, {}).setdefault(name, []).append(one)
    return measured


def run(field, contender, mode, clients, seconds):
    """One run; what the logins and the first statement of each client cost is left out."""
    opened, _, login, _ = pgbench(field, contender, mode, clients, ["--transactions=1"])
    logged = ["--log", f"--log-prefix={field.folder / 'latency'}"] if clients == 1 else []
    queries, rate, cpu, latencies = pgbench(field, contender, mode, clients, [f"--time={seconds}", *logged])
    return Run(rate, (cpu - login) / max(1, queries - opened), latencies)


def pgbench(field, contender, mode, clients, options):
    """How many transactions there were, how many a second, what a proxy used for them, and how long each took."""
    command = ["pgbench", "--no-vacuum", "--select-only", f"--protocol={mode}", f"--client={clients}"]
    command += [f"--jobs={min(clients, machine.CPUS)}", *options]
    before = machine.cpu_of(contender.pids)
    done = subprocess.run(
        command, env=contender.environment(), cwd=field.folder, capture_output=True, text=True, check=False
    )
    used = machine.cpu_of(contender.pids) - before
    if done.returncode != 0:
        raise RuntimeError(f"{contender.name}: {' '.join(command)}: {done.stderr[-500:]}")
    count = int(re.search(r"transactions actually processed: (\d+)", done.stdout).group(1))
    rate = float(re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE).group(1))
    return count, rate, used, logged(field)


def logged(field):
    """The times in the log that was written; the log goes."""
    times = []
    for log in field.folder.glob("latency.*"):
        # client, transaction, microseconds, …
        times += [int(line.split(" ", 3)[2]) for line in log.read_text().splitlines()]
        log.unlink()
    return times


def median(runs, value):
    return statistics.median(value(one) for one in runs)


def ratio(cell, name, other, value=lambda run: run.rate):
    """The median of what one is to another in the same round."""
    pairs = zip(cell[name], cell[other], strict=True)
    return statistics.median(value(one) / value(two) for one, two in pairs)


def added(cell, name):
    """Microseconds that one client waits longer for each query than without anybody in between."""
    pairs = zip(cell[name], cell["direct"], strict=True)
    return statistics.median(1e6 / one.rate - 1e6 / direct.rate for one, direct in pairs)


def added_at_99(cell, name):
    """Microseconds by which the slowest of a hundred is over what is usual without anybody in between."""
    pairs = zip(cell[name], cell["direct"], strict=True)
    return statistics.median(nth(one.latencies, 99) - nth(direct.latencies, 50) for one, direct in pairs)


def nth(times, percent):
    times = sorted(times)
    return times[min(len(times) - 1, len(times) * percent // 100)]
