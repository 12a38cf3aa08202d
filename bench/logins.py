"""What it takes to log in: sessions that are opened, ask for nothing, and end."""

import dataclasses
import re
import subprocess

import machine

CLIENTS = 4


@dataclasses.dataclass
class Run:
    """Sessions a second, and the seconds of processor time that a proxy used for each."""

    rate: float
    cpu: float


def measure(field, say, ways, rounds, seconds, patience):
    """Runs of each contender, by whether it was in TLS."""
    # a transaction of pgbench's that says nothing to the server
    script = field.folder / "nothing.sql"
    script.write_text("\\set nothing 1\n")
    measured = {}
    for turn in range(rounds):
        for tls in ways:
            say(f"round {turn + 1} of {rounds}: logins{', TLS' if tls else ''}")
            contenders = field.contenders(tls)
            runs = patience.take(lambda: {one.name: run(field, one, script, seconds) for one in contenders})
            for name, one in runs.items():
                measured.setdefault(tls, {}).setdefault(name, []).append(one)
    return measured


def run(field, contender, script, seconds):
    command = ["pgbench", "--no-vacuum", "--connect", f"--file={script}", f"--client={CLIENTS}", f"--time={seconds}"]
    before = machine.cpu_of(contender.pids)
    done = subprocess.run(
        command, env=contender.environment(), cwd=field.folder, capture_output=True, text=True, check=False
    )
    used = machine.cpu_of(contender.pids) - before
    if done.returncode != 0:
        raise RuntimeError(f"{contender.name}: {' '.join(command)}: {done.stderr[-500:]}")
    count = int(re.search(r"transactions actually processed: (\d+)", done.stdout).group(1))
    return Run(count / seconds, used / count)
