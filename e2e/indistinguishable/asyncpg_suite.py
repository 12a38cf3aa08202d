"""asyncpg's own tests, from its source distribution: which passed, which failed and how.

Those that start a server of their own do not go through a gateway, and are left out.
"""

import os
import re
import shutil
import subprocess
import sys

# tests create the others and connect to them
DATABASES = ["postgres", "testdb", "asyncpg_intro_test"]
SETTINGS = {"log_connections": "on", "jit": "off"}
PATIENCE = 1200

OWN_SERVER = ["TestHotStandby", "TestClientSSLConnection", "TestSSLConnection", "TestNoSSLConnection"]


def run(house, way, peers, folder, say):
    # only the tests: beside the library's sources they would run with these
    place = house.folder / "asyncpg"
    shutil.copytree(peers / "asyncpg" / "tests", place / "tests")
    say("all")
    environment = getattr(house, way)() | {
        "PGDATABASE": "postgres",
        # some tests look at when objects of a connection are freed, and asyncio frees those of TLS later
        "PGSSLMODE": "disable",
        "PYTHONPATH": str(peers / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    chosen = " and ".join(f"not {name}" for name in OWN_SERVER)
    options = ["-p", "no:cacheprovider", "-q", "-rA", "--tb=line", "--color=no", "-k", chosen]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "tests"],
            env=environment,
            cwd=place,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = os.fsdecode(late.stdout or b"") + "\nFAILED it did not end in time\n"
    outcomes = re.findall(r"^(?:PASSED|FAILED|ERROR|SKIPPED) .*$", said, flags=re.MULTILINE)
    (folder / "outcomes.txt").write_text("\n".join(sorted(outcomes)) + "\n")
    (house.folder / "asyncpg.log").write_text(said)
