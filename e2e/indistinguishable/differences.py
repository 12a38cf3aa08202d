"""Where two outputs differ, and which of that is explained.

An explanation says what may stand in one output and not in the other, line by line, and why. Enter at `compare`.
"""

import dataclasses
import pathlib
import re
import subprocess
import tomllib


@dataclasses.dataclass
class Explanation:
    """What may differ: in which suite and where, which lines, and why."""

    suite: str
    where: list
    direct: list
    through: list
    why: str
    # whether it need not differ in every run
    sometimes: bool = False
    used: bool = False

    def covers(self, side, line):
        return any(re.fullmatch(pattern, line) for pattern in getattr(self, side))


@dataclasses.dataclass
class Difference:
    """A line that stands on one side only."""

    where: str
    side: str
    line: str
    why: str | None

    def __str__(self):
        mark = {"direct": "-", "through": "+"}[self.side]
        return f"{self.where}: {mark}{self.line}" + (f"    # {self.why}" if self.why else "")


def explanations(path):
    with open(path, "rb") as file:
        listed = tomllib.load(file).get("difference", [])
    empty = {"where": [], "direct": [], "through": []}
    return [Explanation(**(empty | one)) for one in listed]


def compare(suite, folder, known):
    """Every line of `folder/direct` that differs from that of `folder/through`; the names of all outputs."""
    names = sorted({path.name for side in ("direct", "through") for path in (folder / side).iterdir()})
    return names, [one for name in names for one in of_output(suite, folder, name, known)]


def of_output(suite, folder, name, known):
    """Every line in which one output differs."""
    apart = [one for one in known if one.suite == suite and (not one.where or pathlib.Path(name).stem in one.where)]
    for side, line in differing(folder / "direct" / name, folder / "through" / name):
        why = None
        for one in apart:
            if one.covers(side, line):
                one.used, why = True, one.why
                break
        yield Difference(name, side, line, why)


LATE = "it did not end in time"


def lacking(folder, enough):
    """What does not stand in a folder's outputs as often as it has to: two runs that do nothing are the same as well."""
    lines = [line for path in folder.iterdir() for line in path.read_text(errors="replace").split("\n")]
    for pattern, least in enough.items():
        there = sum(re.fullmatch(pattern, line) is not None for line in lines)
        if there < least:
            yield f"{there} lines are `{pattern}`, where at least {least} belong"
    late = sum(LATE in line for line in lines)
    if late:
        yield f"{late} programs did not end in time"


def differing(direct, through):
    for path in (direct, through):
        path.touch()
    done = subprocess.run(["diff", "-a", direct, through], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode > 1:
        raise OSError(done.stderr)
    sides = {"< ": "direct", "> ": "through"}
    for line in done.stdout.split("\n"):
        if line[:2] in sides:
            yield sides[line[:2]], line[2:]
