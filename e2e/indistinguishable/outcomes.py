"""Suites in Python of others: which of their tests passed, which failed and how."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

PATIENCE = 1200


def pytest(house, environment, place, kept, options):
    """Runs the tests that pytest finds from a place, and keeps the outcome of each."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", "--tb=short"]
    command += ["--show-capture=no", "--color=no"]
    said = output([*command, *options], environment, place)
    with open(house.folder / "tests.log", "a", encoding="utf-8") as log:
        log.write(said)
    outcomes = re.findall(r"^(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) .*$", said, flags=re.MULTILINE)
    kept.write_text("\n".join(sorted(outcomes)) + "\n")


def output(command, environment, place):
    # outcomes are cut to the width of a terminal
    environment = environment | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"") + b"\nFAILED it did not end in time\n"
    return os.fsdecode(said)


def copied(house, source, *names):
    """A place for this way alone with these folders of a source distribution."""
    place = house.folder / pathlib.Path(source).name
    for name in names:
        (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, placed(place / name))
    return place


def placed(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
