"""What the machine says about itself: who used its processors, and how much memory a process has.

It knows nothing of what is measured. Enter at `Watch` and `cpu_of`.
"""

import contextlib
import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()
PAGE = os.sysconf("SC_PAGE_SIZE")

# others may take this share of the machine before a round does not count
MOST_OTHERS = 0.05


def cpu_of(pids):
    """Seconds of processor time that these processes have used, threads that are gone included, to the nanosecond."""
    # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel's posix-timers.h
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def resident(pids):
    """Bytes of memory that these processes have, without what is a file's."""
    return sum(int(word) * 1024 for pid in pids for word in _status(pid, "RssAnon:"))


def _status(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            yield line.split()[1]


def _busy():
    """Seconds that all processors have worked."""
    user, nice, system, _idle, _waiting, irq, softirq, steal, *_ = (
        int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) / TICK


def _ours():
    """Seconds that this process and all that came of it have used, whether they still are or not."""
    parents, used = {}, {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # the name in parentheses may hold anything; what is counted stands behind it
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(words[1])
            used[int(folder.name)] = sum(int(word) for word in words[11:15]) / TICK
    ours, found = {os.getpid()}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in ours} - ours
        ours |= found
    return sum(used.get(pid, 0) for pid in ours)


class Watch:
    """How much of the machine others took, from the beginning to `others`."""

    def __init__(self):
        self.began, self.busy, self.ours = time.monotonic(), _busy(), _ours()

    def others(self):
        seconds = max(time.monotonic() - self.began, 1 / TICK)
        return max(0.0, (_busy() - self.busy) - (_ours() - self.ours)) / (seconds * CPUS)


def pin(pids, cpus):
    """Lets these processes and whatever they start run on these processors only."""
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cpus)


@contextlib.contextmanager
def pinned(pids, one):
    """These, and what this process starts meanwhile, on one processor where that is asked for."""
    every = os.sched_getaffinity(0)
    chosen = {max(every)} if one else every
    pin([*pids, os.getpid()], chosen)
    try:
        yield
    finally:
        pin([*pids, os.getpid()], every)


def described():
    """What kind of machine it is, for whoever reads the figures elsewhere."""
    cpu = next(
        (line.partition(":")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if "model name" in line), "?"
    )
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE / 2**30
    return f"{CPUS} × {cpu}, {memory:.0f} GiB, Linux {os.uname().release}"
