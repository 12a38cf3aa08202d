"""Figures as tables, and beside each the aim that it is held to.

It measures nothing. Enter at `Report`.
"""

import statistics

import idle
import selects
from contenders import SCALE

PLAIN, INSIDE = False, True
POLICY, MASKS = "Postern, policy", "Postern, masks"
# what another proxy with a parser used for 100,000 queries, on two cores as well
OF_A_PARSER = {"simple": 2.08, "extended": 1.82, "prepared": 1.89}
TIMES_THE_RELAY = {"simple": 2.5, "extended": 2.5, "prepared": 2.0}


def title(tls):
    return "TLS" if tls else "plain"


class Report:
    """Everything measured, as it is said in the end."""

    def __init__(self):
        self.lines, self.aims = [], []

    def aim(self, what, figure, bound, unit, above=False):
        """What is aimed at, and whether it is met: a figure at most so large, or at least so."""
        met = figure >= bound if above else figure <= bound
        sign = "≥" if above else "≤"
        self.aims.append([what, f"{figure:.2f} {unit}", f"{sign} {bound:g} {unit}", "pass" if met else "**miss**"])

    def table(self, heading, head, rows):
        self.lines += ["", f"### {heading}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        self.lines += [f"| {' | '.join(row)} |" for row in rows]

    def text(self, judged):
        """All of it, the aims first."""
        measured, self.lines = self.lines, []
        aims = self.aims if judged else [[*aim[:3], "not judged"] for aim in self.aims]
        self.table("Aims", ["", "measured", "aim", ""], aims)
        return "\n".join([*self.lines, *measured])

    def selects(self, measured):
        for cell in measured:
            self._of_cell(cell, measured[cell])
        self._aims_of_selects(measured)

    def _of_cell(self, where, cell):
        mode, clients, tls = where
        head = ["", "queries/s", "to direct", "to the relay", "CPU s per 100,000"]
        alone = clients == 1
        if alone:
            head += ["added µs", "added µs at p99"]
        rows = []
        for name in cell:
            row = [name, f"{selects.median(cell[name], lambda run: run.rate):,.0f}"]
            row += [f"{selects.ratio(cell, name, other):.2f}" for other in ("direct", "relay")]
            row.append("" if name == "direct" else f"{per_100k(cell[name]):.2f}")
            if alone:
                row += [f"{selects.added(cell, name):.1f}", f"{selects.added_at_99(cell, name):.0f}"]
            rows.append(row)
        who = "1 client, all on one processor" if alone else f"{clients} clients"
        self.table(f"Point selects, {mode}, {title(tls)}, {who}", head, rows)

    def _aims_of_selects(self, measured):
        for (mode, clients, tls), cell in measured.items():
            where = f"{mode}, {title(tls)}, {clients}"
            if clients == 1 and not tls:
                times = selects.added(cell, POLICY) / max(0.1, selects.added(cell, "relay"))
                self.aim(f"added, {where}, to the relay's", times, TIMES_THE_RELAY[mode], "×")
            if clients == 1:
                self.aim(f"added at p99, {where}", selects.added_at_99(cell, POLICY), 300, "µs")
            used = selects.ratio(cell, POLICY, "pgbouncer", lambda run: max(run.cpu, 1e-9))
            self.aim(f"CPU a query, {where}, to pgbouncer's", used, 2, "×")
            self.aim(f"CPU for 100,000, {where}, to a parsing proxy's", per_100k(cell[POLICY]), OF_A_PARSER[mode], "s")

    def logins(self, measured):
        rows = []
        for tls, runs in measured.items():
            for name, of_one in runs.items():
                cost = selects.median(of_one, lambda run: run.cpu) * 1e3
                rate = selects.median(of_one, lambda run: run.rate)
                rows.append([name, title(tls), f"{rate:,.0f}", "" if name == "direct" else f"{cost:.2f}"])
                if name == POLICY:
                    self.aim(f"CPU of a login with a token, {title(tls)}", cost, 3, "ms")
        self.table("New sessions", ["", "", "a second", "CPU ms each"], rows)

    def results(self, measured):
        rows = []
        for (what, tls), runs in measured.items():
            for name, of_one in runs.items():
                if None in of_one:
                    rows.append([name, title(tls), what, "refused: a masked column", "", ""])
                    continue
                rate = selects.median(of_one, lambda run: run.rate)
                cost = selects.median(of_one, lambda run: run.cpu)
                to_direct = selects.ratio(runs, name, "direct")
                shown = "" if name == "direct" else f"{cost:.2f}"
                rows.append([name, title(tls), what, f"{rate / 1e6:,.0f}", f"{to_direct:.2f}", shown])
                self._aim_of_result(name, what, tls, cost, to_direct)
        self.table("A result of 350 MB", ["", "", "", "MB/s", "to direct", "CPU s/GB"], rows)

    def _aim_of_result(self, name, what, tls, cost, to_direct):
        if name not in (POLICY, MASKS):
            return
        where = f"{what}, {title(tls)}"
        if name == MASKS:
            self.aim(f"CPU of a result with a masked column, {where}", cost, 2.5, "s/GB")
        else:
            self.aim(f"CPU of a result, {where}", cost, 1.3, "s/GB")
            self.aim(f"speed of a result, {where}, to direct", to_direct, 0.9, "×", above=True)

    def hosts(self, measured, each):
        self._keys(measured.pop("a key typed in a terminal"))
        rows = []
        for what, runs in measured.items():
            large = runs["direct"][0].count > 10**6
            for name in runs:
                shown = selects.median(runs[name], lambda run: run.rate / 1e6 if large else run.seconds / run.count * 1e3)
                cost = selects.median(runs[name], lambda run: run.cpu / run.count * (1e9 if large else 1e3))
                to_direct = selects.ratio(runs, name, "direct")
                words = (f"{shown:,.0f} MB/s", f"{cost:.2f} s/GB") if large else (f"{shown:.0f} ms", f"{cost:.1f} ms")
                rows.append([what, name, words[0], f"{to_direct:.2f}", "" if name == "direct" else words[1]])
                if name == POLICY and large:
                    self.aim(f"speed of {what}, to direct", to_direct, 0.9, "×", above=True)
                    self.aim(f"CPU of {what}", cost, 2.5, "s/GB")
            self._aims_of_hosts(what, runs)
        self.table("Hosts", ["", "", "", "rate, to direct", "CPU of what is between"], rows)
        self.table("An idle session of a host", ["", "KiB"], [[POLICY, f"{each / 1024:.0f}"]])

    def _keys(self, runs):
        def late(name):
            return selects.median(runs[name], lambda run: statistics.quantiles(run.each, n=100)[98]) * 1e3

        def usual(name):
            return selects.median(runs[name], lambda run: statistics.median(run.each)) * 1e3

        rows = [[name, f"{usual(name):.2f}", f"{late(name):.2f}"] for name in runs]
        self.table("A key typed in a terminal, until it is shown", ["", "median ms", "p99 ms"], rows)
        self.aim("added at p99 to a key typed in a terminal", late(POLICY) - late("direct"), 1, "ms")

    def _aims_of_hosts(self, what, runs):
        def each(run):
            return run.seconds / run.count * 1e3

        if what == "ssh host true":
            cpu = selects.median(runs[POLICY], lambda run: run.cpu / run.count * 1e3)
            self.aim("CPU of a login at a host", cpu, 15, "ms")
        elif "open connection" in what:
            added = selects.median(runs[POLICY], each) - selects.median(runs["direct"], each)
            self.aim("added to a command on an open connection", added, 5, "ms")

    def slow(self, held):
        rows = [[name, f"{most / 2**20:.1f}"] for name, most in held.items()]
        self.table("Memory for a reader of 128 MiB/s, of a result of 1 GiB", ["", "MiB"], rows)
        self.aim("memory for a slow reader of 1 GiB", held[POLICY] / 2**20, 2, "MiB")

    def idle(self, measured):
        rows = []
        for (name, tls, sessions), each in measured.items():
            rows.append([name, title(tls), f"{sessions:,}", f"{each / 1024:.1f}"])
            if name.startswith("Postern"):
                self.aim(f"memory of an idle session, {title(tls)}, of {sessions:,}", each / 1024, 32, "KiB")
        self.table("Memory of idle sessions", ["", "", "sessions", "KiB each"], rows)

    def durability(self, measured):
        rows = []
        for (mode, clients, _tls), cell in measured.items():
            for name in cell:
                rate = selects.median(cell[name], lambda run: run.rate)
                to_os = selects.ratio(cell, name, "os")
                wait = statistics.median(1e6 * clients / run.rate for run in cell[name])
                rows.append([name, mode, str(clients), f"{rate:,.0f}", f"{to_os:.2f}", f"{wait:,.0f}", f"{per_100k(cell[name]):.2f}"])
        head = ["durability", "", "clients", "queries/s", "to os", "µs each", "CPU s per 100,000"]
        self.table("What a record on disk before each query costs", head, rows)

    def statements(self, lines):
        self.table("Reading a statement and deciding about it", ["", "median µs", "p99 µs"], lines)

    def masking(self, speeds, head, rows):
        self.table("Searching what leaves, on one core", ["", "speed"], speeds)
        self.table("What the detectors find in cells that are made for it", head, rows)


def per_100k(runs):
    return selects.median(runs, lambda run: run.cpu) * 1e5


def method(sizes):
    """How the figures come about, for whoever repeats them."""
    return f"""{sizes.rounds} rounds of {sizes.seconds} s; medians over rounds, ratios within a round.
pgbench -S at scale {SCALE}; {idle.AT_ONCE} sessions are opened at a time where memory is measured."""
