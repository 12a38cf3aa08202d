"""libpq's own tests of its pipeline mode, from the source package: what they say, and every message as libpq traces it."""

import subprocess

DATABASES = ["postgres"]
SETTINGS = {}
ENOUGH = {"exit 0": 11}
# one of them fills all the buffers that there are on the way, with half a million messages
PATIENCE = 600

# how far these two get before they first wait for the server is a matter of buffers: they end with whether it went well
UNTRACED = ["pipelined_insert", "uniqviol"]


def run(house, way, peers, folder, say):
    program = peers / ("libpq_pipeline" if house.server.major < 16 else "libpq_pipeline_16")
    tests = subprocess.run([program, "tests"], capture_output=True, text=True, check=True).stdout.split()
    environment = getattr(house, way)()
    for test in tests:
        say(test)
        trace = folder / f"{test}.trace"
        command = [program, "-r", "700", "-t", trace, test, "dbname=postgres"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        said = done.stdout + done.stderr
        if test in UNTRACED:
            trace.unlink(missing_ok=True)
            said = "".join(said.splitlines()[-1:])
        (folder / f"{test}.out").write_text(f"{said}\nexit {done.returncode}\n")
