"""Large results: the whole of pgbench's accounts, about 350 MB, by SELECT and by COPY; and one that nobody reads fast.
"""

import dataclasses
import threading
import time

import machine
import wire
from contenders import TRUSTED

SELECT = "SELECT * FROM pgbench_accounts"
COPY = "COPY pgbench_accounts TO STDOUT"
# a result of 1 GiB, in rows of a kilobyte
SLOW = "SELECT repeat('x', 1024) FROM generate_series(1, 1048576)"
SLOW_RATE = 128 << 20


@dataclasses.dataclass
class Run:
    """Bytes a second, and the seconds of processor time that a proxy used for 10⁹ of them."""

    rate: float
    cpu: float


def measure(field, say, ways, rounds, patience):
    """Runs of each contender, by (`SELECT` or `COPY`, whether in TLS); or in what words it was refused."""
    measured = {}
    for turn in range(rounds):
        for tls in ways:
            for text in (SELECT, COPY):
                what = text.split()[0]
                say(f"round {turn + 1} of {rounds}: {what} of 350 MB{', TLS' if tls else ''}")
                contenders = field.contenders(tls, TRUSTED)
                runs = patience.take(lambda: {one.name: run(one, text) for one in contenders})
                for name, one in runs.items():
                    measured.setdefault((what, tls), {}).setdefault(name, []).append(one)
    return measured


def run(contender, text):
    with wire.session(contender) as connection:
        before, began = machine.cpu_of(contender.pids), time.monotonic()
        try:
            came = wire.drain(connection, text)
        except wire.Refused:
            return None
        seconds = time.monotonic() - began
        return Run(came / seconds, (machine.cpu_of(contender.pids) - before) / came * 1e9)


def held_for_a_slow_reader(contender):
    """By how many bytes a proxy grows while somebody reads 1 GiB slowly."""
    with wire.session(contender) as connection:
        wire.drain(connection, "SELECT 1")
        before, most, over = machine.resident(contender.pids), 0, threading.Event()

        def look():
            nonlocal most
            while not over.wait(0.02):
                most = max(most, machine.resident(contender.pids) - before)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            read_slowly(connection)
        finally:
            over.set()
            looking.join()
        return most


def read_slowly(connection):
    connection.sendall(wire.query(SLOW))
    buffer, came, began, end = bytearray(wire.AT_ONCE), 0, time.monotonic(), b""
    while end != wire.READY:
        got = connection.recv_into(buffer)
        if not got:
            raise wire.Refused("the connection ended within a result")
        came += got
        end = (end + bytes(buffer[max(0, got - len(wire.READY)) : got]))[-len(wire.READY) :]
        time.sleep(max(0, came / SLOW_RATE - (time.monotonic() - began)))
