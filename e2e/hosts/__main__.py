"""Clients of SSH as they are, straight to a host and through Postern: what they say, how they end, and what they leave.

    python3 e2e/hosts --binary FILE --into FOLDER [WORD …]

With words it runs the scenarios that have one of them in their name. It ends with 0 where every difference is one of
`explained.toml`, and what is to be refused is.
"""

import argparse
import pathlib
import shutil
import sys
import time

import commands
import copies
import forwards
import libraries
import logins
import tools
from place import HERE, Place
from report import KNOWN, Report
from runner import run
from servers import Failed

import differences

SCENARIOS = [*logins.LOGINS, *commands.COMMANDS, *copies.COPIES, *forwards.FORWARDS, *tools.TOOLS, *libraries.LIBRARIES]
SCENARIOS += [*commands.REFUSALS, *copies.REFUSALS, *forwards.REFUSALS, *tools.REFUSALS]


def chosen(words):
    return [one for one in SCENARIOS if not words or any(word in one.name for word in words)]


def main():
    parser = argparse.ArgumentParser(prog="e2e/hosts")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    scenarios = chosen(options.words)
    programs = {program for one in scenarios for program in ("script", *one.needs)}
    began = time.monotonic()
    report = Report(options.into, differences.explanations(HERE / KNOWN))
    place = Place(options.binary.resolve(), pathlib.Path(sys.executable))
    try:
        path = place.ways["direct"].environment["PATH"]
        missing = sorted(program for program in programs if not shutil.which(program, path=path))
        if missing:
            raise Failed(f"missing: {', '.join(missing)}: run scripts/setup hosts")
        for scenario in scenarios:
            direct = run(place, place.ways["direct"], scenario)
            report.take(scenario, direct, run(place, place.ways[scenario.who], scenario))
    finally:
        if place.gateway:
            shutil.copy(place.gateway.log, options.into / "gateway.log")
        place.stop()
    good = report.finish(everything=not options.words)
    print(f"{int(time.monotonic() - began)} s")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"error: {failure}")
