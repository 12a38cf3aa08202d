"""The inference attack: two databases that differ in masked values only, and what a client is told of each. Enter at `run`."""

import dataclasses

import matrix
import shapes
from canaries import Canaries
from place import HERE, Place
from wire import WAYS, Lost


@dataclasses.dataclass
class Outcome:
    """What a run came to."""

    predicates: str
    # each guess with its way, what came of it, and what differs; and whether they differ where nobody is masked
    tried: list
    telling: set

    def wrong(self):
        for guess, way, verdict, differs in self.tried:
            at = f"{guess.name} ({way}){guess.known()}"
            expected = guess.expected[self.predicates]
            if verdict != expected:
                yield f"{at}: {verdict} and not {expected}"
            if differs and "remains" not in guess.flags:
                yield f"{at}: TELLS {differs}"
            if not differs and "remains" in guess.flags:
                yield f"{at}: tells nothing, and is said to remain"

    def summary(self):
        names = {guess.name for guess, *_ in self.tried}
        leaks = sum(bool(differs) and "remains" not in guess.flags for guess, _, _, differs in self.tried)
        remain = {guess.name for guess, *_ in self.tried if "remains" in guess.flags}
        return (
            f"{len(names)} guesses, {len(names & self.telling)} of which tell something where nothing is masked; "
            f"{len(self.tried)} attempts: {leaks} tell something; {len(remain)} guesses that do and are documented"
        )

    def table(self):
        rows = {}
        for guess, way, verdict, differs in self.tried:
            rows.setdefault(guess.name, {})[way] = f"{verdict}, TELLS" if differs else verdict
        lines = ["| guess | " + " | ".join(WAYS) + " |", "|---|" + "---|" * len(WAYS)]
        lines += [f"| {name} | " + " | ".join(by.get(way, "—") for way in WAYS) + " |" for name, by in rows.items()]
        return "\n".join(lines) + "\n"


def heard(client, guess, way):
    """All that the client is told of one guess."""
    answers = [client.ask("BEGIN")]
    answers += [client.ask(statement, way) for statement in guess.statements]
    answers += [client.ask("ROLLBACK"), client.ask("DISCARD ALL"), client.ask("SELECT 1")]
    if answers[-1].rows() != [b"1"]:
        raise Lost(f"after {guess.name} `SELECT 1` is answered with {answers[-1].rows()}")
    return answers


def difference(first, second):
    """Where the bytes of two answers part, from both."""
    one, other = (b"".join(answer.raw for answer in answers) for answers in (first, second))
    if one == other:
        return None
    at = next((at for at, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))
    return f"{one[max(at - 40, 0) : at + 40]!r} and {other[max(at - 40, 0) : at + 40]!r}"


def compared(connect, places, guesses, way):
    """Each guess, sent to both databases."""
    clients = [connect(place) for place in places]
    try:
        for guess in guesses:
            yield guess, *(heard(client, guess, way) for client in clients)
    finally:
        for client in clients:
            client.close()


def run(binary, root, predicates, say, ways=WAYS, everything=True):
    """Tries all of it, or all that is known to hold."""
    values = [Canaries(1), Canaries(2)]
    guesses = shapes.read(HERE / "guesses.sql", values[0].parts())
    guesses = [guess for guess in guesses if everything or not guess.known()]
    places = []
    try:
        for canaries in values:
            say("a server and its gateway")
            places.append(Place(binary, root, {"shop": canaries}, predicates))
        tried = []
        for way in ways:
            for guess, first, second in compared(lambda place: place.through("shop"), places, guesses, way):
                say(f"{way}: {guess.name}")
                tried.append((guess, way, matrix.verdict(first)[0], difference(first, second)))
        bare = compared(lambda place: place.direct("shop"), places, guesses, "simple")
        return Outcome(predicates, tried, {guess.name for guess, first, second in bare if difference(first, second)})
    finally:
        for place in places:
            place.stop()
