"""Suites of others, once straight to PostgreSQL and once through Postern, and every line in which they differ.

    python3 e2e/indistinguishable --binary FILE --peers FOLDER --into FOLDER --server 15=ROOT … --quick 14=ROOT … [SUITE …]

It ends with 0 where every difference is explained in `explained.toml`.
"""

import argparse
import pathlib
import shutil
import sys
import threading
import time

import asyncpg_suite
import differences
import django_suite
import dump_suite
import go_suite
import gui_suite
import pgbench_suite
import pipeline
import prisma_suite
import psql_suite
import psycopg2_suite
import regress
import replication
import sessions
import sqlalchemy_suite
from house import House

SUITES = {"regress": regress, "pipeline": pipeline, "asyncpg": asyncpg_suite}
SUITES |= {"psql": psql_suite, "dump": dump_suite, "pgbench": pgbench_suite}
SUITES |= {"psycopg2": psycopg2_suite, "sqlalchemy": sqlalchemy_suite, "django": django_suite, "gui": gui_suite}
SUITES |= {"go": go_suite, "node": sessions.NODE, "jdbc": sessions.JDBC, "rust": sessions.RUST}
SUITES |= {"replication": replication, "prisma": prisma_suite}
# those that run on the servers of `--quick` too
QUICK = ["psql", "pipeline", "dump", "node", "jdbc"]


class Progress:
    """One line a suite; in between, on a terminal where each way is, elsewhere a word a minute."""

    def __init__(self, title):
        self.title, self.at, self.began, self.told = title, {}, time.monotonic(), 0

    def say(self, way, what):
        self.at[way] = what
        seconds = int(time.monotonic() - self.began)
        where = "  ".join(f"{way}: {what}" for way, what in sorted(self.at.items()))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{self.title} {seconds:5d} s  {where[:90]}")
            sys.stderr.flush()
        elif seconds - self.told >= 60:
            self.told = seconds
            print(f"{self.title} {seconds:5d} s … {where}", file=sys.stderr, flush=True)

    def done(self, what):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
        print(f"{self.title} {int(time.monotonic() - self.began):5d} s  {what}", flush=True)


def one_way(suite, way, server, options, folder, progress, failures):
    try:
        house = House(options.binary, server, suite.DATABASES, suite.SETTINGS)
        try:
            suite.run(house, way, options.peers, folder, lambda what: progress.say(way, what))
        finally:
            for log in ("gateway.log", "tests.log"):
                if (house.folder / log).exists():
                    shutil.copy(house.folder / log, folder.parent / f"{way}-{log}")
            house.stop()
    except Exception as failure:  # noqa: BLE001: the other way goes on, and it is told below
        failures.append(f"{way}: {failure}")


def both_ways(name, version, server, options, known):
    suite, title = SUITES[name], f"{name:9} {version}"
    folder = options.into / f"{name}-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    progress, failures, ways = Progress(title), [], []
    for way in ("direct", "through"):
        (folder / way).mkdir(parents=True)
        arguments = (suite, way, server, options, folder / way, progress, failures)
        ways.append(threading.Thread(target=one_way, args=arguments))
    for way in ways:
        way.start()
    for way in ways:
        way.join()
    failures += [f"direct: {one}" for one in differences.lacking(folder / "direct", suite.ENOUGH)]
    names, found = differences.compare(name, folder, known)
    (folder / "differences").write_text("".join(f"{one}\n" for one in found))
    unexplained = [one for one in found if one.why is None]
    lines = sum(len(path.read_bytes().splitlines()) for path in (folder / "direct").iterdir())
    differ = len({one.where for one in found})
    progress.done(
        f"{len(names)} outputs of {lines} lines: {len(names) - differ} the same, {differ} differ in {len(found)} lines, "
        f"of which {len(found) - len(unexplained)} are explained"
    )
    for failure in failures:
        print(f"error: {title}: {failure}", file=sys.stderr)
    for one in unexplained[:20]:
        print(f"  {str(one)[:200]}")
    if len(unexplained) > 20:
        print(f"  … and {len(unexplained) - 20} lines more, in {folder / 'differences'}")
    return not unexplained and not failures


def main():
    parser = argparse.ArgumentParser(prog="e2e/indistinguishable")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--server", action="append", required=True, help="VERSION=ROOT")
    parser.add_argument("--quick", action="append", default=[], help=f"VERSION=ROOT, for {', '.join(QUICK)} alone")
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []])
    options = parser.parse_args()
    known = differences.explanations(pathlib.Path(__file__).with_name("explained.toml"))
    good = True
    for name in options.suites or SUITES:
        for server in options.server + (options.quick if name in QUICK else []):
            version, root = server.split("=", 1)
            good &= both_ways(name, version, root, options, known)
    everything = not options.suites and len(options.server) > 1
    for one in known if everything else []:
        if not one.used and not one.sometimes:
            good = False
            print(f"error: explained.toml explains what does not differ: {one.suite} {one.where}: {one.why}")
    sys.exit(0 if good else 1)


main()
