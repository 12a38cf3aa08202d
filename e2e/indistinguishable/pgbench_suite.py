"""pgbench in every mode: what it counts, and what it leaves behind. Its random numbers have a seed.

With several clients at once the order of their rows is left open; the rest has to be the same.
"""

import re
import subprocess

from programs import programs

DATABASES = ["postgres"]
SETTINGS = {"autovacuum": "off", "jit": "off"}
ENOUGH = {"exit 0": 70}
PATIENCE = 600

# what every run starts from
INITIALIZED = {
    "copied": ["--scale=2"],
    "generated": ["--init-steps=dtGvpf", "--scale=2"],
    "by-range": ["--partitions=5", "--partition-method=range", "--scale=2"],
    "by-hash": ["--partitions=5", "--partition-method=hash", "--unlogged-tables", "--fillfactor=80", "--scale=2"],
}
RUN = ["--no-vacuum", "--random-seed=7"]
MODES = ["simple", "extended", "prepared"]
SCRIPTS = {
    "pipelined": """
\\startpipeline
SELECT abalance FROM pgbench_accounts WHERE aid = 1;
UPDATE pgbench_accounts SET abalance = abalance + :client_id WHERE aid = 2;
\\syncpipeline
INSERT INTO pgbench_history (tid, bid, aid, delta) VALUES (1, 1, 1, :delta);
SELECT count(*) FROM pgbench_tellers;
\\endpipeline
""",
    "in-a-transaction": """
\\startpipeline
BEGIN;
INSERT INTO pgbench_history (tid, bid, aid, delta) VALUES (2, 2, 2, :delta);
UPDATE pgbench_tellers SET tbalance = tbalance + 1 WHERE tid = 1;
COMMIT;
\\endpipeline
""",
    "several": "SELECT 1 AS one \\\\; SELECT 2 AS two \\\\gset",
    "variables": """
\\set aid random(1, 100000 * :scale)
SELECT aid % 2 AS odd, abalance AS before FROM pgbench_accounts WHERE aid = :aid \\gset
\\if :odd
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
\\else
SELECT pg_sleep(0.001);
\\endif
\\sleep 1 ms
""",
    "conflicting": """
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE pgbench_branches SET bbalance = bbalance + 1 WHERE bid = 1;
COMMIT;
""",
    "failing": """
SELECT 1;
SELECT 1 / (1 - :client_id) AS never;
""",
}
LEFT = """
SELECT count(*), sum(abalance), md5(string_agg(format('%s %s %s', aid, bid, abalance), ',' ORDER BY aid))
  FROM pgbench_accounts;
SELECT sum(bbalance) FROM pgbench_branches;
SELECT md5(string_agg(format('%s %s', tid, tbalance), ',' ORDER BY tid)) FROM pgbench_tellers;
SELECT count(*), md5(string_agg(format('%s %s %s %s', tid, bid, aid, delta), ',' ORDER BY tid, bid, aid, delta))
  FROM pgbench_history;
SELECT relname, relkind, relpersistence, reloptions, pg_get_expr(relpartbound, oid), reltuples
  FROM pg_class WHERE relname LIKE 'pgbench%' ORDER BY 1;
"""


def run(house, way, peers, folder, say):
    environment = getattr(house, way)() | programs(house, peers) | {"PGDATABASE": "postgres"}
    for name, script in SCRIPTS.items():
        (house.folder / f"{name}.sql").write_text("\\set delta random(-5000, 5000)\n" + script)

    def bench(output, *arguments):
        say(" ".join(arguments)[:40])
        command = ["pgbench", *arguments]
        done = subprocess.run(
            command,
            env=environment,
            cwd=house.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        # which of several clients comes first is left open
        said = done.stdout.splitlines() + sorted(done.stderr.splitlines())
        shown = "".join(f"{re.sub(TIMED, '', line)}\n" for line in said if not re.match(OF_TIME, line))
        output.append(f"$ {' '.join(command)}\n{shown}exit {done.returncode}\n")

    def left(output):
        output.append(house.sql("postgres", LEFT))

    for name, options in INITIALIZED.items():
        output = []
        bench(output, "--initialize", "--foreign-keys", "--quiet", *options)
        left(output)
        for mode in MODES:
            bench(output, *RUN, f"--protocol={mode}", "--transactions=120")
            both = ["--builtin=simple-update@2", "--builtin=select-only@1"]
            bench(output, *RUN, f"--protocol={mode}", "--transactions=120", *both)
        left(output)
        (folder / f"{name}.out").write_text("".join(output))
    scripts(house, folder, bench, left)


def scripts(house, folder, bench, left):
    output = []
    bench(output, "--initialize", "--quiet", "--scale=1")
    for mode in MODES:
        for clients in (["--client=1"], ["--client=8", "--jobs=2"]):
            bench(output, *RUN, f"--protocol={mode}", "--transactions=50", "--select-only", *clients)
            bench(output, *RUN, f"--protocol={mode}", "--transactions=50", *clients)
            bench(output, *RUN, f"--protocol={mode}", "--transactions=10", "--connect", *clients)
            for name in SCRIPTS:
                # what conflicts is tried again until it does not
                again = ["--max-tries=1000"] if name == "conflicting" else []
                # one thread, whose errors do not run into another's
                bench(output, *RUN, f"--protocol={mode}", "--transactions=20", f"--file={name}.sql", *again, clients[0])
            paced = ["--rate=500", "--report-per-command"]
            bench(output, *RUN, f"--protocol={mode}", "--transactions=20", *paced, *clients)
        left(output)
    (folder / "scripts.out").write_text("".join(output))


# rates, durations, and how often what conflicts was tried: of the moment
OF_TIME = (
    r"(- | - )?latency|tps|initial connection time|average connection time|rate limit schedule|done in "
    r"|number of transactions retried|total number of retries| +\d+\.\d+ +\d+ "
)
TIMED = r"(\(|, )tps = [^)]*\)|\(elapsed .*\)"
