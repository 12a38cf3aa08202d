"""The leak matrix: every shape by every way, and where a masked value is to be seen afterwards. Enter at `run`."""

import dataclasses
import re

import shapes
from canaries import Canaries
from place import HERE, Place
from wire import WAYS, Lost

IMAGE = b"***"
REFUSAL = re.compile(r"PST-\d{4}")
# what a refusal may say to a program, with the gateway's own code beside it; the last of what is no SQL
REFUSED = {"42501", "0A000", "42601"}


@dataclasses.dataclass
class Tried:
    """What came of one shape by one way."""

    shape: shapes.Shape
    way: str
    verdict: str = ""
    leaks: list = dataclasses.field(default_factory=list)
    faults: list = dataclasses.field(default_factory=list)
    said: list = dataclasses.field(default_factory=list)


def verdict(heard):
    """What came of statements, by what the client was sent; and what is wrong with how it was refused."""
    errors = [error for one in heard for error in one.errors()]
    refused = [error for error in errors if REFUSAL.search(error.get("D", ""))]
    faults = []
    for error in refused:
        if error.get("C") not in REFUSED:
            faults.append(f"refused with SQLSTATE {error.get('C')}")
        if not error.get("H") and not re.search(r"[`\"]", error.get("M", "")):
            faults.append("refused without a word of what to do")
    if refused:
        return "refused", faults
    if errors:
        return "error", faults
    # over rows as well: what takes a text apart has taken an image apart
    seen = any(IMAGE in b"".join(one.rows()) for one in heard)
    return "masked" if seen else "fine", faults


def scanned(look, heard):
    """The values in what the client was sent: in the bytes as they came, and in the cells one after the other."""
    raw = b"".join(one.raw for one in heard)
    cells = b"".join(cell for one in heard for cell in one.rows())
    found = [(name, writing, raw[max(at - 30, 0) : at + 40]) for name, writing, at in look.within(raw)]
    known = {(name, writing) for name, writing, _ in found}
    spread = [(name, writing, at) for name, writing, at in look.within(cells) if (name, writing) not in known]
    return found + [(name, f"{writing} over rows", cells[max(at - 30, 0) : at + 40]) for name, writing, at in spread]


class Attack:
    """One connection that tries shapes, and comes back where it was thrown out."""

    def __init__(self, connect, look, way):
        self.connect, self.look, self.way = connect, look, way
        self.client = connect()

    def attempt(self, shape):
        tried = Tried(shape, self.way)
        heard = []
        try:
            if "outside" not in shape.flags:
                self.client.ask("BEGIN")
            for statement in shape.statements:
                heard.append(self.client.ask(statement, self.way, shape.flags.get("copy")))
            self._settle(heard)
        except Lost as lost:
            tried.faults.append(f"the connection is lost: {lost}")
            self.client.close()
            self.client = self.connect()
        tried.leaks = scanned(self.look, heard)
        tried.verdict, faults = verdict(heard)
        tried.faults += faults
        tried.said = [(error.get("C"), error.get("M"), error.get("D")) for one in heard for error in one.errors()]
        return tried

    def _settle(self, heard):
        """Back to where the session began; whatever still comes belongs to the shape."""
        heard.append(self.client.ask("ROLLBACK"))
        heard.append(self.client.ask("DISCARD ALL"))
        one = self.client.ask("SELECT 1")
        heard.append(one)
        if one.rows() != [b"1"] or one.state() != "I":
            raise Lost(f"`SELECT 1` is answered with {one.rows()} in state {one.state()}")


def outspoken(place, database, look, known):
    """The names of shapes that tell a value where no mask binds; the others prove little."""
    attack = Attack(lambda: place.direct(database), look, "simple")
    told = {shape.name for shape in known if attack.attempt(shape).leaks}
    attack.client.close()
    return told


@dataclasses.dataclass
class Outcome:
    """What a run came to."""

    version: int
    predicates: str
    tried: list
    # values in what the gateway keeps, with where
    kept: list
    # the names of shapes that would tell a value
    outspoken: set

    def wrong(self):
        """Everything that is not as it must be, in lines."""
        for one in self.tried:
            yield from told(one, self.predicates)
        for where, name, writing, around in self.kept:
            yield f"LEAK of {name} as {writing} in the {where}: {around!r}"

    def summary(self):
        names = {one.shape.name for one in self.tried}
        words = ", ".join(f"{sum(one.verdict == word for one in self.tried)} {word}" for word in shapes.VERDICTS)
        leaks = sum(bool(one.leaks) for one in self.tried) + len(self.kept)
        return (
            f"{len(names)} shapes, {len(names & self.outspoken)} of which tell a value where nothing is masked; "
            f"{len(self.tried)} attempts: {words}; {leaks} leaks, {sum(bool(one.faults) for one in self.tried)} faults"
        )

    def table(self):
        """Shape by way, for whoever wants to see all of it."""
        rows = {}
        for one in self.tried:
            rows.setdefault(one.shape.name, {})[one.way] = "LEAK" if one.leaks else "FAULT" if one.faults else one.verdict
        lines = ["| shape | " + " | ".join(WAYS) + " |", "|---|" + "---|" * len(WAYS)]
        lines += [f"| {name} | " + " | ".join(by.get(way, "—") for way in WAYS) + " |" for name, by in rows.items()]
        return "\n".join(lines) + "\n"


def told(tried, predicates):
    """What is wrong with one attempt, in lines."""
    expected = tried.shape.expected[predicates]
    at = f"{tried.shape.name} ({tried.way}){tried.shape.known()}"
    if tried.verdict != expected:
        said = "; ".join(f"{code} {text} {detail or ''}" for code, text, detail in tried.said)
        yield f"{at}: {tried.verdict} and not {expected}: {said[:300]}"
    for name, writing, around in tried.leaks:
        yield f"{at}: LEAK of {name} as {writing}: {around!r}"
    for fault in tried.faults:
        yield f"{at}: {fault}"


def run(binary, root, predicates, say, ways=WAYS, everything=True):
    """Tries all of it, or all that is known to hold."""
    canaries = Canaries(1)
    look = canaries.look()
    place = Place(binary, root, {"shop": canaries}, predicates)
    try:
        known = shapes.read(HERE / "shapes.sql", {"port": place.server.port})
        known = [shape for shape in known if shape.runs_on(place.version) and (everything or not shape.known())]
        tried = []
        for way in ways:
            attack = Attack(lambda: place.through("shop"), look, way)
            for number, shape in enumerate(known):
                say(f"{way} {number + 1}/{len(known)}")
                if shape.runs_by(way):
                    tried.append(attack.attempt(shape))
            attack.client.close()
        say("what is kept")
        kept = []
        for where, data in place.kept():
            kept += [(where, name, writing, data[max(at - 60, 0) : at + 60]) for name, writing, at in look.within(data)]
        say("without masks")
        return Outcome(place.version, predicates, tried, kept, outspoken(place, "shop", look, known))
    finally:
        place.stop()
