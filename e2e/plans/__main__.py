"""What masks cost a plan: each query of `queries.sql` explained by the server, direct and through Postern.

    python3 e2e/plans --binary FILE --server 15=ROOT … [--into FILE]

It prints a table of what the server expects each to cost. It ends with 0 where every query is planned on both ways.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import psycopg

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "indistinguishable"))

from house import Failed, Gateway, Issuer, Server, environment  # noqa: E402

DATABASE = "postgres"
# by how much a plan may be dearer, in parts of what it costs without masks
MORE = 0.01


class Planned:
    """A plan of the server's: what it expects it to cost, and what it does, without the names of things."""

    def __init__(self, plan):
        self.cost = plan["Total Cost"]
        self.nodes = list(nodes(plan))


def nodes(plan):
    yield plan["Node Type"], plan.get("Index Name")
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def queries():
    parts = re.split(r"^--- (.*)$", (HERE / "queries.sql").read_text(), flags=re.MULTILINE)
    return {name: text.strip().rstrip(";") for name, text in zip(parts[1::2], parts[2::2])}


def plans(way):
    """What the server says on one way; where it says nothing, why."""
    found = {}
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    names |= {"PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert"}
    settings = {name: way[word] for word, name in names.items()}
    with psycopg.connect(dbname=DATABASE, autocommit=True, **settings) as connection:
        for name, text in queries().items():
            try:
                found[name] = Planned(connection.execute(f"EXPLAIN (FORMAT JSON) {text}").fetchone()[0][0]["Plan"])
            except psycopg.Error as error:
                found[name] = f"{error.sqlstate} {str(error).splitlines()[0]}"
    return found


def both(binary, root):
    """The plans direct and through a gateway under `policy.toml`."""
    folder, server = pathlib.Path(tempfile.mkdtemp(prefix="postern-plans-")), Server(root, {"autovacuum": "off"})
    issuer = Issuer(folder)
    try:
        direct = environment(server.port, "", server.certificate)
        with psycopg.connect(host="localhost", port=server.port, user="postgres", dbname=DATABASE, autocommit=True) as made:
            for text in re.split(r";\n", (HERE / "schema.sql").read_text()):
                if text.strip():
                    made.execute(text)
        address, policy = f"127.0.0.1:{server.port}", (HERE / "policy.toml").read_text()
        gateway = Gateway(binary, folder, address, issuer, [DATABASE], policy=policy)
        try:
            return plans(direct), plans(environment(gateway.port, issuer.token(), gateway.certificate))
        finally:
            gateway.stop()
    finally:
        issuer.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model.group(1) if model else 'unknown'}, {os.cpu_count()} processors, Linux {os.uname().release}"


def said(plan):
    return plan if isinstance(plan, str) else f"{plan.cost:.2f}"


def rows(version, direct, through):
    for name, straight in direct.items():
        planned = through[name]
        if isinstance(straight, str) or isinstance(planned, str):
            yield name, f"| {version} | {name} | {said(straight)} | {said(planned)} | | not planned |", None
            continue
        more = planned.cost / straight.cost - 1
        same = "the same" if planned.nodes == straight.nodes else "another"
        line = f"| {version} | {name} | {said(straight)} | {said(planned)} | {more:+.1%} | {same} |"
        yield name, line, more


def main():
    parser = argparse.ArgumentParser(prog="e2e/plans")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--server", action="append", required=True, help="VERSION=ROOT")
    parser.add_argument("--into", type=pathlib.Path)
    options = parser.parse_args()
    dearer, all_of_them, lost = [], [], []
    for server in options.server:
        version, root = server.split("=", 1)
        for name, line, more in rows(version, *both(options.binary.resolve(), root)):
            all_of_them.append(line)
            if more is None:
                lost.append(line)
            elif more > MORE:
                dearer.append(line)
    head = "| PostgreSQL | query | direct | through Postern | more | plan |\n|---|---|---:|---:|---:|---|\n"
    report = f"Measured on {datetime.date.today()}, {machine()}, by `scripts/e2e plans`.\n\n"
    report += f"{len(all_of_them)} plans; dearer by more than {MORE:.0%}: {len(dearer)}.\n\n{head}" + "\n".join(dearer)
    report += f"\n\nAll of them:\n\n{head}" + "\n".join(all_of_them) + "\n"
    print(report)
    if options.into:
        options.into.write_text(report)
    for line in lost:
        print(f"error: not planned on both ways: {line}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"error: {failure}")
