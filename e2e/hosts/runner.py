"""A scenario run on one way, and all that came of it: what was said, how it ended, and what files there are on both ends.

Enter at `run`.
"""

import dataclasses
import hashlib
import os
import signal
import stat
import subprocess
import time

LATE = "it did not end in time"


@dataclasses.dataclass
class Outcome:
    status: object
    out: bytes
    err: bytes
    here: list
    there: list

    def text(self):
        """As it is compared, line by line."""
        parts = [f"status {self.status}"]
        for name, said in (("out", self.out), ("err", self.err)):
            parts += [f"--- {name}", *said.decode(errors="backslashreplace").splitlines()]
        for name, files in (("here", self.here), ("there", self.there)):
            parts += [f"--- files {name}", *files]
        return "\n".join(parts) + "\n"


def run(place, way, scenario):
    place.clear()
    began = time.time()
    # a session of its own, so that nothing of it stays; and no terminal, which passwords would be asked for on
    client = subprocess.Popen(
        ["bash", "-c", f"set -u\n{scenario.script}"],
        cwd=place.here,
        env=way.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = client.communicate(timeout=scenario.seconds)
        status = client.returncode
    except subprocess.TimeoutExpired:
        os.killpg(client.pid, signal.SIGKILL)
        out, err = client.communicate()
        status = LATE
    finally:
        # what it left in the background
        try:
            os.killpg(client.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return Outcome(status, out, err, list(files(place.here, began)), list(files(place.there, began)))


def files(folder, began):
    """Every file of a folder: its name, kind, mode and content, and its time where that was set and is not now."""
    for path in sorted(folder.rglob("*")):
        name, status = path.relative_to(folder), path.lstat()
        line = f"{stat.filemode(status.st_mode)} {name}"
        if path.is_symlink():
            line += f" -> {os.readlink(path)}"
        elif path.is_file():
            line += f" {status.st_size} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
        elif not path.is_dir():
            continue
        if status.st_mtime < began - 3600:
            line += f" {int(status.st_mtime)}"
        yield line
